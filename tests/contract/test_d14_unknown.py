"""D14: where nothing can answer, ``on_unknown`` decides, and the message says why."""

from typing import Any

import pytest

from org_gate.member import gate
from tests.unit.member.support import ACCOUNT, CENTRAL, STANDBY, World, aim, decision, fault, reply, settings

NO_PLAN = fault("SubscriptionRequiredException")


def lost(**changes: Any) -> World:
    return World(
        central={CENTRAL: [reply({}, 503)], STANDBY: [TimeoutError()]},
        settings=settings(urls=(CENTRAL, STANDBY), **changes),
        health=[NO_PLAN],
    )


def stale_and_lost(written: str = "block", **changes: Any) -> World:
    """``written`` is the gate's own ``on_unknown``; ``changes`` are central's answer."""
    central = {CENTRAL: [reply(decision(stale=True, **changes))]}
    return World(central=central, settings=settings(on_unknown=written), health=[NO_PLAN])


@pytest.mark.contract("D14")
@pytest.mark.parametrize("verdict", ["block", "warn", "allow"])
def test_on_unknown_decides_and_the_message_says_why(verdict: str) -> None:
    world = lost(on_unknown=verdict)
    line = world.run()
    (found,) = line["reasons"]
    assert (line["verdict"], line["would_be"], line["decision_id"]) == (verdict, verdict, None)
    assert (found["kind"], found["verdict"], found["target"], found["rule"]) == ("unknown", verdict, None, None)
    assert line["evaluated_at"] == "2026-03-02T12:30:00Z"
    result, params = world.answer
    message = params["failureDetails"]["message"] if result == "failure" else params["executionDetails"]["summary"]
    assert result == ("failure" if verdict == "block" else "success")
    for part in (
        "Nothing could be found out",
        "central in eu-west-1: answered 503",
        "central in eu-central-1: no answer in time",
        "this account's support plan does not include the AWS Health API",
    ):
        assert part in message


@pytest.mark.contract("D14")
@pytest.mark.parametrize("mode", ["warn", "shadow"])
def test_a_watched_account_is_warned_at_most(mode: str) -> None:
    line = lost(mode=mode).run()
    assert (line["verdict"], line["would_be"], line["mode"]) == ("warn", "block", mode)


@pytest.mark.contract("D14")
@pytest.mark.parametrize("on_unknown", ["block", "warn", "allow"])
@pytest.mark.parametrize("published_since", ["block", "warn", "allow"])
def test_with_a_stale_decision_the_rollouts_on_unknown_counts(on_unknown: str, published_since: str) -> None:
    line = stale_and_lost(written=on_unknown, on_unknown=published_since).run()
    assert (line["verdict"], line["decision_id"]) == (on_unknown, "d-1")
    assert [each["kind"] for each in line["reasons"]] == ["unknown"]
    assert line["knowledge"]["source"] == "central"


@pytest.mark.contract("D13")
def test_unknown_counts_by_the_strictest_mode_and_is_lifted_where_every_target_is_overridden() -> None:
    line = stale_and_lost(mode="shadow", targets=[aim(mode="shadow")]).run()
    assert (line["verdict"], line["would_be"]) == ("warn", "block")
    line = stale_and_lost(targets=[aim(overridden=True), aim(ACCOUNT, "eu-west-1", overridden=True)]).run()
    assert (line["verdict"], line["would_be"]) == ("warn", "warn")
    line = stale_and_lost(targets=[aim(overridden=True), aim()]).run()
    assert line["verdict"] == "block"


def test_a_gate_without_urls_says_so() -> None:
    world = World(settings=settings(urls=()), health=[NO_PLAN])
    assert "knows no URL" in world.run()["summary"]


def test_settings_that_cannot_be_read_count_as_the_strictest() -> None:
    read = gate.read_settings({"ORG_GATE_MODE": "shdow", "ORG_GATE_ON_UNKNOWN": "", "ORG_GATE_URLS": " a , ,b"})
    assert (read.mode, read.on_unknown, read.urls, read.platform_services) == ("enforce", "block", ("a", "b"), ())
