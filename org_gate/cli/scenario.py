"""What the commands that play scenarios share: the file, what is wrong with it, and how they are ended."""

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from org_gate.cli.main import COULD_NOT_FIND_OUT
from org_gate.inventory.errors import RolloutError
from org_gate.policy.document import DocumentError
from org_gate.rollout.files import shipped
from org_gate.simulator.scenario import Scenario, read_scenario

RUNTIMES: Final = ("processes", "inprocess")
runtime_option: Final = click.option(
    "--runtime",
    type=click.Choice(RUNTIMES),
    default=RUNTIMES[0],
    show_default=True,
    help="Where the functions run: in Lambda runtime processes of their own, or in this process.",
)
_ENDING: Final = (signal.SIGINT, signal.SIGTERM)


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


class NotRolledOut(click.ClickException):
    """org-gate could not be brought into the simulated organization."""

    exit_code = COULD_NOT_FIND_OUT


@contextmanager
def rollout_told() -> Iterator[None]:
    """A rollout that fails is told in its own words, without a traceback."""
    try:
        yield
    except RolloutError as error:
        raise NotRolledOut(str(error)) from error


@contextmanager
def stoppable() -> Iterator[None]:
    """Within it the first Ctrl-C or SIGTERM raises KeyboardInterrupt, and no other one disturbs the clearing up.

    SIGINT is taken even where a shell has it ignored, as for what it runs in the background.
    """
    before = [(number, signal.signal(number, _stop)) for number in _ENDING]
    try:
        yield
    finally:
        for number, handler in before:
            signal.signal(number, handler)


def _stop(*_: object) -> None:
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt
