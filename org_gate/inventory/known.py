"""What a report says that its table does not hold: names of accounts, and coverage. Read as far as it can be.

What cannot be read is left out, and said: a report without it is better than none. Reads only.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

import boto3

from org_gate.inventory.coverage_reading import read_coverage
from org_gate.inventory.errors import RolloutError
from org_gate.inventory.members import Told, nobody
from org_gate.inventory.organization import read_organization
from org_gate.inventory.settings import Settings
from org_gate.report.coverage import Coverage


@dataclass(frozen=True, slots=True)
class Known:
    """``organization`` is its id, ``names`` are the accounts' by id."""

    organization: str | None = None
    names: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    coverage: Coverage | None = None


def read_known(
    session: boto3.Session,
    settings: Settings,
    *,
    say: Callable[[str], None],
    coverage: bool = True,
    regions: Sequence[str] = (),
    told: Told = nobody,
) -> Known:
    """``session`` is the central account's. ``regions`` and ``told`` are those of ``read_coverage``.

    A RolloutError that ``told`` raises ends the reading of coverage alone.
    """
    if coverage:
        try:
            found = read_coverage(session, settings, regions=regions, told=told)
        except RolloutError as error:
            say(f"Coverage is left out of the report. {error}")
        else:
            return Known(found.organization, {each.account: each.name for each in found.accounts}, found)
    try:
        organization = read_organization(session.client("organizations", region_name=settings.central.region))
    except RolloutError as error:
        say(f"The report has no names of accounts. {error}")
        return Known()
    return Known(organization.id, {name: member.name for name, member in organization.members.items()})
