"""D8 and P5: freezes, fixed and recurring: which are in force, for whom, and what they say."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from org_gate.model.decision import Decision, decision_json
from org_gate.model.request import Pipeline
from tests.unit.decision.builders import DEV, NOW, PROD, STRANGER, decided, event, policy, request

SECOND = timedelta(seconds=1)
PEAK = {"name": "peak", "from": "2026-03-01T00:00:00Z", "to": "2026-03-03T00:00:00Z"}
FRIDAY = {
    "name": "friday-evening",
    "from": "2026-01-02T16:00:00+01:00",
    "rrule": "FREQ=WEEKLY;BYDAY=FR",
    "duration": "8h",
    "timezone": "Europe/Berlin",
    "verdict": "warn",
}


def under(*freezes: dict[str, Any], at: datetime = NOW, asks: Any = "/us-east-1", **fields: Any) -> Decision:
    return decided(asks, (), policy(freezes=freezes, **fields), now=at, as_of=at)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.contract("D8")
def test_d8_a_freeze_blocks_unless_it_says_warn_and_tells_its_window() -> None:
    body = decision_json(under(PEAK), "d-1")
    (reason,) = body["reasons"]
    assert (body["verdict"], body["would_be"]) == ("block", "block")
    assert (reason["kind"], reason["verdict"], reason["rule"], reason["target"], reason["event"]) == (
        *("freeze", "block", None, 0, None),
    )
    assert reason["freeze"] == {"name": "peak", "from": "2026-03-01T00:00:00Z", "to": "2026-03-03T00:00:00Z"}
    assert reason["explanation"] == (
        "Freeze peak is in force from 2026-03-01T00:00:00Z until 2026-03-03T00:00:00Z. "
        "It is for 111122223333/us-east-1 and says block."
    )
    assert body["summary"] == "Blocked: freeze peak from 2026-03-01T00:00:00Z until 2026-03-03T00:00:00Z."
    assert under({**PEAK, "verdict": "warn"}).verdict == "warn"


@pytest.mark.contract("D8")
def test_d8_a_fixed_window_is_half_open_to_the_second() -> None:
    begin, end = at("2026-03-01T00:00:00"), at("2026-03-03T00:00:00")
    verdicts = [under(PEAK, at=moment).verdict for moment in (begin - SECOND, begin, end - SECOND, end)]
    assert verdicts == ["allow", "block", "block", "allow"]


@pytest.mark.contract("P5")
@pytest.mark.parametrize(
    ("begins", "lasts_until"),
    [
        ("2026-01-02T15:00:00", "2026-01-02T23:00:00"),
        ("2026-03-27T15:00:00", "2026-03-27T23:00:00"),
        ("2026-04-03T14:00:00", "2026-04-03T22:00:00"),  # summer time in Berlin
        ("2026-10-23T14:00:00", "2026-10-23T22:00:00"),
        ("2026-10-30T15:00:00", "2026-10-30T23:00:00"),
    ],
)
def test_p5_a_recurring_window_is_in_local_time_and_half_open(begins: str, lasts_until: str) -> None:
    begin, end = at(begins), at(lasts_until)
    verdicts = [under(FRIDAY, at=moment).verdict for moment in (begin - SECOND, begin, end - SECOND, end)]
    assert verdicts == ["allow", "warn", "warn", "allow"]
    freeze = under(FRIDAY, at=begin).reasons[0].freeze
    assert freeze is not None
    assert (freeze.start, freeze.end) == (begin, end)


@pytest.mark.contract("P5")
def test_p5_the_duration_is_elapsed_time_across_a_change_of_the_clock() -> None:
    night = {**FRIDAY, "from": "2026-03-01T22:00:00+01:00", "rrule": "FREQ=DAILY"}
    assert under(night, at=at("2026-03-29T04:59:59")).verdict == "warn"  # 06:59:59 where it began at 22:00
    assert under(night, at=at("2026-03-29T05:00:00")).verdict == "allow"


@pytest.mark.contract("P5")
def test_p5_none_begins_before_from_or_at_or_after_to_and_the_last_ends_in_its_own_time() -> None:
    daily = {"name": "d", "from": "2026-03-01T10:00:00Z", "rrule": "FREQ=DAILY", "duration": "2h"}
    assert under(daily, at=at("2026-02-28T11:00:00")).verdict == "allow"
    ends = {**daily, "to": "2026-03-02T10:00:00Z"}
    assert under(ends, at=at("2026-03-01T11:00:00")).verdict == "block"
    assert under(ends, at=at("2026-03-02T10:00:00")).verdict == "allow"
    late = {**daily, "to": "2026-03-02T10:00:01Z"}
    assert under(late, at=at("2026-03-02T11:59:59")).verdict == "block"
    assert under(late, at=at("2026-03-02T12:00:00")).verdict == "allow"
    assert under(late, at=at("2026-03-03T10:00:00")).verdict == "allow"


@pytest.mark.contract("D8")
@pytest.mark.parametrize(
    ("filters", "asks", "expected"),
    [
        ({"targets": {"ous": ["Workloads/Prod/**"]}}, f"{PROD}/us-east-1", "block"),
        ({"targets": {"ous": ["Workloads/Prod/**"]}}, f"{DEV}/us-east-1", "allow"),
        ({"targets": {"ous": ["Workloads/Prod/**"]}}, f"{STRANGER}/us-east-1", "block"),
        ({"targets": {"services": ["RDS"]}}, f"{PROD}/us-east-1", "block"),
        ({"targets": {"services": ["RDS"]}}, f"{PROD}/us-east-1/S3", "allow"),
        ({"except": {"accounts": [PROD]}}, f"{PROD}/us-east-1", "allow"),
        ({"except": {"accounts": [PROD]}}, f"{DEV}/us-east-1", "block"),
        ({"except": {"ous": ["**"]}}, f"{STRANGER}/us-east-1", "block"),
        ({"except": {"pipelines": ["*-hotfix"]}}, f"{PROD}/us-east-1", "block"),
    ],
)
def test_d8_for_whom_it_is_and_not_known_counts_as_in_force(filters: dict[str, Any], asks: str, expected: str) -> None:
    decision = under({**PEAK, **filters}, asks=asks)
    assert decision.verdict == expected
    if expected == "block" and STRANGER in asks:
        assert f"account {STRANGER} is not in the organization tree" in decision.reasons[0].explanation


@pytest.mark.contract("D8")
def test_d8_an_excepted_pipeline_goes_on() -> None:
    freeze = {**PEAK, "except": {"pipelines": ["*-hotfix"]}}
    assert under(freeze, asks=request("/us-east-1", pipeline=Pipeline(name="orders-hotfix"))).verdict == "allow"
    assert under(freeze, asks=request("/us-east-1", pipeline=Pipeline(name="orders"))).verdict == "block"


@pytest.mark.contract("D15")
def test_d15_freezes_stand_after_events_by_target_and_name() -> None:
    freezes = [{**PEAK, "name": name} for name in ("z", "a")] + [{**PEAK, "name": "mild", "verdict": "warn"}]
    decision = decided(request("/us-east-1", "/eu-west-1"), event(), policy({}, freezes=freezes))
    assert [(r.verdict, r.kind, r.target, r.freeze and r.freeze.name) for r in decision.reasons] == [
        ("block", "event", 0, None),
        ("block", "freeze", 0, "a"),
        ("block", "freeze", 0, "z"),
        ("block", "freeze", 1, "a"),
        ("block", "freeze", 1, "z"),
        ("warn", "freeze", 0, "mild"),
        ("warn", "freeze", 1, "mild"),
    ]


@pytest.mark.contract("D8")
def test_d8_the_pipelines_own_ground_is_frozen_too_and_the_mode_counts() -> None:
    freeze = {**PEAK, "targets": {"regions": ["eu-west-1"]}}
    asks = request("/us-east-1", pipeline=Pipeline(name="orders", region="eu-west-1"))
    assert [reason.target for reason in under(freeze, asks=asks).reasons] == [1]
    shadow = under(freeze, asks=asks, mode="shadow")
    assert (shadow.verdict, shadow.would_be) == ("warn", "block")
