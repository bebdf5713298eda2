"""Reading scenarios: all that is wrong is told at once, at its place; what is right comes out with its defaults."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from org_gate.policy.document import DocumentError
from org_gate.rollout.files import shipped
from org_gate.simulator.scenario import Scenario, read_scenario
from org_gate.simulator.scenario.checks import health_update
from tests.e2e.support import CENTRAL, ISSUE, ORDERS, issue, scenario, update


def read(folder: Path, data: Any) -> Scenario:
    file = folder / "scenario.yaml"
    file.write_text(data if isinstance(data, str) else yaml.safe_dump(data, sort_keys=False), encoding="utf-8")
    return read_scenario(file, shipped("config/policy.yaml"))


def problems(folder: Path, data: Any) -> str:
    with pytest.raises(DocumentError) as caught:
        read(folder, data)
    return str(caught.value)


def override(**fields: Any) -> dict[str, Any]:
    return {"at": "5m", "override": {"accounts": [ORDERS], "events": ["all"], "reason": "x", "for": "1h", **fields}}


def test_defaults(tmp_path: Path) -> None:
    found = read(tmp_path, {k: v for k, v in scenario().items() if k not in {"gate_ous", "pipelines", "timeline"}})
    assert found.organization.management == "100000000001"
    assert found.tail == timedelta(hours=1)
    assert (found.gate_ous, found.pipelines, found.timeline) == (None, [], [])
    assert isinstance(found.policy, dict)
    assert [rule["name"] for rule in found.policy["rules"]] == ["drills", "open-issues"]


def test_a_policy_may_be_a_file_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("version: 1\nmode: warn\n", encoding="utf-8")
    found = read(tmp_path, scenario({"at": "1m", "policy": "own.yaml"}, policy="own.yaml"))
    assert isinstance(found.policy, dict)
    assert found.policy["mode"] == "warn"
    assert found.timeline[0].policy == found.policy


def test_problems_of_a_policy_file_name_that_file(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("version: 1\nmoed: warn\n", encoding="utf-8")
    told = problems(tmp_path, scenario(policy="own.yaml"))
    assert f"{tmp_path}/own.yaml:2:1: moed" in told
    assert "did you mean mode?" in told


def test_times_are_absolute_or_from_the_start(tmp_path: Path) -> None:
    data = scenario(issue("5m", startTime="+4m", endTime="2026-03-02T14:00:00+01:00"))
    found = read(tmp_path, data)
    assert found.timeline[0].health is not None
    event = health_update(found, found.timeline[0].health).event
    assert event["startTime"] == datetime(2026, 3, 2, 12, 4, tzinfo=UTC)
    assert event["endTime"] == datetime(2026, 3, 2, 13, 0, tzinfo=UTC)
    assert "lastUpdatedTime" not in event, "what is not named stays as it was"


def test_entries_of_one_instant_stay_in_file_order(tmp_path: Path) -> None:
    runs = [{"at": "3m", "run": "orders"}, {"at": "1m", "run": "payments"}, {"at": "60s", "run": "orders"}]
    found = read(tmp_path, scenario(*runs))
    assert [(entry.at.total_seconds(), entry.run) for entry in found.entries()] == [
        (60, "payments"),
        (60, "orders"),
        (180, "orders"),
    ]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"start": "2026-03-02T12:00:00"}, "start: found '2026-03-02T12:00:00'; expected a time with an offset"),
        ({"central": {"account": "123456789012", "region": "eu-west-1"}}, "central.account"),
        ({"central": {"account": CENTRAL, "region": "mars"}}, "central.region"),
        ({"gate_ous": ["Nowhere"]}, "gate_ous[0]: found Nowhere; expected one of the OUs"),
        ({"central": {"account": CENTRAL, "region": "eu-wst-1"}}, "such as eu-west-1"),
        ({"gate_regions": []}, "gate_regions"),
        ({"gate_regions": ["us-east-1", "xx-mars-1"]}, "gate_regions[1]: found 'xx-mars-1'; expected a Region"),
        ({"gate_ous": []}, "gate_ous"),
        ({"start": "0001-01-01T00:00:00Z"}, "start: found '0001-01-01T00:00:00Z'; expected a time between"),
        ({"start": "9999-12-31T23:59:00Z"}, "start"),
        ({"tail": "soon"}, "tail"),
        ({"pipelines": [{"name": "x", "account": "123456789012", "region": "us-east-1"}]}, "pipelines[0].account"),
        ({"pipelines": [{"name": "x", "account": 111122223333, "region": "us-east-1"}]}, "in quotes"),
        ({"pipelines": [{"name": "x", "account": ORDERS, "region": "us-east-1"}] * 2}, "pipelines[1].name"),
        ({"timelin": []}, "did you mean timeline?"),
        ({"organization": {"ous": {"A": 3}, "accounts": [{"id": ORDERS, "name": "x"}]}}, "organization.ous"),
        (
            {"organization": {"accounts": [{"id": ORDERS, "name": "x", "ou": "B"}, {"id": ORDERS, "name": "y"}]}},
            "organization.accounts[1].id",
        ),
    ],
)
def test_what_does_not_fit_is_told_at_its_place(tmp_path: Path, change: dict[str, Any], says: str) -> None:
    assert says in problems(tmp_path, {**scenario(), **change})


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ({"at": "5 minutes", "run": "orders"}, "timeline[0].at"),
        ({"at": "5m"}, "exactly one of health, deliver"),
        ({"at": "5m", "run": "orders", "retry": "orders"}, "found run, retry"),
        ({"at": "5m", "account": ORDERS, "fault": {"service": "sts", "kind": "down"}}, "account only with run"),
        ({"at": "5m", "stop": "orders", "expect": "block"}, "expect only with run or retry"),
        ({"at": "5m", "fault": {"service": "ec2", "kind": "down"}}, "timeline[0].fault.service"),
        ({"at": "5m", "fault": {"service": "sts", "kind": "explode"}}, "timeline[0].fault.kind"),
        ({"at": "5m", "fault": {"service": "sts", "kind": "down", "for": "0m"}}, "timeline[0].fault.for"),
        ({"at": "5m", "run": "order"}, "there is no pipeline 'order'"),
        ({"at": "5m", "run": "orders", "account": "123456789012"}, "in account 123456789012"),
        (override(events=[]), "timeline[0].override.events: found an empty list; expected at least one entry"),
        (override(events=["everything"]), "expected 'all', the ARN of an event, or freeze: and the name of a freeze"),
        (
            override(accounts=[111122223333]),
            "timeline[0].override.accounts[0]: found 111122223333; expected an account",
        ),
        (override(pipelines="orders"), "timeline[0].override.pipelines: found 'orders'; expected a list"),
        (override(reason=""), "timeline[0].override.reason"),
        (override(ticket=7), "timeline[0].override.ticket: found 7; expected text (in quotes"),
        (override(**{"for": "soon"}), "timeline[0].override.for: found 'soon'; expected a duration"),
        (override(until="1h"), "timeline[0].override.until: found an unknown field"),
        ({"at": "5m", "override": {"reason": "x", "for": "1h"}}, "timeline[0].override.events: found nothing"),
        ({"at": "5m", "override": {"events": ["all"], "for": "1h"}}, "timeline[0].override.reason: found nothing"),
        ({"at": "5m", "override": {"events": ["all"], "reason": "x"}}, "timeline[0].override.for: found nothing"),
        ({**override(), "account": ORDERS}, "account only with run"),
        ({**override(), "run": "orders"}, "found override, run"),
        (update("5m", statusCode="closed"), "timeline[0].health"),
        (issue("5m", startTime="5m"), "timeline[0].health.event.startTime"),
        (issue("5m", staus="open"), "did you mean statusCode?"),
        ({"at": "5m", "deliver": {"arn": ISSUE}}, "timeline[0].deliver"),
    ],
)
def test_a_wrong_entry_is_told_at_its_place(tmp_path: Path, entry: dict[str, Any], says: str) -> None:
    assert says in problems(tmp_path, scenario(entry))


def test_what_only_the_api_can_judge_of_an_override_is_left_to_it(tmp_path: Path) -> None:
    of_nobody = {"at": "5m", "override": {"events": [ISSUE, "freeze:x"], "reason": "x", "for": "30d"}}
    found = read(tmp_path, scenario(of_nobody, override(ticket="CHG-1"))).timeline
    assert [entry.override and entry.override.accounts for entry in found] == [[], [ORDERS]]


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    told = problems(tmp_path, {**scenario({"at": "x", "run": "orders"}), "tail": "y", "start": "z"})
    assert [line.split(": ")[1] for line in told.splitlines()] == ["start", "timeline[0].at", "tail"]


@pytest.mark.contract("S2")
def test_a_pipeline_name_that_is_not_unique_wants_the_account(tmp_path: Path) -> None:
    twins = [{"name": "x", "account": account, "region": "us-east-1"} for account in (ORDERS, CENTRAL)]
    told = problems(tmp_path, scenario({"at": "1m", "run": "x"}, pipelines=twins))
    assert "say which by account" in told
    assert read(tmp_path, scenario({"at": "1m", "run": "x", "account": ORDERS}, pipelines=twins)).timeline


def test_the_shortest_and_the_longest_user_parameters(tmp_path: Path) -> None:
    def with_parameters(parameters: Any) -> dict[str, Any]:
        pipeline = {"name": "x", "account": ORDERS, "region": "us-east-1", "user_parameters": parameters}
        return scenario(pipelines=[pipeline])

    assert read(tmp_path, with_parameters("")).pipelines[0].user_parameters is None, "CodePipeline has no empty ones"
    assert read(tmp_path, with_parameters({})).pipelines[0].user_parameters == {}
    assert read(tmp_path, with_parameters("x" * 1000)).pipelines
    told = problems(tmp_path, with_parameters({"targets": [f"{ORDERS}/us-east-1"] * 500}))
    assert "pipelines[0].user_parameters: found UserParameters of 13013 characters; expected at most 1000" in told


def stage(name: str, *actions: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "actions": list(actions)}


def action(name: str, category: str, provider: str, **more: Any) -> dict[str, Any]:
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, **more}


def gate(name: str, **more: Any) -> dict[str, Any]:
    configuration = {"FunctionName": "org-gate", **more.pop("configuration", {})}
    return action(name, "Invoke", "Lambda", configuration=configuration, **more)


SOURCE = stage("Source", action("Source", "Source", "S3"))
DEPLOY = stage("Deploy", action("Deploy", "Deploy", "ECS"))


def with_definition(definition: Any, **pipeline: Any) -> dict[str, Any]:
    named = {"name": "x", "account": ORDERS, "region": "us-east-1", "definition": definition}
    return scenario(pipelines=[{**named, **pipeline}])


@pytest.mark.contract("S2")
def test_a_definition_may_be_of_any_shape_that_codepipeline_takes(tmp_path: Path) -> None:
    approval = action("Ok", "Approval", "Manual", runOrder=1)
    abroad = action("Ship", "Deploy", "ECS", runOrder=3, region="eu-west-1", roleArn=f"arn:aws:iam::{CENTRAL}:role/x")
    failing = {"conditions": [{"result": "FAIL", "rules": []}]}
    definition = {
        "pipelineType": "V2",
        "executionMode": "QUEUED",
        "triggers": [],
        "stages": [
            SOURCE,
            {**stage("One", approval, gate("A", runOrder=2), gate("B", runOrder=2), abroad), "beforeEntry": failing},
            stage("Two", gate("A")),
            stage("Build", action("Build", "Build", "CodeBuild")),
        ],
    }
    definition["stages"][1]["beforeEntry"]["conditions"][0]["rules"] = [  # type: ignore[index]
        {"name": "r", "ruleTypeId": {"category": "Rule", "owner": "AWS", "provider": "LambdaInvoke", "version": "1"}}
    ]
    told = read(tmp_path, with_definition(definition, user_parameters={"on_block": "hold"})).pipelines[0].declaration
    assert (told["name"], told["roleArn"], told["pipelineType"]) == ("x", f"arn:aws:iam::{ORDERS}:role/pipeline", "V2")
    assert told["executionMode"] == "SUPERSEDED", "nothing else of a definition is acted on"
    assert set(told["artifactStores"]) == {"us-east-1", "eu-west-1"}
    gates = [each for each in told["stages"][1]["actions"] + told["stages"][2]["actions"] if each["name"] in "AB"]
    assert [each["configuration"]["UserParameters"] for each in gates] == ['{"on_block": "hold"}'] * 3
    assert "UserParameters" not in str(definition), "the scenario's own data stay as they are"


@pytest.mark.contract("S2")
@pytest.mark.parametrize(
    ("definition", "place", "says"),
    [
        ({}, "", 'Missing required parameter in pipeline: "stages"'),
        ({"stages": []}, ".stages", "minimum of 2 stages"),
        ({"stages": [SOURCE]}, ".stages", "minimum of 2 stages"),
        ({"stages": "all"}, ".stages", "Invalid type"),
        (
            {"stages": [SOURCE, {"name": "x"}]},
            ".stages[1]",
            'Missing required parameter in pipeline.stages[1]: "actions"',
        ),
        ({"stages": [SOURCE, 7]}, ".stages[1]", "Invalid type"),
        ({"stages": [SOURCE, stage("Two")]}, ".stages[1].actions", "has no actions"),
        ({"stages": [DEPLOY, SOURCE]}, ".stages[0].actions[0].actionTypeId.category", "the first stage has Source"),
        ({"stages": [SOURCE, DEPLOY, DEPLOY]}, ".stages[2].name", "more than one stage named 'Deploy'"),
        ({"stages": [SOURCE, stage("Two", gate("A"), gate("A"))]}, ".stages[1].actions[1].name", "named 'A'"),
        ({"stages": [SOURCE, {**DEPLOY, "name": "De ploy"}]}, ".stages[1].name", "regular expression"),
        ({"stages": [SOURCE, stage("Two", gate("A", runOrder=0))]}, ".stages[1].actions[0].runOrder", "min value: 1"),
        ({"stages": [SOURCE, stage("Two", gate("A", order=1))]}, ".stages[1].actions[0]", "Unknown parameter"),
        (
            {"stages": [SOURCE, stage("Two", action("A", "Invoke", "Lambda"))]},
            ".stages[1].actions[0].configuration",
            "missing required key 'FunctionName'",
        ),
        ({"name": "y", "stages": [SOURCE, DEPLOY]}, ".name", "the name that the scenario gives this pipeline, x"),
        (
            {"stages": [SOURCE, stage("Two", gate("A", configuration={"UserParameters": "x" * 1001}))]},
            ".stages[1].actions[0].configuration.UserParameters",
            "at most 1000",
        ),
    ],
)
def test_what_codepipeline_would_not_create_is_told_at_its_place(
    tmp_path: Path, definition: Any, place: str, says: str
) -> None:
    told = problems(tmp_path, with_definition(definition))
    assert f": pipelines[0].definition{place}: found" in told
    assert says in told


def test_a_name_that_codepipeline_would_not_take_needs_no_definition(tmp_path: Path) -> None:
    assert "pipelines[0].name" in problems(tmp_path, with_definition(None, name="or ders"))


@pytest.mark.parametrize(
    ("gates", "says"),
    [
        ([gate("A"), gate("B", configuration={"UserParameters": "{}"})], "found both; expected user_parameters in one"),
        ([action("A", "Deploy", "ECS")], "expected a gate in the definition to take them"),
    ],
)
def test_user_parameters_stand_in_one_place_and_are_a_gates(tmp_path: Path, gates: Any, says: str) -> None:
    definition = {"stages": [SOURCE, stage("Gate", *gates)]}
    told = problems(tmp_path, with_definition(definition, user_parameters={"on_block": "fail"}))
    assert "pipelines[0].user_parameters: found" in told
    assert says in told
    assert read(tmp_path, with_definition(definition)).pipelines
