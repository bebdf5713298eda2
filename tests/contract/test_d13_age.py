"""D13, the central part: how old what is known is, and what the policy makes of it."""

from datetime import timedelta

import pytest

from tests.unit.decision.builders import NOW, decided, event, policy

pytestmark = pytest.mark.contract("D13")


@pytest.mark.parametrize(
    ("seconds", "age", "stale"), [(0, 0, False), (600, 600, False), (601, 601, True), (-5, 0, False)]
)
def test_d13_stale_is_older_than_max_age(seconds: int, age: int, stale: bool) -> None:  # noqa: FBT001  a table's column
    mark = decided("/us-east-1", (), as_of=NOW - timedelta(seconds=seconds)).knowledge
    assert (mark.age_seconds, mark.stale) == (age, stale)


def test_d13_never_polled_is_stale() -> None:
    mark = decided("/us-east-1", (), policy(defaults={"max_age": "1d"}), as_of=None).knowledge
    assert (mark.as_of, mark.age_seconds, mark.stale) == (None, None, True)


def test_d13_max_age_is_the_policys() -> None:
    as_of = NOW - timedelta(minutes=2)
    assert decided("/us-east-1", (), policy(defaults={"max_age": "1m"}), as_of=as_of).knowledge.stale
    assert not decided("/us-east-1", (), policy(defaults={"max_age": "2m"}), as_of=as_of).knowledge.stale


@pytest.mark.parametrize("on_stale", ["block", "warn"])
def test_d13_on_stale_adds_one_reason_for_all_targets(on_stale: str) -> None:
    decision = decided("/us-east-1", (), policy(defaults={"on_stale": on_stale}), as_of=None)
    (reason,) = decision.reasons
    assert (reason.kind, reason.verdict, reason.target, reason.rule, reason.event) == (
        "stale",
        on_stale,
        None,
        None,
        None,
    )
    assert decision.verdict == on_stale


@pytest.mark.parametrize("on_stale", ["allow", "local"])
def test_d13_allow_and_local_add_nothing_but_the_mark(on_stale: str) -> None:
    decision = decided("/us-east-1", (), policy(defaults={"on_stale": on_stale}), as_of=None)
    assert (decision.verdict, decision.reasons) == ("allow", ())
    assert (decision.knowledge.stale, decision.knowledge.on_stale) == (True, on_stale)
    assert "never read completely" in decision.summary


def test_d13_what_is_at_hand_still_counts() -> None:
    decision = decided("/us-east-1", event(), policy({}, defaults={"on_stale": "warn"}), as_of=None)
    assert [(reason.kind, reason.verdict) for reason in decision.reasons] == [("event", "block"), ("stale", "warn")]
    assert decision.verdict == "block"


def test_d13_staleness_counts_by_the_mode() -> None:
    decision = decided("/us-east-1", (), policy(mode="warn", defaults={"on_stale": "block"}), as_of=None)
    assert (decision.verdict, decision.would_be) == ("warn", "block")


def test_d14_the_mark_carries_on_unknown() -> None:
    assert decided("/us-east-1", (), policy(defaults={"on_unknown": "warn"})).knowledge.on_unknown == "warn"


def test_d13_the_mark_and_the_reason_say_since_when_and_what_the_policy_makes_of_it() -> None:
    as_of = NOW - timedelta(hours=1)
    decision = decided("/us-east-1", (), policy(defaults={"on_stale": "warn"}), as_of=as_of)
    assert decision.knowledge.as_of == as_of
    (reason,) = decision.reasons
    assert "is 1 h old, and at most 10 min counts as fresh. The policy's on_stale says warn." in reason.explanation
