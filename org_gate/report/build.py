"""The report made: one pass over everything that was recorded, counted as it goes by.

Memory grows with accounts, events, pipelines and OUs, not with decisions or entities beyond a few bytes for each run of
a pipeline. The same table, time and options make the same report. Asks no clock and no AWS: what it knows of account
names and coverage is handed in.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final

from org_gate.report import build_timeline
from org_gate.report.build_bounds import NAME, PAGE, Bounds
from org_gate.report.build_coverage import coverage_part
from org_gate.report.build_decisions import Decided
from org_gate.report.build_events import (
    EventReading,
    Happened,
    coming_rows,
    event_rows,
    resource_rows,
    to_first_block,
)
from org_gate.report.build_now import now_part
from org_gate.report.build_people import exceptions
from org_gate.report.build_policy import policy_part, versions_of
from org_gate.report.build_rows import DecisionRows
from org_gate.report.build_tree import Tree
from org_gate.report.coverage import Coverage
from org_gate.report.model import Events, Meta, Report, Scope
from org_gate.report.plain import cut
from org_gate.report.reading import Reader
from org_gate.report.tables import NoTables, Tables
from org_gate.store.past import PastDecision

UNKNOWN: Final = "?"
_STEP: Final = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What the report is to be about. Times are UTC in whole seconds."""

    since: datetime
    until: datetime
    """Not included; not after ``now``."""
    now: datetime
    ou: str | None = None
    """A path or an id; None for the whole organization."""
    version: str
    """Of org-gate."""
    region: str
    """Of the cell whose table is read."""
    organization: str | None = None
    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    """Of accounts, by id, as far as they are known."""
    coverage: Coverage | None = None


Told = Callable[[str, int], None]
"""How far it is: what is counted, and how many so far."""


def nobody(_what: str, _done: int) -> None:
    """Does not hear how far it is."""


def build(
    reader: Reader, options: Options, *, tables: Tables | None = None, bounds: Bounds = PAGE, told: Told = nobody
) -> Report:
    """Raises StoreError where the table cannot be read, UnknownOuError where nothing is in the scope."""
    since, until, now = options.since, options.until, options.now
    sink = NoTables() if tables is None else tables
    state = reader.state()
    tree = Tree(reader.accounts(), options.ou)
    versions = versions_of(reader.policies(), state.policy_version)
    reading = EventReading(reader, tree, sink, bounds.within, lambda done: told("events", done))
    happened = reading.read(since=since, until=until, now=now)
    decided = Decided(happened, tree, sink, bounds)
    _take_all(decided, reader.decisions(since, until), told)
    return Report(
        meta=_meta(options, tree),
        now=now_part(reader, tree, happened, state, versions, now=now, bounds=bounds),
        decisions=DecisionRows(decided, happened, tree, options.names, bounds).part(_first_blocks(happened, options)),
        events=_events(reader, happened, decided, options, bounds),
        coming=coming_rows(happened, now, bounds),
        exceptions=exceptions(
            reader,
            tree,
            since=since,
            until=until,
            now=now,
            used=decided.overrides,
            blocked=decided.by_hand,
            bounds=bounds,
        ),
        coverage=None if options.coverage is None else coverage_part(options.coverage, tree, bounds),
        policy=policy_part(
            versions,
            since=since,
            until=until,
            matched=lambda rule: decided.rules.count(("event", rule), "decisions"),
            bounds=bounds,
        ),
    )


def _take_all(decided: Decided, decisions: Iterable[PastDecision], told: Told) -> None:
    for number, decision in enumerate(decisions, start=1):
        decided.take(decision)
        if number % _STEP == 0:
            told("decisions", number)


def _meta(options: Options, tree: Tree) -> Meta:
    return Meta(
        org_gate=options.version,
        generated_at=options.now,
        scope=Scope(since=options.since, until=options.until, ou=tree.ou),
        organization=options.organization,
        region=options.region,
        accounts=len(tree.inside),
    )


def _first_blocks(happened: Happened, options: Options) -> list[int]:
    found = (to_first_block(seen, options.since, options.until) for seen in happened.seen)
    return [seconds for seconds in found if seconds is not None]


def _events(reader: Reader, happened: Happened, decided: Decided, options: Options, bounds: Bounds) -> Events:
    described = [seen.record.key for seen in happened.seen[: bounds.descriptions]]
    by_category: dict[str, int] = {}
    for seen in happened.seen:
        category = cut(seen.record.text("category") or UNKNOWN, NAME)
        by_category[category] = by_category.get(category, 0) + 1
    return Events(
        total=len(happened.seen),
        by_category=dict(sorted(by_category.items())),
        account_specific=sum(not seen.public for seen in happened.seen),
        resources=sum(seen.resource_count for seen in happened.seen),
        timeline=build_timeline.timeline(happened, decided.times, options.since, options.until),
        heat=build_timeline.heat(happened, decided.cells, bounds),
        rows=event_rows(happened, reader.texts(described), options.since, options.until, bounds),
        resource_rows=resource_rows(happened, bounds.resources),
    )
