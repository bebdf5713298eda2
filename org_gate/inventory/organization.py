"""The organization as a rollout sees it: its OUs and accounts, read once, and what an OU path stands for.

Reads AWS Organizations with calls that grow with OUs and pages of accounts, never with accounts (but for tags, which
are read only where they are asked for). Changes nothing.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from org_gate.inventory.errors import MismatchError, asking_aws
from org_gate.model.event import Account

ACTIVE: Final = "ACTIVE"


@dataclass(frozen=True, slots=True)
class OrgUnit:
    """The root, whose path is empty, or an OU. ``ids`` lead from the root down to its own."""

    path: str
    ids: tuple[str, ...]

    @property
    def id(self) -> str:
        return self.ids[-1]


@dataclass(frozen=True, slots=True)
class OrgMember:
    """An account of the organization. ``status`` is AWS Organizations' own."""

    account: Account
    name: str
    status: str

    @property
    def is_active(self) -> bool:
        return self.status == ACTIVE


@dataclass(frozen=True, slots=True)
class Organization:
    """``units`` by id, parents before what is below them; ``members`` by account id, the management account too."""

    id: str
    management: str
    units: Mapping[str, OrgUnit] = field(default_factory=dict)
    members: Mapping[str, OrgMember] = field(default_factory=dict)

    @property
    def root(self) -> OrgUnit:
        return next(iter(self.units.values()))

    def unit(self, written: str) -> OrgUnit:
        """By path or id. Raises MismatchError where there is none, with those that are there."""
        if written in self.units:
            return self.units[written]
        for unit in self.units.values():
            if unit.path == written:
                return unit
        raise MismatchError(self._no_such_unit(written))

    def member(self, account: str) -> OrgMember:
        """Raises MismatchError where it is not in the organization."""
        if account not in self.members:
            msg = f"Account {account} is not in the organization {self.id}. Take it out; nothing was rolled out."
            raise MismatchError(msg)
        return self.members[account]

    def children(self, unit: OrgUnit) -> list[OrgUnit]:
        """The OUs directly below."""
        return [each for each in self.units.values() if each.ids[:-1] == unit.ids]

    def below(self, unit: OrgUnit) -> list[OrgMember]:
        """The accounts at any depth, in order of id."""
        return [each for each in self.members.values() if unit.id in each.account.ou_ids]

    def directly_in(self, unit: OrgUnit) -> list[OrgMember]:
        return [each for each in self.members.values() if each.account.ou_ids == unit.ids]

    def _no_such_unit(self, written: str) -> str:
        parent = self.root
        names = written.split("/")
        for depth in range(len(names) - 1, 0, -1):
            found = [unit for unit in self.units.values() if unit.path == "/".join(names[:depth])]
            if found:
                parent = found[0]
                break
        where = f"below {parent.path}" if parent.path else "directly below the root"
        there = ", ".join(sorted(unit.path.rpartition("/")[2] for unit in self.children(parent))) or "no OU at all"
        return f"There is no OU {written!r}: {where} there is {there}. Write one of these; nothing was rolled out."


def read_organization(organizations: Any, *, tags: bool = False) -> Organization:
    """Raises AwsRefusedError. ``tags`` costs a call for each account; without them they are not known (None)."""
    with asking_aws("read the organization"):
        described = organizations.describe_organization()["Organization"]
        root: str = organizations.list_roots()["Roots"][0]["Id"]
    units = {unit.id: unit for unit in _units(organizations, OrgUnit("", (root,)))}
    members = {
        member.account.id: member for unit in units.values() for member in _members(organizations, unit, tags=tags)
    }
    return Organization(described["Id"], described["MasterAccountId"], units, dict(sorted(members.items())))


def topmost(units: Iterable[OrgUnit]) -> list[OrgUnit]:
    """Without those below another one, each once, in order of path."""
    given = {unit.id: unit for unit in units}
    top = [unit for unit in given.values() if given.keys().isdisjoint(unit.ids[:-1])]
    return sorted(top, key=lambda unit: unit.path)


def _units(organizations: Any, unit: OrgUnit) -> Iterator[OrgUnit]:
    """An OU and all below it."""
    yield unit
    with asking_aws(f"read the OUs below {unit.id}"):
        pages = organizations.get_paginator("list_organizational_units_for_parent").paginate(ParentId=unit.id)
        children = [(each["Name"], each["Id"]) for page in pages for each in page["OrganizationalUnits"]]
    for name, child in sorted(children):
        path = f"{unit.path}/{name}" if unit.path else name
        yield from _units(organizations, OrgUnit(path, (*unit.ids, child)))


def _members(organizations: Any, unit: OrgUnit, *, tags: bool) -> Iterator[OrgMember]:
    with asking_aws(f"read the accounts in {unit.id}"):
        pages = organizations.get_paginator("list_accounts_for_parent").paginate(ParentId=unit.id)
        accounts = [each for page in pages for each in page["Accounts"]]
    for each in accounts:
        known = _tags(organizations, each["Id"]) if tags else None
        account = Account(each["Id"], unit.path, unit.ids, known)
        yield OrgMember(account, each.get("Name", ""), each.get("Status", ACTIVE))


def _tags(organizations: Any, account: str) -> dict[str, str]:
    with asking_aws(f"read the tags of account {account}"):
        pages = organizations.get_paginator("list_tags_for_resource").paginate(ResourceId=account)
        return {tag["Key"]: tag["Value"] for page in pages for tag in page["Tags"]}
