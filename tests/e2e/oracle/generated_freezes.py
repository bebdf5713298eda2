"""Random times of freezes, around one occurrence that is wanted.

Held back: a first day that is not one of the rule's while it matters (RFC 5545 leaves that open), and occurrences
that overlap.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from tests.e2e.oracle.times import spelled

_ZONES = ("UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Europe/London")
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_MONTHS_OF_ALL_DAYS = 28


def fixed(begin: int, lasts: int) -> dict[str, Any]:
    return {"from": spelled(begin), "to": spelled(begin + lasts)}


def recurring(rng: Random, begin: int, lasts: int) -> dict[str, Any]:
    """A rule one of whose occurrences begins then, or an hour earlier by the local clock."""
    zone = rng.choice(_ZONES)
    local = datetime.fromtimestamp(begin, ZoneInfo(zone))
    if rng.random() < 0.3:  # into the hour that is skipped, in the nights when the clock changes
        local -= timedelta(hours=1)
    first, parts = _RULES[rng.choice(list(_RULES))](rng, local)
    if "COUNT" not in parts and rng.random() < 0.2:
        parts |= {
            "UNTIL": datetime.fromtimestamp(begin + rng.randint(-2, 2), ZoneInfo("UTC")).strftime("%Y%m%dT%H%M%SZ")
        }
    return {
        "from": first.isoformat(),
        "rrule": ";".join(f"{name}={value}" for name, value in parts.items()),
        "duration": f"{lasts}s",
        **({} if zone == "UTC" and rng.random() < 0.5 else {"timezone": zone}),
    }


Made = tuple[datetime, dict[str, Any]]


def _daily(rng: Random, local: datetime) -> Made:
    interval, periods = rng.randint(1, 4), rng.randint(0, 200)
    count = {"COUNT": periods + rng.randint(0, 2)} if periods and rng.random() < 0.4 else {}
    return local - timedelta(days=interval * periods), {"FREQ": "DAILY", "INTERVAL": interval, **count}


def _weekly(rng: Random, local: datetime) -> Made:
    interval, today = rng.randint(1, 3), _WEEKDAYS[local.weekday()]
    days = {today, *rng.sample(_WEEKDAYS, rng.randint(0, 3))}
    by_day = {"BYDAY": ",".join(sorted(days))} if rng.random() < 0.7 else {}
    return local - timedelta(weeks=interval * rng.randint(0, 60)), {"FREQ": "WEEKLY", "INTERVAL": interval, **by_day}


def _monthly(rng: Random, local: datetime) -> Made:
    nth = (local.day - 1) // 7 + 1
    parts = rng.choice(
        (
            {"BYMONTHDAY": f"{local.day},-3"},
            {"BYMONTHDAY": "-1"},
            {"BYDAY": f"{nth}{_WEEKDAYS[local.weekday()]}"},
            {"BYDAY": f"-1{_WEEKDAYS[local.weekday()]}"},
            {},
        )
    )
    first = local.replace(year=local.year - rng.randint(1, 3), day=min(local.day, _MONTHS_OF_ALL_DAYS))
    return first, {"FREQ": "MONTHLY", "INTERVAL": rng.choice((1, 2, 3, 12)), **parts}


def _yearly(rng: Random, local: datetime) -> Made:
    first = local.replace(year=local.year - rng.randint(1, 5), day=min(local.day, _MONTHS_OF_ALL_DAYS))
    parts = rng.choice(({}, {"BYMONTH": local.month, "BYMONTHDAY": local.day}))
    return first, {"FREQ": "YEARLY", "INTERVAL": rng.choice((1, 1, 2)), **parts}


_RULES: Mapping[str, Callable[[Random, datetime], Made]] = {
    "daily": _daily,
    "weekly": _weekly,
    "monthly": _monthly,
    "yearly": _yearly,
}
