"""A recurrence rule as it is written (RFC 5545, section 3.3.10), read and refused where it is wrong.

What recurs are freezes, so FREQ is DAILY, WEEKLY, MONTHLY or YEARLY; and no rule may be dear to evaluate. Knows no
time zone and finds no occurrence: ``occurrences`` does.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Final, Literal, cast

Frequency = Literal["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]
FREQUENCIES: Final = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")
WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
MAX_COUNT: Final = 1000
MAX_TIMES_A_DAY: Final = 48
"""However BYHOUR, BYMINUTE and BYSECOND multiply."""

_DAY: Final = re.compile(r"([+-]?[1-9][0-9]?)?(MO|TU|WE|TH|FR|SA|SU)")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,5}")
_UNTIL: Final = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_MOST_NUMBERED_DAY: Final = 53
_ONLY_WITH: Final = {
    "BYWEEKNO": ("YEARLY",),
    "BYYEARDAY": ("YEARLY",),
    "BYMONTHDAY": ("DAILY", "MONTHLY", "YEARLY"),
}

Weekday = tuple[int, int]
"""From 0 for Monday, and which one of its kind; 0 for each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecurrenceRule:
    """An empty tuple is a part that was left out. ``week_start`` is from 0 for Monday."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: datetime | None = None
    week_start: int = 0
    weekdays: tuple[Weekday, ...] = ()
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    weeks: tuple[int, ...] = ()
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    seconds: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()


@lru_cache(maxsize=1024)
def parse_rrule(text: str) -> RecurrenceRule:
    """Raises ValueError with what is expected instead."""
    parts = _parts(text)
    frequency = parts.pop("FREQ", None)
    if frequency not in FREQUENCIES:
        raise ValueError(f"FREQ as one of {', '.join(FREQUENCIES)}, for example FREQ=WEEKLY;BYDAY=FR")
    rule = RecurrenceRule(
        frequency=cast("Frequency", frequency),
        interval=_one(parts, "INTERVAL", 1, 9999) or 1,
        count=_one(parts, "COUNT", 1, MAX_COUNT),
        until=_until(parts.get("UNTIL")),
        week_start=_week_start(parts.get("WKST", "MO")),
        weekdays=tuple(_weekdays(parts.get("BYDAY"))),
        months=_numbers(parts, "BYMONTH", 1, 12),
        month_days=_numbers(parts, "BYMONTHDAY", 1, 31, signed=True),
        year_days=_numbers(parts, "BYYEARDAY", 1, 366, signed=True),
        weeks=_numbers(parts, "BYWEEKNO", 1, 53, signed=True),
        hours=_numbers(parts, "BYHOUR", 0, 23),
        minutes=_numbers(parts, "BYMINUTE", 0, 59),
        seconds=_numbers(parts, "BYSECOND", 0, 59),
        positions=_numbers(parts, "BYSETPOS", 1, 366, signed=True),
    )
    _check_together(rule, parts)
    return rule


_KNOWN: Final = (
    *("FREQ", "INTERVAL", "COUNT", "UNTIL", "WKST", "BYDAY", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO"),
    *("BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS"),
)


def _parts(text: str) -> dict[str, str]:
    parts: dict[str, str] = {}
    for part in text.upper().split(";"):
        name, equals, value = part.partition("=")
        if not equals or not value or name not in _KNOWN:
            raise ValueError(f"parts NAME=VALUE joined by ; each NAME one of {', '.join(_KNOWN)}; {part!r} is not")
        if name in parts:
            raise ValueError(f"each part once; {name} is there twice")
        parts[name] = value
    return parts


def _one(parts: dict[str, str], name: str, least: int, most: int) -> int | None:
    numbers = _numbers(parts, name, least, most)
    if len(numbers) > 1:
        raise ValueError(f"{name} as one number")
    return numbers[0] if numbers else None


def _numbers(parts: dict[str, str], name: str, least: int, most: int, *, signed: bool = False) -> tuple[int, ...]:
    """In order, each once. ``signed``: counted from the end where negative."""
    if name not in parts:
        return ()
    texts = parts[name].split(",")
    if not all(_NUMBER.fullmatch(text) for text in texts):
        raise ValueError(f"{name} as whole numbers joined by commas")
    numbers = sorted(set(map(int, texts)))
    size: Callable[[int], int] = abs if signed else int
    if not all(least <= size(number) <= most for number in numbers):
        also = f", or from -{most} to -{least}" if signed else ""
        raise ValueError(f"{name} from {least} to {most}{also}")
    return tuple(numbers)


def _until(text: str | None) -> datetime | None:
    """In UTC, as RFC 5545 asks where the start is a moment: a local time or a date could be read in two ways."""
    if text is None:
        return None
    expected = "UNTIL as a time in UTC, for example UNTIL=20261231T230000Z"
    if not _UNTIL.fullmatch(text):
        raise ValueError(expected)
    try:
        return datetime.strptime(text, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        raise ValueError(expected) from None


def _week_start(text: str) -> int:
    if text not in WEEKDAYS:
        raise ValueError(f"WKST as one of {', '.join(WEEKDAYS)}")
    return WEEKDAYS.index(text)


def _weekdays(text: str | None) -> Iterator[Weekday]:
    for entry in dict.fromkeys(text.split(",")) if text is not None else ():
        found = _DAY.fullmatch(entry)
        if found is None or abs(nth := int(found[1] or 0)) > _MOST_NUMBERED_DAY:
            raise ValueError(f"BYDAY as {', '.join(WEEKDAYS)}, each perhaps numbered as in 1MO or -1FR")
        yield WEEKDAYS.index(found[2]), nth


def _check_together(rule: RecurrenceRule, parts: dict[str, str]) -> None:
    if rule.count is not None and rule.until is not None:
        raise ValueError("COUNT or UNTIL, not both")
    for name, frequencies in _ONLY_WITH.items():
        if name in parts and rule.frequency not in frequencies:
            raise ValueError(f"{name} with FREQ={' or '.join(frequencies)} only")
    if any(nth for _, nth in rule.weekdays) and (rule.frequency not in {"MONTHLY", "YEARLY"} or rule.weeks):
        raise ValueError("numbered days (as 1MO) with FREQ=MONTHLY, or YEARLY without BYWEEKNO, only")
    if rule.positions and not any(name.startswith("BY") for name in parts if name != "BYSETPOS"):
        raise ValueError("BYSETPOS together with another BY part, out of whose days it chooses")
    times = (max(1, len(some)) for some in (rule.hours, rule.minutes, rule.seconds))
    hours, minutes, seconds = times
    if hours * minutes * seconds > MAX_TIMES_A_DAY:
        raise ValueError(f"at most {MAX_TIMES_A_DAY} times a day out of BYHOUR, BYMINUTE and BYSECOND")
