"""D3 as a pure function: any number of readings of one event, in any order, make one record.

Each field goes to the reading with the greatest stamp that carries it, so a source leaves alone what it cannot
carry. A stamp orders by last update, then source (the API beats a notification), then, of two readings of the
API, when they were read and, of two notifications, how open they say the event is. What is still equal is
settled by content. So merging is commutative and idempotent, and nothing here needs to know what came first.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from org_gate.health.reading import Reading, Source
from org_gate.model.event import EventKey
from org_gate.model.record import EventRecord, Stamped, Value
from org_gate.model.times import format_time

_OPENNESS: Final = {None: 0, "closed": 1, "upcoming": 2, "open": 4}
_UNKNOWN_OPENNESS: Final = 3
_KEPT_MISSES: Final = 2
AHEAD: Final = timedelta(minutes=15)
"""As far as clocks may differ, and more; what is dated further ahead of when it was told is dated wrongly."""


def stamp_of(reading: Reading) -> str:
    """Text that sorts as D3 orders readings."""
    updated = format_time(reading.last_updated)
    if reading.source is Source.API:
        return api_stamp(updated, reading.read_at, reading.step)
    status = reading.values.get("status")
    openness = _OPENNESS.get(status if isinstance(status, str) else None, _UNKNOWN_OPENNESS)
    return f"{updated}|0|{openness}|"


def api_stamp(updated: str, read_at: datetime, step: int = 0) -> str:
    """The stamp of what the API told then of the update of that time."""
    return f"{updated}|1|{format_time(read_at)}|{step}"


def merge(record: EventRecord | None, readings: Iterable[Reading]) -> EventRecord:
    """The record with the readings merged in. Without a record there has to be a reading.

    Raises ValueError where the readings are of different events, or there is nothing to merge.
    """
    merged = record
    for reading in readings:
        merged = _with_reading(merged or EventRecord(key=reading.key), reading)
    if merged is None:
        msg = "nothing to merge: neither a record nor a reading"
        raise ValueError(msg)
    return merged


def missed_at(record: EventRecord, began: datetime) -> EventRecord:
    """The record after a complete full reading, begun then, did not list it (D4).

    A full reading that began before the event's last update says nothing about it. An update of the far future does
    not count for that: the event would never end.
    """
    mark = format_time(began)
    updated = record.text("last_updated")
    if mark in record.missed or (updated is not None and mark <= updated <= format_time(began + AHEAD)):
        return record
    return replace(record, missed=tuple(sorted((*record.missed, mark))[-_KEPT_MISSES:]))


def _with_reading(record: EventRecord, reading: Reading) -> EventRecord:
    _same_event(record.key, reading.key)
    stamp = stamp_of(reading)
    fields = dict(record.fields)
    for name, value in {**reading.values, "last_updated": format_time(reading.last_updated)}.items():
        fields[name] = _winner(name, fields.get(name), Stamped(value, stamp))
    return replace(record, fields=fields, missed=_still_missed(record, reading))


def _winner(name: str, held: Stamped | None, told: Stamped) -> Stamped:
    if held is None:
        return told
    return max(held, told, key=lambda stamped: (stamped.stamp, _content_order(name, stamped.value)))


def _content_order(name: str, value: Value) -> tuple[bool, str]:
    """Any fixed order will do, but no end and a later end are the cautious ones."""
    absent = value is None
    return (absent if name == "end" else not absent, "\x00".join(value) if isinstance(value, tuple) else value or "")


def _still_missed(record: EventRecord, reading: Reading) -> tuple[str, ...]:
    """The API listed it when it was read; a notification is evidence of its last update only."""
    dated_wrongly = reading.last_updated > reading.read_at + AHEAD
    seen = reading.read_at if reading.source is Source.API or dated_wrongly else reading.last_updated
    return tuple(mark for mark in record.missed if mark > format_time(seen))


def _same_event(held: EventKey, told: EventKey) -> None:
    if held != told:
        msg = f"a reading of {told} cannot be merged into the record of {held}"
        raise ValueError(msg)
