"""Service-managed StackSets: who may, where to, what comes of it."""

from typing import Any

import pytest
from moto.cloudformation.models import cloudformation_backends
from moto.sqs.models import sqs_backends

from org_gate.simulator.base import AwsError
from tests.unit.simulator.lambdas.deployed import ACCOUNT, CENTRAL, MANAGEMENT, OTHER, REGION, SUSPENDED
from tests.unit.simulator.stacksets.admin import US, WIDE, Admin, p, queues, template


def test_it_reaches_every_account_below_at_any_depth_but_management_and_suspended(admin: Admin) -> None:
    admin.create()
    operation = admin.deploy("r-0001", regions=(REGION, US))
    assert (operation["Status"], operation["Action"]) == ("SUCCEEDED", "CREATE")
    wanted = {(account, region) for account in (ACCOUNT, OTHER, CENTRAL) for region in (REGION, US)}
    skipped = {(SUSPENDED, region): ("OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT") for region in (REGION, US)}
    assert admin.instances() == {**dict.fromkeys(wanted, ("CURRENT", "SUCCEEDED")), **skipped}
    assert set(admin.results(operation["OperationId"])) == wanted
    for account, region in wanted:
        assert queues(account, region) == {"q": 0}
    assert queues(MANAGEMENT) == queues(SUSPENDED) == {}


def test_the_stack_is_one_of_the_member_account(admin: Admin) -> None:
    admin.create(Tags=[{"Key": "owner", "Value": "platform"}])
    admin.deploy("ou-deep")
    listed = admin("ListStackInstances")["Summaries"][0]
    stack = cloudformation_backends[OTHER][REGION].list_stacks()[0]
    assert stack.name.startswith("StackSet-s-")
    assert (stack.status, stack.stack_id, stack.tags) == ("CREATE_COMPLETE", listed["StackId"], {"owner": "platform"})
    assert listed["OrganizationalUnitId"] == "ou-deep"


def test_a_nested_account_is_listed_under_the_ou_that_was_asked_for(admin: Admin) -> None:
    admin.create()
    admin.deploy("ou-prod")
    assert {each["OrganizationalUnitId"] for each in admin("ListStackInstances")["Summaries"]} == {"ou-prod"}
    assert set(admin.instances()) == {(ACCOUNT, REGION), (OTHER, REGION)}


@pytest.mark.parametrize(
    ("kind", "accounts", "wanted"),
    [
        ("INTERSECTION", [OTHER], {OTHER}),
        ("DIFFERENCE", [OTHER], {ACCOUNT}),
    ],
)
def test_account_filters(admin: Admin, kind: str, accounts: list[str], wanted: set[str]) -> None:
    admin.create()
    targets = {"OrganizationalUnitIds": ["ou-prod"], "AccountFilterType": kind, "Accounts": accounts}
    admin("CreateStackInstances", DeploymentTargets=targets, Regions=[REGION])
    assert {account for account, _ in admin.instances()} == wanted


def test_parameters_of_the_set_and_overrides_of_instances_hold(admin: Admin) -> None:
    admin.create(Parameters=[p("Name", "q"), p("Delay", "1")])
    admin.deploy("ou-deep", ParameterOverrides=[p("Delay", "2")])
    admin.deploy("ou-prod", regions=(US,))
    assert (queues(OTHER)["q"], queues(OTHER, US)["q"], queues(ACCOUNT, US)["q"]) == (2, 1, 1)
    shown = admin("DescribeStackInstance", StackInstanceAccount=OTHER, StackInstanceRegion=REGION)["StackInstance"]
    assert shown["ParameterOverrides"] == [p("Delay", "2")]
    with pytest.raises(AwsError, match="not greater than 900"):
        admin.deploy("ou-prod", ParameterOverrides=[p("Delay", "901")])


