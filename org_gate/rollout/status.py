"""Where the rollout stands, as data: each gate against the StackSet and the settings, each cell, and what all mean.

Pure: from what was read to how it stands. Who reads is ``status_reading``, who shows is the command line.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from org_gate.inventory.installed import InstalledGate, InstalledSet, Place
from org_gate.inventory.organization import Organization, OrgMember
from org_gate.inventory.settings import Settings
from org_gate.inventory.targets import Scope
from org_gate.rollout.status_reasons import CANCELLED, in_words

DRIFTED = "DRIFTED"


class Standing(StrEnum):
    """How a gate stands to the StackSet and to the settings."""

    CURRENT = "current"
    UNDER_WAY = "under way"
    OUTDATED = "outdated"
    FAILED = "failed"
    MISSING = "missing"
    OUT_OF_SCOPE = "out of scope"
    """It is there, and the settings do not want it there."""
    SUSPENDED = "suspended"


FINDINGS = (Standing.FAILED, Standing.OUTDATED, Standing.MISSING, Standing.OUT_OF_SCOPE, Standing.UNDER_WAY)
"""What is not as it should be."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GateStatus:
    """A gate that is there or should be.

    ``version`` is None where it is not known; ``cause`` is what is wrong in words, the same for all that have it, else
    empty; ``said`` are CloudFormation's own words; ``drift`` is CloudFormation's, of the last detection.
    """

    account: str
    name: str
    ou: str
    region: str
    standing: Standing
    version: str | None = None
    cause: str = ""
    said: str = ""
    drift: str = "NOT_CHECKED"

    @property
    def place(self) -> Place:
        return self.account, self.region

    @property
    def is_finding(self) -> bool:
        return self.standing in FINDINGS or self.drift == DRIFTED


@dataclass(frozen=True, slots=True, kw_only=True)
class CellStatus:
    """A central stack and its API. ``stack`` is None where there is none; ``trouble`` is empty where it answers.

    ``policy`` is the one that holds, None without one; what the API tells is None where it does not answer.
    """

    region: str
    is_home: bool
    stack: str | None
    version: str | None
    url: str | None
    trouble: str
    api_version: str | None = None
    as_of: str | None = None
    age_seconds: int | None = None
    stale: bool | None = None
    mode: str | None = None
    policy_version: int | None = None
    waiting: int | None = None
    policy: Mapping[str, object] | None = None

    @property
    def is_well(self) -> bool:
        settled = self.stack in ("CREATE_COMPLETE", "UPDATE_COMPLETE")
        return settled and not self.trouble and self.stale is False and bool(self.policy_version)


