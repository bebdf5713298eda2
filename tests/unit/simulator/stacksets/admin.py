"""The delegated administrator of StackSets in a small organization that can change, for tests."""

import json
from dataclasses import dataclass, field
from typing import Any, Final

from moto.core.utils import get_service_model
from moto.sqs.models import sqs_backends

from org_gate.simulator.accounts import AccountRegions
from org_gate.simulator.base import Call, Caller, OrgAccount, SimClock
from org_gate.simulator.stacksets import StackSets
from tests.unit.simulator.lambdas.deployed import ACCOUNT, CENTRAL, MANAGEMENT, OTHER, REGION, SUSPENDED, Org

US: Final = "us-east-1"
WIDE: Final = {
    "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE", "MaxConcurrentPercentage": 100, "FailureTolerancePercentage": 100,
}  # fmt: skip
AUTOMATIC: Final[dict[str, Any]] = {"AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False}}
MANAGED: Final[dict[str, Any]] = {"ManagedExecution": {"Active": True}}
_PARENTS: Final = {
    MANAGEMENT: "r-0001", ACCOUNT: "ou-prod", OTHER: "ou-deep", SUSPENDED: "ou-dev", CENTRAL: "r-0001",
}  # fmt: skip
_ABOVE: Final = {"ou-prod": "r-0001", "ou-deep": "ou-prod", "ou-dev": "r-0001"}


@dataclass
class Tree(Org):
    """Whose accounts can be moved: ``parents`` is by account."""

    parents: dict[str, str] = field(default_factory=lambda: dict(_PARENTS))

    def accounts(self) -> tuple[OrgAccount, ...]:
        return tuple(
            OrgAccount(each, each, "SUSPENDED" if each in self.suspended else "ACTIVE", self.parents[each])
            for each in sorted(self.parents)
        )

    def accounts_below(self, parent_id: str) -> tuple[str, ...]:
        if parent_id not in ("r-0001", *_ABOVE):
            raise KeyError(parent_id)
        return tuple(account for account in sorted(self.parents) if parent_id in self._path(account))

    def _path(self, account: str) -> list[str]:
        path = [self.parents[account]]
        while path[-1] in _ABOVE:
            path.append(_ABOVE[path[-1]])
        return path


class Admin:
    """Says so on every call unless told otherwise. ``pace`` is the StackSets'."""

    def __init__(self, clock: SimClock, pace: int | None = None) -> None:
        self.clock = clock
        self.org = Tree()
        self.regions = AccountRegions(self.org)
        self.service = StackSets(clock, self.org, self.regions, pace)
        self.service.handle(_call("ActivateOrganizationsAccess", MANAGEMENT, {}))

    def __call__(self, operation: str, account: str = CENTRAL, call_as: str = "DELEGATED_ADMIN", **params: Any) -> Any:
        named = {} if operation == "ListStackSets" else {"StackSetName": "s"}
        answer = self.service.handle(_call(operation, account, {**named, "CallAs": call_as, **params}))
        shape = get_service_model("cloudformation").operation_model(operation).output_shape
        assert set(answer) <= set(shape.members)
        return answer

    def create(self, **params: Any) -> str:
        given = {"TemplateBody": template(), "PermissionModel": "SERVICE_MANAGED", "Parameters": [p("Name", "q")]}
        return str(self("CreateStackSet", **{**given, **params})["StackSetId"])

    def deploy(self, *ous: str, regions: tuple[str, ...] = (REGION,), **params: Any) -> dict[str, Any]:
        """The operation, described."""
        return self.operation(self.start(*ous, regions=regions, **params))

    def start(self, *ous: str, regions: tuple[str, ...] = (REGION,), **params: Any) -> str:
        """The operation's id."""
        targets = {"OrganizationalUnitIds": list(ous)}
        made = self("CreateStackInstances", DeploymentTargets=targets, Regions=list(regions), **params)
        return str(made["OperationId"])

    def update(self, *ous: str, regions: tuple[str, ...] = (), **params: Any) -> str:
        """The operation's id; without OUs of all instances."""
        targets = {"DeploymentTargets": {"OrganizationalUnitIds": list(ous)}, "Regions": list(regions)} if ous else {}
        given = {"UsePreviousTemplate": True, "Parameters": [p("Name", "q")], **targets, **params}
        if "TemplateBody" in given:
            del given["UsePreviousTemplate"]
        return str(self("UpdateStackSet", **given)["OperationId"])

    def delete(self, *ous: str, regions: tuple[str, ...] = (REGION,), retain: bool = False, **params: Any) -> str:
        """The operation's id."""
        targets = {"OrganizationalUnitIds": list(ous), **params}
        deleted = self("DeleteStackInstances", DeploymentTargets=targets, Regions=list(regions), RetainStacks=retain)
        return str(deleted["OperationId"])

    def moves(self, account: str, parent: str | None) -> None:
        """Into another OU, or out of the organization."""
        if parent is None:
            del self.org.parents[account]
        else:
            self.org.parents[account] = parent
        self.service.organization_changed()

    def turns_off(self, account: str, region: str) -> None:
        caller = Caller(account, f"arn:aws:iam::{account}:user/admin", "AKIAEXAMPLE", "AIDAEXAMPLE")
        self.regions.handle(Call("account", "DisableRegion", {"RegionName": region}, REGION, caller))

    def closes(self, account: str) -> None:
        self.org.suspended = (*self.org.suspended, account)
        self.service.organization_changed()

    def operation(self, operation_id: str) -> dict[str, Any]:
        found: dict[str, Any] = self("DescribeStackSetOperation", OperationId=operation_id)["StackSetOperation"]
        return found

    def status(self, operation_id: str) -> str:
        return str(self.operation(operation_id)["Status"])

    def operations(self) -> list[tuple[str, str]]:
        """Action and status of each, the newest first."""
        summaries = self("ListStackSetOperations")["Summaries"]
        return [(each["Action"], each["Status"]) for each in summaries]

    def results(self, operation_id: str) -> dict[tuple[str, str], tuple[str, str]]:
        summaries = self("ListStackSetOperationResults", OperationId=operation_id)["Summaries"]
        return {(r["Account"], r["Region"]): (r["Status"], r.get("StatusReason", "")) for r in summaries}

    def instances(self) -> dict[tuple[str, str], tuple[str, str]]:
        summaries = self("ListStackInstances")["Summaries"]
        return {
            (each["Account"], each["Region"]): (each["Status"], each["StackInstanceStatus"]["DetailedStatus"])
            for each in summaries
        }


def _call(operation: str, account: str, params: dict[str, Any]) -> Call:
    caller = Caller(account, f"arn:aws:iam::{account}:user/admin", "AKIAEXAMPLE", "AIDAEXAMPLE")
    return Call("cloudformation", operation, params, REGION, caller)


def template(**queue: Any) -> str:
    properties = {"QueueName": {"Ref": "Name"}, "DelaySeconds": {"Ref": "Delay"}, **queue}
    parameters = {"Name": {"Type": "String"}, "Delay": {"Type": "Number", "Default": 0, "MaxValue": 900}}
    return json.dumps(
        {"Parameters": parameters, "Resources": {"Q": {"Type": "AWS::SQS::Queue", "Properties": properties}}}
    )


def p(key: str, value: str) -> dict[str, str]:
    return {"ParameterKey": key, "ParameterValue": value}


def queues(account: str, region: str = REGION) -> dict[str, int]:
    return {name: queue.delay_seconds for name, queue in sqs_backends[account][region].queues.items()}
