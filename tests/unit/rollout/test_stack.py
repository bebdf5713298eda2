"""A stack through its states, as CloudFormation's model shapes them."""

from collections.abc import Iterator

import pytest

from org_gate.inventory.errors import AwsRefusedError, StackError, TookTooLongError
from org_gate.rollout.plan_model import StackWish
from org_gate.rollout.stack import CHANGE_SET, deploy_stack
from tests.unit.rollout.stubs import stubbed

MISSING = ("describe_stacks", "ValidationError", "Stack with id s does not exist")
WISH = StackWish("s", "{}", {"Key": "value"}, {"team": "a"})
NAMED = {"StackName": "s", "ChangeSetName": CHANGE_SET}
UNCHANGED = "The submitted information didn't contain changes."


class Stack:
    """One stack's answers, in order, and how long was slept."""

    def __init__(self) -> None:
        self.client, self.stub = stubbed("cloudformation")
        self.slept: list[float] = []

    def is_missing(self) -> None:
        self.stub.add_client_error(*MISSING)

    def is_(self, *states: str) -> None:
        for state in states:
            stack = {"StackName": "s", "CreationTime": 0, "StackStatus": state}
            self.stub.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "s"})

    def has_change_sets(self, *names: str) -> None:
        told = [{"ChangeSetName": name} for name in names]
        self.stub.add_response("list_change_sets", {"Summaries": told}, {"StackName": "s"})

    def reviews(self, kind: str, *states: str, reason: str = "", url: str | None = None) -> None:
        template = {"TemplateBody": "{}"} if url is None else {"TemplateURL": url}
        expected = {
            **NAMED,
            **template,
            "ChangeSetType": kind,
            "Parameters": [{"ParameterKey": "Key", "ParameterValue": "value"}],
            "Tags": [{"Key": "team", "Value": "a"}],
            "Capabilities": ["CAPABILITY_NAMED_IAM"],
            "ImportExistingResources": kind == "CREATE",
        }
        self.stub.add_response("create_change_set", {"Id": "x" * 20}, expected)
        for state in states or ("CREATE_COMPLETE",):
            told = {"Status": state, "StatusReason": reason}
            self.stub.add_response("describe_change_set", told, NAMED)

    def executes(self) -> None:
        self.stub.add_response("execute_change_set", {}, NAMED)

    def deletes_change_set(self) -> None:
        self.stub.add_response("delete_change_set", {}, NAMED)

    def failed(self, *events: tuple[str, str, str, str]) -> None:
        told = [
            {
                "StackId": "s",
                "EventId": str(number),
                "StackName": "s",
                "Timestamp": 0,
                "LogicalResourceId": resource,
                "ResourceType": kind,
                "ResourceStatus": status,
                "ResourceStatusReason": reason,
            }
            for number, (resource, kind, status, reason) in enumerate(events)
        ]
        self.stub.add_response("describe_stack_events", {"StackEvents": told}, {"StackName": "s"})

    def deploy(self, url: str | None = None) -> bool:
        return deploy_stack(self.client, WISH, self.slept.append, template_url=url)


@pytest.fixture
def stack() -> Iterator[Stack]:
    stack = Stack()
    yield stack
    stack.stub.assert_no_pending_responses()


