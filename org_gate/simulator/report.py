"""The health report on a played scenario, read as its platform team would read it (S6)."""

from datetime import datetime, timedelta
from pathlib import Path

from org_gate import __version__
from org_gate.inventory.coverage_reading import read_coverage
from org_gate.report.as_json import as_json
from org_gate.report.build import Options, build
from org_gate.report.html import html
from org_gate.report.model import Report
from org_gate.report.reading import TableReader
from org_gate.simulator.world import World, settings_of
from org_gate.store import Store


def write_report(world: World, out: Path) -> None:
    """``report.json`` and ``report.html`` in the folder. Raises RolloutError and StoreError."""
    until = world.clock.now() + timedelta(seconds=1)  # the last instant counts
    report = made_report(world, since=world.scenario.start, until=until)
    (out / "report.json").write_text(as_json(report), encoding="utf-8")
    (out / "report.html").write_text(html(report), encoding="utf-8")


def made_report(world: World, *, since: datetime, until: datetime) -> Report:
    """Of a range, made at its end. Raises RolloutError and StoreError."""
    central = world.scenario.central
    session = world.sessions.session(central.account, central.region)
    coverage = read_coverage(session, settings_of(world.scenario), regions=tuple(world.scenario.gate_regions))
    options = Options(
        since=since,
        until=until,
        now=until,
        version=__version__,
        region=central.region,
        organization=coverage.organization,
        names={each.account: each.name for each in coverage.accounts},
        coverage=coverage,
    )
    return build(TableReader(Store(session.client("dynamodb"), world.cell().table_name)), options)
