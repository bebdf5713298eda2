"""Medians of several runs, and results that say what they are held against. No result is a test's failure."""

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median
from typing import Any, Final

REPEATS: Final = 7
QUICKER: Final = 0.1
"""A ratio that counts as touching what is relevant only."""
ALIKE: Final = 2.0
"""A ratio that counts as flat: twice as much, where there is ten or a thousand times as much to look at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """``ratio`` is the value to the baseline, both measured in the same run; ``goal`` is what it should be.

    A name that begins with spaces belongs to the one before it.
    """

    name: str
    value: float
    unit: str
    baseline: float | None = None
    ratio: float | None = None
    goal: str = ""
    holds: bool | None = None
    """None where there is no goal: the value is there to be compared with."""


def shown(name: str, value: float, unit: str) -> Result:
    return Result(name=name, value=value, unit=unit)


def at_most(name: str, value: float, unit: str, *, baseline: float, times: float, of: str) -> Result:
    """``of`` names the baseline."""
    ratio = value / baseline
    goal = f"at most {times:g} × {of}"
    return Result(name=name, value=value, unit=unit, baseline=baseline, ratio=ratio, goal=goal, holds=ratio <= times)


def compared(name: str, value: float, unit: str, *, baseline: float) -> Result:
    """Beside its baseline, held against nothing."""
    return Result(name=name, value=value, unit=unit, baseline=baseline, ratio=value / baseline)


def no_more_than(name: str, value: float, unit: str, *, most: float) -> Result:
    """Held against a number, not against something measured."""
    return Result(name=name, value=value, unit=unit, goal=f"at most {most:g}", holds=value <= most)


def milliseconds(run: Callable[[], Any], repeats: int = REPEATS) -> float:
    """The median of so many runs after one that warms up; with one run only, that one.

    What is there before is no business of the garbage collector meanwhile: it would find more of it in a larger run.
    """
    gc.collect()
    gc.freeze()
    try:
        times = [_once(run) for _ in range(repeats + 1 if repeats > 1 else 1)]
    finally:
        gc.unfreeze()
    return median(times[1:] or times) * 1000


def _once(run: Callable[[], Any]) -> float:
    began = time.perf_counter()
    run()
    return time.perf_counter() - began


def line(result: Result) -> str:
    """Of the table."""
    ratio = "" if result.ratio is None else f"{result.ratio:.3g} ×"
    mark = {None: "", True: "yes", False: "NO"}[result.holds]
    return f"{result.name:<78} {result.value:>12,.3f} {result.unit:<6} {ratio:>10}  {result.goal:<44} {mark}".rstrip()


def heading() -> str:
    titles = f"{'what':<78} {'value':>12} {'unit':<6} {'ratio':>10}  {'goal':<44} holds"
    return f"{titles}\n{'-' * len(titles)}"
