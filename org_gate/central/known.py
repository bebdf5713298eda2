"""What the table has of an event, compared with what AWS Health lists: what need not be asked again."""

from datetime import datetime

from org_gate.health.merge import merge
from org_gate.health.reading import Reading
from org_gate.health.view import LISTED_STATUSES
from org_gate.model.record import EventRecord
from org_gate.model.times import format_time
from org_gate.store.events import Held


def is_known(held: Held | None, reading: Reading) -> bool:
    """The record has it all: what the list told, and the details and accounts of that update."""
    if held is None:
        return False
    merged = merge(held.record, [reading])
    same = merged.values == held.record.values and merged.missed == held.record.missed
    return same and _is_read(held.record, reading)


def is_held(held: Held | None, reading: Reading) -> bool:
    """The same by the facts of the open events, which come without stamps."""
    if held is None or held.record.missed:
        return False
    same = all(held.record.value(name) == value for name, value in reading.values.items())
    return same and _is_read(held.record, reading)


def accounts_are_read(record: EventRecord, reading: Reading) -> bool:
    """The affected accounts were read for this update, or a later one."""
    return (record.accounts_for or "") >= format_time(reading.last_updated)


def could_be_listed(record: EventRecord, now: datetime) -> bool:
    """A full look asks for these statuses only; that it does not list another, or one without, says nothing."""
    return not record.over(now) and record.text("status") in LISTED_STATUSES


def _is_read(record: EventRecord, reading: Reading) -> bool:
    details = (record.details_for or "") >= format_time(reading.last_updated)
    return details and (record.is_public or accounts_are_read(record, reading))
