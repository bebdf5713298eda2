"""The table read over a range of time, bit by bit: for reports, which look at everything once and keep little of it.

Nothing here is kept in the process, and nothing is written. What is given comes in an order that depends on the table's
content alone.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Any, Final, Literal, NamedTuple

from org_gate.model.event import EventKey
from org_gate.model.record import EventRecord
from org_gate.model.times import format_time, parse_time
from org_gate.store import keys
from org_gate.store.about import About, about_of, read_about
from org_gate.store.decisions import Decisions
from org_gate.store.records import EVENT_DAYS, record_of
from org_gate.store.state import read_state
from org_gate.store.table import GET_BATCH, Item, ItemKey, Table, batches
from org_gate.store.waiting import Outcome

_PAGE: Final = 500
_DAYS_OF_EVENTS: Final = EVENT_DAYS + 5
"""Longer than an event is kept: what has expired is not gone at once."""
_FIRST: Final = " "
_LAST: Final = "\U0010ffff"
"""Sort keys before and after all that there are."""

Word = Literal["allow", "warn", "block"]


class CameOf(NamedTuple):
    """What came of a deployment's waiting."""

    outcome: Outcome
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class PastDecision:
    """A decision, as lists show it, and what it was about. ``pipeline`` and what follows are None without one."""

    id: str
    at: datetime
    account: str
    """That asked."""
    pipeline: str | None
    pipeline_region: str | None
    stage: str | None
    execution_id: str | None
    verdict: Word
    would_be: Word
    mode: str
    exempt: bool
    summary: str
    policy_version: int
    about: About
    came_of: CameOf | None = None


class Affected(NamedTuple):
    """An affected entity."""

    account: str
    value: str
    status: str | None


