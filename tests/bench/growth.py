"""Which results are the same figure at several sizes, by their names: ``what: SIZE of``, and what belongs to them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.bench.measure import Result

_SIZED: Final = re.compile(r"^(?P<what>\S.*): +(?P<size>[\d,]+) (?P<of>\D[^,]*)$")


@dataclass(frozen=True, slots=True)
class Curve:
    """``what`` at some number of ``of``: its value by size, in order of size."""

    what: str
    of: str
    unit: str
    values: dict[int, float] = field(default_factory=dict)

    @property
    def sizes(self) -> tuple[int, ...]:
        return tuple(sorted(self.values))


def curves(results: Sequence[Result]) -> list[Curve]:
    """Those with two sizes or more, in the order of the results."""
    found: dict[tuple[str, str], Curve] = {}
    for what, size, of, result in _sized(results):
        curve = found.setdefault((what, of), Curve(what, of, result.unit))
        curve.values[size] = result.value
    return [curve for curve in found.values() if len(curve.values) > 1]


def _sized(results: Sequence[Result]) -> Iterator[tuple[str, int, str, Result]]:
    """A result whose name begins with spaces has the size of the one before that does not."""
    above = None
    for result in results:
        belongs = result.name.startswith(" ")
        above = above if belongs else _SIZED.match(result.name)
        if above is None:
            continue
        what = f"{above['what']}: {result.name.strip()}" if belongs else above["what"]
        yield what, int(above["size"].replace(",", "")), above["of"], result
