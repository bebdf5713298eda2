"""Drift of instances: what was changed or deleted behind the StackSet's back."""

import json
from typing import Any

import pytest
from moto.cloudformation.models import cloudformation_backends
from moto.iam.models import iam_backends
from moto.sqs.models import sqs_backends

from org_gate.simulator.base import AwsError
from tests.unit.simulator.lambdas.deployed import ACCOUNT, OTHER, REGION
from tests.unit.simulator.stacksets.admin import Admin, p, template

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
MORE = '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}'


def with_role() -> str:
    made = json.loads(template())
    role = {"RoleName": "gate", "AssumeRolePolicyDocument": TRUST}
    made["Resources"]["R"] = {"Type": "AWS::IAM::Role", "Properties": role}
    made["Resources"]["E"] = {"Type": "AWS::Events::EventBus", "Properties": {"Name": "bus"}}
    return json.dumps(made)


@pytest.fixture(name="deployed")
def _deployed(admin: Admin) -> Admin:
    admin.create(TemplateBody=with_role(), Capabilities=["CAPABILITY_NAMED_IAM"])
    admin.deploy("ou-prod")
    return admin


def detect(admin: Admin) -> tuple[str, dict[str, Any]]:
    """The operation's id, and what the set says of itself."""
    operation = str(admin("DetectStackSetDrift")["OperationId"])
    return operation, admin("DescribeStackSet")["StackSet"]["StackSetDriftDetectionDetails"]


def drifts(admin: Admin) -> dict[str, str]:
    return {each["Account"]: each["DriftStatus"] for each in admin("ListStackInstances")["Summaries"]}


def resources(admin: Admin, operation: str, account: str = ACCOUNT, **params: Any) -> dict[str, Any]:
    place = {"StackInstanceAccount": account, "StackInstanceRegion": REGION}
    found = admin("ListStackInstanceResourceDrifts", OperationId=operation, **place, **params)["Summaries"]
    return {each["LogicalResourceId"]: each for each in found}


def test_nothing_is_said_before_somebody_looks(deployed: Admin) -> None:
    assert set(drifts(deployed).values()) == {"NOT_CHECKED"}
    assert "StackSetDriftDetectionDetails" not in deployed("DescribeStackSet")["StackSet"]


def test_what_is_as_it_was_made_is_in_sync(deployed: Admin) -> None:
    operation, details = detect(deployed)
    assert deployed.operation(operation)["Action"] == "DETECT_DRIFT"
    assert details["DriftStatus"] == "IN_SYNC"
    assert details["DriftDetectionStatus"] == "COMPLETED"
    assert (details["TotalStackInstancesCount"], details["InSyncStackInstancesCount"]) == (2, 2)
    assert drifts(deployed) == {ACCOUNT: "IN_SYNC", OTHER: "IN_SYNC"}
    assert {name: each["StackResourceDriftStatus"] for name, each in resources(deployed, operation).items()} == {
        "Q": "IN_SYNC", "R": "IN_SYNC",
    }  # fmt: skip
    assert deployed("ListStackSets")["Summaries"][0]["DriftStatus"] == "IN_SYNC"


def test_a_missing_resource_and_a_changed_one_are_drift(deployed: Admin) -> None:
    sqs_backends[ACCOUNT][REGION].delete_queue("q")
    iam_backends[ACCOUNT]["aws"].put_role_policy("gate", "more", MORE)
    operation, details = detect(deployed)
    assert (details["DriftStatus"], details["DriftedStackInstancesCount"]) == ("DRIFTED", 1)
    assert drifts(deployed) == {ACCOUNT: "DRIFTED", OTHER: "IN_SYNC"}
    found = resources(deployed, operation)
    assert found["Q"]["StackResourceDriftStatus"] == "DELETED"
    assert found["R"]["StackResourceDriftStatus"] == "MODIFIED"
    (difference,) = found["R"]["PropertyDifferences"]
    assert difference["PropertyPath"] == "/Policies"
    assert "s3:*" in difference["ActualValue"]
    assert set(resources(deployed, operation, StackInstanceResourceDriftStatuses=["DELETED"])) == {"Q"}


def test_an_update_that_leaves_it_alone_does_not_hide_it(deployed: Admin) -> None:
    iam_backends[ACCOUNT]["aws"].put_role_policy("gate", "more", MORE)
    changed = json.loads(with_role())
    changed["Resources"]["Q"]["Properties"]["VisibilityTimeout"] = 77
    deployed.update(TemplateBody=json.dumps(changed), Capabilities=["CAPABILITY_NAMED_IAM"])
    operation, _ = detect(deployed)
    assert {name: each["StackResourceDriftStatus"] for name, each in resources(deployed, operation).items()} == {
        "Q": "IN_SYNC", "R": "MODIFIED",
    }  # fmt: skip


def test_a_stack_that_is_gone_cannot_be_looked_at(deployed: Admin) -> None:
    backend = cloudformation_backends[ACCOUNT][REGION]
    backend.delete_stack(backend.list_stacks()[0].stack_id)
    del backend.deleted_stacks[next(iter(backend.deleted_stacks))]
    operation, details = detect(deployed)
    assert deployed.results(operation)[ACCOUNT, REGION][0] == "FAILED"
    assert (details["DriftDetectionStatus"], details["FailedStackInstancesCount"]) == ("FAILED", 1)


def test_the_latest_detection_alone_can_be_read(deployed: Admin) -> None:
    first, _ = detect(deployed)
    detect(deployed)
    with pytest.raises(AwsError, match="OperationNotFoundException"):
        resources(deployed, first)


def test_instances_can_be_found_by_their_drift(deployed: Admin) -> None:
    sqs_backends[ACCOUNT][REGION].delete_queue("q")
    detect(deployed)
    drifted = deployed("ListStackInstances", Filters=[{"Name": "DRIFT_STATUS", "Values": "DRIFTED"}])["Summaries"]
    assert [each["Account"] for each in drifted] == [ACCOUNT]


def test_while_one_runs_there_is_no_other(patient: Admin) -> None:
    patient.create(ManagedExecution={"Active": True}, Parameters=[p("Name", "q")])
    started = patient.start("ou-prod")
    while patient.status(started) == "RUNNING":
        pass
    patient("DetectStackSetDrift")
    with pytest.raises(AwsError, match="OperationInProgressException"):
        patient("DetectStackSetDrift")
