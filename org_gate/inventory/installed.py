"""What of org-gate is there already: the central stacks, the StackSet and its instances, as CloudFormation tells them.

Reads only. Its calls grow with pages of instances, not with accounts. What is wanted, and what to do about it, is
not its business.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from botocore.exceptions import ClientError

from org_gate.inventory.errors import asking_aws

AS_ADMINISTRATOR: Final = {"CallAs": "DELEGATED_ADMIN"}
"""What a delegated administrator has to say on every call about StackSets."""
_VERSION: Final = re.compile(r"^\s*org-gate (\S+?),", re.MULTILINE)
"""As our templates' descriptions begin."""

Place = tuple[str, str]
"""An account and a Region."""


@dataclass(frozen=True, slots=True)
class InstalledCell:
    """A central stack. ``version`` is None where it does not say one."""

    region: str
    status: str
    version: str | None
    parameters: Mapping[str, str]
    outputs: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class InstalledGate:
    """A stack instance, as it is listed. ``status`` is CURRENT, OUTDATED or INOPERABLE; ``detail`` says more."""

    account: str
    region: str
    ou_id: str
    status: str
    detail: str
    reason: str
    drift: str
    stack_id: str
    last_operation: str = ""
    """The id of the operation that touched it last."""


@dataclass(frozen=True, slots=True)
class InstalledSet:
    """The StackSet as described, and its instances by account and Region."""

    described: Mapping[str, Any]
    gates: Mapping[Place, InstalledGate] = field(default_factory=dict)

    @property
    def version(self) -> str | None:
        """The one that its template is of; a gate that is CURRENT has it."""
        return _version(self.described.get("TemplateBody", ""))

    @property
    def parameters(self) -> dict[str, str]:
        return _by_key(self.described.get("Parameters", ()), "ParameterKey", "ParameterValue")


def read_cell(cloudformation: Any, name: str, region: str) -> InstalledCell | None:
    """The stack of that name where ``cloudformation`` looks; None where there is none. Raises AwsRefusedError."""
    with asking_aws(f"read the stack {name} in {region}"):
        try:
            stack = cloudformation.describe_stacks(StackName=name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return None
            raise
    return InstalledCell(
        region,
        stack["StackStatus"],
        _version(stack.get("Description", "")),
        _by_key(stack.get("Parameters", ()), "ParameterKey", "ParameterValue"),
        _by_key(stack.get("Outputs", ()), "OutputKey", "OutputValue"),
        _by_key(stack.get("Tags", ()), "Key", "Value"),
    )


def read_stack_set(cloudformation: Any, name: str) -> InstalledSet | None:
    """None where there is none. Raises AwsRefusedError."""
    with asking_aws(f"read the StackSet {name}"):
        try:
            described = cloudformation.describe_stack_set(StackSetName=name, **AS_ADMINISTRATOR)["StackSet"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "StackSetNotFoundException":
                return None
            raise
        pages = cloudformation.get_paginator("list_stack_instances").paginate(StackSetName=name, **AS_ADMINISTRATOR)
        gates = [_gate(each) for page in pages for each in page["Summaries"]]
    return InstalledSet(described, {(gate.account, gate.region): gate for gate in gates})


def _gate(summary: Mapping[str, Any]) -> InstalledGate:
    return InstalledGate(
        summary["Account"],
        summary["Region"],
        summary.get("OrganizationalUnitId", ""),
        summary["Status"],
        summary.get("StackInstanceStatus", {}).get("DetailedStatus", ""),
        summary.get("StatusReason", ""),
        summary.get("DriftStatus", "NOT_CHECKED"),
        summary.get("StackId", ""),
        summary.get("LastOperationId", ""),
    )


def _version(text: str) -> str | None:
    found = _VERSION.search(text)
    return found.group(1) if found else None


def _by_key(entries: Any, key: str, value: str) -> dict[str, str]:
    return {each[key]: each[value] for each in entries}
