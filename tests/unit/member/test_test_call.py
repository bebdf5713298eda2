"""The rollout's test call: what a gate tells of itself and of central, and what it leaves alone."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from org_gate.member import gate
from tests.unit.member.support import CENTRAL, JOB, STANDBY, World, fault, reply, settings

STATUS = {"version": "1.1.0", "age_seconds": 31, "stale": False, "policy_version": 7}
Post = Callable[[str, bytes, float], gate.Reply]


def called(post: Post, **changes: Any) -> tuple[dict[str, Any], World]:
    world = World(settings=settings(urls=(CENTRAL, STANDBY), mode="warn", on_unknown="allow", **changes))
    return gate.run({"org-gate": "test"}, world.parts()._replace(post=post)), world


def test_it_tells_its_version_its_settings_and_what_central_says() -> None:
    asked: list[tuple[str, bytes]] = []

    def post(url: str, body: bytes, _seconds: float) -> gate.Reply:
        asked.append((url, body))
        return reply({**STATUS, "of": "a newer central"}) if url.startswith(CENTRAL) else reply({"Message": "no"}, 403)

    told, world = called(post)
    assert told == {
        "version": gate.VERSION,
        "mode": "warn",
        "on_unknown": "allow",
        "central": [
            {"name": "central in eu-west-1", **STATUS},
            {"name": "central in eu-central-1", "why": "answered 403"},
        ],
    }
    assert asked == [(f"{CENTRAL}v1/status", b""), (f"{STANDBY}v1/status", b"")]
    assert (world.answers, world.log, world.read, world.health_asked) == ([], [], [], []), "no pipeline is touched"


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (TimeoutError(), "no answer in time"),
        (OSError(), "OSError"),
        (fault("Boom"), "Boom"),
        (reply(b"<html>"), "answered 200"),
        (reply([1]), "answered 200"),
        (reply("text"), "answered 200"),
        (reply(b"[" * 100_000), "answered 200"),
        (reply({"version": "1"}), "answered 200"),
        (reply(b"", 502), "answered 502"),
    ],
)
def test_whatever_central_does_it_answers(answer: gate.Reply | Exception, why: str) -> None:
    def post(*_: Any) -> gate.Reply:
        if isinstance(answer, Exception):
            raise answer
        return answer

    told, world = called(post)
    assert [each["why"] for each in told["central"]] == [why, why]
    assert json.loads(json.dumps(told)) == told
    assert world.log == []


def test_a_gate_that_knows_no_url_says_so_by_an_empty_list() -> None:
    world = World(settings=settings(urls=()))
    assert gate.run({"org-gate": "test"}, world.parts())["central"] == []


@pytest.mark.parametrize(
    "event",
    [
        {"org-gate": "test", "CodePipeline.job": {"id": JOB, "data": {}}},
        {"org-gate": "test", "UserParameters": ""},
        {"org-gate": "hold"},
    ],
)
def test_nothing_else_is_a_test_call(event: dict[str, Any]) -> None:
    world = World()
    assert "verdict" in gate.run(event, world.parts())
    assert len(world.asked) == 1
