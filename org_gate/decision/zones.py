"""Availability zones compared (D5d): by name (``us-east-1a``) or by id (``use1-az4``), never one with the other.

An id is the same zone in every account, a name is not. Compared without regard to case.
"""

import re
from collections.abc import Iterable
from enum import Enum
from typing import Final

from org_gate.model.event import Event
from org_gate.policy.model import Policy

_NAME: Final = re.compile(r"[a-z]+(-[a-z]+)+-[0-9]+([a-z]|(-[a-z0-9]+)+)")
_ID: Final = re.compile(r"[a-z]+[0-9]+(-[a-z0-9]+)*-(az|wlz)[0-9]+")


class Comparison(Enum):
    """What came of it."""

    SHARED = "shared"
    DISTINCT = "distinct"
    IMPOSSIBLE = "impossible"
    """No shared zone was found, and at least two are of kinds that cannot be compared."""


def zones_of(event: Event, policy: Policy) -> tuple[str, ...]:
    """The event's zones as far as they are known: where the policy says so, those that its description names too."""
    zones = () if event.availability_zone is None else (event.availability_zone,)
    return (*zones, *event.text_zones) if policy.zones_from_text else zones


def compare(some: Iterable[str], others: Iterable[str]) -> Comparison:
    ours = {zone.casefold() for zone in some}
    theirs = {zone.casefold() for zone in others}
    if ours & theirs:
        return Comparison.SHARED
    kinds = {_kind(zone) for zone in ours | theirs}
    return Comparison.DISTINCT if len(kinds) == 1 and None not in kinds else Comparison.IMPOSSIBLE


def _kind(zone: str) -> str | None:
    if _ID.fullmatch(zone):
        return "id"
    return "name" if _NAME.fullmatch(zone) else None
