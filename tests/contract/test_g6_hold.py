"""G6: a block with on_block hold keeps the action in progress until it clears or its time is over."""

import json
from datetime import timedelta
from typing import Any

import pytest

from org_gate.member import gate
from tests.unit.member.support import CENTRAL, NOW, World, decision, fault, problem, reason, reply, settings

Data = dict[str, Any]

HOLD = {"targets": ["/us-east-1"], "on_block": "hold"}
DETAILS = {"pipelineName": "orders", "stage": {"name": "Gate"}, "pipelineExecutionId": "e-1"}


def at(minutes: float) -> str:
    """Minutes after NOW, as decisions spell it."""
    return str(gate.spelled(NOW + timedelta(minutes=minutes)))


def block(minutes: float = 0, **changes: Any) -> gate.Reply:
    return reply(decision("block", reasons=[reason()], evaluated_at=at(minutes), **changes))


def token(minutes: float) -> str:
    return json.dumps({"since": at(minutes)})


def world(*replies: gate.Reply, **given: Any) -> World:
    return World(**{"central": {CENTRAL: list(replies)}, "details": DETAILS, **given})


@pytest.mark.contract("G6")
def test_a_block_is_held_with_a_token_that_carries_the_start() -> None:
    held = world(block())
    line = held.run(HOLD)
    result, params = held.answer
    assert result == "success"
    assert "outputVariables" not in params
    assert json.loads(params["continuationToken"]) == {"since": "2026-03-02T12:30:00Z"}
    assert len(params["continuationToken"]) <= 2048
    details = params["executionDetails"]
    assert (details["externalExecutionId"], details["percentComplete"]) == ("d-1", 0)
    assert "holds this deployment since 2026-03-02T12:30:00Z" in details["summary"]
    assert "2026-03-02T15:30:00Z" in details["summary"]
    assert "block: said central" in details["summary"]
    assert line["verdict"] == "block"
    assert held.log[0]["job"] == "held"


@pytest.mark.contract("G6")
def test_a_hold_that_goes_on_keeps_its_start() -> None:
    held = world(block(90))
    held.run(HOLD, token(0))
    _, params = held.answer
    assert json.loads(params["continuationToken"]) == {"since": at(0)}
    assert params["executionDetails"]["percentComplete"] == 50


@pytest.mark.contract("G6")
@pytest.mark.parametrize("verdict", ["allow", "warn"])
def test_it_ends_at_once_when_it_clears(verdict: str) -> None:
    cleared = world(reply(decision(verdict, evaluated_at=at(10))))
    cleared.run(HOLD, token(0))
    result, params = cleared.answer
    assert (result, params["outputVariables"]["verdict"]) == ("success", verdict)
    assert "continuationToken" not in params


@pytest.mark.contract("G6")
@pytest.mark.parametrize(("hold_for", "minutes"), [(None, 180), ("90s", 1.5), ("2h", 120), ("23h", 1380)])
def test_its_time_is_over_to_the_second(hold_for: str | None, minutes: float) -> None:
    parameters = HOLD | ({"hold_for": hold_for} if hold_for else {})
    before = world(block(minutes - 1 / 60), details=fault("AccessDeniedException"))
    before.run(parameters, token(0))
    assert "continuationToken" in before.answer[1]
    after = world(block(minutes), details=fault("AccessDeniedException"))
    after.run(parameters, token(0))
    result, params = after.answer
    assert (result, params["failureDetails"]["type"]) == ("failure", "JobFailed")
    assert params["failureDetails"]["externalExecutionId"] == "d-1"


@pytest.mark.contract("G6")
def test_at_its_end_it_is_asked_once_more_as_one_that_fails_and_waits() -> None:
    """AWS's Date tells that the time is over before central is asked: one question, with on_block fail."""
    over = world(block())
    over.run(HOLD, token(-180))
    assert [question["gate"]["on_block"] for _, question in over.asked] == ["fail"]
    assert over.answer[0] == "failure"
    known_late = world(block(), details=TimeoutError())
    known_late.run(HOLD, token(-180))
    assert [question["gate"]["on_block"] for _, question in known_late.asked] == ["hold", "fail"]
    assert known_late.answer[0] == "failure"


