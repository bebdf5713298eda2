"""``org-gate rollout apply``: carries the plan out, after it was shown and somebody said yes (C1).

It may be interrupted anywhere and run again: it reads what there is and goes on from there.
"""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NoReturn

import boto3
import click

from org_gate.cli.output import INVALID, stop
from org_gate.cli.rollout_plan import build_option, show, wanted_by
from org_gate.cli.rollout_progress import Watch
from org_gate.cli.rollout_settings import config_option, settings_or_stop, told
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.inventory.errors import InstanceResult, MembersError, StackError, StoppedError
from org_gate.inventory.installed import Place
from org_gate.inventory.settings import Settings
from org_gate.rollout.apply import Rollout
from org_gate.rollout.apply_gates import Check, Hands
from org_gate.rollout.management import deploy_in_management
from org_gate.rollout.plan_facts import Wanted
from org_gate.rollout.plan_model import Plan
from org_gate.rollout.test_call import check_gates

FAILED: Final = 1


@click.command(short_help="Install or upgrade: the central part, then the gates, wave by wave.")
@config_option
@build_option
@click.option("--yes", is_flag=True, help="Do it without asking. Gates are removed only with --remove as well.")
@click.option("--remove", "removals", is_flag=True, help="Remove the gates that the settings do not name any more.")
@click.option(
    "--management",
    is_flag=True,
    help="The gate of the management account alone, with its own credentials: StackSets do not go there.",
)
@click.pass_context
def apply(ctx: click.Context, *, config: Path, build_for: str, yes: bool, removals: bool, management: bool) -> None:
    """Install org-gate, upgrade it, or bring it to accounts that joined: whatever `org-gate rollout plan` shows.

    With credentials of the central account. First the central part, then the gates, wave by wave; the next wave begins
    when the gates of the one before answer a test call. Shows the plan and asks first. Stopped or interrupted, it goes
    on from there when run again; run twice, it changes nothing the second time.

    Exits with 1 where something failed or gates do not answer, with 2 where nobody said yes, with 3 where AWS did not
    answer or refused.
    """
    settings = settings_or_stop(config)
    surroundings = ctx.obj or Surroundings()
    if management:
        _in_management(surroundings, settings, yes=yes)
        return
    with told():
        session = surroundings.aws()
        want = wanted_by(settings, config, build_for)
        watch = Watch()
        rollout = Rollout(session, want, _hands(surroundings, session, want, watch))
        plan = rollout.look()
        show(plan)
        if plan.is_done:
            return
        agreed = _agreed(plan, yes=yes, removals=removals)
        left = _carried_out(rollout, plan, watch, removals=agreed)
    _conclude(left)


def _hands(surroundings: Surroundings, session: boto3.Session, want: Wanted, watch: Watch) -> Hands:
    return Hands(
        sleep=surroundings.sleep,
        seconds=surroundings.seconds,
        new_id=surroundings.new_id,
        check=_check(session, want, watch),
        say=watch.say,
        moved=watch.moved,
    )


def _check(session: boto3.Session, want: Wanted, watch: Watch) -> Check:
    def check(gates: Sequence[Place]) -> list[InstanceResult]:
        watch.say(f"Calling {len(gates)} gates to see whether they answer")
        region = want.settings.central.region
        called = check_gates(session, gates, region=region, version=want.parts.version)
        return [InstanceResult(one.account, one.region, "SILENT", one.cause) for one in called if not one.is_well]

    return check


def _carried_out(rollout: Rollout, plan: Plan, watch: Watch, *, removals: bool) -> Plan:
    try:
        return rollout.apply(plan, removals=removals)
    except (StoppedError, MembersError, StackError) as error:
        watch.end()
        _stopped("The rollout stopped.", str(error))
    except KeyboardInterrupt:
        watch.end()
        _stopped(
            "Interrupted.",
            "What was begun goes on in AWS. Run `org-gate rollout apply` again: it waits for that and goes on from "
            "there; `org-gate rollout status` shows how far it is.",
        )
    finally:
        watch.end()


def _stopped(what: str, text: str) -> NoReturn:
    """The text's own lines are ours; what is in them is AWS's."""
    click.echo(what, err=True)
    for line in text.splitlines():
        click.echo(harmless(line), err=True)
    sys.exit(FAILED)


def _conclude(left: Plan) -> None:
    if left.changes_central or left.changes_gates:
        click.echo(
            "Done with what there was, but the organization changes meanwhile; there is something to do again. Run "
            "`org-gate rollout apply` once more.",
            err=True,
        )
        sys.exit(FAILED)
    if left.removals:
        gates = sum(len(step.places) for step in left.removals)
        click.echo(f"Done. {gates} gates that the settings do not name any more are still there: `apply --remove`.")
        return
    click.echo("Done: everything is as the settings say.")


def _agreed(plan: Plan, *, yes: bool, removals: bool) -> bool:
    """Whether gates may be removed. Ends the command where nobody says yes to the rest."""
    click.echo()
    changes = plan.changes_central or plan.changes_gates or plan.stack_set is None
    terminal = sys.stdin.isatty()
    if not yes and not terminal:
        why = "Nothing was changed: there is no terminal to ask at. Say --yes to do it without being asked."
        stop(why)
    if changes and not yes and not click.confirm("Do this?", err=True):
        stop("Nothing was changed.", INVALID)
    if not plan.removals or removals:
        return removals
    gates = sum(len(step.places) for step in plan.removals)
    return terminal and not yes and click.confirm(f"And remove {gates} gates at the end?", err=True)


def _in_management(surroundings: Surroundings, settings: Settings, *, yes: bool) -> None:
    regions = ", ".join(settings.gates.regions)
    if not yes and not sys.stdin.isatty():
        stop("Nothing was changed: there is no terminal to ask at. Say --yes to do it without being asked.")
    if not yes and not click.confirm(f"Install the gate of the management account in {regions}?", err=True):
        stop("Nothing was changed.", INVALID)
    with told():
        try:
            deploy_in_management(surroundings.aws(), settings, sleep=surroundings.sleep, say=Watch().say)
        except StackError as error:
            _stopped("The rollout stopped.", str(error))
