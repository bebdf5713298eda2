"""G2: UserParameters, and what is said where they cannot be used."""

import json

import pytest

from org_gate.member import gate
from tests.unit.member.support import ACCOUNT, OTHER, World, decision, job_event, settings

EU = {"account": ACCOUNT, "region": "eu-west-1", "services": [], "availability_zones": []}

WRONG = [
    ("{", "line 1, column 2"),
    ('{"targets": [],\n "on_block" "fail"}', "line 2, column 13"),
    ("[]", "not a JSON object"),
    ('"text"', "not a JSON object"),
    ("[" * 1000, "UserParameters"),
    ('{"stage": "a", "stage": "b"}', "written twice"),
    ({"target": ["a"]}, "target: unknown field (did you mean targets?)"),
    ({"zzz": 1}, "known are targets, on_block"),
    ({"targets": []}, "targets: [] is not a list of 1 to 100"),
    ({"targets": "111122223333/eu-west-1"}, "targets: "),
    ({"targets": None}, "targets: null"),
    ({"targets": [7]}, "targets: [7]"),
    ({"targets": ["eu-west-1"]}, 'targets[0].account: "eu-west-1"'),
    ({"targets": ["/eu-west-1", "/nowhere"]}, 'targets[1].region: "nowhere"'),
    ({"targets": ["1111/eu-west-1"]}, 'targets[0].account: "1111" is not 12 digits'),
    ({"targets": ["/eu-west-1/ECS+"]}, "targets[0].services"),
    ({"targets": ["/eu-west-1/ECS/az/more"]}, "targets[0].availability_zones"),
    ({"targets": [{"account": 111122223333, "region": "eu-west-1"}]}, "targets[0].account: 111122223333 is not 12"),
    ({"targets": [{"account": ACCOUNT}]}, "targets[0].region: null"),
    ({"targets": [{"region": "eu-west-1", "service": ["ECS"]}]}, "targets[0].service: unknown field (did you mean ser"),
    ({"targets": [{"region": "eu-west-1", "services": "ECS"}]}, 'targets[0].services: "ECS" is not a list'),
    ({"targets": ["/eu-west-1\n"]}, "targets[0].region"),
    ({"on_block": "wait"}, 'on_block: "wait" is neither "fail" nor "hold"'),
    ({"on_block": 1}, "on_block: 1"),
    ({"on_block": "hold", "hold_for": "24h"}, 'hold_for: "24h" is not a duration such as 90m or 3h, of at most 23h'),
    ({"hold_for": "0h"}, "hold_for"),
    ({"hold_for": 3}, "hold_for: 3"),
    ({"hold_for": "3 h"}, "hold_for"),
    ({"hold_for": "9" * 500 + "h"}, "hold_for"),
    ({"pipeline": 7}, "pipeline: 7 is not a text"),
    ({"stage": ""}, 'stage: ""'),
    ({"execution_id": None}, "execution_id: null"),
    ({"stage": "s" * 1000}, "at most 1000 characters"),
]


@pytest.mark.contract("G2")
@pytest.mark.parametrize("mode", ["enforce", "shadow"])
@pytest.mark.parametrize(("parameters", "said"), WRONG)
def test_what_cannot_be_used_fails_the_job_in_every_mode(parameters: object, said: str, mode: str) -> None:
    world = World(settings=settings(mode=mode, on_unknown="allow"))
    line = world.run(parameters)
    result, params = world.answer
    assert (result, params["failureDetails"]["type"]) == ("failure", "ConfigurationError")
    assert said in params["failureDetails"]["message"]
    assert (line["verdict"], line["would_be"], line["decision_id"], line["mode"]) == (None, None, None, mode)
    assert line.keys() == decision().keys()
    assert world.asked == []


def test_all_problems_are_named_at_once() -> None:
    world = World()
    world.run({"stge": "x", "pipeline": 1, "on_block": "holt"})
    message = world.answer[1]["failureDetails"]["message"]
    assert all(part in message for part in ("stge: unknown field (did you mean stage?)", "pipeline: 1", "holt"))


def test_parameters_that_are_no_text_fail() -> None:
    event = job_event()
    event["CodePipeline.job"]["data"]["actionConfiguration"]["configuration"]["UserParameters"] = {"targets": []}
    world = World()
    gate.run(event, world.parts())
    assert world.answer[1]["failureDetails"]["type"] == "ConfigurationError"


@pytest.mark.contract("G2")
@pytest.mark.parametrize(
    ("given", "asked"),
    [
        ("/eu-west-1", EU),
        (f"{ACCOUNT}/eu-west-1", EU),
        ({"region": "eu-west-1"}, EU),
        (f"{OTHER}/global/ecs+RDS", {**EU, "account": OTHER, "region": "global", "services": ["ECS", "RDS"]}),
        ("/eu-west-1//euw1-az1", {**EU, "availability_zones": ["euw1-az1"]}),
        ({"region": "eu-west-1", "services": ["RDS"]}, {**EU, "services": ["RDS"]}),
    ],
)
def test_targets_in_both_forms_are_asked_in_full(given: object, asked: object) -> None:
    world = World()
    world.run({"targets": [given], "on_block": "fail"})
    (_, question), *_ = world.asked
    assert question["targets"] == [asked]


@pytest.mark.contract("G2")
@pytest.mark.parametrize("nothing", [None, "", "{}", " {} "])
def test_without_targets_the_own_account_and_region_are_asked_and_that_is_said(nothing: str | None) -> None:
    world = World()
    world.run(nothing)
    (_, question), *_ = world.asked
    assert question["targets"] == [gate.target(ACCOUNT, "us-east-1")]
    assert "No targets are given" in world.answer[1]["executionDetails"]["summary"]


def test_more_than_one_hundred_targets_are_refused() -> None:
    places = {"targets": ["/a"] * 101}
    assert len(json.dumps(places, separators=(",", ":"))) < 1000
    world = World()
    world.run(json.dumps(places, separators=(",", ":")))
    assert "1 to 100" in world.answer[1]["failureDetails"]["message"]
