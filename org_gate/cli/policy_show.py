"""``org-gate policy show`` and ``diff``: what holds, and what a change of it says (C1). Both only read."""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
from pydantic import ValidationError

from org_gate.cli.output import format_option, stop, stop_unanswered
from org_gate.cli.parameters import DurationType
from org_gate.cli.policy_files import file_argument, name_of, policy_or_stop
from org_gate.cli.reaching import connected, url_option
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.cli.would_be import show_would_be
from org_gate.client.api import DecisionApi
from org_gate.client.errors import ApiError
from org_gate.policy.diff import Difference, differences
from org_gate.policy.document import written
from org_gate.policy.load import policy_data, policy_from_data
from org_gate.report.plain import count

_VERSION = click.IntRange(min=1)


@click.command(short_help="Print the policy that holds, or an older version.")
@click.argument("version", required=False, type=_VERSION)
@click.option(
    "--would-be",
    "span",
    type=DurationType(),
    metavar="DURATION",
    help="Instead of the policy: how many decisions of that time (30d) mode enforce would have blocked, by OU.",
)
@format_option
@url_option(required=True, what="tried in order; all are counted for --would-be")
@click.pass_context
def show(
    ctx: click.Context, *, version: int | None, span: timedelta | None, output: str, urls: tuple[str, ...]
) -> None:
    """Print the policy that holds, or VERSION of it: as YAML, with who published it, when and why.

    What is printed is a policy file again. With --would-be: what enforcing would have blocked that warn and shadow
    let through. For the central account alone.

    \b
      org-gate policy show
      org-gate policy show 6 --format json
      org-gate policy show --would-be 30d

    Exits with 2 where there is no such version, with 3 where something could not be found out.
    """  # noqa: D301  click's own mark: these lines are not to be rewrapped
    if span is not None:
        if version is not None:
            raise click.UsageError("--would-be counts decisions of any version; leave VERSION out.")
        sys.exit(show_would_be(ctx.obj or Surroundings(), urls, span, output))
    try:
        found, present = _version(connected(ctx.obj or Surroundings(), urls), version, output)
    except ApiError as error:
        stop_unanswered(error, output)
    if output == "json":
        click.echo(json.dumps(found | {"present": found["version"] == present}, indent=2))
        return
    for line in _heading(found, present):
        click.echo(f"# {line}")
    click.echo(written(found["policy"]), nl=False)


def _version(api: DecisionApi, version: int | None, output: str) -> tuple[dict[str, Any], int]:
    """The version and the number of the present one. Ends the command where none was published."""
    present = int(api.status()["policy_version"])
    if present == 0 and version is None:
        hint = "Publish one with `org-gate policy publish FILE --note WHY`."
        stop(f"No policy has been published yet. {hint}", output=output)
    return api.policy(version or present), present


def _heading(found: Mapping[str, Any], present: int) -> Iterator[str]:
    holds = "holds now" if found["version"] == present else f"does not hold now; version {present} does"
    yield f"Version {found['version']} of the policy; it {holds}."
    yield f"Published {harmless(found['at'])} by {harmless(found['who'])}."
    yield f"Note: {harmless(found['note']) or 'none'}"


@click.command(short_help="Say in words what changes with a policy.")
@file_argument()
@click.option(
    "--against",
    metavar="VERSION|FILE",
    help="What to compare with: a published version, or another file. Default: the version that holds.",
)
@format_option
@url_option(required=False, what="tried in order; not needed to compare two files")
@click.pass_context
def diff(ctx: click.Context, *, file: Path, against: str | None, output: str, urls: tuple[str, ...]) -> None:
    """Say in words what changes with the policy in FILE: rule by rule and field by field.

    Exits with 0 whether something changes or not, with 2 where a file is not valid or there is no such version,
    with 3 where nothing could be found out.
    """
    after = policy_data(policy_or_stop(file, output))
    if against is not None and not against.isdecimal():
        before, what = policy_data(policy_or_stop(Path(against), output)), name_of(Path(against))
    else:
        before, what = _published(ctx.obj or Surroundings(), urls, against, output)
    found = differences(before, after)
    if output == "json":
        told = {"file": name_of(file), "against": what, "changes": [asdict(one) for one in found]}
        click.echo(json.dumps(told, indent=2))
        return
    click.echo(f"{harmless(name_of(file))}, compared with {harmless(what)}:")
    for line in difference_lines(found):
        click.echo(line)


def _published(
    surroundings: Surroundings, urls: Sequence[str], version: str | None, output: str
) -> tuple[dict[str, Any], str]:
    """A published version as it reads with all defaults, and what to call it."""
    if not urls:
        raise click.UsageError("Say where the decision API is: --url or ORG_GATE_URL. Or compare with a file.")
    if version is not None and int(version) == 0:
        raise click.UsageError("Versions are numbered from 1.")
    try:
        number = None if version is None else int(version)
        found, present = _version(connected(surroundings, urls), number, output)
    except ApiError as error:
        stop_unanswered(error, output)
    which = "version {}, which holds now" if found["version"] == present else "version {}"
    return with_defaults(found["policy"], output), which.format(found["version"])


def with_defaults(data: Mapping[str, Any], output: str = "text") -> dict[str, Any]:
    """A published policy as this version writes it. Ends the command where it cannot read it."""
    try:
        return policy_data(policy_from_data(dict(data)))
    except ValidationError:
        why = "What was published there needs another version of org-gate to be read; use the one it came from."
        stop(why, output=output)


def difference_lines(found: Sequence[Difference]) -> Iterator[str]:
    """Each change on a line, and how many there are."""
    for one in found:
        yield f"  {harmless(one.text)}"
    yield f"{count(len(found), 'change')}." if found else "Nothing changes."
