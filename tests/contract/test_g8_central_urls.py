"""G8: central URLs in order, a short time and few tries for each; what is not a decision is no answer."""

import copy
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError, ReadTimeoutError

from org_gate.member import gate
from tests.unit.member.support import (
    ACCOUNT,
    CENTRAL,
    REGION,
    STANDBY,
    World,
    decision,
    event_json,
    fault,
    problem,
    reason,
    reply,
    settings,
)

LOST = EndpointConnectionError(endpoint_url="https://x")
STANDBY_SAYS = decision("warn", decision_id="d-2")


def two(*first: Any) -> World:
    """The first URL as given; the standby answers."""
    central = {CENTRAL: list(first), STANDBY: [reply(STANDBY_SAYS)]}
    return World(central=central, settings=settings(urls=(CENTRAL, STANDBY)))


def asked(world: World) -> list[str]:
    return ["first" if url.startswith(CENTRAL) else "standby" for url, _ in world.asked]


@pytest.mark.contract("G8")
def test_the_first_url_that_answers_is_taken() -> None:
    world = two(reply(decision()))
    assert world.run()["decision_id"] == "d-1"
    assert asked(world) == ["first"]


@pytest.mark.contract("G8")
@pytest.mark.parametrize("first", [LOST, reply({}, 500), reply({}, 503), NoCredentialsError(), ValueError("not a URL")])
def test_a_lost_connection_or_5xx_is_tried_once_more_then_the_next_url(first: Any) -> None:
    world = two(first)
    assert world.run()["decision_id"] == "d-2"
    assert asked(world) == ["first", "first", "standby"]
    world = two(first, reply(decision()))
    assert world.run()["decision_id"] == "d-1"


@pytest.mark.contract("G8")
@pytest.mark.parametrize(
    "first",
    [
        TimeoutError(),
        ReadTimeoutError(endpoint_url="x"),
        *(reply({}, status) for status in (201, 204, 301, 302, 401, 404, 409, 413, 429)),
        *(problem(status) for status in (404, 409, 413, 429)),
        reply({"message": "Forbidden"}, 403),
        reply(b"<html>no", 400, "text/html"),
        reply({"detail": "x"}, 422),
        problem(422, ""),
        reply({"detail": 7}, 400, "application/problem+json"),
    ],
)
def test_everything_else_goes_to_the_next_url_at_once(first: Any) -> None:
    world = two(first)
    assert world.run()["decision_id"] == "d-2"
    assert asked(world) == ["first", "standby"]


def bent(**changes: Any) -> Any:
    return {**decision(), **changes}


HOSTILE: list[Any] = [
    b"",
    b"<html><body>Service Unavailable</body></html>",
    b"\xff\xfe",
    b"[" * 100_000,
    b" " * 1_048_577 + b"{}",
    [],
    None,
    "allow",
    {},
    {"verdict": "allow"},
    bent(verdict="maybe"),
    bent(verdict=["allow"]),
    bent(verdict=None),
    bent(would_be="x"),
    bent(mode="loud"),
    bent(exempt="no"),
    bent(decision_id=None),
    bent(summary=None),
    bent(targets=[]),
    bent(targets={}),
    bent(targets=[{"account": "1"}]),
    bent(reasons=None),
    bent(reasons=[{}]),
    bent(reasons=[reason(target=1)]),
    bent(reasons=[reason(target=-1)]),
    bent(reasons=[reason(target="0")]),
    bent(reasons=[reason(event={"arn": 7, "region": "us-east-1"})]),
    bent(reasons=[reason(event="text")]),
    bent(reasons=[reason(verdict="deny")]),
    bent(reasons_omitted="many"),
    bent(knowledge=None),
    bent(knowledge={**decision()["knowledge"], "on_stale": "x"}),
    bent(knowledge={**decision()["knowledge"], "stale": None}),
    bent(evaluated_at="yesterday"),
    bent(evaluated_at="2026-03-02T12:00:00"),
]


@pytest.mark.contract("G8")
@pytest.mark.parametrize("body", HOSTILE)
def test_what_is_not_a_decision_is_no_answer(body: Any) -> None:
    world = two(reply(body))
    assert world.run()["decision_id"] == "d-2"
    assert "central in eu-west-1: answered 200 with what is not a decision" in world.log[0]["trouble"]


def test_every_field_the_gate_relies_on_is_looked_for() -> None:
    given = decision(reasons=[reason(event=event_json())])
    for name in given:
        without = copy.deepcopy(given)
        del without[name]
        needed = name not in ("policy_version", "retry_after_seconds")
        assert two(reply(without)).run()["decision_id"] == ("d-2" if needed else "d-1"), name


def test_a_newer_centrals_further_fields_and_kinds_pass_through() -> None:
    newer = decision("block", weather="fine", reasons=[reason("tide", target=None, explanation="It is high.")])
    world = two(reply(newer))
    assert world.run() == newer
    assert "It is high." in world.answer[1]["failureDetails"]["message"]


def test_the_question_goes_to_v1_decisions() -> None:
    world = World(settings=settings(urls=(CENTRAL.rstrip("/") + "?x=1#y",)), central={CENTRAL: [reply(decision())]})
    world.run()
    assert [url for url, _ in world.asked] == [CENTRAL + "v1/decisions"]


@pytest.mark.contract("G5")
@pytest.mark.parametrize(("mode", "result"), [("enforce", "failure"), ("warn", "success"), ("shadow", "success")])
@pytest.mark.aws_unverified("a Function URL answers 403 without problem+json where policies refuse")
def test_turned_away_at_the_door_and_nobody_else_there(mode: str, result: str) -> None:
    central = {CENTRAL: [reply({"Message": "Forbidden"}, 403)], STANDBY: [TimeoutError()]}
    world = World(central=central, settings=settings(urls=(CENTRAL, STANDBY), mode=mode))
    line = world.run()
    assert (line["verdict"], line["mode"], world.answer[0]) == (None, mode, result)
    assert "lambda:InvokeFunctionUrl" in line["summary"]
    if result == "failure":
        assert world.answer[1]["failureDetails"]["type"] == "PermissionError"
    assert world.health_asked == []


def test_a_deadline_bounds_the_urls_and_leaves_a_share_for_the_local_check() -> None:
    seconds: list[float] = []
    world = World(central={CENTRAL: [fault("X", 500)]}, left=lambda: 9.0)
    parts = world.parts()
    post = parts.post

    def noting(url: str, body: bytes, limit: float) -> Any:
        seconds.append(limit)
        return post(url, body, limit)

    question = gate.Question(ACCOUNT, {"region": REGION}, rule=False)
    gate.ask_central(question, "fail", parts._replace(post=noting), exempt=False)
    assert seconds == [pytest.approx(2.4), pytest.approx(2.4)]
