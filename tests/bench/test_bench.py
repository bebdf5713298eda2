"""That the harness works and its results have their shape, at sizes that measure nothing. No time is judged."""

import json
from dataclasses import fields
from pathlib import Path

from tests.bench.__main__ import Sizes, measured
from tests.bench.measure import Result, at_most, heading, line, milliseconds, shown, written


def test_every_benchmark_gives_results_of_one_shape(tmp_path: Path) -> None:
    tiny = Sizes(events=40, rules=5, targets=2, here=4, elsewhere=(3, 6), poll=(2, 4), starts=1)
    results = list(measured(tiny))
    read = json.loads(written(results, tmp_path / "out").read_text())
    names = [field.name for field in fields(Result)]
    assert names == ["name", "value", "unit", "baseline", "ratio", "goal", "holds"]
    assert all(list(one) == names and isinstance(one["value"], int | float) for one in read)
    assert {one["unit"] for one in read} == {"ms", "reads", "calls"}
    assert all((one["holds"] is None) == (one["baseline"] is None) for one in read)
    assert all(one["holds"] for one in read if one["unit"] != "ms"), "counts do not grow, at any size"


def test_a_goal_holds_up_to_its_ratio_and_the_table_says_so() -> None:
    held, missed = (at_most("a", value, "ms", baseline=10, times=2, of="that") for value in (20, 20.1))
    assert (held.ratio, held.holds, missed.holds) == (2, True, False)
    assert [line(one).split()[-1] for one in (held, missed, shown("b", 1, "ms"))] == ["yes", "NO", "ms"]
    assert heading().count("\n") == 1


def test_one_run_is_measured_once_and_several_after_one_that_warms_up() -> None:
    runs: list[int] = []
    assert milliseconds(lambda: runs.append(1), repeats=1) > 0
    assert milliseconds(lambda: runs.append(1), repeats=3) > 0
    assert len(runs) == 1 + 4
