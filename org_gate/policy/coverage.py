"""How two filters lie to each other: whether one fits all that the other fits, whether they can fit the same.

For whoever warns of what can never decide. "Covers" means, of a wide filter and a narrow one: where the narrow one
fits, the wide one fits; and where the narrow one may fit (D7), so may the wide one. Right where it says yes: field by
field, patterns by their spelling, never two filters together. Judges no deployment.
"""

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Final

from org_gate.policy.model import Match, Rule, TargetFilter
from org_gate.policy.services import ServiceNames

_ALWAYS_KNOWN: Final = {Match: frozenset({"drill"}), TargetFilter: frozenset({"accounts", "regions"})}
"""Fields that fit or do not, whatever is known."""
_SPECIAL: Final = frozenset("*?[")


def rule_covers(wide: Rule, narrow: Rule, names: ServiceNames) -> bool:
    return match_covers(wide.match, narrow.match, names) and targets_cover(wide.targets, narrow.targets, names)


def match_covers(wide: Match, narrow: Match, names: ServiceNames) -> bool:
    return (
        all(
            _values_cover(of_wide, of_narrow)
            for of_wide, of_narrow in zip(_single_values(wide, names), _single_values(narrow, names), strict=True)
        )
        and _values_cover(wide.personas, narrow.personas)
        and _values_cover(_folded(wide.availability_zones), _folded(narrow.availability_zones))
        and _globs_cover(wide.type_codes, narrow.type_codes)
        and _globs_cover(wide.entities, narrow.entities)
        and _is_longer(wide.starts_within, narrow.starts_within)
        and _is_longer(wide.updated_within, narrow.updated_within)
        and _is_shorter(wide.open_for_at_least, narrow.open_for_at_least)
        and wide.drill in {None, narrow.drill}
    )


def targets_cover(wide: TargetFilter, narrow: TargetFilter, names: ServiceNames) -> bool:
    return (
        _values_cover(wide.accounts, narrow.accounts)
        and _values_cover(wide.regions, narrow.regions)
        and _values_cover(names.all(wide.services), names.all(narrow.services))
        and _globs_cover(wide.pipelines, narrow.pipelines)
        and _ous_cover(wide.ous, narrow.ous)
        and _tags_cover(wide.tags, narrow.tags)
    )


def always_known(*filters: Match | TargetFilter) -> bool:
    """Whether it is never in doubt if these fit."""
    return all(
        field in _ALWAYS_KNOWN[type(one)] or getattr(one, field) in (None, (), {})
        for one in filters
        for field in type(one).model_fields
    )


def can_meet(one: Rule, other: Rule, names: ServiceNames) -> bool:
    """Whether both may fit the same event and target. False is sure."""
    pairs = [
        *zip(_single_values(one.match, names), _single_values(other.match, names), strict=True),
        (one.targets.accounts, other.targets.accounts),
        (one.targets.regions, other.targets.regions),
    ]
    drills = {one.match.drill, other.match.drill}
    return drills != {True, False} and not any(some and others and not {*some} & {*others} for some, others in pairs)


def _single_values(match: Match, names: ServiceNames) -> Iterable[Collection[str]]:
    """The lists of what an event has one of; it may have several personas and zones."""
    return (
        match.categories,
        match.statuses,
        names.all(match.services),
        match.regions,
        match.scopes,
        match.actionabilities,
    )


def _folded(zones: Iterable[str]) -> Collection[str]:
    return {zone.casefold() for zone in zones}


def _values_cover(wide: Collection[str], narrow: Collection[str]) -> bool:
    return not wide or (bool(narrow) and {*narrow} <= {*wide})


def _globs_cover(wide: Collection[str], narrow: Collection[str]) -> bool:
    return not wide or (bool(narrow) and all(any(_glob_covers(one, other) for one in wide) for other in narrow))


def _glob_covers(wide: str, narrow: str) -> bool:
    """Equal, or a plain text that the glob fits, or a glob that begins as ``text*`` does."""
    if _is_plain(narrow):
        return fnmatchcase(narrow, wide)
    start = wide.rstrip("*")
    return wide == narrow or (start != wide and _is_plain(start) and narrow.startswith(start))


def _is_plain(glob: str) -> bool:
    return _SPECIAL.isdisjoint(glob)


def _ous_cover(wide: Collection[str], narrow: Collection[str]) -> bool:
    return not wide or (bool(narrow) and all(any(_ou_covers(one, other) for one in wide) for other in narrow))


def _ou_covers(wide: str, narrow: str) -> bool:
    """Equal, or ``names/**`` and a path that begins with the same names. Where an id stands is not known here."""
    if wide in {narrow, "**"}:
        return True
    if not wide.endswith("/**"):  # nor does an id
        return False
    start = wide.split("/")[:-1]
    return narrow.split("/")[: len(start)] == start


def _tags_cover(wide: Mapping[str, Collection[str]], narrow: Mapping[str, Collection[str]]) -> bool:
    return all(key in narrow and {*narrow[key]} <= {*values} for key, values in wide.items())


def _is_longer(wide: timedelta | None, narrow: timedelta | None) -> bool:
    return wide is None or (narrow is not None and wide >= narrow)


def _is_shorter(wide: timedelta | None, narrow: timedelta | None) -> bool:
    return wide is None or (narrow is not None and wide <= narrow)
