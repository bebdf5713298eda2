"""The StackSet operations of CloudFormation's API (``base.OwnService``), for service-managed StackSets.

They belong to the organization: the management account sees them, and a delegated administrator that says so on
every call. What the calls set going is in ``operations``; what an organization that changes asks for in ``automatic``.
"""

import re
import threading
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from moto.utilities.utils import get_partition

from org_gate.simulator.base import AwsError, Call, OrgView, RegionView, SimClock
from org_gate.simulator.stacksets import automatic, requests, shapes
from org_gate.simulator.stacksets.access import OrganizationsAccess
from org_gate.simulator.stacksets.model import ALL, Instance, Operation, Scope, StackSet
from org_gate.simulator.stacksets.operations import Operations, in_progress
from org_gate.simulator.stacksets.preparing import Preparing, there, without_inoperable
from org_gate.simulator.stacksets.reading import LOOKS, READS
from org_gate.simulator.stacksets.targets import targeted_accounts
from org_gate.simulator.stacksets.work import Work

_NAME: Final = re.compile(r"^[a-zA-Z][-a-zA-Z0-9]{0,127}$")
_SETTINGS: Final = ("AutoDeployment", "ManagedExecution")
_NAMES_ONE: Final = ("DescribeStackSetOperation", "ListStackSetOperationResults", "StopStackSetOperation",
                     "ListStackInstanceResourceDrifts")  # fmt: skip


