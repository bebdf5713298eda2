"""Who calls the gates that are to be removed: pipelines with a gate in them, read through the accounts' own role."""

from collections.abc import Iterator
from dataclasses import dataclass

import boto3

from org_gate.inventory.coverage_reading import NOT_HERE, read_coverage
from org_gate.inventory.installed import InstalledSet
from org_gate.inventory.members import Told
from org_gate.inventory.settings import Settings
from org_gate.report.coverage import AccountSeen, PipelineSeen
from org_gate.report.coverage_stages import Standing


@dataclass(frozen=True, slots=True)
class Callers:
    """``pipelines`` by account; ``unread`` are accounts of which something could not be read, and why."""

    pipelines: tuple[tuple[str, PipelineSeen], ...]
    unread: tuple[tuple[str, str], ...]

    @property
    def is_nobody(self) -> bool:
        return not self.pipelines and not self.unread


def read_callers(session: boto3.Session, settings: Settings, gates: InstalledSet | None, *, told: Told) -> Callers:
    """Where there are gates, all pipelines of these Regions are looked at. Raises RolloutError."""
    if gates is None or not gates.gates:
        return Callers((), ())
    regions = sorted({gate.region for gate in gates.gates.values()})
    accounts = {gate.account for gate in gates.gates.values()}
    coverage = read_coverage(session, settings, regions=regions, told=told)
    seen = [each for each in coverage.accounts if each.account in accounts]
    calling = [(each.account, one) for each in seen for one in each.pipelines if one.standing is not Standing.UNGATED]
    unread = [(each.account, cause) for each in seen for cause in _unread(each)]
    return Callers(tuple(calling), tuple(unread))


def _unread(account: AccountSeen) -> Iterator[str]:
    """An account that the settings leave out by now has its gate still, and was not looked into."""
    if account.left_out == NOT_HERE:
        yield account.left_out
    yield from (one.cause for one in account.unread)
