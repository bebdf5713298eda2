"""``org-gate override``: breaking the glass with a record (C1, D10): create, list, revoke.

Whether somebody may is the API's to say, from the policy's ``override_grants`` and ``max_override``; here only what
no API could take is refused before it is sent.
"""

import sys
from collections.abc import Iterator, Mapping
from typing import Any, Final

import click

from org_gate.cli import parameters
from org_gate.cli.changes import Thing, end, make
from org_gate.cli.listing import Fields, ended, omitted, state_of, told
from org_gate.cli.output import format_option
from org_gate.cli.reaching import url_option
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.client.api import DecisionApi
from org_gate.model.override import ALL, FREEZE_PREFIX

PREFIX: Final = "o-"
_FIELDS: Final = Fields("expires_at", "revoked_at", "revoked_by", "revoked")
_THING: Final = Thing(
    noun="override",
    prefix=PREFIX,
    end_command="org-gate override revoke",
    held=lambda answer: f"holds until {harmless(answer['expires_at'])}.",
    ended=lambda answer: f"{ended(answer, _FIELDS)}.",
)


@click.group()
def override() -> None:
    """Break the glass, with a record: let deployments through although something blocks them.

    An override says for whom it holds, what it lifts, why, and for how long. It cannot be changed, only revoked.
    """


def _events(_ctx: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    for text in value:
        if text != ALL and not text.startswith(("arn:", FREEZE_PREFIX)):
            message = f"{text!r} is neither an event's ARN, nor freeze:NAME, nor all"
            raise click.BadParameter(message)
    return value


@override.command(short_help="Let deployments through for a while.")
@click.option(
    "--account",
    "accounts",
    multiple=True,
    callback=parameters.accounts,
    metavar="ID",
    help="An account that is deployed to; repeatable.",
)
@click.option(
    "--pipeline",
    "pipelines",
    multiple=True,
    metavar="NAME",
    help="A pipeline's name, * and ? stand for anything; repeatable. With --account: both have to fit.",
)
@click.option(
    "--event",
    "events",
    multiple=True,
    default=(ALL,),
    show_default=True,
    callback=_events,
    metavar="ARN|freeze:NAME|all",
    help="What it lifts; repeatable. all: events, freezes and knowledge that is too old.",
)
@parameters.reason_option("Why, for those who read it later.")
@click.option("--ticket", metavar="TEXT", help="The ticket or incident it belongs to; the policy may ask for one.")
@parameters.lasting_option("How long it holds from now on: 30m, 1h. The policy says how long is possible.")
@parameters.again_option(PREFIX)
@format_option
@url_option(required=True, what="sent it, all of them")
@click.pass_context
def create(
    ctx: click.Context,
    *,
    accounts: tuple[str, ...],
    pipelines: tuple[str, ...],
    events: tuple[str, ...],
    reason: str,
    ticket: str | None,
    lasting: str,
    given_id: str | None,
    output: str,
    urls: tuple[str, ...],
) -> None:
    """Let deployments through for a while, although an event, a freeze or old knowledge blocks them.

    Name the account, the pipeline, or both. The central account may do so for all; an account for itself (--account
    and its own id) as far as the policy's override_grants let it. A pipeline that is blocked has to be retried.

    \b
      org-gate override create --account 111122223333 --reason "RDS is fine for us" --for 1h
      org-gate override create --account 111122223333 --pipeline orders-prod \\
        --event freeze:peak-season --ticket INC-4711 --reason "fix for checkout" --for 30m

    Prints the id to revoke it by. Exits with 0 where every URL took it, with 2 where one refused, with 3 where one
    did not answer.
    """  # noqa: D301  click's own mark: these lines are not to be rewrapped
    if not accounts and not pipelines:
        raise click.UsageError("Say for whom: --account ID, --pipeline NAME, or both.")
    body = {
        "accounts": accounts,
        "pipelines": pipelines,
        "events": events,
        "reason": reason,
        "ticket": ticket,
        "for": lasting,
    }
    surroundings = ctx.obj or Surroundings()
    sys.exit(make(surroundings, urls, _THING, DecisionApi.create_override, body, given_id=given_id, output=output))


@override.command("list", short_help="Print the overrides that hold.")
@parameters.all_option
@format_option
@url_option(required=True, what="tried in order")
@click.pass_context
def list_(ctx: click.Context, *, every: bool, output: str, urls: tuple[str, ...]) -> None:
    """Print the overrides that hold now: for whom, what they lift, who made them and why.

    \b
      org-gate override list
      org-gate override list --all --format json

    Exits with 2 where it is refused, with 3 where nothing could be found out.
    """  # noqa: D301  click's own mark: these lines are not to be rewrapped
    told(
        ctx.obj or Surroundings(),
        urls,
        lambda api: api.overrides(every=every),
        "overrides",
        _lines,
        none="There are no overrides." if every else "No override holds now.",
        output=output,
    )


@override.command(short_help="End an override before its time.")
@click.argument("override_id", metavar="ID", type=parameters.IdType(PREFIX))
@format_option
@url_option(required=True, what="told, all of them")
@click.pass_context
def revoke(ctx: click.Context, override_id: str, output: str, urls: tuple[str, ...]) -> None:
    """End the override ID before its time: what it lifted blocks again from the next question on.

    \b
      org-gate override revoke o-0123456789abcdef0123456789abcdef

    Exits with 0 where it holds nowhere any more, with 2 where no URL knows it or one refused, with 3 where one did
    not answer. `org-gate override list` prints the ids.
    """  # noqa: D301  click's own mark: these lines are not to be rewrapped
    surroundings = ctx.obj or Surroundings()
    sys.exit(end(surroundings, urls, _THING, DecisionApi.revoke_override, override_id, output=output))


def _lines(one: Mapping[str, Any], evaluated_at: str | None) -> Iterator[str]:
    state = state_of(one, _FIELDS, holds="holds", now=evaluated_at)
    yield f"{harmless(one['override_id'])}  {state}"
    for what, field in (("accounts", "accounts"), ("pipelines", "pipelines"), ("lifts", "events")):
        left = omitted(one, field)
        if one[field] or left:
            yield f"  {what}: {harmless(', '.join(one[field]))}{f' and {left} more' if left else ''}"
    ticket = f" (ticket {harmless(one['ticket'])})" if one.get("ticket") else ""
    yield f"  made {harmless(one['created_at'])} by {harmless(one['who'])}: {harmless(one['reason'])}{ticket}"
