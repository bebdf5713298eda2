"""``org-gate check``: the gate for whoever has none: ask, and end with what the answer says (C1, C2)."""

import os
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any, Final

import click

from org_gate.cli import parameters
from org_gate.cli.reaching import connected, url_option
from org_gate.cli.stale import without_gate
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless, harmless_json
from org_gate.cli.verdict import github_command, github_lines, github_outputs, text_lines
from org_gate.cli.waiting import ask_until
from org_gate.client.api import DecisionApi
from org_gate.client.errors import ApiError, Refused
from org_gate.model.request import MAX_TARGETS, parse_short_target

BLOCKED: Final = 1
_ANY_ACCOUNT: Final = "0" * 12  # stands for the caller's, which only the API knows


def _short_target(_ctx: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    for text in value:
        try:
            parse_short_target(text, _ANY_ACCOUNT)
        except ValueError as error:
            raise click.BadParameter(str(error)) from error
    return value


@click.command()
@click.option(
    "--target",
    "targets",
    multiple=True,
    callback=_short_target,
    metavar="ACCOUNT/REGION[/SERVICE+SERVICE[/ZONE+ZONE]]",
    help="Where the deployment goes; repeat for several. Without services or zones: all of them. "
    "Without ACCOUNT (/eu-west-1): the account of the credentials.",
)
@click.option(
    "--account",
    "accounts",
    multiple=True,
    callback=parameters.accounts,
    metavar="ID",
    help="With --region: an account it goes to; repeatable. Default: the account of the credentials.",
)
@click.option(
    "--region",
    "regions",
    multiple=True,
    callback=parameters.regions,
    metavar="REGION",
    help="Instead of --target: a Region it goes to, in each account given; repeatable.",
)
@click.option(
    "--service",
    "services",
    multiple=True,
    metavar="SERVICE",
    help="With --region: a service it touches, as AWS Health names it (ECS, RDS); repeatable. Default: all.",
)
@click.option(
    "--az",
    "zones",
    multiple=True,
    metavar="ZONE",
    help="With --region: an Availability Zone it touches (use1-az4 or us-east-1a); repeatable. Default: all.",
)
@click.option(
    "--pipeline", metavar="NAME", help="The name of the pipeline that deploys; the policy may treat it apart."
)
@click.option("--wait", is_flag=True, help="While the answer is block, wait and ask again, until --timeout.")
@click.option(
    "--timeout",
    type=parameters.DurationType(),
    default=None,
    metavar="DURATION",
    help="With --wait: how long, for example 30m or 2h. Default: 1h. Still blocked then: exit code 1.",
)
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json", "github"]),
    default="text",
    show_default=True,
    help="How to print the answer: for people, as the API's JSON, or as annotations of GitHub Actions, which also "
    "sets the step's outputs verdict and decision-id.",
)
@url_option(required=True, what="tried in order")
@click.pass_context
def check(
    ctx: click.Context,
    *,
    targets: tuple[str, ...],
    accounts: tuple[str, ...],
    regions: tuple[str, ...],
    services: tuple[str, ...],
    zones: tuple[str, ...],
    pipeline: str | None,
    wait: bool,
    timeout: timedelta | None,
    output: str,
    urls: tuple[str, ...],
) -> None:
    """Ask whether it is safe to deploy to the given targets right now.

    Signs with the usual AWS credentials. Exits with 0 on allow and warn, 1 on block, 2 where the question is wrong
    or refused, 3 where nothing could be found out.

    \b
      org-gate check --target 111122223333/eu-west-1/ECS+RDS
      org-gate check --region eu-west-1 --service ECS --wait --timeout 30m
    """  # noqa: D301  click's own mark: these lines are not to be rewrapped
    if timeout is not None and not wait:
        raise click.UsageError("--timeout goes with --wait.")
    body = _question(targets, _crossed(accounts, regions, services, zones), pipeline)
    surroundings = ctx.obj or Surroundings()
    try:
        api = connected(surroundings, urls)
        decision = _asked(api, body, surroundings, (timeout or timedelta(hours=1)) if wait else None)
    except ApiError as error:
        _print_error(error, output)
        sys.exit(error.exit_code)
    _print(decision, output)
    sys.exit(BLOCKED if decision["verdict"] == "block" else 0)


def _crossed(
    accounts: Sequence[str], regions: Sequence[str], services: Sequence[str], zones: Sequence[str]
) -> list[dict[str, Any]]:
    """A target for each account in each Region, each with all services and zones."""
    if not regions and (accounts or services or zones):
        raise click.UsageError("--account, --service and --az say what --region leaves open: give --region as well.")
    listed = {"services": list(services), "availability_zones": list(zones)}
    return [
        ({"account": account} if account else {}) | {"region": region} | listed
        for account, region in product(accounts or ("",), regions)
    ]


def _question(targets: Sequence[str], crossed: Sequence[Mapping[str, Any]], pipeline: str | None) -> dict[str, Any]:
    if targets and crossed:
        raise click.UsageError("Give either --target or --region (with --account, --service, --az), not both.")
    asked = [*targets, *crossed]
    if not asked:
        raise click.UsageError("Say where the deployment goes: --target ACCOUNT/REGION, or --region REGION.")
    if len(asked) > MAX_TARGETS:
        message = f"That makes {len(asked)} targets; one question has at most {MAX_TARGETS}. Ask more than once."
        raise click.UsageError(message)
    return {"targets": asked, "source": "cli"} | ({"pipeline": {"name": pipeline}} if pipeline is not None else {})


def _asked(
    api: DecisionApi, body: Mapping[str, Any], surroundings: Surroundings, timeout: timedelta | None
) -> dict[str, Any]:
    def ask() -> dict[str, Any]:
        return without_gate(api.decide(body))

    return ask() if timeout is None else ask_until(ask, timeout, surroundings, _say)


def _say(message: str) -> None:
    click.echo(harmless(message), err=True)


def _print(decision: Mapping[str, Any], output: str) -> None:
    if output == "json":
        click.echo(harmless_json(decision))
        return
    lines: Callable[[Mapping[str, Any]], Any] = github_lines if output == "github" else text_lines
    for line in lines(decision):
        click.echo(line, color=None)
    if output == "github":
        _set_outputs(decision)


def _set_outputs(decision: Mapping[str, Any]) -> None:
    """Outside GitHub Actions there is no file for them. One that cannot be written changes no verdict."""
    file = os.environ.get("GITHUB_OUTPUT")
    if not file:
        return
    try:
        with Path(file).open("a", encoding="utf-8") as outputs:
            outputs.writelines(f"{line}\n" for line in github_outputs(decision))
    except OSError as error:
        _say(f"The step's outputs could not be written ({error}); the verdict stands.")


def _print_error(error: ApiError, output: str) -> None:
    """The message on stderr and, where a machine reads stdout, the same in its form."""
    _say(str(error))
    if output == "json":
        problem = error.problem if isinstance(error, Refused) else None
        click.echo(harmless_json({"verdict": None, "error": str(error), "problem": problem}))
    elif output == "github":
        click.echo(github_command("block", "org-gate: no verdict", harmless(error)))
