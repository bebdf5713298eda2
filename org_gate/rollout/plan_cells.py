"""What becomes of the cells: pure, from what is wished for and what CloudFormation says is there."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from org_gate.inventory.installed import InstalledCell
from org_gate.policy.model import Policy
from org_gate.rollout.plan_model import Action, CellPlan, PolicyPlan, StackWish

NEVER_CAME_UP: Final = ("REVIEW_IN_PROGRESS", "ROLLBACK_COMPLETE")
"""States of a stack that holds nothing yet; it is made anew."""
_CODE: Final = "CodeKey"


@dataclass(frozen=True, slots=True)
class CellFacts:
    """A cell as it is. ``template`` is its stack's, ``policy`` what it has published (version 0: nothing).

    ``silent`` says why its decision API did not tell the policy; None where it did, or there is no cell.
    """

    region: str
    installed: InstalledCell | None = None
    template: str | None = None
    version: int = 0
    policy: Policy | None = None
    silent: str | None = None

    @property
    def is_there(self) -> bool:
        return self.installed is not None and self.installed.status not in NEVER_CAME_UP

    @property
    def outputs(self) -> Mapping[str, str] | None:
        """What it tells of itself; None as long as it does not tell where to ask."""
        told = None if self.installed is None else self.installed.outputs
        return told if told and "DecisionUrl" in told else None


def plan_cell(wish: StackWish, facts: CellFacts) -> CellPlan:
    """What is to be done for a cell to be as wished."""
    bucket = wish.parameters["CodeBucket"]
    installed = facts.installed
    if installed is None:
        return CellPlan(facts.region, Action.CREATE, (), None, wish, bucket)
    if installed.status in NEVER_CAME_UP:
        begun = f"a stack that never came up ({installed.status}) is in its place"
        return CellPlan(facts.region, Action.CREATE, (begun,), None, wish, bucket)
    differs = tuple(_differences(wish, installed, facts.template))
    action = Action.UPDATE if differs else Action.KEEP
    return CellPlan(facts.region, action, differs, installed.version, wish, bucket)


def plan_policy(first: Policy, cells: tuple[CellFacts, ...]) -> PolicyPlan:
    """Which policy holds, and where it still has to be published."""
    missing = tuple(cell.region for cell in cells if cell.version == 0 and cell.silent is None)
    for cell in cells:
        if cell.policy is not None:
            return PolicyPlan(cell.policy, f"version {cell.version}, as published in {cell.region}", missing)
    if any(cell.silent for cell in cells):
        return PolicyPlan(None, "not known: the cells that are there do not tell it", ())
    return PolicyPlan(first, "the first one, as the settings name it", missing)


def _differences(wish: StackWish, installed: InstalledCell, template: str | None) -> Iterator[str]:
    if installed.status.endswith(("_IN_PROGRESS", "_FAILED")):
        yield f"its status ({installed.status})"
    if template != wish.template:
        yield "template"
    yield from parameter_differences(wish.parameters, installed.parameters)
    if dict(installed.tags) != dict(wish.tags):
        yield "tags"


def parameter_differences(wished: Mapping[str, str], there: Mapping[str, str]) -> Iterator[str]:
    """In words, in the order of the wish."""
    for name, value in wished.items():
        if there.get(name) != value:
            yield "code" if name == _CODE else f"parameter {name}"
