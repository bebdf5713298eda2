"""The StackSet's calls, checked against CloudFormation's model, and what is made of its answers."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from botocore.stub import ANY

from org_gate.model.event import Account
from org_gate.rollout.errors import AwsRefusedError, MembersError
from org_gate.rollout.operations import NAME
from org_gate.rollout.overrides import Member
from org_gate.rollout.stackset import deploy_stack_set
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
    "Description": "The gate of org-gate, in every account and Region where pipelines run.",
}
PREFERENCES = {
    "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
    "RegionConcurrencyType": "PARALLEL",
    "MaxConcurrentPercentage": 25,
    "FailureTolerancePercentage": 25,
}
REGIONS = ("us-east-1", "eu-west-1")
A, B = "111122223333", "222233334444"


class StackSet:
    def __init__(self) -> None:
        self.client, self.stub = stubbed("cloudformation")

    def exists(self, *places: tuple[str, str], **changes: Any) -> None:
        """By OU and Region, one to a page; the set is as wanted but for the changes."""
        self._there(changes)
        accounts = {ou: f"{number:012}" for number, (ou, _) in enumerate(places)}
        self._lists([{"OrganizationalUnitId": ou, "Region": region, "Account": accounts[ou]} for ou, region in places])

    def has(self, *instances: Mapping[str, Any]) -> None:
        """As wanted, with these instances."""
        self._there({})
        self._lists(instances)

    def is_updated(self) -> None:
        self.stub.add_response("update_stack_set", {"OperationId": "update"}, {**SET, "OperationPreferences": ANY})

    def is_new(self) -> None:
        self.stub.add_client_error("describe_stack_set", "StackSetNotFoundException", "none")
        self.stub.add_response("create_stack_set", {"StackSetId": "x"}, SET)

    def adds(self, ou_ids: Sequence[str], operation: str = "create") -> None:
        expected = {
            **AS_ADMINISTRATOR,
            "DeploymentTargets": {"OrganizationalUnitIds": list(ou_ids)},
            "Regions": list(REGIONS),
            "OperationPreferences": PREFERENCES,
        }
        self.stub.add_response("create_stack_instances", {"OperationId": operation}, expected)

    def shows(self, account: str, region: str, **overrides: str) -> None:
        shown = [{"ParameterKey": key, "ParameterValue": value} for key, value in overrides.items()]
        expected = {**AS_ADMINISTRATOR, "StackInstanceAccount": account, "StackInstanceRegion": region}
        self.stub.add_response("describe_stack_instance", {"StackInstance": {"ParameterOverrides": shown}}, expected)

    def writes(self, mode: str, ou_ids: Sequence[str], accounts: Sequence[str], regions: Sequence[str]) -> None:
        """The id of the operation is the mode."""
        expected = {
            **AS_ADMINISTRATOR,
            "DeploymentTargets": {
                "OrganizationalUnitIds": list(ou_ids),
                "AccountFilterType": "INTERSECTION",
                "Accounts": list(accounts),
            },
            "Regions": list(regions),
            "ParameterOverrides": [{"ParameterKey": "Mode", "ParameterValue": mode}],
            "OperationPreferences": PREFERENCES,
        }
        self.stub.add_response("update_stack_instances", {"OperationId": mode}, expected)

    def _there(self, changes: Mapping[str, Any]) -> None:
        known = {name: value for name, value in SET.items() if name != "CallAs"}
        self.stub.add_response("describe_stack_set", {"StackSet": {**known, **changes}}, AS_ADMINISTRATOR)

    def _lists(self, instances: Sequence[Mapping[str, Any]]) -> None:
        self._paged("list_stack_instances", [[{"Status": "CURRENT", **each}] for each in instances] or [[]])

    def finishes(self, operation: str, states: Sequence[str], *results: tuple[str, str, str, str]) -> None:
        named = {**AS_ADMINISTRATOR, "OperationId": operation}
        for state in states:
            self.stub.add_response("describe_stack_set_operation", {"StackSetOperation": {"Status": state}}, named)
        names = ("Account", "Region", "Status", "StatusReason")
        pages = [[dict(zip(names, result, strict=True))] for result in results] or [[]]
        self._paged("list_stack_set_operation_results", pages, OperationId=operation)

    def _paged(self, operation: str, pages: Sequence[Sequence[Mapping[str, Any]]], **named: str) -> None:
        for number, page in enumerate(pages):
            answer: dict[str, Any] = {"Summaries": page}
            if number + 1 < len(pages):
                answer["NextToken"] = f"page{number + 1}"
            token = {"NextToken": f"page{number}"} if number else {}
            self.stub.add_response(operation, answer, {**AS_ADMINISTRATOR, **named, **token})

    def deploy(self, *ou_ids: str, members: Sequence[Member] = ()) -> list[tuple[str, str, str]]:
        results = deploy_stack_set(
            self.client,
            "{}",
            {"Mode": "enforce"},
            members=members,
            ou_ids=ou_ids,
            regions=REGIONS,
            sleep=lambda _: None,
        )
        return [(each.account, each.region, each.status) for each in results]


@pytest.fixture
def stack_set() -> Iterator[StackSet]:
    stack_set = StackSet()
    yield stack_set
    stack_set.stub.assert_no_pending_responses()


def test_a_new_one_goes_everywhere_at_once(stack_set: StackSet) -> None:
    stack_set.is_new()
    stack_set.adds(["ou-a", "ou-b"])
    results = [(B, "us-east-1", "SUCCEEDED", ""), (A, "us-east-1", "SKIPPED_SUSPENDED_ACCOUNT", "")]
    stack_set.finishes("create", ["QUEUED", "RUNNING", "SUCCEEDED"], *results)
    assert stack_set.deploy("ou-a", "ou-b") == [
        (A, "us-east-1", "SKIPPED_SUSPENDED_ACCOUNT"),
        (B, "us-east-1", "SUCCEEDED"),
    ]


def test_one_that_is_there_is_updated_and_widened(stack_set: StackSet) -> None:
    stack_set.exists(("ou-a", "us-east-1"), ("ou-a", "eu-west-1"), ("ou-b", "us-east-1"), TemplateBody="{ }")
    stack_set.is_updated()
    stack_set.adds(["ou-b", "ou-c"])
    stack_set.finishes("update", ["SUCCEEDED"], (A, "us-east-1", "SUCCEEDED", ""))
    stack_set.finishes("create", ["SUCCEEDED"], (A, "eu-west-1", "SUCCEEDED", ""))
    assert len(stack_set.deploy("ou-a", "ou-b", "ou-c")) == 2


def test_many_ous_go_in_calls_of_fifty(stack_set: StackSet) -> None:
    ous = [f"ou-{number}" for number in range(51)]
    stack_set.is_new()
    stack_set.adds(ous[:50], "first")
    stack_set.adds(ous[50:], "second")
    stack_set.finishes("first", ["SUCCEEDED"])
    stack_set.finishes("second", ["SUCCEEDED"])
    assert stack_set.deploy(*ous) == []


@pytest.mark.parametrize("status", ["FAILED", "SUCCEEDED"])
def test_failures_are_told_by_reason_even_within_the_tolerance(stack_set: StackSet, status: str) -> None:
    stack_set.exists(("ou-a", "us-east-1"), ("ou-a", "eu-west-1"), Parameters=[])
    stack_set.is_updated()
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
    stack_set.exists(("ou-a", "us-east-1"), ("ou-a", "eu-west-1"), Parameters=[])
    stack_set.is_updated()
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


def member(account: str, mode: str, *ou_ids: str) -> Member:
    return Member(Account(account, "", ("r-1", *ou_ids)), {"Mode": mode})


def instance(account: str, region: str, status: str = "CURRENT", detail: str = "SUCCEEDED") -> dict[str, Any]:
    told = {"OrganizationalUnitId": "ou-a", "Status": status, "StackInstanceStatus": {"DetailedStatus": detail}}
    return {"Account": account, "Region": region, **told}


def test_nothing_is_done_twice(stack_set: StackSet) -> None:
    stack_set.has(instance(A, "us-east-1"), instance(A, "eu-west-1"))
    assert stack_set.deploy("ou-a") == []


def test_what_failed_is_tried_again_and_a_suspended_account_is_not(stack_set: StackSet) -> None:
    stack_set.has(instance(A, "us-east-1"), instance(A, "eu-west-1", "OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT"))
    assert stack_set.deploy("ou-a") == []
    stack_set.has(instance(A, "us-east-1"), instance(A, "eu-west-1", "OUTDATED", "FAILED"))
    stack_set.is_updated()
    stack_set.finishes("update", ["SUCCEEDED"], (A, "eu-west-1", "SUCCEEDED", ""))
    assert stack_set.deploy("ou-a") == [(A, "eu-west-1", "SUCCEEDED")]


def test_accounts_with_the_same_parameters_share_one_operation(stack_set: StackSet) -> None:
    stack_set.is_new()
    stack_set.adds(["ou-a", "ou-b", "ou-c"])
    accounts = [f"{number:012}" for number in range(800)]
    stack_set.finishes(
        "create", ["SUCCEEDED"], *((each, region, "SUCCEEDED", "") for each in accounts for region in REGIONS)
    )
    stack_set.writes("shadow", ["ou-a", "ou-b"], accounts[:500], sorted(REGIONS))
    stack_set.writes("warn", ["ou-b"], accounts[500:700], sorted(REGIONS))
    stack_set.finishes("shadow", ["SUCCEEDED"])
    stack_set.finishes("warn", ["SUCCEEDED"])
    members = [
        *(member(each, "shadow", "ou-a") for each in accounts[:400]),
        *(member(each, "shadow", "ou-b", "ou-deep") for each in accounts[400:500]),
        *(member(each, "warn", "ou-b") for each in accounts[500:700]),
        *(member(each, "enforce", "ou-c") for each in accounts[700:]),
        member("999999999999", "shadow", "ou-a"),  # no gate there: the management account
    ]
    assert len(stack_set.deploy("ou-a", "ou-b", "ou-c", members=members)) == 1600


def test_only_what_differs_is_written(stack_set: StackSet) -> None:
    """Right already; wrong in one Region; has an override that it is not to have; suspended."""
    places = [(account, region) for account in (A, B, "333344445555") for region in sorted(REGIONS)]
    stack_set.has(
        *(instance(*place) for place in places),
        *(instance("444455556666", region, "OUTDATED", "SKIPPED_SUSPENDED_ACCOUNT") for region in REGIONS),
    )
    for (account, region), mode in zip(places, ("shadow", "shadow", "shadow", None, "warn", "warn"), strict=True):
        stack_set.shows(account, region, **({"Mode": mode} if mode else {}))
    stack_set.writes("shadow", ["ou-a"], [B], ["us-east-1"])
    stack_set.stub.add_response(
        "update_stack_instances", {"OperationId": "back"}, {**AS_ADMINISTRATOR, "DeploymentTargets": ANY,
        "Regions": sorted(REGIONS), "OperationPreferences": ANY,
        "ParameterOverrides": [{"ParameterKey": "Mode", "ParameterValue": "enforce"}]},
    )  # fmt: skip
    stack_set.finishes("shadow", ["SUCCEEDED"], (B, "us-east-1", "SUCCEEDED", ""))
    stack_set.finishes("back", ["SUCCEEDED"], ("333344445555", "us-east-1", "SUCCEEDED", ""))
    modes = {A: "shadow", B: "shadow", "333344445555": "enforce", "444455556666": "shadow"}
    stack_set.deploy("ou-a", members=[member(account, mode, "ou-a") for account, mode in modes.items()])


def test_an_account_that_keeps_the_wrong_parameters_is_told(stack_set: StackSet) -> None:
    stack_set.has(*(instance(A, region) for region in REGIONS))
    for region in sorted(REGIONS):
        stack_set.shows(A, region)
    stack_set.writes("warn", ["ou-a"], [A], sorted(REGIONS))
    stack_set.finishes("warn", ["SUCCEEDED"], (A, "eu-west-1", "FAILED", "denied"), (A, "us-east-1", "SUCCEEDED", ""))
    with pytest.raises(MembersError, match=f"denied: {A}/eu-west-1"):
        stack_set.deploy("ou-a", members=[member(A, "warn", "ou-a")])
