"""One small item that says how far the collector is, and the lease that keeps its runs apart.

Everything else is read by its help: ``revision`` grows with every change of the open public events, in the
transaction that changes them, ``account_changes`` with every write of what decisions read of accounts and
of events, with it or right after it, ``policy_version`` with every published policy, ``by_hand`` with every change of
an override, a drill or a declared event. ``as_of`` and the cursor only ever move forward (D13).
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from org_gate.model.times import format_time, time_if_any
from org_gate.store import keys
from org_gate.store.errors import ConflictError
from org_gate.store.table import Item, Table

LEASE: Final = timedelta(seconds=55)
"""Longer than the collector's own timeout, shorter than its schedule."""


@dataclass(frozen=True, slots=True)
class State:
    """Times are None where that never happened."""

    as_of: datetime | None = None
    """When the last complete poll began."""
    cursor: datetime | None = None
    """Everything updated before it is stored."""
    revision: int = 0
    """How often the open public events have changed."""
    account_changes: int = 0
    """How often accounts, pointers and events' records were written; 0 where nobody counts."""
    policy_version: int = 0
    by_hand: int = 0
    """How often overrides, drills and declared events have changed."""
    by_hand_at: datetime | None = None
    """When they last did. Of two changes in one moment, either may have said it."""
    full_at: datetime | None = None
    """When the last complete full look began."""
    full_due: datetime | None = None
    """When something asked for a full look."""
    tree_at: datetime | None = None
    """When the organization tree was last read whole."""
    tags_for: datetime | None = None
    """The reading of the tree whose accounts' tags were read, all of them."""
    tags_to: str | None = None
    """The last account whose tags were read, while a reading of tags goes on."""


def counting(table: Table, *, public: bool = False) -> Item:
    """The action that counts a write of what decisions read of accounts; ``public`` where of a public event, too."""
    added = "ADD account_changes :one, revision :one" if public else "ADD account_changes :one"
    return table.updating(keys.STATE, added, {":one": 1})


def count(table: Table) -> None:
    """The same by itself, right after what it counts."""
    table.update(keys.STATE, "ADD account_changes :one", {":one": 1})


def read_state(table: Table) -> State:
    """Raises StoreError."""
    return state_of(table.get(keys.STATE) or {})


class States:
    """Every method raises StoreError."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def read(self) -> State:
        return read_state(self._table)

    def commit_poll(self, began: datetime, *, full: bool) -> bool:
        """After all of a poll is stored; False where a later poll was committed before."""
        expression = "SET as_of = :at, poll_cursor = :at" + (", full_at = :at" if full else "")
        try:
            self._table.update(
                keys.STATE, expression, {":at": format_time(began)}, "attribute_not_exists(as_of) OR as_of <= :at"
            )
        except ConflictError:
            return False
        return True

    def commit_tree(self, at: datetime) -> None:
        self._table.update(keys.STATE, "SET tree_at = :at", {":at": format_time(at)})

    def commit_tags(self, tags_for: datetime | None, tags_to: str | None) -> None:
        """How far the reading of tags is; None for neither begun nor done."""
        marks = {":for": "" if tags_for is None else format_time(tags_for), ":to": tags_to or ""}
        self._table.update(keys.STATE, "SET tags_for = :for, tags_to = :to", marks)

    def ask_for_full_look(self, at: datetime) -> None:
        """The next poll looks at everything."""
        with suppress(ConflictError):  # it was asked for later already
            self._table.update(
                keys.STATE,
                "SET full_due = :at",
                {":at": format_time(at)},
                "attribute_not_exists(full_due) OR full_due < :at",
            )

    def take_lease(self, owner: str, now: datetime) -> bool:
        """Whether the poll may run: nobody else's lease is in force. The same owner may go on."""
        item = {**keys.LEASE._asdict(), "holder": owner, "lease_until": format_time(now + LEASE)}
        try:
            self._table.put(
                item,
                "attribute_not_exists(pk) OR holder = :holder OR lease_until <= :now",
                {":holder": owner, ":now": format_time(now)},
            )
        except ConflictError:
            return False
        return True


def state_of(item: Item) -> State:
    return State(
        as_of=time_if_any(item.get("as_of")),
        cursor=time_if_any(item.get("poll_cursor")),
        revision=int(item.get("revision", 0)),
        account_changes=int(item.get("account_changes", 0)),
        policy_version=int(item.get("policy_version", 0)),
        by_hand=int(item.get("by_hand", 0)),
        by_hand_at=time_if_any(item.get("by_hand_at")),
        full_at=time_if_any(item.get("full_at")),
        full_due=time_if_any(item.get("full_due")),
        tree_at=time_if_any(item.get("tree_at")),
        tags_for=time_if_any(item.get("tags_for") or None),
        tags_to=item.get("tags_to") or None,
    )
