"""Drift: whether what a stack made is still there and still as the stack left it.

A stack's resources are looked at right after it was made or changed, and again when somebody asks. Types that are
not in ``_READERS`` are left out, as CloudFormation leaves out those that it cannot check.
"""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any, Final

from moto.awslambda.models import lambda_backends
from moto.cloudformation.models import cloudformation_backends
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.sqs.models import sqs_backends

from org_gate.simulator.stacksets.model import Instance, ResourceDrift

State = Mapping[str, str]
"""The properties of a resource that are compared, each as text."""
_Read = Callable[[str, str, Any], Mapping[str, Any] | None]
"""Of an account, a Region and moto's resource; None where it is gone."""
_LONGEST: Final = 200

MISSING: Final[State] = {"": "missing"}
"""The state of a resource that is gone; no property has an empty name."""


def as_it_is(stack: Any) -> dict[str, State]:
    """The state of each resource that can be checked, by logical id."""
    return {name: _state(stack, kind, resource) for name, (kind, resource) in _resources(stack).items()}


def drift_of(instance: Instance) -> list[ResourceDrift]:
    """Each resource that can be checked, against what it was to be. Raises LookupError where the stack is gone."""
    stack = cloudformation_backends[instance.account][instance.region].stacks[instance.stack_id]
    return [
        _compared(name, kind, resource, instance.expected[name], _state(stack, kind, resource))
        for name, (kind, resource) in _resources(stack).items()
        if name in instance.expected
    ]


def _compared(name: str, kind: str, resource: Any, expected: State, actual: State) -> ResourceDrift:
    physical_id = str(resource.physical_resource_id)
    if actual == MISSING:
        return ResourceDrift(name, physical_id, kind, "DELETED")
    differences = {
        key: (expected.get(key, ""), actual.get(key, ""))
        for key in sorted({*expected, *actual})
        if expected.get(key) != actual.get(key)
    }
    return ResourceDrift(name, physical_id, kind, "MODIFIED" if differences else "IN_SYNC", differences)


def _resources(stack: Any) -> dict[str, tuple[str, Any]]:
    """Type and object of those that can be checked."""
    made, declared = stack.resource_map._parsed_resources, stack.resource_map._resource_json_map
    return {
        name: (resource["Type"], made[name])
        for name, resource in declared.items()
        if resource["Type"] in _READERS and name in made
    }


def _state(stack: Any, kind: str, resource: Any) -> State:
    found = _READERS[kind](stack.account_id, stack.region_name, resource)
    return MISSING if found is None else {key: _short(value) for key, value in found.items()}


def _short(value: Any) -> str:
    """What is long stands for itself by its hash: there is one for each resource of each instance."""
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)
    return text if len(text) <= _LONGEST else f"sha256:{sha256(text.encode()).hexdigest()}"


def _function(account: str, region: str, resource: Any) -> Mapping[str, Any] | None:
    for function in lambda_backends[account][region].list_functions():
        if function.function_name == resource.function_name:
            return {
                "/Code/Sha256": function.code_sha_256,
                "/Environment/Variables": dict(function.environment_vars),
                "/Handler": function.handler,
                "/MemorySize": function.memory_size,
                "/Role": function.role,
                "/Runtime": function.run_time,
                "/Timeout": function.timeout,
            }
    return None


def _permission(account: str, region: str, resource: Any) -> Mapping[str, Any] | None:
    functions = lambda_backends[account][region].list_functions()
    wanted = resource.physical_resource_id
    found = any(one.get("Sid") == wanted for function in functions for one in function.policy.statements)
    return {} if found else None


def _role(account: str, _region: str, resource: Any) -> Mapping[str, Any] | None:
    for role in iam_backends[account]["aws"].roles.values():
        if role.name == resource.name:
            return {
                "/AssumeRolePolicyDocument": role.assume_role_policy_document,
                "/ManagedPolicyArns": sorted(role.managed_policies),
                "/Policies": dict(role.policies),
            }
    return None


def _log_group(account: str, region: str, resource: Any) -> Mapping[str, Any] | None:
    group = logs_backends[account][region].groups.get(resource.name)
    return None if group is None else {"/RetentionInDays": group.retention_in_days}


def _queue(account: str, region: str, resource: Any) -> Mapping[str, Any] | None:
    queue = sqs_backends[account][region].queues.get(resource.name)
    if queue is None:
        return None
    return {"/DelaySeconds": queue.delay_seconds, "/VisibilityTimeout": queue.visibility_timeout}


_READERS: Final[Mapping[str, _Read]] = {
    "AWS::IAM::Role": _role,
    "AWS::Lambda::Function": _function,
    "AWS::Lambda::Permission": _permission,
    "AWS::Logs::LogGroup": _log_group,
    "AWS::SQS::Queue": _queue,
}
