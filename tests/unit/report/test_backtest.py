"""A backtest decides once for each moment at which something may change; that is as good as deciding at every step."""

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from org_gate.model.event import Event
from org_gate.model.request import Target
from org_gate.policy.load import policy_from_data
from org_gate.policy.model import Policy
from org_gate.report.backtest import Course, Span, Steps, blocked, spans
from org_gate.report.backtest_compare import changes, counts, differences
from org_gate.report.backtest_history import History
from org_gate.report.backtest_incidents import request_to
from tests.unit.decision.builders import BLOCK_ALL, PROD, event, policy
from tests.unit.report.histories import SECOND, at, history, step_by_step, verdicts

WINDOW = 90
TARGET = Target(PROD, "us-east-1", ("RDS",))

seconds = st.integers(-60, WINDOW + 60)
durations = st.integers(1, 70).map(lambda number: f"{number}s")


@st.composite
def events(draw: st.DrawFn) -> tuple[int, Event]:
    """A version of one of a few events: in the Region, in another, global; open, closed, ended before or after."""
    since = draw(seconds)
    return since, event(
        arn=f"arn:aws:health:us-east-1::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/{draw(st.integers(1, 3))}",
        region=draw(st.sampled_from(["us-east-1", "us-east-1", "eu-west-1", "global"])),
        service=draw(st.sampled_from(["RDS", "EC2", "IAM", "MULTIPLE_SERVICES", None])),
        category=draw(st.sampled_from(["issue", "scheduledChange", None])),
        status=draw(st.sampled_from(["open", "open", "upcoming", "closed", None])),
        start=draw(st.none() | seconds.map(at)),
        end=draw(st.none() | st.none() | seconds.map(at)),
        last_updated=at(since),
    )


@st.composite
def rules(draw: st.DrawFn) -> dict[str, Any]:
    match: dict[str, Any] = {
        name: draw(durations)
        for name in ("starts_within", "open_for_at_least", "updated_within")
        if draw(st.booleans())
    }
    if draw(st.booleans()):
        match["statuses"] = [draw(st.sampled_from(["open", "upcoming"]))]
    return {"match": match, "verdict": draw(st.sampled_from(["allow", "warn", "block"]))}


@st.composite
def freezes(draw: st.DrawFn) -> dict[str, Any]:
    begin = draw(seconds)
    verdict = draw(st.sampled_from(["warn", "block"]))
    if draw(st.booleans()):
        return {
            "from": at(begin).isoformat(),
            "to": at(begin + draw(st.integers(1, 90))).isoformat(),
            "verdict": verdict,
        }
    told = {
        "from": "2020-01-01T00:00:00+01:00",
        "timezone": "Europe/Berlin",
        "rrule": draw(
            st.sampled_from(
                [
                    "FREQ=DAILY;BYHOUR=13;BYMINUTE=0,1;BYSECOND=5,30",
                    "FREQ=WEEKLY;BYDAY=MO;BYHOUR=13;BYMINUTE=0;BYSECOND=20",
                    "FREQ=DAILY;BYHOUR=12;BYMINUTE=59;BYSECOND=50",
                ]
            )
        ),
        "duration": draw(durations),
        "verdict": verdict,
    }
    return told | ({"to": at(begin).isoformat()} if draw(st.booleans()) else {})


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    held = [{"name": f"f{index}", **one} for index, one in enumerate(draw(st.lists(freezes(), max_size=2)))]
    return policy(
        *draw(st.lists(rules(), min_size=1, max_size=3)),
        freezes=held,
        mode=draw(st.sampled_from(["enforce", "enforce", "shadow"])),
        defaults={"verdict": draw(st.sampled_from(["allow", "warn"]))},
    )


pasts = st.lists(events(), max_size=6).map(lambda found: history(*found))
quick = settings(
    max_examples=60, deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)


def course(target: Target, past: History, tried: Policy) -> list[Span]:
    return list(spans(request_to(target), past, tried, at(0), at(WINDOW)))


