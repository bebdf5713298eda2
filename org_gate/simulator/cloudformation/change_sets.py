"""Change sets as CloudFormation has them: one name for each stack, no changes is a failure, execution may roll back.

moto applies a change set without a way back, and knows it by its name alone. Here execution is a creation or an update
of a strict stack, under the id that the stack had when it was reviewed. What changes is still worked out by moto.
``ImportExistingResources`` takes over DynamoDB tables and buckets; anything else that exists already still stands in
the way.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from moto.cloudformation import models
from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.models import ChangeSet
from moto.cloudformation.responses import CloudFormationResponse
from moto.cloudformation.utils import generate_changeset_id
from moto.core.responses import ActionResult, EmptyResult
from moto.dynamodb.models import Table, dynamodb_backends
from moto.s3.models import FakeBucket, s3_backends
from moto.utilities.utils import get_partition

from org_gate.simulator.rebind import all_rebound, rebound

NOTHING_CHANGES = (
    "The submitted information didn't contain changes. Submit different information to create a change set."
)
REVIEW = "REVIEW_IN_PROGRESS"

HasChanges = Callable[[Any, str, Mapping[str, str], Mapping[str, str] | None], bool]
"""Whether a template, parameters and tags (None: as they are) differ from a stack's. Raises what a stack refuses."""


@contextmanager
def change_sets(has_changes: HasChanges) -> Iterator[None]:
    """Inside the block, change sets of every account and Region are like this."""

    def create(response: Any) -> ActionResult:
        return _create(response, has_changes)

    parts = {
        "create_change_set": create,
        "describe_change_set": lambda response: ActionResult(_found(response)),
        "delete_change_set": _delete,
        "execute_change_set": _execute,
        "list_change_sets": lambda response: ActionResult({"Summaries": _all_of(response, _stack(response))}),
    }
    with all_rebound(CloudFormationResponse, parts):
        yield


def _create(response: Any, has_changes: HasChanges) -> ActionResult:
    backend, kind = response.cloudformation_backend, response._get_param("ChangeSetType", "UPDATE")
    name = response._get_param("ChangeSetName")
    template = _template(response)
    stack = _reviewed(response) if kind == "CREATE" else _updatable(response)
    if any(each.change_set_name == name for each in _all_of(response, stack)):
        raise _error("AlreadyExistsException", f"ChangeSet {name} already exists")
    parameters = _parameters(response, stack)
    tags = response._get_param("Tags", None)
    wanted = None if tags is None else {each["Key"]: each["Value"] for each in tags}
    made = ChangeSet(
        change_set_type=kind,
        change_set_id=generate_changeset_id(name, backend.region_name, backend.account_id),
        change_set_name=name,
        stack=stack,
        template=template,
        parameters=parameters,
        description=response._get_param("Description"),
        tags=wanted,
    )
    changes = kind == "CREATE" or has_changes(stack, template, parameters, wanted)
    made.status = "CREATE_COMPLETE" if changes else "FAILED"
    made.execution_status = "AVAILABLE" if changes else "UNAVAILABLE"
    made.status_reason = None if changes else NOTHING_CHANGES
    made.import_existing_resources = response._get_bool_param("ImportExistingResources", if_none=False)
    backend.stacks[stack.stack_id] = stack
    backend.change_sets[made.change_set_id] = made
    return ActionResult({"Id": made.change_set_id, "StackId": stack.stack_id})


def _execute(response: Any) -> EmptyResult:
    backend, change_set = response.cloudformation_backend, _found(response)
    stack = change_set.stack
    if change_set.execution_status != "AVAILABLE":
        text = f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current status"
        raise _error("InvalidChangeSetStatus", f"{text} of [{change_set.status}]")
    for each in _all_of(response, stack):
        del backend.change_sets[each.change_set_id]
    if change_set.change_set_type == "CREATE":
        del backend.stacks[stack.stack_id]
        with ExitStack() as held:
            held.enter_context(rebound(models, "generate_stack_id", lambda *_: stack.stack_id))
            if change_set.import_existing_resources:
                held.enter_context(_taking_over())
            backend.create_stack(stack.name, change_set.template, change_set.parameters, tags=change_set.tags or {})
        return EmptyResult()
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in change_set.parameters.items()]
    backend.update_stack(stack.name, change_set.template, None, given, change_set.tags)
    return EmptyResult()


