"""Which gates go: those of accounts and Regions that the settings do not name any more. Pure.

Gates of accounts that left the organization are not ours to reach; automatic deployment removes them as they leave.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from org_gate.inventory.installed import InstalledGate, InstalledSet, Place
from org_gate.inventory.organization import Organization
from org_gate.inventory.targets import Scope
from org_gate.rollout.deployment_targets import single, whole
from org_gate.rollout.marks import Mark
from org_gate.rollout.plan_gates import grouped
from org_gate.rollout.plan_model import Does, Step


def plan_removals(
    organization: Organization, scope: Scope, regions: tuple[str, ...], found: InstalledSet
) -> tuple[Step, ...]:
    """OUs that lose all of their gates are targeted as a whole: whoever joins them gets none from then on."""
    accounts = {account.id for account in scope.accounts}
    gone = {
        place: gate
        for place, gate in found.gates.items()
        if place[0] in organization.members and (place[0] not in accounts or place[1] not in regions)
    }
    emptied = _emptied(found.gates, gone, set(scope.ou_ids))
    return (*_whole_steps(gone, emptied), *_single_steps(organization, gone, emptied))


def losing(organization: Organization, found: InstalledSet, removals: tuple[Step, ...]) -> tuple[str, ...]:
    """Paths of the OUs in which no account keeps a gate; the root's is ``/``."""
    removed = {place for step in removals for place in step.places}
    before, after = set(), set()
    for place in found.gates:
        if place[0] in organization.members:
            path = organization.members[place[0]].account.ou_path or "/"
            before.add(path)
            if place not in removed:
                after.add(path)
    return tuple(sorted(before - after))


def _emptied(gates: Mapping[Place, InstalledGate], gone: Mapping[Place, InstalledGate], wanted: set[str]) -> set[str]:
    kept = {gate.ou_id for place, gate in gates.items() if place not in gone}
    return {gate.ou_id for gate in gone.values() if gate.ou_id} - kept - wanted


def _whole_steps(gone: Mapping[Place, InstalledGate], emptied: set[str]) -> Iterator[Step]:
    by_ou: dict[str, list[Place]] = defaultdict(list)
    for place, gate in gone.items():
        if gate.ou_id in emptied:
            by_ou[gate.ou_id].append(place)
    regions = {ou: tuple(sorted({region for _, region in places})) for ou, places in by_ou.items()}
    for where, ous in grouped((regions[ou], ou) for ou in by_ou):
        for targets in whole(ous):
            places = sorted(place for ou in targets.ou_ids for place in by_ou[ou])
            yield Step(Does.REMOVE, targets, where, tuple(places), Mark())


def _single_steps(organization: Organization, gone: Mapping[Place, InstalledGate], emptied: set[str]) -> Iterator[Step]:
    regions: dict[str, list[str]] = defaultdict(list)
    for (account, region), gate in gone.items():
        if gate.ou_id not in emptied:
            regions[account].append(region)
    for where, accounts in grouped((tuple(sorted(each)), account) for account, each in regions.items()):
        for targets in single((organization.members[account].account.ou_ids[-1], account) for account in accounts):
            some = sorted((account, region) for account in targets.accounts or () for region in where)
            yield Step(Does.REMOVE, targets, where, tuple(some), Mark())
