"""The reads of one StackSet: itself, its instances, its operations and what these came to. Nothing is changed here."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from org_gate.simulator.base import AwsError, Call
from org_gate.simulator.stacksets import shapes
from org_gate.simulator.stacksets.model import Instance, StackSet
from org_gate.simulator.stacksets.requests import operation_of
from org_gate.simulator.stacksets.work import Result

Read = Callable[[StackSet, Call], dict[str, Any]]
"""The output shape of an operation. Raises AwsError."""


def _describe(stack_set: StackSet, _call: Call) -> dict[str, Any]:
    return {"StackSet": shapes.stack_set_shape(stack_set)}


def _targets(stack_set: StackSet, call: Call) -> dict[str, Any]:
    targets = stack_set.targets
    summaries = [{"OrganizationalUnitId": ou, "Regions": sorted(targets[ou])} for ou in sorted(targets)]
    return shapes.page(summaries, call.params)


def _describe_instance(stack_set: StackSet, call: Call) -> dict[str, Any]:
    return {"StackInstance": shapes.instance_shape(stack_set, _instance(stack_set, call))}


def _instances(stack_set: StackSet, call: Call) -> dict[str, Any]:
    wanted = [each for _, each in sorted(stack_set.instances.items()) if _fits(each, call.params)]
    return shapes.page([shapes.instance_summary(stack_set, each) for each in wanted], call.params)


def _drifts(stack_set: StackSet, call: Call) -> dict[str, Any]:
    instance = _instance(stack_set, call)
    wanted = call.params.get("StackInstanceResourceDriftStatuses")
    if instance.drift.operation != call.params["OperationId"]:
        raise AwsError("OperationNotFoundException", "The latest drift detection has another id", 404)
    found = [each for each in instance.drift.resources if not wanted or each.status in wanted]
    return shapes.page([shapes.drift_summary(instance, each) for each in found], call.params)


def _describe_operation(stack_set: StackSet, call: Call) -> dict[str, Any]:
    return {"StackSetOperation": shapes.operation_shape(stack_set, operation_of(stack_set, call))}


def _operations(stack_set: StackSet, call: Call) -> dict[str, Any]:
    operations = reversed(stack_set.operations.values())
    return shapes.page([shapes.operation_summary(each) for each in operations], call.params)


def _results(stack_set: StackSet, call: Call) -> dict[str, Any]:
    results = [each for each in operation_of(stack_set, call).results if _result_fits(each, call.params)]
    return shapes.page([shapes.result_summary(each) for each in results], call.params)


READS: Final[Mapping[str, Read]] = {
    "DescribeStackInstance": _describe_instance,
    "DescribeStackSet": _describe,
    "ListStackInstanceResourceDrifts": _drifts,
    "ListStackInstances": _instances,
    "ListStackSetAutoDeploymentTargets": _targets,
}
LOOKS: Final[Mapping[str, Read]] = {
    "DescribeStackSetOperation": _describe_operation,
    "ListStackSetOperationResults": _results,
    "ListStackSetOperations": _operations,
}
"""Those that ask how far operations are: with a pace, operations get further by them."""


def _instance(stack_set: StackSet, call: Call) -> Instance:
    place = (call.params["StackInstanceAccount"], call.params["StackInstanceRegion"])
    if place not in stack_set.instances:
        raise AwsError("StackInstanceNotFoundException", f"No stack instance in {' '.join(place)}", 404)
    return stack_set.instances[place]


def _fits(instance: Instance, params: Mapping[str, Any]) -> bool:
    if params.get("StackInstanceAccount", instance.account) != instance.account:
        return False
    if params.get("StackInstanceRegion", instance.region) != instance.region:
        return False
    shown = {
        "DETAILED_STATUS": instance.detailed_status,
        "LAST_OPERATION_ID": instance.last_operation,
        "DRIFT_STATUS": instance.drift.status,
    }
    filters = params.get("Filters") or []
    return all(shown[each["Name"]] in each["Values"].split(",") for each in filters)


def _result_fits(result: Result, params: Mapping[str, Any]) -> bool:
    filters = params.get("Filters") or []
    return all(result.status in each["Values"].split(",") for each in filters)
