"""Policy files and their example cases as commands take them: read, checked, every problem told."""

import dataclasses
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, NoReturn, TypeVar

import click

from org_gate.cli.output import print_json, stop
from org_gate.cli.text import harmless
from org_gate.policy.cases import Case, cases_name, load_cases
from org_gate.policy.document import DocumentError, Problem
from org_gate.policy.load import load_policy
from org_gate.policy.model import Policy
from org_gate.report.plain import count

MAX_FILE_BYTES: Final = 1024 * 1024
_STANDARD_INPUT: Final = "-"

_Command = TypeVar("_Command", bound=Callable[..., None])
_Read = TypeVar("_Read")


def file_argument(*, required: bool = True) -> Callable[[_Command], _Command]:
    """FILE, as ``file``."""
    return click.argument("file", required=required, type=click.Path(path_type=Path, allow_dash=True))


def name_of(file: Path) -> str:
    """What messages call the file."""
    return "standard input" if str(file) == _STANDARD_INPUT else str(file)


def read_file(file: Path, output: str = "text") -> bytes:
    """The file, as bytes: what is not UTF-8 is a problem of the document. Ends the command where it cannot be read."""
    name = name_of(file)
    try:
        if str(file) == _STANDARD_INPUT:
            text = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
        else:
            with file.open("rb") as stream:
                text = stream.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        stop(f"{name}: cannot be read ({error.strerror or error}); give the path of a policy file", output=output)
    if len(text) > MAX_FILE_BYTES:
        stop(f"{name}: is larger than {MAX_FILE_BYTES // 1024} KB; that is no policy", output=output)
    return text


def policy_or_stop(file: Path, output: str = "text") -> Policy:
    """The policy in the file. Ends the command with all problems where it is not valid."""
    return valid_or_stop(load_policy, file, output)


def cases_file(file: Path) -> Path | None:
    """Where the example cases of a policy file are; None where there are none."""
    beside = file.with_name(cases_name(file.name)) if str(file) != _STANDARD_INPUT else None
    return beside if beside is not None and beside.exists() else None


def cases_or_stop(file: Path, output: str = "text") -> tuple[Case, ...]:
    """The cases in the file. Ends the command with all problems where they are not valid."""
    return valid_or_stop(load_cases, file, output)


def valid_or_stop(load: Callable[[bytes, str], _Read], file: Path, output: str) -> _Read:
    """What ``load`` reads in the file. Ends the command with all problems where it is not valid."""
    text = read_file(file, output)
    try:
        return load(text, name_of(file))
    except DocumentError as error:
        _stop_invalid(name_of(file), error.problems, output)


def _stop_invalid(name: str, problems: tuple[Problem, ...], output: str) -> NoReturn:
    if output == "json":
        print_json({"file": name, "valid": False, "problems": as_json(problems)})
    for problem in problems:
        click.echo(harmless(problem), err=True)
    stop(f"{count(len(problems), 'problem')}: {name} is not valid.")


def as_json(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    return [dataclasses.asdict(problem) for problem in problems]
