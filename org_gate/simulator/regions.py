"""The Regions that the simulated AWS has: those that the SDK knows. No names are kept here."""

from functools import cache

from botocore.session import Session


@cache
def known_regions() -> frozenset[str]:
    """Of the partition ``aws``."""
    return frozenset(Session().get_available_regions("ec2"))
