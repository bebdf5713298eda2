"""How a command tells what it found and how it ends where it cannot go on: one form for people, one for machines (C1).

With ``json``, stdout is JSON and nothing else; messages go to stderr either way.
"""

import json
import sys
from collections.abc import Callable
from typing import Any, Final, NoReturn, TypeVar

import click

from org_gate.cli.text import harmless
from org_gate.client.errors import ApiError, Refused

INVALID: Final = 2

_Command = TypeVar("_Command", bound=Callable[..., None])


def format_option(command: _Command) -> _Command:
    """``--format text|json``, as ``output``."""
    return click.option(
        "--format",
        "output",
        type=click.Choice(["text", "json"]),
        default="text",
        show_default=True,
        help="How to print what was found: for people, or as JSON and nothing else.",
    )(command)


def print_json(data: Any) -> None:
    click.echo(json.dumps(data, indent=2))


def problem_of(error: Exception | None) -> dict[str, Any] | None:
    """The API's own words (RFC 9457), where it was the API that refused."""
    return error.problem if isinstance(error, Refused) else None


def stop(message: str, code: int = INVALID, *, output: str = "text") -> NoReturn:
    """Ends the command with a message on stderr, and on stdout as JSON where a machine reads that."""
    if output == "json":
        print_json({"error": message})
    click.echo(harmless(message), err=True)
    sys.exit(code)


def stop_unanswered(error: ApiError, output: str = "text") -> NoReturn:
    """Ends the command where the API refused or did not answer; stdout is JSON where a machine reads it."""
    if output == "json":
        print_json({"error": str(error), "problem": problem_of(error)})
    stop(str(error), error.exit_code)
