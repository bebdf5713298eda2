"""CodePipeline of the simulated organization, built on botocore's service model: moto has no jobs, no state, no retry.

It runs pipelines as CodePipeline does and invokes Lambda actions. It knows nothing of gates or verdicts.
"""
