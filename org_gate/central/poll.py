"""One poll of AWS Health: what changed, now and then everything open, into the table (D3, D4, D13).

What is read is stored in small steps, so that a fault or an end of the process half-way costs only the step it is
in. The knowledge mark and the cursor move last, and only where all was read and stored. Nothing here retries:
what failed is told in the report, and the next poll reads it again.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from org_gate.health.errors import HealthError
from org_gate.health.merge import api_stamp, merge, missed_at, stamp_of
from org_gate.health.reading import Reading
from org_gate.health.view import LISTED_STATUSES, PAGE, AffectedAccounts, OrganizationView, Wanted
from org_gate.model.event import EventKey
from org_gate.model.record import PUBLIC, EventRecord
from org_gate.model.times import format_time
from org_gate.store import ConflictError, Store
from org_gate.store.events import NOTHING, Belongings, Change, Held
from org_gate.store.members import SetReading
from org_gate.store.state import State

OVERLAP: Final = timedelta(minutes=15)
FULL_EVERY: Final = timedelta(minutes=5)
STEP: Final = 10
"""Events whose details and accounts are read before they are stored: one call's worth of details."""
_DETAIL_TRIES: Final = 3
_ACCOUNT_SPECIFIC: Final = "ACCOUNT_SPECIFIC"
_NOT_LISTING: Final = frozenset({"NONE", PUBLIC})


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of what can wait is done in one full look."""

    reread_events: int = 50
    reread_calls: int = 100
    cleared_pointers: int = 500


@dataclass(slots=True)
class PollReport:
    """What a poll came to. ``failed`` has a line for each item that AWS Health could not tell about."""

    full: bool = False
    changed: int = 0
    failed: list[str] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)
    error: HealthError | None = None

    @property
    def complete(self) -> bool:
        """Every page of what changed was read, and details and affected accounts of all of it (D13)."""
        return self.error is None and not self.failed and not self.unusable


@dataclass(slots=True)
class _Details:
    """Which events' details were read, what they told, and what AWS Health said where it told nothing."""

    readings: dict[EventKey, Reading] = field(default_factory=dict)
    read: set[EventKey] = field(default_factory=set)
    failures: dict[EventKey, str] = field(default_factory=dict)


def full_look_due(state: State, now: datetime) -> bool:
    """At the first poll, every few minutes of the schedule, and where something asked for one."""
    asked = state.full_due is not None and (state.full_at is None or state.full_due > state.full_at)
    return asked or state.full_at is None or now - state.full_at >= FULL_EVERY


