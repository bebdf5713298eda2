"""What people put in by hand and what ends by itself: the items that overrides, drills and declared events share.

Each is three items, written in one transaction in which the state's ``by_hand`` grows: itself, to be found by its id;
its place among those of its kind, by when it was made; and a copy by when it ends, which is what decisions read. What
was made never changes but for being ended by a person, once; its copy is emptied then. All is kept for 400 days past
its end.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final

from org_gate.model.times import format_time, parse_time
from org_gate.store import keys
from org_gate.store.documents import packed, unpacked
from org_gate.store.errors import ConflictError, TooLargeError
from org_gate.store.table import GET_BATCH, Item, ItemKey, Table

KEPT_DAYS: Final = 400
_EARLIEST: Final = "0"
_LATEST: Final = "\U0010ffff"
_SECOND: Final = timedelta(seconds=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """``document`` is JSON, as it was made. ``kind`` is ``override``, ``drill`` or ``declared``."""

    id: str
    kind: str
    ends_at: datetime
    document: Mapping[str, Any]
    ended_at: str | None = None
    """When a person ended it, None where nobody did."""
    ended_by: str | None = None


class ByHand:
    """Overrides, or drills and declared events: ``family`` says which. Every method raises StoreError."""

    def __init__(self, table: Table, family: str) -> None:
        self._table = table
        self._family = family

    def create(self, made: Made, created_at: datetime) -> None:
        """Raises ConflictError where there is one with its id, TooLargeError where it does not fit an item."""
        parts = packed(made.document)
        if len(parts) > 1:
            msg = f"{made.id} is too large to be kept in one item. Make several, each for a part of the accounts."
            raise TooLargeError(msg)
        told = {"id": made.id, "kind": made.kind, "ends_at": format_time(made.ends_at), **_expiry(made)}
        place = {"pk": keys.made(made.kind), "sk": keys.at(created_at, made.id)}
        try:
            self._table.transact(
                self._table.putting(
                    {**self._key(made.id)._asdict(), **told, "body": parts[0]}, "attribute_not_exists(pk)"
                ),
                self._table.putting({**_copy_key(made)._asdict(), **told, "body": parts[0]}),
                self._table.putting({**place, **told}),
                self._counting(created_at),
            )
        except ConflictError:
            if self.one(made.id) is None:
                raise
            msg = f"There is one with the id {made.id} already."
            raise ConflictError(msg) from None

    def end(self, name: str, who: str, now: datetime) -> Made | None:
        """As it is then: ended now, or, where somebody ended it before or it was over by itself, as it was.

        None where there is none.
        """
        made = self.one(name)
        if made is None or made.ended_at is not None or made.ends_at <= now:
            return made
        ended = {":at": format_time(now), ":by": who, ":id": name}
        emptied = {**_copy_key(made)._asdict(), "id": name, "kind": made.kind, **_expiry(made)}
        untouched = "id = :id AND attribute_not_exists(ended_at)"
        try:
            self._table.transact(
                self._table.updating(self._key(name), "SET ended_at = :at, ended_by = :by", ended, untouched),
                self._table.putting(emptied),
                self._counting(now),
            )
        except ConflictError:
            found = self.one(name)
            if found is not None and found.ended_at is None:
                raise
            return found
        return self.one(name)

    def one(self, name: str) -> Made | None:
        item = self._table.get(self._key(name))
        return None if item is None else _made(item)

    def all(self, kind: str, limit: int) -> list[Made]:
        """The newest so many, the newest first, whether they are over or not."""
        places = self._table.backwards(keys.made(kind), _EARLIEST, _LATEST, min(limit, GET_BATCH))
        names = [place["id"] for place in islice(places, limit)]
        found = {item["id"]: _made(item) for item in self._table.batch_get(map(self._key, names))}
        return [found[name] for name in names if name in found]

    def _key(self, name: str) -> ItemKey:
        return keys.by_hand(self._family, name)

    def _counting(self, now: datetime) -> Item:
        values = {":at": format_time(now), ":one": 1}
        return self._table.updating(keys.STATE, "SET by_hand_at = :at ADD by_hand :one", values)


def not_over(table: Table, now: datetime) -> Iterator[Made]:
    """All that ends after ``now`` and was not ended, the first to end first: overrides, drills and declared events."""
    items = table.query(keys.IN_FORCE, after=format_time(now + _SECOND))
    return (_made(item) for item in items if "body" in item)


def _copy_key(made: Made) -> ItemKey:
    return ItemKey(keys.IN_FORCE, keys.at(made.ends_at, made.id))


def _expiry(made: Made) -> Item:
    return {"expires": keys.expires(made.ends_at, KEPT_DAYS)}


def _made(item: Item) -> Made:
    return Made(
        id=item["id"],
        kind=item["kind"],
        ends_at=parse_time(item["ends_at"]),
        document=unpacked([item["body"]]),
        ended_at=item.get("ended_at"),
        ended_by=item.get("ended_by"),
    )
