"""One report made and kept: its four forms, and what people are told of it.

The report itself is made by ``report``; here it becomes files and a notice. Asks no AWS.
"""

import io
from collections.abc import Iterator
from typing import NamedTuple

from org_gate.central.news_forms import Notice
from org_gate.report.as_csv import zip_csv
from org_gate.report.as_json import as_json
from org_gate.report.as_md import as_md
from org_gate.report.build import Options
from org_gate.report.html import html
from org_gate.report.model import ComingRow, EventRow, Report, Rows
from org_gate.report.plain import count
from org_gate.report.reading import Reader

PAGE = "report.html"


class File(NamedTuple):
    """One form of a report."""

    name: str
    content_type: str
    body: bytes


def files_of(report: Report) -> Iterator[File]:
    """All forms but the tables."""
    yield File(PAGE, "text/html; charset=utf-8", html(report).encode())
    yield File("report.json", "application/json", as_json(report).encode())
    yield File("report.md", "text/markdown; charset=utf-8", as_md(report).encode())


def tables(reader: Reader, options: Options) -> File:
    """Everything, as a zip of CSV files; reads the table a second time. Raises StoreError."""
    packed = io.BytesIO()
    zip_csv(reader, options, packed)
    return File("report.csv.zip", "application/zip", packed.getvalue())


def notice_of(report: Report, *, account: str, link: str, place: str) -> Notice:
    """``place`` is the folder that holds all forms, as ``s3://…``; ``account`` the central one."""
    scope = report.meta.scope
    what = "the organization" if scope.ou is None else f"OU {scope.ou}"
    return Notice(
        kind="report",
        accounts=(account,),
        severity="warning" if report.now.warnings else "info",
        subject=f"org-gate: health report on {what}, {scope.since:%Y-%m-%d} to {scope.until:%Y-%m-%d}",
        lines=tuple(_lines(report, place)),
        thread="report",
        link=link,
    )


def _lines(report: Report, place: str) -> Iterator[str]:
    now, total, scope = report.now, report.decisions.total, report.meta.scope
    yield from now.warnings
    yield f"Open now: {count(now.open_events, 'event')}."
    by_id = {row.id: row for row in report.events.rows.rows}
    yield from (_event(by_id[name]) for name in now.hitting[:1])
    yield (
        f"Since {scope.since:%Y-%m-%d}: {count(total.decisions, 'decision')}, {total.blocked} blocked, "
        f"{total.warned} warned, {total.overridden} overridden."
    )
    yield from _coming(report.coming)
    if report.coverage is not None:
        gaps = report.coverage.gaps
        yield f"Gaps in the gates' coverage: {len(gaps.rows) + gaps.rows_omitted}."
    yield ""
    yield f"All of it, also as tables: {place}"
    yield "The page, for some hours (whoever has this link can read it):"


def _event(row: EventRow) -> str:
    began = "" if row.start is None else f" since {row.start:%Y-%m-%d %H:%M} UTC"
    return f"The one that hits most: {row.service or '?'} in {row.region}{began} ({row.type_code or '?'})."


def _coming(coming: Rows[ComingRow]) -> Iterator[str]:
    """How many, and the nearest of those that have not begun."""
    if coming.rows:
        yield f"Scheduled changes: {len(coming.rows) + coming.rows_omitted}."
    for row in [row for row in coming.rows if row.start is not None and (row.seconds_left or 0) > 0][:1]:
        what = f"{row.service or '?'} in {row.region} from {row.start:%Y-%m-%d %H:%M} UTC"
        yield f"The next: {what} ({row.type_code or '?'})."
