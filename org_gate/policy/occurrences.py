"""When a recurrence rule's occurrences begin (P5): in local time, DST right, cheap however long ago it started.

python-dateutil expands one month or year at a time (RFC 5545's BY parts); which of these count by INTERVAL is told
here, so that nobody walks from the start to today, and a rule that never fits ends at once.

A local time that does not exist is read with the offset before the gap, one that comes twice as the first of both
(RFC 5545, 3.3.5).
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache
from itertools import groupby
from typing import Final

from dateutil import rrule as library

from org_gate.policy.rrule import RecurrenceRule, parse_rrule

FAR: Final = 100
"""A COUNT that is not reached within so many years ends nothing."""

_ONLY_ONCE: Final = 120_000  # months or years: beyond the last year there is
_SLACK: Final = timedelta(days=9)  # a week, for BYSETPOS, and more than any offset and gap
_LAST_YEAR: Final = 9998


def latest_occurrence(
    text: str, start: datetime, zone: tzinfo, *, after: datetime, not_after: datetime
) -> datetime | None:
    """The begin (UTC) of the rule's latest occurrence in ``(after, not_after]``, none before ``start`` (DTSTART)."""
    rule, local = parse_rrule(text), start.astimezone(zone).replace(tzinfo=None)
    not_after = not_after if rule.until is None else min(not_after, rule.until)
    after = max(after, start - timedelta(seconds=1))
    if not_after <= after:
        return None
    first, last = after.date() - _SLACK, not_after.date() + _SLACK
    last_of_all = _last_by_count(text, local)
    begins = (
        start if one == local else one.replace(tzinfo=zone).astimezone(UTC)
        for one in _between(text, local, first, last)
        if last_of_all is None or one <= last_of_all
    )
    return max((begin for begin in begins if after < begin <= not_after), default=None)


@lru_cache(maxsize=1024)
def _last_by_count(text: str, start: datetime) -> datetime | None:
    count = parse_rrule(text).count
    if count is None:
        return None
    for year in range(start.year, min(start.year + FAR, _LAST_YEAR) + 1):
        found = [
            one
            for one in _between(text, start, date(year, 1, 1) - _SLACK, date(year, 12, 31) + _SLACK)
            if one.year == year
        ]
        if len(found) >= count:
            return found[count - 1]
        count -= len(found)
    return None


def _between(text: str, start: datetime, first: date, last: date) -> list[datetime]:
    """Local begins from ``start`` on, in order. Complete from a week after ``first`` to a week before ``last``."""
    rule = parse_rrule(text)
    found = [one for year, month in _spans(rule, start, first, last) for one in expanded(text, start, year, month)]
    if rule.frequency in {"DAILY", "WEEKLY"}:
        found = list(_chosen(rule, start, found))
    return [one for one in found if one >= start]


def _spans(rule: RecurrenceRule, start: datetime, first: date, last: date) -> Iterator[tuple[int, int]]:
    """The years (month 0) or months that can hold occurrences."""
    if rule.frequency == "YEARLY":
        for year in range(first.year, min(last.year, _LAST_YEAR) + 1):
            if (year - start.year) % rule.interval == 0:
                yield year, 0
        return
    interval = rule.interval if rule.frequency == "MONTHLY" else 1
    for number in range(_month_number(first), _month_number(last) + 1):
        year, month = divmod(number, 12)
        if (number - _month_number(start)) % interval == 0 and year <= _LAST_YEAR:
            yield year, month + 1


def _month_number(day: date) -> int:
    return day.year * 12 + day.month - 1


@lru_cache(maxsize=4096)
def expanded(text: str, start: datetime, year: int, month: int) -> tuple[datetime, ...]:
    """What the BY parts give in one year or month; what is left out of them comes from ``start``."""
    rule = parse_rrule(text)
    yearly, chooses = month == 0, rule.frequency in {"MONTHLY", "YEARLY"}
    weekdays, month_days, months = _days(rule, start)
    expanded = library.rrule(
        library.YEARLY if yearly else library.MONTHLY,
        dtstart=datetime.combine(date(year, month or 1, 1), time()),
        interval=_ONLY_ONCE,
        wkst=rule.week_start,
        bysetpos=(rule.positions or None) if chooses else None,
        bymonth=months or None,
        bymonthday=month_days or None,
        byyearday=rule.year_days or None,
        byweekno=rule.weeks or None,
        byweekday=[library.weekday(day, nth or None) for day, nth in weekdays] or None,
        byhour=rule.hours or start.hour,
        byminute=rule.minutes or start.minute,
        bysecond=rule.seconds or start.second,
    )
    return tuple(expanded)


def _days(rule: RecurrenceRule, start: datetime) -> tuple[Iterable[tuple[int, int]], tuple[int, ...], tuple[int, ...]]:
    """Weekdays, days of the month and months, with what the start says of them where the rule does not."""
    if rule.weekdays or rule.month_days or rule.year_days or rule.weeks:
        return rule.weekdays, rule.month_days, rule.months
    match rule.frequency:
        case "DAILY":
            return [(day, 0) for day in range(7)], (), rule.months
        case "WEEKLY":
            return [(start.weekday(), 0)], (), rule.months
        case "MONTHLY":
            return (), (start.day,), rule.months
        case "YEARLY":
            return (), (start.day,), rule.months or (start.month,)


def _chosen(rule: RecurrenceRule, start: datetime, found: Iterable[datetime]) -> Iterator[datetime]:
    """Of days or weeks those that INTERVAL counts, and in each what BYSETPOS chooses."""
    length = 7 if rule.frequency == "WEEKLY" else 1

    def period(one: datetime) -> date:
        return one.date() - timedelta(days=(one.weekday() - rule.week_start) % 7 if length > 1 else 0)

    for begin, group in groupby(found, period):
        if (begin - period(start)).days // length % rule.interval:
            continue
        ones = list(group)
        places = {place - 1 if place > 0 else len(ones) + place for place in rule.positions}
        yield from (one for at, one in enumerate(ones) if not places or at in places)
