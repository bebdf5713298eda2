"""A stack through its states, as CloudFormation's model shapes them."""

from collections.abc import Iterator

import pytest
from botocore.stub import ANY

from org_gate.rollout.errors import AwsRefusedError, StackError, TookTooLongError
from org_gate.rollout.stack import deploy_stack
from tests.unit.rollout.stubs import stubbed

MISSING = ("describe_stacks", "ValidationError", "Stack with id s does not exist")
UNCHANGED = ("update_stack", "ValidationError", "No updates are to be performed.")


class Stack:
    """One stack's answers, in order, and how long was slept."""

    def __init__(self) -> None:
        self.client, self.stub = stubbed("cloudformation")
        self.slept: list[float] = []

    def is_(self, *states: str) -> None:
        for state in states:
            stack = {
                "StackName": "s",
                "CreationTime": 0,
                "StackStatus": state,
                "Outputs": [{"OutputKey": "Url", "OutputValue": "https://x"}],
            }
            self.stub.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "s"})

    def takes(self, operation: str) -> None:
        expected = {
            "StackName": "s",
            "TemplateBody": "{}",
            "Parameters": [{"ParameterKey": "Key", "ParameterValue": "value"}],
            "Capabilities": ANY,
        }
        self.stub.add_response(operation, {"StackId": "s"}, expected)

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

    def deploy(self) -> dict[str, str]:
        return deploy_stack(self.client, "s", "{}", {"Key": "value"}, self.slept.append)


@pytest.fixture
def stack() -> Iterator[Stack]:
    stack = Stack()
    yield stack
    stack.stub.assert_no_pending_responses()


def test_a_new_stack_is_created_and_waited_for(stack: Stack) -> None:
    stack.stub.add_client_error(*MISSING)
    stack.takes("create_stack")
    stack.is_("CREATE_IN_PROGRESS", "CREATE_IN_PROGRESS", "CREATE_COMPLETE")
    assert stack.deploy() == {"Url": "https://x"}
    assert len(stack.slept) == 2


def test_an_update_waits_for_what_is_under_way(stack: Stack) -> None:
    stack.is_("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE")
    stack.takes("update_stack")
    stack.is_("UPDATE_IN_PROGRESS", "UPDATE_COMPLETE")
    assert stack.deploy() == {"Url": "https://x"}


def test_no_change_is_no_error(stack: Stack) -> None:
    stack.is_("UPDATE_ROLLBACK_COMPLETE")
    stack.stub.add_client_error(*UNCHANGED)
    stack.is_("CREATE_COMPLETE")
    assert stack.deploy() == {"Url": "https://x"}
    assert stack.slept == []


def test_any_other_refusal_is_one(stack: Stack) -> None:
    stack.is_("CREATE_COMPLETE")
    stack.stub.add_client_error("update_stack", "ValidationError", "Template format error")
    with pytest.raises(AwsRefusedError, match="Could not update the stack s: ValidationError: Template format error"):
        stack.deploy()


def test_a_failed_update_names_what_failed_in_it_and_not_before(stack: Stack) -> None:
    stack.is_("CREATE_COMPLETE")
    stack.takes("update_stack")
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


@pytest.mark.parametrize("state", ["ROLLBACK_COMPLETE", "REVIEW_IN_PROGRESS"])
def test_a_stack_that_never_came_up_has_to_go_first(stack: Stack, state: str) -> None:
    stack.is_(state)
    stack.failed()
    with pytest.raises(StackError, match="aws cloudformation delete-stack --stack-name s"):
        stack.deploy()
    assert stack.slept == []


def test_patience_ends() -> None:
    stack = Stack()
    stack.is_(*["CREATE_IN_PROGRESS"] * 360)
    with pytest.raises(TookTooLongError, match=r"not done after 30 minutes\. It goes on in AWS"):
        stack.deploy()
    assert sum(stack.slept) == 1800
