"""The decisions of a report, one pass over them, the newest first: counted wherever they count, the newest kept."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

from org_gate.model.event import EventKey
from org_gate.report.build_bounds import NAME, TEXT, Bounds
from org_gate.report.build_events import Happened, Seen, all_shown
from org_gate.report.build_tally import Marks, Tally, marks_of
from org_gate.report.build_tree import Tree
from org_gate.report.model import DecisionRow, Rows
from org_gate.report.plain import cut, cut_if_any
from org_gate.report.tables import Tables
from org_gate.store.about import Ground
from org_gate.store.past import PastDecision

VERDICTS: Final = ("block", "warn", "allow")
_ALLOW: Final = "allow"
_HOLD: Final = "hold"
_FEW: Final = 10

PipelineKey = tuple[str, str | None, str]
"""Account, Region, name."""
Run = tuple[str, str | None, str | None, str | None, str | None]
"""Account, Region, name, stage, execution of a pipeline."""


class Held:
    """How long a gate held one run, told the newest decision first."""

    __slots__ = ("end", "start")

    def __init__(self) -> None:
        self.start: datetime | None = None
        self.end: datetime | None = None

    def tell(self, at: datetime, *, blocked: bool) -> None:
        """Let go at the first decision after the last that held it; else the last that held it is the end."""
        if blocked:
            self.start = at
            self.end = self.end or at
        elif self.start is None:
            self.end = at

    @property
    def seconds(self) -> int | None:
        """None where it was not held."""
        if self.start is None or self.end is None:
            return None
        return int((self.end - self.start).total_seconds())


class Decided:
    """What is counted and kept. Decisions are to be taken the newest first."""

    def __init__(self, happened: Happened, tree: Tree, tables: Tables, bounds: Bounds) -> None:
        self._happened = happened
        self._tree = tree
        self._tables = tables
        self._bounds = bounds
        self.total: Tally[None] = Tally()
        self.ous: Tally[str] = Tally()
        self.accounts: Tally[str] = Tally()
        self.pipelines: Tally[PipelineKey] = Tally()
        self.rules: Tally[tuple[str, str | None]] = Tally()
        self.services: Tally[str | None] = Tally()
        self.regions: Tally[str] = Tally()
        self.last: dict[PipelineKey, datetime] = {}
        self.cells: Counter[tuple[str, str | None]] = Counter()
        self.overrides: Counter[str] = Counter()
        self.by_hand: Counter[str] = Counter()
        """Blocked decisions by the last part of the ARNs of events that are not among the report's: a drill's id."""
        self.times: dict[tuple[datetime, str], int] = defaultdict(int)
        self.resumed_after: list[int] = []
        self._kept: dict[str, list[DecisionRow]] = {verdict: [] for verdict in VERDICTS}
        self._held: dict[Run, Held] = {}
        self._runs: dict[Run, int] = {}

    def take(self, decision: PastDecision) -> bool:
        """Whether it is in scope."""
        accounts = sorted({decision.account, *(account for account, _region in decision.about.targets)})
        counting = [account for account in accounts if self._tree.counts(account)]
        if not counting:
            return False
        marks = marks_of(decision)
        self._count(decision, counting, marks)
        self._time(decision)
        events = self._blame(decision)
        kept = self._kept[decision.verdict]
        if len(kept) < self._bounds.decisions:
            kept.append(_row(decision, accounts, all_shown(events, self._bounds)))
        self._tables.decision(decision, accounts)
        return True

    def rows(self) -> Rows[DecisionRow]:
        kept = tuple(row for verdict in VERDICTS for row in self._kept[verdict])
        return Rows[DecisionRow](rows=kept, rows_omitted=self.total.count(None, "decisions") - len(kept))

    def held(self) -> Iterator[int]:
        """Seconds that runs were held."""
        yield from (each.seconds for each in self._held.values() if each.seconds is not None)

    def _count(self, decision: PastDecision, accounts: Iterable[str], marks: Marks) -> None:
        about = decision.about
        self.total.add((None,), marks)
        self.accounts.add(accounts, marks)
        self.ous.add({ou for account in accounts for ou in self._tree.lineage(account)}, marks)
        self.regions.add({region for _account, region in about.targets}, marks)
        self.rules.add({(ground.kind, ground.name) for ground in about.grounds}, marks)
        self.services.add({ground.service for ground in about.grounds if _is_event(ground)}, marks)
        if decision.pipeline is not None:
            pipeline = (decision.account, decision.pipeline_region, decision.pipeline)
            self.pipelines.add((pipeline,), marks)
            self.last.setdefault(pipeline, decision.at)
        for override in {ground.override_id for ground in about.grounds if ground.override_id is not None}:
            self.overrides[override] += 1

    def _time(self, decision: PastDecision) -> None:
        hour = decision.at.replace(minute=0, second=0)
        self.times[hour, decision.verdict] += 1
        if decision.came_of is not None and decision.came_of.outcome == "resumed":
            self.resumed_after.append(max(0, int((decision.came_of.at - decision.at).total_seconds())))
        if decision.about.on_block == _HOLD and decision.execution_id is not None:
            self._held.setdefault(_run(decision), Held()).tell(decision.at, blocked=decision.verdict == "block")

    def _blame(self, decision: PastDecision) -> list[int]:
        """What the decision says about events. Places of those that blocked it or warned of it."""
        named = {_key(ground): False for ground in decision.about.grounds if _is_event(ground)}
        named |= {_key(ground): True for ground in decision.about.grounds if ground.blocks and ground.arn is not None}
        cells, ids = set(), set()
        places: list[int] = []
        for key, blocks in named.items():
            seen = self._happened.by_key.get(key)
            if seen is not None:
                places.append(seen.place)
                self._tell(seen, decision, blocks=blocks)
                cells |= {seen.cell} if blocks else set()
            elif blocks:
                ids.add(key.arn.rsplit("/", 1)[-1])
        self.cells.update(cells)
        self.by_hand.update(ids)
        return sorted(places)

    def _tell(self, seen: Seen, decision: PastDecision, *, blocks: bool) -> None:
        if not blocks:
            seen.warned += 1
            return
        seen.blocked += 1
        seen.first_block = decision.at
        if decision.pipeline is not None:
            seen.runs.add(self._runs.setdefault(_execution(decision), len(self._runs)))


def _is_event(ground: Ground) -> bool:
    """Whether it is an event that gave a reason to warn or block."""
    return ground.arn is not None and ground.verdict != _ALLOW


def _key(ground: Ground) -> EventKey:
    return EventKey(ground.arn or "", ground.region or "")


def _run(decision: PastDecision) -> Run:
    return (*_execution(decision)[:3], decision.stage, decision.execution_id)


def _execution(decision: PastDecision) -> Run:
    return (decision.account, decision.pipeline_region, decision.pipeline, None, decision.execution_id)


def _row(decision: PastDecision, accounts: Iterable[str], events: tuple[int, ...]) -> DecisionRow:
    about, came_of = decision.about, decision.came_of
    return DecisionRow(
        id=decision.id,
        at=decision.at,
        account=decision.account,
        accounts=tuple(accounts)[:_FEW],
        regions=tuple(sorted({region for _account, region in about.targets}))[:_FEW],
        pipeline=cut_if_any(decision.pipeline, NAME),
        pipeline_region=cut_if_any(decision.pipeline_region, NAME),
        stage=cut_if_any(decision.stage, NAME),
        execution_id=cut_if_any(decision.execution_id, NAME),
        verdict=decision.verdict,
        would_be=decision.would_be,
        mode=decision.mode,
        exempt=decision.exempt,
        held=decision.verdict == "block" and about.on_block == _HOLD,
        stale=about.stale,
        summary=cut(decision.summary, TEXT),
        rules=rules_of(decision)[:_FEW],
        services=services_of(decision)[:_FEW],
        events=events[:_FEW],
        overrides=overrides_of(decision)[:_FEW],
        outcome=None if came_of is None else came_of.outcome,
        outcome_at=None if came_of is None else came_of.at,
        policy_version=decision.policy_version,
    )


def rules_of(decision: PastDecision) -> tuple[str, ...]:
    """Names of rules, and ``freeze:NAME`` of freezes, that gave a reason."""
    named = {
        f"freeze:{ground.name}" if ground.kind == "freeze" else ground.name
        for ground in decision.about.grounds
        if ground.name is not None
    }
    return tuple(cut(name, NAME) for name in sorted(named))


def services_of(decision: PastDecision) -> tuple[str, ...]:
    named = {ground.service for ground in decision.about.grounds if _is_event(ground) and ground.service is not None}
    return tuple(cut(name, NAME) for name in sorted(named))


def overrides_of(decision: PastDecision) -> tuple[str, ...]:
    return tuple(sorted({each.override_id for each in decision.about.grounds if each.override_id is not None}))
