"""``org-gate export``: decisions and events out of the table, as JSON Lines (C1, C2)."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TextIO

import click

from org_gate.cli.backtest_moment import MomentType
from org_gate.cli.central_table import open_table, records
from org_gate.cli.output import count, stop
from org_gate.cli.rollout_settings import COULD_NOT, config_option
from org_gate.cli.surroundings import Surroundings
from org_gate.model.event import EventKey
from org_gate.model.record import EventRecord, event_of
from org_gate.report.exporting import decision_line, event_line
from org_gate.store import Store
from org_gate.store.errors import StoreError

_EVERY: Final = 1_000_000
"""Affected accounts of one event: all of them."""


@click.command(short_help="Write decisions and events as JSON Lines.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, allow_dash=True, dir_okay=False),
    default="-",
    metavar="FILE",
    help="Where to. Default: standard output.",
)
@click.option("--from", "since", type=MomentType(), metavar="TIME", help="Decisions from then on. Default: all.")
@click.option("--to", "until", type=MomentType(), metavar="TIME", help="Decisions before then. Default: all.")
@config_option
@click.pass_context
def export(ctx: click.Context, *, out: Path, since: datetime | None, until: datetime | None, config: Path) -> None:
    """Write decisions and events out of the central account's table, one JSON object in each line.

    The decisions of the time asked for, the newest first, each with what was known of it; then the events that they
    name and those that are open. `org-gate backtest --export FILE` tries policies on it. With credentials of the
    central account, by the settings of the rollout.

    A FILE is there once it is whole. Exits with 3 where the table could not be read.
    """
    if since is not None and until is not None and since >= until:
        raise click.UsageError("--from has to be before --to.")
    table = open_table(ctx.obj or Surroundings(), config)
    try:
        with _opened(out) as file:
            decisions, events = write(table.store, file, since, until)
    except StoreError as error:
        stop(str(error), COULD_NOT)
    except OSError as error:
        stop(f"{out}: cannot be written ({error.strerror or error}); give another path with --out")
    click.echo(f"{count(decisions, 'decision')} and {count(events, 'event')} from {table.name}.", err=True)


def write(store: Store, file: TextIO, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """How many decisions and events were written. Raises StoreError, OSError."""
    decisions = 0
    named: set[EventKey] = set()
    for record in records(store, since, until):
        file.write(decision_line(record))
        decisions += 1
        named.update(_keys(record))
    found = {key: held.record for key, held in store.events.open().items()} | store.events.records(named)
    kept = [found[key] for key in sorted(found) if found[key].text("last_updated") is not None]
    file.writelines(event_line(event_of(event, _affected(store, event))) for event in kept)
    return decisions, len(kept)


def _affected(store: Store, event: EventRecord) -> frozenset[str]:
    return frozenset(store.events.affected(event.key, _EVERY)) if event.lists_accounts else frozenset()


def _keys(record: dict[str, Any]) -> Iterator[EventKey]:
    for event in record.get("events", ()):
        yield EventKey(event["arn"], event["region"])


@contextmanager
def _opened(out: Path) -> Iterator[TextIO]:
    """Standard output, or a file that takes its name once it is whole."""
    if str(out) == "-":
        yield sys.stdout
        return
    part = out.with_name(f"{out.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            yield file
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