@pytest.mark.parametrize(
    ("match", "letters"),
    [
        ({"starts_within": "10s"}, "aaaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbb"),
        ({"open_for_at_least": "5s"}, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaabbbbb"),
        ({"updated_within": "12s"}, "aaaaabbbbbbbbbbbbaaaaaaaaaaaaaaaaaaaaaaa"),
        ({}, "aaaaabbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
    ],
)
def test_conditions_about_time_turn_at_their_second(match: dict[str, Any], letters: str) -> None:
    """Shown and last updated at 5, started at 30, ended at 38: over from then on."""
    past = history((5, event(start=at(30), last_updated=at(5), end=at(38))))
    found = list(spans(request_to(TARGET), past, policy({"match": match}), at(0), at(40)))
    told = "".join(span.outcome.verdict.value[0] * _length(span) for span in found)
    assert told == letters[:38] + "aa"
    assert told == verdicts(step_by_step(request_to(TARGET), past, policy({"match": match}), at(0), at(40)))


@given(past=pasts, tried=policies())
@quick
def test_it_equals_deciding_at_every_second(past: History, tried: Policy) -> None:
    found = course(TARGET, past, tried)
    naive = step_by_step(request_to(TARGET), past, tried, at(0), at(WINDOW))
    told = [(span.begin + index * SECOND, span.outcome) for span in found for index in range(_length(span))]
    assert told == naive
    assert all(one.outcome != other.outcome for one, other in pairwise(found))


@given(past=pasts, before=policies(), after=policies(), every=st.integers(1, 25))
@quick
def test_counts_and_differences_are_those_of_the_single_deployments(
    past: History, before: Policy, after: Policy, every: int
) -> None:
    steps = Steps(at(0), every * SECOND)
    found = [{TARGET: course(TARGET, past, tried)} for tried in (before, after)]
    naive = [
        verdicts(step_by_step(request_to(TARGET), past, tried, at(0), at(WINDOW), every=every * SECOND))
        for tried in (before, after)
    ]
    for one, letters in zip(found, naive, strict=True):
        assert {verdict.value[0]: number for verdict, number in counts(one.values(), steps).items()} == {
            letter: letters.count(letter) for letter in "awb"
        }
    turned = [pair for pair in zip(*naive, strict=True) if pair[0] != pair[1]]
    told = changes(differences(found[0], found[1], steps))
    assert sum(told.values()) == len(turned)
    assert {(one.value[0], other.value[0]): number for (one, other), number in told.items()} == {
        pair: turned.count(pair) for pair in turned
    }


@given(past=pasts)
@quick
def test_an_event_is_over_from_then_on(past: History) -> None:
    for one in past.events:
        ends = [max(version.since, version.event.end or version.since) for version in one.versions]
        last = max(ends) + 2 * SECOND
        over = one.over()
        states = {
            moment: one.at(moment) is not None and not _live(one.at(moment), moment)
            for moment in (at(index) for index in range(-61, WINDOW + 130))
            if moment < last
        }
        late = sorted(moment for moment, is_over in states.items() if not is_over)
        if over is None:
            assert late[-1] == max(states)
        else:
            assert late[-1] == over - SECOND


def _live(found: Event | None, moment: Any) -> bool:
    return found is not None and found.status != "closed" and (found.end is None or found.end > moment)


def _length(span: Span) -> int:
    return int((span.end - span.begin).total_seconds())


@pytest.mark.parametrize(
    ("begin", "end", "number"), [(0, 60, 4), (1, 60, 3), (0, 61, 5), (15, 16, 1), (16, 30, 0), (-40, 1, 1), (30, 30, 0)]
)
def test_steps_are_counted_half_open(begin: int, end: int, number: int) -> None:
    assert Steps(at(0), 15 * SECOND).within(at(begin), at(end)) == number


def test_what_is_blocked_is_free_when_it_ends() -> None:
    past = history((10, event()), (50, event(status="closed")))
    held = Course(spans(request_to(TARGET), past, BLOCK_ALL, at(20), at(90)))
    asked = [at(30), at(20), at(49), at(50), at(60), at(20)]
    assert [held.free_at(moment) for moment in asked] == [at(50), at(50), at(50), at(50), at(60), at(50)]
    assert Course(spans(request_to(TARGET), past, BLOCK_ALL, at(20), at(50))).free_at(at(20)) is None
    assert [(span.begin, span.end) for span in blocked(course(TARGET, past, BLOCK_ALL))] == [(at(10), at(50))]


def test_freezes_over_years_are_found_stretch_by_stretch() -> None:
    frozen = policy(
        freezes=[
            {
                "name": "weekend",
                "from": "2019-01-05T00:00:00+01:00",
                "rrule": "FREQ=WEEKLY;BYDAY=SA",
                "duration": "2d",
                "timezone": "Europe/Berlin",
            }
        ]
    )
    found = blocked(spans(request_to(TARGET), history(), frozen, at(0), at(0) + timedelta(days=3 * 364)))
    assert len(found) == 3 * 52
    assert {span.end - span.begin for span in found} == {timedelta(days=2)}


def test_a_duration_that_leads_beyond_the_calendar_never_comes() -> None:
    early = event(start=at(0).replace(year=1))
    tried = policy_from_data(
        {
            "version": 1,
            "rules": [
                {"name": "never", "match": {"starts_within": "30000d", "open_for_at_least": "1d"}, "verdict": "block"}
            ],
        }
    )
    assert verdicts(step_by_step(request_to(TARGET), history((0, early)), tried, at(0), at(2))) == "bb"
    assert [span.outcome.verdict.value for span in course(TARGET, history((0, early)), tried)] == ["block"]


@pytest.mark.parametrize(
    ("versions", "over"),
    [
        ([(0, {}), (10, {"status": "closed"}), (20, {"status": "closed"})], 10),
        ([(0, {}), (10, {"status": "closed"}), (20, {})], None),
        ([(0, {"end": at(5)}), (10, {"status": "closed"})], 5),
        ([(0, {"end": at(15)}), (10, {}), (20, {"status": "closed"})], 20),
        ([(0, {"vanished": True})], 0),
        ([(0, {})], None),
    ],
)
def test_the_moment_from_which_an_event_stays_over(versions: list[tuple[int, Any]], over: int | None) -> None:
    (found,) = history(*((since, event(**fields)) for since, fields in versions)).events
    assert found.over() == (None if over is None else at(over))
