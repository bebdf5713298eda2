"""``org-gate rollout destroy``: takes org-gate out of the organization again, and says what is left (C1).

It refuses while pipelines still call the gate: without it their gate stage fails.
"""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import boto3
import click

from org_gate.cli.counting import Counting
from org_gate.cli.output import INVALID, stop
from org_gate.cli.rollout_settings import config_option, settings_or_stop, told
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.inventory.errors import MembersError, StackError
from org_gate.inventory.settings import Settings
from org_gate.report.plain import count
from org_gate.rollout.callers import Callers, read_callers
from org_gate.rollout.destroy import destroy as remove
from org_gate.rollout.removal import Removable, left_over, read_removable

FAILED: Final = 1
_SHOWN: Final = 20


@click.command(short_help="Remove org-gate: the gates, then the central part.")
@config_option
@click.option("--data", is_flag=True, help="The tables and the reports too, with all decisions. Default: they stay.")
@click.option(
    "--even-if-called", is_flag=True, help="Although pipelines call the gate, or some account could not be looked into."
)
@click.option("--yes", is_flag=True, help="Do it without asking.")
@click.pass_context
def destroy(ctx: click.Context, *, config: Path, data: bool, even_if_called: bool, yes: bool) -> None:
    """Remove the gates from all accounts, then the central part; at the end it lists what is left.

    With credentials of the central account. Refuses while pipelines call the gate, and names them: take the gate's
    action out of these first. The tables and the reports stay, unless --data is given: a later
    `org-gate rollout apply` goes on with them. Interrupted, it goes on from there when run again.

    Exits with 1 where pipelines call the gate or something could not be removed, with 2 where nobody said yes, with 3
    where AWS did not answer or refused.
    """
    settings = settings_or_stop(config)
    surroundings = ctx.obj or Surroundings()
    with told():
        session = surroundings.aws()
        there = read_removable(session, settings)
        if there.is_nothing:
            click.echo("There is nothing of org-gate in these Regions; nothing to do.")
            return
        callers = _callers(session, settings, there)
        for line in (*_removal_lines(there, settings, data=data), *_caller_lines(callers)):
            click.echo(line)
        _agree(callers, even_if_called=even_if_called, yes=yes)
        _removed(session, settings, there, surroundings, data=data)
        sys.exit(_conclude(session, settings, data=data))


def _callers(session: boto3.Session, settings: Settings, there: Removable) -> Callers:
    with Counting("Looking for pipelines that call the gate", "accounts") as counting:
        return read_callers(session, settings, there.gates, told=counting.tell)


def _removal_lines(there: Removable, settings: Settings, *, data: bool) -> Iterator[str]:
    yield "This removes:"
    if there.gates is not None:
        accounts = len({gate.account for gate in there.gates.gates.values()})
        gates, where = count(len(there.gates.gates), "gate"), count(accounts, "account")
        yield f"  {gates} in {where}, and the StackSet {settings.names.stack_set}"
    for cell in there.cells:
        yield f"  the central stack {settings.names.central_stack} in {cell.region}"
    for found in there.others:
        if data or not found.is_data:
            yield f"  the {found.kind} {found.name} in {found.region}" + (", for good" if data else "")
        else:
            yield f"and leaves the {found.kind} {found.name} in {found.region} (--data removes it)"


def _caller_lines(callers: Callers) -> Iterator[str]:
    if callers.pipelines:
        yield f"{count(len(callers.pipelines), 'pipeline')} would fail at the gate's stage from then on:"
    for account, pipeline in callers.pipelines[:_SHOWN]:
        yield f"  {account} {pipeline.region} {harmless(pipeline.name)}, stage {harmless(pipeline.stage)}"
    if len(callers.pipelines) > _SHOWN:
        yield f"  and {len(callers.pipelines) - _SHOWN} more: `org-gate coverage --format csv` lists them"
    for account, cause in callers.unread[:_SHOWN]:
        yield f"Account {account} could not be looked into, so pipelines there may call the gate: {harmless(cause)}"
    if len(callers.unread) > _SHOWN:
        yield f"and {len(callers.unread) - _SHOWN} accounts more"


def _agree(callers: Callers, *, even_if_called: bool, yes: bool) -> None:
    if not callers.is_nobody and not even_if_called:
        stop(
            "Nothing was removed. Take the gate's action out of these pipelines first, or say --even-if-called: their "
            "gate stages fail then.",
            FAILED,
        )
    if yes:
        return
    if not sys.stdin.isatty():
        stop("Nothing was removed: there is no terminal to ask at. Say --yes to do it without being asked.")
    if not click.confirm("Remove this?", err=True):
        stop("Nothing was removed.", INVALID)


def _removed(
    session: boto3.Session, settings: Settings, there: Removable, surroundings: Surroundings, *, data: bool
) -> None:
    try:
        remove(session, settings, there, data=data, say=click.echo, sleep=surroundings.sleep)
    except (MembersError, StackError) as error:
        for line in str(error).splitlines():
            click.echo(harmless(line), err=True)
        sys.exit(FAILED)
    except KeyboardInterrupt:
        stop("Interrupted. What was begun goes on in AWS; run `org-gate rollout destroy` again to go on.", FAILED)


def _conclude(session: boto3.Session, settings: Settings, *, data: bool) -> int:
    """Says what is left; only what was to stay counts as done."""
    left = left_over(session, settings)
    if not left:
        click.echo("Nothing of org-gate is left in the central account, nor a gate of the StackSet anywhere.")
    for found in left:
        click.echo(f"Left: the {found.kind} {found.name} in {found.region}")
    click.echo(
        "Not of this tool's making, so still there if you made them: a stack of the gate in the management account, "
        "subscriptions to the topics, and the delegated administration for AWS Health and StackSets."
    )
    return FAILED if any(data or not found.is_data for found in left) else 0
