"""Reading what the gates cover: the organization, the StackSet, and in each account its pipelines.

Looks into accounts through their read-only role, a few at a time. Reads only; what cannot be read becomes a part of
what is told, and ends nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import boto3

from org_gate.inventory.installed import InstalledSet, read_stack_set
from org_gate.inventory.members import (
    AWS_FAULTS,
    FUNCTION,
    Doors,
    Inside,
    NoWayInError,
    Told,
    code_of,
    fault_words,
    nobody,
    side_by_side,
)
from org_gate.inventory.organization import Organization, OrgMember, read_organization
from org_gate.inventory.settings import Settings
from org_gate.inventory.targets import gate_scope
from org_gate.report.coverage import AccountSeen, Coverage, PipelineSeen, Unread
from org_gate.report.coverage_stages import gate_place

NOT_HERE: Final = "it is left out by the settings (gates.ous, gates.without)"
MANAGEMENT: Final = (
    "it is the management account, where StackSets never go; if pipelines run there, deploy the gate's template as a "
    "stack of its own"
)
_NOT_ENABLED: Final = ("UnrecognizedClientException", "InvalidClientTokenId", "OptInRequired")
"""What AWS answers in a Region that the account has not enabled."""
_CURRENT: Final = "CURRENT"


@dataclass(frozen=True, slots=True)
class _Look:
    """What it takes to look into accounts.

    ``gates`` are the Regions of the StackSet's instances by account, with whether each is up to date: those that are
    surely have a gate.
    """

    doors: Doors
    gates: Mapping[str, Mapping[str, bool]]
    elsewhere: Sequence[str]
    """Whose role to try where an account has no instance: one may have the gate as a stack of its own."""
    regions: Sequence[str]


class _Pipelines:
    """What was found of an account's pipelines."""

    def __init__(self) -> None:
        self.seen: list[PipelineSeen] = []
        self.unread: list[Unread] = []
        self.not_enabled: list[Unread] = []
        self.answered = False


def read_coverage(
    session: boto3.Session, settings: Settings, *, regions: Sequence[str] = (), told: Told = nobody
) -> Coverage:
    """Of the Regions, or of all that CodePipeline is in. ``session`` is the central account's.

    ``told`` hears how many accounts are done. Raises RolloutError where the organization or the StackSet cannot be
    read; accounts that cannot be are in what is given.
    """
    central = settings.central.region
    organization = read_organization(session.client("organizations", region_name=central))
    scope = {member.account.id for member in gate_scope(organization, settings.gates).members}
    cloudformation = session.client("cloudformation", region_name=central)
    installed = read_stack_set(cloudformation, settings.names.stack_set)
    wanted = tuple(regions) or tuple(sorted(session.get_available_regions("codepipeline")))
    look = _Look(
        Doors(session, central), _gates(installed), settings.gates.regions if installed else (), sorted(set(wanted))
    )
    see = partial(_member, look, organization, scope)
    return Coverage(organization.id, tuple(look.regions), tuple(side_by_side(see, organization.members.values(), told)))


def _gates(installed: InstalledSet | None) -> dict[str, dict[str, bool]]:
    """Those up to date first: their role is surely there."""
    found: dict[str, dict[str, bool]] = {}
    gates = installed.gates.values() if installed else ()
    for gate in sorted(gates, key=lambda gate: (gate.status != _CURRENT, gate.account, gate.region)):
        found.setdefault(gate.account, {})[gate.region] = gate.status == _CURRENT
    return found


def _member(look: _Look, organization: Organization, scope: set[str], member: OrgMember) -> AccountSeen:
    whose = partial(AccountSeen, account=member.account.id, name=member.name, ou=member.account.ou_path)
    if not member.is_active:
        return whose(left_out=f"it is {member.status.lower()}")
    management = member.account.id == organization.management
    if not management and member.account.id not in scope:
        return whose(left_out=NOT_HERE)
    gates = look.gates.get(member.account.id, {})
    try:
        inside = look.doors.enter(member.account.id, tuple(gates) or look.elsewhere)
    except NoWayInError as error:
        if management:
            return whose(left_out=MANAGEMENT)
        current = tuple(sorted(region for region, is_current in gates.items() if is_current))
        return whose(gates=current, unread=(Unread("", "", error.cause),))
    found = _Pipelines()
    for region in look.regions:
        _read_region(inside, region, found)
    if not found.answered:  # then it is not that the account has not enabled these Regions
        found.unread += found.not_enabled
    with_pipelines = {each.region for each in found.seen} | {each.region for each in found.unread}
    those = [
        each for each in sorted({*gates, *look.elsewhere, *with_pipelines}) if _is_there(inside, each, gates, found)
    ]
    return whose(
        gates=tuple(those),
        outdated=tuple(each for each in those if gates.get(each) is False),
        without_gate=tuple(sorted({each.region for each in found.seen} - {*those})),
        pipelines=tuple(found.seen),
        unread=tuple(found.unread),
    )


def _read_region(inside: Inside, region: str, found: _Pipelines) -> None:
    client = inside.client("codepipeline", region)
    try:
        names = sorted(_names(client))
    except AWS_FAULTS as error:
        known = found.not_enabled if code_of(error) in _NOT_ENABLED else found.unread
        known.append(Unread(region, "", f"its pipelines cannot be listed: {fault_words(error)}"))
        return
    found.answered = True
    for name in names:
        try:
            place = gate_place(client.get_pipeline(name=name)["pipeline"])
        except AWS_FAULTS as error:
            found.unread.append(Unread(region, name, f"it cannot be read: {fault_words(error)}"))
        else:
            found.seen.append(PipelineSeen(region, name, place.standing, place.stage, place.reason))


def _names(client: Any) -> Iterator[str]:
    for page in client.get_paginator("list_pipelines").paginate():
        yield from (each["name"] for each in page["pipelines"])


def _is_there(inside: Inside, region: str, gates: Mapping[str, bool], found: _Pipelines) -> bool:
    """Whether the gate's function is in a Region. Where that cannot be found out, it does not count as there."""
    if gates.get(region):
        return True
    try:
        inside.client("lambda", region).get_function_configuration(FunctionName=FUNCTION)
    except AWS_FAULTS as error:
        if code_of(error) not in ("ResourceNotFoundException", *_NOT_ENABLED):
            found.unread.append(Unread(region, "", f"whether the gate is there cannot be seen: {fault_words(error)}"))
        return False
    return True
