"""The StackSet operations of CloudFormation's API (``base.OwnService``), for service-managed StackSets.

They belong to the organization: the management account sees them, and a delegated administrator that says so on
every call. Operations are complete at once and reported as AWS reports complete ones.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from moto.cloudformation.models import cloudformation_backends
from moto.cloudformation.utils import get_stack_from_s3_url
from moto.utilities.utils import get_partition

from org_gate.simulator.base import AwsError, Call, OrgView, SimClock
from org_gate.simulator.cloudformation.strict import checked_template
from org_gate.simulator.cloudformation.template import URL_LIMIT, TemplateError, check_capabilities, check_size
from org_gate.simulator.stacksets import engine, shapes
from org_gate.simulator.stacksets.model import Instance, Operation, StackSet
from org_gate.simulator.stacksets.targets import targeted_accounts

PRINCIPAL: Final = "member.org.stacksets.cloudformation.amazonaws.com"
_NAME: Final = re.compile(r"^[a-zA-Z][-a-zA-Z0-9]{0,127}$")
_SETTINGS: Final = ("AutoDeployment", "ManagedExecution")
_READING: Final = ("DescribeStackSetOperation", "ListStackSetOperationResults")


class StackSets:
    """All service-managed StackSets of the organization, by Region and name."""

    def __init__(self, clock: SimClock, org: OrgView) -> None:
        self._clock = clock
        self._org = org
        self._sets: dict[tuple[str, str], StackSet] = {}
        self._deleted: list[tuple[str, StackSet]] = []
        self._handlers: dict[str, Callable[[Call], dict[str, Any]]] = {
            "CreateStackInstances": self._create_instances,
            "CreateStackSet": self._create,
            "DeleteStackInstances": self._delete_instances,
            "DeleteStackSet": self._delete,
            "DescribeStackInstance": self._describe_instance,
            "DescribeStackSet": self._describe,
            "DescribeStackSetOperation": self._describe_operation,
            "ListStackInstances": self._list_instances,
            "ListStackSetOperationResults": self._list_results,
            "ListStackSetOperations": self._list_operations,
            "ListStackSets": self._list,
            "UpdateStackInstances": self._update_instances,
            "UpdateStackSet": self._update,
        }
        self.operations = frozenset(self._handlers)

    def handle(self, call: Call) -> dict[str, Any]:
        """The output shape of the operation. Raises AwsError."""
        return self._handlers[call.operation](call)

    def _create(self, call: Call) -> dict[str, Any]:
        params = call.params
        if params.get("PermissionModel", "SELF_MANAGED") != "SERVICE_MANAGED":
            raise AwsError("ValidationError", "The simulator has SERVICE_MANAGED stack sets only")
        self._check_caller(call)
        name = params["StackSetName"]
        if not _NAME.match(name):
            raise AwsError("ValidationError", f"StackSetName {name!r} must match {_NAME.pattern}")
        if (call.region, name) in self._sets:
            raise AwsError("NameAlreadyExistsException", f"StackSet {name} already exists", 409)
        made = self._new(call, name, _template_of(call, None), _parameters(params.get("Parameters"), {}))
        self._sets[call.region, name] = made
        return {"StackSetId": made.id}

    def _new(self, call: Call, name: str, template: str, parameters: dict[str, str]) -> StackSet:
        capabilities = list(call.params.get("Capabilities", []))
        _check(template, parameters, capabilities)
        number = sum(stack_set.name == name for _, stack_set in self._deleted) + 1
        set_id = f"{name}:{uuid5(NAMESPACE_URL, f'{self._org.id}/{call.region}/{name}#{number}')}"
        partition = get_partition(call.region)
        return StackSet(
            id=set_id,
            name=name,
            arn=f"arn:{partition}:cloudformation:{call.region}:{self._org.management}:stackset/{set_id}",
            template=template,
            parameters=parameters,
            capabilities=capabilities,
            tags=_tags(call.params),
            description=call.params.get("Description", ""),
            settings={key: call.params[key] for key in _SETTINGS if key in call.params},
        )

    def _update(self, call: Call) -> dict[str, Any]:
        stack_set, params = self._found(call), call.params
        template = _template_of(call, stack_set.template)
        parameters = _parameters(params.get("Parameters"), stack_set.parameters)
        capabilities = list(params.get("Capabilities", []))
        _check(template, parameters, capabilities)
        stack_set.template, stack_set.parameters, stack_set.capabilities = template, parameters, capabilities
        stack_set.description = params.get("Description", stack_set.description)
        stack_set.tags = _tags(params) if "Tags" in params else stack_set.tags
        stack_set.settings |= {key: params[key] for key in _SETTINGS if key in params}
        for instance in stack_set.instances.values():
            instance.status = "OUTDATED"
        wanted = self._existing(stack_set, params) if params.get("DeploymentTargets") else stack_set.instances.values()
        return self._run(call, stack_set, "UPDATE", wanted, lambda each: engine.deploy(stack_set, each))

    def _delete(self, call: Call) -> dict[str, Any]:
        stack_set = self._found(call)
        if stack_set.instances:
            raise AwsError("StackSetNotEmptyException", "StackSet is not empty", 409)
        stack_set.status = "DELETED"
        self._deleted.append((call.region, self._sets.pop((call.region, stack_set.name))))
        return {}

    def _describe(self, call: Call) -> dict[str, Any]:
        return {"StackSet": shapes.stack_set_shape(self._found(call))}

    def _list(self, call: Call) -> dict[str, Any]:
        if call.caller.account != self._org.management and call.params.get("CallAs") != "DELEGATED_ADMIN":
            return shapes.page([], call.params)
        self._check_caller(call)
        gone = [stack_set for region, stack_set in self._deleted if region == call.region]
        live = [stack_set for (region, _), stack_set in self._sets.items() if region == call.region]
        status = call.params.get("Status")
        wanted = [each for each in (*live, *gone) if status in (None, each.status)]
        return shapes.page([shapes.stack_set_summary(each) for each in wanted], call.params)

    def _create_instances(self, call: Call) -> dict[str, Any]:
        stack_set, params = self._found(call), call.params
        overrides = _overrides(stack_set, params, {})
        suspended = self._suspended()
        wanted = []
        for account, ou in targeted_accounts(self._org, params.get("DeploymentTargets") or {}).items():
            for region in [] if account in suspended else params["Regions"]:
                instance = stack_set.instances.setdefault(
                    (account, region), Instance(account, region, ou, _stack_name(stack_set, account, region), {})
                )
                instance.overrides = dict(overrides) if "ParameterOverrides" in params else instance.overrides
                wanted.append(instance)
        return self._run(call, stack_set, "CREATE", wanted, lambda each: engine.deploy(stack_set, each))

    def _update_instances(self, call: Call) -> dict[str, Any]:
        stack_set, params = self._found(call), call.params
        wanted = self._existing(stack_set, params)
        if "ParameterOverrides" in params:
            overrides = [_overrides(stack_set, params, instance.overrides) for instance in wanted]
            for instance, own in zip(wanted, overrides, strict=True):
                instance.overrides = own
        return self._run(call, stack_set, "UPDATE", wanted, lambda each: engine.deploy(stack_set, each))

    def _delete_instances(self, call: Call) -> dict[str, Any]:
        stack_set, params = self._found(call), call.params
        retain = bool(params["RetainStacks"])
        wanted = self._existing(stack_set, params)

        def act(instance: Instance) -> str:
            reason = "" if retain else engine.remove(instance)
            if not reason:
                del stack_set.instances[instance.place]
            return reason

        return self._run(call, stack_set, "DELETE", wanted, act)

    def _describe_instance(self, call: Call) -> dict[str, Any]:
        stack_set, params = self._found(call), call.params
        place = (params["StackInstanceAccount"], params["StackInstanceRegion"])
        if place not in stack_set.instances:
            raise AwsError("StackInstanceNotFoundException", f"No stack instance in {' '.join(place)}", 404)
        return {"StackInstance": shapes.instance_shape(stack_set, stack_set.instances[place])}

    def _list_instances(self, call: Call) -> dict[str, Any]:
        stack_set = self._found(call)
        wanted = [each for _, each in sorted(stack_set.instances.items()) if _fits(each, call.params)]
        return shapes.page([shapes.instance_summary(stack_set, each) for each in wanted], call.params)

    def _describe_operation(self, call: Call) -> dict[str, Any]:
        stack_set = self._found(call)
        return {"StackSetOperation": shapes.operation_shape(stack_set, _operation(stack_set, call))}

    def _list_operations(self, call: Call) -> dict[str, Any]:
        operations = reversed(self._found(call).operations.values())
        return shapes.page([shapes.operation_summary(each) for each in operations], call.params)

    def _list_results(self, call: Call) -> dict[str, Any]:
        results = _operation(self._found(call), call).results
        return shapes.page([shapes.result_summary(each) for each in results], call.params)

    def _run(
        self, call: Call, stack_set: StackSet, action: str, wanted: Iterable[Instance], act: engine.Act
    ) -> dict[str, Any]:
        params = call.params
        operation_id = params.get("OperationId") or _operation_id(stack_set)
        preferences = params.get("OperationPreferences") or {}
        results, succeeded = engine.run(self._awake(list(wanted), operation_id), act, preferences)
        stack_set.operations[operation_id] = Operation(
            id=operation_id,
            action=action,
            status="SUCCEEDED" if succeeded else "FAILED",
            at=self._clock.now(),
            preferences=preferences,
            targets=params.get("DeploymentTargets") or {},
            results=results,
            retain_stacks=bool(params.get("RetainStacks")),
        )
        return {"OperationId": operation_id}

    def _awake(self, instances: Iterable[Instance], operation_id: str) -> list[Instance]:
        """Those in accounts that are not suspended; the others say that they were skipped."""
        suspended, awake = self._suspended(), []
        for instance in instances:
            instance.last_operation = operation_id
            if instance.account in suspended:
                instance.detailed_status = "SKIPPED_SUSPENDED_ACCOUNT"
            else:
                awake.append(instance)
        return awake

    def _existing(self, stack_set: StackSet, params: Mapping[str, Any]) -> list[Instance]:
        """The instances that the call's targets and Regions mean."""
        accounts = targeted_accounts(self._org, params.get("DeploymentTargets") or {})
        regions = params.get("Regions") or sorted({region for _, region in stack_set.instances})
        return [
            stack_set.instances[account, region]
            for account in accounts
            for region in regions
            if (account, region) in stack_set.instances
        ]

    def _suspended(self) -> set[str]:
        return {account.id for account in self._org.accounts() if account.status != "ACTIVE"}

    def _found(self, call: Call) -> StackSet:
        name = call.params["StackSetName"].split(":")[0]
        found = self._sets.get((call.region, name))
        own = call.caller.account == self._org.management
        if found is None or not (own or call.params.get("CallAs") == "DELEGATED_ADMIN"):
            raise AwsError("StackSetNotFoundException", f"StackSet {call.params['StackSetName']} not found", 404)
        self._check_caller(call)
        _check_regions(call)
        if call.operation not in _READING and call.params.get("OperationId") in found.operations:
            raise AwsError("OperationIdAlreadyExistsException", "An operation of that id already exists", 409)
        return found

    def _check_caller(self, call: Call) -> None:
        as_administrator = call.params.get("CallAs", "SELF") == "DELEGATED_ADMIN"
        if as_administrator and not self._org.is_delegated(call.caller.account, PRINCIPAL):
            raise AwsError("ValidationError", "Account used is not a delegated administrator")
        if not as_administrator and call.caller.account != self._org.management:
            msg = "You must be the management account or delegated admin account of an organization"
            raise AwsError("ValidationError", f"{msg} before operating a SERVICE_MANAGED stack set")
        if not self._org.has_trusted_access(PRINCIPAL):
            msg = "You must enable organizations access to operate a service managed stack set"
            raise AwsError("ValidationError", msg)


