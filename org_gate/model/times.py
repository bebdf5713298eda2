"""Times and durations as the contract spells them (D3, D17, P5).

Every time is an aware UTC ``datetime`` of whole seconds. Nothing here reads a clock.
"""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_DURATION: Final = re.compile(r"^([1-9][0-9]*)(s|m|h|d)$")
_UNIT: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def whole(moment: datetime) -> datetime:
    """The moment in UTC, cut to the second. Raises ValueError where it has no offset (D17)."""
    if moment.tzinfo is None:
        msg = f"{moment.isoformat()} has no offset; write it with one, for example {moment.isoformat()}Z"
        raise ValueError(msg)
    try:
        return moment.astimezone(UTC).replace(microsecond=0)
    except OverflowError:
        msg = f"{moment.isoformat()} is beyond the years 1 to 9999 in UTC"
        raise ValueError(msg) from None


def parse_time(text: str) -> datetime:
    """An ISO 8601 time with an offset, as whole seconds in UTC. Raises ValueError otherwise."""
    return whole(datetime.fromisoformat(text))


def format_time(moment: datetime) -> str:
    """``2026-03-02T12:00:00Z``; the year has four digits even where it needs fewer, which ``strftime`` forgets."""
    return whole(moment).replace(tzinfo=None).isoformat() + "Z"


def time_if_any(text: str | None) -> datetime | None:
    """None where there is none. Raises ValueError as ``parse_time`` does."""
    return None if text is None else parse_time(text)


def text_if_any(moment: datetime | None) -> str | None:
    """As ``format_time`` spells it; None where there is none."""
    return None if moment is None else format_time(moment)


def from_epoch(seconds: float) -> datetime:
    """A Unix time in seconds as whole seconds in UTC."""
    return datetime.fromtimestamp(int(seconds), tz=UTC)


def parse_duration(text: str) -> timedelta:
    """``90s``, ``5m``, ``2h``, ``1d`` (P5). Raises ValueError otherwise, or where it is beyond 100 years."""
    found = _DURATION.fullmatch(text)
    if found is None:
        msg = f"{text!r} is not a duration; write a whole number and s, m, h or d, for example 90s, 5m, 2h or 1d"
        raise ValueError(msg)
    amount, unit = int(found[1]), _UNIT[found[2]]
    if amount > 36_500 * 24 * 3600:
        msg = f"{text!r} is longer than 100 years"
        raise ValueError(msg)
    duration = timedelta(**{unit: amount})
    if duration > timedelta(days=36_500):
        msg = f"{text!r} is longer than 100 years"
        raise ValueError(msg)
    return duration


def age_seconds(since: datetime | None, now: datetime) -> int | None:
    """In whole seconds, never negative: what began after ``now`` is no older than now. None where nothing began."""
    return None if since is None else max(0, int((whole(now) - whole(since)).total_seconds()))


def describe_duration(duration: timedelta) -> str:
    """For people: ``45 s``, ``12 min``, ``3 h 5 min``, ``2 d 4 h``; never negative."""
    seconds = max(0, int(duration.total_seconds()))
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if minutes < 1:
        return f"{seconds} s"
    if hours < 1:
        return f"{minutes} min"
    if days < 1:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{days} d {hours % 24} h" if hours % 24 else f"{days} d"
