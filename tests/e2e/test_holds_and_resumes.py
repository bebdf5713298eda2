"""What becomes of blocked deployments, played with the real parts: each goes on once, and only when it would pass."""

from collections.abc import Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from org_gate.simulator.play import play
from tests.contract.test_s_pipelines import DEPLOY, SOURCE, gate, stage
from tests.e2e.support import ISSUE, ORDERS, PAYMENTS, Quiet, issue, played, scenario, update, world

RULES = [{"name": "open-issues", "match": {"categories": ["issue"], "statuses": ["open"]}, "verdict": "block"}]
Story = list[tuple[str, str, int, str]]


def pipeline(name: str, account: str = ORDERS, **fields: Any) -> dict[str, Any]:
    return {"name": name, "account": account, "region": "us-east-1", **fields}


def runs(at: str, *names: str) -> list[dict[str, Any]]:
    return [{"at": at, "run": name} for name in names]


def closed(at: str) -> dict[str, Any]:
    return update(at, statusCode="closed")


def policy(**fields: Any) -> dict[str, Any]:
    return {"version": 1, "rules": RULES, **fields}


def stories(lines: list[Any]) -> dict[str, Story]:
    """By pipeline: minutes and seconds, trigger, number and result of each line."""
    named = sorted(lines, key=lambda line: str(line["pipeline_name"]))
    return {
        name: [(one["at"][14:19], one["trigger"], one["attempt"], one["pipeline_result"]) for one in group]
        for name, group in groupby(named, key=lambda line: str(line["pipeline_name"]))
    }


def story(folder: Path, *timeline: Mapping[str, Any], **fields: Any) -> dict[str, Story]:
    lines, quiet = played(folder, scenario(*timeline, **fields))
    assert quiet.refusals == []
    return stories(lines)


@pytest.mark.contract("W1, W2, S2, S3, S5, G6")
def test_each_goes_on_as_its_own_story_says(tmp_path: Path) -> None:
    """One incident, from 5 to 10 minutes after the start; it has settled at 15."""
    europe = '{"targets": ["111122223333/eu-west-1"]}'
    gates = [SOURCE, stage("One", gate(parameters=europe)), stage("Two", gate("B", europe), gate("A")), DEPLOY]
    pipelines = [
        pipeline("plain"),
        pipeline("gates", definition={"stages": gates}),
        pipeline("held", user_parameters={"on_block": "hold"}),
        pipeline("held-too-long", user_parameters={"on_block": "hold", "hold_for": "2m"}),
        *map(pipeline, ("newer", "retried", "retried-in-vain", "stopped", "stopped-newer")),
    ]
    timeline = [
        issue("5m", service="ECS"),
        *runs("6m", *(one["name"] for one in pipelines)),
        *runs("7m", "newer", "stopped-newer"),
        {"at": "8m", "retry": "retried-in-vain"},
        {"at": "8m", "stop": "stopped-newer"},
        {"at": "9m", "stop": "stopped"},
        closed("10m"),
        {"at": "12m", "retry": "retried"},
    ]
    with world(tmp_path, scenario(*timeline, pipelines=pipelines)) as opened:
        quiet = Quiet()
        play(opened, quiet)
        lines = list(opened.aws.recorder.lines)
        assert opened.clock.now() - opened.scenario.start <= opened.scenario.entries()[-1].at + opened.scenario.tail
    assert quiet.refusals == []
    failed, resumed = ("06:00", "run", 1, "failed"), ("15:00", "resume", 2, "succeeded")
    assert stories(lines) == {
        "plain": [failed, resumed],
        "gates": [
            ("06:00", "run", 1, "succeeded"),
            ("06:00", "run", 2, "succeeded"),
            ("06:00", "run", 3, "failed"),
            ("15:00", "resume", 4, "succeeded"),
        ],
        "held": [("06:00", "run", 1, "held"), ("10:00", "hold", 1, "succeeded")],
        "held-too-long": [("06:00", "run", 1, "held"), ("08:00", "hold", 1, "failed"), resumed],
        "newer": [failed, ("07:00", "run", 1, "failed"), resumed],
        "retried": [failed, ("12:00", "retry", 2, "succeeded")],
        "retried-in-vain": [failed, ("08:00", "retry", 2, "failed"), ("15:00", "resume", 3, "succeeded")],
        "stopped": [failed],
        "stopped-newer": [failed, ("07:00", "run", 1, "failed")],
    }
    newer = [line["execution_id"] for line in lines if line["pipeline_name"] == "newer"]
    assert newer[0] != newer[1] == newer[2], "the latest execution goes on, and no other"


@pytest.mark.contract("W1, S5")
def test_an_incident_that_flaps_starts_the_settling_anew_and_resumes_once(tmp_path: Path) -> None:
    opened_again = update("13m", statusCode="open")
    timeline = [issue("5m"), *runs("6m", "orders"), closed("10m"), opened_again, closed("20m")]
    with world(tmp_path, scenario(*timeline)) as opened:
        play(opened, Quiet())
        assert stories(list(opened.aws.recorder.lines)) == {
            "orders": [("06:00", "run", 1, "failed"), ("25:00", "resume", 2, "succeeded")]
        }
        assert (opened.clock.now() - opened.scenario.start).total_seconds() == 25 * 60, "nothing waits any more"


