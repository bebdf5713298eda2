"""D11 in the gate: what the rollout wrote into it is exempt where nothing central answers."""

from typing import Any

import pytest

from org_gate.member import gate
from tests.unit.member.support import (
    ACCOUNT,
    CENTRAL,
    OTHER,
    REGION,
    World,
    decision,
    fault,
    issue,
    problem,
    reply,
    settings,
)

pytestmark = pytest.mark.contract("D11")

FAILOVER = {"*": ["*-failover"]}
NAMED = {"pipelineName": "orders-failover"}
NO_PLAN = fault("SubscriptionRequiredException")


def lost(exempt: dict[str, list[str]], name: str | None = "orders-failover", **changes: Any) -> World:
    """No central URL answers, and AWS Health neither, unless ``changes`` say otherwise."""
    known = {"central": {CENTRAL: [reply({}, 503)]}, "health": [NO_PLAN], "settings": settings(exempt=exempt)}
    return World(**{**known, "details": {"pipelineName": name} if name else {}, **changes})


def test_an_exempt_pipeline_passes_and_the_reasons_are_listed() -> None:
    world = lost(FAILOVER)
    line = world.run()
    assert (line["exempt"], line["verdict"], line["would_be"], line["decision_id"]) == (True, "allow", "allow", None)
    assert [(each["kind"], each["verdict"]) for each in line["reasons"]] == [("unknown", "block")]
    result, params = world.answer
    assert result == "success"
    assert "exempts" in params["executionDetails"]["summary"]
    assert "answered 503" in params["executionDetails"]["summary"]
    line = lost(FAILOVER, health=[[issue()]]).run()
    assert (line["verdict"], [each["rule"] for each in line["reasons"]]) == ("allow", ["local"])


@pytest.mark.parametrize("name", ["orders", "orders-failover-2", "Orders-FAILOVER", None])
def test_other_names_and_none_are_not(name: str | None) -> None:
    line = lost(FAILOVER, name).run()
    assert (line["exempt"], line["verdict"]) == (False, "block")


def test_without_a_name_only_an_exemption_of_all_pipelines_holds() -> None:
    assert lost({"*": ["*"]}, None).run()["exempt"] is True
    assert lost({"*": ["?*"]}, None).run()["exempt"] is False
    assert lost({"*": ["?*"]}).run()["exempt"] is True


def test_the_name_may_come_from_the_parameters() -> None:
    assert lost(FAILOVER, None).run({"pipeline": "x-failover"})["exempt"] is True


@pytest.mark.parametrize(
    ("exempt", "targets", "holds"),
    [
        (FAILOVER, [f"{ACCOUNT}/eu-west-1", f"{ACCOUNT}/us-east-1/RDS"], True),
        (FAILOVER, [f"{ACCOUNT}/eu-west-1", f"{OTHER}/eu-west-1"], False),
        ({"eu-west-1": ["*"]}, [f"{ACCOUNT}/eu-west-1"], True),
        ({"eu-west-1": ["*"]}, [f"{ACCOUNT}/eu-west-1", f"{ACCOUNT}/us-east-1"], False),
        ({"eu-west-1": ["*"]}, None, False),
        ({REGION: ["x", "orders-*"]}, None, True),
        ({"eu-west-1": ["*"], "*": ["x"]}, [f"{ACCOUNT}/eu-west-1"], True),
        ({}, None, False),
    ],
)
def test_every_target_has_to_be_exempt(exempt: dict[str, list[str]], targets: list[str] | None, holds: bool) -> None:  # noqa: FBT001  a case
    line = lost(exempt).run({"targets": targets} if targets else None)
    assert (line["exempt"], line["verdict"]) == ((True, "allow") if holds else (False, "block"))


def test_a_door_that_is_shut_is_no_answer_of_central() -> None:
    shut = {CENTRAL: [reply({"Message": "Forbidden"}, 403)]}
    assert lost(FAILOVER, central=shut).run()["exempt"] is True
    world = lost(FAILOVER, "orders", central=shut)
    assert world.run()["verdict"] is None
    assert world.answer[1]["failureDetails"]["type"] == "PermissionError"


def test_central_is_never_overruled() -> None:
    said = decision("block", reasons=[{**gate.REASON, "explanation": "Central says so."}])
    line = lost(FAILOVER, central={CENTRAL: [reply(said)]}).run()
    assert (line["exempt"], line["verdict"]) == (False, "block")
    line = lost(FAILOVER, central={CENTRAL: [reply(decision(stale=True))]}).run()
    assert (line["exempt"], line["verdict"]) == (False, "block")
    world = lost(FAILOVER, central={CENTRAL: [problem(403)]})
    assert world.run()["verdict"] is None
    assert world.answer[0] == "failure"


@pytest.mark.contract("G2")
def test_wrong_parameters_fail_all_the_same() -> None:
    world = lost({"*": ["*"]})
    world.run("{")
    assert world.answer[1]["failureDetails"]["type"] == "ConfigurationError"


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"*": "a*"}', '{"*": [1]}', '{"*": null}', "[" * 100_000])
def test_what_cannot_be_read_exempts_nothing(text: str) -> None:
    assert gate.read_settings({"ORG_GATE_EXEMPT_PIPELINES": text}).exempt == {}


def test_what_can_be_read_is_as_written() -> None:
    read = gate.read_settings({"ORG_GATE_EXEMPT_PIPELINES": '{"*": ["a,b", "[!c]*"], "eu-west-1": []}'})
    assert read.exempt == {"*": ["a,b", "[!c]*"], "eu-west-1": []}