class Poll:
    """One run. ``now`` is the time of its schedule event."""

    def __init__(self, view: OrganizationView, store: Store, now: datetime, limits: Limits) -> None:
        self._view = view
        self._store = store
        self._now = now
        self._limits = limits
        self._report = PollReport()
        self._listed: set[EventKey] = set()
        self._taken: set[tuple[EventKey, datetime]] = set()

    def run(self) -> PollReport:
        """Raises StoreError; what goes wrong with AWS Health is in the report."""
        state = self._store.state()
        self._report.full = full_look_due(state, self._now)
        try:
            self._look(state)
        except HealthError as error:
            self._report.error = error
        self._keep_unusable()
        if self._report.complete:
            self._store.states.commit_poll(self._now, full=self._report.full)
        else:
            self._store.states.commit_events()
        return self._report

    def _keep_unusable(self) -> None:
        self._report.unusable = self._view.unusable
        for item in self._report.unusable:
            self._store.keep_unreadable(item, reason="AWS Health's API told of it without saying what", now=self._now)

    def _look(self, state: State) -> None:
        since = (state.cursor or self._now) - OVERLAP
        for page in self._view.changed(since, self._now):
            self._listed.update(reading.key for reading in page if reading.values.get("status") in LISTED_STATUSES)
            self._take(page)
        if self._report.full:
            self._look_at_everything()

    def _look_at_everything(self) -> None:
        held = self._store.events.open()
        for page in self._view.listed(self._now):
            self._listed.update(reading.key for reading in page)
            self._take([reading for reading in page if not _is_held(held.get(reading.key), reading)])
        for key, entry in held.items():
            if key not in self._listed and _could_be_listed(entry.record, self._now):
                self._save(key, lambda found: missed_at(_there(found), self._now))
        self._tidy(self._store.events.open())

    def _tidy(self, held: dict[EventKey, Held]) -> None:
        """What only time or the last step has changed, and the accounts that were read longest ago."""
        budget = self._limits.cleared_pointers
        for key, entry in held.items():
            if entry.out_of_date(self._now):
                self._report.changed += self._store.events.settle(key, self._now)
            if budget > 0 and entry.record.over(self._now):
                budget -= self._store.events.clear_pointers(key, self._now, budget)
        self._read_accounts_again([entry.record for entry in held.values() if not entry.record.over(self._now)])

    def _take(self, readings: Sequence[Reading]) -> None:
        """Stores what the list told, with details and accounts of those that changed; each update once a poll."""
        readings = [reading for reading in readings if (reading.key, reading.last_updated) not in self._taken]
        self._taken.update((reading.key, reading.last_updated) for reading in readings)
        records = self._store.events.records(reading.key for reading in readings)
        fresh = [reading for reading in readings if not _is_known(records.get(reading.key), reading)]
        for start in range(0, len(fresh), STEP):
            self._enrich_and_save(fresh[start : start + STEP], records)

    def _enrich_and_save(self, readings: Sequence[Reading], records: dict[EventKey, EventRecord]) -> None:
        """What was read up to a fault is stored before the fault goes on its way."""
        affected: dict[EventKey, AffectedAccounts] = {}
        details = _Details()
        fault: HealthError | None = None
        try:
            for reading in readings:
                if not merge(records.get(reading.key), [reading]).is_public:
                    affected[reading.key] = self._view.accounts(reading.key.arn)
            asked = {reading.key: _who_to_ask(reading, affected.get(reading.key)) for reading in readings}
            details = self._details(asked)
        except HealthError as error:
            fault = error
        for reading in readings:
            self._save_reading(reading, details, affected.get(reading.key))
        if fault is not None:
            raise fault

    def _details(self, asked: dict[EventKey, list[str | None]]) -> _Details:
        """Details of each event; of an account-specific one by another account where one's fail."""
        details = _Details(read={key for key, options in asked.items() if not options})
        for attempt in range(_DETAIL_TRIES):
            open_ = {key: options for key, options in asked.items() if key not in details.read}
            wanted = {
                key: Wanted(key.arn, options[attempt]) for key, options in open_.items() if attempt < len(options)
            }
            if not wanted:
                break
            answer = self._view.details(wanted.values(), self._now)
            details.readings |= {reading.key: reading for reading in answer.readings}
            answered = {reading.key.arn for reading in answer.readings}
            failed = {Wanted(item.arn, item.account): item.error for item in answer.failed}
            for key, asking in wanted.items():
                if key in details.readings or (key.arn in answered and asking not in failed):
                    details.read.add(key)
                else:
                    details.failures[key] = failed.get(asking, "no answer")
        lost = sorted(set(asked) - details.read)
        self._report.failed += [f"{key.arn} in {key.region}: {details.failures[key]}" for key in lost]
        return details

    def _save_reading(self, reading: Reading, details: _Details, affected: AffectedAccounts | None) -> None:
        detail = details.readings.get(reading.key)
        readings = [reading] if detail is None else [reading, detail]
        mark = format_time(reading.last_updated)
        marks: dict[str, Any] = {"details_for": mark} if reading.key in details.read else {}
        if affected is not None:
            marks |= {"accounts_for": mark, "accounts_read_at": format_time(self._now)}
        belongings = Belongings(
            accounts=_complete(affected, stamp_of(reading)),
            text=(detail.description, stamp_of(detail)) if detail is not None and detail.description else None,
        )
        self._save(reading.key, lambda found: replace(merge(found, readings), **marks), belongings)

    def _read_accounts_again(self, records: Iterable[EventRecord]) -> None:
        """Whether an update is told when only accounts are added is not documented; so they are read again."""
        mark = format_time(self._now)
        due = [record for record in records if not record.is_public and record.accounts_read_at not in (None, mark)]
        due.sort(key=lambda record: (record.accounts_read_at or "", record.key))
        calls = 0
        for record in due[: self._limits.reread_events]:
            if calls >= self._limits.reread_calls:
                return
            affected = self._view.accounts(record.key.arn)
            calls += 1 + len(affected.accounts) // PAGE
            accounts = _complete(affected, api_stamp(record.accounts_for or mark, self._now))
            self._save(
                record.key,
                lambda found: replace(_there(found), accounts_read_at=mark),
                Belongings(accounts=accounts),
            )

    def _save(self, key: EventKey, change: Change, belongings: Belongings = NOTHING) -> None:
        self._report.changed += self._store.events.save(key, change, now=self._now, belongings=belongings)


def _is_known(record: EventRecord | None, reading: Reading) -> bool:
    """The record has it all: what the list told, and the details and accounts of that update."""
    if record is None:
        return False
    merged = merge(record, [reading])
    same = merged.values == record.values and merged.missed == record.missed
    return same and _is_read(record, reading)


def _is_held(held: Held | None, reading: Reading) -> bool:
    """The same by the facts of the open events, which come without stamps."""
    if held is None or held.record.missed:
        return False
    same = all(held.record.value(name) == value for name, value in reading.values.items())
    return same and _is_read(held.record, reading)


def _is_read(record: EventRecord, reading: Reading) -> bool:
    mark = format_time(reading.last_updated)
    return (record.details_for or "") >= mark and (record.is_public or (record.accounts_for or "") >= mark)


def _could_be_listed(record: EventRecord, now: datetime) -> bool:
    """A full look asks for these statuses only; that it does not list another says nothing."""
    return not record.over(now) and record.text("status") in (None, *LISTED_STATUSES)


def _who_to_ask(reading: Reading, affected: AffectedAccounts | None) -> list[str | None]:
    """The accounts to name in a question for details, None for none; empty where there is nobody to name."""
    if affected is not None and affected.accounts:
        return [*sorted(affected.accounts)[:_DETAIL_TRIES]]
    return [] if affected is not None and reading.values.get("scope") == _ACCOUNT_SPECIFIC else [None]


def _complete(affected: AffectedAccounts | None, stamp: str) -> SetReading | None:
    """None where AWS Health does not say which accounts there are."""
    if affected is None or (not affected.accounts and affected.scope in _NOT_LISTING):
        return None
    return SetReading({account: {} for account in affected.accounts}, stamp, complete=True)


def _there(found: EventRecord | None) -> EventRecord:
    if found is None:
        msg = "an event's record is gone between two reads; it is listed again by the next poll"
        raise ConflictError(msg)
    return found
