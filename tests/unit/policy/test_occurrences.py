"""Occurrences against a plain walk by python-dateutil from the start on: rules, zones, DST, windows to the second."""

from datetime import UTC, datetime, timedelta
from itertools import takewhile
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from hypothesis import given, settings
from hypothesis import strategies as st

from org_gate.policy.occurrences import expanded, latest_occurrence
from org_gate.policy.timezones import time_zone, zone_names

THOROUGH = settings(max_examples=400, derandomize=True, deadline=None, database=None)
BERLIN = "Europe/Berlin"
SECOND = timedelta(seconds=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def begins(rrule: str, start: datetime, zone: str, until: datetime) -> list[datetime]:
    """Every occurrence from the start to ``until``, one after the other."""
    tz = ZoneInfo(zone)
    local = start.astimezone(tz).replace(tzinfo=None)
    last = (until + timedelta(days=3)).replace(tzinfo=None)
    bounded = rrule if "COUNT" in rrule else f"{rrule};UNTIL={last:%Y%m%dT%H%M%S}"
    walked = takewhile(lambda one: one <= last, rrulestr(bounded, dtstart=local))
    found = [start if one == local else one.replace(tzinfo=tz).astimezone(UTC) for one in walked]
    return [one for one in found if start <= one <= until]


def latest(rrule: str, start: datetime, zone: str, now: datetime, within: timedelta) -> datetime | None:
    return latest_occurrence(rrule, start, time_zone(zone), after=now - within, not_after=now)


def listed(values: list[str], most: int = 3) -> st.SearchStrategy[str]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=most, unique=True).map(",".join)


WORKDAYS = "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR"
DAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]
TIMES = {"BYHOUR": listed(["1", "2", "3", "23"], 2), "BYMINUTE": listed(["0", "30", "59"], 2)}
MONTHS = {"BYMONTH": listed(["2", "3", "10", "11", "12"])}
MONTH_DAYS = {"BYMONTHDAY": listed(["1", "28", "29", "30", "31", "-1", "-31", "15"])}
NUMBERED = {"BYDAY": listed(["1MO", "-1SU", "2FR", "TU", "5WE", "-5TH"])}
PARTS = {
    "DAILY": TIMES | MONTHS | MONTH_DAYS | {"BYDAY": listed(DAYS)},
    "WEEKLY": TIMES | MONTHS | {"BYDAY": listed(DAYS), "WKST": st.sampled_from(DAYS)},
    "MONTHLY": TIMES | MONTHS | MONTH_DAYS | NUMBERED,
    "YEARLY": TIMES
    | MONTHS
    | MONTH_DAYS
    | NUMBERED
    | {"BYYEARDAY": listed(["1", "60", "366", "-1", "-366"])}
    | {"WKST": st.sampled_from(DAYS)}
    | {"BYWEEKNO": listed(["1", "9", "52", "53", "-1"])},
}


@st.composite
def rrules(draw: st.DrawFn) -> str:
    frequency = draw(st.sampled_from(list(PARTS)))
    names = draw(st.lists(st.sampled_from(list(PARTS[frequency])), max_size=3, unique=True))
    if "BYWEEKNO" in names and "BYDAY" in names:
        names.remove("BYDAY")
    parts = [f"FREQ={frequency}", *(f"{name}={draw(PARTS[frequency][name])}" for name in names)]
    parts += draw(st.sampled_from([[], [], ["INTERVAL=2"], ["INTERVAL=3"], ["COUNT=7"], ["INTERVAL=2", "COUNT=40"]]))
    # of the first week python-dateutil sees the part from the start on, so weeks are left out
    if frequency in {"MONTHLY", "YEARLY"} and any(name.startswith("BY") for name in names):
        parts += draw(st.sampled_from([[], [], ["BYSETPOS=-1"], ["BYSETPOS=1,3"]]))
    return ";".join(parts)


starts = st.sampled_from(
    ["2020-02-29T01:30:00", "2023-10-29T00:30:00", "2023-10-29T01:30:00", "2024-03-31T00:59:59", "2021-12-31T23:30:00"]
).map(utc)
zones = st.sampled_from([BERLIN, "America/New_York", "Australia/Lord_Howe", "Pacific/Apia", "UTC"])


@THOROUGH
@given(rrules(), starts, zones, st.integers(0, 40), st.sampled_from([1, 8, 30, 24 * 40]))
def test_the_latest_is_the_one_that_a_walk_from_the_start_finds(
    rrule: str, start: datetime, zone: str, chosen: int, hours: int
) -> None:
    end = start + timedelta(days=365 * 5)
    walked = begins(rrule, start, zone, end)
    within = timedelta(hours=hours)
    near = walked[chosen % len(walked)] if walked else end
    edges = [edge + seconds * SECOND for edge in (near, near + within) for seconds in (-1, 0, 1)]
    for now in edges:
        expected = max((one for one in walked if now - within < one <= now), default=None)
        if now <= end:
            assert latest(rrule, start, zone, now, within) == expected, (now, walked[:5])


