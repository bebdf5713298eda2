"""Bringing org-gate into an organization: templates, the functions' code, the central stack, the StackSet.

It speaks to AWS's public APIs with the session it is given and knows nothing of the simulator.
"""
