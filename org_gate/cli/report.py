"""``org-gate report``: the organization health report, read from the table and written as HTML, JSON, CSV or Markdown.

Reads only, with credentials of the central account. What is not the report's core (account names, coverage) is left out
where it cannot be read, and said so on stderr.
"""

import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import boto3
import click

from org_gate import __version__
from org_gate.cli import export_files
from org_gate.cli.central_table import table_of
from org_gate.cli.counting import Counting
from org_gate.cli.output import stop
from org_gate.cli.parameters import DurationType, MomentType
from org_gate.cli.rollout_settings import COULD_NOT, config_option, settings_or_stop, told
from org_gate.cli.surroundings import Surroundings
from org_gate.cli.text import harmless
from org_gate.inventory.known import Known, read_known
from org_gate.inventory.settings import Settings
from org_gate.model.times import format_time, whole
from org_gate.report.as_csv import write_csv
from org_gate.report.as_json import as_json
from org_gate.report.as_md import as_md
from org_gate.report.build import Options, build
from org_gate.report.build_tree import UnknownOuError
from org_gate.report.model import Report
from org_gate.report.plain import count
from org_gate.report.reading import TableReader
from org_gate.store.errors import StoreError

_USUAL: Final = timedelta(days=30)


@click.command(short_help="One file on what AWS Health and the gate did to the organization.")
@config_option
@click.option(
    "--format",
    "output",
    type=click.Choice(["html", "json", "csv", "md"]),
    default="html",
    show_default=True,
    help="A page that needs no network; JSON; tables with everything in them; Markdown for a ticket or a chat.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="The file to write, or for csv the folder or .zip file. Default: stdout (not for csv).",
)
@click.option(
    "--since",
    type=DurationType(),
    metavar="DURATION",
    help="How far back from the end of the range (7d). Default: 30d.",
)
@click.option("--from", "start", type=MomentType(), metavar="TIME", help="Instead of --since: when the range begins.")
@click.option("--to", "end", type=MomentType(), metavar="TIME", help="When the range ends. Default: now.")
@click.option("--ou", metavar="OU", help="Only this OU and all below it: its path, as in Workloads/Prod, or its id.")
@click.option(
    "--coverage/--no-coverage",
    "with_coverage",
    default=True,
    show_default=True,
    help="Whether to look into the accounts for gates and pipelines; that takes the longest.",
)
@click.pass_context
def report(
    ctx: click.Context,
    *,
    config: Path,
    output: str,
    out: Path | None,
    since: timedelta | None,
    start: datetime | None,
    end: datetime | None,
    ou: str | None,
    with_coverage: bool,
) -> None:
    """What is going on, who is hit, what the gate did about it, what is coming, and where the gaps are.

    Reads the table of the home Region's cell and, unless told not to, the coverage of the gates. With credentials of
    the central account. Reads only.

    \b
      org-gate report --out report.html
      org-gate report --format csv --out report.zip --since 90d
      org-gate report --format md --from 2026-03-02 --to 2026-03-09 --ou Workloads/Prod

    Exits with 2 where the range or the OU is not one, with 3 where the table could not be read.
    """  # noqa: D301  click's own mark: these lines are not to be rewrapped
    surroundings = ctx.obj or Surroundings()
    _check_out(output, out)
    now = whole(surroundings.now())
    between = _range(now, since=since, start=start, end=end)
    settings = settings_or_stop(config, output)
    with told(output):
        session = surroundings.aws()
        reader = TableReader(table_of(session, settings).store)
        known = _known(session, settings, with_coverage=with_coverage)
    _tell(_made(reader, _options(now, between, ou, settings, known), output, out), out)


def _check_out(output: str, out: Path | None) -> None:
    if out is None and output == "csv":
        raise click.UsageError("--format csv makes several files: name a folder or a .zip file with --out.")
    if out is None and output == "html" and sys.stdout.isatty():
        raise click.UsageError("An HTML page is not for a terminal: name a file with --out, or send it somewhere.")


def _range(
    now: datetime, *, since: timedelta | None, start: datetime | None, end: datetime | None
) -> tuple[datetime, datetime]:
    if since is not None and start is not None:
        raise click.UsageError("--since and --from both say where the range begins: give one of them.")
    until = end or now
    if until > now:
        raise click.UsageError(f"--to is {format_time(until)}, which has not come yet; leave it out for now.")
    begins = start or until - (since or _USUAL)
    if begins >= until:
        raise click.UsageError(f"The range begins {format_time(begins)}, which is not before {format_time(until)}.")
    return begins, until


def _known(session: boto3.Session, settings: Settings, *, with_coverage: bool) -> Known:
    """As far as it can be read; what cannot is said on stderr."""

    def say(text: str) -> None:
        click.echo(harmless(text), err=True)

    with Counting("Looking into accounts", "accounts") as counting:
        return read_known(session, settings, say=say, coverage=with_coverage, told=counting.tell)


def _options(
    now: datetime, between: tuple[datetime, datetime], ou: str | None, settings: Settings, known: Known
) -> Options:
    since, until = between
    return Options(
        since=since,
        until=until,
        now=now,
        ou=ou,
        version=__version__,
        region=settings.central.region,
        organization=known.organization,
        names=known.names,
        coverage=known.coverage,
    )


def _made(reader: TableReader, options: Options, output: str, out: Path | None) -> Report:
    """The report, written. Ends the command where that cannot be."""
    try:
        with Counting("Reading the table", "") as counting:

            def told(what: str, done: int) -> None:
                counting.show(f"Reading {what}: {done}")

            if output == "csv" and out is not None:
                return write_csv(reader, options, out, told)
            made = build(reader, options, told=told)
        _write(_rendering(output)(made), out)
    except UnknownOuError as error:
        stop(str(error), output=output)
    except StoreError as error:
        stop(f"The table could not be read, so there is no report. {error}", code=COULD_NOT, output=output)
    except OSError as error:
        stop(f"The report could not be written: {error}", code=COULD_NOT)
    return made


def _rendering(output: str) -> Callable[[Report], str]:
    if output == "html":
        from org_gate.report.html import html  # noqa: PLC0415  templates are loaded where they are needed

        return html
    return as_json if output == "json" else as_md


def _write(text: str, out: Path | None) -> None:
    """In place of what is there, at once."""
    if out is None:
        click.echo(text, nl=False)
        return
    with export_files.whole(out) as part:
        part.write_text(text, encoding="utf-8")


def _tell(made: Report, out: Path | None) -> None:
    if out is not None:
        total = made.decisions.total
        told = f"{count(made.events.total, 'event')}, {count(total.decisions, 'decision')}, {total.blocked} blocked."
        click.echo(f"Wrote {harmless(out)}: {told}", err=True)
