"""A small IAM evaluator in front of every service: all kinds of policies but the organization's own, with conditions.

It knows what the templates use and says so where a policy goes beyond it (``UnsupportedPolicyError``): nothing is let
through, and nothing refused, for want of understanding. ``guard.Guard`` is the way in.
"""
