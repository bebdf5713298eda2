"""That the harness works and its results have their shape, at sizes that measure nothing. No time is judged."""

import json
from collections import Counter
from dataclasses import fields, replace
from pathlib import Path

import pytest

from tests.bench.__main__ import main
from tests.bench.measure import (
    Result,
    at_most,
    compared,
    heading,
    line,
    milliseconds,
    no_more_than,
    shown,
)
from tests.bench.parts import LARGE, PARTS, Sizes
from tests.bench.peer_client import is_here
from tests.bench.runs import keep, runs, written

TINY = Sizes(
    runtime="inprocess",
    checks=1,
    peer=(8,),
    peer_goal=8,
    poll=(2, 4),
    events=40,
    rules=5,
    targets=2,
    here=4,
    elsewhere=(3, 6),
    starts=1,
    api=(30, 4),
    collector=(4, 5),
    storms=((3, 2),),
    storms_large=((4, 2),),
    recorded=20,
    history_accounts=1,
)


ELSEWHERE = ("checks", "polls", "report")
"""Below, and in `test_figures`."""


@pytest.mark.parametrize("key", [key for key in PARTS if key not in ELSEWHERE])
def test_a_part_gives_results_of_one_shape(key: str, tmp_path: Path) -> None:
    _measured(key, tmp_path)


def test_a_gate_check_makes_no_call_to_aws_health_and_the_published_pattern_one(tmp_path: Path) -> None:
    found = {result.name: result for result in _measured("checks", tmp_path)}
    ours = found["a gate check's calls to AWS Health"]
    assert (ours.value, ours.baseline, ours.holds) == (0, 1, True)
    assert found["  its calls to DynamoDB"].value <= 4


def test_the_peer_reads_every_event_and_the_collector_what_has_changed(tmp_path: Path) -> None:
    found = _measured("polls", tmp_path)
    totals = {result.name: result for result in found if not result.name.startswith(" ")}
    states = ("nothing changed", "1 % changed", "all changed")
    ours, theirs = zip(*(_poll(totals, state) for state in states), strict=True)
    assert ours[0] == 1
    assert ours == tuple(sorted(ours))
    if not is_here():
        pytest.skip("the peer's client is not on this machine")
    assert theirs == (21, 21, 21), "a list, accounts and details of 8 events, entities of 4"
    assert ours[2] < theirs[2]
    operations = Counter[str]()
    for result in found:
        whose, _, operation = result.name.strip().partition(": ")
        operations[whose] += int(result.value) if operation.startswith("Describe") else 0
    assert operations["of these"] == sum(ours)
    assert operations["of the peer's"] == sum(theirs)


def _measured(key: str, folder: Path) -> list[Result]:
    """A part's results, which have the shape that they should have, in the file as well."""
    results = list(PARTS[key].run(TINY))
    keep(PARTS[key], results, 1.0, folder)
    assert written(folder) == results
    read = json.loads((folder / "results.json").read_text())
    names = [field.name for field in fields(Result)]
    assert names == ["name", "value", "unit", "baseline", "ratio", "goal", "holds"]
    assert all(list(one) == names and isinstance(one["value"], int | float) for one in read)
    assert all((one["holds"] is None) == (one["goal"] == "") for one in read)
    assert all((one["ratio"] is None) == (one["baseline"] is None) for one in read)
    counted = [one for one in read if one["goal"] and one["unit"] != "ms" and "the peer's" not in one["goal"]]
    assert all(one["holds"] for one in counted), "counts hold, at any size"
    return results


def _poll(totals: dict[str, Result], state: str) -> tuple[float, float | None]:
    result = totals[f"a poll's calls to AWS Health, {state}:     8 open events"]
    return result.value, result.baseline


def test_a_part_that_is_measured_again_replaces_its_own_results_only(tmp_path: Path) -> None:
    first, second = list(PARTS.values())[:2]
    keep(second, [shown("b", 2, "ms")], 1.0, tmp_path)
    keep(first, [shown("a", 1, "ms")], 1.0, tmp_path)
    keep(second, [shown("b", 3, "ms"), shown("c", 4, "ms")], 2.0, tmp_path)
    assert [(result.name, result.value) for result in written(tmp_path)] == [("a", 1), ("b", 3), ("c", 4)]
    assert [(run.part, run.seconds) for run in runs(tmp_path)] == [(first, 1.0), (second, 2.0)]
    assert all("processors" in run.machine and len(run.day) == 10 for run in runs(tmp_path))


def test_one_part_is_measured_where_one_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny = {key: replace(part, run=lambda _: iter([shown("a", 1, "ms")])) for key, part in PARTS.items()}
    monkeypatch.setattr("tests.bench.__main__.PARTS", tiny)
    main(["--only", "checks", str(tmp_path)])
    assert [run.part.key for run in runs(tmp_path)] == ["checks"]
    main([str(tmp_path)])
    assert [run.part.key for run in runs(tmp_path)] == [key for key in PARTS if key not in LARGE]
    main(["--large", str(tmp_path)])
    assert [run.part.key for run in runs(tmp_path)] == [*PARTS]
    assert capsys.readouterr().out.rstrip().endswith(f"{len(PARTS)} results in {tmp_path}; 0 goals missed")


def test_a_goal_holds_up_to_its_ratio_and_the_table_says_so() -> None:
    held, missed = (at_most("a", value, "ms", baseline=10, times=2, of="that") for value in (20, 20.1))
    assert (held.ratio, held.holds, missed.holds) == (2, True, False)
    assert [line(one).split()[-1] for one in (held, missed, shown("b", 1, "ms"))] == ["yes", "NO", "ms"]
    assert heading().count("\n") == 1


def test_a_number_can_be_the_goal_and_a_baseline_can_be_without_one() -> None:
    assert [no_more_than("a", value, "calls", most=1).holds for value in (0, 1, 2)] == [True, True, False]
    beside = compared("a", 5, "calls", baseline=10)
    assert (beside.ratio, beside.goal, beside.holds) == (0.5, "", None)


def test_one_run_is_measured_once_and_several_after_one_that_warms_up() -> None:
    runs: list[int] = []
    assert milliseconds(lambda: runs.append(1), repeats=1) > 0
    assert milliseconds(lambda: runs.append(1), repeats=3) > 0
    assert len(runs) == 1 + 4
