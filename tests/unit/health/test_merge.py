"""D3 as a property: whatever order and however often readings come, one record comes out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from org_gate.health.merge import merge, missed_at
from org_gate.health.reading import Reading, Source
from org_gate.model.event import EventKey
from org_gate.model.record import EventRecord, Value

KEY = EventKey("arn:aws:health:us-east-1::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/A_1", "us-east-1")
STEADY = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def api(updated: float, read: float, step: int = 0, **values: Value) -> Reading:
    return Reading(
        key=KEY,
        source=Source.API,
        last_updated=at(updated),
        read_at=at(read),
        step=step,
        values={"end": None, **values},
    )


def notified(updated: float, **values: Value) -> Reading:
    return Reading(
        key=KEY,
        source=Source.NOTIFICATION,
        last_updated=at(updated),
        read_at=at(updated),
        values={"end": None, **values},
    )


_ENDS = st.sampled_from([None, "2026-03-02T12:30:00Z", "2026-03-02T13:00:00Z"])
_STATUSES = st.sampled_from(["open", "closed", "upcoming", "paused"])
_FIELDS = st.fixed_dictionaries(
    {"end": _ENDS},
    optional={
        "status": _STATUSES,
        "scope": st.sampled_from(["PUBLIC", "ACCOUNT_SPECIFIC"]),
        "availability_zone": st.sampled_from([None, "use1-az4"]),
        "personas": st.sampled_from([("OPERATIONS",), ("BILLING", "OPERATIONS")]),
    },
)
_READINGS = st.lists(
    st.builds(
        Reading,
        key=st.just(KEY),
        source=st.sampled_from(Source),
        last_updated=st.integers(0, 2).map(at),
        read_at=st.integers(2, 4).map(at),
        step=st.integers(0, 1),
        values=_FIELDS,
    ),
    min_size=1,
    max_size=6,
)


@STEADY
@given(readings=_READINGS, data=st.data())
def test_any_order_and_any_duplication_give_the_same_record(readings: list[Reading], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(readings))
    again = data.draw(st.lists(st.sampled_from(readings), max_size=4))
    assert merge(None, readings) == merge(None, [*again, *shuffled, *again])


@STEADY
@given(readings=_READINGS)
def test_merging_in_two_goes_is_merging_at_once(readings: list[Reading]) -> None:
    half = len(readings) // 2
    first = merge(None, readings[:half]) if half else None
    assert merge(first, readings[half:]) == merge(None, readings)


def test_the_newest_update_wins_and_an_older_one_changes_nothing() -> None:
    newer = merge(None, [api(10, 11, status="closed")])
    assert merge(newer, [api(5, 12, status="open"), notified(9, status="open")]).text("status") == "closed"


def test_on_a_tie_the_api_beats_a_notification_and_the_later_reading_an_earlier() -> None:
    readings = [api(5, 6, status="closed"), notified(5, status="open"), api(5, 7, status="upcoming")]
    for order in permutations(readings):
        assert merge(None, order).text("status") == "upcoming"


def test_on_a_tie_of_notifications_the_more_open_status_wins_with_all_it_carries() -> None:
    closed = notified(5, status="closed", end="2026-03-02T12:05:00Z")
    for order in permutations([closed, notified(5, status="open"), notified(5, status="upcoming")]):
        record = merge(None, order)
        assert (record.text("status"), record.text("end")) == ("open", None)


def test_what_a_source_cannot_carry_it_leaves_as_it_was() -> None:
    record = merge(None, [api(5, 6, step=1, availability_zone="use1-az4", status="open"), notified(9, status="open")])
    assert record.text("availability_zone") == "use1-az4"
    assert record.text("last_updated") == "2026-03-02T12:09:00Z"


def test_an_end_that_is_not_there_any_more_is_no_end() -> None:
    ended = merge(None, [api(5, 6, status="open", end="2026-03-02T12:05:00Z")])
    assert ended.over(at(10))
    assert not merge(ended, [notified(8, status="open")]).over(at(10))


def _missed(record: EventRecord, *minutes: float) -> EventRecord:
    for minute in minutes:
        record = missed_at(record, at(minute))
    return record


def test_two_full_readings_without_it_end_it_and_one_does_not() -> None:
    record = merge(None, [api(1, 2, status="open")])
    assert not _missed(record, 5).over(at(60))
    assert not _missed(record, 5, 5).over(at(60))
    assert _missed(record, 5, 10).over(at(60))


def test_a_full_reading_begun_before_its_last_update_does_not_count() -> None:
    record = merge(None, [notified(7, status="open")])
    assert not _missed(record, 5, 7, 10).over(at(60))
    assert _missed(record, 5, 7, 10, 15).over(at(60))


def test_a_newer_sign_of_it_brings_it_back() -> None:
    gone = _missed(merge(None, [api(1, 2, status="open")]), 5, 10)
    assert not merge(gone, [api(1, 11, status="open")]).over(at(60))
    assert not merge(gone, [notified(11, status="open")]).over(at(60))
    assert merge(gone, [notified(4, status="open")]).over(at(60))


def test_an_update_dated_far_ahead_does_not_keep_it_open_for_ever() -> None:
    ahead = merge(None, [api(600, 2, status="open")])
    assert not _missed(ahead, 5).over(at(60))
    assert _missed(ahead, 5, 10).over(at(60))
    told_before = replace(notified(600, status="open"), read_at=at(4))
    assert merge(_missed(ahead, 5, 10), [told_before]).over(at(60))
    slightly = merge(None, [api(9, 2, status="open")])
    assert not _missed(slightly, 5, 10).over(at(60)), "as far as clocks may differ the date counts"
