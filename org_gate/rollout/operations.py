"""Operations on the gates' StackSet: begun from a plan's steps, waited for, and what they came to.

What failed in single accounts is read back: an operation that CloudFormation calls succeeded within its tolerance may
still have left accounts without a gate.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from org_gate.inventory.errors import InstanceResult, MembersError, asking_aws
from org_gate.inventory.installed import AS_ADMINISTRATOR, Place
from org_gate.rollout.deployment_targets import OUS_PER_CALL, chunks
from org_gate.rollout.marks import Mark
from org_gate.rollout.plan import AUTOMATIC
from org_gate.rollout.plan_model import Does, SetPlan, StackWish, Step, Targets
from org_gate.rollout.stack import CAPABILITIES, as_parameters, as_tags
from org_gate.rollout.waiting import Sleep, wait_for

__all__ = ["FAILED", "OUS_PER_CALL", "PREFERENCES", "StackSet", "chunks", "finished"]

PREFERENCES: Final = {
    # The defaults go one account at a time and stop at the first failure.
    "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
    "MaxConcurrentPercentage": 25,
    "FailureTolerancePercentage": 25,
    "RegionConcurrencyType": "PARALLEL",
}
FAILED: Final = ("FAILED", "CANCELLED")
_DESCRIPTION: Final = "The gate of org-gate, in every account and Region where pipelines run."
_MINUTES: Final = 240
_DONE: Final = ("SUCCEEDED", "FAILED", "STOPPED")
_GATES_PER_LOOK: Final = 500
_UNDER_WAY: Final = ("RUNNING", "QUEUED", "STOPPING")

Seen = Callable[[Sequence[InstanceResult]], None]
"""Told what an operation has come to so far, each time somebody looked."""


class StackSet:
    """The StackSet, as the delegated administrator works on it. Every method raises AwsRefusedError.

    ``new_id`` gives hex digits that nobody gave before; ids of operations come from it.
    """

    def __init__(self, cloudformation: Any, name: str, new_id: Callable[[], str]) -> None:
        self._client = cloudformation
        self._name = name
        self._new_id = new_id
        self._named = {"StackSetName": name, **AS_ADMINISTRATOR}

    def create(self, wish: StackWish) -> None:
        with asking_aws(f"create the StackSet {self._name}"):
            self._client.create_stack_set(
                **self._named, **self._content(wish), **AUTOMATIC, PermissionModel="SERVICE_MANAGED"
            )

    def automate(self, plan: SetPlan) -> str:
        """Puts right how it behaves, with the content that it has; CloudFormation passes all gates for that."""
        with asking_aws(f"let the StackSet {self._name} deploy to new accounts by itself"):
            answer = self._client.update_stack_set(
                **self._named,
                **self._as_it_is(plan.wish),
                **AUTOMATIC,
                OperationPreferences=PREFERENCES,
                OperationId=Mark().operation_id(self._new_id()),
            )
        return str(answer["OperationId"])

    def change(self, plan: SetPlan) -> str:
        """Its content, where it has no gates that are to get it."""
        with asking_aws(f"update the StackSet {self._name}"):
            answer = self._client.update_stack_set(
                **self._named,
                **self._content(plan.wish),
                OperationPreferences=PREFERENCES,
                OperationId=Mark(plan.content).operation_id(self._new_id()),
            )
        return str(answer["OperationId"])

    def begin(self, step: Step, plan: SetPlan, *, changes: bool) -> str:
        """The id of the step's operation. ``changes`` is whether an update brings the content with it."""
        targets = {
            "DeploymentTargets": _as_targets(step.targets),
            "Regions": list(step.regions),
            "OperationPreferences": PREFERENCES,
            "OperationId": step.mark.operation_id(self._new_id()),
        }
        written = {"ParameterOverrides": as_parameters(step.settings)} if step.settings else {}
        with asking_aws(f"{_DOING[step.does]} ({len(step.places)} gates of {self._name})"):
            match step.does:
                case Does.UPDATE:
                    content = self._content(plan.wish) if changes else self._as_it_is(plan.wish)
                    answer = self._client.update_stack_set(**self._named, **content, **targets)
                case Does.CREATE:
                    answer = self._client.create_stack_instances(**self._named, **targets, **written)
                case Does.SETTINGS:
                    answer = self._client.update_stack_instances(**self._named, **targets, **written)
                case Does.REMOVE:
                    answer = self._client.delete_stack_instances(**self._named, **targets, RetainStacks=False)
        return str(answer["OperationId"])

    def under_way(self) -> list[str]:
        """The ids of operations that are not done, whoever began them, the oldest first."""
        with asking_aws(f"list the operations of {self._name}"):
            # The newest come first, and there is no end to the old ones: a page holds all that can be under way.
            told = self._client.list_stack_set_operations(**self._named)["Summaries"]
        return [each["OperationId"] for each in reversed(told) if each["Status"] in _UNDER_WAY]

    def wait(self, operation: str, sleep: Sleep, seen: Seen | None = None, *, gates: int = 0) -> list[InstanceResult]:
        """What it came to; ``gates`` is how many that will be about, and says how often it is worth to look.

        Raises TookTooLongError; MembersError where it ended before it came to any account.
        """
        watch = None if seen is None else _Watch(seen, every=1 + gates // _GATES_PER_LOOK)
        return _finished(self._client, self._name, operation, sleep, watch)

    def _content(self, wish: StackWish) -> dict[str, Any]:
        return {
            "TemplateBody": wish.template,
            "Parameters": as_parameters(wish.parameters),
            "Tags": as_tags(wish.tags),
            "Capabilities": CAPABILITIES,
            "Description": _DESCRIPTION,
        }

    def _as_it_is(self, wish: StackWish) -> dict[str, Any]:
        previous = [{"ParameterKey": name, "UsePreviousValue": True} for name in wish.parameters]
        return {"UsePreviousTemplate": True, "Parameters": previous, "Capabilities": CAPABILITIES}


_DOING: Final = {
    Does.UPDATE: "update gates",
    Does.CREATE: "roll gates out",
    Does.SETTINGS: "write the settings of accounts",
    Does.REMOVE: "remove gates",
}


def finished(cloudformation: Any, name: str, operations: Sequence[str], sleep: Sleep) -> dict[Place, InstanceResult]:
    """What they came to once all are done; the last word counts where several came to one place."""
    return {
        (result.account, result.region): result
        for operation in operations
        for result in _finished(cloudformation, name, operation, sleep, None)
    }


@dataclass
class _Watch:
    """Somebody who wants to see results while an operation runs: of large ones not at every look, as they are long."""

    seen: Seen
    every: int
    looks: int = 0

    def is_due(self) -> bool:
        self.looks += 1
        return self.looks % self.every == 0


def _finished(
    cloudformation: Any, name: str, operation: str, sleep: Sleep, watch: _Watch | None
) -> list[InstanceResult]:
    named = {"StackSetName": name, **AS_ADMINISTRATOR, "OperationId": operation}

    def look() -> str | None:
        with asking_aws(f"read the operation {operation} of {name}"):
            answer = cloudformation.describe_stack_set_operation(**named)
        status: str = answer["StackSetOperation"]["Status"]
        if status in _DONE:
            return status
        if status == "RUNNING" and watch is not None and watch.is_due():
            watch.seen(_results(cloudformation, named))
        return None

    status = wait_for(look, sleep, what=f"The operation {operation} of the StackSet {name}", minutes=_MINUTES)
    results = _results(cloudformation, named)
    if status != "SUCCEEDED" and not any(result.status in FAILED for result in results):
        reason = f"the operation ended as {status}, before it came to any account"
        raise MembersError(operation, [InstanceResult("all accounts", "all Regions", status, reason)])
    return results


def _results(cloudformation: Any, named: Mapping[str, str]) -> list[InstanceResult]:
    with asking_aws(f"read what the operation {named['OperationId']} came to"):
        pages = cloudformation.get_paginator("list_stack_set_operation_results").paginate(**named)
        return [
            InstanceResult(each["Account"], each["Region"], each["Status"], each.get("StatusReason", ""))
            for page in pages
            for each in page["Summaries"]
        ]


def _as_targets(targets: Targets) -> dict[str, Any]:
    ous = {"OrganizationalUnitIds": list(targets.ou_ids)}
    if targets.accounts is None:
        return {**ous, "AccountFilterType": "NONE"}
    return {**ous, "AccountFilterType": "INTERSECTION", "Accounts": list(targets.accounts)}
