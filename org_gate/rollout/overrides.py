"""Parameters that single accounts have instead of the StackSet's own: read, compared, written.

All accounts that are to have the same share one operation, however many they are; and what is as it should be is left
alone. An account that joins later comes up with the set's own parameters, until the next rollout.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from org_gate.model.event import Account
from org_gate.rollout.errors import asking_aws
from org_gate.rollout.operations import (
    AS_ADMINISTRATOR,
    NAME,
    OUS_PER_CALL,
    PREFERENCES,
    SUSPENDED,
    Instances,
    Place,
    chunks,
    detailed_status,
)
from org_gate.rollout.stack import as_parameters

_ACCOUNTS_PER_CALL: Final = 1_000


@dataclass(frozen=True, slots=True)
class Member:
    """An account, and what its gates are to have of the parameters that may differ between accounts."""

    account: Account
    parameters: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Same:
    """What an operation writes into all of its accounts."""

    parameters: tuple[tuple[str, str], ...]
    regions: tuple[str, ...]


def write_overrides(
    cloudformation: Any,
    members: Iterable[Member],
    defaults: Mapping[str, str],
    *,
    before: Instances,
    new: Iterable[Place],
    ou_ids: Sequence[str],
) -> list[str]:
    """Starts what it takes for every gate to have its account's parameters; the ids of these operations.

    ``defaults`` are the StackSet's own parameters; ``before`` are the instances that may have others already, ``new``
    those that came up with the defaults just now.
    """
    there = _regions_by_account(before, new)
    groups: dict[_Same, list[Account]] = {}
    for member in members:
        regions = tuple(
            region
            for region in there.get(member.account.id, ())
            if _differs(cloudformation, member, region, defaults, before)
        )
        if regions:
            groups.setdefault(_Same(tuple(member.parameters.items()), regions), []).append(member.account)
    return [
        _update_instances(cloudformation, targets, same)
        for same, accounts in groups.items()
        for targets in _targets(accounts, ou_ids)
    ]


def _regions_by_account(before: Instances, new: Iterable[Place]) -> dict[str, list[str]]:
    """A suspended account is left out: it would only be skipped, and look unfinished each time."""
    skipped = {place for place, instance in before.items() if detailed_status(instance) == SUSPENDED}
    there: dict[str, list[str]] = {}
    for account, region in sorted({*before, *new} - skipped):
        there.setdefault(account, []).append(region)
    return there


def _differs(cloudformation: Any, member: Member, region: str, defaults: Mapping[str, str], before: Instances) -> bool:
    place = member.account.id, region
    has = {**defaults, **(_overrides(cloudformation, place) if place in before else {})}
    return any(has.get(name) != value for name, value in member.parameters.items())


def _overrides(cloudformation: Any, place: Place) -> dict[str, str]:
    account, region = place
    with asking_aws(f"read the parameters of the gate in {account}, {region}"):
        answer = cloudformation.describe_stack_instance(
            **AS_ADMINISTRATOR, StackInstanceAccount=account, StackInstanceRegion=region
        )
    overrides = answer["StackInstance"].get("ParameterOverrides", [])
    return {each["ParameterKey"]: each["ParameterValue"] for each in overrides}


def _targets(accounts: Sequence[Account], ou_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Deployment targets: OUs that the set goes to, cut down to these accounts."""
    for ous in chunks([ou for ou in ou_ids if any(ou in account.ou_ids for account in accounts)], OUS_PER_CALL):
        below = [account.id for account in accounts if not set(ous).isdisjoint(account.ou_ids)]
        for some in chunks(below, _ACCOUNTS_PER_CALL):
            yield {"OrganizationalUnitIds": ous, "AccountFilterType": "INTERSECTION", "Accounts": some}


def _update_instances(cloudformation: Any, targets: Mapping[str, Any], same: _Same) -> str:
    with asking_aws(f"write the parameters of {len(targets['Accounts'])} accounts of {NAME}"):
        updated = cloudformation.update_stack_instances(
            **AS_ADMINISTRATOR,
            DeploymentTargets=targets,
            Regions=list(same.regions),
            # All of them, those that are as in the set too: what is not listed would go back to the set's.
            ParameterOverrides=as_parameters(dict(same.parameters)),
            OperationPreferences=PREFERENCES,
        )
    operation: str = updated["OperationId"]
    return operation
