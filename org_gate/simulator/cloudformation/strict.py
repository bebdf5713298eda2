"""moto's stacks, made to refuse, to fail and to roll back as CloudFormation does.

What can be known beforehand is refused before anything is made; a resource that fails takes the stack back to what
was there, with the reason in its events. Everything is rebound for as long as the context is entered.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from copy import deepcopy
from functools import lru_cache
from typing import Any, Final

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import CloudFormationError, ValidationError
from moto.cloudformation.models import CloudFormationBackend, Stack, cloudformation_backends
from moto.cloudformation.parsing import ResourceMap
from moto.cloudformation.responses import CloudFormationResponse

from org_gate.simulator.cloudformation.change_sets import change_sets
from org_gate.simulator.cloudformation.parameters import check_parameters, effective_parameters
from org_gate.simulator.cloudformation.resources import OWN_KINDS
from org_gate.simulator.cloudformation.rollback import resource_event, roll_back_creation, updated
from org_gate.simulator.cloudformation.template import (
    TemplateError,
    check_capabilities,
    check_mappings,
    check_size,
    check_template,
    conditions,
    read_template,
    references,
)
from org_gate.simulator.rebind import all_rebound, rebound

NO_CHANGES: Final = "No updates are to be performed."
_PARTITION: Final = "aws"  # of every Region, here as in moto
_NESTED: Final = "AWS::CloudFormation::Stack"  # moto loses a nested stack's failure


class ResourceError(Exception):
    """A resource that could not be made or changed, and why."""

    def __init__(self, logical_id: str, resource_type: str, reason: str) -> None:
        super().__init__(f"{logical_id} ({resource_type}): {reason}")
        self.logical_id = logical_id
        self.resource_type = resource_type
        self.reason = reason


@contextmanager
def strict_stacks() -> Iterator[None]:
    """Inside the block, every stack of every account and Region is strict."""
    with ExitStack() as stack:
        stack.enter_context(all_rebound(parsing, _parsing_parts()))
        stack.enter_context(rebound(Stack, "parse_template", staticmethod(_remembering(Stack.parse_template))))
        stack.enter_context(all_rebound(ResourceMap, {"build_resource_diff": _resource_diff}))
        stack.enter_context(all_rebound(CloudFormationBackend, _backend_parts()))
        stack.enter_context(change_sets(_has_changes))
        stack.enter_context(all_rebound(CloudFormationResponse, _response_parts()))
        yield


def known_types() -> frozenset[str]:
    """The resource types that a stack may have here."""
    moto_types = {name for name in parsing.get_model_map() if name.startswith("AWS::")}
    return frozenset((moto_types | set(OWN_KINDS) | set(parsing.NULL_MODELS)) - {_NESTED})


def checked_template(body: str, given: Mapping[str, str]) -> dict[str, Any]:
    """The template, once nothing about it and its parameters is to be refused. Raises TemplateError."""
    template = read_template(body)
    check_template(template, known_types())
    for logical_id, resource in template["Resources"].items():
        kind = OWN_KINDS.get(resource["Type"])
        if kind is not None:
            kind.check(logical_id, resource.get("Properties") or {})
    check_parameters(template, given)
    check_mappings(template, {**effective_parameters(template, given), "AWS::Partition": _PARTITION})
    return template


def as_moto_error(error: TemplateError) -> CloudFormationError:
    """The same refusal, as moto's responses answer it."""
    raised = ValidationError(message=error.message)
    raised.code = error.code
    return raised