@pytest.mark.contract("W1, D8")
def test_the_end_of_a_freeze_lets_go_on_what_it_blocked(tmp_path: Path) -> None:
    freeze = {"name": "noon", "from": "2026-03-02T12:00:00Z", "to": "2026-03-02T12:20:00Z"}
    told = story(tmp_path, *runs("6m", "orders"), policy=policy(freezes=[freeze]))
    assert told == {"orders": [("06:00", "run", 1, "failed"), ("25:00", "resume", 2, "succeeded")]}


@pytest.mark.contract("W1, D10")
def test_an_override_and_a_policy_are_looked_at_when_they_come_and_settle_like_all_else(tmp_path: Path) -> None:
    """They come at 10:20, and what waits is looked at then, not first at 11:00: at 16:00 it has settled."""
    lifted = {"accounts": [ORDERS], "events": ["all"], "reason": "It mends this.", "for": "1h"}
    blocked = [issue("5m", region="global"), *runs("6m", "orders", "payments")]
    told = story(tmp_path, *blocked, {"at": "620s", "override": lifted}, tail="10m")
    failed, resumed = ("06:00", "run", 1, "failed"), ("16:00", "resume", 2, "succeeded")
    assert told == {"orders": [failed, resumed], "payments": [failed]}, "the override is for one of them"
    told = story(tmp_path, *blocked, {"at": "620s", "policy": policy(rules=[])})
    assert told == {"orders": [failed, resumed], "payments": [failed, resumed]}


@pytest.mark.contract("W1")
@pytest.mark.parametrize("resume", [{"enabled": False}, {"within": "8m"}])
def test_what_the_policy_does_not_resume_stays_where_it_is_until_a_person_retries(
    tmp_path: Path, resume: dict[str, Any]
) -> None:
    timeline = [issue("5m"), *runs("6m", "orders"), closed("10m"), {"at": "30m", "retry": "orders"}]
    told = story(tmp_path, *timeline, policy=policy(resume=resume))
    assert told == {"orders": [("06:00", "run", 1, "failed"), ("30:00", "retry", 2, "succeeded")]}


@pytest.mark.contract("W2")
def test_a_wave_takes_those_that_wait_longest_and_the_next_comes_after_the_pause(tmp_path: Path) -> None:
    waves = policy(resume={"wave_size": 2, "wave_pause": "2m", "settle": "1m"})
    pipelines = [pipeline("c"), pipeline("a", PAYMENTS), pipeline("b")]
    timeline = [issue("5m"), *runs("6m", "b"), *runs("7m", "c"), *runs("8m", "a"), closed("10m")]
    told = story(tmp_path, *timeline, policy=waves, pipelines=pipelines)
    assert {name: of[-1][:2] for name, of in told.items()} == {
        "b": ("11:00", "resume"),
        "c": ("11:00", "resume"),
        "a": ("13:00", "resume"),
    }


@pytest.mark.contract("W1, W2")
def test_an_incident_between_two_waves_keeps_the_second_from_going(tmp_path: Path) -> None:
    waves = policy(resume={"wave_size": 1, "settle": "1m"})
    again = f"{ISSUE}-2"
    timeline = [issue("5m"), *runs("6m", "a"), *runs("7m", "b"), closed("10m")]
    timeline += [issue("690s", again), update("20m", again, statusCode="closed")]
    told = story(tmp_path, *timeline, policy=waves, pipelines=[pipeline("b"), pipeline("a")])
    assert told["a"][1:] == [("11:00", "resume", 2, "succeeded")]
    assert told["b"][1:] == [("21:00", "resume", 2, "succeeded")]


@pytest.mark.contract("S4, W2")
@pytest.mark.parametrize(
    ("fault", "resumed"),
    [
        ({"service": "codepipeline", "kind": "throttle", "account": ORDERS, "for": "150s"}, "17:00"),
        ({"service": "sts", "kind": "down", "for": "150s"}, "17:00"),
        ({"service": "sns", "kind": "down"}, "15:00"),
    ],
    ids=["codepipeline", "sts", "sns"],
)
def test_what_aws_does_not_do_now_is_tried_again(tmp_path: Path, fault: dict[str, Any], resumed: str) -> None:
    timeline = [issue("5m"), *runs("6m", "orders"), closed("10m"), {"at": "870s", "fault": fault}]
    told = story(tmp_path, *timeline)
    assert [one[1:] for one in told["orders"]] == [("run", 1, "failed"), ("resume", 2, "succeeded")]
    assert told["orders"][1][0] >= resumed


@pytest.mark.contract("S7")
def test_both_runtimes_tell_the_same(tmp_path: Path) -> None:
    pipelines = [pipeline("plain"), pipeline("held", user_parameters={"on_block": "hold"})]
    timeline = [issue("5m"), *runs("6m", "plain", "held"), closed("7m")]
    short = policy(resume={"settle": "1m"})
    one, other = (
        played(tmp_path, scenario(*timeline, policy=short, pipelines=pipelines), runtime)[0]
        for runtime in ("inprocess", "processes")
    )
    assert stories(one) == stories(other)
    assert [line["message"].replace(str(line["decision_id"]), "ID") for line in one] == [
        line["message"].replace(str(line["decision_id"]), "ID") for line in other
    ]
