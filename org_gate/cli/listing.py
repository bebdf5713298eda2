"""What people put in by hand, listed: overrides, drills, declared events; in words or as the API's own JSON."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import click

from org_gate.cli.output import print_json, stop_unanswered
from org_gate.cli.reaching import connected
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.client.api import DecisionApi
from org_gate.client.errors import ApiError


class Fields(NamedTuple):
    """What the API calls the end of a thing, and the word for one that was ended by hand."""

    ends: str
    stopped: str
    stopped_by: str
    word: str


def told(
    surroundings: Surroundings,
    urls: Sequence[str],
    ask: Callable[[DecisionApi], Mapping[str, Any]],
    field: str,
    lines: Callable[[Mapping[str, Any], str | None], Iterable[str]],
    *,
    none: str,
    output: str,
) -> None:
    """Asks, and prints each one in ``field``; ``none`` where there are none. Ends the command where nobody answers."""
    try:
        found = ask(connected(surroundings, urls))
    except ApiError as error:
        stop_unanswered(error, output)
    if output == "json":
        print_json(found)
        return
    for one in found[field]:
        for line in lines(one, found.get("evaluated_at")):
            click.echo(line)
    left = omitted(found, field)
    if left:
        click.echo(f"and {left} more")
    elif not found[field]:
        click.echo(none)


def omitted(found: Mapping[str, Any], field: str) -> int:
    """How many more there are in ``field`` than the API shows; 0 where it does not say."""
    left = found.get(f"{field}_omitted", 0)
    return left if isinstance(left, int) else 0


def state_of(one: Mapping[str, Any], fields: Fields, *, holds: str, now: str | None) -> str:
    """Whether it is over, by the API's time, which it need not say; ``holds`` is what to call one that is not."""
    if one.get(fields.stopped):
        return ended(one, fields)
    if now is None:
        return f"until {harmless(one[fields.ends])}"
    return f"{'ended' if one[fields.ends] <= now else f'{holds} until'} {harmless(one[fields.ends])}"


def ended(one: Mapping[str, Any], fields: Fields) -> str:
    """How it came to its end: by somebody, or by itself."""
    if not one.get(fields.stopped):
        return f"over already, since {harmless(one[fields.ends])}"
    return f"{fields.word} {harmless(one[fields.stopped])} by {harmless(one.get(fields.stopped_by))}"
