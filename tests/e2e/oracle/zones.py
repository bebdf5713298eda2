"""Zone names (``us-east-1a``) and zone ids (``use1-az4``) cannot be compared with each other (D5d)."""

import re
from collections.abc import Sequence

_ID = re.compile(r"[a-z]+[0-9]+(-[a-z]+[0-9]+)?-az[0-9]+")
_NAME = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]+(-[a-z]+-[0-9]+)?[a-z]")


def _kind(zone: str) -> str | None:
    if _ID.fullmatch(zone.lower()):
        return "id"
    return "name" if _NAME.fullmatch(zone.lower()) else None


def comparable(one: str, other: str) -> bool:
    return _kind(one) is not None and _kind(one) == _kind(other)


def may_share(event_zone: str | None, target_zones: Sequence[str]) -> bool:
    """D5d."""
    if event_zone is None or not target_zones:
        return True
    return any(event_zone.lower() == zone.lower() or not comparable(event_zone, zone) for zone in target_zones)