def test_overrides_are_written_into_single_accounts_and_taken_back(admin: Admin) -> None:
    def write(override: dict[str, Any], *accounts: str) -> set[tuple[str, str]]:
        targets = {"OrganizationalUnitIds": ["ou-prod"], "AccountFilterType": "INTERSECTION", "Accounts": accounts}
        given: dict[str, Any] = {"DeploymentTargets": targets, "Regions": [REGION], "ParameterOverrides": [override]}
        return set(admin.results(admin("UpdateStackInstances", **given)["OperationId"]))

    def timeouts() -> list[int]:
        return [sqs_backends[account][REGION].queues["q"].visibility_timeout for account in (OTHER, ACCOUNT)]

    admin.create(
        TemplateBody=template(VisibilityTimeout={"Ref": "Delay"}), Parameters=[p("Name", "q"), p("Delay", "1")]
    )
    admin.deploy("ou-prod")
    assert write(p("Delay", "2"), OTHER, CENTRAL, MANAGEMENT) == {(OTHER, REGION)}
    assert timeouts() == [2, 1]
    admin("UpdateStackSet", UsePreviousTemplate=True, Parameters=[p("Name", "q"), p("Delay", "3")])
    admin.deploy("ou-prod")
    assert timeouts() == [2, 3]
    write({"ParameterKey": "Delay", "UsePreviousValue": True}, OTHER)
    assert timeouts() == [2, 3]
    with pytest.raises(AwsError, match="not specified in the stack set"):
        write(p("Colour", "red"), OTHER)
    write(p("Name", "q"), OTHER)
    assert timeouts() == [3, 3]


def test_an_update_reaches_all_instances_and_no_change_is_no_failure(admin: Admin) -> None:
    admin.create()
    admin.deploy("ou-prod")
    more = template(VisibilityTimeout=77)
    for _ in range(2):
        updated = admin("UpdateStackSet", TemplateBody=more, Parameters=[p("Name", "q")])
        assert admin.operation(updated["OperationId"])["Status"] == "SUCCEEDED"
    assert sqs_backends[ACCOUNT][REGION].queues["q"].visibility_timeout == 77
    assert admin("DescribeStackSet")["StackSet"]["TemplateBody"] == more
    assert set(admin.instances().values()) == {("CURRENT", "SUCCEEDED")}


def test_an_account_suspended_later_is_skipped_and_said_to_be(admin: Admin) -> None:
    admin.create()
    admin.deploy("ou-prod")
    admin.org.suspended = (OTHER,)
    updated = admin("UpdateStackSet", TemplateBody=template(VisibilityTimeout=77), Parameters=[p("Name", "q")])
    assert set(admin.results(updated["OperationId"])) == {(ACCOUNT, REGION)}
    assert admin.instances()[OTHER, REGION] == ("OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT")


def test_what_fails_in_an_account_is_told_and_comes_up_when_tried_again(admin: Admin) -> None:
    admin.create()
    sqs_backends[ACCOUNT][REGION].create_queue("q", VisibilityTimeout=99)
    admin("UpdateStackSet", TemplateBody=template(VisibilityTimeout=77), Parameters=[p("Name", "q")])
    operation = admin.deploy("ou-prod", OperationPreferences=WIDE)
    assert operation["Status"] == "SUCCEEDED"
    assert operation["StatusDetails"] == {"FailedStackInstancesCount": 1}
    results = admin.results(operation["OperationId"])
    assert results[OTHER, REGION] == ("SUCCEEDED", "")
    status, reason = results[ACCOUNT, REGION]
    assert status == "FAILED"
    assert reason.startswith("Q: ")
    assert admin.instances()[ACCOUNT, REGION] == ("OUTDATED", "FAILED")
    sqs_backends[ACCOUNT][REGION].delete_queue("q")
    admin.deploy("ou-prod")
    assert admin.instances()[ACCOUNT, REGION] == ("CURRENT", "SUCCEEDED")
    assert len(cloudformation_backends[ACCOUNT][REGION].stacks) == 1


@pytest.mark.parametrize(
    ("preferences", "other", "us"),
    [
        ({}, "CANCELLED", "CANCELLED"),
        ({"RegionConcurrencyType": "PARALLEL"}, "CANCELLED", "SUCCEEDED"),
        ({"ConcurrencyMode": "SOFT_FAILURE_TOLERANCE", "MaxConcurrentCount": 2}, "SUCCEEDED", "CANCELLED"),
    ],
)
def test_a_failure_beyond_the_tolerance_stops_the_operation(
    admin: Admin, preferences: dict[str, Any], other: str, us: str
) -> None:
    admin.create(TemplateBody=template(VisibilityTimeout=77))
    sqs_backends[ACCOUNT][REGION].create_queue("q", VisibilityTimeout=99)
    operation = admin.deploy("ou-prod", regions=(REGION, US), OperationPreferences=preferences)
    assert operation["Status"] == "FAILED"
    results = {place: status for place, (status, _) in admin.results(operation["OperationId"]).items()}
    assert results == {
        (ACCOUNT, REGION): "FAILED", (OTHER, REGION): other, (ACCOUNT, US): us, (OTHER, US): us,
    }  # fmt: skip


