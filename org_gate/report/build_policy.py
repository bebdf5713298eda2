"""The policy of a report: which version holds, what changed in the range, which rules never gave a reason."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import ValidationError

from org_gate.model.times import parse_time
from org_gate.policy.diff import differences
from org_gate.policy.load import policy_from_data
from org_gate.policy.model import Policy as Rules
from org_gate.report.build_bounds import NAME, TEXT, Bounds, bounded
from org_gate.report.model import Policy, PolicyChange, RuleRow
from org_gate.report.plain import cut

Version = Mapping[str, Any]
"""``version``, ``at``, ``who``, ``note``, ``policy``."""


@dataclass(frozen=True, slots=True)
class Versions:
    """All of them, the oldest first, and the one that holds: as told, and as understood (None where it is not)."""

    all: Sequence[Version]
    present: Version | None
    rules: Rules | None


def versions_of(told: Sequence[Version], version: int) -> Versions:
    """``version`` is the one that holds, 0 where none was published."""
    present = next((one for one in told if one["version"] == version), None)
    return Versions(told, present, None if present is None else _understood(present))


def policy_part(
    versions: Versions, *, since: datetime, until: datetime, matched: Callable[[str], int], bounds: Bounds
) -> Policy:
    """``matched`` says in how many decisions a rule gave a reason."""
    changes = [
        _change(before, after, bounds.within)
        for before, after in zip((None, *versions.all), versions.all, strict=False)
        if since <= parse_time(after["at"]) < until
    ]
    rules = () if versions.rules is None else versions.rules.rules
    rows = [
        RuleRow(name=cut(rule.name, NAME), verdict=rule.verdict.value, matched=matched(rule.name)) for rule in rules
    ]
    present = versions.present
    return Policy(
        version=0 if present is None else present["version"],
        mode=None if versions.rules is None else versions.rules.mode.value,
        published_at=None if present is None else parse_time(present["at"]),
        published_by=None if present is None else cut(present["who"], TEXT),
        note=None if present is None else cut(present["note"], TEXT),
        changes=bounded(changes[::-1], bounds.others),
        rules=bounded(rows, bounds.others),
        never_matched=tuple(row.name for row in rows if row.matched == 0),
    )


def _understood(version: Version) -> Rules | None:
    try:
        return policy_from_data(version["policy"])
    except ValidationError:  # another version of org-gate published it; the report says that it does not know it
        return None


def _change(before: Version | None, after: Version, most: int) -> PolicyChange:
    found = [] if before is None else differences(before["policy"], after["policy"])
    return PolicyChange(
        version=after["version"],
        at=parse_time(after["at"]),
        who=cut(after["who"], TEXT),
        note=cut(after["note"], TEXT),
        changes=tuple(cut(one.text, TEXT) for one in found[:most]),
        changes_omitted=max(0, len(found) - most),
    )
