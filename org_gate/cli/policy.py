"""``org-gate policy``: write a policy, try it, publish it (C1). The group, and what looks at a file alone."""

import json
import sys
from pathlib import Path
from typing import Any

import click

from org_gate.cli.output import INVALID, format_option
from org_gate.cli.policy_files import as_json, file_argument, name_of, read_file
from org_gate.cli.policy_publish import publish
from org_gate.cli.policy_show import diff, show
from org_gate.cli.policy_testing import test
from org_gate.cli.text import harmless
from org_gate.policy.document import DocumentError, Problem
from org_gate.policy.load import load_policy, policy_schema
from org_gate.policy.warnings import warnings
from org_gate.report.plain import count


@click.group()
def policy() -> None:
    """Write a policy, try it, publish it.

    Policies are published versions: immutable, numbered, each with who, when and why.
    """


@policy.command(short_help="Find everything that is wrong with a policy.")
@file_argument()
@format_option
def validate(file: Path, output: str) -> None:
    """Find everything that is wrong with the policy in FILE (a YAML file; - reads standard input).

    Prints each problem with its place, what was found, what was expected and, where one is near, what was probably
    meant; then warnings of what is allowed and yet probably not meant. Exits with 0 where the policy is valid
    (warnings or not), with 2 where it is not or cannot be read.
    """
    name = name_of(file)
    text = read_file(file, output)
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


@policy.command(short_help="Print the JSON Schema, for editors.")
def schema() -> None:
    """Print the JSON Schema of the policy, with which editors complete and check it."""
    click.echo(json.dumps(policy_schema(), indent=2))


policy.add_command(show)
policy.add_command(diff)
policy.add_command(publish)
policy.add_command(test)


def _print(name: str, problems: tuple[Problem, ...], warned: list[str]) -> None:
    for problem in problems:
        click.echo(harmless(problem))
    for warning in warned:
        click.echo(f"{harmless(name)}: warning: {harmless(warning)}")
    if problems:
        click.echo(f"{count(len(problems), 'problem')}: the policy is not valid and cannot be published.")
    else:
        having = f", with {count(len(warned), 'warning')}" if warned else ""
        click.echo(f"{harmless(name)} is a valid policy{having}.")


def _as_json(name: str, problems: tuple[Problem, ...], warned: list[str]) -> dict[str, Any]:
    return {"file": name, "valid": not problems, "problems": as_json(problems), "warnings": warned}
