"""One CloudFormation stack: created where it is missing, updated where it differs, waited for."""

from collections.abc import Mapping
from itertools import takewhile
from typing import Any, Final

from botocore.exceptions import ClientError

from org_gate.rollout.errors import StackError, asking_aws
from org_gate.rollout.waiting import Sleep, wait_for

CAPABILITIES: Final = ["CAPABILITY_NAMED_IAM"]
_MINUTES: Final = 30
_CANNOT_BE_UPDATED: Final = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED", "CREATE_FAILED", "REVIEW_IN_PROGRESS")
_GOOD: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE")


def deploy_stack(
    cloudformation: Any, name: str, template: str, parameters: Mapping[str, str], sleep: Sleep
) -> dict[str, str]:
    """The stack's outputs once it is as the template and parameters say.

    Raises StackError with CloudFormation's reasons.
    """
    wanted = {
        "StackName": name,
        "TemplateBody": template,
        "Parameters": as_parameters(parameters),
        "Capabilities": CAPABILITIES,
    }
    if _settled(cloudformation, name, sleep) is None:
        with asking_aws(f"create the stack {name}"):
            cloudformation.create_stack(**wanted)
    else:
        _update(cloudformation, wanted)
    stack = _settled(cloudformation, name, sleep)
    if stack is None or stack["StackStatus"] not in _GOOD:
        raise StackError(_failure_text(cloudformation, name, stack))
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def as_parameters(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Parameters as CloudFormation spells them."""
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def _update(cloudformation: Any, wanted: Mapping[str, Any]) -> None:
    with asking_aws(f"update the stack {wanted['StackName']}"):
        try:
            cloudformation.update_stack(**wanted)
        except ClientError as error:
            if "No updates are to be performed" not in error.response["Error"]["Message"]:
                raise


def _settled(cloudformation: Any, name: str, sleep: Sleep) -> dict[str, Any] | None:
    """The stack when nothing is under way in it any more, None where there is none.

    Raises StackError where it stands in a state that no update leads out of.
    """

    def look() -> list[dict[str, Any]] | None:
        stacks = _described(cloudformation, name)
        moving = any(stack["StackStatus"].endswith("_IN_PROGRESS") for stack in stacks)
        return None if moving and stacks[0]["StackStatus"] != "REVIEW_IN_PROGRESS" else stacks

    stacks = wait_for(look, sleep, what=f"The stack {name}", minutes=_MINUTES)
    if stacks and stacks[0]["StackStatus"] in _CANNOT_BE_UPDATED:
        raise StackError(_failure_text(cloudformation, name, stacks[0]))
    return stacks[0] if stacks else None


def _described(cloudformation: Any, name: str) -> list[dict[str, Any]]:
    with asking_aws(f"read the stack {name}"):
        try:
            stacks: list[dict[str, Any]] = cloudformation.describe_stacks(StackName=name)["Stacks"]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return []
            raise
    return stacks


def _failure_text(cloudformation: Any, name: str, stack: Mapping[str, Any] | None) -> str:
    if stack is None:
        return f"The stack {name} was deleted while it was being deployed. Find out by whom, and run again."
    status = stack["StackStatus"]
    if status in _CANNOT_BE_UPDATED:
        mend = f"It never came up, so nothing uses it: aws cloudformation delete-stack --stack-name {name}"
    elif status == "UPDATE_ROLLBACK_FAILED":
        mend = f"Mend the reasons, then: aws cloudformation continue-update-rollback --stack-name {name}"
    else:
        mend = "What ran before runs on: mend the reasons"
    reasons = "".join(f"\n  {reason}" for reason in _failed_events(cloudformation, name))
    return f"The stack {name} is {status}. {mend}; and run again.{reasons}"


def _failed_events(cloudformation: Any, name: str) -> list[str]:
    """What failed in the latest operation, oldest first; what was only cancelled with it says nothing."""
    with asking_aws(f"read what failed in the stack {name}"):
        events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    latest = takewhile(lambda event: not _begins_an_operation(event), events)
    failed = [event for event in latest if event.get("ResourceStatus", "").endswith("_FAILED")]
    said = [(event["LogicalResourceId"], event.get("ResourceStatusReason", "")) for event in reversed(failed)]
    return [f"{resource}: {reason}" for resource, reason in said if "cancelled" not in reason][:5]


def _begins_an_operation(event: Mapping[str, Any]) -> bool:
    begun = event.get("ResourceStatus") in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}
    return begun and event.get("ResourceType") == "AWS::CloudFormation::Stack"
