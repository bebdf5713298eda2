"""One poll of AWS Health: what changed, now and then everything open, into the table (D3, D4, D13).

Public events are read first: they concern everybody, and take few calls. What is read is stored in small steps, so
that a fault or an end of the process half-way costs only the step it is in: what is stored carries marks of what was
read of it, and is not asked about again. The knowledge mark and the cursor move last, and only where all that changed
was read and stored. Nothing here retries: what failed is told in the report, and the next poll reads it again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final

from org_gate.central.budget import ENDLESS, Budget
from org_gate.central.enrichment import (
    ACCOUNT_SPECIFIC,
    DETAIL_TRIES,
    Enriched,
    Enricher,
    Question,
)
from org_gate.central.entities import EntityReader
from org_gate.central.known import accounts_are_read, could_be_listed, is_held, is_known
from org_gate.central.needs import NOTHING_MORE, Needs
from org_gate.central.rereading import as_read_again, can_be_read_again, take_turns
from org_gate.health.errors import HealthError, HealthOutOfTimeError
from org_gate.health.merge import api_stamp, merge, missed_at, stamp_of
from org_gate.health.reading import Reading
from org_gate.health.view import LISTED_STATUSES, PAGE, AffectedAccounts, OrganizationView
from org_gate.model.event import EventKey
from org_gate.model.record import PUBLIC, EventRecord
from org_gate.model.times import format_time
from org_gate.store import ConflictError, Store, TooLargeError
from org_gate.store.events import NOTHING, Belongings, Change, Held
from org_gate.store.members import SetReading
from org_gate.store.state import State

OVERLAP: Final = timedelta(minutes=15)
FULL_EVERY: Final = timedelta(minutes=5)
FULL_WITHIN: Final = timedelta(minutes=30)
"""Without a full look this recent a poll does not count as complete, so that what the cursor missed is not unknown
for long."""
_NOT_LISTING: Final = frozenset({"NONE", PUBLIC})


@dataclass(frozen=True, slots=True)
class Limits:
    """How much of what can wait is done in one full look."""

    reread_events: int = 50
    reread_calls: int = 100
    cleared_pointers: int = 1000
    entity_calls: int = 100
    """To AWS Health, in any poll."""


@dataclass(slots=True)
class PollReport:
    """What a poll came to. ``failed`` has a line for each item that AWS Health could not tell about."""

    full: bool = False
    """A full look was due."""
    full_done: bool = False
    changes_read: bool = False
    complete: bool = False
    """Every page of what changed was read, and details and affected accounts of all of it (D13)."""
    changed: int = 0
    failed: list[str] = field(default_factory=list)
    unusable: list[str] = field(default_factory=list)
    delayed: list[str] = field(default_factory=list)
    """What can wait and has to; it is no part of a complete poll."""
    error: HealthError | None = None


def full_look_due(state: State, now: datetime) -> bool:
    """At the first poll, every few minutes of the schedule, and where something asked for one."""
    asked = state.full_due is not None and (state.full_at is None or state.full_due > state.full_at)
    return asked or state.full_at is None or now - state.full_at >= FULL_EVERY


class Poll:
    """One run. ``now`` is the time of its schedule event."""

    def __init__(
        self,
        view: OrganizationView,
        store: Store,
        now: datetime,
        limits: Limits,
        *,
        budget: Budget = ENDLESS,
        needs: Needs = NOTHING_MORE,
    ) -> None:
        self._view = view
        self._store = store
        self._now = now
        self._limits = limits
        self._budget = budget
        self._report = PollReport()
        self._enricher = Enricher(view, now)
        self._entities = EntityReader(view, store, now, limits.entity_calls, budget) if needs.entities else None
        self._held: dict[EventKey, Held] = {}
        """The records of what was listed, as they were when it was."""
        self._listed: set[EventKey] = set()
        self._taken: set[tuple[EventKey, datetime]] = set()

    def run(self, state: State) -> PollReport:
        """Raises StoreError; what goes wrong with AWS Health is in the report. ``state`` is that before the poll."""
        report = self._report
        report.full = full_look_due(state, self._now)
        try:
            self._look(state)
        except HealthError as error:
            report.error = error
        report.failed += self._enricher.failed
        self._keep_unusable()
        understood = not report.failed and not report.unusable
        report.full_done = report.full_done and understood
        report.complete = report.changes_read and understood and (report.full_done or self._looked_lately(state))
        if report.complete:
            self._store.states.commit_poll(self._now, full=report.full_done)
        if self._entities is not None and report.error is None:
            report.delayed += self._entities.run()
        return report

    def _look(self, state: State) -> None:
        """What changed comes first; but before the first full look nothing counts, and what is public and open does."""
        later = self._list_changed(state)
        if state.full_at is None:
            later += self._list_everything()
            self._read(later)
            self._report.changes_read = self._report.full_done = True
        else:
            self._read(later)
            self._report.changes_read = True
            if self._report.full:
                self._read(self._list_everything())
                self._report.full_done = True
        if self._report.full_done:
            self._tidy()

    def _looked_lately(self, state: State) -> bool:
        return state.full_at is not None and self._now - state.full_at <= FULL_WITHIN

    def _keep_unusable(self) -> None:
        self._report.unusable = self._view.unusable
        for item in self._report.unusable:
            self._store.keep_unreadable(item, reason="AWS Health's API told of it without saying what", now=self._now)

    def _list_changed(self, state: State) -> list[Reading]:
        """Those that are not public, to be read later; the others are stored."""
        later: list[Reading] = []
        since = (state.cursor or self._now) - OVERLAP
        for page in self._view.changed(since, self._now):
            self._listed.update(reading.key for reading in page if reading.values.get("status") in LISTED_STATUSES)
            later += self._take(page)
            self._note_entities(page, self._held)
        return later

    def _list_everything(self) -> list[Reading]:
        """The same of everything open."""
        later: list[Reading] = []
        held = self._store.events.open()
        for page in self._view.listed(self._now):
            self._listed.update(reading.key for reading in page)
            later += self._take([reading for reading in page if not is_held(held.get(reading.key), reading)])
            self._note_entities(page, held)
        if not self._view.unusable:  # one of these may be the one that is missing
            self._note_missing(held)
        return later

    def _note_entities(self, page: Sequence[Reading], held: Mapping[EventKey, Held]) -> None:
        if self._entities is not None:
            self._entities.note(page, held)

    def _note_missing(self, held: Mapping[EventKey, Held]) -> None:
        for key, entry in held.items():
            if key not in self._listed and could_be_listed(entry.record, self._now):
                self._report.changed += self._save(key, lambda found: missed_at(_there(found), self._now))

    def _tidy(self) -> None:
        """What only time or the last step has changed, and the accounts whose turn it is. All of it can wait."""
        held = self._store.events.open()
        try:
            self._settle(held)
            self._read_accounts_again(held)
        except HealthError as error:
            self._report.delayed.append(str(error))

    def _settle(self, held: Mapping[EventKey, Held]) -> None:
        budget = self._limits.cleared_pointers
        for key, entry in held.items():
            self._check_time()
            if entry.out_of_date(self._now):
                self._report.changed += self._store.events.settle(key, self._now)
            if budget > 0 and entry.record.over(self._now):
                budget -= self._store.events.clear_pointers(key, self._now, budget)

    def _take(self, page: Sequence[Reading]) -> list[Reading]:
        """Stores what is public of what is not known yet, and gives the rest; each update once a poll."""
        readings = [reading for reading in page if (reading.key, reading.last_updated) not in self._taken]
        self._held |= self._store.events.held(reading.key for reading in readings)
        fresh = [reading for reading in readings if not is_known(self._held.get(reading.key), reading)]
        self._taken.update((reading.key, reading.last_updated) for reading in fresh)
        self._read([reading for reading in fresh if self._is_public(reading)])
        return [reading for reading in fresh if not self._is_public(reading)]

    def _is_public(self, reading: Reading) -> bool:
        return merge(_record(self._held.get(reading.key)), [reading]).is_public

    def _read(self, readings: Sequence[Reading]) -> None:
        for enriched in self._enricher.enriched([self._question(reading) for reading in readings]):
            if not self._says_nothing(enriched):
                self._save_enriched(enriched)

    def _question(self, reading: Reading) -> Question:
        held = self._held.get(reading.key)
        known = held is not None and not self._narrows(reading) and accounts_are_read(held.record, reading)
        if self._is_public(reading) or not known:
            return Question(reading, public=self._is_public(reading))
        return Question(reading, public=False, accounts=self._store.events.affected(reading.key, DETAIL_TRIES))

    def _narrows(self, reading: Reading) -> bool:
        """What did not affect some accounts alone does now."""
        held = self._held.get(reading.key)
        specific = reading.values.get("scope") == ACCOUNT_SPECIFIC
        return specific and held is not None and held.record.text("scope") != ACCOUNT_SPECIFIC

    def _says_nothing(self, found: Enriched) -> bool:
        """It affects some accounts, and nothing is known of which: it is listed and read again."""
        specific = found.listed.values.get("scope") == ACCOUNT_SPECIFIC
        return specific and found.affected is None and found.listed.key not in self._held

    def _save_enriched(self, found: Enriched) -> None:
        listed, detail, affected = found.listed, found.detail, found.affected
        readings = [listed] if detail is None else [listed, detail]
        if affected is None and self._narrows(listed):  # until it is known whom it affects, it concerns whom it did
            readings = [_without_scope(reading) for reading in readings]
        mark = format_time(listed.last_updated)
        marks = {"details_for": mark} if found.details_read else {}
        if affected is not None:
            marks |= {"accounts_for": mark, "accounts_read_at": format_time(self._now)}
        belongings = Belongings(
            accounts=_complete(affected, stamp_of(listed)),
            text=(detail.description, stamp_of(detail)) if detail is not None and detail.description else None,
        )
        change = partial(_merged, readings, marks)
        self._report.changed += self._save(listed.key, change, belongings, self._held)

    def _read_accounts_again(self, held: Mapping[EventKey, Held]) -> None:
        """But for what this poll has read."""
        read = {key for key, _updated in self._taken}
        records = [entry.record for key, entry in held.items() if key not in read]
        due = {record.key: record for record in records if can_be_read_again(record, self._now)}
        take_turns(
            list(due),
            lambda key: self._read_again(due[key]),
            self._store.events.turns,
            events=self._limits.reread_events,
            calls=self._limits.reread_calls,
        )

    def _read_again(self, record: EventRecord) -> int:
        """How many calls that took."""
        affected = self._enricher.accounts(record.key, self._report.delayed)
        if affected is None:
            return 1
        accounts = _complete(affected, api_stamp(record.accounts_for or format_time(self._now), self._now))
        self._report.changed += self._save(
            record.key, lambda found: as_read_again(_there(found), self._now), Belongings(accounts=accounts)
        )
        return 1 + len(affected.accounts) // PAGE

    def _save(
        self,
        key: EventKey,
        change: Change,
        belongings: Belongings = NOTHING,
        known: Mapping[EventKey, Held] | None = None,
    ) -> int:
        """How many records were written. Raises HealthOutOfTimeError instead of beginning what may not be finished."""
        self._check_time()
        try:
            return self._store.events.save(key, change, now=self._now, belongings=belongings, known=known)
        except ConflictError as error:
            self._report.failed.append(f"{key.arn} in {key.region}: {error}")
        except TooLargeError as error:
            self._leave_out(key, change(self._store.events.records([key]).get(key)), error)
        return 0

    def _leave_out(self, key: EventKey, record: EventRecord, error: TooLargeError) -> None:
        """What is over and does not fit concerns nobody, so it must not keep knowledge from getting younger (D4)."""
        if record.over(self._now):
            self._store.keep_unreadable(key._asdict(), reason=str(error), now=self._now)
        else:
            self._report.failed.append(f"{key.arn} in {key.region}: {error}")

    def _check_time(self) -> None:
        if not self._budget.may_store():
            raise HealthOutOfTimeError("storing what was read")


def _merged(readings: Sequence[Reading], marks: Mapping[str, str], record: EventRecord | None) -> EventRecord:
    merged = merge(record, readings)
    newest: dict[str, Any] = {name: max(mark, getattr(merged, name) or "") for name, mark in marks.items()}
    return replace(merged, **newest)


def _without_scope(reading: Reading) -> Reading:
    return replace(reading, values={name: value for name, value in reading.values.items() if name != "scope"})


def _record(held: Held | None) -> EventRecord | None:
    return None if held is None else held.record


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
