"""``org-gate policy publish``: a policy becomes the next version, at every URL, or is told why not (C1, C2).

Nothing is published before the file is valid, its example cases come out as expected, and a person (or ``--yes``)
has said so. Cells are independent, so each is compared and asked by its own present version: whoever publishes over
a version that is not the present one any more is refused.
"""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import click

from org_gate.cli.policy_cases import played
from org_gate.cli.policy_files import (
    INVALID,
    cases_file,
    cases_or_stop,
    file_argument,
    name_of,
    policy_or_stop,
    stop,
    stop_unanswered,
)
from org_gate.cli.policy_show import difference_lines, with_defaults
from org_gate.cli.policy_testing import FAILED, case_lines
from org_gate.cli.reaching import connected, url_option
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.client.api import DecisionApi, Taken
from org_gate.client.errors import ApiError, NoAnswer, NoCredentials, Refused
from org_gate.policy.diff import Difference, differences
from org_gate.policy.load import policy_data, warnings

_CONFLICT = 409


class _Wish(NamedTuple):
    """What is to be published, and why."""

    policy: dict[str, Any]
    note: str


@dataclass(frozen=True, slots=True)
class _Cell:
    """One decision API, its present version (0: none) and what would change there."""

    url: str
    api: DecisionApi
    version: int
    changes: tuple[Difference, ...]

    @property
    def has_it(self) -> bool:
        return self.version > 0 and not self.changes


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
    urls: tuple[str, ...],
) -> None:
    """Publish the policy in FILE as the next version, or an older version again.

    Plays the example cases beside the file, says what changes, asks, publishes to every URL and says which took it.
    Where somebody else published meanwhile, one of the two wins and the other is told. For the central account
    alone. Exits with 1 where an example case fails, with 2 where the policy is not valid or was refused, with 3
    where a URL did not answer.
    """
    surroundings = ctx.obj or Surroundings()
    wish = _wish(surroundings, urls, file, version, note)
    cells, failed = _looked_at(surroundings, urls, wish)
    behind = [cell for cell in cells if not cell.has_it]
    for line in _changes(cells):
        click.echo(line)
    _tell(failed)
    if not behind:
        sys.exit(_code(failed))
    _ask(len(behind), yes=yes)
    taken = [_published(cell, wish, expected_version) for cell in behind]
    for one in taken:
        if one.answer is not None:
            click.echo(f"{harmless(one.url)}: version {one.answer['policy_version']} holds from now on.")
    refused = [one for one in taken if one.answer is None]
    _tell(refused)
    if any(isinstance(one.error, NoAnswer) for one in (*failed, *refused)):
        click.echo("It does not hold everywhere. Publish again; where it holds already, nothing is done.", err=True)
    sys.exit(_code([*failed, *refused]))


def _wish(
    surroundings: Surroundings, urls: Sequence[str], file: Path | None, version: int | None, note: str | None
) -> _Wish:
    if (file is None) == (version is None):
        raise click.UsageError("Give either FILE, or --version N to publish an older version again.")
    if file is None:
        return _again(surroundings, urls, version or 0, note)
    if note is None or not note.strip():
        raise click.UsageError("Say why with --note TEXT, for those who read it later.")
    return _from_file(file, note)


def _from_file(file: Path, note: str) -> _Wish:
    """Valid, and its example cases come out as expected; else the command ends here."""
    policy = policy_or_stop(file)
    for warning in warnings(policy):
        click.echo(f"{harmless(name_of(file))}: warning: {harmless(warning)}", err=True)
    beside = cases_file(file)
    if beside is None:
        click.echo(f"There are no example cases beside {harmless(name_of(file))}, so none were played.", err=True)
        return _Wish(policy_data(policy), note)
    outcomes = played(cases_or_stop(beside), policy)
    for line in case_lines(outcomes):
        click.echo(f"{harmless(beside)}: {line}", err=True)
    if not all(outcome.passed for outcome in outcomes):
        stop("Nothing was published: change the policy, or the cases where they are what is wrong.", FAILED)
    return _Wish(policy_data(policy), note)


def _again(surroundings: Surroundings, urls: Sequence[str], version: int, note: str | None) -> _Wish:
    """The older version as the first URL that answers has it, with a note that says so."""
    try:
        found = connected(surroundings, urls).policy(version)
    except ApiError as error:
        stop_unanswered(error)
    why = f"Back to version {version}: {note or found['note'] or 'no note'}"
    return _Wish(with_defaults(found["policy"]), why[:1000])


def _looked_at(surroundings: Surroundings, urls: Sequence[str], wish: _Wish) -> tuple[list[_Cell], list[Taken]]:
    """The cells that tell what holds there, and those that do not. Ends the command where none does."""
    cells: list[_Cell] = []
    failed: list[Taken] = []
    for url in dict.fromkeys(url.rstrip("/") for url in urls):
        try:
            api = connected(surroundings, (url,))
            present = api.policies()
        except NoCredentials as error:
            stop_unanswered(error)
        except (Refused, NoAnswer) as error:
            failed.append(Taken(url, None, error))
            continue
        before = with_defaults(present["policy"] or {"version": 1})
        cells.append(_Cell(url, api, present["policy_version"], tuple(differences(before, wish.policy))))
    if not cells:
        _tell(failed)
        stop("Nothing was published.", _code(failed))
    return cells, failed


def _changes(cells: Sequence[_Cell]) -> Iterator[str]:
    """What changes, once for all cells where it is the same."""
    told: dict[tuple[int, tuple[str, ...]], list[_Cell]] = {}
    for cell in cells:
        if cell.has_it:
            yield f"{harmless(cell.url)}: version {cell.version} is this policy already; nothing to do."
        else:
            told.setdefault((cell.version, tuple(one.text for one in cell.changes)), []).append(cell)
    for (version, _), alike in told.items():
        where = ", ".join(harmless(cell.url) for cell in alike)
        compared = f"compared with version {version}" if version else "the first policy, compared with the defaults"
        yield f"{where}: {compared}:"
        yield from difference_lines(alike[0].changes)


def _ask(cells: int, *, yes: bool) -> None:
    """Ends the command where nobody says yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        stop("Nothing was published: there is no terminal to ask at. Say --yes to publish without being asked.")
    where = "" if cells == 1 else f" to {cells} decision APIs"
    if not click.confirm(f"Publish this{where}?", err=True):
        stop("Nothing was published.", INVALID)


def _published(cell: _Cell, wish: _Wish, expected_version: int | None) -> Taken:
    expected = cell.version if expected_version is None else expected_version
    try:
        (taken,) = cell.api.publish_policy(wish.policy, note=wish.note, expected_version=expected)
    except NoCredentials as error:
        stop_unanswered(error)
    return taken


def _tell(failed: Sequence[Taken]) -> None:
    for one in failed:
        click.echo(harmless(f"{one.url}: not published. {_why(one)}"), err=True)


def _why(one: Taken) -> str:
    if isinstance(one.error, Refused) and one.error.status == _CONFLICT:
        return (
            "Somebody else published another version meanwhile. See what it changed (`org-gate policy diff FILE`), "
            "bring it into your file, and publish again."
        )
    return str(one.error)


def _code(failed: Sequence[Taken]) -> int:
    """The most severe: that somebody did not answer is worse than a refusal, as nothing is known of it."""
    return max((one.error.exit_code for one in failed if one.error is not None), default=0)