def test_instances_are_deleted_with_their_stacks_or_left(admin: Admin) -> None:
    admin.create()
    admin.deploy("ou-prod")
    with pytest.raises(AwsError, match="StackSetNotEmptyException"):
        admin("DeleteStackSet")
    for ou, retain in (("ou-deep", True), ("ou-prod", False)):
        admin(
            "DeleteStackInstances",
            DeploymentTargets={"OrganizationalUnitIds": [ou]}, Regions=[REGION], RetainStacks=retain,
        )  # fmt: skip
    assert admin.instances() == {}
    assert (queues(ACCOUNT), queues(OTHER)) == ({}, {"q": 0})
    admin("DeleteStackSet")
    assert [each["Status"] for each in admin("ListStackSets")["Summaries"]] == ["DELETED"]
    with pytest.raises(AwsError, match="StackSetNotFoundException"):
        admin("DescribeStackSet")


@pytest.mark.parametrize(
    ("account", "call_as", "code"),
    [
        (CENTRAL, "SELF", "StackSetNotFoundException"),
        (ACCOUNT, "SELF", "StackSetNotFoundException"),
        (ACCOUNT, "DELEGATED_ADMIN", "ValidationError"),
        (MANAGEMENT, "DELEGATED_ADMIN", "ValidationError"),
    ],
)
def test_nobody_else_finds_it(admin: Admin, account: str, call_as: str, code: str) -> None:
    admin.create()
    assert admin("DescribeStackSet", account=MANAGEMENT, call_as="SELF")["StackSet"]["StackSetName"] == "s"
    with pytest.raises(AwsError) as raised:
        admin("DescribeStackSet", account=account, call_as=call_as)
    assert raised.value.code == code
    if call_as == "SELF":
        assert admin("ListStackSets", account=account, call_as=call_as)["Summaries"] == []


def test_without_trusted_access_nothing_goes(admin: Admin) -> None:
    admin.org.trusted = False
    with pytest.raises(AwsError, match="enable organizations access"):
        admin.create()


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"PermissionModel": "SELF_MANAGED"}, "SERVICE_MANAGED stack sets only"),
        ({"TemplateBody": template().replace("{", '{"Transform": "X", ', 1)}, "never in a StackSet"),
        ({"TemplateBody": template() + " " * 51_200}, "51200"),
        ({"Parameters": []}, "must have values"),
        ({"TemplateBody": None}, "must be specified"),
        ({"StackSetName": "1"}, "StackSetName"),
    ],
)
def test_a_set_that_cannot_be_is_refused(admin: Admin, params: dict[str, Any], message: str) -> None:
    with pytest.raises(AwsError, match=message):
        admin.create(**params)
    assert admin("ListStackSets")["Summaries"] == []


def test_targets_that_cannot_be_are_refused_before_anything_is_made(admin: Admin) -> None:
    admin.create()
    for targets, regions in (({}, [REGION]), ({"OrganizationalUnitIds": ["ou-none"]}, [REGION]),
                             ({"OrganizationalUnitIds": ["ou-prod"]}, ["mars-1"])):  # fmt: skip
        with pytest.raises(AwsError, match="ValidationError"):
            admin("CreateStackInstances", DeploymentTargets=targets, Regions=regions)
    assert admin.instances() == {}


def test_operation_ids_are_given_or_counted_and_used_once(admin: Admin) -> None:
    first = admin.create()
    assert first.startswith("s:")
    admin.deploy("ou-deep", OperationId="mine")
    with pytest.raises(AwsError, match="OperationIdAlreadyExistsException"):
        admin.deploy("ou-prod", OperationId="mine")
    assert set(admin.instances()) == {(OTHER, REGION)}
    counted = admin.deploy("ou-prod")["OperationId"]
    assert [each["OperationId"] for each in admin("ListStackSetOperations")["Summaries"]] == [counted, "mine"]
    with pytest.raises(AwsError, match="OperationNotFoundException"):
        admin("DescribeStackSetOperation", OperationId="other")


def test_lists_are_paged(admin: Admin) -> None:
    admin.create()
    admin.deploy("ou-prod")
    page = admin("ListStackInstances", MaxResults=1)
    last = admin("ListStackInstances", MaxResults=1, NextToken=page["NextToken"])
    assert [each["Account"] for each in (*page["Summaries"], *last["Summaries"])] == [ACCOUNT, OTHER]
    assert "NextToken" not in last
    with pytest.raises(AwsError, match="NextToken"):
        admin("ListStackInstances", NextToken="x")