class Past:
    """Every method raises StoreError."""

    def __init__(self, table: Table, decisions: Decisions) -> None:
        self._table = table
        self._decisions = decisions

    def decisions(self, since: datetime, until: datetime) -> Iterator[PastDecision]:
        """Those of ``[since, until)``, the newest first, of one second the one with the greatest id."""
        for batch in batches(self._entries(since, until), GET_BATCH):
            about = self._about(batch)
            came_of = self._came_of(item["decision_id"] for item in batch if _waits(item, about))
            for item in batch:
                name = item["decision_id"]
                yield _decision(item, about[name], came_of.get(name))

    def whole(self, since: datetime, until: datetime) -> Iterator[dict[str, Any]]:
        """The records of the same, as they were put, in the same order."""
        for batch in batches(self._entries(since, until), GET_BATCH):
            yield from self._decisions.each([item["decision_id"] for item in batch])

    def days(self, before: date) -> Iterator[date]:
        """The days before that one that have decisions, or events whose record was written then, the oldest first.

        Which days have events is not kept: each day is looked at from which there may still be any.
        """
        marked = {date.fromisoformat(mark["sk"]) for mark in self._table.query(keys.DAYS)}
        last = before.toordinal()
        with_events = map(date.fromordinal, range(max(1, last - _DAYS_OF_EVENTS), last))
        for day in sorted(marked.union(with_events)):
            if day < before and (day in marked or self._has_seen(day)):
                yield day

    def last_day(self) -> date | None:
        """The newest day that the table tells of: that of the last complete poll, or of a decision. None: of none."""
        marks = islice(self._table.backwards(keys.DAYS, _FIRST, _LAST, 1), 1)
        as_of = read_state(self._table).as_of
        days = [date.fromisoformat(mark["sk"]) for mark in marks]
        return max(days if as_of is None else [*days, as_of.date()], default=None)

    def seen(self, day: date) -> Iterator[EventKey]:
        """The events whose record was written on that day, in order of their Region and ARN."""
        return map(_key, self._table.query(keys.seen(day.isoformat())))

    def events(self, since: datetime, until: datetime) -> Iterator[EventKey]:
        """Each event whose record was written on a day of the range, once; and all that are open."""
        seen: set[EventKey] = set()
        for key in self._listed(since, until):
            if key not in seen:
                seen.add(key)
                yield key

    def records(self, wanted: Iterable[EventKey]) -> Iterator[EventRecord]:
        """Those that are there, in this order."""
        for batch in batches(wanted, GET_BATCH):
            found = (record_of(item) for item in self._table.batch_get(map(keys.record, batch)))
            by_key = {record.key: record for record in found}
            yield from (by_key[key] for key in batch if key in by_key)

    def texts(self, wanted: Iterable[EventKey]) -> dict[EventKey, str]:
        """The descriptions of those that have one."""
        names = {keys.event(key): key for key in wanted}
        items = self._table.batch_get(ItemKey(name, keys.TEXT) for name in names)
        return {names[item["pk"]]: item["text"] for item in items}

    def accounts(self, key: EventKey) -> Iterator[str]:
        """The affected ones, in order."""
        items = self._table.query(keys.event(key), keys.MEMBER_ACCOUNT)
        return (item["sk"].removeprefix(keys.MEMBER_ACCOUNT) for item in items)

    def entities(self, key: EventKey) -> Iterator[Affected]:
        """In order of account, then of value but for very long ones."""
        items = self._table.query(keys.event(key), keys.MEMBER_ENTITY)
        return (Affected(item["account"], item["value"], item.get("status")) for item in items)

    def _entries(self, since: datetime, until: datetime) -> Iterator[Item]:
        low, high = format_time(since), format_time(until)
        for mark in self._table.backwards(keys.DAYS, low[:10], high[:10], _PAGE):
            shards = (self._table.backwards(pk, low, high, _PAGE) for pk in keys.shards(mark["sk"]))
            yield from merge(*shards, key=itemgetter("sk"), reverse=True)

    def _has_seen(self, day: date) -> bool:
        found = self._table.backwards(keys.seen(day.isoformat()), _FIRST, _LAST, 1)
        return next(found, None) is not None

    def _about(self, batch: Iterable[Item]) -> dict[str, About]:
        found, without = {}, []
        for item in batch:
            if "about" in item:
                found[item["decision_id"]] = read_about(item["about"])
            else:
                without.append(item["decision_id"])
        return found | {record["decision_id"]: about_of(record) for record in self._decisions.several(without)}

    def _came_of(self, names: Iterable[str]) -> dict[str, CameOf]:
        wanted = {keys.outcome(name): name for name in names}
        items = self._table.batch_get(wanted)
        return {wanted[ItemKey(item["pk"], item["sk"])]: _outcome(item) for item in items}

    def _listed(self, since: datetime, until: datetime) -> Iterator[EventKey]:
        for place in (keys.PUBLIC, keys.SPECIFIC):
            yield from map(_key, self._table.query(place))
        for day in range(since.toordinal(), until.toordinal() + 1):
            yield from self.seen(date.fromordinal(day))


def _key(item: Mapping[str, Any]) -> EventKey:
    return EventKey(item["arn"], item["region"])


def _outcome(item: Mapping[str, Any]) -> CameOf:
    return CameOf(item["outcome"], parse_time(item["at"]))


def _waits(item: Item, about: Mapping[str, About]) -> bool:
    """Whether something may have come of it (W1)."""
    return bool(item["verdict"] == "block" and about[item["decision_id"]].on_block == "fail")


def _decision(item: Item, about: About, came_of: CameOf | None) -> PastDecision:
    pipeline, run = item["pipeline"] or {}, item.get("run") or {}
    return PastDecision(
        id=item["decision_id"],
        at=parse_time(item["at"]),
        account=item["account"],
        pipeline=pipeline.get("name"),
        pipeline_region=pipeline.get("region"),
        stage=run.get("stage"),
        execution_id=run.get("execution_id"),
        verdict=item["verdict"],
        would_be=item["would_be"],
        mode=item["mode"],
        exempt=item["exempt"],
        summary=item["summary"],
        policy_version=int(item["policy_version"]),
        about=about,
        came_of=came_of,
    )