@contextmanager
def _taking_over() -> Iterator[None]:
    with ExitStack() as held:
        for model, find in ((Table, _table), (FakeBucket, _bucket)):
            make = _taken_or_made(model.create_from_cloudformation_json, find)
            held.enter_context(rebound(model, "create_from_cloudformation_json", staticmethod(make)))
        yield


def _taken_or_made(create: Callable[..., Any], find: Callable[[str, str, str], Any]) -> Callable[..., Any]:
    def make(resource_name: str, cloudformation_json: Any, account_id: str, region_name: str, **more: Any) -> Any:
        there = find(account_id, region_name, resource_name)
        return there or create(resource_name, cloudformation_json, account_id, region_name, **more)

    return make


def _table(account: str, region: str, name: str) -> Any:
    return dynamodb_backends[account][region].tables.get(name)


def _bucket(account: str, region: str, name: str) -> Any:
    return s3_backends[account][get_partition(region)].buckets.get(name)


def _delete(response: Any) -> EmptyResult:
    del response.cloudformation_backend.change_sets[_found(response).change_set_id]
    return EmptyResult()


def _stack(response: Any) -> Any:
    return response.cloudformation_backend.get_stack(response._get_param("StackName"))


def _found(response: Any) -> Any:
    name = response._get_param("ChangeSetName")
    if name in response.cloudformation_backend.change_sets:
        return response.cloudformation_backend.change_sets[name]
    for each in _all_of(response, _stack(response)):
        if each.change_set_name == name:
            return each
    raise _error("ChangeSetNotFound", f"ChangeSet [{name}] does not exist")


def _all_of(response: Any, stack: Any) -> list[Any]:
    found = response.cloudformation_backend.change_sets.values()
    return [each for each in found if each.stack_id == stack.stack_id]


def _reviewed(response: Any) -> Any:
    """The stack that is to be: the one that waits for its first change set already, or a new one."""
    backend, name = response.cloudformation_backend, response._get_param("StackName")
    for stack in backend.stacks.values():
        if stack.name == name and stack.status == REVIEW:
            return stack
        if stack.name == name:
            raise ValidationError(message=f"Stack [{name}] already exists and cannot be created again")
    stack = models.Stack(
        stack_id=models.generate_stack_id(name, backend.region_name, backend.account_id),
        name=name,
        template={},
        parameters={},
        account_id=backend.account_id,
        region_name=backend.region_name,
    )
    stack.status = REVIEW
    stack._add_stack_event(REVIEW, resource_status_reason="User Initiated")
    return stack


def _updatable(response: Any) -> Any:
    stack = _stack(response)
    if stack.status in {REVIEW, "ROLLBACK_COMPLETE"} or stack.status.endswith("_FAILED"):
        raise ValidationError(message=f"Stack:{stack.stack_id} is in {stack.status} state and can not be updated.")
    return stack


def _template(response: Any) -> str:
    url = response._get_param("TemplateURL")
    return str(response._get_stack_from_s3_url(url) if url else response._get_param("TemplateBody"))


def _parameters(response: Any, stack: Any) -> dict[str, str]:
    return {
        each["ParameterKey"]: stack.stack_parameters[each["ParameterKey"]]
        if each.get("UsePreviousValue")
        else each["ParameterValue"]
        for each in response._get_param("Parameters", [])
    }


def _error(code: str, message: str) -> CloudFormationError:
    raised = ValidationError(message=message)
    raised.code = code
    return raised
