"""Event records with all that belongs to them: read, merge, write; the partitions of what is open; the pointers.

A record and its entry among the open events are written in one transaction, conditional on the record's
revision, so they never disagree; the state counts it in the same transaction, and where that entry is among the public
events its revision grows, too, so that no process goes on with what it has kept. The first time that it is written on a
day, the event is listed among those of that day, in the transaction too. Members and pointers come before it, pointers
first: a crash half-way leaves more than is needed, never less, and the next reading writes the rest. New pointers are
counted with the record that is written after them; where that may stay as it is, before their members are put. What a
reading means is not known here: the caller hands in how the record changes.
"""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import islice
from typing import Any, Final

from org_gate.model.event import EventKey
from org_gate.model.record import EventRecord
from org_gate.store import keys
from org_gate.store.errors import ConflictError
from org_gate.store.members import Members, SetReading
from org_gate.store.pointers import Pointers
from org_gate.store.records import event_expiry, facts_item, grows_old, record_item, record_of
from org_gate.store.state import count, counting
from org_gate.store.table import Item, ItemKey, Table
from org_gate.store.turns import Turns

ATTEMPTS: Final = 8
MAX_TEXT_BYTES: Final = 300_000
_ACCOUNT_SPECIFIC: Final = "ACCOUNT_SPECIFIC"

Change = Callable[[EventRecord | None], EventRecord]
"""From the record as it is (None: there is none) to the record as it should be. May be called several times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Belongings:
    """What a reading brings beside the record's own fields; ``text`` is a description and its stamp."""

    accounts: SetReading | None = None
    entities: SetReading | None = None
    text: tuple[str, str] | None = None


NOTHING: Final = Belongings()


@dataclass(frozen=True, slots=True)
class Held:
    """A record as the table has it. ``place`` is its partition among the open events."""

    record: EventRecord
    place: str | None
    expires: int
    revision: int = 0
    seen: str | None = None
    """The last day it was listed among the day's events."""

    def out_of_date(self, now: datetime) -> bool:
        """Time alone has made it so: it is over and still among the open ones, or about to expire."""
        return self.place != _place(self.record, now) or grows_old(self.expires, now) or _outlived(self.record, now)


