"""``org-gate rollout plan``: what `apply` would create, change and remove. Reads, and does nothing else (C1)."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

import click

from org_gate.cli.output import format_option, print_json
from org_gate.cli.rollout_settings import config_option, first_policy, settings_or_stop, told
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.inventory.settings import Settings
from org_gate.rollout.files import cache_folder
from org_gate.rollout.lambda_platform import RELEASE, this_machine
from org_gate.rollout.plan_facts import Wanted, look, wanted
from org_gate.rollout.plan_json import plan_data
from org_gate.rollout.plan_model import Plan
from org_gate.rollout.plan_text import plan_lines

LAMBDA: Final = "lambda"
HERE: Final = "this-machine"
_LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")

_Command = TypeVar("_Command", bound=Callable[..., None])


def _where_aws_is() -> str:
    """A function that AWS's stand-in on this machine starts has to run here."""
    return HERE if urlsplit(os.environ.get("AWS_ENDPOINT_URL", "")).hostname in _LOOPBACK else LAMBDA


def build_option(command: _Command) -> _Command:
    """``--build-for``, as ``build_for``."""
    return click.option(
        "--build-for",
        type=click.Choice([LAMBDA, HERE]),
        default=_where_aws_is,
        envvar="ORG_GATE_BUILD_FOR",
        show_default=f"{LAMBDA}, but {HERE} where AWS_ENDPOINT_URL is on this machine",
        show_envvar=True,
        help="Where the central functions run: in AWS, or with this machine's Python, as under `org-gate simulate`.",
    )(command)


def wanted_by(settings: Settings, config: Path, build_for: str, output: str = "text") -> Wanted:
    """What the settings come to with this version. Ends the command where the policy is not valid."""
    policy = first_policy(config, settings, output)
    return wanted(settings, policy, cache_folder(), platform=this_machine() if build_for == HERE else RELEASE)


@click.command(short_help="What `apply` would create, change and remove; does nothing.")
@config_option
@build_option
@format_option
@click.pass_context
def plan(ctx: click.Context, *, config: Path, build_for: str, output: str) -> None:
    """What `org-gate rollout apply` would do: the central part, then wave by wave the gates of every account.

    With credentials of the central account. It only reads, with calls that grow with pages and not with accounts.
    As text it counts and names some; as JSON it names every gate.

    Exits with 0 whatever there is to do, with 2 where the settings are not valid, with 3 where it could not be found
    out.
    """
    settings = settings_or_stop(config, output)
    surroundings = ctx.obj or Surroundings()
    with told(output):
        found = look(surroundings.aws(), wanted_by(settings, config, build_for, output))
    if output == "json":
        print_json(plan_data(found))
        return
    show(found)


def show(plan: Plan) -> None:
    """For people."""
    for line in plan_lines(plan):
        click.echo(harmless(line))
