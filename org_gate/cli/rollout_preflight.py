"""``org-gate rollout preflight``: whether a rollout can begin, all findings at once. Reads only."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import click

from org_gate.cli.output import format_option, print_json
from org_gate.cli.rollout_settings import config_option, settings_or_stop, told
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless, styled
from org_gate.report.plain import count
from org_gate.rollout.preflight import Preflight, preflight
from org_gate.rollout.preflight_findings import Finding, Severity

FINDINGS: Final = 1
_COLOURS: Final = {Severity.STOPS: "block", Severity.WARNS: "warn", Severity.NOTE: "allow"}
"""As verdicts have them."""


@click.command(name="preflight")
@config_option
@format_option
@click.pass_obj
def rollout_preflight(surroundings: Surroundings | None, config: Path, output: str) -> None:
    """Look whether a rollout can begin: everything at once, with what mends it. Changes nothing.

    Takes credentials of the central account; with those of the management account it sees what only that can see.

    Exit codes: 0 nothing to do; 1 findings; 2 the settings are not valid; 3 nothing could be found out.
    """
    settings = settings_or_stop(config, output)
    around = surroundings or Surroundings()
    with told(output):
        found = preflight(around.aws(), settings, around.health_regions)
    if output == "json":
        print_json(found.data())
    else:
        for line in lines(found):
            click.echo(line)
    sys.exit(0 if found.is_clean else FINDINGS)


def lines(found: Preflight) -> Iterator[str]:
    """For a terminal, the worst first; commands on lines of their own, to be copied."""
    yield f"Looked with credentials of {_whose(found)}: {harmless(found.caller.arn)}"
    for number, finding in enumerate(found.findings, start=1):
        yield ""
        yield from _told(number, finding)
    yield ""
    if not found.is_central:
        yield f"Not looked at: {harmless('; '.join(found.unseen))}."
    yield _sum(found)


def _told(number: int, finding: Finding) -> Iterator[str]:
    label = styled(str(finding.severity), _COLOURS[finding.severity])
    yield f"{number}. {label}  {harmless(finding.found)}"
    yield f"   Means: {harmless(finding.means)}"
    yield f"   Mend ({finding.who}): {harmless(finding.mend)}"
    yield from (f"       {harmless(line)}" for line in finding.commands)


def _whose(found: Preflight) -> str:
    if found.is_central:
        return f"the central account {found.caller.account}"
    if found.is_management:
        return f"the management account {found.caller.account}"
    return f"account {found.caller.account}"


def _sum(found: Preflight) -> str:
    given = [finding.severity for finding in found.findings]
    stops, warns, notes = (given.count(severity) for severity in Severity)
    counted = f"{stops} that stop, {count(warns, 'warning')}, {count(notes, 'note')}"
    if found.stops:
        return f"{counted}. The rollout cannot begin: mend what stops it and run this again."
    if not found.is_clean:
        return f"{counted}. The rollout can begin; read the warnings first, then: org-gate rollout plan"
    if not found.is_central:
        return f"{counted}. Nothing to mend from here; run this again with credentials of the central account."
    return f"{counted}. Nothing to mend. Next: org-gate rollout plan"