@pytest.mark.contract("G6")
def test_what_is_held_tells_central_so() -> None:
    held = world(block(1))
    held.run(HOLD, token(0))
    assert [question["gate"]["on_block"] for _, question in held.asked] == ["hold"]


@pytest.mark.contract("G6")
@pytest.mark.parametrize("strange", ["{", "[]", "7", "{}", '{"since": 7}', '{"since": "soon"}', "[" * 2000])
def test_a_hold_whose_start_is_lost_is_over(strange: str) -> None:
    """Begun anew at each asking, it would never end."""
    lost = world(block(5))
    lost.run(HOLD, strange)
    assert [question["gate"]["on_block"] for _, question in lost.asked] == ["fail"]
    assert lost.answer[0] == "failure"
    assert lost.log[0]["trouble"] == ["hold: its continuation token cannot be read"]


@pytest.mark.contract("G6")
def test_an_empty_token_is_none() -> None:
    held = world(block(5))
    held.run(HOLD, "")
    assert json.loads(held.answer[1]["continuationToken"]) == {"since": at(5)}


@pytest.mark.contract("G6")
@pytest.mark.parametrize("going_on", [None, token(-1)])
def test_nothing_is_held_while_no_answer_tells_the_time(going_on: str | None) -> None:
    """Nobody could say when it ends."""
    timeless = World(
        central={CENTRAL: [TimeoutError()]}, health=[TimeoutError()], details=TimeoutError(), settings=settings()
    )
    timeless.run(HOLD, going_on)
    result, params = timeless.answer
    assert (result, params["failureDetails"]["type"]) == ("failure", "JobFailed")
    assert "No central decision, at a time not known." in params["failureDetails"]["message"]


@pytest.mark.contract("G6")
def test_the_block_of_a_moment_ago_stands_where_central_falls_silent_at_the_holds_end() -> None:
    """And is not said to resume: central was told of a hold."""
    silent = world(block(), reply({}, 503), details=TimeoutError())
    silent.run(HOLD, token(-180))
    result, params = silent.answer
    assert result == "failure"
    assert params["failureDetails"]["externalExecutionId"] == "d-1"
    assert "choose Retry on this stage" in params["failureDetails"]["message"]


@pytest.mark.contract("G6")
def test_what_the_gate_found_out_by_itself_is_held_too() -> None:
    alone = World(central={CENTRAL: [reply({}, 503)]}, health=[fault("ThrottlingException")], details=DETAILS)
    alone.run(HOLD)
    assert "continuationToken" in alone.answer[1]
    assert "since 2026-03-02T12:30:00Z" in alone.answer[1]["executionDetails"]["summary"]


@pytest.mark.contract("G6")
def test_a_refusal_is_not_held() -> None:
    refused = world(problem(422))
    refused.run(HOLD, token(0))
    assert refused.answer[1]["failureDetails"]["type"] == "ConfigurationError"


@pytest.mark.contract("G6")
def test_on_block_fail_and_a_mode_that_only_warns_hold_nothing() -> None:
    failed = world(block())
    failed.run({**HOLD, "on_block": "fail"})
    assert failed.answer[0] == "failure"
    warned = world(reply(decision("warn", would_be="block", mode="shadow")), settings=settings(mode="shadow"))
    warned.run(HOLD)
    assert "outputVariables" in warned.answer[1]


@pytest.mark.contract("G5")
def test_a_failure_says_that_it_resumes_where_central_can_find_it_again() -> None:
    waits = world(block())
    waits.run({"targets": ["/us-east-1"]})
    assert "org-gate retries this stage by itself" in waits.answer[1]["failureDetails"]["message"]
    nameless = world(block(), details={})
    nameless.run({"targets": ["/us-east-1"]})
    assert "choose Retry on this stage" in nameless.answer[1]["failureDetails"]["message"]
    alone = World(central={CENTRAL: [reply({}, 503)]}, health=[fault("ThrottlingException")], details=DETAILS)
    alone.run({"targets": ["/us-east-1"]})
    assert "choose Retry on this stage" in alone.answer[1]["failureDetails"]["message"]
