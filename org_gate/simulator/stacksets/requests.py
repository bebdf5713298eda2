"""What a call asks for: its template, parameters, overrides and tags, read and checked before anything happens."""

from collections.abc import Iterable, Mapping
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.utils import get_stack_from_s3_url
from moto.utilities.utils import get_partition

from org_gate.simulator.base import AwsError, Call
from org_gate.simulator.cloudformation.strict import checked_template
from org_gate.simulator.cloudformation.template import URL_LIMIT, TemplateError, check_capabilities, check_size
from org_gate.simulator.stacksets.model import Operation, StackSet

_ONE_OF: Final = (
    ("FailureToleranceCount", "FailureTolerancePercentage"),
    ("MaxConcurrentCount", "MaxConcurrentPercentage"),
)


def check(template: str, parameters: Mapping[str, str], capabilities: list[str]) -> None:
    """Raises AwsError for a template that no stack can be made of."""
    try:
        check_capabilities(checked_template(template, parameters), capabilities)
    except TemplateError as error:
        raise AwsError(error.code, error.message) from error


def template_of(call: Call, previous: str | None) -> str:
    """Raises AwsError where there is none, or it is too large."""
    body, url = call.params.get("TemplateBody"), call.params.get("TemplateURL")
    try:
        if body:
            check_size(body)
            return str(body)
        if url:
            fetched = get_stack_from_s3_url(url, call.caller.account, get_partition(call.region))
            check_size(fetched, limit=URL_LIMIT)
            return str(fetched)
    except TemplateError as error:
        raise AwsError(error.code, error.message) from error
    if previous is None or not call.params.get("UsePreviousTemplate"):
        raise AwsError("ValidationError", "Either Template URL or Template Body must be specified.")
    return previous


def parameters_of(given: Iterable[Mapping[str, Any]] | None, previous: Mapping[str, str]) -> dict[str, str]:
    return {
        each["ParameterKey"]: previous.get(each["ParameterKey"], "")
        if each.get("UsePreviousValue")
        else each.get("ParameterValue", "")
        for each in given or ()
    }


def overrides_of(stack_set: StackSet, params: Mapping[str, Any], previous: Mapping[str, str]) -> dict[str, str]:
    """``previous`` are those of the instance until now; what is not listed goes back to the set's. Raises AwsError."""
    overrides = parameters_of(params.get("ParameterOverrides"), {**stack_set.parameters, **previous})
    strange = sorted(overrides.keys() - stack_set.parameters.keys())
    if strange:
        raise AwsError("ValidationError", f"Parameters: {strange} are not specified in the stack set")
    check(stack_set.template, {**stack_set.parameters, **overrides}, stack_set.capabilities)
    return overrides


def tags_of(params: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in params.get("Tags") or []}


def check_regions(call: Call) -> None:
    """Raises AwsError for Regions that do not exist."""
    known = cloudformation_backends[call.caller.account].regions
    unknown = [region for region in call.params.get("Regions") or [] if region not in known]
    if unknown:
        raise AwsError("ValidationError", f"Regions: {', '.join(unknown)} do not exist")


def check_preferences(params: Mapping[str, Any]) -> None:
    """Raises AwsError for a count and a percentage of one thing."""
    preferences = params.get("OperationPreferences") or {}
    for pair in _ONE_OF:
        if all(preferences.get(name) is not None for name in pair):
            raise AwsError("ValidationError", f"OperationPreferences: specify {pair[0]} or {pair[1]}, not both")


def check_update(params: Mapping[str, Any]) -> None:
    """Raises AwsError for what an update cannot have together."""
    targeted = bool(params.get("DeploymentTargets"))
    if targeted != bool(params.get("Regions")):
        raise AwsError("ValidationError", "DeploymentTargets and Regions must be specified together, or neither")
    if targeted and params.get("AutoDeployment"):
        raise AwsError("ValidationError", "If you specify AutoDeployment, don't specify DeploymentTargets or Regions")


def stack_name(stack_set: StackSet, account: str, region: str) -> str:
    return f"StackSet-{stack_set.name}-{uuid5(NAMESPACE_URL, f'{stack_set.id}/{account}/{region}')}"


def next_operation_id(stack_set: StackSet) -> str:
    return str(uuid5(NAMESPACE_URL, f"{stack_set.id}/operation#{len(stack_set.operations) + 1}"))


def operation_of(stack_set: StackSet, call: Call) -> Operation:
    """The one that the call names. Raises AwsError where there is none."""
    found = stack_set.operations.get(call.params["OperationId"])
    if found is None:
        raise AwsError("OperationNotFoundException", f"Operation {call.params['OperationId']} not found", 404)
    return found
