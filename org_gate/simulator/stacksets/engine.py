"""What an operation does in the member accounts: one moto stack for each instance, within the failure tolerance.

Needs ``cloudformation.strict.strict_stacks``, whose stacks fail and roll back by themselves.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.models import cloudformation_backends

from org_gate.simulator.cloudformation.rollback import failure_reason
from org_gate.simulator.cloudformation.strict import NO_CHANGES
from org_gate.simulator.stacksets.model import Instance, Result, StackSet

CANCELLED_REASON: Final = "Cancelled since failure tolerance has exceeded"
_GOOD: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_GONE: Final = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED")

Act = Callable[[Instance], str]
"""Does its part for one instance; the reason where that failed, else an empty string."""


def run(instances: Iterable[Instance], act: Act, preferences: Mapping[str, Any]) -> tuple[list[Result], bool]:
    """One Region after the other, each in batches, until more fail than are tolerated; and whether none did."""
    by_region = _in_order(instances, preferences.get("RegionOrder") or [])
    results: list[Result] = []
    stopped = exceeded = False
    for _, same in groupby(by_region, key=lambda instance: instance.region):
        region, failed = _run_region(list(same), act, preferences, cancelled=stopped)
        results += region
        exceeded = exceeded or failed
        stopped = exceeded and preferences.get("RegionConcurrencyType") != "PARALLEL"
    return results, not exceeded


def deploy(stack_set: StackSet, instance: Instance) -> str:
    """Creates or updates the instance's stack."""
    backend = cloudformation_backends[instance.account][instance.region]
    parameters = {**stack_set.parameters, **instance.overrides}
    try:
        stack = backend.stacks.get(instance.stack_id)
        if stack is not None and stack.status in _GONE:
            backend.delete_stack(stack.stack_id)
            stack = None
        if stack is None:
            stack = backend.create_stack(instance.stack_name, stack_set.template, parameters, tags=stack_set.tags)
            instance.stack_id = stack.stack_id
        else:
            _update(backend, stack, stack_set, parameters)
    except CloudFormationError as error:
        return str(error.message)
    return "" if stack.status in _GOOD else failure_reason(stack) or stack.status


def remove(instance: Instance) -> str:
    """Deletes the instance's stack."""
    if instance.stack_id is None:
        return ""
    backend = cloudformation_backends[instance.account][instance.region]
    try:
        backend.delete_stack(instance.stack_id)
    except Exception as error:  # noqa: BLE001  whatever a resource of moto raises: the instance says so
        return str(getattr(error, "message", None) or error)
    return ""


def _update(backend: Any, stack: Any, stack_set: StackSet, parameters: Mapping[str, str]) -> None:
    listed = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    try:
        backend.update_stack(stack.stack_id, stack_set.template, None, listed, stack_set.tags)
    except CloudFormationError as error:
        if error.message != NO_CHANGES:
            raise


def _run_region(
    instances: Sequence[Instance], act: Act, preferences: Mapping[str, Any], *, cancelled: bool
) -> tuple[list[Result], bool]:
    tolerance = _share(preferences, "FailureTolerance", len(instances), 0)
    at_once = max(1, _share(preferences, "MaxConcurrent", len(instances), 1))
    if preferences.get("ConcurrencyMode", "STRICT_FAILURE_TOLERANCE") == "STRICT_FAILURE_TOLERANCE":
        at_once = min(at_once, tolerance + 1)
    results: list[Result] = []
    failures = 0
    for start in range(0, len(instances), at_once):
        stopped = cancelled or failures > tolerance
        batch = [_one(instance, act, cancelled=stopped) for instance in instances[start : start + at_once]]
        failures += sum(result.status == "FAILED" for result in batch)
        results += batch
    return results, failures > tolerance


def _one(instance: Instance, act: Act, *, cancelled: bool) -> Result:
    reason = CANCELLED_REASON if cancelled else act(instance)
    status = "CANCELLED" if cancelled else "FAILED" if reason else "SUCCEEDED"
    instance.detailed_status = status
    instance.status = "OUTDATED" if reason else "CURRENT"
    instance.reason = reason
    return Result(instance.account, instance.region, instance.ou, status, reason)


def _share(preferences: Mapping[str, Any], name: str, total: int, default: int) -> int:
    if f"{name}Count" in preferences:
        return int(preferences[f"{name}Count"])
    if f"{name}Percentage" in preferences:
        return int(total * int(preferences[f"{name}Percentage"]) / 100)
    return default


def _in_order(instances: Iterable[Instance], regions: Sequence[str]) -> list[Instance]:
    rank = {region: index for index, region in enumerate(regions)}
    return sorted(instances, key=lambda each: (rank.get(each.region, len(rank)), each.region, each.account))
