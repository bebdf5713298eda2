"""What drills and declared events have in common: the options that say where, and how they are listed."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeVar

import click

from org_gate.cli import parameters
from org_gate.cli.listing import Fields, omitted, state_of
from org_gate.cli.text import harmless

_SHOWN: Final = 5
_Command = TypeVar("_Command", bound=Callable[..., None])


def account_option(command: _Command) -> _Command:
    """``--account``, as ``accounts``."""
    return click.option(
        "--account",
        "accounts",
        multiple=True,
        callback=parameters.accounts,
        metavar="ID",
        help="An account that it affects; repeatable.",
    )(command)


def ou_option(command: _Command) -> _Command:
    """``--ou``, as ``ous``."""
    return click.option(
        "--ou",
        "ous",
        multiple=True,
        metavar="PATH",
        help="An OU whose accounts it affects (Workloads/Prod; Workloads/** with all below it); repeatable.",
    )(command)


def region_option(what: str, *, required: bool) -> Callable[[_Command], _Command]:
    """``--region``, as ``regions``."""
    return click.option(
        "--region",
        "regions",
        multiple=True,
        required=required,
        callback=parameters.regions,
        metavar="REGION",
        help=what,
    )


def service_option(what: str, *, required: bool) -> Callable[[_Command], _Command]:
    """``--service``, as ``services``."""
    return click.option("--service", "services", multiple=True, required=required, metavar="SERVICE", help=what)


def lines(
    one: Mapping[str, Any], evaluated_at: str | None, *, fields: Fields, holds: str, mark: str = ""
) -> Iterator[str]:
    """A drill or declared event for people; ``mark`` goes first."""
    yield f"{mark}{harmless(one['id'])}  {state_of(one, fields, holds=holds, now=evaluated_at)}"
    regions, services = (", ".join(one[field]) for field in ("regions", "services"))
    yield f"  where: {harmless(regions) or 'every Region'}; {harmless(services) or 'every service'}"
    yield f"  whom: {_whom(one)}"
    yield f"  since {harmless(one['created_at'])} by {harmless(one['who'])}: {harmless(one['reason'])}"


def _whom(one: Mapping[str, Any]) -> str:
    """Accounts by number where there are many: those of the OUs are among them."""
    if one["public"]:
        return "the whole organization"
    under = f", those of {harmless(', '.join(one['ous']))} among them" if one["ous"] else ""
    shown = ", ".join(one["accounts"][:_SHOWN])
    left = len(one["accounts"][_SHOWN:]) + omitted(one, "accounts")
    more = f" and {left} more" if left else ""
    return f"{harmless(shown) or 'no account'}{more}{under}"
