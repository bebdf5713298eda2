"""The organization health report as one HTML file that needs nothing else: no network, no server, no other file.

The template writes everything with autoescape; the script in the page gets the rows as JSON in an element that is
never run, and writes them as text. The page's own content security policy allows the one script and the one style
sheet by their hashes and nothing else: no request, no frame, no form, and no text that becomes markup (trusted types).
"""

import base64
import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import Any, Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from org_gate.report import html_page as page
from org_gate.report.html_table import (
    BRIEF,
    BUDGET,
    STATIC_ROWS,
    Names,
    Table,
    fitted,
    is_idle,
    lead_of,
    link,
    table_data,
    written,
)
from org_gate.report.html_tables import decision_tables, event_tables, names_of, place_tables
from org_gate.report.html_tables_more import (
    coming_table,
    coverage_tables,
    exception_tables,
    policy_tables,
    time_table,
)
from org_gate.report.html_text import clock, instant, number, plain, script_data, span
from org_gate.report.model import Report

_PAGE: Final = Path(__file__).with_name("page")
_SCRIPTS: Final = ("text.js", "table.js", "focus.js", "page.js")


def html(report: Report, *, budget: int = BUDGET) -> str:
    """The page. ``budget`` bounds the bytes of its data; what finds no place is counted where it is missing."""
    names = names_of(report)
    left = max(budget - len(script_data(_names_data(names)).encode()), 0)
    tables = {table.name: table for table in fitted(_tables(report), left)}
    script, style = _script(), _style()
    page_text: str = _template().render(
        report=report,
        tables=tables,
        csp=_policy(script, style),
        script=Markup(script),  # noqa: S704  our own file
        style=Markup(style),  # noqa: S704  our own file
        data=Markup(_data(tables.values(), names)),  # noqa: S704  every < is escaped in it
        page=_Shown(report),
        static=STATIC_ROWS,
        cell=lambda column, value: written(column.kind, value, names),
        account_name=lambda account: names.accounts.get(account, ""),
        lead=lead_of,
        is_idle=is_idle,
        brief=BRIEF,
    )
    return page_text


def _tables(report: Report) -> list[Table]:
    coverage = coverage_tables(report.coverage) if report.coverage else []
    return [
        *event_tables(report),
        *place_tables(report),
        *decision_tables(report),
        time_table(report),
        coming_table(report),
        *exception_tables(report),
        *coverage,
        *policy_tables(report),
    ]


class _Shown:
    """What the template asks for by name."""

    def __init__(self, report: Report) -> None:
        self.now = page.now_figures(report)
        self.decisions = page.decision_figures(report)
        self.events = page.event_figures(report)
        self.timings = page.timing_rows(report)
        self.event_chart = page.event_chart(report.events.timeline)
        self.decision_charts = page.decision_charts(report.events.timeline)
        self.heat = page.heat_map(report)
        self.months = page.calendar(report)


def _data(tables: Iterable[Table], names: Names) -> str:
    return script_data({"tables": {table.name: table_data(table) for table in tables}, **_names_data(names)})


def _names_data(names: Names) -> dict[str, Any]:
    return {"accounts": list(names.accounts.items()), "events": list(names.events.items())}


def _policy(script: str, style: str) -> str:
    allowed = f"default-src 'none'; script-src {_digest(script)}; style-src {_digest(style)}"
    return f"{allowed}; base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'"


def _digest(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


@cache
def _script() -> str:
    """All scripts as one, in a scope of its own."""
    parts = "\n".join((_PAGE / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    return f'"use strict";\n{{\n{parts}}}\n'


@cache
def _style() -> str:
    return (_PAGE / "page.css").read_text(encoding="utf-8")


@cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(_PAGE),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"plain": plain, "number": number, "span": span, "time": lambda at: clock(instant(at) or "")}
    environment.globals["link"] = link
    environment.filters["drawn"] = Markup  # of html_charts alone
    return environment.get_template("page.html.j2")
