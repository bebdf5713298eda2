"""``org-gate``: the group of all commands, each loaded when it is used.

Knows the commands by name and one line of help, so that ``--help`` is quick and the package works without the
simulator's extra. The process edge: whatever goes wrong ends in a message and one of C1's exit codes, and a fault
of ours never looks like a verdict.
"""

import gc
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import click

from org_gate import __version__
from org_gate.cli.lazy import Lazy, LazyGroup

COULD_NOT_FIND_OUT: Final = 3


COMMANDS: Final = {
    "backtest": Lazy("org_gate.cli.backtest:backtest", None, "Try a policy on past incidents or recorded decisions."),
    "check": Lazy("org_gate.cli.check:check", None, "Ask whether it is safe to deploy to given targets now."),
    "coverage": Lazy("org_gate.cli.coverage:coverage", None, "Which accounts, Regions and pipelines have no gate."),
    "demo": Lazy("org_gate.cli.demo:demo", "simulator", "Play an incident in a simulated organization, start to end."),
    "drill": Lazy("org_gate.cli.drill:drill", None, "Rehearse an incident: start, list, stop."),
    "event": Lazy("org_gate.cli.event:event", None, "Declare an incident that AWS has not posted yet."),
    "explain": Lazy("org_gate.cli.explain:explain", None, "Explain a decision taken earlier: the whole why."),
    "export": Lazy("org_gate.cli.export:export", None, "Write decisions and events as JSON Lines or Parquet."),
    "override": Lazy("org_gate.cli.override:override", None, "Break the glass, with a record: create, list, revoke."),
    "policy": Lazy("org_gate.cli.policy:policy", None, "Write a policy, try it, publish it."),
    "report": Lazy("org_gate.cli.report:report", None, "One file on what AWS Health and the gate did to everybody."),
    "rollout": Lazy("org_gate.cli.rollout:rollout", None, "Install org-gate over an organization, upgrade, remove it."),
    "simulate": Lazy(
        "org_gate.cli.simulate:simulate", "simulator", "Serve a simulated AWS organization until stopped."
    ),
}


class _NobodyReadsError(Exception):
    """The output's reader went away, as ``head`` does."""


class _Commands(LazyGroup):
    """click would end with 1 where nobody reads on, which means block."""

    def make_context(self, *arguments: Any, **extra: Any) -> click.Context:
        with _read():
            return super().make_context(*arguments, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        with _read():
            return super().invoke(ctx)


@contextmanager
def _read() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise _NobodyReadsError from error


@click.group(
    cls=_Commands,
    lazy=COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(__version__, prog_name="org-gate")
def cli() -> None:
    """Ask, before you deploy, whether there is an AWS incident where it goes.

    Exit codes: 0 allow or warn, or done; 1 block; 2 wrong use or invalid input; 3 could not find out.
    """


def run(arguments: Sequence[str] | None, obj: Any = None) -> int:
    """The exit code of a command line. ``obj`` is what commands take from their surroundings (tests pass their own)."""
    try:
        code = cli.main(args=arguments, prog_name="org-gate", standalone_mode=False, obj=obj)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped before an answer was found.", err=True)
        return COULD_NOT_FIND_OUT
    except _NobodyReadsError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is left is written there at the very end
        return COULD_NOT_FIND_OUT
    except Exception as error:  # noqa: BLE001  the process edge: a traceback alone would end in 1, which means block
        traceback.print_exc()
        click.echo(f"org-gate itself failed ({type(error).__name__}); nothing was found out.", err=True)
        return COULD_NOT_FIND_OUT
    return code if isinstance(code, int) else 0


def main() -> None:
    """The console script."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace")
    code = run(None)
    gc.freeze()  # to look through all of the simulator for cycles at the very end takes seconds
    sys.exit(code)
