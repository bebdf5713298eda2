"""Whether a filter fits: True, False, or None for "not known" (D6, D7, P2-P4)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.e2e.oracle.policy import Policy
from tests.e2e.oracle.sky import Sighting
from tests.e2e.oracle.times import seconds
from tests.e2e.oracle.zones import comparable

Fit = bool | None

HEARD_OF = {
    "statusCode": ("open", "closed", "upcoming"),
    "eventTypeCategory": ("issue", "accountNotification", "scheduledChange", "investigation"),
    "eventScopeCode": ("PUBLIC", "ACCOUNT_SPECIFIC", "NONE"),
    "actionability": ("ACTION_REQUIRED", "ACTION_MAY_BE_REQUIRED", "INFORMATIONAL"),
    "personas": ("OPERATIONS", "SECURITY", "BILLING"),
}


@dataclass(frozen=True)
class Aim:
    """A target as a decision sees it: ``services`` resolved, empty for all."""

    account: str
    region: str
    services: tuple[str, ...] = ()
    zones: tuple[str, ...] = ()


def every(fits: Iterable[Fit]) -> Fit:
    """All of: no beats not known, which beats yes."""
    found = list(fits)
    if False in found:
        return False
    return None if None in found else True


def match_fits(match: Mapping[str, Any], event: Sighting, policy: Policy, now: int) -> Fit:
    return every(_MATCH[name](wanted, event.fields, policy, now) for name, wanted in match.items())


def targets_fit(wanted: Mapping[str, Any], aim: Aim, pipeline: str | None, tree: Mapping[str, str], p: Policy) -> Fit:
    """``tree`` is the OU path of each account; empty where no tree was ever read."""
    fits: dict[str, Callable[[list[str]], Fit]] = {
        "accounts": lambda ids: aim.account in ids,
        "ous": lambda paths: _any_ou(paths, tree[aim.account]) if aim.account in tree else None,
        "regions": lambda regions: aim.region in regions,
        "services": lambda codes: bool(p.codes(codes) & set(aim.services)) if aim.services else None,
        "pipelines": lambda globs: any(fnmatchcase(pipeline, glob) for glob in globs) if pipeline is not None else None,
    }
    return every(fits[name](values) for name, values in wanted.items())


def _any_ou(patterns: list[str], path: str) -> bool:
    names = path.split("/") if path else []
    return any(_ou(pattern.split("/") if pattern else [], names) for pattern in patterns)


def _ou(pattern: list[str], names: list[str]) -> bool:
    if not pattern:
        return not names
    if pattern[0] == "**":
        return any(_ou(pattern[1:], names[skipped:]) for skipped in range(len(names) + 1))
    return bool(names) and fnmatchcase(names[0], pattern[0]) and _ou(pattern[1:], names[1:])


_Fields = Mapping[str, Any]
_Matcher = Callable[[Any, _Fields, Policy, int], Fit]


def _enum(name: str) -> _Matcher:
    def fits(wanted: Any, fields: _Fields, _policy: Policy, _now: int) -> Fit:
        value = fields.get(name)
        return value in wanted if value in HEARD_OF[name] else None

    return fits


def _personas(wanted: Any, fields: _Fields, _policy: Policy, _now: int) -> Fit:
    values = fields.get("personas") or []
    if any(value in wanted for value in values):
        return True
    return None if not values or any(value not in HEARD_OF["personas"] for value in values) else False


def _services(wanted: Any, fields: _Fields, policy: Policy, _now: int) -> Fit:
    return policy.code(fields["service"]) in policy.codes(wanted)


def _regions(wanted: Any, fields: _Fields, _policy: Policy, _now: int) -> Fit:
    return fields["region"] in wanted


def _type_codes(wanted: Any, fields: _Fields, _policy: Policy, _now: int) -> Fit:
    return any(fnmatchcase(fields["eventTypeCode"], glob) for glob in wanted)


def _zones(wanted: Any, fields: _Fields, _policy: Policy, _now: int) -> Fit:
    zone = fields.get("availabilityZone")
    if zone is None:
        return None
    if zone.lower() in {one.lower() for one in wanted}:
        return True
    return False if all(comparable(zone, one) for one in wanted) else None


def _timed(name: str, holds: Callable[[int, int, int], bool]) -> _Matcher:
    def fits(wanted: Any, fields: _Fields, _policy: Policy, now: int) -> Fit:
        value = fields.get(name)
        return None if value is None else holds(value, now, seconds(wanted))

    return fits


def _drill(wanted: Any, _fields: _Fields, _policy: Policy, _now: int) -> Fit:
    return wanted is False


_MATCH: Mapping[str, _Matcher] = {
    "categories": _enum("eventTypeCategory"),
    "statuses": _enum("statusCode"),
    "scopes": _enum("eventScopeCode"),
    "actionabilities": _enum("actionability"),
    "personas": _personas,
    "services": _services,
    "regions": _regions,
    "type_codes": _type_codes,
    "availability_zones": _zones,
    "starts_within": _timed("startTime", lambda start, now, d: start < now + d),
    "open_for_at_least": _timed("startTime", lambda start, now, d: start <= now - d),
    "updated_within": _timed("lastUpdatedTime", lambda updated, now, d: updated > now - d),
    "drill": _drill,
}
