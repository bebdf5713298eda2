"""S2, S3, S6, G6: pipelines of any shape, holds, and stages that are taken, seen in the lines that come out."""

from pathlib import Path
from typing import Any

import pytest

from org_gate.simulator.play import play
from tests.e2e.support import CENTRAL, ORDERS, Quiet, issue, played, scenario, update, world

HOLD = {"on_block": "hold"}


def action(name: str, category: str, provider: str, **more: Any) -> dict[str, Any]:
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, **more}


def gate(name: str = "HealthCheck", parameters: str | None = None, **more: Any) -> dict[str, Any]:
    given = {} if parameters is None else {"UserParameters": parameters}
    return action(name, "Invoke", "Lambda", configuration={"FunctionName": "org-gate", **given}, **more)


def stage(name: str, *actions: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": name, "actions": list(actions), **more}


SOURCE = stage("Source", action("Source", "Source", "CodeStarSourceConnection"))
DEPLOY = stage("Deploy", action("Deploy", "Deploy", "ECS"))


def orders(*stages: dict[str, Any], **pipeline: Any) -> list[dict[str, Any]]:
    """The pipeline ``orders``: with these stages, or with none of its own."""
    own = {"definition": {"stages": list(stages)}} if stages else {}
    return [{"name": "orders", "account": ORDERS, "region": "us-east-1", **own, **pipeline}]


def closed(at: str, **fields: Any) -> dict[str, Any]:
    return update(at, statusCode="closed", **fields)


def told(lines: list[Any]) -> list[tuple[str, str, int, str]]:
    """Minutes and seconds, trigger, number and result."""
    return [(line["at"][14:19], line["trigger"], line["attempt"], line["pipeline_result"]) for line in lines]


@pytest.mark.contract("S2")
def test_every_gate_of_a_definition_is_asked_and_all_else_succeeds_at_once(tmp_path: Path) -> None:
    build = stage("Build", action("Build", "Build", "CodeBuild"), gate("Before", runOrder=2))
    ship = stage("Ship", action("Ok", "Approval", "Manual"), gate("Left", runOrder=2), gate("Right", runOrder=2))
    pipelines = orders(SOURCE, stage("First", gate("Early")), build, ship, DEPLOY)
    lines, _ = played(tmp_path, scenario({"at": "1m", "run": "orders"}, pipelines=pipelines))
    assert told(lines) == [("01:00", "run", number, "succeeded") for number in (1, 2, 3, 4)]
    assert len({line["execution_id"] for line in lines}) == 1


@pytest.mark.contract("S2, G4")
def test_targets_come_out_of_the_definition_in_whatever_region_it_acts(tmp_path: Path) -> None:
    abroad = action("Abroad", "Deploy", "ECS", region="eu-west-1")
    pipelines = orders(SOURCE, stage("Gate", gate()), stage("Deploy", action("Home", "Deploy", "S3"), abroad))
    lines, _ = played(tmp_path, scenario(issue("5m"), {"at": "6m", "run": "orders"}, pipelines=pipelines))
    (line,) = lines
    assert [(target["region"], target["services"]) for target in line["targets"][:2]] == [
        ("eu-west-1", ["ECS"]),
        ("us-east-1", ["S3"]),
    ]
    assert line["verdict"] == "allow", "the event is RDS's"


@pytest.mark.contract("S2")
def test_user_parameters_go_to_the_gates_of_a_definition_or_stand_in_them(tmp_path: Path) -> None:
    beside = orders(SOURCE, stage("Gate", gate("A"), gate("B")), DEPLOY, user_parameters={"targets": ["eu"]})
    within = orders(SOURCE, stage("Gate", gate("A", '{"targets": ["eu"]}'), gate("B")), DEPLOY)
    for pipelines, failed in ((beside, 2), (within, 1)):
        lines, _ = played(tmp_path, scenario({"at": "1m", "run": "orders"}, pipelines=pipelines))
        assert sum("targets[0]" in line["message"] for line in lines) == failed


@pytest.mark.contract("S2")
def test_nothing_else_of_a_definition_is_acted_on(tmp_path: Path) -> None:
    kind = {"category": "Rule", "owner": "AWS", "provider": "LambdaInvoke", "version": "1"}
    rule = {"name": "Ask", "ruleTypeId": kind, "configuration": {"FunctionName": "org-gate"}}
    guarded = {**DEPLOY, "beforeEntry": {"conditions": [{"result": "FAIL", "rules": [rule]}]}}
    other = stage("Other", action("Other", "Invoke", "Lambda", configuration={"FunctionName": "smoke-test"}))
    pipelines = orders(SOURCE, other, guarded)
    pipelines[0]["definition"] |= {"pipelineType": "V2", "executionMode": "PARALLEL"}
    with world(tmp_path, scenario({"at": "1m", "run": "orders"}, pipelines=pipelines)) as opened:
        (ran,) = play(opened, Quiet())
        assert (opened.aws.recorder.lines, ran.refused) == ([], None)
        client = opened.sessions.client("codepipeline", ORDERS, "us-east-1")
        (execution,) = client.list_pipeline_executions(pipelineName="orders")["pipelineExecutionSummaries"]
    assert (execution["status"], execution["executionMode"]) == ("Succeeded", "SUPERSEDED")


@pytest.mark.contract("S2")
def test_a_retry_asks_the_gates_that_failed_of_the_latest_execution_s_stage(tmp_path: Path) -> None:
    """One execution failed at the second gate; a newer one fails at the first, and is the one retried."""
    europe = '{"targets": ["111122223333/eu-west-1"]}'
    pipelines = orders(SOURCE, stage("One", gate(parameters=europe)), stage("Two", gate("A"), gate("B")), DEPLOY)
    pipelines[0]["definition"]["stages"][2]["actions"][1]["configuration"]["UserParameters"] = europe
    timeline = [
        issue("5m", service="ECS"),
        {"at": "6m", "run": "orders"},
        {"at": "7m", "retry": "orders"},
        issue("8m", f"{issue('8m')['health']['event']['arn']}-2", region="eu-west-1"),
        {"at": "9m", "run": "orders"},
        {"at": "10m", "retry": "orders"},
    ]
    lines, quiet = played(tmp_path, scenario(*timeline, pipelines=pipelines, tail="0m"))
    assert quiet.refusals == []
    assert told(lines) == [
        ("06:00", "run", 1, "succeeded"),
        ("06:00", "run", 2, "failed"),
        ("06:00", "run", 3, "succeeded"),
        ("07:00", "retry", 4, "failed"),
        ("09:00", "run", 1, "failed"),
        ("10:00", "retry", 2, "failed"),
    ]


@pytest.mark.contract("G6, S3, S6")
def test_a_hold_is_told_where_it_begins_and_where_it_ends(tmp_path: Path) -> None:
    timeline = [issue("5m"), {"at": "370s", "run": "orders"}, closed("8m")]
    lines, _ = played(tmp_path, scenario(*timeline, pipelines=orders(user_parameters=HOLD)))
    assert told(lines) == [("06:10", "run", 1, "held"), ("08:10", "hold", 1, "succeeded")]
    assert [line["verdict"] for line in lines] == ["block", "allow"]


@pytest.mark.contract("G6, S3")
def test_a_hold_whose_time_is_over_fails_at_the_asking_that_finds_it_so(tmp_path: Path) -> None:
    timeline = [issue("5m"), {"at": "6m", "run": "orders"}]
    limited = orders(user_parameters={**HOLD, "hold_for": "100s"})
    lines, _ = played(tmp_path, scenario(*timeline, pipelines=limited, tail="5m"))
    assert told(lines)[:2] == [("06:00", "run", 1, "held"), ("08:00", "hold", 1, "failed")]
    assert {line["verdict"] for line in lines} == {"block"}


@pytest.mark.contract("S5, S6")
def test_what_is_held_at_the_end_writes_no_further_line(tmp_path: Path) -> None:
    timeline = [issue("5m"), {"at": "6m", "run": "orders"}]
    with world(tmp_path, scenario(*timeline, pipelines=orders(user_parameters=HOLD), tail="90s")) as opened:
        play(opened, Quiet())
        assert told(list(opened.aws.recorder.lines)) == [("06:00", "run", 1, "held")]
        assert (opened.clock.now() - opened.scenario.start).total_seconds() == 450, "the last instant is the tail's"


@pytest.mark.contract("S2, S3, S5")
def test_a_stop_ends_a_hold_without_a_line_before_it_would_be_asked_again(tmp_path: Path) -> None:
    timeline = [issue("5m"), {"at": "6m", "run": "orders"}, closed("390s"), {"at": "390s", "stop": "orders"}]
    with world(tmp_path, scenario(*timeline, pipelines=orders(user_parameters=HOLD))) as opened:
        play(opened, Quiet())
        assert told(list(opened.aws.recorder.lines)) == [("06:00", "run", 1, "held")]
        assert (opened.clock.now() - opened.scenario.start).total_seconds() == 390, "nothing is left to play"


@pytest.mark.contract("S3")
def test_a_held_stage_is_taken_a_newer_run_waits_and_a_still_newer_one_supersedes_it(tmp_path: Path) -> None:
    runs = [{"at": at, "run": "orders"} for at in ("6m", "7m", "8m")]
    timeline = [issue("5m"), *runs, closed("9m")]
    lines, quiet = played(tmp_path, scenario(*timeline, pipelines=orders(user_parameters=HOLD)))
    assert told(lines) == [
        ("06:00", "run", 1, "held"),
        ("09:00", "hold", 1, "succeeded"),
        ("09:00", "run", 1, "succeeded"),
    ]
    assert quiet.refusals == []
    assert lines[2]["execution_id"] != lines[1]["execution_id"]


@pytest.mark.contract("S2, S3")
def test_a_stop_acts_on_the_latest_execution_even_where_that_waits(tmp_path: Path) -> None:
    runs = [{"at": at, "run": "orders"} for at in ("6m", "7m")]
    timeline = [issue("5m"), *runs, {"at": "8m", "stop": "orders"}, closed("9m")]
    lines, _ = played(tmp_path, scenario(*timeline, pipelines=orders(user_parameters=HOLD)))
    assert told(lines) == [("06:00", "run", 1, "held"), ("09:00", "hold", 1, "succeeded")]


@pytest.mark.contract("S3, D10")
def test_a_held_action_is_asked_after_what_people_do_at_that_instant(tmp_path: Path) -> None:
    lifted = {"accounts": [ORDERS], "events": ["all"], "reason": "It mends this.", "for": "1h"}
    timeline = [
        issue("5m"),
        {"at": "6m", "run": "orders"},
        {"at": "7m", "run": "orders"},
        {"at": "7m", "override": lifted},
    ]
    lines, _ = played(tmp_path, scenario(*timeline, pipelines=orders(user_parameters=HOLD)))
    assert told(lines) == [
        ("06:00", "run", 1, "held"),
        ("07:00", "hold", 1, "succeeded"),
        ("07:00", "run", 1, "succeeded"),
    ], "the run finds the stage taken; it enters when the hold ends, in the same instant"


@pytest.mark.contract("S2")
def test_a_stage_with_a_gate_that_holds_and_one_that_fails_ends_when_the_hold_does(tmp_path: Path) -> None:
    pipelines = orders(
        SOURCE,
        stage("Gate", gate("A", '{"on_block": "hold"}'), gate("B")),
        stage("Go", action("Go", "Build", "CodeBuild")),
    )
    timeline = [issue("5m"), {"at": "6m", "run": "orders"}, closed("7m"), {"at": "450s", "retry": "orders"}]
    lines, quiet = played(tmp_path, scenario(*timeline, pipelines=pipelines))
    assert told(lines) == [
        ("06:00", "run", 1, "held"),
        ("06:00", "run", 2, "failed"),
        ("07:00", "hold", 1, "succeeded"),
        ("07:30", "retry", 3, "succeeded"),
    ]
    assert quiet.refusals == []


@pytest.mark.contract("G6, S4")
def test_a_hold_outlasts_a_short_silence_of_codepipeline(tmp_path: Path) -> None:
    """The gate cannot answer; Lambda invokes it again a minute later."""
    fault = {"service": "codepipeline", "kind": "throttle", "for": "40s"}
    timeline = [issue("5m"), {"at": "6m", "run": "orders"}, {"at": "6m", "fault": {**fault, "account": ORDERS}}]
    timeline[2]["at"] = "385s"
    lines, _ = played(tmp_path, scenario(*timeline, closed("7m"), pipelines=orders(user_parameters=HOLD)))
    assert told(lines) == [("06:00", "run", 1, "held"), ("07:30", "hold", 1, "succeeded")]


@pytest.mark.contract("S3")
def test_what_a_run_states_is_the_verdict_with_which_it_is_held_or_its_own_when_its_turn_comes(tmp_path: Path) -> None:
    runs = [{"at": at, "run": "orders", "expect": verdict} for at, verdict in (("6m", "block"), ("7m", "allow"))]
    data = scenario(issue("5m"), *runs, closed("8m"), pipelines=orders(user_parameters=HOLD))
    with world(tmp_path, data) as opened:
        first, second = play(opened, Quiet())
    assert (first.as_stated, first.waits) == (True, False)
    assert (second.as_stated, second.waits) == (True, True)
    assert first.line is not None
    assert (first.line["pipeline_result"], first.execution_id) == ("held", first.line["execution_id"])


@pytest.mark.contract("S5")
@pytest.mark.parametrize(("fault", "minutes"), [(None, 15), ({"service": "central", "kind": "slow"}, 20)])
def test_a_scenario_ends_when_nothing_waits_and_with_its_tail_where_nobody_can_tell(
    tmp_path: Path, fault: dict[str, Any] | None, minutes: int
) -> None:
    broken = [] if fault is None else [{"at": "10m", "fault": {**fault, "account": CENTRAL}}]
    timeline = [issue("5m"), {"at": "6m", "run": "orders"}, closed("10m"), *broken]
    with world(tmp_path, scenario(*timeline, pipelines=orders(), tail="10m")) as opened:
        play(opened, Quiet())
        assert told(list(opened.aws.recorder.lines))[1:] == [("15:00", "resume", 2, "succeeded")]
        assert (opened.clock.now() - opened.scenario.start).total_seconds() == minutes * 60
