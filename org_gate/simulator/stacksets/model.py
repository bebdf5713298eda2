"""StackSets, their instances and operations, as data. Statuses are AWS's own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class Instance:
    """A stack in one account and Region, or the wish for one. ``ou`` is the OU or root that was asked for."""

    account: str
    region: str
    ou: str
    stack_name: str
    overrides: dict[str, str]
    stack_id: str | None = None
    status: str = "OUTDATED"
    detailed_status: str = "PENDING"
    reason: str = ""
    last_operation: str = ""

    @property
    def place(self) -> tuple[str, str]:
        return self.account, self.region


@dataclass(frozen=True, slots=True)
class Result:
    """What an operation came to in one account and Region: SUCCEEDED, FAILED or CANCELLED."""

    account: str
    region: str
    ou: str
    status: str
    reason: str = ""


@dataclass
class Operation:
    """One operation, complete as soon as it exists."""

    id: str
    action: str
    status: str
    at: datetime
    preferences: Mapping[str, Any]
    targets: Mapping[str, Any]
    results: list[Result]
    retain_stacks: bool = False

    @property
    def failures(self) -> int:
        return sum(result.status == "FAILED" for result in self.results)


@dataclass
class StackSet:
    """``settings`` are what the API takes and gives back unchanged, such as AutoDeployment."""

    id: str
    name: str
    arn: str
    template: str
    parameters: dict[str, str]
    capabilities: list[str]
    tags: dict[str, str]
    description: str
    settings: dict[str, Any]
    status: str = "ACTIVE"
    instances: dict[tuple[str, str], Instance] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
