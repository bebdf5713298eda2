"""Commands that are imported when they are used, so that ``--help`` is quick and extras stay optional."""

import importlib
import shlex
import sys
from collections.abc import Mapping
from typing import Any, NamedTuple

import click


class Lazy(NamedTuple):
    """Where a command is, the extra it needs (if any), and what it does in one line."""

    place: str
    extra: str | None
    help: str


class LazyGroup(click.Group):
    """A group whose commands are imported when they are called, not when they are listed."""

    def __init__(self, *, lazy: Mapping[str, Lazy], **attributes: Any) -> None:
        super().__init__(**attributes)
        self._lazy = lazy

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  click's signature
        return sorted(self._lazy)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        lazy = self._lazy.get(cmd_name)
        return super().get_command(ctx, cmd_name) if lazy is None else load(cmd_name, lazy)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002  click's
        with formatter.section("Commands"):
            formatter.write_dl([(name, self._lazy[name].help) for name in sorted(self._lazy)])


def load(name: str, lazy: Lazy) -> click.Command:
    """The command, imported. Raises UsageError where the extra it needs is not installed."""
    module, _, attribute = lazy.place.partition(":")
    try:
        command: click.Command = getattr(importlib.import_module(module), attribute)
    except ModuleNotFoundError as error:
        if lazy.extra is None or (error.name or "").startswith("org_gate"):
            raise
        raise missing_extra(f"`org-gate {name}`", lazy.extra, error) from error
    return command


def missing_extra(what: str, extra: str, error: ModuleNotFoundError) -> click.UsageError:
    """Names the command that installs it from its lock: org-gate is no name that anybody may ask an index for."""
    return click.UsageError(
        f"{what} needs the {extra} extra, which is not installed ({error.name} is missing). Install it, in a checkout "
        f"of org-gate, with: {shlex.quote(sys.executable)} -m pip install --require-hashes --no-deps "
        f"-r requirements/{extra}.txt"
    )
