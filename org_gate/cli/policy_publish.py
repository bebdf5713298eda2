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

from org_gate.cli.comparison import comparison_lines
from org_gate.cli.output import INVALID, format_option, print_json, problem_of, stop, stop_unanswered
from org_gate.cli.policy_cases import played
from org_gate.cli.policy_files import cases_file, cases_or_stop, file_argument, name_of, policy_or_stop
from org_gate.cli.policy_show import difference_lines, with_defaults
from org_gate.cli.policy_testing import FAILED, case_lines
from org_gate.cli.reaching import connected, url_option
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.client.api import DecisionApi, Taken
from org_gate.client.errors import ApiError, NoAnswer, NoCredentials, Refused
from org_gate.policy.diff import Difference, differences
from org_gate.policy.load import policy_data
from org_gate.policy.warnings import warnings

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
    cells, failed = _looked_at(surroundings, urls, wish, output)
    behind = [cell for cell in cells if not cell.has_it]
    for line in (*_changes(cells), *_compared(behind, wish, output)):
        click.echo(line, err=output == "json")
    _tell(failed)
    if behind:
        _ask(len(behind), yes=yes, output=output)
    taken = _everywhere(behind, wish, expected_version, output)
    not_taken = [*failed, *(one for one in taken if one.answer is None)]
    if behind and any(isinstance(one.error, NoAnswer) for one in not_taken):
        click.echo("It does not hold everywhere. Publish again; where it holds already, nothing is done.", err=True)
    if output == "json":
        had_it = [cell for cell in cells if cell.has_it]
        print_json({"done": not not_taken, "urls": [*map(_had_json, had_it), *map(_taken_json, (*taken, *failed))]})
    sys.exit(_code(not_taken))


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
        return _Wish(policy_data(policy), note)
    outcomes = played(cases_or_stop(beside, output), policy)
    for line in case_lines(outcomes):
        click.echo(f"{harmless(beside)}: {line}", err=True)
    if not all(outcome.passed for outcome in outcomes):
        why = "Nothing was published: change the policy, or the cases where they are what is wrong."
        stop(why, FAILED, output=output)
    return _Wish(policy_data(policy), note)


def _again(surroundings: Surroundings, urls: Sequence[str], version: int, note: str | None, output: str) -> _Wish:
    """The older version as the first URL that answers has it, with a note that says so."""
    try:
        found = connected(surroundings, urls).policy(version)
    except ApiError as error:
        stop_unanswered(error, output)
    why = f"Back to version {version}: {note or found['note'] or 'no note'}"
    return _Wish(with_defaults(found["policy"], output), why[:1000])


def _looked_at(
    surroundings: Surroundings, urls: Sequence[str], wish: _Wish, output: str
) -> tuple[list[_Cell], list[Taken]]:
    """The cells that tell what holds there, and those that do not. Ends the command where none does."""
    cells: list[_Cell] = []
    failed: list[Taken] = []
    for url in urls:
        try:
            api = connected(surroundings, (url,))
            present = api.policies()
        except NoCredentials as error:
            stop_unanswered(error, output)
        except (Refused, NoAnswer) as error:
            failed.append(Taken(url, None, error))
            continue
        before = with_defaults(present["policy"] or {"version": 1}, output)
        cells.append(_Cell(url, api, present["policy_version"], tuple(differences(before, wish.policy))))
    if not cells:
        _tell(failed)
        stop("Nothing was published.", _code(failed), output=output)
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


def _compared(behind: Sequence[_Cell], wish: _Wish, output: str) -> Iterator[str]:
    try:
        for cell in behind:
            yield from comparison_lines(cell.url, cell.api, wish.policy)
    except NoCredentials as error:
        stop_unanswered(error, output)


def _ask(cells: int, *, yes: bool, output: str) -> None:
    """Ends the command where nobody says yes."""
    if yes:
        return
    if not sys.stdin.isatty():
        why = "Nothing was published: there is no terminal to ask at. Say --yes to publish without being asked."
        stop(why, output=output)
    where = "" if cells == 1 else f" to {cells} decision APIs"
    if not click.confirm(f"Publish this{where}?", err=True):
        stop("Nothing was published.", INVALID, output=output)


def _everywhere(behind: Sequence[_Cell], wish: _Wish, expected_version: int | None, output: str) -> list[Taken]:
    """Publishes to each, and tells of each at once: what comes later may go wrong."""
    taken = []
    for cell in behind:
        one = _published(cell, wish, expected_version, output)
        taken.append(one)
        if one.answer is None:
            _tell([one])
            continue
        url = harmless(one.url)
        click.echo(f"{url}: version {one.answer['policy_version']} holds from now on.", err=output == "json")
        if one.answer.get("announced") is False:
            click.echo(f"{url}: did not announce it; tell those who should know.", err=True)
    return taken


def _published(cell: _Cell, wish: _Wish, expected_version: int | None, output: str) -> Taken:
    expected = cell.version if expected_version is None else expected_version
    try:
        (taken,) = cell.api.publish_policy(wish.policy, note=wish.note, expected_version=expected)
    except NoCredentials as error:
        stop_unanswered(error, output)
    return taken


def _had_json(cell: _Cell) -> dict[str, Any]:
    return {"url": cell.url, "outcome": "had_it", "policy_version": cell.version, "error": None, "problem": None}


def _taken_json(one: Taken) -> dict[str, Any]:
    version = None if one.answer is None else one.answer["policy_version"]
    not_taken = "no_answer" if isinstance(one.error, NoAnswer) else "refused"
    return {
        "url": one.url,
        "outcome": "taken" if one.error is None else not_taken,
        "policy_version": version,
        "error": None if one.error is None else _why(one),
        "problem": problem_of(one.error),
    }


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