@pytest.mark.parametrize(
    ("rrule", "start"),
    [
        ("FREQ=DAILY", "2024-03-20T01:30:00"),
        ("FREQ=DAILY;INTERVAL=3;BYHOUR=1,23", "2024-02-27T00:30:00"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=-1,1", "2023-02-01T10:00:00"),
        ("FREQ=DAILY;INTERVAL=2;BYHOUR=1,2,23;BYSETPOS=-1", "2024-12-20T00:00:00"),
        ("FREQ=DAILY;BYHOUR=1,2,23;BYSETPOS=2", "2024-12-20T00:00:00"),
        ("FREQ=DAILY;COUNT=40", "2024-12-20T10:00:00"),
        ("FREQ=WEEKLY", "2024-12-20T23:30:00"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO,TU", "2024-12-16T10:00:00"),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=SU,MO,TU;WKST=SU", "2024-12-15T10:00:00"),
        ("FREQ=WEEKLY;INTERVAL=3;BYDAY=SA,SU,MO;WKST=WE", "2024-12-18T10:00:00"),
        ("FREQ=WEEKLY;BYMONTH=1,12;BYDAY=WE;BYHOUR=1;BYMINUTE=5;BYSECOND=7", "2024-12-01T10:00:00"),
        (f"{WORKDAYS};BYSETPOS=1;COUNT=60", "2024-12-02T10:00:00"),
        (f"{WORKDAYS};BYSETPOS=-1;COUNT=57", "2024-12-02T10:00:00"),
        (f"{WORKDAYS};BYSETPOS=1;COUNT=5", "2025-12-01T10:00:00"),
        (f"{WORKDAYS};BYSETPOS=-1;COUNT=5", "2025-12-01T10:00:00"),
        ("FREQ=MONTHLY", "2024-01-31T10:00:00"),
        ("FREQ=MONTHLY;INTERVAL=5", "2024-11-30T10:00:00"),
        ("FREQ=MONTHLY;BYDAY=1MO,-1SU,2FR;BYMONTH=1,2,12", "2024-01-01T10:00:00"),
        ("FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1,1", "2024-01-01T10:00:00"),
        ("FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=-1,29;COUNT=30", "2023-12-29T10:00:00"),
        ("FREQ=YEARLY", "2020-02-29T10:00:00"),
        ("FREQ=YEARLY;INTERVAL=2", "2021-12-31T10:00:00"),
        ("FREQ=YEARLY;INTERVAL=3;BYMONTH=3,11", "2021-01-15T10:00:00"),
        ("FREQ=YEARLY;BYYEARDAY=1,60,366,-1", "2020-01-01T10:00:00"),
        ("FREQ=YEARLY;BYWEEKNO=1,53;WKST=SU", "2020-01-01T10:00:00"),
        ("FREQ=YEARLY;BYWEEKNO=9;BYDAY=TU", "2020-01-01T10:00:00"),
        ("FREQ=YEARLY;BYDAY=1MO,-1FR;BYHOUR=3", "2020-01-01T10:00:00"),
        ("FREQ=YEARLY;BYMONTH=1,12;BYMONTHDAY=1,31;COUNT=9", "2021-01-01T10:00:00"),
        ("FREQ=YEARLY;BYMONTHDAY=13;BYDAY=FR;BYSETPOS=1", "2020-01-01T10:00:00"),
    ],
)
def test_every_occurrence_is_the_one_that_a_walk_finds(rrule: str, start: str) -> None:
    begin = utc(start)
    walked = begins(rrule, begin, BERLIN, begin + timedelta(days=365 * 5))
    assert walked
    for before, one in zip([None, *walked], walked[:130], strict=False):
        assert latest(rrule, begin, BERLIN, one - SECOND, timedelta(days=2000)) == before
        found = latest(rrule, begin, BERLIN, one, SECOND)
        assert found == one
        assert found.tzinfo is UTC
    last = walked[-1] + SECOND
    assert latest(rrule, begin, BERLIN, last, timedelta(seconds=2)) == walked[-1]
    assert latest(rrule, begin, BERLIN, last, SECOND) is None


def test_a_count_is_looked_for_a_hundred_years_and_one_beyond_ends_nothing() -> None:
    start, day = utc("2000-05-05T10:00:00"), timedelta(days=1)

    def occurs(count: int, year: int) -> bool:
        return latest(f"FREQ=YEARLY;COUNT={count}", start, "UTC", start.replace(year=year), day) is not None

    assert [occurs(101, year) for year in (2099, 2100, 2101)] == [True, True, False]
    assert [occurs(102, year) for year in (2101, 2102, 2300)] == [True, True, True]


@pytest.mark.parametrize(
    ("rrule", "start", "now", "expected"),
    [
        # Berlin's clocks go from 02:00 to 03:00 on 2026-03-29 and back on 2026-10-25
        ("FREQ=DAILY", "2026-03-20T15:00:00", "2026-03-28T15:00:00", "2026-03-28T15:00:00"),
        ("FREQ=DAILY", "2026-03-20T15:00:00", "2026-03-29T14:00:00", "2026-03-29T14:00:00"),
        ("FREQ=DAILY", "2026-03-20T15:00:00", "2026-03-29T13:59:59", "2026-03-28T15:00:00"),
        # 02:30 does not exist: the offset before the gap
        ("FREQ=DAILY", "2026-03-20T01:30:00", "2026-03-29T01:30:00", "2026-03-29T01:30:00"),
        ("FREQ=DAILY", "2026-03-20T01:30:00", "2026-03-30T00:30:00", "2026-03-30T00:30:00"),
        # 02:30 comes twice: the first
        ("FREQ=DAILY", "2026-10-20T00:30:00", "2026-10-25T00:30:00", "2026-10-25T00:30:00"),
        ("FREQ=DAILY", "2026-10-20T00:30:00", "2026-10-25T01:30:00", "2026-10-25T00:30:00"),
        # it started at the second of both
        ("FREQ=DAILY", "2026-10-25T01:30:00", "2026-10-25T01:29:59", None),
        ("FREQ=DAILY", "2026-10-25T01:30:00", "2026-10-25T01:30:00", "2026-10-25T01:30:00"),
        # the last working day of a week that two months share, and of every second week
        (
            f"{WORKDAYS};BYSETPOS=-1",
            "2026-06-01T10:00:00",
            "2026-07-03T10:00:00",
            "2026-07-03T10:00:00",
        ),
        (f"{WORKDAYS};BYSETPOS=-1", "2026-06-01T10:00:00", "2026-07-02T10:00:00", None),
        (f"{WORKDAYS};BYSETPOS=1", "2026-06-01T10:00:00", "2026-06-30T10:00:00", "2026-06-29T10:00:00"),
        (f"{WORKDAYS};BYSETPOS=3", "2026-06-01T10:00:00", "2026-07-03T10:00:00", None),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2026-06-01T10:00:00", "2026-06-12T10:00:00", None),
        ("FREQ=WEEKLY;INTERVAL=2;BYDAY=FR", "2026-06-01T10:00:00", "2026-06-19T10:00:00", "2026-06-19T10:00:00"),
        ("FREQ=DAILY;UNTIL=20260602T100000Z", "2026-06-01T10:00:00", "2026-06-02T10:00:00", "2026-06-02T10:00:00"),
        ("FREQ=DAILY;UNTIL=20260602T095959Z", "2026-06-01T10:00:00", "2026-06-02T10:00:00", "2026-06-01T10:00:00"),
    ],
)
def test_in_berlin(rrule: str, start: str, now: str, expected: str | None) -> None:
    within = timedelta(hours=25)
    assert latest(rrule, utc(start), BERLIN, utc(now), within) == (utc(expected) if expected else None)


@pytest.mark.parametrize(
    "rrule",
    [
        "FREQ=DAILY",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=7;BYDAY=MO",
        "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30;COUNT=3",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6",
        "FREQ=DAILY;COUNT=1000;BYDAY=MO;BYMONTH=1",
    ],
)
def test_what_began_long_ago_or_never_fits_ends_after_a_few_months_looked_at(
    rrule: str,
) -> None:
    def looked_at() -> int:
        return expanded.cache_info().misses

    expanded.cache_clear()
    start, now = utc("1970-01-01T00:00:07"), utc("2026-03-02T12:00:00")
    latest(rrule, start, "UTC", now, timedelta(hours=8))
    after_the_first = looked_at()
    latest(rrule, start, "UTC", now + timedelta(days=40), timedelta(hours=8))
    assert after_the_first <= (3 if "COUNT" not in rrule else 1300)
    assert looked_at() - after_the_first <= 3


def test_up_to_the_last_year_but_one_that_there_is() -> None:
    day = timedelta(days=1)
    for rrule in ("FREQ=MONTHLY", "FREQ=YEARLY;BYMONTH=3,5"):
        start, now = utc("9998-03-05T10:00:00"), utc("9998-05-05T10:00:00")
        assert latest(rrule, start, "UTC", now, day) == now
        assert latest(rrule, start, "UTC", now.replace(year=9999), day) is None


def test_time_zones_are_tzdatas_own() -> None:
    assert {"UTC", BERLIN, "US/Eastern", "America/Argentina/Buenos_Aires"} <= zone_names()
    assert time_zone(BERLIN).utcoffset(datetime(2026, 7, 1)) == timedelta(hours=2)  # noqa: DTZ001  asked for local time
    for name in ("../../etc/passwd", "Europe", "europe/berlin", ""):
        with pytest.raises(KeyError):
            time_zone(name)
