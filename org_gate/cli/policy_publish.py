"""``org-gate policy publish``: a policy becomes the next version, at every URL, or is told why not (C1, C2).

Nothing is published before the file is valid, its example cases come out as expected, and a person (or ``--yes``)
has said so. Cells are independent, so each is compared and asked by its own present version: whoever publishes over
a version that is not the present one any more is refused.
"""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import click

from org_gate.cli import policy_cells
from org_gate.cli.comparison import comparison_lines
from org_gate.cli.output import format_option, stop, stop_unanswered
from org_gate.cli.policy_cases import played
from org_gate.cli.policy_files import cases_file, cases_or_stop, file_argument, name_of, policy_or_stop
from org_gate.cli.policy_show import with_defaults
from org_gate.cli.policy_testing import FAILED, case_lines
from org_gate.cli.reaching import connected, url_option
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.client.errors import ApiError, NoCredentials
from org_gate.policy.load import policy_data
from org_gate.policy.warnings import warnings


class _Wish(NamedTuple):
    """What is to be published, and why."""

    wanted: policy_cells.Wanted
    note: str


@click.command(short_help="Make a policy the next version, or go back to an older one.")
@file_argument(required=False)
@click.option(
    "--version",
    type=click.IntRange(min=1),
    metavar="N",
    help="Instead of FILE: publish version N again, to go back to it.",
)
@click.option("--note", metavar="TEXT", help="Why, for those who read it later. Required with FILE.")
@click.option("--yes", is_flag=True, help="Publish without asking.")
@click.option(
    "--expected-version",
    type=click.IntRange(min=0),
    metavar="N",
    help="Publish only if N is the present version (0: there is none). Default: the one that is compared with.",
)
@format_option
@url_option(required=True, what="published to, all of them")
@click.pass_context
def publish(
    ctx: click.Context,
    *,
    file: Path | None,
    version: int | None,
    note: str | None,
    yes: bool,
    expected_version: int | None,
    output: str,
    urls: tuple[str, ...],
) -> None:
    """Publish the policy in FILE as the next version, or an older version again.

    Plays the example cases beside the file, says what changes and which of the last 500 recorded decisions it would
    have changed, asks, publishes to every URL and says which took it. Where somebody else published meanwhile, one
    of the two wins and the other is told. For the central account alone. Exits with 1 where an example case fails,
    with 2 where the policy is not valid or was refused, with 3 where a URL did not answer.
    """
    surroundings = ctx.obj or Surroundings()
    wish = _wish(surroundings, urls, file, version, note, output=output)
    looked = policy_cells.look(surroundings, urls, wish.wanted, output)
    for line in (*policy_cells.changes(looked), *_compared(looked.behind, output)):
        click.echo(line, err=output == "json")
    sys.exit(policy_cells.publish(looked, wish.note, expected_version, yes=yes, output=output))


def _wish(
    surroundings: Surroundings,
    urls: Sequence[str],
    file: Path | None,
    version: int | None,
    note: str | None,
    *,
    output: str,
) -> _Wish:
    if (file is None) == (version is None):
        raise click.UsageError("Give either FILE, or --version N to publish an older version again.")
    if file is None:
        return _again(surroundings, urls, version or 0, note, output)
    if note is None or not note.strip():
        raise click.UsageError("Say why with --note TEXT, for those who read it later.")
    return _from_file(file, note, output)


def _from_file(file: Path, note: str, output: str) -> _Wish:
    """Valid, and its example cases come out as expected; else the command ends here."""
    policy = policy_or_stop(file, output)
    for warning in warnings(policy):
        click.echo(f"{harmless(name_of(file))}: warning: {harmless(warning)}", err=True)
    beside = cases_file(file)
    if beside is None:
        click.echo(f"There are no example cases beside {harmless(name_of(file))}, so none were played.", err=True)
        return _Wish(lambda _api, _present: policy_data(policy), note)
    outcomes = played(cases_or_stop(beside, output), policy)
    for line in case_lines(outcomes):
        click.echo(f"{harmless(beside)}: {line}", err=True)
    if not all(outcome.passed for outcome in outcomes):
        why = "Nothing was published: change the policy, or the cases where they are what is wrong."
        stop(why, FAILED, output=output)
    return _Wish(lambda _api, _present: policy_data(policy), note)


def _again(surroundings: Surroundings, urls: Sequence[str], version: int, note: str | None, output: str) -> _Wish:
    """The older version as the first URL that answers has it, with a note that says so."""
    try:
        found = connected(surroundings, urls).policy(version)
    except ApiError as error:
        stop_unanswered(error, output)
    why = f"Back to version {version}: {note or found['note'] or 'no note'}"
    older = with_defaults(found["policy"], output)
    return _Wish(lambda _api, _present: older, why[:1000])


def _compared(behind: Sequence[policy_cells.Cell], output: str) -> Iterator[str]:
    try:
        for cell in behind:
            yield from comparison_lines(cell.url, cell.api, cell.policy)
    except NoCredentials as error:
        stop_unanswered(error, output)
