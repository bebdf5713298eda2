"""Options that several commands share, and what they accept: account ids, Regions, durations, ids."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import click

from org_gate.model.request import ACCOUNT_ID, REGION
from org_gate.model.times import parse_duration, parse_time

_Command = TypeVar("_Command", bound=Callable[..., None])
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


class DurationType(click.ParamType[timedelta]):
    """``90s``, ``5m``, ``2h``, ``1d``."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        if isinstance(value, timedelta):
            return value
        try:
            return parse_duration(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class MomentType(click.ParamType[datetime]):
    """A time with an offset, or a day, which begins at midnight UTC: what a command that looks back goes by."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        if isinstance(value, datetime):
            return value
        try:
            return parse_time(f"{value}T00:00:00Z" if _DAY.fullmatch(value) else value)
        except ValueError:
            message = (
                f"{value!r} is neither a day, as in 2026-03-02, nor a time with an offset, as in 2026-03-02T12:00:00Z"
            )
            self.fail(message, param, ctx)


class IdType(click.ParamType[str]):
    """What org-gate made: a prefix and 32 hex digits."""

    name = "id"

    def __init__(self, prefix: str) -> None:
        self._prefix = prefix
        self._form = re.compile(re.escape(prefix) + "[0-9a-f]{32}")

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not self._form.fullmatch(str(value)):
            self.fail(f"{value!r} is not such an id; it looks like {self._prefix}0123…, with 32 digits", param, ctx)
        return str(value)


def accounts(_ctx: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """A callback: each is an account id."""
    for text in value:
        if not ACCOUNT_ID.fullmatch(text):
            message = f"{text!r} is not an account id; write its 12 digits"
            raise click.BadParameter(message)
    return value


def regions(_ctx: click.Context, _param: click.Parameter, value: tuple[str, ...]) -> tuple[str, ...]:
    """A callback: each looks like a Region."""
    for text in value:
        if not REGION.fullmatch(text):
            message = f"{text!r} does not look like a Region; write one such as eu-west-1, or global"
            raise click.BadParameter(message)
    return value


def said(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """A callback: something is said, and not only spaces."""
    if not value.strip():
        raise click.BadParameter("it is empty; say something that those who read it later understand")
    return value


def lasting_option(what: str) -> Callable[[_Command], _Command]:
    """``--for``, as ``lasting``: the text as it was written, which is how the API takes it."""
    return click.option("--for", "lasting", required=True, callback=_duration_text, metavar="DURATION", help=what)


def reason_option(what: str) -> Callable[[_Command], _Command]:
    """``--reason``, as ``reason``."""
    return click.option("--reason", required=True, callback=said, metavar="TEXT", help=what)


def again_option(prefix: str) -> Callable[[_Command], _Command]:
    """``--id``, as ``given_id``: None for a new one."""
    return click.option(
        "--id",
        "given_id",
        type=IdType(prefix),
        metavar="ID",
        help="Only to repeat a try that did not reach every URL: the id that it printed. Default: a new one.",
    )


def all_option(command: _Command) -> _Command:
    """``--all``, as ``every``."""
    return click.option("--all", "every", is_flag=True, help="Also those that are over, the newest first.")(command)


def _duration_text(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    try:
        parse_duration(value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from error
    return value
