"""Writes `docs/performance.md` from what `make bench` kept: one table, how it grows, and how to see it oneself.

    python -m tests.bench.document [FOLDER]

Nothing is measured and no number is written here: what the page says of a machine or a day is what was kept with the
figures.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Final

from tests.bench.growth import Curve, curves
from tests.bench.measure import Result
from tests.bench.runs import Run, runs

PAGE: Final = Path(__file__).parents[2] / "docs" / "performance.md"
_SMALL: Final = 0.1
_COUNTED: Final = ("calls", "reads", "executions")
_TITLES: Final = ("what", "value", "baseline", "ratio", "goal", "holds")
_HEAD: Final = """\
# Performance

What org-gate costs, against what it is compared with in the same run. This page is generated from results:

```console
$ make bench                                        # measures all parts; bench-out/ has the results
$ .venv/bin/python -m tests.bench --only PART       # one part; --help lists them
$ .venv/bin/python -m tests.bench --large           # with what takes many minutes
$ .venv/bin/python -m tests.bench.document          # this page, from what is in bench-out/
```

Calls, reads and sizes are counted, so they are the same on every machine. Times depend on the machine: compare them \
with their baseline, which was measured in the same run, not with times of other machines. No AWS account is involved: \
AWS is the simulator, or a table in memory, and answers at once where a row does not say otherwise.
"""


def page(measured: Sequence[Run]) -> str:
    """The whole page. Raises ValueError where nothing has been measured."""
    if not measured:
        msg = "there are no results; run `make bench` first"
        raise ValueError(msg)
    parts = (_HEAD, _where(measured), _figures(measured), _growth(measured))
    return "\n".join(parts)


def _where(measured: Sequence[Run]) -> str:
    """Parts in a row that were measured together are told together."""
    lines = ["## Where and when", ""]
    for (machine, day), together in groupby(measured, key=lambda run: (run.machine, run.day)):
        told = ", ".join(f"`{run.part.key}` ({_seconds(run.seconds)})" for run in together)
        lines.append(f"- {day}, {machine}: {told}.")
    return "\n".join([*lines, ""])


def _figures(measured: Sequence[Run]) -> str:
    goals = [result for run in measured for result in run.results if result.holds is not None]
    held = sum(bool(result.holds) for result in goals)
    lines = ["## Figures", "", f"{held} of {len(goals)} goals hold.", "", _row(_TITLES), _ruler(len(_TITLES))]
    for run in measured:
        command = f"`python -m tests.bench --only {run.part.key}`"
        lines.append(_row((f"**{run.part.title}** · {command}", *[""] * (len(_TITLES) - 1))))
        lines += [_row(_cells(result)) for result in _telling(run.results)]
    return "\n".join([*lines, ""])


def _telling(results: Sequence[Result]) -> Iterator[Result]:
    """Without those that are only the baseline of one that was shown before."""
    baselines: set[tuple[float, str]] = set()
    for result in results:
        if not result.name.startswith(" "):
            baselines.clear()
        if result.baseline is not None:
            baselines.add((result.baseline, result.unit))
        elif not result.goal and result.name.startswith(" ") and (result.value, result.unit) in baselines:
            continue
        yield result


def _cells(result: Result) -> tuple[str, ...]:
    name = " ".join(result.name.split())
    return (
        f"– {name}" if result.name.startswith(" ") else name,
        _valued(result.value, result.unit),
        "" if result.baseline is None else _valued(result.baseline, result.unit),
        "" if result.ratio is None else _ratio(result.ratio),
        result.goal,
        {None: "", True: "yes", False: "**no**"}[result.holds],
    )


def _growth(measured: Sequence[Run]) -> str:
    found: Mapping[tuple[str, ...], Curve] = {
        (curve.what, curve.of): curve for run in measured for curve in curves(run.results)
    }
    lines = ["## How it grows", "", "The same figures by size, to see what grows with what.", ""]
    for (sizes, of), together in groupby(sorted(found.values(), key=_kind), key=_kind):
        lines += [_row((of, *(f"{size:,}" for size in sizes))), _ruler(1 + len(sizes))]
        lines += [
            _row((curve.what, *(_valued(curve.values[size], curve.unit) for size in sizes))) for curve in together
        ]
        lines.append("")
    return "\n".join(lines)


def _kind(curve: Curve) -> tuple[tuple[int, ...], str]:
    return curve.sizes, curve.of


def _valued(value: float, unit: str) -> str:
    """One call is no calls."""
    unit = unit.removesuffix("s") if value == 1 and unit in _COUNTED else unit
    whole = float(value).is_integer() or value >= 1000
    return (f"{value:,.0f} {unit}" if whole else f"{value:.3g} {unit}").strip()


def _ratio(ratio: float) -> str:
    """A small one as a fraction, which is how many times fewer."""
    return f"1/{1 / ratio:,.0f} ×" if 0 < ratio < _SMALL else f"{ratio:.3g} ×"


def _seconds(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _ruler(columns: int) -> str:
    return "|" + "|".join(["---", *["--:"] * (columns - 1)]) + "|"


if __name__ == "__main__":
    PAGE.write_text(page(list(runs(Path(sys.argv[1] if len(sys.argv) > 1 else "bench-out")))), encoding="utf-8")
