"""A policy published to every decision API, by each one's own present version, and told URL by URL (C2).

Cells are independent: each is asked what holds there, gets what is wanted there, and is told apart in what is printed.
Whoever publishes over a version that is not the present one any more is refused.
"""

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import click

from org_gate.cli.output import INVALID, print_json, problem_of, stop, stop_unanswered
from org_gate.cli.policy_show import difference_lines, with_defaults
from org_gate.cli.reaching import connected
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.client.api import DecisionApi, Taken
from org_gate.client.errors import NoAnswer, NoCredentials, Refused
from org_gate.policy.diff import Difference, differences

_CONFLICT = 409

Wanted = Callable[[DecisionApi, Mapping[str, Any]], dict[str, Any]]
"""The policy for a cell, from what ``DecisionApi.policies`` tells of it. Raises ApiError."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One decision API, its present version (0: none), the policy for it, and what would change there."""

    url: str
    api: DecisionApi
    version: int
    policy: dict[str, Any]
    changes: tuple[Difference, ...]

    @property
    def has_it(self) -> bool:
        return self.version > 0 and not self.changes


@dataclass(frozen=True, slots=True)
class Looked:
    """The cells that tell what holds there, and those that do not."""

    cells: tuple[Cell, ...]
    failed: tuple[Taken, ...]

    @property
    def behind(self) -> tuple[Cell, ...]:
        """Where there is something to publish."""
        return tuple(cell for cell in self.cells if not cell.has_it)


def look(surroundings: Surroundings, urls: Sequence[str], wanted: Wanted, output: str) -> Looked:
    """Asks every URL. Ends the command where none tells what holds there."""
    cells: list[Cell] = []
    failed: list[Taken] = []
    for url in urls:
        try:
            cells.append(_cell(url, connected(surroundings, (url,)), wanted, output))
        except NoCredentials as error:
            stop_unanswered(error, output)
        except (Refused, NoAnswer) as error:
            failed.append(Taken(url, None, error))
    if not cells:
        _tell(failed)
        stop("Nothing was published.", _code(failed), output=output)
    return Looked(tuple(cells), tuple(failed))


def _cell(url: str, api: DecisionApi, wanted: Wanted, output: str) -> Cell:
    present = api.policies()
    policy = wanted(api, present)
    before = with_defaults(present["policy"] or {"version": 1}, output)
    return Cell(url, api, present["policy_version"], policy, tuple(differences(before, policy)))


def publish(looked: Looked, note: str, expected_version: int | None, *, yes: bool, output: str) -> int:
    """Asks, publishes, tells; the exit code. Ends the command where nobody says yes."""
    _tell(looked.failed)
    behind = looked.behind
    if behind:
        _ask(len(behind), yes=yes, output=output)
    taken = _everywhere(behind, note, expected_version, output)
    not_taken = [*looked.failed, *(one for one in taken if one.answer is None)]
    if behind and any(isinstance(one.error, NoAnswer) for one in not_taken):
        click.echo("It does not hold everywhere. Publish again; where it holds already, nothing is done.", err=True)
    if output == "json":
        had_it = [cell for cell in looked.cells if cell.has_it]
        urls = [*map(_had_json, had_it), *map(_taken_json, (*taken, *looked.failed))]
        print_json({"done": not not_taken, "urls": urls})
    return _code(not_taken)


def changes(looked: Looked) -> Iterator[str]:
    """What changes, once for all cells where it is the same."""
    told: dict[tuple[int, tuple[str, ...]], list[Cell]] = {}
    for cell in looked.cells:
        if cell.has_it:
            yield f"{harmless(cell.url)}: version {cell.version} is this policy already; nothing to do."
        else:
            told.setdefault((cell.version, tuple(one.text for one in cell.changes)), []).append(cell)
    for (version, _), alike in told.items():
        where = ", ".join(harmless(cell.url) for cell in alike)
        compared = f"compared with version {version}" if version else "the first policy, compared with the defaults"
        yield f"{where}: {compared}:"
        yield from difference_lines(alike[0].changes)


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


def _everywhere(behind: Sequence[Cell], note: str, expected_version: int | None, output: str) -> list[Taken]:
    """Publishes to each, and tells of each at once: what comes later may go wrong."""
    taken = []
    for cell in behind:
        one = _published(cell, note, expected_version, output)
        taken.append(one)
        if one.answer is None:
            _tell([one])
            continue
        url = harmless(one.url)
        click.echo(f"{url}: version {one.answer['policy_version']} holds from now on.", err=output == "json")
        if one.answer.get("announced") is False:
            click.echo(f"{url}: did not announce it; tell those who should know.", err=True)
    return taken


def _published(cell: Cell, note: str, expected_version: int | None, output: str) -> Taken:
    expected = cell.version if expected_version is None else expected_version
    try:
        (taken,) = cell.api.publish_policy(cell.policy, note=note, expected_version=expected)
    except NoCredentials as error:
        stop_unanswered(error, output)
    return taken


def _had_json(cell: Cell) -> dict[str, Any]:
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
