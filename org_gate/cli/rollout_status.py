"""``org-gate rollout status``: which gates and cells are there, which version they are, and what is wrong with them."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from org_gate.cli.counting import Counting
from org_gate.cli.output import format_option, print_json
from org_gate.cli.rollout_settings import config_option, settings_or_stop, told
from org_gate.cli.rollout_status_text import status_lines
from org_gate.cli.surroundings import Surroundings
from org_gate.rollout.status import Status
from org_gate.rollout.status_reading import detect_drift, read_status


@click.command(short_help="Where the rollout stands: versions, failures with their reasons, drift.")
@config_option
@click.option("--all", "every", is_flag=True, help="List every gate, those that are as they should be too.")
@click.option(
    "--detect-drift",
    "drift",
    is_flag=True,
    help="Have CloudFormation look first whether gates were changed by hand; that may take long.",
)
@format_option
@click.pass_context
def status(ctx: click.Context, *, config: Path, every: bool, drift: bool, output: str) -> None:
    """Where the rollout stands: the central part, the gates by OU, and what needs attention, by its cause.

    With credentials of the central account. Reads only.

    Exits with 0 where all is as the settings say, with 1 where something is missing, outdated, failed, changed by
    hand or silent, with 3 where it could not be found out.
    """
    settings = settings_or_stop(config, output)
    surroundings = ctx.obj or Surroundings()
    with told(output):
        session = surroundings.aws()
        if drift:
            click.echo("CloudFormation looks for drift; this may take minutes.", err=True)
            detect_drift(session, settings, surroundings.sleep)
        with Counting("Calling gates that are not up to date", "accounts") as counting:
            found = read_status(session, settings, surroundings.connect, told=counting.tell)
    if output == "json":
        print_json(as_json(found))
    else:
        for line in status_lines(found, every=every):
            click.echo(line)
    sys.exit(1 if found.has_findings else 0)


def as_json(found: Status) -> dict[str, Any]:
    """All of it, with what follows from it; the policies themselves are for `org-gate policy show`."""
    data = asdict(found)
    for shown, cell in zip(data["cells"], found.cells, strict=True):
        del shown["policy"]
        shown["is_well"] = cell.is_well
    return {
        "findings": found.has_findings,
        "cells_agree": found.cells_agree,
        "is_behind": found.is_behind,
        **data,
        "ous": [asdict(each) for each in found.ous],
        "causes": [
            {"standing": standing, "cause": cause, "gates": len(gates)} for standing, cause, gates in found.causes()
        ],
    }
