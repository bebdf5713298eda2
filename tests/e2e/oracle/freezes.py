"""When a freeze is in force (D8, P5): a walk over every day since it first began, and no library but the time zones."""

from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tests.e2e.oracle.times import moment, seconds

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
Rule = Mapping[str, str]


def present_end(freeze: Mapping[str, Any], now: int) -> int | None:
    """The end of the occurrence that ``now`` is in; None where the freeze is not in force."""
    if "rrule" not in freeze:
        begin, end = moment(freeze["from"], 0), moment(freeze["to"], 0)
        return end if begin <= now < end else None
    lasts = seconds(freeze["duration"])
    return max((begin + lasts for begin in _begins(freeze, now) if now < begin + lasts), default=None)


def _begins(freeze: Mapping[str, Any], now: int) -> Iterator[int]:
    """Of all occurrences up to ``now``, in order."""
    rule = dict(part.split("=") for part in freeze["rrule"].split(";"))
    zone, first = ZoneInfo(freeze.get("timezone", "UTC")), moment(freeze["from"], 0)
    local = datetime.fromtimestamp(first, zone)
    last_day = datetime.fromtimestamp(now, zone).date() + timedelta(days=1)
    left = int(rule.get("COUNT", "1000000"))
    for number in range((last_day - local.date()).days + 1):
        day = local.date() + timedelta(days=number)
        if not _recurs(rule, local.date(), day):
            continue
        begin = first if number == 0 else _instant(day, local.time(), zone)
        too_late = "to" in freeze and begin >= moment(freeze["to"], 0)
        if left == 0 or begin > now or too_late or begin > _until(rule):
            return
        left -= 1
        yield begin


def _instant(day: date, at: time, zone: ZoneInfo) -> int:
    """In a gap by the offset before it, the first of two where the clock is set back (RFC 5545, 3.3.5)."""
    return int(datetime.combine(day, at.replace(fold=0), zone).timestamp())


def _until(rule: Rule) -> float:
    if "UNTIL" not in rule:
        return float("inf")
    return datetime.strptime(rule["UNTIL"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()


def _recurs(rule: Rule, first: date, day: date) -> bool:
    """Whether the day is one of the rule's, counted from its first."""
    return (
        _periods(rule["FREQ"], first, day) % int(rule.get("INTERVAL", "1")) == 0
        and all(fits(rule[part], day) for part, fits in _PARTS.items() if part in rule)
        and _as_first(rule, first, day)
    )


def _periods(frequency: str, first: date, day: date) -> int:
    months = (day.year - first.year) * 12 + day.month - first.month
    weeks = ((day - timedelta(days=day.weekday())) - (first - timedelta(days=first.weekday()))).days // 7
    return {"DAILY": (day - first).days, "WEEKLY": weeks, "MONTHLY": months, "YEARLY": day.year - first.year}[frequency]


def _as_first(rule: Rule, first: date, day: date) -> bool:
    """What the rule leaves out is as on its first day."""
    named = rule.keys() & {"BYDAY", "BYMONTHDAY"}
    match rule["FREQ"]:
        case "WEEKLY":
            return bool(named) or day.weekday() == first.weekday()
        case "MONTHLY":
            return bool(named) or day.day == first.day
        case "YEARLY":
            return (bool(named) or day.day == first.day) and ("BYMONTH" in rule or day.month == first.month)
    return True


def _on_weekday(wanted: str, day: date) -> bool:
    """``FR``, ``1MO`` (the first of the month), ``-1SU`` (the last)."""
    length = monthrange(day.year, day.month)[1]
    numbers = ("", str((day.day - 1) // 7 + 1), str(-((length - day.day) // 7) - 1))
    return any(f"{number}{_WEEKDAYS[day.weekday()]}" in wanted.split(",") for number in numbers)


def _on_month_day(wanted: str, day: date) -> bool:
    length = monthrange(day.year, day.month)[1]
    return bool({str(day.day), str(day.day - length - 1)} & set(wanted.split(",")))


_PARTS: Mapping[str, Callable[[str, date], bool]] = {
    "BYDAY": _on_weekday,
    "BYMONTHDAY": _on_month_day,
    "BYMONTH": lambda wanted, day: str(day.month) in wanted.split(","),
}
