"""A recurrence rule as it is read: each part, its least and its most, and what is refused with it."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from org_gate.policy.rrule import MAX_COUNT, MAX_TIMES_A_DAY, RecurrenceRule, parse_rrule

DAILY = RecurrenceRule(frequency="DAILY")
YEARLY = RecurrenceRule(frequency="YEARLY")


def test_all_that_is_left_out_is_empty() -> None:
    assert parse_rrule("FREQ=DAILY") == RecurrenceRule(
        frequency="DAILY",
        interval=1,
        count=None,
        until=None,
        week_start=0,
        weekdays=(),
        months=(),
        month_days=(),
        year_days=(),
        weeks=(),
        hours=(),
        minutes=(),
        seconds=(),
        positions=(),
    )


@pytest.mark.parametrize("frequency", ["DAILY", "WEEKLY", "MONTHLY", "YEARLY"])
def test_a_frequency_in_either_case(frequency: str) -> None:
    assert parse_rrule(f"FREQ={frequency}").frequency == parse_rrule(f"freq={frequency.lower()}").frequency == frequency


@pytest.mark.parametrize(
    ("part", "field", "value"),
    [
        ("INTERVAL=1", "interval", 1),
        ("INTERVAL=2", "interval", 2),
        ("INTERVAL=9999", "interval", 9999),
        ("COUNT=1", "count", 1),
        ("COUNT=1000", "count", 1000),
        ("UNTIL=20261231T230059Z", "until", datetime(2026, 12, 31, 23, 0, 59, tzinfo=UTC)),
        ("WKST=MO", "week_start", 0),
        ("WKST=SU", "week_start", 6),
        ("BYDAY=MO", "weekdays", ((0, 0),)),
        ("BYDAY=SU,TU,WE,TH,FR,SA,TU", "weekdays", ((6, 0), (1, 0), (2, 0), (3, 0), (4, 0), (5, 0))),
        ("BYDAY=1MO,-1FR,+53SA,-53SU", "weekdays", ((0, 1), (4, -1), (5, 53), (6, -53))),
        ("BYMONTH=1,12", "months", (1, 12)),
        ("BYMONTH=3,2,3", "months", (2, 3)),
        ("BYMONTHDAY=1,31,-1,-31,+2", "month_days", (-31, -1, 1, 2, 31)),
        ("BYYEARDAY=1,366,-1,-366", "year_days", (-366, -1, 1, 366)),
        ("BYWEEKNO=1,53,-1,-53", "weeks", (-53, -1, 1, 53)),
        ("BYHOUR=0,23", "hours", (0, 23)),
        ("BYMINUTE=0,59", "minutes", (0, 59)),
        ("BYSECOND=0,59", "seconds", (0, 59)),
    ],
)
def test_a_part_with_its_least_and_its_most(part: str, field: str, value: Any) -> None:
    expected: dict[str, Any] = {field: value}
    assert parse_rrule(f"FREQ=YEARLY;{part}") == parse_rrule(f"{part};FREQ=YEARLY") == replace(YEARLY, **expected)


def test_positions_choose_out_of_another_part() -> None:
    expected = replace(DAILY, hours=(1, 2), positions=(-366, -1, 1, 366))
    assert parse_rrule("FREQ=DAILY;BYHOUR=1,2;BYSETPOS=1,366,-1,-366") == expected


@pytest.mark.parametrize(
    ("part", "expected"),
    [
        ("INTERVAL=0", "INTERVAL from 1 to 9999"),
        ("INTERVAL=10000", "INTERVAL from 1 to 9999"),
        ("INTERVAL=-1", "INTERVAL from 1 to 9999"),
        ("COUNT=0", f"COUNT from 1 to {MAX_COUNT}"),
        ("COUNT=1001", f"COUNT from 1 to {MAX_COUNT}"),
        ("COUNT=1,2", "COUNT as one number"),
        ("BYMONTH=0", "BYMONTH from 1 to 12"),
        ("BYMONTH=13", "BYMONTH from 1 to 12"),
        ("BYMONTH=-1", "BYMONTH from 1 to 12"),
        ("BYMONTH=1,", "BYMONTH as whole numbers joined by commas"),
        ("BYMONTH=1,x", "BYMONTH as whole numbers joined by commas"),
        ("BYMONTH=1.0", "BYMONTH as whole numbers joined by commas"),
        ("BYMONTH=99999", "BYMONTH from 1 to 12"),
        ("BYMONTH=100000", "BYMONTH as whole numbers joined by commas"),
        ("COUNT=1=1", "COUNT as whole numbers joined by commas"),
        ("BYMONTH=x1", "BYMONTH as whole numbers joined by commas"),
        ("BYMONTHDAY=0", "BYMONTHDAY from 1 to 31, or from -31 to -1"),
        ("BYMONTHDAY=32", "BYMONTHDAY from 1 to 31, or from -31 to -1"),
        ("BYMONTHDAY=-32", "BYMONTHDAY from 1 to 31, or from -31 to -1"),
        ("BYYEARDAY=0", "BYYEARDAY from 1 to 366, or from -366 to -1"),
        ("BYYEARDAY=367", "BYYEARDAY from 1 to 366, or from -366 to -1"),
        ("BYYEARDAY=-367", "BYYEARDAY from 1 to 366, or from -366 to -1"),
        ("BYWEEKNO=0", "BYWEEKNO from 1 to 53, or from -53 to -1"),
        ("BYWEEKNO=54", "BYWEEKNO from 1 to 53, or from -53 to -1"),
        ("BYWEEKNO=-54", "BYWEEKNO from 1 to 53, or from -53 to -1"),
        ("BYHOUR=24", "BYHOUR from 0 to 23"),
        ("BYHOUR=-1", "BYHOUR from 0 to 23"),
        ("BYMINUTE=60", "BYMINUTE from 0 to 59"),
        ("BYMINUTE=-1", "BYMINUTE from 0 to 59"),
        ("BYSECOND=60", "BYSECOND from 0 to 59"),
        ("BYSECOND=-1", "BYSECOND from 0 to 59"),
        ("BYHOUR=1;BYSETPOS=0", "BYSETPOS from 1 to 366, or from -366 to -1"),
        ("BYHOUR=1;BYSETPOS=367", "BYSETPOS from 1 to 366, or from -366 to -1"),
        ("BYHOUR=1;BYSETPOS=-367", "BYSETPOS from 1 to 366, or from -366 to -1"),
        ("BYSETPOS=1", "BYSETPOS together with another BY part, out of whose days it chooses"),
        ("INTERVAL=2;BYSETPOS=1", "BYSETPOS together with another BY part, out of whose days it chooses"),
        ("UNTIL=20261231T230000", "UNTIL as a time in UTC, for example UNTIL=20261231T230000Z"),
        ("UNTIL=20261232T230000Z", "UNTIL as a time in UTC, for example UNTIL=20261231T230000Z"),
        ("UNTIL=20261231T230000ZZ", "UNTIL as a time in UTC, for example UNTIL=20261231T230000Z"),
        ("UNTIL=2026123T230000Z", "UNTIL as a time in UTC, for example UNTIL=20261231T230000Z"),
        ("COUNT=1;UNTIL=20261231T230000Z", "COUNT or UNTIL, not both"),
        ("WKST=XX", "WKST as one of MO, TU, WE, TH, FR, SA, SU"),
        ("BYDAY=0MO", "BYDAY as MO, TU, WE, TH, FR, SA, SU, each perhaps numbered as in 1MO or -1FR"),
        ("BYDAY=54MO", "BYDAY as MO, TU, WE, TH, FR, SA, SU, each perhaps numbered as in 1MO or -1FR"),
        ("BYDAY=-54MO", "BYDAY as MO, TU, WE, TH, FR, SA, SU, each perhaps numbered as in 1MO or -1FR"),
        ("BYDAY=MO,", "BYDAY as MO, TU, WE, TH, FR, SA, SU, each perhaps numbered as in 1MO or -1FR"),
        ("BYDAY=1MO;BYWEEKNO=1", "numbered days (as 1MO) with FREQ=MONTHLY, or YEARLY without BYWEEKNO, only"),
    ],
)
def test_what_is_refused_in_a_yearly_rule_and_what_is_expected_instead(part: str, expected: str) -> None:
    with pytest.raises(ValueError, match=re.escape(expected)) as caught:
        parse_rrule(f"FREQ=YEARLY;{part}")
    assert str(caught.value) == expected


@pytest.mark.parametrize(
    ("part", "taken"),
    [
        ("BYWEEKNO=1", {"YEARLY"}),
        ("BYYEARDAY=1", {"YEARLY"}),
        ("BYMONTHDAY=1", {"DAILY", "MONTHLY", "YEARLY"}),
        ("BYDAY=1MO", {"MONTHLY", "YEARLY"}),
        ("BYDAY=MO", {"DAILY", "WEEKLY", "MONTHLY", "YEARLY"}),
        ("BYDAY=MO,1TU", {"MONTHLY", "YEARLY"}),
        ("BYDAY=MO;BYWEEKNO=1", {"YEARLY"}),
    ],
)
def test_what_goes_with_which_frequency(part: str, taken: set[str]) -> None:
    for frequency in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
        if frequency in taken:
            assert parse_rrule(f"FREQ={frequency};{part}").frequency == frequency
        else:
            with pytest.raises(ValueError, match=" only"):
                parse_rrule(f"FREQ={frequency};{part}")


@pytest.mark.parametrize(
    "text", ["", ";", "FREQ", "FREQ=", "=DAILY", "FREQ=DAILY;", "FREQ=DAILY;X=1", "FREQ=DAILY;COUNT=", "X;FREQ=DAILY"]
)
def test_what_is_no_part(text: str) -> None:
    with pytest.raises(ValueError, match="parts NAME=VALUE joined by ;"):
        parse_rrule(text)


@pytest.mark.parametrize(
    ("parts", "refused"),
    [
        ("BYHOUR={24};BYMINUTE={2}", False),
        ("BYHOUR={24};BYSECOND={2}", False),
        ("BYMINUTE={48}", False),
        ("BYMINUTE={12};BYSECOND={4}", False),
        ("BYMINUTE={49}", True),
        ("BYSECOND={49}", True),
        ("BYHOUR={7};BYMINUTE={7}", True),
        ("BYHOUR={4};BYMINUTE={4};BYSECOND={4}", True),
        ("BYHOUR={24};BYSECOND={3}", True),
    ],
)
def test_no_more_than_so_many_times_a_day(parts: str, refused: bool) -> None:  # noqa: FBT001  a column of the table
    assert MAX_TIMES_A_DAY == 48
    for number in range(1, 60):
        parts = parts.replace(f"{{{number}}}", ",".join(map(str, range(number))))
    if refused:
        with pytest.raises(ValueError, match="at most 48 times a day"):
            parse_rrule(f"FREQ=DAILY;{parts}")
    else:
        assert parse_rrule(f"FREQ=DAILY;{parts}").frequency == "DAILY"
