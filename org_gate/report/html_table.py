"""A table of the page as data: its columns, its rows, and how much of it fits.

The template writes a table's first rows, so that the page says something where no script runs and on paper; the
page's script takes over from the same data. A cell is JSON; its column's kind says how both write it.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal
from urllib.parse import quote

from org_gate.report.html_text import Cell, clock, number, plain, span

Kind = Literal[
    "text", "code", "number", "time", "span", "words", "list", "account", "accounts", "ou", "event", "events"
]
Lead = Mapping[str, str]
"""Where a number leads: the table, and the filters to set there. ``@key`` is the row's own cell of that column."""

STATIC_ROWS: Final = 10
BRIEF: Final = 24
"""Characters of a text that stays on one line; ``page/table.js`` has the same."""
BUDGET: Final = 8_000_000
"""Bytes of JSON for all tables together: the page around them is small, and has to stay below 10 MB."""


@dataclass(frozen=True)
class Column:
    """A column. ``choose`` gives it a list to filter by; ``hidden`` ones are for filters and for the close look."""

    key: str
    label: str
    kind: Kind = "text"
    choose: bool = False
    hidden: bool = False
    lead: Lead | None = None


@dataclass(frozen=True)
class Table:
    """A table. ``focus`` is the column that names what a row is about, where the page can look closely at that."""

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    empty: str
    """What is said where there is no row."""
    omitted: int = 0
    """Rows that are not here, but in the CSV and JSON."""

    @property
    def shown(self) -> list[tuple[int, Column]]:
        return [(place, column) for place, column in enumerate(self.columns) if not column.hidden]


@dataclass(frozen=True)
class Names:
    """What accounts and events are called."""

    accounts: Mapping[str, str]
    events: Mapping[int, str]


def table_data(table: Table) -> dict[str, Any]:
    """The table for the page's script."""
    return {
        "caption": table.caption,
        "columns": [_column_data(column) for column in table.columns],
        "rows": table.rows,
        "omitted": table.omitted,
        "empty": table.empty,
    }


def _column_data(column: Column) -> dict[str, Any]:
    data: dict[str, Any] = {"key": column.key, "label": column.label, "kind": column.kind}
    extra = {"choose": column.choose, "hidden": column.hidden, "lead": dict(column.lead) if column.lead else None}
    return data | {name: value for name, value in extra.items() if value}


def fitted(tables: Sequence[Table], budget: int = BUDGET) -> list[Table]:
    """The tables with so many rows that all fit: only the largest lose rows, the last ones, and say how many."""
    sizes = [_size(table.rows) for table in tables]
    level = _level(sizes, budget)
    return [table if size <= level else _cut(table, level) for table, size in zip(tables, sizes, strict=True)]


def _size(rows: Iterable[tuple[Cell, ...]]) -> int:
    return sum(_row_size(row) for row in rows)


def _row_size(row: tuple[Cell, ...]) -> int:
    """Bytes of a row, a few more than it takes: what is escaped for a script element takes six for one."""
    text = json.dumps(row, ensure_ascii=False, separators=(",", ":"))
    return len(text.encode()) + 5 * sum(map(text.count, "<>&\u2028\u2029")) + 1


def _level(sizes: Sequence[int], budget: int) -> int:
    """The size that no table may exceed, so that all together stay within the budget."""
    left = budget
    for place, size in enumerate(sorted(sizes)):
        share = left // (len(sizes) - place)
        if size > share:
            return share
        left -= size
    return budget


def _cut(table: Table, level: int) -> Table:
    kept = 0
    for row in table.rows:
        level -= _row_size(row)
        if level < 0:
            break
        kept += 1
    return replace(table, rows=table.rows[:kept], omitted=table.omitted + len(table.rows) - kept)


def link(**parameters: str) -> str:
    """A place in the page: what to look at closely (``ou``, ``account``, ``event``), a table, and its filters."""
    return "#/?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in parameters.items())


def lead_of(table: Table, column: Column, row: tuple[Cell, ...]) -> str:
    """Where a number of a row leads; empty where it leads nowhere, or there is nothing to see."""
    if column.lead is None or not row[table.columns.index(column)]:
        return ""
    cells = {one.key: cell for one, cell in zip(table.columns, row, strict=True)}
    values = {name: cells[value[1:]] if value.startswith("@") else value for name, value in column.lead.items()}
    return "" if None in values.values() else link(**{name: str(value) for name, value in values.items()})


def is_idle(column: Column, cell: Cell) -> bool:
    """Whether a cell says nothing, so that it may be left out where there is little room."""
    return cell is None or cell == [] or (cell == 0 and column.kind in ("number", "span"))


def written(kind: Kind, cell: Cell, names: Names) -> str:
    """A cell as a person reads it; ``page/text.js`` writes the same."""
    if cell is None:
        return ""
    if isinstance(cell, list):
        return ", ".join(written("event", one, names) if kind == "events" else str(one) for one in cell)
    if isinstance(cell, str):
        return {"time": clock, "ou": ou_name}.get(kind, str)(cell)
    if kind == "event":
        return names.events.get(int(cell), f"event {cell}")
    return span(cell) if kind == "span" else number(cell)


def ou_name(path: str) -> str:
    """The root has no path, and some accounts are in no OU that is known."""
    return {"": "(whole organization)", "?": "(not in the tree)"}.get(path, path)


def event_name(service: str | None, type_code: str | None, arn: str) -> str:
    """A short name for an event: its type without the words that all of them have."""
    code = type_code or arn.rsplit("/", 2)[-2 if arn.count("/") > 1 else -1]
    words = code.removeprefix("AWS_").removeprefix(f"{service or ''}_").replace("_", " ").lower()
    return plain(f"{service} {words}" if service and words else words or arn, 80)
