"""How a command finds the decision API (C2): ``--url`` or ORG_GATE_URL, and a connection to it."""

from collections.abc import Callable, Sequence
from typing import TypeVar

import click

from org_gate.cli.surroundings import Surroundings
from org_gate.client.api import DecisionApi

_Command = TypeVar("_Command", bound=Callable[..., None])


def _urls(_ctx: click.Context, _param: click.Parameter, value: str | None) -> tuple[str, ...]:
    if value is None:
        return ()
    given = (url.strip().rstrip("/") for url in value.split(","))
    urls = tuple(dict.fromkeys(url for url in given if url))
    if not urls:
        message = f"{value!r} names no URL; write that of a decision API, several separated by commas"
        raise click.BadParameter(message)
    return urls


def url_option(*, required: bool, what: str) -> Callable[[_Command], _Command]:
    """The option ``--url``; the command gets ``urls``, empty where it is not required and not given."""
    return click.option(
        "--url",
        "urls",
        envvar="ORG_GATE_URL",
        show_envvar=True,
        required=required,
        callback=_urls,
        metavar="URL[,URL]",
        help=f"The decision API; several, comma-separated, are {what}.",
    )


def connected(surroundings: Surroundings, urls: Sequence[str]) -> DecisionApi:
    """Raises NoCredentials, and UsageError where a URL is none."""
    try:
        return surroundings.connect(urls)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
