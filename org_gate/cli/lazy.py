"""Commands that are imported when they are used, so that ``--help`` is quick and extras stay optional."""

import importlib
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
        message = (
            f"`org-gate {name}` needs the {lazy.extra} extra, which is not installed ({error.name} is missing). "
            f"Install it with: pip install 'org-gate[{lazy.extra}]'"
        )
        raise click.UsageError(message) from error
    return command
