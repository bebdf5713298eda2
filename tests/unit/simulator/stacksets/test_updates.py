"""What updates and deletions do to instances: which are outdated, which are reached, which stay out of reach."""

import json
from typing import Any

import pytest
from moto.cloudformation.models import cloudformation_backends
from moto.dynamodb.models import dynamodb_backends
from moto.sqs.models import sqs_backends

from org_gate.simulator.base import AwsError
from tests.unit.simulator.lambdas.deployed import ACCOUNT, CENTRAL, OTHER, REGION
from tests.unit.simulator.stacksets.admin import AUTOMATIC, US, WIDE, Admin, p, queues, template

CURRENT, OUTDATED = ("CURRENT", "SUCCEEDED"), ("OUTDATED", "SUCCEEDED")


def test_a_changed_template_outdates_all_and_updates_those_that_are_meant(admin: Admin) -> None:
    admin.create()
    admin.deploy("r-0001", regions=(REGION, US))
    updated = admin.update("ou-prod", regions=(US,), TemplateBody=template(VisibilityTimeout=77))
    assert set(admin.results(updated)) == {(ACCOUNT, US), (OTHER, US)}
    statuses = admin.instances()
    assert (statuses[ACCOUNT, US], statuses[ACCOUNT, REGION], statuses[CENTRAL, US]) == (CURRENT, OUTDATED, OUTDATED)
    assert sqs_backends[CENTRAL][US].queues["q"].visibility_timeout == 30


def test_changed_parameters_do_as_well(admin: Admin) -> None:
    admin.create()
    admin.deploy("ou-prod")
    admin.update("ou-deep", regions=(REGION,), Parameters=[p("Name", "q"), p("Delay", "5")])
    assert admin.instances() == {(ACCOUNT, REGION): OUTDATED, (OTHER, REGION): CURRENT}


def test_without_a_change_the_others_keep_their_status(admin: Admin) -> None:
    admin.create()
    admin.deploy("ou-prod")
    updated = admin.update("ou-deep", regions=(REGION,))
    assert set(admin.results(updated)) == {(OTHER, REGION)}
    assert admin.instances() == {(ACCOUNT, REGION): CURRENT, (OTHER, REGION): CURRENT}


@pytest.mark.parametrize(
    ("kind", "wanted"),
    [("NONE", {ACCOUNT, OTHER}), ("INTERSECTION", {OTHER}), ("DIFFERENCE", {ACCOUNT}), ("UNION", {ACCOUNT, OTHER})],
)
def test_updates_and_deletions_know_account_filters(admin: Admin, kind: str, wanted: set[str]) -> None:
    admin.create()
    admin.deploy("r-0001")
    accounts = {} if kind == "NONE" else {"AccountFilterType": kind, "Accounts": [OTHER]}
    targets = {"OrganizationalUnitIds": ["ou-prod"], **accounts}
    given: dict[str, Any] = {"DeploymentTargets": targets, "Regions": [REGION]}
    updated = admin("UpdateStackSet", UsePreviousTemplate=True, Parameters=[p("Name", "q")], **given)["OperationId"]
    assert {account for account, _ in admin.results(updated)} == wanted
    deleted = admin("DeleteStackInstances", RetainStacks=False, **given)["OperationId"]
    assert {account for account, _ in admin.results(deleted)} == wanted


def test_accounts_with_ous_and_no_filter_are_added_to_them_and_never_for_a_creation(admin: Admin) -> None:
    admin.create()
    admin.deploy("r-0001")
    targets: dict[str, Any] = {"OrganizationalUnitIds": ["ou-deep"], "Accounts": [CENTRAL]}
    with pytest.raises(AwsError, match="UNION is not supported"):
        admin("CreateStackInstances", DeploymentTargets=targets, Regions=[US])
    deleted = admin("DeleteStackInstances", DeploymentTargets=targets, Regions=[REGION], RetainStacks=False)
    assert {account for account, _ in admin.results(deleted["OperationId"])} == {OTHER, CENTRAL}


