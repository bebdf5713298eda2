"""``org-gate policy``: the policy before it is published (C1)."""

import dataclasses
import json
import sys
from pathlib import Path
from typing import Any, Final, NoReturn

import click

from org_gate.cli.text import harmless
from org_gate.policy.document import DocumentError, Problem
from org_gate.policy.load import load_policy, warnings

INVALID: Final = 2
MAX_FILE_BYTES: Final = 1024 * 1024


@click.group()
def policy() -> None:
    """Check a policy before it is published."""


@policy.command()
@click.argument("file", type=click.Path(path_type=Path, allow_dash=True))
@click.option(
    "--format",
    "output",
    type=click.Choice(["text", "json"]),
    default="text",
    show_default=True,
    help="How to print what was found: for people, or one JSON object.",
)
def validate(file: Path, output: str) -> None:
    """Find everything that is wrong with the policy in FILE (a YAML file; - reads standard input).

    Prints each problem with its place, what was found, what was expected and, where one is near, what was probably
    meant; then warnings of what is allowed and yet probably not meant. Exits with 0 where the policy is valid
    (warnings or not), with 2 where it is not or cannot be read.
    """
    name = "standard input" if str(file) == "-" else str(file)
    text = _read(file, name)
    problems: tuple[Problem, ...] = ()
    warned: list[str] = []
    try:
        warned = warnings(load_policy(text, name))
    except DocumentError as error:
        problems = error.problems
    if output == "json":
        click.echo(json.dumps(_as_json(name, problems, warned), indent=2))
    else:
        _print(name, problems, warned)
    sys.exit(INVALID if problems else 0)


def _read(file: Path, name: str) -> bytes:
    """The file, as bytes: what is not UTF-8 is a problem of the document. Ends the command where it cannot be read."""
    try:
        if str(file) == "-":
            text = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            with file.open("rb") as stream:
                text = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        _stop(f"{name}: cannot be read ({error.strerror or error}); give the path of a policy file")
    if len(text) > MAX_FILE_BYTES:
        _stop(f"{name}: is larger than {MAX_FILE_BYTES // 1024} KB; that is no policy")
    return text


def _stop(message: str) -> NoReturn:
    click.echo(harmless(message), err=True)
    sys.exit(INVALID)


def _print(name: str, problems: tuple[Problem, ...], warned: list[str]) -> None:
    for problem in problems:
        click.echo(harmless(problem))
    for warning in warned:
        click.echo(f"{harmless(name)}: warning: {harmless(warning)}")
    if problems:
        click.echo(f"{_count(len(problems), 'problem')}: the policy is not valid and cannot be published.")
    else:
        having = f", with {_count(len(warned), 'warning')}" if warned else ""
        click.echo(f"{harmless(name)} is a valid policy{having}.")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _as_json(name: str, problems: tuple[Problem, ...], warned: list[str]) -> dict[str, Any]:
    return {
        "file": name,
        "valid": not problems,
        "problems": [dataclasses.asdict(problem) for problem in problems],
        "warnings": warned,
    }
