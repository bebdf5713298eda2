"""Affected accounts read again: whether AWS Health tells an update when only accounts are added is not documented.

Open account-specific events take turns, in an order that is always the same, some of them in each full look; the table
keeps whose turn was the last (``store.turns``). Of an event whose accounts are still the same nothing is written, but
for the first time on a day, which lists it among the events of that day. What cannot be read has its turn again after
all the others, and a run that is ended anywhere costs at most the last few turns. Nothing here asks or stores: the poll
hands in how.
"""

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import Final

from org_gate.health.errors import HealthError
from org_gate.model.event import EventKey
from org_gate.model.record import EventRecord
from org_gate.model.times import format_time
from org_gate.store.turns import Turns

STEP: Final = 10
"""Turns after which the table is told: after the end of a run, so many are had anew at most."""
_DAY: Final = len("2026-03-02")


def can_be_read_again(record: EventRecord, now: datetime) -> bool:
    """Once its accounts were read; what is over concerns nobody."""
    return record.accounts_read_at is not None and not record.is_public and not record.over(now)


def as_read_again(record: EventRecord, now: datetime) -> EventRecord:
    """The record after another reading of its accounts: another one only for the first on a day."""
    mark = format_time(now)
    return record if (record.accounts_read_at or "")[:_DAY] >= mark[:_DAY] else replace(record, accounts_read_at=mark)


def take_turns(
    keys: Sequence[EventKey], read: Callable[[EventKey], int], turns: Turns, *, events: int, calls: int
) -> None:
    """Reads so many of the events, or until so many calls were made; ``read`` says how many it took.

    Raises what ``read`` raises: HealthError, StoreError.
    """
    last = told = None
    for number, key in enumerate(islice(_in_turn(keys, turns), events), 1):
        if calls <= 0:
            break
        try:
            calls -= read(key)
        except HealthError:
            turns.had(last or key)  # where it is too much for a run by itself, the others are not kept waiting for it
            raise
        last = key
        if number % STEP == 0:
            turns.had(last)
            told = last
    if last is not None and last != told:
        turns.had(last)


def _in_turn(keys: Sequence[EventKey], turns: Turns) -> Sequence[EventKey]:
    """The one after the last first."""
    if not keys:
        return ()
    ordered, last = sorted(keys), turns.last()
    first = 0 if last is None else bisect_right(ordered, last)
    return [*ordered[first:], *ordered[:first]]
