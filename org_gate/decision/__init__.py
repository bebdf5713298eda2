"""The decision: a request, what is known, the policy and a time in; a verdict with its reasons out.

Pure: no clock, no network, no environment, no SDK. Same inputs, same decision, byte for byte.
"""
