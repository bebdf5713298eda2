"""``org-gate rollout init``: asks what has to be known and writes the settings file, commented.

On a terminal it asks what the options leave open; without one the options have to say it. Each answer is checked when
it is given, the whole before it is written. Nothing is written over unless somebody said so.
"""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from org_gate.cli.output import stop
from org_gate.cli.rollout_questions import QUESTIONS, Question, ask, facts_of, problem_in
from org_gate.cli.rollout_settings import DEFAULT, config_option
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.inventory.settings import load_settings
from org_gate.policy.document import DocumentError
from org_gate.rollout.settings_text import SCHEMA, Answers, schema_text, settings_text

_Command = TypeVar("_Command", bound=Callable[..., None])


def _options(command: _Command) -> _Command:
    """One for each question."""
    for question in reversed(QUESTIONS):
        command = click.option(
            question.option,
            question.name,
            multiple=question.many,
            metavar=question.metavar,
            help=f"{question.help} May be repeated." if question.many else question.help,
            callback=_checked(question),
        )(command)
    return command


def _checked(question: Question) -> Callable[[click.Context, click.Parameter, Any], Any]:
    def check(context: click.Context, parameter: click.Parameter, given: Any) -> Any:
        for value in given if isinstance(given, tuple) else (given,) if given is not None else ():
            if problem := problem_in(question, value):
                raise click.BadParameter(problem, context, parameter)
        return given

    return check


@click.command(name="init")
@config_option
@_options
@click.option("--force", is_flag=True, help="Replace a settings file that is there.")
@click.pass_obj
def rollout_init(surroundings: Surroundings | None, /, config: Path, *, force: bool, **given: Any) -> None:
    """Write the settings of the rollout: asks what is not given, and explains each question.

    Exit codes: 0 written; 2 not written, with the reason.
    """
    asks = sys.stdin.isatty()
    _check_free(config, asks=asks, force=force)
    answers = _answers(surroundings or Surroundings(), given, asks=asks)
    text = settings_text(answers)
    _check(text, config)
    schema = _write(config, text)
    click.echo(f"Wrote {harmless(config)}{f', and {SCHEMA} beside it for your editor' if schema else ''}.")
    click.echo(_next(config, answers))


def _check_free(config: Path, *, asks: bool, force: bool) -> None:
    """An empty file is nothing that could be lost."""
    if force or not config.exists() or not config.read_bytes().strip():
        return
    if not asks:
        stop(f"{config} is there already; nothing was written. Add --force to replace it, or name another --config.")
    if not click.confirm(f"{harmless(config)} is there already. Replace it?", default=False, err=True):
        stop(f"{config} stays as it is; nothing was written.")


def _answers(surroundings: Surroundings, given: dict[str, Any], *, asks: bool) -> Answers:
    open_questions = [question for question in QUESTIONS if not given[question.name]]
    if asks and open_questions:
        facts = facts_of(surroundings)
        click.echo(f"{facts.told}\nEnter takes what stands in brackets.", err=True)
        for question in open_questions:
            given[question.name] = ask(question, facts, given)
    elif missing := [question.option for question in open_questions if question.is_required]:
        stop(f"There is no terminal to ask on, and {', '.join(missing)} are needed; nothing was written.")
    return Answers(**given)


def _check(text: str, config: Path) -> None:
    try:
        load_settings(text, str(config))
    except DocumentError as error:
        for problem in error.problems:
            found = f"{problem.field}: found {problem.found}; expected {problem.expected}"
            click.echo(harmless(found), err=True)
        stop("These answers do not go together; nothing was written. Give others.")


def _write(config: Path, text: str) -> bool:
    """Whether the schema was written too: one that is there is left alone."""
    schema = config.parent / SCHEMA
    try:
        config.parent.mkdir(parents=True, exist_ok=True)
        config.write_text(text, encoding="utf-8")
        if schema.exists():
            return False
        schema.write_text(schema_text(), encoding="utf-8")
    except OSError as error:
        stop(f"{error.filename or config} cannot be written: {error.strerror or error}.")
    return True


def _next(config: Path, answers: Answers) -> str:
    named = "" if config == DEFAULT else f" --config {config}"
    return f"""
Next, with credentials of the central account {answers.account}:
  org-gate rollout preflight{named}    what is missing, and the commands that mend it
  org-gate rollout plan{named}         what would be made; nothing is yet
  org-gate rollout apply{named}        installs it
What else can be set stands in the file, commented out: waves, tags, alarms, a key of your own."""
