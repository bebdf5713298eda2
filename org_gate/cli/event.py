"""``org-gate event``: an incident that people know of before AWS posts it (C1): declare, list, close."""

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

PREFIX: Final = "declared-"
_FIELDS: Final = Fields("ends_at", "stopped_at", "stopped_by", "closed")
_THING: Final = Thing(
    noun="declared event",
    prefix=PREFIX,
    end_command="org-gate event close",
    held=lambda answer: f"open until {harmless(answer['ends_at'])}.",
    ended=lambda answer: f"{ended(answer, _FIELDS)}.",
)


@click.group()
def event() -> None:
    """Declare an incident that you know of before AWS posts it.

    A declared event counts as an open issue of AWS Health, and is marked as declared. It ends by itself.
    """


@event.command(short_help="Declare an incident.")
@by_hand.service_option("A service it is of, as AWS Health names it (RDS); repeatable.", required=True)
@by_hand.region_option("A Region it is in; repeatable. global: everywhere.", required=True)
@by_hand.account_option
@by_hand.ou_option
@parameters.lasting_option("How long it stays open from now on, at most 24h: 45m, 2h.")
@parameters.reason_option("What you see: the record and the announcement say it.")
@parameters.again_option(PREFIX)
@format_option
@url_option(required=True, what="sent it, all of them")
@click.pass_context
def declare(
    ctx: click.Context,
    *,
    services: tuple[str, ...],
    regions: tuple[str, ...],
    accounts: tuple[str, ...],
    ous: tuple[str, ...],
    lasting: str,
    reason: str,
    given_id: str | None,
    output: str,
    urls: tuple[str, ...],
) -> None:
    """Declare an incident: from now on it counts like one that AWS Health shows.

    It affects the whole organization unless --account or --ou say whom. For the central account alone.

    \b
      org-gate event declare --service RDS --region us-east-1 --for 2h --reason "failovers hang"

    Prints the id to close it by. Exits with 0 where every URL took it, with 2 where one refused, with 3 where one
    did not answer.
    """  # noqa: D301  click's own mark: these lines are not to be rewrapped
    body = {
        "services": services,
        "regions": regions,
        "accounts": accounts,
        "ous": ous,
        "reason": reason,
        "for": lasting,
    }
    surroundings = ctx.obj or Surroundings()
    sys.exit(make(surroundings, urls, _THING, DecisionApi.declare_event, body, given_id=given_id, output=output))


@event.command("list", short_help="Print the declared events that are open.")
@parameters.all_option
@format_option
@url_option(required=True, what="tried in order")
@click.pass_context
def list_(ctx: click.Context, *, every: bool, output: str, urls: tuple[str, ...]) -> None:
    """Print the declared events that are open now: where, whom they affect, who declared them and why.

    \b
      org-gate event list
      org-gate event list --all --format json

    Exits with 2 where it is refused, with 3 where nothing could be found out.
    """  # noqa: D301  click's own mark: these lines are not to be rewrapped
    told(
        ctx.obj or Surroundings(),
        urls,
        lambda api: api.declared_events(every=every),
        "declared_events",
        partial(by_hand.lines, fields=_FIELDS, holds="open"),
        none="There are no declared events." if every else "No declared event is open now.",
        output=output,
    )


@event.command(short_help="Close a declared event before its time.")
@click.argument("event_id", metavar="ID", type=parameters.IdType(PREFIX))
@format_option
@url_option(required=True, what="told, all of them")
@click.pass_context
def close(ctx: click.Context, event_id: str, output: str, urls: tuple[str, ...]) -> None:
    """Close the declared event ID before its time: it concerns nobody any more from the next question on.

    \b
      org-gate event close declared-0123456789abcdef0123456789abcdef

    Exits with 0 where it is open nowhere any more, with 2 where no URL knows it or one refused, with 3 where one
    did not answer. `org-gate event list` prints the ids.
    """  # noqa: D301  click's own mark: these lines are not to be rewrapped
    sys.exit(end(ctx.obj or Surroundings(), urls, _THING, DecisionApi.close_event, event_id, output=output))
