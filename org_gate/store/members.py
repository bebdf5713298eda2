"""The sets of an event, one small item per member: its affected accounts and its entities (D3).

A notification only adds; a complete reading of the API replaces. Each member carries the stamp of the newest
notification that named it, so that an older complete reading does not remove it, and an older notification does
not bring back what a newer complete reading left out. Only the difference is written.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from org_gate.store.records import event_expiry, grows_old
from org_gate.store.table import Item, ItemKey, Table

_OWN: Final = frozenset({"pk", "sk", "stamp", "expires"})


@dataclass(frozen=True, slots=True)
class SetReading:
    """What one source told of a set. ``members`` has each member's name and what else is told of it."""

    members: Mapping[str, Mapping[str, Any]]
    stamp: str
    complete: bool


BeforePut = Callable[[Iterable[str]], None]
"""Called with the names about to be put, so that what points to them is there first."""
AlsoRemoved = Callable[[str], Sequence[Item]]
"""What goes in the same transaction as a member that is removed."""


def _nothing_before(_names: Iterable[str]) -> None:
    """Nothing points to a member."""


def _nothing_else(_name: str) -> list[Item]:
    return []


@dataclass(frozen=True, slots=True)
class Members:
    """One set of one event: the items of partition ``pk`` whose ``sk`` begins with ``prefix``."""

    table: Table
    pk: str
    prefix: str

    def names(self, after: str | None = None) -> Iterable[str]:
        """In order."""
        start = None if after is None else self.prefix + after + "\0"
        return (item["sk"].removeprefix(self.prefix) for item in self.table.query(self.pk, self.prefix, start))

    def take(
        self,
        reading: SetReading,
        complete_stamp: str | None,
        now: datetime,
        *,
        before_put: BeforePut = _nothing_before,
        also_removed: AlsoRemoved = _nothing_else,
    ) -> int | None:
        """Writes the difference: of so many members. ``complete_stamp`` is that of the last complete reading taken.

        None where the reading is older than that, and so says nothing any more.
        """
        if complete_stamp is not None and reading.stamp < complete_stamp:
            return None
        return self._write(self._held(reading), reading, now, before_put=before_put, also_removed=also_removed)

    def take_range(self, reading: SetReading, first: str, last: str, now: datetime) -> None:
        """Writes the difference to a complete reading of the members whose names begin with these, or lie between."""
        items = self.table.query(self.pk, self.prefix + last, self.prefix + first)
        self._write(self._by_name(items), reading, now, before_put=_nothing_before, also_removed=_nothing_else)

    def _write(
        self,
        held: Mapping[str, Item],
        reading: SetReading,
        now: datetime,
        *,
        before_put: BeforePut,
        also_removed: AlsoRemoved,
    ) -> int:
        fresh = [item for item in self._wanted(reading, held, now) if item is not None]
        if fresh:
            before_put(item["sk"].removeprefix(self.prefix) for item in fresh)
            self.table.batch_put(fresh)
        return len(fresh) + (self._remove(held, reading, also_removed) if reading.complete else 0)

    def _held(self, reading: SetReading) -> dict[str, Item]:
        if reading.complete:
            items = self.table.query(self.pk, self.prefix)
        else:
            items = self.table.batch_get(ItemKey(self.pk, self.prefix + name) for name in reading.members)
        return self._by_name(items)

    def _by_name(self, items: Iterable[Item]) -> dict[str, Item]:
        return {item["sk"].removeprefix(self.prefix): item for item in items}

    def _wanted(self, reading: SetReading, held: Mapping[str, Item], now: datetime) -> Iterable[Item | None]:
        for name, told in reading.members.items():
            item = held.get(name)
            yield self._item(name, told, reading, now) if item is None else self._renewed(item, told, reading, now)

    def _item(self, name: str, told: Mapping[str, Any], reading: SetReading, now: datetime) -> Item:
        own = {"pk": self.pk, "sk": self.prefix + name, "stamp": reading.stamp, "expires": event_expiry(now)}
        return {**told, **own}

    def _renewed(self, item: Item, told: Mapping[str, Any], reading: SetReading, now: datetime) -> Item | None:
        """The item anew, where something about it has changed; None where it can stay."""
        newer = reading.stamp > item["stamp"]
        changed = newer and any(item.get(name) != value for name, value in told.items())
        named_again = newer and not reading.complete
        if not (changed or named_again or grows_old(int(item["expires"]), now)):
            return None
        kept = {name: value for name, value in item.items() if name not in _OWN}
        own = {"pk": item["pk"], "sk": item["sk"], "stamp": max(reading.stamp, item["stamp"])}
        return {**kept, **(told if newer else {}), **own, "expires": event_expiry(now)}

    def _remove(self, held: Mapping[str, Item], reading: SetReading, also: AlsoRemoved) -> int:
        """How many; one that a newer notification has named again meanwhile stays."""
        gone = [name for name, item in held.items() if name not in reading.members and item["stamp"] < reading.stamp]
        self.table.transact_groups([self._removing(name, reading.stamp), *also(name)] for name in gone)
        return len(gone)

    def _removing(self, name: str, stamp: str) -> Item:
        key = ItemKey(self.pk, self.prefix + name)
        return self.table.deleting(key, "stamp < :stamp", {":stamp": stamp})
