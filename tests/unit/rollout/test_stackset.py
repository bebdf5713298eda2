"""The StackSet's calls, checked against CloudFormation's model, and what is made of its answers."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from botocore.stub import ANY

from org_gate.rollout.errors import AwsRefusedError, MembersError
from org_gate.rollout.stackset import NAME, deploy_stack_set
from tests.unit.rollout.stubs import stubbed

AS_ADMINISTRATOR = {"StackSetName": NAME, "CallAs": "DELEGATED_ADMIN"}
SET = {
    **AS_ADMINISTRATOR,
    "TemplateBody": "{}",
    "Parameters": [{"ParameterKey": "Mode", "ParameterValue": "enforce"}],
    "Capabilities": ["CAPABILITY_NAMED_IAM"],
    "PermissionModel": "SERVICE_MANAGED",
    "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False},
    "ManagedExecution": {"Active": True},
    "Description": ANY,
}
REGIONS = ("us-east-1", "eu-west-1")
A, B = "111122223333", "222233334444"


class StackSet:
    def __init__(self) -> None:
        self.client, self.stub = stubbed("cloudformation")

    def has_instances(self, *places: tuple[str, str]) -> None:
        """By OU and Region, one to a page."""
        pages = [[{"OrganizationalUnitId": ou, "Region": region, "Account": A}] for ou, region in places] or [[]]
        self._paged("list_stack_instances", pages, AS_ADMINISTRATOR)

    def exists(self) -> None:
        self.stub.add_response("describe_stack_set", {}, AS_ADMINISTRATOR)
        self.stub.add_response("update_stack_set", {"OperationId": "update"}, {**SET, "OperationPreferences": ANY})

    def is_new(self) -> None:
        self.stub.add_client_error("describe_stack_set", "StackSetNotFoundException", "none")
        self.stub.add_response("create_stack_set", {"StackSetId": "x"}, SET)

    def adds(self, ou_ids: Sequence[str], operation: str = "create") -> None:
        expected = {
            **AS_ADMINISTRATOR,
            "DeploymentTargets": {"OrganizationalUnitIds": list(ou_ids)},
            "Regions": list(REGIONS),
            "OperationPreferences": {
                "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
                "RegionConcurrencyType": "PARALLEL",
                "MaxConcurrentPercentage": 25,
                "FailureTolerancePercentage": 25,
            },
        }
        self.stub.add_response("create_stack_instances", {"OperationId": operation}, expected)

    def finishes(self, operation: str, states: Sequence[str], *results: tuple[str, str, str, str]) -> None:
        named = {**AS_ADMINISTRATOR, "OperationId": operation}
        for state in states:
            self.stub.add_response("describe_stack_set_operation", {"StackSetOperation": {"Status": state}}, named)
        names = ("Account", "Region", "Status", "StatusReason")
        pages = [[dict(zip(names, result, strict=True))] for result in results] or [[]]
        self._paged("list_stack_set_operation_results", pages, named)

    def _paged(self, operation: str, pages: list[list[dict[str, str]]], expected: dict[str, str]) -> None:
        for number, page in enumerate(pages):
            answer: dict[str, Any] = {"Summaries": page}
            if number + 1 < len(pages):
                answer["NextToken"] = f"page{number + 1}"
            token = {"NextToken": f"page{number}"} if number else {}
            self.stub.add_response(operation, answer, {**expected, **token})

    def deploy(self, *ou_ids: str) -> list[tuple[str, str, str]]:
        results = deploy_stack_set(
            self.client, "{}", {"Mode": "enforce"}, ou_ids=ou_ids, regions=REGIONS, sleep=lambda _: None
        )
        return [(each.account, each.region, each.status) for each in results]


@pytest.fixture
def stack_set() -> Iterator[StackSet]:
    stack_set = StackSet()
    yield stack_set
    stack_set.stub.assert_no_pending_responses()


def test_a_new_one_goes_everywhere_at_once(stack_set: StackSet) -> None:
    stack_set.is_new()
    stack_set.has_instances()
    stack_set.adds(["ou-a", "ou-b"])
    results = [(B, "us-east-1", "SUCCEEDED", ""), (A, "us-east-1", "SKIPPED_SUSPENDED_ACCOUNT", "")]
    stack_set.finishes("create", ["QUEUED", "RUNNING", "SUCCEEDED"], *results)
    assert stack_set.deploy("ou-a", "ou-b") == [
        (A, "us-east-1", "SKIPPED_SUSPENDED_ACCOUNT"),
        (B, "us-east-1", "SUCCEEDED"),
    ]


def test_one_that_is_there_is_updated_and_widened(stack_set: StackSet) -> None:
    stack_set.exists()
    stack_set.has_instances(("ou-a", "us-east-1"), ("ou-a", "eu-west-1"), ("ou-b", "us-east-1"))
    stack_set.adds(["ou-b", "ou-c"])
    stack_set.finishes("update", ["SUCCEEDED"], (A, "us-east-1", "SUCCEEDED", ""))
    stack_set.finishes("create", ["SUCCEEDED"], (A, "eu-west-1", "SUCCEEDED", ""))
    assert len(stack_set.deploy("ou-a", "ou-b", "ou-c")) == 2


def test_many_ous_go_in_calls_of_fifty(stack_set: StackSet) -> None:
    ous = [f"ou-{number}" for number in range(51)]
    stack_set.is_new()
    stack_set.has_instances()
    stack_set.adds(ous[:50], "first")
    stack_set.adds(ous[50:], "second")
    stack_set.finishes("first", ["SUCCEEDED"])
    stack_set.finishes("second", ["SUCCEEDED"])
    assert stack_set.deploy(*ous) == []


@pytest.mark.parametrize("status", ["FAILED", "SUCCEEDED"])
def test_failures_are_told_by_reason_even_within_the_tolerance(stack_set: StackSet, status: str) -> None:
    stack_set.exists()
    stack_set.has_instances(("ou-a", "us-east-1"), ("ou-a", "eu-west-1"))
    stack_set.finishes(
        "update",
        [status],
        (A, "us-east-1", "FAILED", "concurrency limit"),
        (A, "eu-west-1", "SUCCEEDED", ""),
        (B, "us-east-1", "FAILED", "role exists"),
        (B, "eu-west-1", "FAILED", "role exists"),
        ("333344445555", "eu-west-1", "CANCELLED", ""),
    )
    with pytest.raises(MembersError) as failure:
        stack_set.deploy("ou-a")
    assert len(failure.value.failures) == 4
    assert str(failure.value).splitlines()[1:] == [
        f"  role exists: {B}/eu-west-1, {B}/us-east-1",
        "  CANCELLED: 333344445555/eu-west-1",
        f"  concurrency limit: {A}/us-east-1",
    ]


def test_an_operation_that_was_stopped_is_no_success(stack_set: StackSet) -> None:
    stack_set.exists()
    stack_set.has_instances(("ou-a", "us-east-1"), ("ou-a", "eu-west-1"))
    stack_set.finishes("update", ["STOPPED"])
    with pytest.raises(MembersError, match="ended as STOPPED, before it came to any account"):
        stack_set.deploy("ou-a")


@pytest.mark.aws_unverified("CloudFormation tells a missing delegation as a ValidationError that names it")
def test_a_missing_delegation_comes_with_the_command_that_mends_it(stack_set: StackSet) -> None:
    stack_set.stub.add_client_error(
        "describe_stack_set", "ValidationError", "You must be the management account or delegated admin account"
    )
    with pytest.raises(AwsRefusedError, match="aws organizations register-delegated-administrator"):
        stack_set.deploy("ou-a")
