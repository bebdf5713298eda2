"""How much of everything a report shows: what a page of a few megabytes can hold, or all of it for tables.

Counts are never bounded, rows are. Texts are cut wherever they come from: no field of a stranger's may swell a page.
"""

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Final, TypeVar

from org_gate.report.model import Part, Rows

NAME: Final = 128
"""Characters of names, codes, Regions, OUs."""
TEXT: Final = 300
"""Of ARNs, reasons, summaries, values."""
DESCRIPTION: Final = 1000

_Row = TypeVar("_Row", bound=Part)
_All: Final = sys.maxsize


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many rows of each kind, and of lists within a row."""

    events: int = 5000
    accounts: int = 10_000
    ous: int = 2000
    pipelines: int = 1000
    decisions: int = 1500
    """Of each verdict."""
    resources: int = 3000
    coming: int = 500
    others: int = 500
    """Of each other kind."""
    descriptions: int = 500
    within: int = 20
    """Accounts or resources of an event, events of an account, lines of a policy's change."""


PAGE: Final = Bounds()
WHOLE: Final = Bounds(
    events=_All,
    accounts=_All,
    ous=_All,
    pipelines=_All,
    decisions=0,  # they go into their table one by one
    resources=0,
    coming=_All,
    others=_All,
    descriptions=_All,
)


def bounded(rows: Sequence[_Row], most: int) -> Rows[_Row]:
    return Rows[_Row](rows=tuple(rows[:most]), rows_omitted=max(0, len(rows) - most))


def first(rows: Iterable[_Row], total: int, most: int) -> Rows[_Row]:
    """The same of rows that are made as they are taken; ``total`` is how many there would be."""
    taken = tuple(islice(rows, most))
    return Rows[_Row](rows=taken, rows_omitted=total - len(taken))
