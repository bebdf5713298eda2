"""Pointers from accounts to the open events that affect them: what a decision about an account finds.

An event's pointers are laid when it opens and as accounts are added, and cleared bit by bit when it is over. Each
carries the episode it was laid in, so that clearing an old one never takes a new one away.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from org_gate.model.event import EventKey
from org_gate.store import keys
from org_gate.store.records import event_expiry
from org_gate.store.table import Item, Table


@dataclass(frozen=True, slots=True)
class Pointers:
    """Every method raises StoreError."""

    table: Table

    def lay(self, key: EventKey, names: Iterable[str], episode: int, now: datetime) -> None:
        told = {"arn": key.arn, "region": key.region, "episode": episode, "expires": event_expiry(now)}
        self.table.batch_put({**keys.pointer(name, key)._asdict(), **told} for name in names)

    def removing(self, key: EventKey, name: str) -> Item:
        """The action that removes one, whatever its episode."""
        return self.table.deleting(keys.pointer(name, key))

    def clear(self, key: EventKey, names: Iterable[str], episode: int) -> None:
        """Removes those of this episode or an older one."""
        self.table.transact_groups([self._clearing(key, name, episode)] for name in names)

    def _clearing(self, key: EventKey, name: str, episode: int) -> Item:
        condition = "attribute_not_exists(pk) OR episode <= :episode"
        return self.table.deleting(keys.pointer(name, key), condition, {":episode": episode})
