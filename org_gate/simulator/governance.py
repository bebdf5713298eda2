"""What an organization is governed with, put together: its accounts, their Regions and quotas, StackSets, policies.

One place, so that a world and a test have the same services behind their front door.
"""

from org_gate.simulator.accounts import AccountRegions
from org_gate.simulator.base import SimClock
from org_gate.simulator.frontdoor import FrontDoor
from org_gate.simulator.iam.simulation import PolicySimulation
from org_gate.simulator.organization import Organization
from org_gate.simulator.organizations import Organizations
from org_gate.simulator.quotas import LambdaSettings, ServiceQuotas
from org_gate.simulator.stacksets import StackSets


def govern(door: FrontDoor, clock: SimClock, organization: Organization, pace: int | None = None) -> None:
    """Registers the services. ``pace`` is the StackSets'."""
    regions, quotas = AccountRegions(organization), ServiceQuotas()
    stack_sets = StackSets(clock, organization, regions, pace)
    door.register("account", regions)
    door.register("cloudformation", stack_sets)
    door.register("iam", PolicySimulation(door.guard))
    door.register("lambda", LambdaSettings(quotas))
    door.register("organizations", Organizations(clock, organization, stack_sets.organization_changed))
    door.register("service-quotas", quotas)
