"""D13 as the gate does it: what AWS Health says in its own account where central is stale or silent."""

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from tests.unit.member.support import (
    ACCOUNT,
    CENTRAL,
    OTHER,
    World,
    aim,
    decision,
    event_json,
    fault,
    issue,
    reason,
    reply,
    settings,
)

MULTIPLE = issue("arn:aws:health:us-east-1::event/M/M/1", service="MULTIPLE_SERVICES")
SPECIFIC = issue("arn:aws:health:us-east-1::event/E/E/1", service="EC2", eventScopeCode="ACCOUNT_SPECIFIC")


def alone(*issues: Any, **changes: Any) -> World:
    """No central URL answers."""
    return World(central={CENTRAL: [reply({}, 429)]}, health=[list(issues)], settings=settings(**changes))


def stale(*issues: Any, **changes: Any) -> World:
    """Central answers, with old knowledge."""
    return World(central={CENTRAL: [reply(decision(**{"stale": True, **changes}))]}, health=[list(issues)])


@pytest.mark.contract("D13")
def test_nothing_found_allows_with_local_knowledge() -> None:
    world = alone()
    line = world.run({"targets": ["/us-east-1"]})
    assert (line["verdict"], line["would_be"], line["mode"]) == ("allow", "allow", "enforce")
    assert (line["decision_id"], line["policy_version"]) == (None, None)
    assert line["knowledge"]["source"] == "local"
    assert line["evaluated_at"] == "2026-03-02T12:30:00Z"
    assert line.keys() == decision().keys()
    assert line["targets"][0].keys() == decision()["targets"][0].keys()
    assert "central in eu-west-1: answered 429" in line["summary"]
    result, params = world.answer
    assert result == "success"
    assert "externalExecutionId" not in params["executionDetails"]
    assert params["outputVariables"]["decisionId"] == "none"


@pytest.mark.contract("D13")
def test_an_open_issue_blocks_by_rule_local() -> None:
    world = alone(issue())
    line = world.run({"targets": ["/us-east-1"]})
    (found,) = line["reasons"]
    assert (line["verdict"], line["decision_id"]) == ("block", None)
    assert (found["kind"], found["verdict"], found["rule"], found["target"]) == ("event", "block", "local", 0)
    assert found["event"] == event_json(last_updated=None)
    assert found.keys() == reason().keys()
    message = world.answer[1]["failureDetails"]["message"]
    assert "rule local" in message
    assert "No central decision" in message


CONCERNS = [
    ("/us-east-1", issue(), True),
    ("/eu-west-1", issue(), False),
    ("/eu-west-1", issue(region="global"), True),
    ("/global", issue(region="global"), True),
    ("/global", issue(), False),
    ("/us-east-1/rds+ECS", issue(), True),
    ("/us-east-1/ECS", issue(), False),
    ("/us-east-1/ECS", MULTIPLE, True),
    ("/us-east-1/MULTIPLE_SERVICES", issue(), True),
    ("/us-east-1/ECS", issue(service="ecs"), True),
    ("/us-east-1/ECS", issue(service=None), True),
    ("/us-east-1", SPECIFIC, True),
    ("/us-east-1", issue(endTime=datetime(2026, 3, 2, 12, 30, tzinfo=UTC)), False),
    ("/us-east-1", issue(endTime=datetime(2026, 3, 2, 12, 30, 0, 900_000, tzinfo=UTC)), False),
    ("/us-east-1", issue(endTime=datetime(2026, 3, 2, 12, 30, 1, tzinfo=UTC)), True),
    ("/us-east-1", issue(statusCode="closed"), False),
]


@pytest.mark.contract("D13")
@pytest.mark.parametrize(("target", "event", "concerned"), CONCERNS)
def test_which_issues_count(target: str, event: Any, concerned: bool) -> None:  # noqa: FBT001  a table of cases
    assert alone(event).run({"targets": [target]})["verdict"] == ("block" if concerned else "allow")


@pytest.mark.contract("D13")
def test_another_account_sees_public_events_only_and_gets_a_hint() -> None:
    line = alone(SPECIFIC).run({"targets": [f"{OTHER}/us-east-1"]})
    assert [(each["kind"], each["verdict"], each["target"]) for each in line["reasons"]] == [("hint", "warn", 0)]
    assert line["verdict"] == "warn"
    line = alone(issue()).run({"targets": [f"{OTHER}/us-east-1"]})
    assert [each["kind"] for each in line["reasons"]] == ["event", "hint"]
    assert line["verdict"] == "block"


@pytest.mark.contract("D2")
def test_the_pipelines_own_ground_is_decided_last() -> None:
    world = alone(issue(service="CODEPIPELINE"), platform_services=("CODEPIPELINE", "STS"))
    line = world.run({"targets": ["/eu-west-1", "/eu-central-1"]})
    assert line["targets"][2] == aim(ACCOUNT, "us-east-1", "CODEPIPELINE", "STS")
    assert [each["target"] for each in line["reasons"]] == [2]


@pytest.mark.contract("D14")
@pytest.mark.parametrize("mode", ["warn", "shadow"])
def test_local_reasons_warn_at_most_where_the_account_is_watched(mode: str) -> None:
    line = alone(issue(), mode=mode).run()
    assert (line["verdict"], line["would_be"], line["mode"]) == ("warn", "block", mode)
    assert line["reasons"][0]["verdict"] == "block"


@pytest.mark.contract("D13")
def test_a_stale_decision_gets_what_is_found_here() -> None:
    given = decision(stale=True)
    world = stale(issue())
    line = world.run()
    assert (line["verdict"], line["would_be"], line["decision_id"]) == ("block", "block", "d-1")
    assert line["knowledge"] == given["knowledge"]
    assert line["policy_version"] == 7
    assert "central's knowledge is 25 min old" in line["summary"]
    assert world.answer[1]["failureDetails"]["externalExecutionId"] == "d-1"