class StackSets:
    """All service-managed StackSets of the organization, by Region and name. Safe for several threads.

    ``regions`` says where an account can have stacks. ``pace`` is how many instances of an operation are finished
    each time somebody looks at it; without one, all of them at once, before the request is answered.
    """

    def __init__(self, clock: SimClock, org: OrgView, regions: RegionView, pace: int | None = None) -> None:
        self._clock = clock
        self._org = org
        self._preparing = Preparing(clock, org, regions)
        self._access = OrganizationsAccess(org)
        self._operations = Operations(clock, pace)
        self._sets: dict[tuple[str, str], StackSet] = {}
        self._deleted: list[tuple[str, StackSet]] = []
        self._lock = threading.RLock()
        self._handlers: dict[str, Callable[[Call], dict[str, Any]]] = {
            "ActivateOrganizationsAccess": self._access.activate,
            "CreateStackInstances": self._create_instances,
            "CreateStackSet": self._create,
            "DeactivateOrganizationsAccess": self._access.deactivate,
            "DeleteStackInstances": self._delete_instances,
            "DeleteStackSet": self._delete,
            "DescribeOrganizationsAccess": self._access.describe,
            "DetectStackSetDrift": self._detect_drift,
            "ListStackSets": self._list,
            "StopStackSetOperation": self._stop,
            "UpdateStackInstances": self._update_instances,
            "UpdateStackSet": self._update,
        }
        self.operations = frozenset((*self._handlers, *READS, *LOOKS))

    def handle(self, call: Call) -> dict[str, Any]:
        """The output shape of the operation. Raises AwsError."""
        with self._lock:
            handler = self._handlers.get(call.operation)
            return self._read(call) if handler is None else handler(call)

    def organization_changed(self) -> None:
        """Accounts came, moved or left: StackSets with automatic deployment follow them."""
        with self._lock:
            for stack_set in self._sets.values():
                change = automatic.change_of(stack_set, self._org)
                if stack_set.deploys_automatically and self._access.is_given():
                    self._follow(stack_set, change)

    def _follow(self, stack_set: StackSet, change: automatic.Change) -> None:
        """As AWS does it: what is to go first, then what is to come."""
        automatic.regrouped(stack_set, change)
        prepare = self._preparing

        def remove(operation: Operation) -> Work:
            return prepare.removing_gone(stack_set, operation, there(stack_set, sorted(change.removed)))

        def create(operation: Operation) -> Work:
            arrived = automatic.arriving(stack_set, change.created, self._org.is_active)
            return prepare.deploying(stack_set, operation, arrived)

        for action, places, begin in (("DELETE", change.removed, remove), ("CREATE", change.created, create)):
            if places:
                operation = automatic.operation_for(stack_set, action, places, begin, self._clock.now())
                self._operations.request(stack_set, operation, automatic=True)

    def _read(self, call: Call) -> dict[str, Any]:
        stack_set = self._found(call)
        if call.operation in LOOKS:
            self._operations.look(stack_set)
        return {**READS, **LOOKS}[call.operation](stack_set, call)

    def _create(self, call: Call) -> dict[str, Any]:
        params = call.params
        if params.get("PermissionModel", "SELF_MANAGED") != "SERVICE_MANAGED":
            raise AwsError("ValidationError", "The simulator has SERVICE_MANAGED stack sets only")
        self._access.check(call)
        name = params["StackSetName"]
        if not _NAME.match(name):
            raise AwsError("ValidationError", f"StackSetName {name!r} must match {_NAME.pattern}")
        if (call.region, name) in self._sets:
            raise AwsError("NameAlreadyExistsException", f"StackSet {name} already exists", 409)
        template = requests.template_of(call, None)
        made = self._new(call, name, template, requests.parameters_of(params.get("Parameters"), {}))
        self._sets[call.region, name] = made
        return {"StackSetId": made.id}

    def _new(self, call: Call, name: str, template: str, parameters: dict[str, str]) -> StackSet:
        capabilities = list(call.params.get("Capabilities", []))
        requests.check(template, parameters, capabilities)
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
            tags=requests.tags_of(call.params),
            description=call.params.get("Description", ""),
            settings={key: call.params[key] for key in _SETTINGS if key in call.params},
        )

    def _update(self, call: Call) -> dict[str, Any]:
        stack_set, params = self._found(call), call.params
        requests.check_update(params)
        template = requests.template_of(call, stack_set.template)
        parameters = requests.parameters_of(params.get("Parameters"), stack_set.parameters)
        requests.check(template, parameters, list(params.get("Capabilities", [])))
        self._check_execution(stack_set, params)
        if params.get("DeploymentTargets"):
            targeted_accounts(self._org, params["DeploymentTargets"])

        def begin(operation: Operation) -> Work:
            self._change(stack_set, params, template)
            targeted = bool(params.get("DeploymentTargets"))
            wanted = self._preparing.existing(stack_set, params) if targeted else stack_set.instances.values()
            return self._preparing.deploying(stack_set, operation, wanted)

        return self._request(call, stack_set, "UPDATE", ALL, begin)

    def _change(self, stack_set: StackSet, params: Mapping[str, Any], template: str) -> None:
        """The set is as it is to be from now on, whatever comes of the operation."""
        parameters = requests.parameters_of(params.get("Parameters"), stack_set.parameters)
        template = stack_set.template if params.get("UsePreviousTemplate") else template
        if (template, parameters) != (stack_set.template, stack_set.parameters):
            for instance in without_inoperable(stack_set.instances.values()):
                instance.status = "OUTDATED"
        stack_set.template, stack_set.parameters = template, parameters
        stack_set.capabilities = list(params.get("Capabilities", []))
        stack_set.description = params.get("Description", stack_set.description)
        stack_set.tags = requests.tags_of(params) if "Tags" in params else stack_set.tags
        stack_set.settings |= {key: params[key] for key in _SETTINGS if key in params}

    def _check_execution(self, stack_set: StackSet, params: Mapping[str, Any]) -> None:
        wanted = params.get("ManagedExecution")
        if wanted is None or not stack_set.unfinished():
            return
        if str(wanted.get("Active", False)).lower() != str(stack_set.has_managed_execution).lower():
            message = "ManagedExecution cannot be changed while operations of the StackSet run or are queued"
            raise AwsError("InvalidOperationException", message)

    def _delete(self, call: Call) -> dict[str, Any]:
        stack_set = self._found(call)
        if stack_set.unfinished():
            raise in_progress(stack_set, stack_set.unfinished()[0])
        if stack_set.instances:
            raise AwsError("StackSetNotEmptyException", "StackSet is not empty", 409)
        stack_set.status = "DELETED"
        self._deleted.append((call.region, self._sets.pop((call.region, stack_set.name))))
        return {}

    def _list(self, call: Call) -> dict[str, Any]:
        as_administrator = call.params.get("CallAs") == "DELEGATED_ADMIN"
        if call.caller.account != self._org.management and not as_administrator:
            return shapes.page([], call.params)
        if as_administrator:
            self._access.check(call)
        gone = [stack_set for region, stack_set in self._deleted if region == call.region]
        live = [stack_set for (region, _), stack_set in self._sets.items() if region == call.region]
        status = call.params.get("Status")
        wanted = [each for each in (*live, *gone) if status in (None, each.status)]
        return shapes.page([shapes.stack_set_summary(each) for each in wanted], call.params)

    def _create_instances(self, call: Call) -> dict[str, Any]:
        stack_set, params = self._found(call), call.params
        requests.overrides_of(stack_set, params, {})
        targets, regions = params.get("DeploymentTargets") or {}, list(params["Regions"])
        scope = Scope(frozenset(targeted_accounts(self._org, targets, creating=True)), frozenset(regions))

        def begin(operation: Operation) -> Work:
            overrides = requests.overrides_of(stack_set, params, {})
            wanted = []
            for account, ou in targeted_accounts(self._org, targets, creating=True).items():
                for region in regions:
                    name = requests.stack_name(stack_set, account, region)
                    new = Instance(account, region, ou, name, {})
                    instance = stack_set.instances.setdefault(new.place, new)
                    instance.overrides = dict(overrides) if "ParameterOverrides" in params else instance.overrides
                    wanted.append(instance)
            return self._preparing.deploying(stack_set, operation, wanted)

        asked = self._request(call, stack_set, "CREATE", scope, begin)
        automatic.remember_targets(stack_set, self._org, targets, regions)
        return asked

    def _update_instances(self, call: Call) -> dict[str, Any]:
        stack_set, params = self._found(call), call.params
        for instance in self._preparing.existing(stack_set, params):
            requests.overrides_of(stack_set, params, instance.overrides)

        def begin(operation: Operation) -> Work:
            wanted = self._preparing.existing(stack_set, params)
            if "ParameterOverrides" in params:
                for instance in wanted:
                    instance.overrides = requests.overrides_of(stack_set, params, instance.overrides)
            return self._preparing.deploying(stack_set, operation, wanted)

        return self._request(call, stack_set, "UPDATE", self._preparing.scope(params), begin)

    def _delete_instances(self, call: Call) -> dict[str, Any]:
        stack_set, params = self._found(call), call.params
        scope = self._preparing.scope(params)

        def begin(operation: Operation) -> Work:
            return self._preparing.removing(stack_set, operation, self._preparing.existing(stack_set, params))

        asked = self._request(call, stack_set, "DELETE", scope, begin)
        automatic.forget_targets(stack_set, self._org, params["DeploymentTargets"], list(params["Regions"]))
        return asked

    def _detect_drift(self, call: Call) -> dict[str, Any]:
        stack_set = self._found(call)
        other = next((each for each in stack_set.unfinished() if each.action == "DETECT_DRIFT"), None)
        if other is not None:
            raise in_progress(stack_set, other)

        def begin(operation: Operation) -> Work:
            return self._preparing.detecting(stack_set, operation)

        return self._request(call, stack_set, "DETECT_DRIFT", ALL, begin)

    def _stop(self, call: Call) -> dict[str, Any]:
        self._operations.stop(requests.operation_of(self._found(call), call))
        return {}

    def _request(
        self, call: Call, stack_set: StackSet, action: str, scope: Scope, begin: Callable[[Operation], Work]
    ) -> dict[str, Any]:
        params = call.params
        requests.check_preferences(params)
        operation = Operation(
            id=params.get("OperationId") or requests.next_operation_id(stack_set),
            action=action,
            requested=self._clock.now(),
            preferences=params.get("OperationPreferences") or {},
            targets=params.get("DeploymentTargets") or {},
            scope=scope,
            begin=begin,
            retain_stacks=bool(params.get("RetainStacks")),
        )
        self._operations.request(stack_set, operation)
        return {"OperationId": operation.id}

    def _found(self, call: Call) -> StackSet:
        if call.params.get("CallAs") == "DELEGATED_ADMIN":
            self._access.check(call)
        name = call.params["StackSetName"].split(":")[0]
        found = self._sets.get((call.region, name))
        own = call.caller.account == self._org.management
        if found is None or not (own or call.params.get("CallAs") == "DELEGATED_ADMIN"):
            raise AwsError("StackSetNotFoundException", f"StackSet {call.params['StackSetName']} not found", 404)
        self._access.check(call)
        requests.check_regions(call)
        if call.operation not in _NAMES_ONE and call.params.get("OperationId") in found.operations:
            raise AwsError("OperationIdAlreadyExistsException", "An operation of that id already exists", 409)
        return found
