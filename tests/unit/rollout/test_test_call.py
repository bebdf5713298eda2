"""The gates' test call: what is made of answers and of silence."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from org_gate.rollout.test_call import by_cause, check_gates, judged
from tests.unit.rollout.accounts import Aws, payload, refused

A, B, C = "111122223333", "222233334444", "333344445555"
HOME = {"name": "central in eu-west-1", "version": "1.0.0", "age_seconds": 31, "stale": False, "policy_version": 7}
DOWN = {"name": "central in eu-central-1", "why": "no answer in time"}


def answer(*central: Mapping[str, Any], **changes: Any) -> dict[str, Any]:
    told = {"version": "1.0.0", "mode": "enforce", "on_unknown": "block", "central": list(central or (HOME,))}
    return {**told, **changes}


def test_a_gate_that_is_well() -> None:
    checked = judged(A, "us-east-1", answer(DOWN, HOME), "1.0.0")
    assert checked.is_well
    assert (checked.version, checked.mode, checked.on_unknown) == ("1.0.0", "enforce", "block")
    down, home = checked.central
    assert (down.answers, down.why, down.age_seconds) == (False, "no answer in time", None)
    assert (home.answers, home.age_seconds, home.stale, home.policy_version) == (True, 31, False, 7)


@pytest.mark.parametrize(
    ("told", "cause"),
    [
        (answer(version="0.9.0"), "it is of version 0.9.0, not 1.0.0"),
        (answer(DOWN), "no central URL answers it: central in eu-central-1: no answer in time"),
        (answer(central=[]), "no central URL answers it: it knows none"),
        ({"verdict": "allow"}, "it knows no test call: it is older than that, or not a gate of org-gate"),
        (answer(central="none"), "it knows no test call: it is older than that, or not a gate of org-gate"),
        ("hello", "it knows no test call: it is older than that, or not a gate of org-gate"),
    ],
)
def test_what_is_wrong_is_told_in_words(told: Any, cause: str) -> None:
    assert judged(A, "us-east-1", told, "1.0.0").cause == cause


def test_a_door_that_is_closed_says_what_to_look_at() -> None:
    cause = judged(A, "us-east-1", answer({"name": "central in eu-west-1", "why": "answered 403"}), None).cause
    assert "central in eu-west-1: 403 at its door: the account is not in the organization" in cause


def gates(whose: str, region: str, params: Mapping[str, Any]) -> Any:
    """A is well, but for us-west-2; B is not, each Region in its own way."""
    assert params["FunctionName"] == "org-gate"
    assert json.loads(params["Payload"]) == {"org-gate": "test"}
    if whose == A:
        return payload(answer(version="0.9.0") if region == "us-west-2" else answer())
    if region == "us-east-1":
        raise refused("ResourceNotFoundException", "Function not found")
    if region == "us-west-2":
        raise ReadTimeoutError(endpoint_url="https://lambda")
    if region == "eu-north-1":
        return payload({"errorMessage": "2026 Task timed out after 60.00 seconds"}, failed=True)
    if region == "eu-south-1":
        return payload({"errorType": "Runtime.ImportModuleError", "errorMessage": "no botocore"}, failed=True)
    if region == "eu-west-3":
        return payload(b"<html>")
    raise refused("AccessDeniedException", "explicit deny in a service control policy")


def test_one_role_an_account_and_results_in_order() -> None:
    aws = Aws({"lambda.invoke": gates})
    checked = check_gates(aws.session, [(A, "us-west-2"), (A, "eu-west-1")], region="eu-west-1", version="1.0.0")
    assert [(each.account, each.region, each.cause) for each in checked] == [
        (A, "eu-west-1", ""),
        (A, "us-west-2", "it is of version 0.9.0, not 1.0.0"),
    ]
    assert aws.entered == [f"arn:aws:iam::{A}:role/org-gate-read-eu-west-1"]


def test_the_role_of_a_gate_that_is_well_serves_the_others_of_its_account() -> None:
    aws = Aws({"lambda.invoke": gates})
    doors = [(A, "us-east-1"), (C, "us-east-1")]
    check_gates(aws.session, [(A, "eu-west-1")], region="eu-west-1", doors=doors)
    assert aws.entered == [f"arn:aws:iam::{A}:role/org-gate-read-us-east-1"]


@pytest.mark.parametrize(
    ("region", "cause", "said"),
    [
        ("us-east-1", "the function org-gate is not there", "Function not found"),
        ("us-west-2", "the function org-gate cannot be called: no answer in time", "Read timeout"),
        ("eu-north-1", "it did not answer within its own time", "Task timed out"),
        ("eu-south-1", "it failed (Runtime.ImportModuleError)", "no botocore"),
        ("eu-west-3", "the function org-gate answers what is not JSON", "Expecting value"),
        ("eu-west-1", "the function org-gate cannot be called: a service control policy", "explicit deny"),
    ],
)
def test_what_aws_says_no_to_is_told_in_words(region: str, cause: str, said: str) -> None:
    (checked,) = check_gates(Aws({"lambda.invoke": gates}).session, [(B, region)], region="eu-west-1")
    assert checked.cause.startswith(cause)
    assert said in checked.said
    assert checked.version is None


def test_troubles_are_grouped_and_what_most_have_comes_first() -> None:
    def closed(_whose: str, _region: str, params: Mapping[str, Any]) -> Any:
        raise refused("AccessDenied", params["RoleArn"])

    locked = check_gates(
        Aws({"sts.assume_role": closed}).session, [(B, "us-east-1"), (C, "us-east-1")], region="eu-west-1"
    )
    well = check_gates(Aws({"lambda.invoke": gates}).session, [(A, "us-east-1"), (B, "us-east-1")], region="eu-west-1")
    (first, those), (second, _) = by_cause((*well, *locked))
    assert first.startswith("its role org-gate-read-REGION does not let you in")
    assert [each.account for each in those] == [B, C]
    assert second.startswith("the function org-gate is not there")


def test_no_gates_no_calls() -> None:
    aws = Aws({})
    assert check_gates(aws.session, [], region="eu-west-1") == ()
    assert not aws.calls
