"""How StackSets, instances and operations look in the API's answers."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from org_gate.simulator.base import AwsError
from org_gate.simulator.stacksets.model import Instance, Operation, ResourceDrift, StackSet
from org_gate.simulator.stacksets.work import Result

DETECT_DRIFT: Final = "DETECT_DRIFT"
_PAGE: Final = 100
_DETECTION: Final = {"RUNNING": "IN_PROGRESS", "STOPPING": "IN_PROGRESS", "QUEUED": "IN_PROGRESS", "STOPPED": "STOPPED"}


def stack_set_shape(stack_set: StackSet) -> dict[str, Any]:
    instances = stack_set.instances.values()
    return {
        "StackSetName": stack_set.name,
        "StackSetId": stack_set.id,
        "StackSetARN": stack_set.arn,
        "Description": stack_set.description,
        "Status": stack_set.status,
        "TemplateBody": stack_set.template,
        "Parameters": parameter_list(stack_set.parameters),
        "Capabilities": stack_set.capabilities,
        "Tags": [{"Key": key, "Value": value} for key, value in stack_set.tags.items()],
        "PermissionModel": "SERVICE_MANAGED",
        "OrganizationalUnitIds": sorted({*stack_set.targets, *(each.ou for each in instances if each.ou)}),
        "Regions": sorted({each.region for each in instances}),
        **_drift_details(stack_set),
        **stack_set.settings,
    }


def stack_set_summary(stack_set: StackSet) -> dict[str, Any]:
    return {
        "StackSetName": stack_set.name,
        "StackSetId": stack_set.id,
        "Description": stack_set.description,
        "Status": stack_set.status,
        "PermissionModel": "SERVICE_MANAGED",
        **_drift_summary(stack_set),
        **stack_set.settings,
    }


def instance_summary(stack_set: StackSet, instance: Instance) -> dict[str, Any]:
    return {
        "StackSetId": stack_set.id,
        "Account": instance.account,
        "Region": instance.region,
        **({} if instance.stack_id is None else {"StackId": instance.stack_id}),
        "Status": instance.status,
        "StackInstanceStatus": {"DetailedStatus": instance.detailed_status},
        **({"StatusReason": instance.reason} if instance.reason else {}),
        **({"OrganizationalUnitId": instance.ou} if instance.ou else {}),
        "DriftStatus": instance.drift.status,
        **({} if instance.drift.at is None else {"LastDriftCheckTimestamp": instance.drift.at}),
        **({"LastOperationId": instance.last_operation} if instance.last_operation else {}),
    }


def instance_shape(stack_set: StackSet, instance: Instance) -> dict[str, Any]:
    overrides = parameter_list(instance.overrides)
    return {**instance_summary(stack_set, instance), "ParameterOverrides": overrides}


def operation_summary(operation: Operation) -> dict[str, Any]:
    return {
        "OperationId": operation.id,
        "Action": operation.action,
        "Status": operation.status,
        **({"StatusReason": operation.reason} if operation.reason else {}),
        "CreationTimestamp": operation.requested,
        **({} if operation.ended is None else {"EndTimestamp": operation.ended}),
        "StatusDetails": {"FailedStackInstancesCount": operation.failures},
        "OperationPreferences": dict(operation.preferences),
    }


def operation_shape(stack_set: StackSet, operation: Operation) -> dict[str, Any]:
    return {
        **operation_summary(operation),
        "StackSetId": stack_set.id,
        "DeploymentTargets": dict(operation.targets),
        **({"RetainStacks": operation.retain_stacks} if operation.action == "DELETE" else {}),
        **(_details(stack_set, operation) if operation.action == DETECT_DRIFT else {}),
    }


def result_summary(result: Result) -> dict[str, Any]:
    return {
        "Account": result.account,
        "Region": result.region,
        "Status": result.status,
        **({"StatusReason": result.reason} if result.reason else {}),
        "AccountGateResult": {
            "Status": "SKIPPED",
            "StatusReason": "Function not found: AWSCloudFormationStackSetAccountGate",
        },
        **({"OrganizationalUnitId": result.ou} if result.ou else {}),
    }


def drift_summary(instance: Instance, drift: ResourceDrift) -> dict[str, Any]:
    differences = [
        {"PropertyPath": path, "ExpectedValue": expected, "ActualValue": actual, "DifferenceType": "NOT_EQUAL"}
        for path, (expected, actual) in drift.differences.items()
    ]
    return {
        "StackId": instance.stack_id,
        "LogicalResourceId": drift.logical_id,
        "PhysicalResourceId": drift.physical_id,
        "ResourceType": drift.type,
        "PropertyDifferences": differences,
        "StackResourceDriftStatus": drift.status,
        "Timestamp": instance.drift.at,
    }


def _drift_details(stack_set: StackSet) -> dict[str, Any]:
    """Of the last detection that is over."""
    done = [each for each in stack_set.operations.values() if each.action == DETECT_DRIFT and each.is_over]
    return _details(stack_set, done[-1]) if done else {}


def _drift_summary(stack_set: StackSet) -> dict[str, Any]:
    details = _drift_details(stack_set).get("StackSetDriftDetectionDetails", {"DriftStatus": "NOT_CHECKED"})
    kept = ("DriftStatus", "LastDriftCheckTimestamp")
    return {name: details[name] for name in kept if name in details}


def _details(stack_set: StackSet, operation: Operation) -> dict[str, Any]:
    looked_at = [each for each in stack_set.instances.values() if each.drift.operation == operation.id]
    drifted = sum(each.drift.status == "DRIFTED" for each in looked_at)
    counts = {
        "TotalStackInstancesCount": len(operation.results),
        "DriftedStackInstancesCount": drifted,
        "InSyncStackInstancesCount": len(looked_at) - drifted,
        "InProgressStackInstancesCount": sum(each.status in ("PENDING", "RUNNING") for each in operation.results),
        "FailedStackInstancesCount": operation.failures,
    }
    status = "DRIFTED" if drifted else "IN_SYNC" if looked_at else "NOT_CHECKED"
    ended = {} if operation.ended is None else {"LastDriftCheckTimestamp": operation.ended}
    detection = _DETECTION.get(operation.status, "COMPLETED")
    if operation.failures:
        detection = "FAILED" if operation.status == "FAILED" else "PARTIAL_SUCCESS"
    return {
        "StackSetDriftDetectionDetails": {
            "DriftStatus": status, "DriftDetectionStatus": detection, **ended, **counts,
        }
    }  # fmt: skip


def parameter_list(parameters: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]


def page(items: Sequence[dict[str, Any]], params: Mapping[str, Any]) -> dict[str, Any]:
    """One page of summaries. Raises AwsError for a token that is not ours."""
    token = params.get("NextToken", "0")
    if not str(token).isdigit():
        raise AwsError("ValidationError", "NextToken is not valid")
    start, size = int(token), int(params.get("MaxResults", _PAGE))
    more = {"NextToken": str(start + size)} if start + size < len(items) else {}
    return {"Summaries": list(items[start : start + size]), **more}
