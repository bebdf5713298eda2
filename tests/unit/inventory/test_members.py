"""The way into accounts: which role, what is said where none lets in; and many accounts at once."""

import threading
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from org_gate.inventory.errors import AwsRefusedError
from org_gate.inventory.members import Doors, NoWayInError, fault_words, side_by_side
from tests.unit.rollout.accounts import Aws, credentials, refused

A = "111122223333"
ROLE = "arn:aws:iam::111122223333:role/org-gate-read-"


def test_the_first_role_that_lets_in_is_taken() -> None:
    asked: list[str] = []

    def assume(_whose: str, region: str, params: Mapping[str, Any]) -> Any:
        asked.append(f"{region} {params['RoleArn']}")
        if params["RoleArn"].endswith("us-east-1"):
            raise refused("AccessDenied")
        return credentials(params)

    doors = Doors(Aws({"sts.assume_role": assume}).session, "eu-central-1")
    doors.enter(A, ["us-east-1", "eu-west-1", "eu-north-1"])
    assert asked == [f"eu-central-1 {ROLE}us-east-1", f"eu-central-1 {ROLE}eu-west-1"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("AccessDenied", "its role org-gate-read-REGION does not let you in (AccessDenied)"),
        ("Throttling", "its read-only role cannot be assumed: AWS is busy (Throttling); run again in a minute"),
    ],
)
def test_where_no_role_lets_in_the_cause_is_told(code: str, said: str) -> None:
    def assume(*_: Any) -> Any:
        raise refused(code)

    doors = Doors(Aws({"sts.assume_role": assume}).session, "eu-central-1")
    with pytest.raises(NoWayInError) as found:
        doors.enter(A, ["us-east-1", "eu-west-1"])
    assert found.value.cause.startswith(said)
    assert A not in found.value.cause, "equal troubles of accounts read alike"


def test_without_a_gate_there_is_no_role_to_try() -> None:
    aws = Aws({})
    with pytest.raises(NoWayInError, match="no stack of a gate is there"):
        Doors(aws.session, "eu-central-1").enter(A, [])
    assert aws.entered == []


def test_credentials_that_are_none_are_told_once_and_for_all() -> None:
    def nobody(*_: Any) -> Any:
        raise refused("ExpiredToken")

    with pytest.raises(AwsRefusedError, match="Sign in to the central account"):
        Doors(Aws({"sts.get_caller_identity": nobody}).session, "eu-central-1")


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (refused("AccessDenied", "with an explicit deny in a service control policy"), "a service control policy"),
        (refused("AccessDeniedException"), "not allowed (AccessDeniedException)"),
        (refused("Boom"), "AWS answers Boom"),
        (ReadTimeoutError(endpoint_url="x"), "no answer in time"),
        (EndpointConnectionError(endpoint_url="x"), "AWS cannot be reached (EndpointConnectionError)"),
    ],
)
def test_faults_are_told_in_words(error: Exception, words: str) -> None:
    assert fault_words(error).startswith(words)


def test_many_at_once_come_back_in_order_and_are_counted() -> None:
    later = threading.Event()
    told: list[tuple[int, int]] = []

    def work(number: int) -> int:
        if number == 0:
            assert later.wait(10), "the others go on meanwhile"
        if number == 5:
            later.set()
        return number * number

    assert side_by_side(work, range(6), lambda *far: told.append(far)) == [0, 1, 4, 9, 16, 25]
    assert told == [(done, 6) for done in range(1, 7)]


def test_where_one_raises_those_that_wait_are_not_begun() -> None:
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        raise LookupError(number)

    with pytest.raises(LookupError, match="0"):
        side_by_side(work, range(10_000))
    assert len(begun) < 10_000