class Events:
    """Every method raises StoreError."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._pointers = Pointers(table)
        self.turns = Turns(table)

    def held(self, wanted: Iterable[EventKey]) -> dict[EventKey, Held]:
        """Those that are there."""
        items = self._table.batch_get(keys.record(key) for key in wanted)
        return {held.record.key: held for held in map(_held, items)}

    def records(self, wanted: Iterable[EventKey]) -> dict[EventKey, EventRecord]:
        """Those that are there."""
        return {key: held.record for key, held in self.held(wanted).items()}

    def open(self) -> dict[EventKey, Held]:
        """Everything in the two partitions of what is open, facts alone."""
        items = [item for place in (keys.PUBLIC, keys.SPECIFIC) for item in self._table.query(place)]
        return {held.record.key: held for held in map(_held, items)}

    def public(self) -> list[EventRecord]:
        """The open events that are not account-specific, facts alone."""
        return [record_of(item) for item in self._table.query(keys.PUBLIC)]

    def affected(self, key: EventKey, most: int, after: str | None = None) -> list[str]:
        """The first of the accounts it affects, or the first after one."""
        return list(islice(self._accounts(key).names(after), most))

    def keep_entities(self, key: EventKey, first: str, last: str, reading: SetReading, now: datetime) -> None:
        """A complete reading of the entities of the accounts from first to last. The record is to be saved after it."""
        self._entities(key).take_range(reading, keys.entities_of(first), keys.entities_of(last), now)

    def entities(self, key: EventKey, account: str, most: int) -> tuple[str, ...]:
        """The values of the account's affected entities, as far as they are known; at most so many."""
        items = self._table.query(keys.event(key), keys.MEMBER_ENTITY + keys.entities_of(account))
        return tuple(item["value"] for item in islice(items, most))

    def save(
        self,
        key: EventKey,
        change: Change,
        *,
        now: datetime,
        belongings: Belongings = NOTHING,
        known: Mapping[EventKey, Held] | None = None,
    ) -> bool:
        """Whether anything about the record was written. Raises ConflictError where others keep being first.

        ``known`` is what ``held`` gave a moment ago; it saves a reading, and is read anew where it has changed since.
        """
        if belongings.text is not None:
            self._keep_text(key, *belongings.text, now)
        for attempt in range(ATTEMPTS):
            held = self._get(key) if known is None or attempt else known.get(key)
            record = self._with_belongings(held, change(held.record if held else None), belongings, now)
            if held is None or attempt:
                record = _with_strays(record)
            place = _place(record, now)
            if held is not None and _settled(held, record, place, now):
                if attempt:
                    count(self._table)  # what the attempts before this one laid
                return False
            with suppress(ConflictError):
                self._commit(held, record, place, now)
                return True
        msg = f"{ATTEMPTS} times in a row somebody else wrote this event first"
        raise ConflictError(msg)

    def settle(self, key: EventKey, now: datetime) -> bool:
        """Writes what follows from the time alone; whether anything had to be written."""
        held = self._get(key)
        return held is not None and self.save(key, lambda found: found or held.record, now=now)

    def clear_pointers(self, key: EventKey, now: datetime, limit: int) -> int:
        """Removes at most so many pointers to an event that is over, and remembers how far it came."""
        held = self._get(key)
        if held is None or held.record.pointers != "stale":
            return 0
        record = held.record
        names = list(islice(self._accounts(key).names(record.cleared_to), limit + 1))
        self._pointers.clear(key, names[:limit], record.episode)
        last = names[limit - 1] if len(names) > limit else None
        self.save(key, lambda found: _cleared(found or record, record.episode, last), now=now)
        return min(len(names), limit)

    def _get(self, key: EventKey) -> Held | None:
        item = self._table.get(keys.record(key))
        return None if item is None else _held(item)

    def _entities(self, key: EventKey) -> Members:
        return Members(self._table, keys.event(key), keys.MEMBER_ENTITY)

    def _accounts(self, key: EventKey) -> Members:
        return Members(self._table, keys.event(key), keys.MEMBER_ACCOUNT)

    def _with_belongings(
        self,
        held: Held | None,
        record: EventRecord,
        belongings: Belongings,
        now: datetime,
    ) -> EventRecord:
        if (entities := belongings.entities) is not None:
            self._entities(record.key).take(entities, record.entities_stamp, now)
            lists = record.lists_entities or bool(entities.members)
            record = replace(record, lists_entities=lists, entities_stamp=_newest(record.entities_stamp, entities))
        record = self._with_pointers(held, record, now)
        if (accounts := belongings.accounts) is not None and (accounts.complete or not _is_everybodys(held, record)):
            record = self._with_accounts(held, record, accounts, now)
        return record

    def _with_pointers(self, held: Held | None, record: EventRecord, now: datetime) -> EventRecord:
        """Lays the pointers of an event that begins to need them; leaves those of one that is over to be cleared."""
        wanted = _wants_pointers(record, now)
        if wanted and record.pointers != "live":
            record = replace(record, pointers="live", episode=record.episode + 1, cleared_to=None)
            self._pointers.lay(record.key, self._accounts(record.key).names(), record.episode, now)
        elif not wanted and record.pointers == "live":
            record = replace(record, pointers="stale" if held is not None and record.lists_accounts else "none")
        return record

    def _with_accounts(self, held: Held | None, record: EventRecord, reading: SetReading, now: datetime) -> EventRecord:
        members = self._accounts(record.key)

        def before_put(names: Iterable[str]) -> None:
            if record.pointers == "live":
                self._pointers.lay(record.key, names, record.episode, now)
                if held is not None and held.record.pointers == "live":
                    count(self._table)

        def also_removed(name: str) -> list[Item]:
            return [self._pointers.removing(record.key, name)]

        taken = members.take(reading, record.accounts_stamp, now, before_put=before_put, also_removed=also_removed)
        again = taken == 0 and _are_of_its_update(record)
        return replace(
            record,
            lists_accounts=(taken is not None and bool(reading.members)) or self._table.has(members.pk, members.prefix),
            accounts_stamp=record.accounts_stamp if again else _newest(record.accounts_stamp, reading),
        )

    def _keep_text(self, key: EventKey, text: str, stamp: str, now: datetime) -> None:
        """The newest text stands, whatever order texts come in."""
        item = {"pk": keys.event(key), "sk": keys.TEXT, "text": _bounded(text), "stamp": stamp}
        with suppress(ConflictError):  # a newer text is there
            self._table.put(
                {**item, "expires": event_expiry(now)}, "attribute_not_exists(pk) OR stamp < :stamp", {":stamp": stamp}
            )

    def _commit(self, held: Held | None, record: EventRecord, place: str | None, now: datetime) -> None:
        name, expires, day = keys.event_name(record.key), event_expiry(now), keys.day(now)
        item = {**keys.record(record.key)._asdict(), **record_item(record), "place": place, "expires": expires}
        actions = [self._put_if_as_read(held, {**item, "seen": day})]
        if held is None or held.seen != day:
            told = {"arn": record.key.arn, "region": record.key.region, "expires": expires}
            actions.append(self._table.putting({"pk": keys.seen(day), "sk": name, **told}))
        if held is not None and held.place not in (None, place):
            actions.append(self._table.deleting(ItemKey(held.place or "", name)))
        if place is not None:
            entry = {"pk": place, "sk": name, **facts_item(record), "place": place, "expires": expires}
            actions.append(self._table.putting(entry))
        actions.append(counting(self._table, public=keys.PUBLIC in {place, held.place if held else None}))
        self._table.transact(*actions)

    def _put_if_as_read(self, held: Held | None, item: Item) -> Item:
        if held is None:
            return self._table.putting({**item, "rev": 1}, "attribute_not_exists(pk)")
        return self._table.putting({**item, "rev": held.revision + 1}, "rev = :rev", {":rev": held.revision})