def test_a_new_stack_is_reviewed_created_and_waited_for(stack: Stack) -> None:
    stack.is_missing()
    stack.reviews("CREATE", "CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    stack.executes()
    stack.is_("REVIEW_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    assert stack.deploy()
    assert len(stack.slept) == 3


def test_an_update_waits_for_what_is_under_way(stack: Stack) -> None:
    stack.is_("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE")
    stack.has_change_sets("somebody-elses")
    stack.reviews("UPDATE")
    stack.executes()
    stack.is_("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")
    assert stack.deploy()


def test_a_template_too_large_for_a_request_goes_by_its_url(stack: Stack) -> None:
    stack.is_missing()
    stack.reviews("CREATE", url="https://bucket/key")
    stack.executes()
    stack.is_("CREATE_COMPLETE")
    assert stack.deploy("https://bucket/key")


def test_a_change_set_without_changes_goes_and_the_stack_stays(stack: Stack) -> None:
    stack.is_("UPDATE_ROLLBACK_COMPLETE")
    stack.has_change_sets()
    stack.reviews("UPDATE", "FAILED", reason=UNCHANGED)
    stack.deletes_change_set()
    assert not stack.deploy()
    assert stack.slept == []


def test_a_change_set_left_over_is_cleared_away(stack: Stack) -> None:
    stack.is_("CREATE_COMPLETE")
    stack.has_change_sets("somebody-elses", CHANGE_SET)
    stack.deletes_change_set()
    stack.reviews("UPDATE")
    stack.executes()
    stack.is_("UPDATE_COMPLETE")
    assert stack.deploy()


@pytest.mark.parametrize("state", ["REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE"])
def test_a_stack_that_never_came_up_is_made_anew(stack: Stack, state: str) -> None:
    stack.is_(state)
    stack.stub.add_response("delete_stack", {}, {"StackName": "s"})
    stack.is_("DELETE_IN_PROGRESS")
    stack.is_missing()
    stack.reviews("CREATE")
    stack.executes()
    stack.is_("CREATE_COMPLETE")
    assert stack.deploy()


def test_a_change_set_that_cannot_be_worked_out_says_why_and_goes(stack: Stack) -> None:
    stack.is_("CREATE_COMPLETE")
    stack.has_change_sets()
    stack.reviews("UPDATE", "FAILED", reason="Export x cannot be deleted")
    stack.deletes_change_set()
    with pytest.raises(StackError, match="so nothing was changed: Export x cannot be deleted"):
        stack.deploy()


def test_a_refusal_is_told_with_what_we_were_doing(stack: Stack) -> None:
    stack.is_("CREATE_COMPLETE")
    stack.has_change_sets()
    stack.stub.add_client_error("create_change_set", "ValidationError", "Template format error")
    with pytest.raises(AwsRefusedError, match="create a change set for the stack s: ValidationError: Template format"):
        stack.deploy()


def test_a_failed_update_names_what_failed_in_it_and_not_before(stack: Stack) -> None:
    stack.is_("CREATE_COMPLETE")
    stack.has_change_sets()
    stack.reviews("UPDATE")
    stack.executes()
    stack.is_("UPDATE_ROLLBACK_COMPLETE")
    stack.failed(
        ("s", "AWS::CloudFormation::Stack", "UPDATE_ROLLBACK_COMPLETE", ""),
        ("Url", "AWS::Lambda::Url", "UPDATE_FAILED", "Resource update cancelled"),
        ("Api", "AWS::Lambda::Function", "UPDATE_FAILED", "no such key"),
        ("s", "AWS::CloudFormation::Stack", "UPDATE_IN_PROGRESS", "User Initiated"),
        ("Table", "AWS::DynamoDB::Table", "UPDATE_FAILED", "of last year"),
    )
    with pytest.raises(StackError) as failure:
        stack.deploy()
    assert str(failure.value) == (
        "The stack s is UPDATE_ROLLBACK_COMPLETE. What ran before runs on: mend the reasons; and run again."
        "\n  Api: no such key"
    )


@pytest.mark.parametrize(
    ("state", "command"),
    [("ROLLBACK_FAILED", "delete-stack"), ("UPDATE_ROLLBACK_FAILED", "continue-update-rollback")],
)
def test_a_stack_that_is_stuck_needs_a_person(stack: Stack, state: str, command: str) -> None:
    stack.is_(state)
    stack.failed()
    with pytest.raises(StackError, match=f"aws cloudformation {command} --stack-name s"):
        stack.deploy()
    assert stack.slept == []


def test_patience_ends() -> None:
    stack = Stack()
    stack.is_(*["CREATE_IN_PROGRESS"] * 360)
    with pytest.raises(TookTooLongError, match=r"not done after 30 minutes\. It goes on in AWS"):
        stack.deploy()
    assert sum(stack.slept) == 1800
