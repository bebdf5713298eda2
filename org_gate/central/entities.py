"""Affected entities of open account-specific events, read bit by bit where the policy uses entities.

They come after all that a complete poll needs (D13). Each account's entities are stored as they are read, a few
accounts at a time, and the event's record says how far that has come; so a run that ends half-way, or an event of
thousands of accounts, goes on with the next run. Until an account's entities are known, a rule that asks for them is
not known to fit (D7).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import Final, Self

from org_gate.central.budget import Budget
from org_gate.health.errors import HealthError, HealthRefusedError
from org_gate.health.merge import api_stamp, merge
from org_gate.health.reading import Entity, Reading
from org_gate.health.view import ACCOUNTS_PER_CALL, PAGE, AffectedEntities, OrganizationView
from org_gate.model.event import EventKey
from org_gate.model.record import EventRecord
from org_gate.model.times import format_time
from org_gate.store import ConflictError, Store, keys
from org_gate.store.events import Held
from org_gate.store.knowledge import MOST_ENTITIES
from org_gate.store.members import SetReading

_RECORD_GONE: Final = "its record is gone between two reads; it is listed again by the next poll"


@dataclass(frozen=True, slots=True)
class _Place:
    """How far the reading of one event has come; ``lacking`` where AWS Health would not tell of some account."""

    update: str
    last: str | None = None
    lacking: bool = False

    @classmethod
    def of(cls, record: EventRecord) -> Self:
        """An update that comes while a reading goes on has one of its own after it, so that each comes to its end."""
        if record.entities_to is None:
            return cls(record.text("last_updated") or "")
        update, last, *lacking = record.entities_to.split()
        return cls(update, last, bool(lacking))

    def __str__(self) -> str:
        return f"{self.update} {self.last}{' lacking' if self.lacking else ''}"


class EntityReader:
    """For the length of one poll, that of ``now``; at most about so many ``calls``."""

    def __init__(self, view: OrganizationView, store: Store, now: datetime, calls: int, budget: Budget) -> None:
        self._view = view
        self._store = store
        self._now = now
        self._calls = calls
        self._budget = budget
        self._due: set[EventKey] = set()
        self._untold: list[str] = []

    def note(self, page: Iterable[Reading], held: Mapping[EventKey, Held]) -> None:
        """Those listed whose entities were not read since their last update."""
        for reading in page:
            found = held.get(reading.key)
            record = merge(None if found is None else found.record, [reading])
            unread = (record.entities_for or "") < format_time(reading.last_updated)
            if unread and not record.is_public and not record.over(self._now):
                self._due.add(reading.key)

    def run(self) -> list[str]:
        """Reads and stores; a line for each thing that AWS Health would not tell. Raises StoreError."""
        held = self._store.events.held(self._due) if self._due else {}
        for key in self._in_turn(sorted(held)):
            if self._calls <= 0 or not self._budget.may_store():
                break
            if accounts_are_read(held[key].record) and not self._read(held[key].record):
                break
        return self._untold

    def _in_turn(self, due: Sequence[EventKey]) -> list[EventKey]:
        """Every poll begins with another event, so that none that cannot be told stands in the way for ever."""
        first = int(self._now.timestamp()) // 60 % max(len(due), 1)
        return [*due[first:], *due[:first]]

    def _read(self, record: EventRecord) -> bool:
        """Goes on with the event's accounts as far as it can. False where nobody else's can be read either."""
        place, most = _Place.of(record), self._calls * ACCOUNTS_PER_CALL
        waiting = self._store.events.affected(record.key, most, place.last)
        done, alone, lists = 0, 0, False
        fault: HealthError | None = None
        while done < len(waiting) and self._calls > 0 and self._budget.may_store():
            accounts = waiting[done : done + (1 if done < alone else ACCOUNTS_PER_CALL)]
            try:
                found = self._ask(record.key.arn, accounts)
            except HealthError as error:
                self._untold.append(_line(record.key, str(error)))
                fault = error
                break
            if found.cut and len(accounts) > 1:  # together they have very many: each by itself
                alone = done + len(accounts)
                continue
            self._keep(record.key, accounts, found, place.update)
            place = replace(place, last=accounts[-1], lacking=place.lacking or bool(found.failed))
            lists = lists or bool(found.entities)
            done += len(accounts)
        through = done == len(waiting) < most
        if through or done:
            self._mark(record.key, place, through=through, lists=lists)
        return fault is None or isinstance(fault, HealthRefusedError)

    def _ask(self, arn: str, accounts: Sequence[str]) -> AffectedEntities:
        """Raises HealthError."""
        found = self._view.entities(arn, accounts, MOST_ENTITIES)
        self._calls -= 1 + len(found.entities) // PAGE
        return found

    def _keep(self, key: EventKey, accounts: Sequence[str], found: AffectedEntities, update: str) -> None:
        """Of an account that AWS Health would not tell about stays what is known."""
        untold = {failed.account for failed in found.failed}
        self._untold += [_line(key, f"of account {failed.account}: {failed.error}") for failed in found.failed]
        stamp = api_stamp(update, self._now)
        for missing, run in groupby(accounts, untold.__contains__):
            if missing:
                continue
            told = list(run)
            members = {
                keys.entity(one.account, one.value): entity_item(one) for one in found.entities if one.account in told
            }
            reading = SetReading(members, stamp, complete=True)
            self._store.events.keep_entities(key, told[0], told[-1], reading, self._now)

    def _mark(self, key: EventKey, place: _Place, *, through: bool, lists: bool) -> None:
        def marked(found: EventRecord | None) -> EventRecord:
            if found is None:
                raise ConflictError(_RECORD_GONE)
            record = replace(found, lists_entities=found.lists_entities or lists)
            if not through:
                return replace(record, entities_to=str(place))
            if place.lacking:
                return replace(record, entities_to=None)
            return replace(
                record,
                entities_to=None,
                entities_for=max(found.entities_for or "", place.update),
                entities_stamp=max(found.entities_stamp or "", api_stamp(place.update, self._now)),
            )

        try:
            self._store.events.save(key, marked, now=self._now)
        except ConflictError as error:
            self._untold.append(_line(key, str(error)))


def accounts_are_read(record: EventRecord) -> bool:
    """The affected accounts are those of its last update."""
    return (record.accounts_for or "") >= (record.text("last_updated") or "")


def entity_item(entity: Entity) -> dict[str, str | None]:
    """As it is stored."""
    return {"account": entity.account, "value": entity.value, "status": entity.status}


def _line(key: EventKey, what: str) -> str:
    return f"{key.arn} in {key.region}: affected entities: {what}"