@pytest.mark.contract("D13")
def test_a_stale_decision_is_asked_here_only_where_the_policy_says_local() -> None:
    mark = {**decision(stale=True)["knowledge"], "on_stale": "warn"}
    world = stale(issue(), knowledge=mark)
    assert world.run()["verdict"] == "allow"
    assert world.health_asked == []


@pytest.mark.contract("D13")
def test_what_central_blocks_already_gets_no_local_reason() -> None:
    targets = [aim(), aim(), aim()]
    reasons = [reason(), reason(verdict="warn", target=1)]
    line = stale(issue(), verdict="block", targets=targets, reasons=reasons).run()
    assert [(each["rule"], each["target"]) for each in line["reasons"]] == [
        ("open-issues", 0),
        ("local", 1),
        ("local", 2),
        ("open-issues", 1),
    ]


@pytest.mark.contract("D13")
def test_local_reasons_count_by_the_targets_mode_and_override() -> None:
    line = stale(issue(), mode="shadow", targets=[aim(mode="shadow")]).run()
    assert (line["verdict"], line["would_be"]) == ("warn", "block")
    line = stale(issue(), targets=[aim(overridden=True)]).run()
    assert (line["verdict"], line["would_be"]) == ("warn", "warn")
    line = stale(issue(), targets=[aim(overridden=True), aim()]).run()
    assert (line["verdict"], line["would_be"]) == ("block", "block")


@pytest.mark.contract("D11")
def test_an_exempt_deployment_stays_allowed() -> None:
    line = stale(issue(), exempt=True).run()
    assert (line["verdict"], line["would_be"], len(line["reasons"])) == ("allow", "allow", 1)


@pytest.mark.contract("D16")
def test_what_is_found_here_never_lowers_a_verdict() -> None:
    stricter = stale(verdict="block", reasons=[reason("stale", target=None)]).run()
    assert stricter["verdict"] == "block"


@pytest.mark.contract("D15")
def test_reasons_stand_in_order_and_one_hundred_of_them() -> None:
    found = [issue(f"arn:aws:health:us-east-1::event/RDS/A/{number:03}") for number in range(120, 0, -1)]
    central = [reason("hint", "warn", target=0), reason("event", "allow", rule="fine")]
    line = stale(*found, reasons=central, reasons_omitted=3).run()
    arns = [each["event"]["arn"] for each in line["reasons"]]
    assert (len(arns), arns) == (100, sorted(arns))
    assert line["reasons_omitted"] == 3 + 22


@pytest.mark.contract("D17")
def test_now_is_the_decisions_own_where_there_is_one() -> None:
    ended = issue(endTime=datetime(2026, 3, 2, 12, 0, tzinfo=UTC))
    assert stale(ended, evaluated_at="2026-03-02T11:59:59Z").run()["verdict"] == "block"
    assert stale(ended, evaluated_at="2026-03-02T12:00:00Z").run()["verdict"] == "allow"


def test_all_pages_are_read_and_each_issue_once() -> None:
    pages: list[Any] = [{"events": [issue()], "nextToken": "t"}, {"events": [issue(), MULTIPLE]}]
    world = World(central={CENTRAL: [reply({}, 429)]}, health=pages)
    assert len(world.run()["reasons"]) == 2
    assert [params.get("nextToken") for _, params in world.health_asked] == [None, "t"]
    criteria = {"eventStatusCodes": ["open"], "eventTypeCategories": ["issue"]}
    assert all((params["filter"], params["maxResults"]) == (criteria, 100) for _, params in world.health_asked)


def test_pages_without_an_end_are_given_up() -> None:
    endless: list[Any] = [{"events": [], "nextToken": "t"}]
    world = World(central={CENTRAL: [reply({}, 429)]}, health=endless)
    line = world.run()
    assert (line["verdict"], line["reasons"][0]["kind"]) == ("block", "unknown")
    assert "pages of open issues" in line["summary"]
    assert len(world.health_asked) == 20


@pytest.mark.parametrize(
    ("name", "region", "asked"),
    [
        ("health.us-east-2.amazonaws.com", "eu-west-1", ["us-east-2"] * 2),
        ("health.us-east-1.amazonaws.com", "eu-west-1", ["us-east-1"] * 2),
        (OSError("no such name"), "eu-west-1", ["us-east-1"] * 2 + ["us-east-2"] * 2),
        (TimeoutError(), "eu-west-1", ["us-east-1"] * 2 + ["us-east-2"] * 2),
        ("elsewhere.example.com", "eu-west-1", ["us-east-1"] * 2 + ["us-east-2"] * 2),
        (OSError(), "us-gov-east-1", ["us-gov-west-1"] * 2),
    ],
)
def test_health_is_asked_where_it_is_active(name: Any, region: str, asked: list[str]) -> None:
    world = World(
        central={CENTRAL: [reply({}, 429)]},
        settings=settings(region=region),
        name=name,
        health=[EndpointConnectionError(endpoint_url="https://x")],
    )
    world.run()
    assert [region for region, _ in world.health_asked] == asked


@pytest.mark.parametrize("passing", [fault("ThrottlingException"), fault("X", 503), fault("InvalidPaginationToken")])
def test_a_passing_fault_is_tried_again(passing: Exception) -> None:
    world = World(central={CENTRAL: [reply({}, 429)]}, health=[passing, [issue()]])
    assert world.run()["reasons"][0]["rule"] == "local"
    assert len(world.health_asked) == 2
