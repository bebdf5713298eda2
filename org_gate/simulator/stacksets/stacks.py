"""The stack of one instance: made, changed, deleted in moto, as CloudFormation does it in the member account.

Needs ``cloudformation.strict.strict_stacks``, whose stacks fail and roll back by themselves.
"""

from collections.abc import Mapping
from typing import Any, Final

from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.models import cloudformation_backends

from org_gate.simulator.cloudformation.rollback import failure_reason
from org_gate.simulator.cloudformation.strict import NO_CHANGES
from org_gate.simulator.stacksets.drift import as_it_is
from org_gate.simulator.stacksets.model import Instance, StackSet

_GOOD: Final = ("CREATE_COMPLETE", "UPDATE_COMPLETE")
_GONE: Final = ("ROLLBACK_COMPLETE", "ROLLBACK_FAILED")


def deploy(stack_set: StackSet, instance: Instance) -> str:
    """Creates or updates the instance's stack; the reason where that failed, else an empty string."""
    backend = cloudformation_backends[instance.account][instance.region]
    parameters = {**stack_set.parameters, **instance.overrides}
    try:
        stack = backend.stacks.get(instance.stack_id)
        if stack is not None and stack.status in _GONE:
            backend.delete_stack(stack.stack_id)
            stack = None
        before = {} if stack is None else as_it_is(stack)
        if stack is None:
            stack = backend.create_stack(instance.stack_name, stack_set.template, parameters, tags=stack_set.tags)
            instance.stack_id = stack.stack_id
        else:
            _update(backend, stack, stack_set, parameters)
    except CloudFormationError as error:
        return str(error.message)
    if stack.status not in _GOOD:
        return failure_reason(stack) or str(stack.status)
    _remember(instance, before, as_it_is(stack))
    return ""


def remove(instance: Instance) -> str:
    """Deletes the instance's stack; the reason where that failed, else an empty string."""
    if instance.stack_id is None:
        return ""
    backend = cloudformation_backends[instance.account][instance.region]
    try:
        backend.delete_stack(instance.stack_id)
    except Exception as error:  # noqa: BLE001  whatever a resource of moto raises: the instance says so
        return str(getattr(error, "message", None) or error) or type(error).__name__
    return ""


def _update(backend: Any, stack: Any, stack_set: StackSet, parameters: Mapping[str, str]) -> None:
    listed = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    try:
        backend.update_stack(stack.stack_id, stack_set.template, None, listed, stack_set.tags)
    except CloudFormationError as error:
        if error.message != NO_CHANGES:
            raise


def _remember(instance: Instance, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """What resources are to be like: one that this deployment left alone may have drifted before."""
    kept = {name for name in instance.expected if name in before and after.get(name) == before[name]}
    instance.expected = {name: instance.expected[name] if name in kept else state for name, state in after.items()}
