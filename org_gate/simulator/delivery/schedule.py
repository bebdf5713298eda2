"""When a schedule expression of EventBridge is due: ``rate(...)`` and ``cron(...)``, in UTC. Pure."""

import calendar
import re
from datetime import UTC, datetime, timedelta
from typing import Final

_RATE: Final = re.compile(r"^rate\(([1-9][0-9]*) (minute|minutes|hour|hours|day|days)\)$")
_CRON: Final = re.compile(r"^cron\((\S+) (\S+) (\S+) (\S+) (\S+) (\S+)\)$")
_RANGES: Final = ((0, 59), (0, 23), (1, 31), (1, 12), (1, 7), (1970, 2199))
_DAYS: Final = {name: number for number, name in enumerate(("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"), 1)}
_MONTHS: Final = {name.upper(): number for number, name in enumerate(calendar.month_abbr) if name}
_HORIZON_DAYS: Final = 1500


def first_due(expression: str, grid: datetime, not_before: datetime) -> datetime | None:
    """The first instant from ``not_before`` on; a rate counts from ``grid``. None where it never comes again.

    Raises ValueError for an expression that EventBridge, or the simulator, does not take.
    """
    rate = _RATE.match(expression)
    if rate is not None:
        unit = rate[2] if rate[2].endswith("s") else f"{rate[2]}s"
        period = timedelta(**{unit: int(rate[1])})
        passed = max(0, -(-(not_before - grid) // period))
        return grid + passed * period
    cron = _CRON.match(expression)
    if cron is None:
        msg = f"{expression!r} is not a schedule; write rate(5 minutes) or cron(0 12 * * ? *)"
        raise ValueError(msg)
    return _first_by_cron(cron.groups(), not_before)


def _first_by_cron(fields: tuple[str, ...], not_before: datetime) -> datetime | None:
    minutes, hours, days, months, weekdays, years = (
        _values(field, lowest, highest) for field, (lowest, highest) in zip(fields, _RANGES, strict=True)
    )
    start = not_before.astimezone(UTC).replace(second=0, microsecond=0)
    start += timedelta(minutes=1) if start < not_before else timedelta(0)
    for offset in range(_HORIZON_DAYS):
        day = start.date() + timedelta(days=offset)
        weekday = day.isoweekday() % 7 + 1
        if day.day not in days or day.month not in months or weekday not in weekdays or day.year not in years:
            continue
        for hour in sorted(hours):
            for minute in sorted(minutes):
                moment = datetime(day.year, day.month, day.day, hour, minute, tzinfo=UTC)
                if moment >= start:
                    return moment
    return None


def _values(field: str, lowest: int, highest: int) -> frozenset[int]:
    values: set[int] = set()
    for part in field.split(","):
        span, _, step = part.partition("/")
        first, _, last = ("", "", "") if span in {"*", "?"} else span.partition("-")
        start = _number(first) if first else lowest
        end = _number(last) if last else (start if first and not step else highest)
        if not lowest <= start <= end <= highest:
            msg = f"{field!r} in a cron expression is not between {lowest} and {highest}"
            raise ValueError(msg)
        values.update(range(start, end + 1, int(step or 1)))
    return frozenset(values)


def _number(text: str) -> int:
    name = text.upper()
    if name in _DAYS or name in _MONTHS:
        return _DAYS.get(name) or _MONTHS[name]
    if not text.isdigit():
        msg = f"{text!r} in a cron expression is not supported by the simulator: write numbers, names, * ? , - and /"
        raise ValueError(msg)
    return int(text)
