"""One CloudFormation stack, made as wished through a change set: created where it is missing, updated where it differs.

A change set shows CloudFormation's own view of what changes before anything does; one without changes means that the
stack is as wished. What an interrupted run left (a change set, a stack that never came up) is cleared away first.
"""

from collections.abc import Mapping
from itertools import takewhile
from typing import Any, Final

from botocore.exceptions import ClientError

from org_gate.inventory.errors import StackError, asking_aws
from org_gate.rollout.plan_cells import NEVER_CAME_UP
from org_gate.rollout.plan_model import StackWish
from org_gate.rollout.render import MAX_TEMPLATE_BYTES
from org_gate.rollout.waiting import Sleep, wait_for

CAPABILITIES: Final = ["CAPABILITY_NAMED_IAM"]
CHANGE_SET: Final = "org-gate-rollout"
_MINUTES: Final = 30
_STUCK: Final = ("ROLLBACK_FAILED", "CREATE_FAILED", "DELETE_FAILED", "UPDATE_ROLLBACK_FAILED")
_GOOD: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_NO_CHANGES: Final = ("didn't contain changes", "No updates are to be performed")


def deploy_stack(cloudformation: Any, wish: StackWish, sleep: Sleep, *, template_url: str | None = None) -> bool:
    """Whether there was anything to change. ``template_url`` is where a template too large for a request lies.

    Raises StackError with CloudFormation's reasons.
    """
    stack = _ready(cloudformation, wish.name, sleep)
    _create_change_set(cloudformation, wish, "CREATE" if stack is None else "UPDATE", template_url)
    if not _has_changes(cloudformation, wish.name, sleep):
        return False
    with asking_aws(f"execute the change set of {wish.name}"):
        cloudformation.execute_change_set(StackName=wish.name, ChangeSetName=CHANGE_SET)
    done = _settled(cloudformation, wish.name, sleep, reviewed=True)
    if done is None or done["StackStatus"] not in _GOOD:
        raise StackError(failure_text(cloudformation, wish.name, done))
    return True


def fits_a_request(template: str) -> bool:
    return len(template.encode()) <= MAX_TEMPLATE_BYTES


def as_parameters(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Parameters as CloudFormation spells them."""
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]


def as_tags(values: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as CloudFormation spells them."""
    return [{"Key": key, "Value": value} for key, value in values.items()]


def _ready(cloudformation: Any, name: str, sleep: Sleep) -> dict[str, Any] | None:
    """The stack, to be updated; None where it is to be created. Clears away what an earlier run left."""
    stack = _settled(cloudformation, name, sleep)
    if stack is None:
        return None
    if stack["StackStatus"] in _STUCK:
        raise StackError(failure_text(cloudformation, name, stack))
    if stack["StackStatus"] in NEVER_CAME_UP:
        with asking_aws(f"remove the stack {name}, which never came up"):
            cloudformation.delete_stack(StackName=name)
        remaining = _settled(cloudformation, name, sleep)
        if remaining is not None:
            raise StackError(failure_text(cloudformation, name, remaining))
        return None
    _delete_change_set(cloudformation, name)
    return stack


def _delete_change_set(cloudformation: Any, name: str) -> None:
    """Ours, where one is left over."""
    with asking_aws(f"look for a change set of {name}"):
        pages = cloudformation.get_paginator("list_change_sets").paginate(StackName=name)
        if any(each.get("ChangeSetName") == CHANGE_SET for page in pages for each in page["Summaries"]):
            cloudformation.delete_change_set(StackName=name, ChangeSetName=CHANGE_SET)


def _create_change_set(cloudformation: Any, wish: StackWish, kind: str, template_url: str | None) -> None:
    template = {"TemplateBody": wish.template} if template_url is None else {"TemplateURL": template_url}
    with asking_aws(f"create a change set for the stack {wish.name}"):
        cloudformation.create_change_set(
            StackName=wish.name,
            ChangeSetName=CHANGE_SET,
            ChangeSetType=kind,
            **template,
            Parameters=as_parameters(wish.parameters),
            Tags=as_tags(wish.tags),
            Capabilities=CAPABILITIES,
            # A table outlives its stack, and is taken over with all that is in it.
            ImportExistingResources=kind == "CREATE",
        )


def _has_changes(cloudformation: Any, name: str, sleep: Sleep) -> bool:
    """Once CloudFormation has worked it out; a change set without changes, or that failed, is deleted."""

    def look() -> dict[str, Any] | None:
        with asking_aws(f"read the change set of {name}"):
            found: dict[str, Any] = cloudformation.describe_change_set(StackName=name, ChangeSetName=CHANGE_SET)
        return found if found["Status"] in {"CREATE_COMPLETE", "FAILED"} else None

    found = wait_for(look, sleep, what=f"The change set of {name}", minutes=_MINUTES)
    if found["Status"] != "FAILED":
        return True
    with asking_aws(f"delete the change set of {name}"):
        cloudformation.delete_change_set(StackName=name, ChangeSetName=CHANGE_SET)
    reason = found.get("StatusReason", "")
    if not any(text in reason for text in _NO_CHANGES):
        msg = f"CloudFormation could not work out what changes in the stack {name}, so nothing was changed: {reason}"
        raise StackError(msg)
    return False


def _settled(cloudformation: Any, name: str, sleep: Sleep, *, reviewed: bool = False) -> dict[str, Any] | None:
    """The stack when nothing is under way in it any more, None where there is none.

    One that waits for its change set stands still, unless that is executed (``reviewed``).
    """

    def look() -> list[dict[str, Any]] | None:
        stacks = _described(cloudformation, name)
        status = stacks[0]["StackStatus"] if stacks else ""
        still = not status.endswith("_IN_PROGRESS") or (status == "REVIEW_IN_PROGRESS" and not reviewed)
        return stacks if still else None

    stacks = wait_for(look, sleep, what=f"The stack {name}", minutes=_MINUTES)
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


def failure_text(cloudformation: Any, name: str, stack: Mapping[str, Any] | None) -> str:
    """What failed in a stack, what it means, and what to do."""
    if stack is None:
        return f"The stack {name} was deleted while it was being deployed. Find out by whom, and run again."
    status = stack["StackStatus"]
    if status == "UPDATE_ROLLBACK_FAILED":
        mend = f"Mend the reasons, then: aws cloudformation continue-update-rollback --stack-name {name}"
    elif status == "ROLLBACK_COMPLETE":
        mend = "It never came up, and the next run makes it anew: mend the reasons"
    elif status in _STUCK:
        mend = f"It never came up, so nothing uses it: aws cloudformation delete-stack --stack-name {name}"
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