def _remembering(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """Parsing is the cost of a stack, and a StackSet makes many of one template."""
    parsed = lru_cache(maxsize=64)(parse)
    return lambda template: deepcopy(parsed(template))


def _without_no_value(clean: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """In lists too: moto drops ``AWS::NoValue`` where it is a property, but leaves a hole for an item."""

    def cleaned(node: Any, resources: Any) -> Any:
        value = clean(node, resources)
        return [each for each in value if each is not None] if isinstance(node, list) else value

    return cleaned


def _parsing_parts() -> dict[str, Any]:
    moto_class = parsing.resource_class_from_type

    def resource_class(resource_type: str) -> Any:
        if resource_type in OWN_KINDS:
            return OWN_KINDS[resource_type]
        found = moto_class(resource_type)
        if found is None and resource_type not in parsing.NULL_MODELS:
            raise ValidationError(message=f"Template format error: Unrecognized resource types: [{resource_type}]")
        return found

    return {
        "clean_json": _without_no_value(parsing.clean_json),
        "resource_class_from_type": resource_class,
        "parse_and_create_resource": _told(parsing.parse_and_create_resource, "CREATE"),
        "parse_and_update_resource": _told(_only_updatable(parsing.parse_and_update_resource), "UPDATE"),
    }


def _told(act: Callable[..., Any], verb: str) -> Callable[..., Any]:
    """As ``act``, with an event for each resource and the failing one's name in the error."""

    def acting(
        logical_id: str, resource_json: dict[str, Any], resources_map: Any, account_id: str, region_name: str
    ) -> Any:
        stack = cloudformation_backends[account_id][region_name].stacks.get(resources_map.stack_id)
        resource_type = resource_json["Type"]
        try:
            resource = act(logical_id, resource_json, resources_map, account_id, region_name)
        except ResourceError:
            raise  # a resource that this one needs
        except Exception as error:
            reason = str(getattr(error, "message", None) or error) or type(error).__name__
            resource_event(stack, logical_id, resource_type, f"{verb}_FAILED", reason=reason)
            raise ResourceError(logical_id, resource_type, reason) from error
        if resource is not None:
            physical_id = str(getattr(resource, "physical_resource_id", ""))
            resource_event(stack, logical_id, resource_type, f"{verb}_COMPLETE", physical_id=physical_id)
        return resource

    return acting


def _only_updatable(update: Callable[..., Any]) -> Callable[..., Any]:
    def updating(
        logical_id: str, resource_json: dict[str, Any], resources_map: Any, account_id: str, region_name: str
    ) -> Any:
        kind = parsing.resource_class_from_type(resource_json["Type"])
        if hasattr(kind.update_from_cloudformation_json, "__isabstractmethod__"):
            msg = f"the simulator cannot update a {resource_json['Type']}; give it a new logical id"
            raise ValidationError(message=msg)
        return update(logical_id, resource_json, resources_map, account_id, region_name)

    return updating


def _resource_diff(
    resources_map: Any, other_template: dict[str, Any], parameters: Mapping[str, str] | None = None
) -> dict[str, list[str]]:
    """Which resources differ; moto alone finds a changed parameter in Ref, but not in Sub or behind a condition."""
    old, new = resources_map._resource_json_map, other_template["Resources"]
    before = effective_parameters(resources_map._template, resources_map.input_parameters)
    after = effective_parameters(other_template, resources_map.input_parameters if parameters is None else parameters)
    changed = {name for name in after if before.get(name) != after[name]}

    def differs(name: str) -> bool:
        return bool(new[name] != old[name] or changed & _parameters_behind(new[name], other_template))

    return {
        "Add": [name for name in new if name not in old],
        "Modify": [name for name in new if name in old and differs(name)],
        "Remove": [name for name in old if name not in new],
    }


def _parameters_behind(node: Any, template: Mapping[str, Any]) -> set[str]:
    names = {name for name, _ in references(node)}
    declared = template.get("Conditions") or {}
    for condition in conditions(node):
        names |= _parameters_behind(declared[condition], template)
    return names


def _backend_parts() -> dict[str, Any]:
    create, update = CloudFormationBackend.create_stack, CloudFormationBackend.update_stack

    def create_stack(backend: Any, name: str, template: str, parameters: dict[str, str], **more: Any) -> Any:
        try:
            checked_template(template, parameters)
        except TemplateError as error:
            raise as_moto_error(error) from error
        before = set(backend.stacks)
        try:
            return create(backend, name=name, template=template, parameters=parameters, **more)
        except Exception:
            made = [stack for stack_id, stack in backend.stacks.items() if stack_id not in before]
            if not made:
                raise
            roll_back_creation(backend, made[0])
            return made[0]

    def update_stack(  # noqa: PLR0917  moto calls it by position
        backend: Any,
        name: str,
        template: str,
        role_arn: str | None,
        parameters: Sequence[Mapping[str, Any]],
        tags: dict[str, str] | None,
    ) -> Any:
        stack = backend.get_stack(name)
        given = _given_for_update(stack, parameters)
        try:
            wanted = checked_template(template, given)
        except TemplateError as error:
            raise as_moto_error(error) from error
        if not _differs(stack, wanted, given) and tags in (None, stack.tags):
            raise ValidationError(message=NO_CHANGES)
        listed = [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]
        return updated(backend, stack, lambda: update(backend, name, template, role_arn, listed, tags))

    return {"create_stack": create_stack, "update_stack": update_stack}


def _has_changes(stack: Any, template: str, given: Mapping[str, str], tags: Mapping[str, str] | None) -> bool:
    try:
        wanted = checked_template(template, given)
    except TemplateError as error:
        raise as_moto_error(error) from error
    return _differs(stack, wanted, given) or tags not in (None, stack.tags)


def _given_for_update(stack: Any, parameters: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    before = effective_parameters(stack.template_dict, stack.parameters)
    return {
        each["ParameterKey"]: before.get(each["ParameterKey"], "")
        if each.get("UsePreviousValue")
        else each.get("ParameterValue", "")
        for each in parameters
    }


def _differs(stack: Any, wanted: Mapping[str, Any], given: Mapping[str, str]) -> bool:
    before = read_template(stack.template)  # moto writes into the one it works with
    same_parameters = effective_parameters(before, stack.parameters) == effective_parameters(wanted, given)
    return before != wanted or not same_parameters


def _response_parts() -> dict[str, Any]:
    names = ("create_stack", "update_stack", "create_change_set")
    return {name: _asked(getattr(CloudFormationResponse, name)) for name in names}


def _asked(answer: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """As ``answer``, after the checks that need the request itself."""

    def answering(response: Any) -> Any:
        body = response._get_param("TemplateBody")
        url = response._get_param("TemplateURL")
        try:
            if body:
                check_size(body)
            elif url:
                body = response._get_stack_from_s3_url(url)
            if body:
                template = read_template(body)
                check_template(template, known_types())
                check_capabilities(template, response._get_param("Capabilities", []))
        except TemplateError as error:
            raise as_moto_error(error) from error
        return answer(response)

    return answering