def _check(template: str, parameters: Mapping[str, str], capabilities: list[str]) -> None:
    try:
        check_capabilities(checked_template(template, parameters), capabilities)
    except TemplateError as error:
        raise AwsError(error.code, error.message) from error


def _template_of(call: Call, previous: str | None) -> str:
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


def _parameters(given: Iterable[Mapping[str, Any]] | None, previous: Mapping[str, str]) -> dict[str, str]:
    return {
        each["ParameterKey"]: previous.get(each["ParameterKey"], "")
        if each.get("UsePreviousValue")
        else each.get("ParameterValue", "")
        for each in given or ()
    }


def _overrides(stack_set: StackSet, params: Mapping[str, Any], previous: Mapping[str, str]) -> dict[str, str]:
    """``previous`` are those of the instance until now; what is not listed goes back to the set's. Raises AwsError."""
    overrides = _parameters(params.get("ParameterOverrides"), {**stack_set.parameters, **previous})
    strange = sorted(overrides.keys() - stack_set.parameters.keys())
    if strange:
        raise AwsError("ValidationError", f"Parameters: {strange} are not specified in the stack set")
    _check(stack_set.template, {**stack_set.parameters, **overrides}, stack_set.capabilities)
    return overrides


def _tags(params: Mapping[str, Any]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in params.get("Tags") or []}


