"""``org-gate drill``: an incident that is none, to see whether the gates hold (C1): start, list, stop."""

import sys
from functools import partial
from typing import Final

import click

from org_gate.cli import by_hand, parameters
from org_gate.cli.changes import Thing, end, make
from org_gate.cli.listing import Fields, ended, told
from org_gate.cli.output import format_option
from org_gate.cli.reaching import url_option
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.client.api import DecisionApi

PREFIX: Final = "drill-"
_FIELDS: Final = Fields("ends_at", "stopped_at", "stopped_by", "stopped")
_THING: Final = Thing(
    noun="drill",
    prefix=PREFIX,
    end_command="org-gate drill stop",
    held=lambda answer: f"DRILL runs until {harmless(answer['ends_at'])}.",
    ended=lambda answer: f"{ended(answer, _FIELDS)}.",
)


@click.group()
def drill() -> None:
    """Rehearse an incident: what the policy says of one is done, and everything says DRILL.

    A drill counts as an open issue, marked as a drill. It ends by itself, whether somebody stops it or not.
    """


@drill.command(short_help="Start a drill.")
@by_hand.account_option
@by_hand.ou_option
@click.option("--public", is_flag=True, help="Instead of --account and --ou: it affects the whole organization.")
@by_hand.region_option("A Region it is in; repeatable. Default: every Region.", required=False)
@by_hand.service_option("A service it is of (RDS); repeatable. Default: every service.", required=False)
@parameters.lasting_option("How long it runs from now on, at most 24h: 20m, 1h.")
@parameters.reason_option("What is rehearsed: the record and the announcement say it.")
@parameters.again_option(PREFIX)
@format_option
@url_option(required=True, what="sent it, all of them")
@click.pass_context
def start(
    ctx: click.Context,
    *,
    accounts: tuple[str, ...],
    ous: tuple[str, ...],
    public: bool,
    regions: tuple[str, ...],
    services: tuple[str, ...],
    lasting: str,
    reason: str,
    given_id: str | None,
    output: str,
    urls: tuple[str, ...],
) -> None:
    """Start a drill: from now on, deployments it concerns are decided as if there were an incident.

    Say whom it affects: --account, --ou, or --public for everybody. For the central account alone.

    \b
      org-gate drill start --account 111122223333 --region eu-west-1 --for 20m --reason "game day"
      org-gate drill start --ou "Workloads/Dev/**" --service RDS --for 1h --reason "game day"

    Prints the id to stop it by. Exits with 0 where every URL took it, with 2 where one refused, with 3 where one
    did not answer.
    """  # noqa: D301  click's own mark: these lines are not to be rewrapped
    if public == bool(accounts or ous):
        raise click.UsageError("Say whom it affects: either --account and --ou, or --public for the organization.")
    body = {
        "accounts": accounts,
        "ous": ous,
        "public": public,
        "regions": regions,
        "services": services,
        "reason": reason,
        "for": lasting,
    }
    surroundings = ctx.obj or Surroundings()
    sys.exit(make(surroundings, urls, _THING, DecisionApi.start_drill, body, given_id=given_id, output=output))


@drill.command("list", short_help="Print the drills that run.")
@parameters.all_option
@format_option
@url_option(required=True, what="tried in order")
@click.pass_context
def list_(ctx: click.Context, *, every: bool, output: str, urls: tuple[str, ...]) -> None:
    """Print the drills that run now: where, whom they affect, who started them and why.

    \b
      org-gate drill list
      org-gate drill list --all --format json

    Exits with 2 where it is refused, with 3 where nothing could be found out.
    """  # noqa: D301  click's own mark: these lines are not to be rewrapped
    told(
        ctx.obj or Surroundings(),
        urls,
        lambda api: api.drills(every=every),
        "drills",
        partial(by_hand.lines, fields=_FIELDS, holds="runs", mark="DRILL  "),
        none="There are no drills." if every else "No drill runs now.",
        output=output,
    )


@drill.command(short_help="Stop a drill before its time.")
@click.argument("drill_id", metavar="ID", type=parameters.IdType(PREFIX))
@format_option
@url_option(required=True, what="told, all of them")
@click.pass_context
def stop(ctx: click.Context, drill_id: str, output: str, urls: tuple[str, ...]) -> None:
    """Stop the drill ID before its time: it concerns nobody any more from the next question on.

    \b
      org-gate drill stop drill-0123456789abcdef0123456789abcdef

    Exits with 0 where it runs nowhere any more, with 2 where no URL knows it or one refused, with 3 where one did
    not answer. `org-gate drill list` prints the ids.
    """  # noqa: D301  click's own mark: these lines are not to be rewrapped
    sys.exit(end(ctx.obj or Surroundings(), urls, _THING, DecisionApi.stop_drill, drill_id, output=output))
