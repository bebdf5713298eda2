"""G1, W3: the gate as a rule of a stage condition. AWS documents neither what it sends nor how it wants the answer."""

import json
from typing import Any

import pytest

from org_gate.member import gate
from tests.contract.test_g4_targets import DETAILS, action, gate_action, stages
from tests.unit.member.support import ACCOUNT, CENTRAL, World, decision, job_event, reason, reply

pytestmark = [
    pytest.mark.contract("W3"),
    pytest.mark.aws_unverified("the payload and the answer of a LambdaInvoke rule"),
]

BLOCK = reply(decision("block", reasons=[reason()]))
ALLOW = reply(decision())
RULE = {**DETAILS, "action": {"name": "TheRule"}}


def world(told: gate.Reply, **given: Any) -> World:
    return World(**{"central": {CENTRAL: [told]}, "details": RULE, "category": "Rule", **given})


def test_with_a_job_a_block_is_answered_and_raised() -> None:
    blocked = world(BLOCK)
    with pytest.raises(gate.ConditionFailedError, match="Override the condition"):
        blocked.run({"targets": ["/us-east-1"]})
    assert blocked.answer[0] == "failure"


def test_with_a_job_what_may_go_on_is_answered_and_returned() -> None:
    allowed = world(ALLOW)
    assert allowed.run({"targets": ["/us-east-1"]})["verdict"] == "allow"
    assert allowed.answer[0] == "success"


def test_hold_acts_as_fail() -> None:
    blocked = world(BLOCK)
    with pytest.raises(gate.ConditionFailedError):
        blocked.run({"targets": ["/us-east-1"], "on_block": "hold"})
    assert blocked.asked[0][1]["gate"]["on_block"] == "condition", "what central does not resume"
    assert blocked.answer[0] == "failure"


def test_an_action_returns_what_it_answered() -> None:
    blocked = world(BLOCK, category="Invoke")
    assert blocked.run({"targets": ["/us-east-1"]})["verdict"] == "block"


def test_all_actions_of_the_stage_come_after_its_entry_condition() -> None:
    asked = world(ALLOW, pipeline=stages(own=(action("ECS", "Same", region="eu-west-1"), gate_action("More"))))
    asked.run()
    assert [target["region"] for target in asked.asked[0][1]["targets"]] == ["eu-west-1"]


@pytest.mark.parametrize(
    "event",
    [
        {"ruleConfiguration": {"UserParameters": json.dumps({"targets": ["/eu-west-1"], "pipeline": "orders"})}},
        {
            "detail": {
                "configuration": {"UserParameters": json.dumps({"targets": ["/eu-west-1"], "pipeline": "orders"})}
            }
        },
    ],
)
def test_without_a_job_the_return_and_the_raise_are_the_answer(event: dict[str, Any]) -> None:
    allowed = world(ALLOW)
    assert gate.run(event, allowed.parts())["verdict"] == "allow"
    (_, question), *_ = allowed.asked
    assert (question["targets"][0]["account"], question["targets"][0]["region"]) == (ACCOUNT, "eu-west-1")
    assert question["pipeline"] == {"name": "orders", "region": "us-east-1"}
    blocked = world(BLOCK)
    with pytest.raises(gate.ConditionFailedError, match="org-gate stopped this deployment"):
        gate.run(event, blocked.parts())
    assert allowed.answers == blocked.answers == []


def test_an_empty_event_asks_for_the_own_account_and_region() -> None:
    allowed = world(ALLOW)
    gate.run({}, allowed.parts())
    assert allowed.asked[0][1]["targets"] == [gate.target(ACCOUNT, "us-east-1")]


def test_parameters_that_cannot_be_used_fail_the_rule() -> None:
    with pytest.raises(gate.ConditionFailedError, match="UserParameters cannot be used"):
        gate.run({"rule": {"UserParameters": "{"}}, world(ALLOW).parts())


def test_a_job_whose_parameters_stand_elsewhere_is_read() -> None:
    event = job_event()
    event["CodePipeline.job"]["data"]["ruleConfiguration"] = {"UserParameters": '{"targets": ["/eu-west-1"]}'}
    asked = world(ALLOW)
    gate.run(event, asked.parts())
    assert asked.asked[0][1]["targets"][0]["region"] == "eu-west-1"