@dataclass(frozen=True, slots=True)
class OuCount:
    """How many gates of the accounts directly in an OU stand how."""

    ou: str
    gates: int
    by_standing: Mapping[Standing, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """``own_version`` is that of who asks. ``set_status`` is None where there is no StackSet."""

    organization: str
    own_version: str
    set_name: str
    set_status: str | None
    set_version: str | None
    drift_checked: str | None
    cells: tuple[CellStatus, ...]
    gates: tuple[GateStatus, ...]

    @property
    def cells_agree(self) -> bool:
        """Whether all cells that answer have the same policy."""
        answering = [each.policy for each in self.cells if not each.trouble]
        return all(policy == answering[0] for policy in answering)

    @property
    def versions(self) -> tuple[str, ...]:
        """Of central and of the StackSet, each once."""
        found = (*(each.version for each in self.cells), self.set_version)
        return tuple(sorted({each for each in found if each is not None}))

    @property
    def is_behind(self) -> bool:
        """Whether something that is installed is older than who asks."""
        return any(_numbers(version) < _numbers(self.own_version) for version in self.versions)

    @property
    def is_ahead(self) -> bool:
        """Whether something that is installed is newer than who asks."""
        return any(_numbers(version) > _numbers(self.own_version) for version in self.versions)

    @property
    def has_findings(self) -> bool:
        cells = not self.cells_agree or not all(each.is_well for each in self.cells)
        differ = len(self.versions) != 1 or self.is_behind
        return cells or differ or any(each.is_finding for each in self.gates)

    @property
    def ous(self) -> tuple[OuCount, ...]:
        """In order of path."""
        found: dict[str, list[Standing]] = {}
        for each in self.gates:
            found.setdefault(each.ou, []).append(each.standing)
        return tuple(
            OuCount(ou, len(found[ou]), {each: found[ou].count(each) for each in Standing}) for ou in sorted(found)
        )

    def causes(self) -> tuple[tuple[Standing, str, tuple[GateStatus, ...]], ...]:
        """What is not as it should be, by standing and cause; what most of them have first."""
        found: dict[tuple[Standing, str], list[GateStatus]] = {}
        for each in self.gates:
            if each.standing in FINDINGS:
                found.setdefault((each.standing, each.cause), []).append(each)
        order = sorted(found, key=lambda key: (FINDINGS.index(key[0]), -len(found[key]), key[1]))
        return tuple((*key, tuple(found[key])) for key in order)

    def drifted(self) -> tuple[GateStatus, ...]:
        return tuple(each for each in self.gates if each.drift == DRIFTED)


def gates_of(
    organization: Organization, settings: Settings, scope: Scope, installed: InstalledSet | None
) -> list[GateStatus]:
    """Every gate that is there or should be, in order of account and Region.

    Without the versions that it takes a test call to know.
    """
    gates = dict(installed.gates) if installed else {}
    wanted = {(member.account.id, region): member for member in scope.members for region in settings.gates.regions}
    found = [_missing(wanted[place], place[1]) for place in wanted if place not in gates]
    version = installed.version if installed else None
    for place, gate in gates.items():
        member = organization.members.get(gate.account)
        standing, cause = _standing(member, gate, is_wanted=place in wanted)
        found.append(_there(member, gate, version, standing, cause))
    return sorted(found, key=lambda each: each.place)


def _missing(member: OrgMember, region: str) -> GateStatus:
    standing = Standing.MISSING if member.is_active else Standing.SUSPENDED
    cause = "the StackSet has no instance there: `org-gate rollout apply` makes it" if member.is_active else ""
    return GateStatus(
        account=member.account.id,
        name=member.name,
        ou=member.account.ou_path,
        region=region,
        standing=standing,
        cause=cause,
    )


def _there(
    member: OrgMember | None, gate: InstalledGate, version: str | None, standing: Standing, cause: str
) -> GateStatus:
    return GateStatus(
        account=gate.account,
        name=member.name if member else "",
        ou=member.account.ou_path if member else "",
        region=gate.region,
        standing=standing,
        version=version if gate.status == "CURRENT" else None,
        cause=cause,
        said=gate.reason,
        drift=gate.drift,
    )


def _standing(member: OrgMember | None, gate: InstalledGate, *, is_wanted: bool) -> tuple[Standing, str]:
    if member is None:
        gone = "the account is not in the organization any more: nothing of it can be reached from here"
        return Standing.OUT_OF_SCOPE, gone
    if not member.is_active:
        return Standing.SUSPENDED, ""
    if not is_wanted:
        return Standing.OUT_OF_SCOPE, "the settings do not want a gate there: `org-gate rollout apply` removes it"
    return _by_cloudformation(gate)


def _by_cloudformation(gate: InstalledGate) -> tuple[Standing, str]:
    if gate.detail in ("PENDING", "RUNNING"):
        return Standing.UNDER_WAY, "an operation of the StackSet has not come to it yet, or is at it now"
    if gate.status == "CURRENT":
        return Standing.CURRENT, ""
    if gate.detail == "CANCELLED":
        return Standing.OUTDATED, CANCELLED
    if gate.status == "INOPERABLE" or gate.detail in ("FAILED", "INOPERABLE"):
        return Standing.FAILED, in_words(gate.reason or gate.status)
    why = in_words(gate.reason) if gate.reason else "it is of an earlier version or of earlier parameters: apply again"
    return Standing.OUTDATED, why


def _numbers(version: str) -> tuple[int, ...]:
    """The numbers of a version, for telling the older."""
    return tuple(int(part) if part.isdecimal() else 0 for part in version.split("."))
