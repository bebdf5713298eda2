"""Automatic deployment: what a changed organization asks of a StackSet, by operations of its own.

An account that has come below a targeted OU gets instances in that OU's Regions; one that is below none any more
loses them. Account filters have no say in it, nor have operation preferences or single instances' parameters.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from org_gate.simulator.base import OrgView
from org_gate.simulator.stacksets.model import Instance, Operation, Place, Scope, StackSet
from org_gate.simulator.stacksets.requests import next_operation_id, stack_name
from org_gate.simulator.stacksets.targets import active_below, filter_of
from org_gate.simulator.stacksets.work import Work

PREFERENCES: Final = {
    "RegionConcurrencyType": "PARALLEL",
    "ConcurrencyMode": "SOFT_FAILURE_TOLERANCE",
    "MaxConcurrentPercentage": 100,
}
"""Every account and Region at once: none waits for, or is cancelled because of, another."""


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be created (place → OU) and removed."""

    created: dict[Place, str]
    removed: frozenset[Place]


def remember_targets(stack_set: StackSet, org: OrgView, targets: dict[str, Any], regions: list[str]) -> None:
    """Instances were asked for there: whoever comes later gets them as well."""
    for ou in targets["OrganizationalUnitIds"]:
        stack_set.targets.setdefault(ou, set()).update(regions)
        stack_set.members[ou] = active_below(org, ou)


def forget_targets(stack_set: StackSet, org: OrgView, targets: dict[str, Any], regions: list[str]) -> None:
    """Instances were deleted there, in whole OUs: these are no targets in those Regions any more."""
    if filter_of(targets) != "NONE":
        return
    for deleted in targets["OrganizationalUnitIds"]:
        for ou in [one for one in stack_set.targets if one == deleted or _lies_below(org, one, deleted)]:
            stack_set.targets[ou] -= set(regions)
            if not stack_set.targets[ou]:
                del stack_set.targets[ou], stack_set.members[ou]


def change_of(stack_set: StackSet, org: OrgView) -> Change:
    """What has changed since it was asked last. Asking remembers what there is now."""
    before, now = stack_set.members, {ou: active_below(org, ou) for ou in stack_set.targets}
    stack_set.members = now
    wanted: dict[Place, str] = {}
    for ou, regions in stack_set.targets.items():
        wanted |= {(account, region): ou for account in sorted(now[ou]) for region in sorted(regions)}
    arrived = {(account, ou) for ou in now for account in now[ou] - before[ou]}
    left = {account for ou in now for account in before[ou] - now[ou]}
    return Change(
        created={
            (account, region): ou
            for account, ou in sorted(arrived)
            for region in sorted(stack_set.targets[ou])
            if (account, region) not in stack_set.instances
        },
        removed=frozenset(place for place in stack_set.instances if place[0] in left and place not in wanted),
    )


def regrouped(stack_set: StackSet, change: Change) -> None:
    """Instances of accounts that went from one target to another are listed under the new one."""
    for instance in stack_set.instances.values():
        listed = stack_set.members.get(instance.ou)
        if listed is not None and instance.account not in listed and instance.place not in change.removed:
            instance.ou = _target_of(stack_set, instance) or instance.ou


def arriving(stack_set: StackSet, created: dict[Place, str], still: Callable[[str], bool]) -> list[Instance]:
    """The instances to be made, of accounts that are still there when it comes to it."""
    for (account, region), ou in created.items():
        if (account, region) not in stack_set.instances and still(account):
            name = stack_name(stack_set, account, region)
            stack_set.instances[account, region] = Instance(account, region, ou, name, {})
    return [stack_set.instances[place] for place in created if place in stack_set.instances]


def operation_for(
    stack_set: StackSet, action: str, places: Iterable[Place], begin: Callable[[Operation], Work], now: datetime
) -> Operation:
    """An operation that nobody has asked for."""
    accounts, regions = zip(*places, strict=True)
    return Operation(
        id=next_operation_id(stack_set),
        action=action,
        requested=now,
        preferences=PREFERENCES,
        targets={"OrganizationalUnitIds": sorted(stack_set.targets)},
        scope=Scope(frozenset(accounts), frozenset(regions)),
        begin=begin,
        retain_stacks=action == "DELETE" and stack_set.retains_on_removal,
    )


def _target_of(stack_set: StackSet, instance: Instance) -> str | None:
    found = (
        ou
        for ou, members in stack_set.members.items()
        if instance.account in members and instance.region in stack_set.targets[ou]
    )
    return next(found, None)


def _lies_below(org: OrgView, ou: str, above: str) -> bool:
    """As far as its accounts tell: all of them are below the other, too."""
    if above == org.root_id:
        return True
    try:
        below = frozenset(org.accounts_below(ou))
    except KeyError:
        return False
    return bool(below) and below <= frozenset(org.accounts_below(above))
