"""What the commands that play scenarios share: finding and reading the file, and saying what is wrong with it."""

import sys
from pathlib import Path
from typing import Final

import click

from org_gate.policy.document import DocumentError
from org_gate.rollout.files import shipped
from org_gate.simulator.scenario import Scenario, read_scenario

RUNTIMES: Final = ("processes", "inprocess")


def shipped_scenario() -> Path:
    """The default scenario."""
    return shipped("config/scenarios/default.yaml")


def read_or_exit(file: Path) -> Scenario:
    """The scenario; where it is not valid, all its problems on stderr and exit code 2."""
    try:
        return read_scenario(file, shipped("config/policy.yaml"))
    except OSError as error:
        click.echo(f"{file}: cannot be read ({error.strerror or error}); give the path of a scenario file", err=True)
    except DocumentError as error:
        for problem in error.problems:
            click.echo(str(problem), err=True)
        count = len(error.problems)
        click.echo(f"{count} problem{'s' if count > 1 else ''}; nothing was played", err=True)
    sys.exit(2)
