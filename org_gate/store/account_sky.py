"""What a decision reads of accounts: where each is in the organization, and the open events that it points to.

Kept in the process for as long as the state says that nothing of it has changed: ``account_changes`` grows with every
write of an account's place or tags, of a pointer, and of an event's record, in its transaction or right after it,
never before. A table that nobody counts for (an older collector's) is read anew each time, and no poll is outlived:
what a collector that does not count wrote is missing for a minute at most, as if its notification had come late.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from org_gate.model.event import Account, EventKey
from org_gate.model.record import EventRecord
from org_gate.store import keys
from org_gate.store.accounts import account_of
from org_gate.store.events import Events
from org_gate.store.state import State
from org_gate.store.table import Table

MOST_KEPT: Final = 2000
"""Accounts, and as many events: beyond that all is forgotten, so that no process grows with the organization."""


@dataclass(frozen=True, slots=True)
class Place:
    """``account`` is None where the tree does not know it."""

    account: Account | None
    events: tuple[EventKey, ...]


@dataclass(slots=True)
class _Kept:
    """As it was read since a state said so; one that nobody counts for is never the same again."""

    changes: int = 0
    as_of: datetime | None = None
    places: dict[str, Place] = field(default_factory=dict)
    records: dict[EventKey, EventRecord | None] = field(default_factory=dict)
    """None for one that is pointed to and was not there."""

    def holds(self, state: State) -> bool:
        counted = state.account_changes > 0
        return counted and (self.changes, self.as_of) == (state.account_changes, state.as_of)

    def is_full(self) -> bool:
        return len(self.places) > MOST_KEPT or len(self.records) > MOST_KEPT


class AccountSky:
    """Of one process. Every method raises StoreError."""

    def __init__(self, table: Table, events: Events) -> None:
        self._table = table
        self._events = events
        self._kept = _Kept()

    def places(self, accounts: Iterable[str], state: State) -> Mapping[str, Place]:
        """Of these accounts. ``state`` was read before."""
        kept = self._kept_since(state)
        found = {}
        for name in accounts:
            found[name] = kept.places.get(name) or self._place(name)
        kept.places |= found
        return found

    def records(self, wanted: Collection[EventKey], state: State) -> dict[EventKey, EventRecord]:
        """Those that are there."""
        kept = self._kept_since(state)
        missing = sorted(key for key in wanted if key not in kept.records)
        read = self._events.records(missing)
        found = {key: read[key] if key in read else kept.records.get(key) for key in wanted}
        kept.records |= found
        return {key: record for key, record in found.items() if record is not None}

    def _kept_since(self, state: State) -> _Kept:
        if not self._kept.holds(state) or self._kept.is_full():
            self._kept = _Kept(state.account_changes, state.as_of)
        return self._kept

    def _place(self, name: str) -> Place:
        account, pointed = None, []
        for item in self._table.query(keys.account(name)):
            if item["sk"] == keys.RECORD:
                account = account_of(item)
            else:
                pointed.append(EventKey(item["arn"], item["region"]))
        return Place(account, tuple(pointed))
