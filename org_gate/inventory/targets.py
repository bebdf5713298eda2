"""Which OUs and accounts the gates go to, and in which waves: pure, from the settings and the organization.

A StackSet is given OUs, so that accounts that join them get a gate by themselves; accounts one by one only where an OU
lies above something that is left out. The management account is never among them: StackSets do not go there.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from org_gate.inventory.organization import Organization, OrgMember, OrgUnit, topmost
from org_gate.inventory.settings import Gates, Settings, Wave
from org_gate.inventory.settings_fields import REST
from org_gate.model.event import Account

__all__ = ["REST", "Scope", "WaveOf", "active", "gate_scope", "waves_of"]


@dataclass(frozen=True, slots=True)
class Scope:
    """``units`` as a whole, with whoever joins later; of ``parents`` only the ``accounts`` directly in them."""

    units: tuple[OrgUnit, ...]
    parents: tuple[OrgUnit, ...]
    members: tuple[OrgMember, ...]
    """All accounts that are in, suspended ones too, in order of id."""

    @property
    def ou_ids(self) -> tuple[str, ...]:
        return tuple(unit.id for unit in (*self.units, *self.parents))

    @property
    def accounts(self) -> tuple[Account, ...]:
        return tuple(member.account for member in self.members)


@dataclass(frozen=True, slots=True)
class WaveOf:
    """A wave and the accounts that are in it and in none before."""

    name: str
    members: tuple[OrgMember, ...]


@dataclass(frozen=True, slots=True)
class _Out:
    units: frozenset[str]
    accounts: frozenset[str]


def gate_scope(organization: Organization, gates: Gates) -> Scope:
    """Raises MismatchError where an OU or account that is named does not exist."""
    out = _Out(
        frozenset(organization.unit(written).id for written in gates.without.ous),
        frozenset(organization.member(written).account.id for written in gates.without.accounts),
    )
    covered = [
        found for unit in topmost(map(organization.unit, gates.ous)) for found in _cover(organization, unit, out)
    ]
    units = tuple(unit for unit, whole in covered if whole)
    parents = tuple(unit for unit, whole in covered if not whole)
    above, at = {unit.id for unit in units}, {unit.id for unit in parents}
    members = [
        member
        for member in organization.members.values()
        if member.account.id not in {organization.management, *out.accounts}
        and (not above.isdisjoint(member.account.ou_ids) or member.account.ou_ids[-1] in at)
    ]
    return Scope(units, parents, tuple(members))


def waves_of(organization: Organization, settings: Settings, scope: Scope) -> tuple[WaveOf, ...]:
    """In their order, the rest last; a wave may be empty. Raises MismatchError as ``gate_scope`` does."""
    left = {member.account.id: member for member in scope.members}
    found: list[WaveOf] = []
    for wave in settings.waves:
        named = left.keys() & set(_named(organization, wave))
        found.append(WaveOf(wave.name, tuple(left.pop(account) for account in sorted(named))))
    return (*found, WaveOf(REST, tuple(left.values())))


def _cover(organization: Organization, unit: OrgUnit, out: _Out) -> Iterator[tuple[OrgUnit, bool]]:
    """The fewest OUs that hold all that is in and nothing that is out, and whether each is in as a whole."""
    if not out.units.isdisjoint(unit.ids):
        return
    if _is_whole(organization, unit, out):
        yield unit, True
        return
    if any(
        member.account.id not in {organization.management, *out.accounts} for member in organization.directly_in(unit)
    ):
        yield unit, False
    for child in organization.children(unit):
        yield from _cover(organization, child, out)


def _is_whole(organization: Organization, unit: OrgUnit, out: _Out) -> bool:
    parts = any(unit.id in organization.units[each].ids for each in out.units)
    return not parts and all(member.account.id not in out.accounts for member in organization.below(unit))


def _named(organization: Organization, wave: Wave) -> Iterator[str]:
    yield from (organization.member(written).account.id for written in wave.accounts)
    for written in wave.ous:
        yield from (member.account.id for member in organization.below(organization.unit(written)))


def active(members: Iterable[OrgMember]) -> tuple[OrgMember, ...]:
    """Those that can have a gate: StackSets skip accounts that are suspended."""
    return tuple(member for member in members if member.is_active)
