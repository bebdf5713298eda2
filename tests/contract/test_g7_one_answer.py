"""G7: each job gets exactly one final answer before the function's deadline, whatever happens."""

from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError

from tests.unit.member.support import CENTRAL, SECRET, STANDBY, World, decision, fault, reply, settings


class Clock:
    """Seconds left, spent by what is asked."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def left(self) -> float:
        return self.seconds


class SlowWorld(World):
    """Every question to central or AWS Health costs what it was given."""

    def spend(self, clock: Clock) -> None:
        post, resolve = self._post, self._resolve

        def slow_post(url: str, body: bytes, seconds: float) -> Any:
            clock.seconds -= seconds
            return post(url, body, seconds)

        def slow_resolve(host: str) -> str:
            clock.seconds -= 1
            return resolve(host)

        self.__dict__.update(_post=slow_post, _resolve=slow_resolve, left=clock.left)


@pytest.mark.contract("G7")
@pytest.mark.parametrize("seconds", [0.5, 4.9, 5.1, 6, 9, 12, 30, 60])
def test_slow_sources_leave_time_for_the_answer(seconds: float) -> None:
    clock = Clock(seconds)
    slow = [TimeoutError()]
    urls = {CENTRAL: slow, STANDBY: slow}
    world = SlowWorld(central=urls, settings=settings(urls=(CENTRAL, STANDBY)), health=[TimeoutError()])
    world.spend(clock)
    line = world.run()
    assert line["verdict"] == "block"
    assert world.answer[0] == "failure"
    assert clock.seconds >= min(seconds, 4.0)


@pytest.mark.contract("G8")
def test_with_time_for_little_central_is_still_asked() -> None:
    world = World(left=lambda: 6.0)
    assert world.run()["decision_id"] == "d-1"


def test_without_any_time_nothing_is_asked_but_the_job_is_answered() -> None:
    world = World(left=lambda: 4.0)
    assert world.run()["reasons"][0]["kind"] == "unknown"
    assert (world.asked, world.health_asked, world.answer[0]) == ([], [], "failure")


@pytest.mark.contract("G7")
@pytest.mark.parametrize(
    ("on_unknown", "mode", "result"),
    [("block", "enforce", "failure"), ("allow", "enforce", "success"), ("block", "shadow", "success")],
)
def test_a_fault_of_the_gate_itself_is_an_unknown(on_unknown: str, mode: str, result: str) -> None:
    world = World(central={CENTRAL: [KeyError(SECRET)]}, settings=settings(on_unknown=on_unknown, mode=mode))
    line = world.run()
    assert line["reasons"][0]["kind"] == "unknown"
    assert world.answer[0] == result
    assert "the gate itself failed (KeyError in " in line["summary"]
    assert SECRET not in str((line, world.log, world.answers))


@pytest.mark.contract("G7")
@pytest.mark.parametrize("code", ["InvalidJobStateException", "JobNotFoundException"])
def test_an_answered_job_is_left_alone(code: str) -> None:
    world = World(put_faults=[fault(code)])
    assert world.run() == decision()
    assert world.answers == []
    assert world.log[0]["job"] == "left alone"


@pytest.mark.contract("G7")
@pytest.mark.parametrize(
    "passing",
    [
        fault("ThrottlingException"),
        fault("InternalFailure", 500),
        ConnectTimeoutError(endpoint_url="x"),
        TimeoutError(),
    ],
)
def test_an_answer_that_does_not_get_through_is_given_again(passing: Exception) -> None:
    world = World(put_faults=[passing] * 3)
    world.run()
    assert world.answer[0] == "success"
    assert world.slept == [0.2, 0.4, 0.8]


def test_a_job_that_takes_no_answer_ends_in_an_error_so_that_lambda_asks_again() -> None:
    world = World(put_faults=[fault("ThrottlingException")] * 99)
    with pytest.raises(RuntimeError, match="took no answer"):
        world.run()
    assert len(world.put_faults) == 99 - 6
    with pytest.raises(RuntimeError, match="AccessDeniedException"):
        World(put_faults=[fault("AccessDeniedException")] * 2).run()


def test_no_answer_is_tried_past_the_deadline() -> None:
    world = World(left=lambda: 0.5, put_faults=[fault("ThrottlingException")] * 9)
    with pytest.raises(RuntimeError, match="took no answer"):
        world.run()
    assert (len(world.put_faults), world.slept) == (8, [])


def test_a_warm_answer_makes_no_more_than_three_calls() -> None:
    world = World(central={CENTRAL: [reply(decision())]})
    world.run()
    assert (len(world.asked), len(world.health_asked), len(world.answers)) == (1, 0, 1)
