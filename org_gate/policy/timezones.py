"""IANA time zones, out of the tzdata package alone: the same rules on every machine, in Lambda too.

What a machine has of its own may be older, newer or missing, and a freeze must not depend on that.
"""

from functools import cache
from importlib import resources
from zoneinfo import ZoneInfo


@cache
def zone_names() -> frozenset[str]:
    """All that tzdata has, older spellings included."""
    return frozenset(resources.files("tzdata").joinpath("zones").read_text("utf-8").split())


@cache
def time_zone(name: str) -> ZoneInfo:
    """Raises KeyError where there is no such zone."""
    if name not in zone_names():
        raise KeyError(name)
    with resources.files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as data:
        return ZoneInfo.from_file(data, key=name)
