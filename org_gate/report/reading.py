"""What a report reads, bit by bit: the store as its reader sees it, and the one over the table.

A report looks at each thing once and in the order given; nothing obliges a reader to hold more than it is asked for.
Reads only. Another reader of the same shape (a generator for sizes that no test table has) makes the same report.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from org_gate.model.event import Account, EventKey
from org_gate.model.override import Override
from org_gate.model.record import EventRecord
from org_gate.model.synthetic import Kind, SyntheticEvent
from org_gate.model.waiting import Waiting
from org_gate.store.past import Affected, PastDecision
from org_gate.store.state import State
from org_gate.store.store import Store

MOST_BY_HAND: Final = 10_000
"""How many overrides, drills or declared events are looked at, the newest."""


class Reader(Protocol):
    """Each method raises StoreError where it is the table's."""

    def state(self) -> State: ...

    def policies(self) -> list[dict[str, Any]]:
        """Every version, the oldest first: ``version``, ``at``, ``who``, ``note``, ``policy``."""
        ...

    def accounts(self) -> Mapping[str, Account]:
        """The organization's tree."""
        ...

    def events(self, since: datetime, until: datetime) -> Iterator[EventRecord]:
        """Each event that is open, or whose record was written in the range, once; others may be among them."""
        ...

    def texts(self, wanted: Iterable[EventKey]) -> Mapping[EventKey, str]:
        """Descriptions of those that have one."""
        ...

    def affected(self, key: EventKey) -> Iterator[str]:
        """The accounts it affects, in order."""
        ...

    def entities(self, key: EventKey) -> Iterator[Affected]:
        """Its affected entities, by account."""
        ...

    def decisions(self, since: datetime, until: datetime) -> Iterator[PastDecision]:
        """Those of ``[since, until)``, the newest first."""
        ...

    def waiting(self) -> Iterable[Waiting]: ...

    def overrides(self) -> Iterable[Override]:
        """The newest first."""
        ...

    def synthetic(self, kind: Kind) -> Iterable[SyntheticEvent]:
        """The newest first."""
        ...


class TableReader:
    """Over the table of one cell."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def state(self) -> State:
        return self._store.state()

    def policies(self) -> list[dict[str, Any]]:
        return self._store.policies()

    def accounts(self) -> Mapping[str, Account]:
        return self._store.accounts.all()

    def events(self, since: datetime, until: datetime) -> Iterator[EventRecord]:
        return self._store.past.records(self._store.past.events(since, until))

    def texts(self, wanted: Iterable[EventKey]) -> Mapping[EventKey, str]:
        return self._store.past.texts(wanted)

    def affected(self, key: EventKey) -> Iterator[str]:
        return self._store.past.accounts(key)

    def entities(self, key: EventKey) -> Iterator[Affected]:
        return self._store.past.entities(key)

    def decisions(self, since: datetime, until: datetime) -> Iterator[PastDecision]:
        return self._store.past.decisions(since, until)

    def waiting(self) -> Iterable[Waiting]:
        return self._store.waiting.still()

    def overrides(self) -> Iterable[Override]:
        return self._store.overrides.all(MOST_BY_HAND)

    def synthetic(self, kind: Kind) -> Iterable[SyntheticEvent]:
        return self._store.synthetic.all(kind, MOST_BY_HAND)
