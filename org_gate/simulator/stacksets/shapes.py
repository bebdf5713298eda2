"""How StackSets, instances and operations look in the API's answers."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from org_gate.simulator.base import AwsError
from org_gate.simulator.stacksets.model import Instance, Operation, Result, StackSet

_PAGE: Final = 100


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
        "OrganizationalUnitIds": sorted({each.ou for each in instances if each.ou}),
        "Regions": sorted({each.region for each in instances}),
        **stack_set.settings,
    }


def stack_set_summary(stack_set: StackSet) -> dict[str, Any]:
    return {
        "StackSetName": stack_set.name,
        "StackSetId": stack_set.id,
        "Description": stack_set.description,
        "Status": stack_set.status,
        "PermissionModel": "SERVICE_MANAGED",
        "DriftStatus": "NOT_CHECKED",
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
        "DriftStatus": "NOT_CHECKED",
        "LastOperationId": instance.last_operation,
    }


def instance_shape(stack_set: StackSet, instance: Instance) -> dict[str, Any]:
    overrides = parameter_list(instance.overrides)
    return {**instance_summary(stack_set, instance), "ParameterOverrides": overrides}


def operation_summary(operation: Operation) -> dict[str, Any]:
    return {
        "OperationId": operation.id,
        "Action": operation.action,
        "Status": operation.status,
        "CreationTimestamp": operation.at,
        "EndTimestamp": operation.at,
        "StatusDetails": {"FailedStackInstancesCount": operation.failures},
        "OperationPreferences": dict(operation.preferences),
    }


def operation_shape(stack_set: StackSet, operation: Operation) -> dict[str, Any]:
    return {
        **operation_summary(operation),
        "StackSetId": stack_set.id,
        "DeploymentTargets": dict(operation.targets),
        **({"RetainStacks": operation.retain_stacks} if operation.action == "DELETE" else {}),
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
