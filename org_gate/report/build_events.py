"""The events of a report: which of them belong in it, whom they affect, when they were on.

Events are put in order before their accounts and entities are read, so each is known by its place from the start, and
what is read of it is counted and let go. Of accounts and entities only the first of each event are kept.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from org_gate.model.event import SCOPES, EventKey
from org_gate.model.record import CLOSED, PUBLIC, EventRecord
from org_gate.model.times import parse_time
from org_gate.report.build_bounds import DESCRIPTION, NAME, TEXT, Bounds, first
from org_gate.report.build_tree import Tree
from org_gate.report.model import ComingRow, EventRow, ResourceRow, Rows
from org_gate.report.plain import cut, cut_if_any
from org_gate.report.reading import Reader
from org_gate.report.tables import Tables
from org_gate.store.past import Affected

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)
_SCHEDULED: Final = "scheduledChange"
_STEP: Final = 100


@dataclass(slots=True, eq=False)
class Seen:
    """An event and what was counted of it. ``place`` is its ``id`` where its row is shown."""

    place: int
    record: EventRecord
    open: bool
    public: bool
    ended: datetime | None
    """When it was over; None while it is not."""
    account_count: int = 0
    accounts: list[str] = field(default_factory=list)
    resource_count: int = 0
    resources: list[Affected] = field(default_factory=list)
    blocked: int = 0
    warned: int = 0
    runs: set[int] = field(default_factory=set)
    """Deployments that it blocked, by number."""
    first_block: datetime | None = None

    @property
    def start(self) -> datetime | None:
        return self.record.time("start")

    @property
    def cell(self) -> tuple[str, str | None]:
        return self.record.key.region, self.record.text("service")


@dataclass(slots=True)
class OfAccount:
    """What affects an account. ``events`` are places of the first ones."""

    events: list[int] = field(default_factory=list)
    count: int = 0
    open: int = 0
    resources: int = 0


@dataclass(slots=True)
class Happened:
    """All events of the report, in its order, and what they affect."""

    seen: list[Seen] = field(default_factory=list)
    by_key: dict[EventKey, Seen] = field(default_factory=dict)
    accounts: dict[str, OfAccount] = field(default_factory=dict)
    ous: Counter[str] = field(default_factory=Counter)
    """Events that are not public, by OU with what is below it."""


@dataclass(frozen=True, slots=True)
class EventReading:
    """What it takes to read the events of a report. ``within`` is how many of a list are kept."""

    reader: Reader
    tree: Tree
    tables: Tables
    within: int
    told: Callable[[int], None]
    """Hears how many events were looked at."""

    def read(self, *, since: datetime, until: datetime, now: datetime) -> Happened:
        """Those that are not over, or were on in ``[since, until)``; with a scope, what concerns it.

        Raises StoreError.
        """
        records = self.reader.events(since, now)
        found = [_seen(record, now) for record in records if _belongs(record, since=since, until=until, now=now)]
        happened = Happened()
        for number, seen in enumerate(sorted(found, key=_in_order), start=1):
            self._take(happened, seen)
            if number % _STEP == 0:
                self.told(number)
        return happened

    def _take(self, happened: Happened, seen: Seen) -> None:
        seen.place = len(happened.seen)
        accounts = self._accounts(seen)
        if not accounts and not seen.public and self.tree.ou is not None:
            return
        self._count_accounts(happened, seen, accounts)
        if seen.record.lists_entities:
            self._count_entities(happened, seen)
        happened.seen.append(seen)
        happened.by_key[seen.record.key] = seen

    def _accounts(self, seen: Seen) -> list[str]:
        """The affected ones in scope."""
        if not seen.record.lists_accounts:
            return []
        return [account for account in self.reader.affected(seen.record.key) if self.tree.counts(account)]

    def _count_accounts(self, happened: Happened, seen: Seen, accounts: list[str]) -> None:
        ous: set[str] = set()
        for account in accounts:
            known = happened.accounts.setdefault(account, OfAccount())
            known.count += 1
            known.open += seen.open
            if len(known.events) < self.within:
                known.events.append(seen.place)
            if not seen.public:
                ous.update(self.tree.lineage(account))
            self.tables.affected(seen.record.key, account, self.tree.ou_of(account))
        seen.account_count = len(accounts)
        seen.accounts = [cut(account, NAME) for account in accounts[: self.within]]
        happened.ous.update(ous)

    def _count_entities(self, happened: Happened, seen: Seen) -> None:
        for entity in self.reader.entities(seen.record.key):
            if self.tree.counts(entity.account):
                seen.resource_count += 1
                happened.accounts.setdefault(entity.account, OfAccount()).resources += 1
                if len(seen.resources) < self.within:
                    seen.resources.append(entity)
                self.tables.resource(seen.record.key, entity)


def _belongs(record: EventRecord, *, since: datetime, until: datetime, now: datetime) -> bool:
    if not record.over(now):
        return True
    start, ended = record.time("start"), _ended(record, now)
    return (ended is None or ended >= since) and (start is None or start < until)


def _seen(record: EventRecord, now: datetime) -> Seen:
    is_open = not record.over(now)
    scope = record.text("scope")
    public = scope == PUBLIC or (scope not in SCOPES and not record.lists_accounts)
    return Seen(0, record, is_open, public, None if is_open else _ended(record, now))


def _ended(record: EventRecord, now: datetime) -> datetime | None:
    """When an event that is over ended, was closed or was no longer listed; None where that was not told."""
    end = record.time("end")
    if end is not None and end <= now:
        return end
    if record.text("status") == CLOSED:
        return record.time("last_updated")
    return parse_time(record.missed[-1])


def _in_order(seen: Seen) -> tuple[bool, float, EventKey]:
    """Open ones first, then the newest start; those without one come after all others."""
    start = seen.start or _LONG_AGO
    return not seen.open, -start.timestamp(), seen.record.key


def event_rows(
    happened: Happened, texts: Mapping[EventKey, str], since: datetime, until: datetime, bounds: Bounds
) -> Rows[EventRow]:
    rows = (_row(seen, texts.get(seen.record.key), since, until) for seen in happened.seen)
    return first(rows, len(happened.seen), bounds.events)


def _row(seen: Seen, text: str | None, since: datetime, until: datetime) -> EventRow:
    record, start = seen.record, seen.start
    personas = record.value("personas")
    return EventRow(
        id=seen.place,
        arn=cut(record.key.arn, TEXT),
        region=cut(record.key.region, NAME),
        **{name: cut_if_any(record.text(name), NAME) for name in _TOLD},
        start=start,
        end=record.time("end"),
        last_updated=record.time("last_updated"),
        personas=tuple(cut(each, NAME) for each in personas[:_FEW]) if isinstance(personas, tuple) else (),
        open=seen.open,
        public=seen.public,
        description=cut_if_any(text, DESCRIPTION),
        account_count=seen.account_count,
        accounts=tuple(seen.accounts),
        resource_count=seen.resource_count,
        blocked=seen.blocked,
        warned=seen.warned,
        blocked_deployments=len(seen.runs),
        first_block=seen.first_block,
        seconds_to_first_block=to_first_block(seen, since, until),
    )


_FEW: Final = 10
_TOLD: Final = (
    *("service", "type_code", "category", "status", "scope"),
    *("availability_zone", "actionability"),
)


def to_first_block(seen: Seen, since: datetime, until: datetime) -> int | None:
    """Seconds; None where it blocked nothing, or did not begin in the range."""
    start = seen.start
    if start is None or seen.first_block is None or not since <= start < until:
        return None
    return max(0, int((seen.first_block - start).total_seconds()))


def by_hits(happened: Happened) -> list[Seen]:
    """The open events, those that hit most first."""
    return sorted(
        (seen for seen in happened.seen if seen.open),
        key=lambda seen: (-len(seen.runs), -seen.account_count, seen.place),
    )


def resource_rows(happened: Happened, most: int) -> Rows[ResourceRow]:
    specific = [seen for seen in happened.seen if not seen.public]
    rows = (
        ResourceRow(
            event=seen.place,
            account=cut(one.account, NAME),
            value=cut(one.value, TEXT),
            status=cut_if_any(one.status, NAME),
        )
        for seen in specific
        for one in seen.resources
    )
    return first(rows, sum(seen.resource_count for seen in specific), most)


def coming_rows(happened: Happened, now: datetime, bounds: Bounds) -> Rows[ComingRow]:
    changes = [seen for seen in happened.seen if seen.open and seen.record.text("category") == _SCHEDULED]
    changes.sort(key=lambda seen: (seen.start is None, seen.start or now, seen.record.key))
    return first((_coming(seen, now, bounds) for seen in changes), len(changes), bounds.coming)


def _coming(seen: Seen, now: datetime, bounds: Bounds) -> ComingRow:
    record, start = seen.record, seen.start
    return ComingRow(
        event=shown(seen.place, bounds),
        arn=cut(record.key.arn, TEXT),
        region=cut(record.key.region, NAME),
        service=cut_if_any(record.text("service"), NAME),
        type_code=cut_if_any(record.text("type_code"), NAME),
        start=start,
        end=record.time("end"),
        seconds_left=None if start is None else int((start - now).total_seconds()),
        actionability=cut_if_any(record.text("actionability"), NAME),
        public=seen.public,
        account_count=seen.account_count,
        accounts=tuple(seen.accounts),
        resource_count=seen.resource_count,
        resources=tuple(cut(one.value, TEXT) for one in seen.resources),
    )


def shown(place: int, bounds: Bounds) -> int | None:
    """The event's id; None where its row is left out."""
    return place if place < bounds.events else None


def all_shown(places: Iterable[int], bounds: Bounds) -> tuple[int, ...]:
    return tuple(place for place in places if place < bounds.events)
