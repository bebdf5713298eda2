"""Drills and declared events in a decision: they count as any event does, and say what they are."""

from datetime import timedelta
from typing import Any

import pytest

from org_gate.model.decision import Decision, decision_json
from tests.unit.decision.builders import DEV, NOW, PROD, STRANGER, decided, event, policy, request, synthetic

SHIPPED = policy(
    {"name": "drills", "match": {"drill": True}},
    {"name": "open-issues", "match": {"categories": ["issue", "investigation"], "statuses": ["open"]}},
)


def during(asks: Any = "/us-east-1", *, seconds: int = 0, **made: Any) -> Decision:
    return decided(asks, synthetic(**made), SHIPPED, now=NOW + timedelta(seconds=seconds))


def test_a_drill_blocks_and_each_text_says_that_it_is_one() -> None:
    decision = during()
    body = decision_json(decision, "d-1")
    (reason,) = body["reasons"]
    assert (body["verdict"], reason["rule"], reason["event"]["drill"]) == ("block", "drills", True)
    assert body["summary"] == (
        "Blocked: DRILL: MULTIPLE_SERVICES in global: issue, open since 2026-03-02T11:55:00Z until "
        "2026-03-02T12:25:00Z (rule drills)."
    )
    assert reason["explanation"].startswith(
        "DRILL: MULTIPLE_SERVICES in global: issue, open since 2026-03-02T11:55:00Z until 2026-03-02T12:25:00Z. It was "
        "made up by the platform team, to prove that the gate works; nothing is wrong. It concerns"
    )


def test_a_declared_event_says_that_aws_health_has_not_posted_it() -> None:
    decision = during(kind="declared", services=("RDS",), regions=("us-east-1",))
    (reason,) = decision.reasons
    text = "declared by the platform team (AWS Health has not posted it)"
    assert (decision.verdict, reason.rule) == ("block", "open-issues")
    assert text in decision.summary
    assert text in reason.explanation
    for words in (decision.summary, reason.explanation):
        assert "DRILL" not in words
        assert words.count("AWS Health") == 1


def test_what_aws_health_posts_says_neither() -> None:
    decision = decided("/us-east-1", event(), SHIPPED)
    for words in (decision.summary, decision.reasons[0].explanation):
        assert "DRILL" not in words
        assert "platform team" not in words


@pytest.mark.parametrize("kind", ["drill", "declared"])
@pytest.mark.parametrize(("seconds", "expected"), [(25 * 60 - 1, "block"), (25 * 60, "allow")])
def test_it_ends_by_itself(kind: str, seconds: int, expected: str) -> None:
    assert during(kind=kind, seconds=seconds).verdict == expected


@pytest.mark.parametrize("stopped", [-1, 0])
def test_it_ends_where_it_was_stopped(stopped: int) -> None:
    assert during(stopped_at=NOW + timedelta(seconds=stopped)).verdict == "allow"


def test_one_of_some_accounts_concerns_those_alone() -> None:
    asks = request(f"{PROD}/us-east-1", f"{DEV}/us-east-1", f"{STRANGER}/us-east-1")
    concerned = during(asks, public=False, accounts=(PROD, STRANGER))
    assert [reason.target for reason in concerned.reasons] == [0, 2]
    assert during(asks, public=False).reasons == ()


def test_it_counts_in_its_regions_and_for_its_services() -> None:
    asks = request("/us-east-1/RDS", "/us-east-1/S3", "/eu-west-1/RDS", "/eu-west-1")
    assert [reason.target for reason in during(asks, regions=("us-east-1",)).reasons] == [0, 1]
    assert [reason.target for reason in during(asks, services=("RDS",)).reasons] == [0, 2, 3]
    assert [reason.target for reason in during(asks, services=("RDS", "S3"), regions=("us-east-1",)).reasons] == [0, 1]
