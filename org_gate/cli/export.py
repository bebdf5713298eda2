"""``org-gate export``: decisions and events out of the table, as JSON Lines or Parquet (C1, C2)."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any, NoReturn

import click

from org_gate.cli.central_table import events, open_table, records
from org_gate.cli.export_files import Sink, by_day, json_lines
from org_gate.cli.lazy import missing_extra
from org_gate.cli.output import stop
from org_gate.cli.parameters import MomentType
from org_gate.cli.rollout_settings import COULD_NOT, config_option
from org_gate.cli.surroundings import Surroundings
from org_gate.model.event import EventKey
from org_gate.report.plain import count
from org_gate.store import Store
from org_gate.store.errors import StoreError


@click.command(short_help="Write decisions and events as JSON Lines or Parquet.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, allow_dash=True),
    default="-",
    metavar="PATH",
    help="The file to write; for parquet and --by-day, the folder. Default: standard output (JSON Lines alone).",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "parquet"]),
    default="jsonl",
    show_default=True,
    help="JSON Lines, or Parquet with typed columns (needs the parquet extra).",
)
@click.option("--by-day", is_flag=True, help="JSON Lines in a file for each day, named as the Reporter does in S3.")
@click.option("--from", "since", type=MomentType(), metavar="TIME", help="Decisions from then on. Default: all.")
@click.option("--to", "until", type=MomentType(), metavar="TIME", help="Decisions before then. Default: all.")
@config_option
@click.pass_context
def export(
    ctx: click.Context,
    *,
    out: Path,
    form: str,
    by_day: bool,
    since: datetime | None,
    until: datetime | None,
    config: Path,
) -> None:
    """Write decisions and events out of the central account's table.

    The decisions of the time asked for, the newest first, each with what was known of it; then the events that they
    name, those that are open, and those that were written on a day of that time. As JSON Lines, one JSON object in
    each line; `org-gate backtest --export FILE` tries policies on it. With credentials of the central account, by the
    settings of the rollout.

    \b
      org-gate export --out past.jsonl
      org-gate export --format parquet --out past --from 2026-03-01 --to 2026-04-01
      org-gate export --by-day --out history

    With --by-day, each day that is over has its files; those that are there already stay as they are.

    A file is there once it is whole. Exits with 2 where nothing can be written so, with 3 where the table could not be
    read.
    """  # noqa: D301  click's own mark: these lines are not to be rewrapped
    _check(out, form, since, until, by_day=by_day)
    sink = None if by_day else _sink(form, out)
    table = open_table(ctx.obj or Surroundings(), config)
    try:
        told = _by_day(table.store, out, since, until) if sink is None else _at_once(table.store, sink, since, until)
    except StoreError as error:
        stop(str(error), COULD_NOT)
    except OSError as error:
        stop(f"{out}: cannot be written ({error.strerror or error}); give another path with --out")
    click.echo(f"{told} from {table.name}.", err=True)


def write(store: Store, sink: Sink, since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """How many decisions and events were written. Raises StoreError, OSError."""
    decisions = written = 0
    named: set[EventKey] = set()
    for record in records(store, since, until):
        sink.decision(record)
        decisions += 1
        named.update(_keys(record))
    for event in events(store, named, since, until):
        sink.event(event)
        written += 1
    return decisions, written


def days(store: Store, since: datetime | None, until: datetime | None) -> Iterator[date]:
    """The days of which the table holds anything, the oldest first; without ``until`` those that are over.

    Raises StoreError.
    """
    before = store.past.last_day() if until is None else until.date()
    found = iter(()) if before is None else store.past.days(before)
    return (day for day in found if since is None or day >= since.date())


def _at_once(store: Store, opened: AbstractContextManager[Sink], since: datetime | None, until: datetime | None) -> str:
    with opened as sink:
        decisions, written = write(store, sink, since, until)
    return f"{count(decisions, 'decision')} and {count(written, 'event')}"


def _by_day(store: Store, folder: Path, since: datetime | None, until: datetime | None) -> str:
    written = by_day(store, folder, days(store, since, until))
    kept = f" ({count(written.kept, 'file')} there already)" if written.kept else ""
    return f"{count(written.new, 'file')}{kept}"


def _sink(form: str, out: Path) -> AbstractContextManager[Sink]:
    if form == "jsonl":
        return json_lines(out)
    try:
        from org_gate.cli.export_parquet import parquet  # noqa: PLC0415  the parquet extra need not be there
    except ModuleNotFoundError as error:
        if (error.name or "").startswith("org_gate"):
            raise
        raise missing_extra("Writing Parquet", "parquet", error) from error
    return parquet(out)


def _check(out: Path, form: str, since: datetime | None, until: datetime | None, *, by_day: bool) -> None:
    """Raises click.UsageError."""
    if since is not None and until is not None and since >= until:
        _wrong("--from has to be before --to.")
    if not by_day and form == "jsonl":
        if out.is_dir():
            _wrong(f"{out} is a folder, and JSON Lines go into one file: give its path with --out, or --by-day.")
        return
    asked = "--by-day" if by_day else "--format parquet"
    if by_day and form == "parquet":
        _wrong("--by-day writes JSON Lines alone: leave out --format parquet, or --by-day.")
    if str(out) == "-":
        _wrong(f"{asked} writes several files: name a folder with --out.")
    if out.exists() and not out.is_dir():
        _wrong(f"{out} is a file, and {asked} writes several: name a folder with --out.")
    if by_day and any(moment is not None and moment.time() > time() for moment in (since, until)):
        _wrong("--by-day writes whole days: give --from and --to as dates, for example 2026-03-02.")


def _wrong(message: str) -> NoReturn:
    raise click.UsageError(message)


def _keys(record: dict[str, Any]) -> Iterator[EventKey]:
    """Of a record that another version kept in another form: none."""
    for event in record.get("events", ()):
        if "arn" in event and "region" in event:
            yield EventKey(event["arn"], event["region"])
