"""Whose turn it is: open events have their affected accounts read again one after the other, some at a time.

One small item says which event was the last. Nothing is written about an event for that, so a reading that finds
nothing new costs no write of it.
"""

from typing import Final

from org_gate.model.event import EventKey
from org_gate.store import keys
from org_gate.store.table import Table

_LAST: Final = ("arn", "region")


class Turns:
    """Every method raises StoreError."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def last(self) -> EventKey | None:
        """The event that had its turn last; None before any had."""
        item = self._table.get(keys.TURN)
        return None if item is None else EventKey(*(item[name] for name in _LAST))

    def had(self, key: EventKey) -> None:
        """It had its turn now, and those before it."""
        self._table.put({**keys.TURN._asdict(), **key._asdict()})
