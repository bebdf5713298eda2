"""The service-managed StackSet that puts the gate into every account, driven by the delegated administrator.

Each operation goes wide, and what failed in single accounts is read back: an operation that CloudFormation calls
succeeded within its tolerance may still have left accounts without a gate.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from botocore.exceptions import ClientError

from org_gate.rollout.errors import InstanceResult, MembersError, asking_aws
from org_gate.rollout.stack import CAPABILITIES, as_parameters
from org_gate.rollout.waiting import Sleep, wait_for

NAME: Final = "org-gate-member"
_MINUTES: Final = 240
_OUS_PER_CALL: Final = 50
_DONE: Final = ("SUCCEEDED", "FAILED", "STOPPED")
_FAILED: Final = ("FAILED", "CANCELLED")
_AS_ADMINISTRATOR: Final = {"StackSetName": NAME, "CallAs": "DELEGATED_ADMIN"}
_PREFERENCES: Final = {
    # The defaults go one account at a time and stop at the first failure.
    "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
    "MaxConcurrentPercentage": 25,
    "FailureTolerancePercentage": 25,
    "RegionConcurrencyType": "PARALLEL",
}


def deploy_stack_set(
    cloudformation: Any,
    template: str,
    parameters: Mapping[str, str],
    *,
    ou_ids: Sequence[str],
    regions: Sequence[str],
    sleep: Sleep,
) -> tuple[InstanceResult, ...]:
    """Every account below the OUs gets the gate in every Region; what it came to, in order of account and Region.

    Raises MembersError once all is done that could be done.
    """
    wanted = {"TemplateBody": template, "Parameters": as_parameters(parameters), "Capabilities": CAPABILITIES}
    operations = [*_update_or_create(cloudformation, wanted)]
    missing = _missing(cloudformation, ou_ids, regions)
    operations += [_create_instances(cloudformation, chunk, regions) for chunk in _chunks(missing)]
    results = {
        (result.account, result.region): result
        for operation in operations
        for result in _finished(cloudformation, operation, sleep)
    }
    failures = [result for result in results.values() if result.status in _FAILED]
    if failures:
        raise MembersError(operations[-1], failures)
    return tuple(results[place] for place in sorted(results))


def _update_or_create(cloudformation: Any, wanted: Mapping[str, Any]) -> Iterator[str]:
    """The id of the update's operation; none where the StackSet is new, and so has no instances."""
    managed = {
        "PermissionModel": "SERVICE_MANAGED",
        "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False},
        "ManagedExecution": {"Active": True},
        "Description": "The gate of org-gate, in every account and Region where pipelines run.",
    }
    if _exists(cloudformation):
        with asking_aws(f"update the StackSet {NAME}"):
            update = cloudformation.update_stack_set(
                **_AS_ADMINISTRATOR, **wanted, **managed, OperationPreferences=_PREFERENCES
            )
        yield update["OperationId"]
    else:
        with asking_aws(f"create the StackSet {NAME}"):
            cloudformation.create_stack_set(**_AS_ADMINISTRATOR, **wanted, **managed)


def _exists(cloudformation: Any) -> bool:
    with asking_aws(f"read the StackSet {NAME}"):
        try:
            cloudformation.describe_stack_set(**_AS_ADMINISTRATOR)
        except ClientError as error:
            if error.response["Error"]["Code"] == "StackSetNotFoundException":
                return False
            raise
    return True


def _missing(cloudformation: Any, ou_ids: Sequence[str], regions: Sequence[str]) -> list[str]:
    """The OUs that lack instances in some Region: new ones, and old ones when a Region was added."""
    with asking_aws(f"list the instances of {NAME}"):
        pages = cloudformation.get_paginator("list_stack_instances").paginate(**_AS_ADMINISTRATOR)
        there = {
            (instance.get("OrganizationalUnitId"), instance["Region"])
            for page in pages
            for instance in page["Summaries"]
        }
    return [ou for ou in ou_ids if any((ou, region) not in there for region in regions)]


def _chunks(ou_ids: Sequence[str]) -> Iterator[list[str]]:
    for start in range(0, len(ou_ids), _OUS_PER_CALL):
        yield list(ou_ids[start : start + _OUS_PER_CALL])


def _create_instances(cloudformation: Any, ou_ids: list[str], regions: Sequence[str]) -> str:
    with asking_aws(f"roll the gate out into {', '.join(ou_ids)}"):
        created = cloudformation.create_stack_instances(
            **_AS_ADMINISTRATOR,
            DeploymentTargets={"OrganizationalUnitIds": ou_ids},
            Regions=list(regions),
            OperationPreferences=_PREFERENCES,
        )
    operation: str = created["OperationId"]
    return operation


def _finished(cloudformation: Any, operation: str, sleep: Sleep) -> list[InstanceResult]:
    def look() -> str | None:
        with asking_aws(f"read the operation {operation} of {NAME}"):
            answer = cloudformation.describe_stack_set_operation(**_AS_ADMINISTRATOR, OperationId=operation)
        status: str = answer["StackSetOperation"]["Status"]
        return status if status in _DONE else None

    status = wait_for(look, sleep, what=f"The operation {operation} of the StackSet {NAME}", minutes=_MINUTES)
    results = _results(cloudformation, operation)
    if status != "SUCCEEDED" and not any(result.status in _FAILED for result in results):
        reason = f"the operation ended as {status}, before it came to any account"
        raise MembersError(operation, [InstanceResult("all accounts", "all Regions", status, reason)])
    return results


def _results(cloudformation: Any, operation: str) -> list[InstanceResult]:
    with asking_aws(f"read what the operation {operation} came to"):
        paginator = cloudformation.get_paginator("list_stack_set_operation_results")
        pages = paginator.paginate(**_AS_ADMINISTRATOR, OperationId=operation)
        return [
            InstanceResult(each["Account"], each["Region"], each["Status"], each.get("StatusReason", ""))
            for page in pages
            for each in page["Summaries"]
        ]
