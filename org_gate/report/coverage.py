"""What of the organization the gates cover, as data: accounts, Regions and pipelines, and their shares by OU.

Frozen and pure: made by ``rollout.coverage_reading``, shown by the command line and the organization report. What could
not be read is told as that, and never counts as covered.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from org_gate.report.coverage_stages import Standing


@dataclass(frozen=True, slots=True)
class PipelineSeen:
    """A pipeline and how it stands to the gate. ``stage`` is its first gate's, None without one."""

    region: str
    name: str
    standing: Standing
    stage: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Unread:
    """What could not be read, and why: a pipeline, a Region (no ``pipeline``), the whole account (no ``region``)."""

    region: str
    pipeline: str
    cause: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSeen:
    """An account. ``left_out`` says why it is not looked at, and is empty where it is; ``ou`` is empty for the root.

    ``gates`` are the Regions with a gate, ``outdated`` those of them whose stack is not as the StackSet has it,
    ``without_gate`` the Regions with pipelines and no gate.
    """

    account: str
    name: str
    ou: str
    left_out: str = ""
    gates: tuple[str, ...] = ()
    outdated: tuple[str, ...] = ()
    without_gate: tuple[str, ...] = ()
    pipelines: tuple[PipelineSeen, ...] = ()
    unread: tuple[Unread, ...] = ()


@dataclass(frozen=True, slots=True)
class Share:
    """Counts of the accounts of one OU (those directly in it), or of all.

    ``unread`` are accounts of which something could not be read: they may have more pipelines than are counted.
    """

    ou: str
    accounts: int
    with_gate: int
    unread: int
    pipelines: int
    gated: int

    @property
    def percent(self) -> int | None:
        """Of the pipelines that were read, rounded down: 100 is all of them. None where there are none."""
        return 100 * self.gated // self.pipelines if self.pipelines else None


@dataclass(frozen=True, slots=True)
class Coverage:
    """``regions`` are those that were looked into; ``accounts`` are all of the organization, in order of id."""

    organization: str
    regions: tuple[str, ...]
    accounts: tuple[AccountSeen, ...]

    @property
    def looked_at(self) -> tuple[AccountSeen, ...]:
        return tuple(each for each in self.accounts if not each.left_out)

    @property
    def shares(self) -> tuple[Share, ...]:
        """By OU, in order of path."""
        by_ou: dict[str, list[AccountSeen]] = {}
        for each in self.looked_at:
            by_ou.setdefault(each.ou, []).append(each)
        return tuple(_share(ou, by_ou[ou]) for ou in sorted(by_ou))

    @property
    def total(self) -> Share:
        return _share("", self.looked_at)

    def without_any_gate(self) -> tuple[AccountSeen, ...]:
        return tuple(each for each in self.looked_at if not each.gates)

    def regions_without_gate(self) -> Iterator[tuple[AccountSeen, str]]:
        """Accounts and their Regions with pipelines and no gate."""
        yield from ((each, region) for each in self.looked_at for region in each.without_gate)

    def open_pipelines(self) -> Iterator[tuple[AccountSeen, PipelineSeen]]:
        """Those without a gate, or with one that comes too late."""
        for each in self.looked_at:
            yield from ((each, one) for one in each.pipelines if one.standing is not Standing.GATED)

    def not_read(self) -> Iterator[tuple[AccountSeen, Unread]]:
        yield from ((each, one) for each in self.looked_at for one in each.unread)

    @property
    def has_gaps(self) -> bool:
        found = (self.without_any_gate(), self.regions_without_gate(), self.open_pipelines())
        return any(True for each in found for _ in each)


def _share(ou: str, accounts: Iterable[AccountSeen]) -> Share:
    those = list(accounts)
    pipelines = [one for each in those for one in each.pipelines]
    return Share(
        ou,
        accounts=len(those),
        with_gate=sum(bool(each.gates) for each in those),
        unread=sum(bool(each.unread) for each in those),
        pipelines=len(pipelines),
        gated=sum(one.standing is Standing.GATED for one in pipelines),
    )
