"""AWS Health of the simulated organization, built on botocore's service model: moto has none.

It shows what it is told to show and answers as AWS does. It knows nothing of gates, policies or verdicts.
"""
