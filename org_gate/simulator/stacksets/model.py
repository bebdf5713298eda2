"""StackSets, their instances and operations, as data. Statuses are AWS's own."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from org_gate.simulator.stacksets.work import Result, Work

ACTIVE: Final = ("RUNNING", "STOPPING")
Place = tuple[str, str]
"""An account and a Region."""


@dataclass(frozen=True, slots=True)
class ResourceDrift:
    """One resource of a stack that was looked at: IN_SYNC, MODIFIED or DELETED; what differs, as (expected, actual)."""

    logical_id: str
    physical_id: str
    type: str
    status: str
    differences: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass
class Drift:
    """What the last look for drift in an instance came to."""

    status: str = "NOT_CHECKED"
    at: datetime | None = None
    operation: str = ""
    resources: list[ResourceDrift] = field(default_factory=list)


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
    drift: Drift = field(default_factory=Drift)
    expected: dict[str, Mapping[str, str]] = field(default_factory=dict)
    """What the stack's resources were like when it was last made or changed, by logical id."""

    @property
    def place(self) -> Place:
        return self.account, self.region


@dataclass(frozen=True, slots=True)
class Scope:
    """What an operation may touch. None means: all there is."""

    accounts: frozenset[str] | None
    regions: frozenset[str] | None

    def meets(self, other: "Scope") -> bool:
        return _meet(self.accounts, other.accounts) and _meet(self.regions, other.regions)


ALL: Final = Scope(None, None)


@dataclass
class Operation:
    """One operation. ``targets`` and ``preferences`` are as they were given.

    ``begin`` says what there is to do when its turn comes; ``work`` is there from then on.
    """

    id: str
    action: str
    requested: datetime
    preferences: Mapping[str, Any]
    targets: Mapping[str, Any]
    scope: Scope
    begin: Callable[["Operation"], Work]
    retain_stacks: bool = False
    status: str = "QUEUED"
    reason: str = ""
    ended: datetime | None = None
    work: Work | None = None

    @property
    def failures(self) -> int:
        return 0 if self.work is None else self.work.failures

    @property
    def results(self) -> list[Result]:
        return [] if self.work is None else self.work.results

    @property
    def is_over(self) -> bool:
        return self.status not in ("QUEUED", *ACTIVE)


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
    instances: dict[Place, Instance] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    targets: dict[str, set[str]] = field(default_factory=dict)
    """The Regions of each OU or root that was asked for: where automatic deployment goes."""
    members: dict[str, frozenset[str]] = field(default_factory=dict)
    """The active accounts that were below each of them when it was last looked at."""

    @property
    def deploys_automatically(self) -> bool:
        return _is_true(self.settings.get("AutoDeployment", {}).get("Enabled"))

    @property
    def retains_on_removal(self) -> bool:
        return _is_true(self.settings.get("AutoDeployment", {}).get("RetainStacksOnAccountRemoval"))

    @property
    def has_managed_execution(self) -> bool:
        return _is_true(self.settings.get("ManagedExecution", {}).get("Active"))

    def unfinished(self) -> list[Operation]:
        """Those that run or wait, in the order of their requests."""
        return [operation for operation in self.operations.values() if not operation.is_over]


def _meet(one: frozenset[str] | None, other: frozenset[str] | None) -> bool:
    return one is None or other is None or not one.isdisjoint(other)


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"
