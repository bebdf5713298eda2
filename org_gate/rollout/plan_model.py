"""A plan as frozen data: what a rollout would do, step by step, and what it would leave alone.

Whoever plans only fills it, whoever applies only carries it out, whoever prints only reads it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from org_gate.inventory.installed import Place
from org_gate.policy.model import Policy
from org_gate.rollout.marks import Mark


class Action(StrEnum):
    """What becomes of a stack or a StackSet."""

    CREATE = "create"
    UPDATE = "update"
    KEEP = "keep"


class Does(StrEnum):
    """What a step does to its gates."""

    UPDATE = "update"
    CREATE = "create"
    SETTINGS = "settings"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class StackWish:
    """A stack as it is to be."""

    name: str
    template: str
    parameters: Mapping[str, str]
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CellPlan:
    """``differs`` names what is not as wished; ``bucket`` and ``code`` are where the functions' zip goes."""

    region: str
    action: Action
    differs: tuple[str, ...]
    installed: str | None
    """The version that is there."""
    wish: StackWish
    bucket: str


@dataclass(frozen=True, slots=True)
class SetPlan:
    """The StackSet. ``auto`` is whether its automatic deployment has to be put right."""

    action: Action
    differs: tuple[str, ...]
    installed: str | None
    wish: StackWish
    content: str
    """The digest of what the set is to hold."""
    auto: bool = False


@dataclass(frozen=True, slots=True)
class Targets:
    """OUs, and of those below them only ``accounts``; None means all, those that join later too."""

    ou_ids: tuple[str, ...]
    accounts: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Step:
    """One operation on the StackSet: what it does to which gates, and the mark it leaves there.

    ``places`` are the gates it is for; where whole OUs are targeted it passes others too and finds nothing to do.
    ``settings`` are written into each of them; none: they keep what they have, or come up with the set's own.
    """

    does: Does
    targets: Targets
    regions: tuple[str, ...]
    places: tuple[Place, ...]
    mark: Mark
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WavePlan:
    """``steps`` in their order; ``keep`` are gates that are as they are to be."""

    name: str
    accounts: int
    keep: tuple[Place, ...]
    steps: tuple[Step, ...] = ()

    def places(self, *does: Does) -> tuple[Place, ...]:
        """The gates that steps of these kinds are for, each once, in order."""
        return tuple(sorted({place for step in self.steps if step.does in does for place in step.places}))

    @property
    def gates(self) -> tuple[Place, ...]:
        """All that are in the wave, whatever becomes of them."""
        return tuple(sorted({*self.keep, *self.places(*Does)}))


@dataclass(frozen=True, slots=True)
class PolicyPlan:
    """The policy that the gates' settings come from, and the cells that it is published to, where there is none.

    ``policy`` is None where the cells that are there do not tell theirs.
    """

    policy: Policy | None
    source: str
    publish_to: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a rollout would do. ``stack_set`` is None where no cell tells the policy, which its gates depend on."""

    version: str
    account: str
    cells: tuple[CellPlan, ...]
    policy: PolicyPlan
    stack_set: SetPlan | None
    waves: tuple[WavePlan, ...]
    removals: tuple[Step, ...]
    losing: tuple[str, ...]
    """Paths of the OUs that lose all their gates by the removals."""
    warnings: tuple[str, ...]
    names: Mapping[str, str] = field(default_factory=dict)
    """Of the accounts, by id."""
    paths: Mapping[str, str] = field(default_factory=dict)
    """Where they are, by id: paths of OUs."""

    @property
    def changes_central(self) -> bool:
        return bool(self.policy.publish_to) or any(cell.action is not Action.KEEP for cell in self.cells)

    @property
    def changes_gates(self) -> bool:
        """Removals apart."""
        changed = self.stack_set is not None and (self.stack_set.action is not Action.KEEP or self.stack_set.auto)
        return changed or any(wave.steps for wave in self.waves)

    @property
    def is_done(self) -> bool:
        """Whether there is nothing to do."""
        known = self.stack_set is not None
        return known and not self.changes_central and not self.changes_gates and not self.removals

    def steps(self) -> Iterator[Step]:
        """All of the waves'."""
        for wave in self.waves:
            yield from wave.steps
