"""When a decision can turn out another way than a second before.

At a version of an event, and at times that follow from an event's own times or from the policy's freezes.
Between two such moments nothing that a decision looks at changes, so a backtest decides once for each, however many
deployments lie between. Whoever gives the engine a new way to look at the time adds it here; a test compares with
deciding at every step. Pure.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from org_gate.model.event import Event
from org_gate.policy.model import Freeze, Match, Policy
from org_gate.policy.occurrences import latest_occurrence
from org_gate.policy.timezones import time_zone
from org_gate.report.backtest_history import EventHistory

_SECOND: Final = timedelta(seconds=1)
_STRETCH: Final = timedelta(days=32)
"""Occurrences are looked for in stretches: what is looked through for one grows with the stretch."""


def moments(events: Iterable[EventHistory], policy: Policy, begin: datetime, end: datetime) -> list[datetime]:
    """``begin``, and every moment before ``end`` at which something may change, in order. Some change nothing."""
    within = {begin}
    for moment in _of_events(events, policy):
        if begin < moment < end:
            within.add(moment)
    for freeze in policy.freezes:
        within.update(moment for moment in _of_freeze(freeze, begin, end) if begin < moment < end)
    return sorted(within)


def _of_events(events: Iterable[EventHistory], policy: Policy) -> Iterator[datetime]:
    for history in events:
        for version in history.versions:
            yield version.since
            yield from _of_event(version.event, policy)


def _of_event(event: Event, policy: Policy) -> Iterator[datetime]:
    if event.end is not None:
        yield event.end
    for rule in policy.rules:
        yield from _of_match(event, rule.match)


def _of_match(event: Event, match: Match) -> Iterator[datetime]:
    """The first second at which a condition about time is another one; ``decision.match`` says how each is meant."""
    if match.starts_within is not None and event.start is not None:
        yield from _shifted(event.start, _SECOND - match.starts_within)
    if match.open_for_at_least is not None and event.start is not None:
        yield from _shifted(event.start, match.open_for_at_least)
    if match.updated_within is not None and event.last_updated is not None:
        yield from _shifted(event.last_updated, match.updated_within)


def _shifted(moment: datetime, by: timedelta) -> Iterator[datetime]:
    """None where that is beyond the calendar: it never comes."""
    with suppress(OverflowError):
        yield moment + by


def _of_freeze(freeze: Freeze, begin: datetime, end: datetime) -> Iterator[datetime]:
    if freeze.rrule is None or freeze.duration is None:
        yield freeze.start
        if freeze.end is not None:
            yield freeze.end
        return
    for occurrence in _occurrences(freeze, freeze.rrule, max(freeze.start, begin - freeze.duration), end):
        yield occurrence
        yield occurrence + freeze.duration


def _occurrences(freeze: Freeze, rrule: str, first: datetime, end: datetime) -> Iterator[datetime]:
    """Begins in ``[first, end)``, in no order; none at or after the freeze's own end (P5)."""
    last = end - _SECOND if freeze.end is None else min(end, freeze.end) - _SECOND
    zone = time_zone(freeze.timezone)
    while last >= first:
        after = max(first - _SECOND, last - _STRETCH)
        begin = latest_occurrence(rrule, freeze.start, zone, after=after, not_after=last)
        if begin is not None:
            yield begin
        last = after if begin is None else begin - _SECOND
