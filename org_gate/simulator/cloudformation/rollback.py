"""A stack's events, and its way back when a resource fails: to nothing after a creation, else to what was before."""

from collections.abc import Callable, Iterator
from typing import Any, Final

from moto.cloudformation.models import Event

_BEGINNINGS: Final = ("CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS")


def failure_reason(stack: Any) -> str:
    """Why a stack rolled back: the first resource that failed in its latest operation; empty where none did."""
    failed = [event for event in _latest_operation(stack) if event.resource_status.endswith("_FAILED")]
    return f"{failed[-1].logical_resource_id}: {failed[-1].resource_status_reason}" if failed else ""


def resource_event(
    stack: Any, logical_id: str, resource_type: str, status: str, *, reason: str | None = None, physical_id: str = ""
) -> None:
    """Adds it, unless moto only tries again what it has just tried."""
    if stack is None:
        return  # a change set looks at a template before there is a stack
    told = {(each.logical_resource_id, each.resource_status) for each in _latest_operation(stack)}
    if reason is not None and (logical_id, status) in told:
        return
    event = Event(
        stack_id=stack.stack_id,
        stack_name=stack.name,
        logical_resource_id=logical_id,
        physical_resource_id=physical_id,
        resource_type=resource_type,
        resource_status=status,
        resource_status_reason=reason,
        resource_properties=None,
    )
    stack.events.append(event)


def updated(backend: Any, stack: Any, update: Callable[[], Any]) -> Any:
    """The stack, updated or rolled back."""
    template, parameters = stack.template, dict(stack.parameters)
    try:
        done = update()
        done.description = done.template_dict.get("Description")  # which moto sets at creation alone
    except Exception as error:  # noqa: BLE001  whatever a resource of moto raises
        _stack_event(stack, "UPDATE_ROLLBACK_IN_PROGRESS", str(error))
    else:
        return done
    try:
        stack.parameters = parameters
        stack.template = template
        stack._parse_template()
        stack.resource_map.update(stack.template_dict, parameters)
        stack.output_map = stack._create_output_map()
    except Exception as error:  # noqa: BLE001  likewise: the stack says so
        _stack_event(stack, "UPDATE_ROLLBACK_FAILED", str(error))
        return stack
    _stack_event(stack, "UPDATE_ROLLBACK_COMPLETE", None)
    backend.exports.update({export.name: export for export in stack.exports})
    return stack


def roll_back_creation(backend: Any, stack: Any) -> None:
    """Deletes what was made of a stack that could not be."""
    _stack_event(stack, "ROLLBACK_IN_PROGRESS", "The following resource(s) failed to create.")
    for export in [name for name, export in backend.exports.items() if export.exporting_stack_id == stack.stack_id]:
        del backend.exports[export]
    made = set(stack.resource_map._parsed_resources)
    stack.resource_map._resource_json_map = {
        name: resource for name, resource in stack.resource_map._resource_json_map.items() if name in made
    }
    stack.output_map._output_json_map = {}
    try:
        stack.resource_map.delete()
    except Exception as error:  # noqa: BLE001  whatever a resource of moto raises: the stack says so
        _stack_event(stack, "ROLLBACK_FAILED", str(error))
        return
    _stack_event(stack, "ROLLBACK_COMPLETE", None)


def _stack_event(stack: Any, status: str, reason: str | None) -> None:
    stack.status = status
    stack._add_stack_event(status, resource_status_reason=reason)


def _latest_operation(stack: Any) -> Iterator[Any]:
    """Its events, the newest first."""
    for event in reversed(stack.events):
        if event.resource_status in _BEGINNINGS and event.logical_resource_id == stack.name:
            return
        yield event