def _held(item: Mapping[str, Any]) -> Held:
    return Held(record_of(item), item["place"], int(item["expires"]), int(item.get("rev", 0)), item.get("seen"))


def _outlived(record: EventRecord, now: datetime) -> bool:
    return record.pointers == "live" and record.over(now)


def _with_strays(record: EventRecord) -> EventRecord:
    """A run that was ended half-way, or an attempt that came too late, may have laid pointers: they will be cleared."""
    strays = record.lists_accounts and not record.is_public and record.pointers == "none"
    return replace(record, pointers="stale", episode=record.episode + 1, cleared_to=None) if strays else record


def _is_everybodys(held: Held | None, record: EventRecord) -> bool:
    """It counts for all, as nobody said whom it affects (D5): a notification's receiver alone must not change that."""
    return held is not None and not held.record.lists_accounts and record.text("scope") != _ACCOUNT_SPECIFIC


def _wants_pointers(record: EventRecord, now: datetime) -> bool:
    return not record.is_public and not record.over(now)


def _place(record: EventRecord, now: datetime) -> str | None:
    """The partition it belongs to: while it is open, and until its pointers are cleared."""
    if not record.over(now):
        return keys.SPECIFIC if record.text("scope") == _ACCOUNT_SPECIFIC else keys.PUBLIC
    return keys.SPECIFIC if record.pointers != "none" else None


def _settled(held: Held, record: EventRecord, place: str | None, now: datetime) -> bool:
    """Nothing that anybody reads would change; a later reading of the same does not count as a change."""
    same = replace(held.record, fields=record.fields) == record and held.record.values == record.values
    return same and held.place == place and not grows_old(held.expires, now)


def _cleared(record: EventRecord, episode: int, last: str | None) -> EventRecord:
    if record.pointers != "stale" or record.episode != episode:
        return record
    return replace(record, cleared_to=last, pointers="none" if last is None else "stale")


def _are_of_its_update(record: EventRecord) -> bool:
    """The affected accounts, as they were read last. Stamps begin with the time of an update."""
    return record.accounts_for is not None and (record.accounts_stamp or "") >= record.accounts_for


def _newest(stamp: str | None, reading: SetReading) -> str | None:
    if not reading.complete:
        return stamp
    return reading.stamp if stamp is None else max(stamp, reading.stamp)


def _bounded(text: str) -> str:
    encoded = text.encode()
    return text if len(encoded) <= MAX_TEXT_BYTES else encoded[:MAX_TEXT_BYTES].decode(errors="ignore") + " (cut)"
