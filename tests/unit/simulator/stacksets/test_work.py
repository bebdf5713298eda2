"""Which instances are at work, which wait, and when it is enough of failures."""

from typing import Any

import pytest

from org_gate.simulator.stacksets.work import Result, Work

A, B, C, D = "A", "B", "C", "D"


class Deed:
    """Fails where it is told to, and remembers who was at it."""

    def __init__(self, *failing: tuple[str, str]) -> None:
        self.failing = failing
        self.log: list[str] = []

    def begins(self, result: Result) -> None:
        self.log.append(f"+{result.account}{result.region}")

    def ends(self, result: Result) -> str:
        self.log.append(f"-{result.account}{result.region}")
        return "broken" if (result.account, result.region) in self.failing else ""

    def is_cancelled(self, result: Result) -> None:
        self.log.append(f"x{result.account}{result.region}")


def work(deed: Deed, accounts: str = "ABCD", regions: str = "1", **preferences: Any) -> Work:
    results = [Result(account, region, "ou") for account in accounts for region in regions]
    return Work(results, deed, preferences)


def finish(made: Work) -> dict[str, str]:
    while not made.is_done:
        made.finish_one()
    return {f"{result.account}{result.region}": result.status for result in made.results}


def test_by_default_one_account_after_the_other_one_region_after_the_other() -> None:
    deed = Deed()
    finish(work(deed, "AB", "12"))
    assert deed.log == ["+A1", "-A1", "+B1", "-B1", "+A2", "-A2", "+B2", "-B2"]


def test_regions_come_up_in_the_order_asked_for() -> None:
    deed = Deed()
    finish(work(deed, "A", "123", RegionOrder=["3", "1"]))
    assert [step for step in deed.log if step[0] == "+"] == ["+A3", "+A1", "+A2"]


def test_regions_in_parallel_take_turns() -> None:
    deed = Deed()
    finish(work(deed, "AB", "12", RegionConcurrencyType="PARALLEL"))
    assert deed.log == ["+A1", "+A2", "-A1", "+B1", "-A2", "+B2", "-B1", "-B2"]


@pytest.mark.parametrize(
    ("preferences", "at_once"),
    [
        ({}, 1),
        ({"MaxConcurrentCount": 3}, 1),
        ({"MaxConcurrentCount": 3, "FailureToleranceCount": 1}, 2),
        ({"MaxConcurrentPercentage": 75, "FailureTolerancePercentage": 100}, 3),
        ({"MaxConcurrentPercentage": 1, "FailureTolerancePercentage": 100}, 1),
        ({"MaxConcurrentCount": 3, "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE"}, 3),
    ],
)
def test_so_many_at_once(preferences: dict[str, Any], at_once: int) -> None:
    made = work(Deed(), **preferences)
    assert [result.status for result in made.results].count("RUNNING") == at_once


def test_strict_concurrency_falls_with_each_failure() -> None:
    made = work(Deed(("A", "1")), "ABCDE", MaxConcurrentCount=3, FailureToleranceCount=2)
    made.finish_one()
    assert [result.status for result in made.results] == ["FAILED", "RUNNING", "RUNNING", "PENDING", "PENDING"]


def test_strict_tolerance_is_never_exceeded_by_more_than_one() -> None:
    everything = Deed(*((account, "1") for account in "ABCDE"))
    statuses = finish(work(everything, "ABCDE", MaxConcurrentCount=5, FailureToleranceCount=1))
    assert list(statuses.values()) == ["FAILED", "FAILED", "CANCELLED", "CANCELLED", "CANCELLED"]


def test_soft_tolerance_lets_those_that_run_go_on() -> None:
    preferences: dict[str, Any] = {"ConcurrencyMode": "SOFT_FAILURE_TOLERANCE", "MaxConcurrentCount": 3}
    statuses = finish(work(Deed(("A", "1"), ("B", "1")), **preferences))
    assert statuses == {"A1": "FAILED", "B1": "FAILED", "C1": "SUCCEEDED", "D1": "CANCELLED"}


@pytest.mark.parametrize(("kind", "second"), [("SEQUENTIAL", "CANCELLED"), ("PARALLEL", "SUCCEEDED")])
def test_a_region_that_failed_stops_the_next_ones_unless_they_are_parallel(kind: str, second: str) -> None:
    made = work(Deed(("A", "1")), "AB", "12", RegionConcurrencyType=kind)
    assert finish(made) == {"A1": "FAILED", "B1": "CANCELLED", "A2": second, "B2": second}
    assert made.is_exceeded
    assert made.failures == 1


def test_what_is_within_the_tolerance_is_no_failure_of_the_whole() -> None:
    made = work(Deed(("A", "1")), FailureTolerancePercentage=25)
    assert finish(made)["D1"] == "SUCCEEDED"
    assert not made.is_exceeded


def test_stopped_those_that_run_end_and_no_other_begins() -> None:
    made = work(Deed(), MaxConcurrentCount=2, FailureToleranceCount=1)
    made.stop()
    assert not made.is_done
    assert finish(made) == {"A1": "SUCCEEDED", "B1": "SUCCEEDED", "C1": "CANCELLED", "D1": "CANCELLED"}


def test_nothing_to_do_is_done() -> None:
    assert work(Deed(), "").is_done
