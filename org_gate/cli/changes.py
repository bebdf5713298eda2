"""A change sent to every decision API, told URL by URL: which took it, which did not, and what to do about it (C2).

The command line makes the id, once, so that every cell keeps the same and one revocation ends it everywhere.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import click

from org_gate.cli.output import INVALID, print_json, problem_of, stop_unanswered
from org_gate.cli.reaching import connected
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.client.api import DecisionApi, Taken
from org_gate.client.cells import NOT_FOUND
from org_gate.client.errors import NoAnswer, NoCredentials

_CONFLICT: Final = 409
Outcome = Literal["taken", "had_it", "unknown_id", "refused", "no_answer"]
_DONE: Final = frozenset({"taken", "had_it"})
_REPEATED: Final[Mapping[int, Outcome]] = {_CONFLICT: "had_it"}
_ENDING: Final[Mapping[int, Outcome]] = {NOT_FOUND: "unknown_id"}


@dataclass(frozen=True, slots=True)
class Thing:
    """What is made and ended, in words. ``held`` and ``ended`` say it of an answer of the API."""

    noun: str
    prefix: str
    end_command: str
    held: Callable[[Mapping[str, Any]], str]
    ended: Callable[[Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class _Cell:
    """What one URL made of the change."""

    taken: Taken
    outcome: Outcome

    @property
    def answer(self) -> Mapping[str, Any]:
        return self.taken.answer or {}

    @property
    def url(self) -> str:
        return harmless(self.taken.url)

    def as_json(self) -> dict[str, Any]:
        error = self.taken.error
        said = {"error": None if error is None else str(error), "problem": problem_of(error)}
        return {"url": self.taken.url, "outcome": self.outcome, "answer": self.taken.answer} | said


def make(
    surroundings: Surroundings,
    urls: Sequence[str],
    thing: Thing,
    send: Callable[[DecisionApi, Mapping[str, Any]], Sequence[Taken]],
    body: Mapping[str, Any],
    *,
    given_id: str | None,
    output: str,
) -> int:
    """Makes it everywhere and tells; the exit code. With an id that was given, where it is already counts as done."""
    made_id = given_id or thing.prefix + surroundings.new_id()
    named = {name: value for name, value in body.items() if value not in (None, (), False)} | {"id": made_id}
    cells = _sent(surroundings, urls, lambda api: send(api, named), output, _REPEATED if given_id else {})
    _print(cells, made_id, output, _made_lines(thing, made_id, cells))
    _warn(_not_made(thing, made_id, cells))
    return _code(cells)


def end(
    surroundings: Surroundings,
    urls: Sequence[str],
    thing: Thing,
    send: Callable[[DecisionApi, str], Sequence[Taken]],
    ended_id: str,
    *,
    output: str,
) -> int:
    """Ends it everywhere and tells; the exit code. Where it never was, nothing is left to do, if one URL knew it."""
    cells = _sent(surroundings, urls, lambda api: send(api, ended_id), output, _ENDING)
    _print(cells, ended_id, output, _ended_lines(thing, cells))
    _warn(_not_ended(thing, ended_id, cells))
    return _code(cells)


def _sent(
    surroundings: Surroundings,
    urls: Sequence[str],
    send: Callable[[DecisionApi], Sequence[Taken]],
    output: str,
    expected: Mapping[int, Outcome],
) -> list[_Cell]:
    try:
        taken = send(connected(surroundings, urls))
    except NoCredentials as error:
        stop_unanswered(error, output)
    return [_Cell(one, _outcome(one, expected)) for one in taken]


def _outcome(one: Taken, expected: Mapping[int, Outcome]) -> Outcome:
    if one.error is None:
        return "taken"
    return "no_answer" if isinstance(one.error, NoAnswer) else expected.get(one.error.status, "refused")


def _code(cells: Sequence[_Cell]) -> int:
    """The most severe: that somebody did not answer is worse than a refusal, as nothing is known of it."""
    known = any(cell.outcome in _DONE for cell in cells)
    return max(_code_of(cell, known=known) for cell in cells)


def _code_of(cell: _Cell, *, known: bool) -> int:
    if cell.outcome == "unknown_id":
        return 0 if known else INVALID
    return 0 if cell.outcome in _DONE or cell.taken.error is None else cell.taken.error.exit_code


def _print(cells: Sequence[_Cell], the_id: str, output: str, lines: Iterator[str]) -> None:
    if output == "json":
        done = _code(cells) == 0
        print_json({"id": the_id, "done": done, "urls": [cell.as_json() for cell in cells]})
        return
    for line in lines:
        click.echo(line)


def _warn(lines: Iterator[str]) -> None:
    for line in lines:
        click.echo(line, err=True)


def _made_lines(thing: Thing, made_id: str, cells: Sequence[_Cell]) -> Iterator[str]:
    if any(cell.outcome in _DONE for cell in cells):
        yield f"{thing.noun.capitalize()} {made_id}"
    for cell in cells:
        if cell.outcome == "taken":
            yield f"{cell.url}: {thing.held(cell.answer)}"
        elif cell.outcome == "had_it":
            yield f"{cell.url}: has it already."


def _not_made(thing: Thing, made_id: str, cells: Sequence[_Cell]) -> Iterator[str]:
    for cell in cells:
        if cell.outcome == "refused":
            yield f"{cell.url}: did not take it. {harmless(cell.taken.error)}"
        elif cell.outcome == "no_answer":
            yield f"{cell.url}: may or may not have taken it. {_silence(cell)}"
        elif cell.answer.get("announced") is False:
            yield f"{cell.url}: took it, but did not announce it; tell those who should know of it yourself."
    if any(cell.outcome == "no_answer" for cell in cells):
        yield (
            f"Repeat the same command with --id {made_id} once those URLs answer: where the {thing.noun} is already, "
            f"nothing is done. Or take it back everywhere: {thing.end_command} {made_id}"
        )
    elif _code(cells) and any(cell.outcome in _DONE for cell in cells):
        yield f"It does not hold everywhere. Take it back where it does: {thing.end_command} {made_id}"


def _ended_lines(thing: Thing, cells: Sequence[_Cell]) -> Iterator[str]:
    known = any(cell.outcome == "taken" for cell in cells)
    for cell in cells:
        if cell.outcome == "taken":
            yield f"{cell.url}: {thing.ended(cell.answer)}"
        elif cell.outcome == "unknown_id" and known:
            yield f"{cell.url}: never had it; nothing to do there."


def _not_ended(thing: Thing, ended_id: str, cells: Sequence[_Cell]) -> Iterator[str]:
    known = any(cell.outcome == "taken" for cell in cells)
    for cell in cells:
        if cell.outcome == "unknown_id" and not known:
            yield f"{cell.url}: has no {thing.noun} with this id. {harmless(cell.taken.error)}"
        elif cell.outcome == "refused":
            yield f"{cell.url}: did not end it. {harmless(cell.taken.error)}"
        elif cell.outcome == "no_answer":
            yield f"{cell.url}: may or may not have ended it. {_silence(cell)}"
    if any(cell.outcome == "no_answer" for cell in cells):
        yield f"Until its end it may still count there. Repeat: {thing.end_command} {ended_id}"


def _silence(cell: _Cell) -> str:
    """Why there is no answer, without the URL, which the line begins with."""
    error = cell.taken.error
    return harmless("; ".join(attempt.why for attempt in error.attempts) if isinstance(error, NoAnswer) else error)
