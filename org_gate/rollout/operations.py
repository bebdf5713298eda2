"""What every operation on the gates' StackSet shares: whose it is, how wide it goes, what it came to.

What failed in single accounts is read back: an operation that CloudFormation calls succeeded within its tolerance may
still have left accounts without a gate.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

from org_gate.rollout.errors import InstanceResult, MembersError, asking_aws
from org_gate.rollout.waiting import Sleep, wait_for

NAME: Final = "org-gate-member"
AS_ADMINISTRATOR: Final = {"StackSetName": NAME, "CallAs": "DELEGATED_ADMIN"}
PREFERENCES: Final = {
    # The defaults go one account at a time and stop at the first failure.
    "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
    "MaxConcurrentPercentage": 25,
    "FailureTolerancePercentage": 25,
    "RegionConcurrencyType": "PARALLEL",
}
OUS_PER_CALL: Final = 50
FAILED: Final = ("FAILED", "CANCELLED")
SUSPENDED: Final = "SKIPPED_SUSPENDED_ACCOUNT"
_MINUTES: Final = 240
_DONE: Final = ("SUCCEEDED", "FAILED", "STOPPED")

Place = tuple[str, str]
"""An account and a Region."""
Instances = Mapping[Place, Mapping[str, Any]]
"""CloudFormation's summaries of stack instances."""
Item = TypeVar("Item")


def chunks(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def detailed_status(instance: Mapping[str, Any]) -> str:
    return str(instance.get("StackInstanceStatus", {}).get("DetailedStatus", ""))


def finished(cloudformation: Any, operations: Sequence[str], sleep: Sleep) -> dict[Place, InstanceResult]:
    """What they came to once all are done; the last word counts where several came to one place."""
    return {
        (result.account, result.region): result
        for operation in operations
        for result in _finished(cloudformation, operation, sleep)
    }


def _finished(cloudformation: Any, operation: str, sleep: Sleep) -> list[InstanceResult]:
    def look() -> str | None:
        with asking_aws(f"read the operation {operation} of {NAME}"):
            answer = cloudformation.describe_stack_set_operation(**AS_ADMINISTRATOR, OperationId=operation)
        status: str = answer["StackSetOperation"]["Status"]
        return status if status in _DONE else None

    status = wait_for(look, sleep, what=f"The operation {operation} of the StackSet {NAME}", minutes=_MINUTES)
    results = _results(cloudformation, operation)
    if status != "SUCCEEDED" and not any(result.status in FAILED for result in results):
        reason = f"the operation ended as {status}, before it came to any account"
        raise MembersError(operation, [InstanceResult("all accounts", "all Regions", status, reason)])
    return results


def _results(cloudformation: Any, operation: str) -> list[InstanceResult]:
    with asking_aws(f"read what the operation {operation} came to"):
        paginator = cloudformation.get_paginator("list_stack_set_operation_results")
        pages = paginator.paginate(**AS_ADMINISTRATOR, OperationId=operation)
        return [
            InstanceResult(each["Account"], each["Region"], each["Status"], each.get("StatusReason", ""))
            for page in pages
            for each in page["Summaries"]
        ]
