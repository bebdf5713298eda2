"""Service-managed StackSets: who may, where to, what comes of it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from moto.cloudformation.models import cloudformation_backends
from moto.core.utils import get_service_model
from moto.sqs.models import sqs_backends

from org_gate.simulator.base import AwsError, Call, Caller, SimClock
from org_gate.simulator.cloudformation.strict import strict_stacks
from org_gate.simulator.stacksets import StackSets
from tests.unit.simulator.lambdas.deployed import ACCOUNT, CENTRAL, MANAGEMENT, OTHER, REGION, SUSPENDED, Org

US = "us-east-1"
WIDE = {"ConcurrencyMode": "SOFT_FAILURE_TOLERANCE", "MaxConcurrentPercentage": 100, "FailureTolerancePercentage": 100}


def template(**queue: Any) -> str:
    properties = {"QueueName": {"Ref": "Name"}, "DelaySeconds": {"Ref": "Delay"}, **queue}
    parameters = {"Name": {"Type": "String"}, "Delay": {"Type": "Number", "Default": 0, "MaxValue": 900}}
    return json.dumps(
        {"Parameters": parameters, "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": properties}}}
    )


class Admin:
    """The delegated administrator, who says so on every call unless told otherwise."""

    def __init__(self, clock: SimClock) -> None:
        self.org = Org()
        self.service = StackSets(clock, self.org)

    def __call__(self, operation: str, account: str = CENTRAL, call_as: str = "DELEGATED_ADMIN", **params: Any) -> Any:
        named = {} if operation == "ListStackSets" else {"StackSetName": "s"}
        caller = Caller(account, f"arn:aws:iam::{account}:user/admin", "AKIAEXAMPLE", "AIDAEXAMPLE")
        call = Call("cloudformation", operation, {**named, "CallAs": call_as, **params}, REGION, caller)
        answer = self.service.handle(call)
        shape = get_service_model("cloudformation").operation_model(operation).output_shape
        assert set(answer) <= set(shape.members)
        return answer

    def create(self, **params: Any) -> str:
        given = {"TemplateBody": template(), "PermissionModel": "SERVICE_MANAGED", "Parameters": [p("Name", "q")]}
        return str(self("CreateStackSet", **{**given, **params})["StackSetId"])

    def deploy(self, *ous: str, regions: tuple[str, ...] = (REGION,), **params: Any) -> dict[str, Any]:
        """The operation, described."""
        made = self(
            "CreateStackInstances",
            DeploymentTargets={"OrganizationalUnitIds": list(ous)},
            Regions=list(regions),
            **params,
        )
        return self.operation(made["OperationId"])

    def operation(self, operation_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self("DescribeStackSetOperation", OperationId=operation_id)["StackSetOperation"]
        return found

    def results(self, operation_id: str) -> dict[tuple[str, str], tuple[str, str]]:
        summaries = self("ListStackSetOperationResults", OperationId=operation_id)["Summaries"]
        return {(r["Account"], r["Region"]): (r["Status"], r.get("StatusReason", "")) for r in summaries}

    def instances(self) -> dict[tuple[str, str], tuple[str, str]]:
        summaries = self("ListStackInstances")["Summaries"]
        return {
            (each["Account"], each["Region"]): (each["Status"], each["StackInstanceStatus"]["DetailedStatus"])
            for each in summaries
        }


def p(key: str, value: str) -> dict[str, str]:
    return {"ParameterKey": key, "ParameterValue": value}


def queues(account: str, region: str = REGION) -> dict[str, int]:
    return {name: queue.delay_seconds for name, queue in sqs_backends[account][region].queues.items()}


@pytest.fixture
def admin(aws: SimClock) -> Iterator[Admin]:
    with strict_stacks():
        yield Admin(aws)


def test_it_reaches_every_account_below_at_any_depth_but_management_and_suspended(admin: Admin) -> None:
    admin.create()
    operation = admin.deploy("r-0001", regions=(REGION, US))
    assert (operation["Status"], operation["Action"]) == ("SUCCEEDED", "CREATE")
    wanted = {(account, region) for account in (ACCOUNT, OTHER, CENTRAL) for region in (REGION, US)}
    assert admin.instances() == dict.fromkeys(wanted, ("CURRENT", "SUCCEEDED"))
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
        ("UNION", [CENTRAL], {ACCOUNT, OTHER, CENTRAL}),
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
