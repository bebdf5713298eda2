"""What each event would have met: blocked, passed and why, counted as one deployment after the other would be."""

from collections import Counter
from typing import Any

import pytest

from org_gate.model.request import Target
from org_gate.policy.model import Policy
from org_gate.report.backtest import Steps
from org_gate.report.backtest_history import History
from org_gate.report.backtest_incidents import NOT_SHOWN, Incident, Synthetic, courses, incidents
from tests.unit.decision.builders import BLOCK_ALL, DEV, PROD, event, policy
from tests.unit.report.histories import SECOND, at, history

RDS = Target(PROD, "us-east-1", ("RDS",))
EVENT = event(start=at(5), last_updated=at(20))
CLOSED = event(start=at(5), last_updated=at(60), status="closed", end=at(60))


def tried(past: History, by: Policy = BLOCK_ALL, *targets: Target, end: int = 100) -> list[Incident]:
    asked = Synthetic(targets=targets or (RDS,), steps=Steps(at(0), 10 * SECOND), begin=at(0), end=at(end))
    return incidents(asked, past, by, dict(courses(asked, past, by)))


def test_first_block_length_and_what_nobody_could_know() -> None:
    (found,) = tried(history((20, EVENT), (60, CLOSED)))
    assert (found.first_block, found.last_block_ends, found.blocked_for) == (at(20), at(60), 40 * SECOND)
    assert (found.blocked, dict(found.passed), found.deployments) == (4, {NOT_SHOWN: 1}, 5)
    assert found.ends == at(60)


@pytest.mark.parametrize(
    ("by", "why"),
    [
        ({"mode": "shadow"}, "mode shadow: it would have been blocked in mode enforce"),
        ({"exempt": [{"accounts": [PROD]}]}, "the policy exempts it"),
        ({"rules": [{"name": "w", "verdict": "warn"}]}, "rule w says warn"),
        ({"rules": [{"name": "a", "verdict": "allow"}]}, "rule a says allow"),
        ({"rules": []}, "no rule speaks of it, and defaults.verdict is allow"),
        ({"rules": [], "defaults": {"verdict": "warn"}}, "defaults.verdict says warn"),
    ],
)
def test_why_it_was_let_through(by: dict[str, Any], why: str) -> None:
    rules = by.pop("rules", [{"name": "b", "verdict": "block"}])
    (found,) = tried(history((20, EVENT), (60, CLOSED)), policy(*rules, **by))
    assert (found.blocked, found.first_block, dict(found.passed)) == (0, None, {why: 4, NOT_SHOWN: 1})


def test_what_another_reason_blocked_is_told_apart() -> None:
    freeze = {"name": "night", "from": at(0).isoformat(), "to": at(40).isoformat()}
    (found,) = tried(history((20, EVENT), (60, CLOSED)), policy(freezes=[freeze]))
    assert (found.blocked, found.blocked_otherwise) == (0, 3)
    assert sum(found.passed.values()) == 2


def test_only_the_targets_that_it_concerns() -> None:
    elsewhere, other = Target(PROD, "eu-west-1", ()), Target(DEV, "us-east-1", ("RDS",))
    (found,) = tried(
        history((20, EVENT), (60, CLOSED)), BLOCK_ALL, elsewhere, RDS, other, Target(PROD, "us-east-1", ("EC2",))
    )
    assert found.targets == (RDS, other)
    assert (found.blocked, found.blocked_for) == (8, 40 * SECOND)
    (none,) = tried(history((20, EVENT), (60, CLOSED)), BLOCK_ALL, elsewhere)
    assert (none.targets, none.deployments) == ((), 0)


def test_one_that_nothing_ends_lasts_to_the_end() -> None:
    (found,) = tried(history((20, EVENT)))
    assert (found.event.over(), found.ends, found.last_block_ends) == (None, at(100), at(100))


def test_one_that_was_over_before_or_begins_after_is_left_out() -> None:
    assert tried(history((-50, event(start=at(-60))), (-10, event(status="closed")))) == []
    assert tried(history((200, event(start=at(190))))) == []


def test_those_that_affect_accounts_count_for_these() -> None:
    specific = event(start=at(5), scope="ACCOUNT_SPECIFIC", accounts=frozenset({DEV}), lists_accounts=True)
    (found,) = tried(history((20, specific)), BLOCK_ALL, RDS, Target(DEV, "us-east-1", ("RDS",)))
    assert [target.account for target in found.targets] == [DEV]
    assert Counter(found.passed) == {NOT_SHOWN: 1}