def _check_regions(call: Call) -> None:
    known = cloudformation_backends[call.caller.account].regions
    unknown = [region for region in call.params.get("Regions") or [] if region not in known]
    if unknown:
        raise AwsError("ValidationError", f"Regions: {', '.join(unknown)} do not exist")


def _stack_name(stack_set: StackSet, account: str, region: str) -> str:
    return f"StackSet-{stack_set.name}-{uuid5(NAMESPACE_URL, f'{stack_set.id}/{account}/{region}')}"


def _operation_id(stack_set: StackSet) -> str:
    return str(uuid5(NAMESPACE_URL, f"{stack_set.id}/operation#{len(stack_set.operations) + 1}"))


def _operation(stack_set: StackSet, call: Call) -> Operation:
    found = stack_set.operations.get(call.params["OperationId"])
    if found is None:
        raise AwsError("OperationNotFoundException", f"Operation {call.params['OperationId']} not found", 404)
    return found


def _fits(instance: Instance, params: Mapping[str, Any]) -> bool:
    if params.get("StackInstanceAccount", instance.account) != instance.account:
        return False
    if params.get("StackInstanceRegion", instance.region) != instance.region:
        return False
    shown = {"DETAILED_STATUS": instance.detailed_status, "LAST_OPERATION_ID": instance.last_operation}
    filters = params.get("Filters") or []
    return all(shown.get(each["Name"], "NOT_CHECKED") in each["Values"].split(",") for each in filters)
