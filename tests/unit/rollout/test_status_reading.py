"""From what AWS lists to the status: how each gate stands, and what it costs to find out."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import pytest

from org_gate.client.api import DecisionApi
from org_gate.client.errors import Attempt, NoAnswer
from org_gate.inventory.errors import RolloutError, TookTooLongError
from org_gate.rollout.status import Standing, Status
from org_gate.rollout.status_reading import MOST_CALLED, detect_drift, read_status
from tests.unit.rollout.accounts import Aws, payload
from tests.unit.rollout.organizations import REGIONS, failed, instance, member, no_stack_set, organization, settings

STATUS = {"version": "1.0.0", "as_of": "2026-03-02T12:00:00Z", "age_seconds": 31, "stale": False, "mode": "enforce"}
GATE = {"version": "0.9.0", "mode": "enforce", "on_unknown": "block", "central": []}


class Api:
    """A decision API; that of ``silent`` Regions does not answer."""

    def __init__(self, url: str) -> None:
        self.url = url

    def status(self) -> dict[str, Any]:
        if "eu-central-1" in self.url:
            raise NoAnswer([Attempt(self.url, "it did not answer in time")])
        return {**STATUS, "policy_version": 3, "waiting": 2}

    def policies(self) -> dict[str, Any]:
        return {"policy_version": 3, "policy": {"version": 1}, "policies": []}


def connect(urls: Sequence[str]) -> DecisionApi:
    return cast("DecisionApi", Api(urls[0]))


def read(aws: Aws, **gates: Any) -> Status:
    return read_status(aws.session, settings(**gates), connect, own_version="1.0.0")


def everywhere(members: int) -> list[Mapping[str, Any]]:
    return [instance(member(number), region) for number in range(members) for region in REGIONS]


def test_every_gate_that_is_there_or_should_be_is_told() -> None:
    instances = [
        instance(member(0), "eu-west-1"),
        instance(member(0), "us-east-1", **failed("org-gate-gate-us-east-1 already exists")),
        instance(member(1), "eu-west-1", Status="OUTDATED", StackInstanceStatus={"DetailedStatus": "CANCELLED"}),
        instance(member(1), "us-east-1", Status="OUTDATED", StackInstanceStatus={"DetailedStatus": "PENDING"}),
        instance(member(1), "sa-east-1"),
        instance(member(2), "eu-west-1", **failed("stuck", "INOPERABLE")),
        instance(member(4), "eu-west-1", DriftStatus="DRIFTED"),
        instance("999999999999", "eu-west-1"),
    ]
    found = read(organization(5, instances, {"lambda.invoke": lambda *_: payload(GATE)}, suspended=[member(3)]))
    assert [(each.account[-3:], each.region, each.standing, each.version) for each in found.gates] == [
        ("000", "eu-west-1", Standing.CURRENT, "1.0.0"),
        ("000", "us-east-1", Standing.FAILED, "0.9.0"),
        ("001", "eu-west-1", Standing.OUTDATED, "0.9.0"),
        ("001", "sa-east-1", Standing.OUT_OF_SCOPE, "1.0.0"),
        ("001", "us-east-1", Standing.UNDER_WAY, "0.9.0"),
        ("002", "eu-west-1", Standing.FAILED, "0.9.0"),
        ("002", "us-east-1", Standing.MISSING, None),
        ("003", "eu-west-1", Standing.SUSPENDED, None),
        ("003", "us-east-1", Standing.SUSPENDED, None),
        ("004", "eu-west-1", Standing.CURRENT, "1.0.0"),
        ("004", "us-east-1", Standing.MISSING, None),
        ("999", "eu-west-1", Standing.OUT_OF_SCOPE, "1.0.0"),
    ]
    failure = found.gates[1]
    assert failure.cause.startswith("something of the same name is there already")
    assert failure.said == "org-gate-gate-us-east-1 already exists"
    assert (failure.name, failure.ou) == ("name-000", "Prod")
    assert [each.account for each in found.drifted()] == [member(4)]


def test_cells_are_told_with_what_they_answer() -> None:
    home, standby = read(organization(1, everywhere(1))).cells
    assert (home.region, home.is_home, home.stack, home.version) == ("eu-west-1", True, "CREATE_COMPLETE", "1.0.0")
    assert (home.api_version, home.age_seconds, home.policy_version, home.waiting) == ("1.0.0", 31, 3, 2)
    assert home.is_well
    assert not standby.is_well
    assert "it did not answer in time" in standby.trouble


def test_without_a_stack_set_all_gates_are_missing() -> None:
    found = read(organization(2, [], {"cloudformation.describe_stack_set": no_stack_set}))
    assert found.set_status is None
    assert {each.standing for each in found.gates} == {Standing.MISSING}
    assert len(found.gates) == 4


@pytest.mark.parametrize("members", [20, 200, 2000])
def test_calls_grow_with_pages_and_not_with_accounts(members: int) -> None:
    aws = organization(members, everywhere(members))
    read(aws)
    assert aws.calls == {
        "organizations.describe_organization": 1,
        "organizations.list_roots": 1,
        "organizations.list_organizational_units_for_parent": 2,
        "organizations.list_accounts_for_parent": 1 + members // 20,
        "cloudformation.describe_stack_set": 1,
        "cloudformation.list_stack_instances": -(-members * len(REGIONS) // 100),
        "cloudformation.describe_stacks": 2,
    }


def test_however_many_gates_are_outdated_no_more_are_called_than_a_person_would_look_at() -> None:
    outdated = [{**each, "Status": "OUTDATED"} for each in everywhere(300)]
    aws = organization(300, outdated, {"lambda.invoke": lambda *_: payload(GATE)})
    found = read(aws)
    assert aws.calls["lambda.invoke"] == MOST_CALLED
    assert [each.version for each in found.gates] == ["0.9.0"] * MOST_CALLED + [None] * (600 - MOST_CALLED)


def drifting(*statuses: str) -> tuple[Aws, list[float]]:
    told = iter(statuses)
    answers = {
        "cloudformation.detect_stack_set_drift": lambda *_: {"OperationId": "op"},
        "cloudformation.describe_stack_set_operation": lambda *_: {"StackSetOperation": {"Status": next(told)}},
    }
    return Aws(answers), []


def test_a_drift_detection_is_waited_for() -> None:
    aws, slept = drifting("QUEUED", "RUNNING", "SUCCEEDED")
    detect_drift(aws.session, settings(), slept.append)
    assert len(slept) == 2


def test_a_drift_detection_that_ends_otherwise_is_told() -> None:
    aws, slept = drifting("FAILED")
    with pytest.raises(RolloutError, match="ended as FAILED; what is known of drift may be old"):
        detect_drift(aws.session, settings(), slept.append)
    aws, slept = drifting(*["RUNNING"] * 2000)
    with pytest.raises(TookTooLongError):
        detect_drift(aws.session, settings(), slept.append)