def test_the_set_is_changed_even_where_the_update_fails(admin: Admin) -> None:
    admin.create()
    admin.deploy("ou-prod")
    broken = json.loads(template())
    broken["Resources"]["T"] = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "taken", "DelaySeconds": 7}}
    sqs_backends[ACCOUNT][REGION].create_queue("taken", VisibilityTimeout=99)
    updated = admin.update(TemplateBody=json.dumps(broken))
    assert admin.status(updated) == "FAILED"
    assert admin("DescribeStackSet")["StackSet"]["TemplateBody"] == json.dumps(broken)
    assert admin.instances() == {(ACCOUNT, REGION): ("OUTDATED", "FAILED"), (OTHER, REGION): ("OUTDATED", "CANCELLED")}
    reason = admin("ListStackInstances", StackInstanceAccount=ACCOUNT)["Summaries"][0]["StatusReason"]
    assert reason.startswith("T: ")
    sqs_backends[ACCOUNT][REGION].delete_queue("taken")
    admin.update(TemplateBody=json.dumps(broken))
    assert set(admin.instances().values()) == {CURRENT}
    assert "StatusReason" not in admin("ListStackInstances", StackInstanceAccount=ACCOUNT)["Summaries"][0]


@pytest.mark.parametrize(
    "params",
    [
        {"DeploymentTargets": {"OrganizationalUnitIds": ["ou-prod"]}},
        {"Regions": [REGION]},
        {"DeploymentTargets": {"OrganizationalUnitIds": ["ou-prod"]}, "Regions": [REGION], **AUTOMATIC},
    ],
)
def test_updates_take_targets_with_regions_and_without_automatic_deployment(
    admin: Admin, params: dict[str, Any]
) -> None:
    admin.create()
    with pytest.raises(AwsError, match="DeploymentTargets"):
        admin.update(**params)


def undeletable() -> str:
    """A table that is protected from deletion."""
    table = {
        "TableName": "t", "BillingMode": "PAY_PER_REQUEST", "DeletionProtectionEnabled": True,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }  # fmt: skip
    return json.dumps({"Resources": {"T": {"Type": "AWS::DynamoDB::Table", "Properties": table}}})


def test_a_deletion_that_failed_leaves_it_inoperable_until_it_is_let_go(admin: Admin) -> None:
    admin.create(TemplateBody=undeletable(), Parameters=[])
    admin.deploy("ou-deep")
    deleted = admin.delete("ou-deep")
    assert admin.status(deleted) == "FAILED"
    assert admin.instances() == {(OTHER, REGION): ("INOPERABLE", "INOPERABLE")}
    updated = admin.update(TemplateBody=template())
    assert admin.results(updated) == {}
    assert admin.instances() == {(OTHER, REGION): ("INOPERABLE", "INOPERABLE")}
    admin.delete("ou-deep", retain=True)
    assert admin.instances() == {}
    assert "t" in dynamodb_backends[OTHER][REGION].tables


def test_a_region_that_an_account_has_off_fails_there_alone(admin: Admin) -> None:
    admin.create()
    admin.turns_off(ACCOUNT, "me-central-1")
    operation = admin.deploy("ou-prod", regions=("me-central-1",), OperationPreferences=WIDE)
    assert operation["StatusDetails"] == {"FailedStackInstancesCount": 1}
    assert admin.instances()[OTHER, "me-central-1"] == CURRENT
    assert admin.results(operation["OperationId"])[ACCOUNT, "me-central-1"] == (
        "FAILED", f"Region me-central-1 is not enabled in account {ACCOUNT}",
    )  # fmt: skip


def test_retained_stacks_belong_to_nobody(admin: Admin) -> None:
    admin.create()
    admin.deploy("ou-prod")
    admin.delete("ou-prod", retain=True)
    assert admin.instances() == {}
    assert len(cloudformation_backends[OTHER][REGION].list_stacks()) == 1
    assert queues(OTHER) == {"q": 0}
