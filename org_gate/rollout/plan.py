"""The plan of a rollout: a pure function of the settings, what there is, and what a version of org-gate consists of.

It reads nothing and changes nothing; ``plan_facts`` reads, ``apply`` carries out. The same inputs give the same plan.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from org_gate.inventory.installed import InstalledSet
from org_gate.inventory.organization import Organization
from org_gate.inventory.settings import Settings
from org_gate.inventory.targets import gate_scope, waves_of
from org_gate.policy.model import Policy
from org_gate.rollout.marks import digest
from org_gate.rollout.plan_cells import CellFacts, parameter_differences, plan_cell, plan_policy
from org_gate.rollout.plan_gates import plan_waves
from org_gate.rollout.plan_model import Action, Plan, SetPlan, StackWish
from org_gate.rollout.plan_removals import losing, plan_removals
from org_gate.rollout.plan_warnings import cell_warnings, gate_warnings, loss_warnings, report_warnings, set_warnings
from org_gate.rollout.wishes import Parts, central_wish, member_wish

AUTOMATIC: Final[Mapping[str, Any]] = {
    "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False},
    "ManagedExecution": {"Active": True},
}
"""How the StackSet is to behave: new accounts get their gate, and operations wait for each other."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What there is: the organization, a cell for each central Region in order, the StackSet."""

    organization: Organization
    cells: tuple[CellFacts, ...]
    stack_set: InstalledSet | None = None


def make_plan(settings: Settings, facts: Facts, parts: Parts, first_policy: Policy) -> Plan:
    """What a rollout would do. Raises MismatchError where the settings name what the organization does not have."""
    organization = facts.organization
    organization.unit(settings.reports.ou)
    scope = gate_scope(organization, settings.gates)
    named = waves_of(organization, settings, scope)
    cells = tuple(plan_cell(central_wish(settings, parts, organization.id, cell.region), cell) for cell in facts.cells)
    policy = plan_policy(first_policy, facts.cells)
    regions, found = tuple(settings.gates.regions), facts.stack_set
    stack_set = None
    waves: tuple[Any, ...] = ()
    if policy.policy is not None:
        outputs = [cell.outputs for cell in facts.cells]
        stack_set = plan_set(member_wish(settings, parts, organization.id, policy.policy, outputs), found)
        waves = plan_waves(scope, named, regions=regions, policy=policy.policy, stack_set=stack_set, found=found)
    removals = () if found is None else plan_removals(organization, scope, regions, found)
    lost = () if found is None else losing(organization, found, removals)
    return Plan(
        parts.version,
        settings.central.account,
        cells,
        policy,
        stack_set,
        waves,
        removals,
        lost,
        (
            *cell_warnings(settings, facts.cells),
            *report_warnings(settings),
            *(set_warnings(stack_set) if stack_set else ()),
            *gate_warnings(settings, organization, scope, waves, found),
            *loss_warnings(lost),
        ),
        {account: member.name for account, member in organization.members.items()},
        {account: member.account.ou_path for account, member in organization.members.items()},
    )


def plan_set(wish: StackWish, found: InstalledSet | None) -> SetPlan:
    """What becomes of the StackSet itself."""
    content = digest([wish.template, dict(wish.parameters), dict(wish.tags)])
    if found is None:
        return SetPlan(Action.CREATE, (), None, wish, content)
    differs = tuple(_differences(wish, found))
    auto = any(found.described.get(name) != value for name, value in AUTOMATIC.items())
    return SetPlan(Action.UPDATE if differs else Action.KEEP, differs, found.version, wish, content, auto)


def _differences(wish: StackWish, found: InstalledSet) -> list[str]:
    described = found.described
    tags = {tag["Key"]: tag["Value"] for tag in described.get("Tags", ())}
    return [
        *(["template"] if described.get("TemplateBody") != wish.template else []),
        *parameter_differences(wish.parameters, found.parameters),
        *(["tags"] if tags != dict(wish.tags) else []),
    ]
