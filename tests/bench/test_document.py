"""That the page says what was measured, all of it, and where; from made-up results."""

from pathlib import Path

import pytest

from tests.bench.document import PAGE, page
from tests.bench.growth import curves
from tests.bench.measure import Result, at_most, compared, no_more_than, shown
from tests.bench.parts import PARTS
from tests.bench.runs import Run, keep, runs

POLLS, CHECKS = PARTS["polls"], PARTS["checks"]
SIZED = (
    at_most("a poll: 1,000 open events", 2, "calls", baseline=4000, times=0.01, of="the peer's"),
    compared("  wall time", 12.345, "ms", baseline=1234.5),
    shown("  the peer's", 4000, "calls"),
    shown("  the peer's retries", 7, "calls"),
    at_most("a poll:   200 open events", 1, "calls", baseline=50, times=0.01, of="the peer's"),
    compared("  wall time", 8, "ms", baseline=4),
)


def _rows(text: str, first: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith(f"| {first} |")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_a_row_has_the_figure_its_baseline_ratio_and_goal_and_whether_that_holds() -> None:
    told = page([Run(POLLS, "2026-03-02", "a machine", 61.0, SIZED)])
    assert _rows(told, "a poll: 1,000 open events") == [
        ["a poll: 1,000 open events", "2 calls", "4,000 calls", "1/2,000 ×", "at most 0.01 × the peer's", "yes"]
    ]
    assert _rows(told, "a poll: 200 open events")[0][3:] == ["1/50 ×", "at most 0.01 × the peer's", "**no**"]
    assert [row[1:4] for row in _rows(told, "– wall time")] == [
        ["12.3 ms", "1,234 ms", "1/100 ×"],
        ["8 ms", "4 ms", "2 ×"],
    ]
    assert "1 of 2 goals hold." in told


def test_what_is_only_the_baseline_of_a_row_above_has_no_row_and_what_is_more_has_one() -> None:
    told = page([Run(POLLS, "2026-03-02", "a machine", 61.0, SIZED)])
    assert _rows(told, "– the peer's") == []
    assert _rows(told, "– the peer's retries") == [["– the peer's retries", "7 calls", "", "", "", ""]]


def test_a_figure_at_several_sizes_is_a_curve_with_what_belongs_to_it() -> None:
    found = {curve.what: curve for curve in curves(SIZED)}
    assert list(found) == ["a poll", "a poll: wall time"], "the peer's were told at one size only"
    assert (found["a poll"].sizes, found["a poll"].of) == ((200, 1000), "open events")
    assert found["a poll: wall time"].values == {200: 8, 1000: 12.345}
    told = page([Run(POLLS, "2026-03-02", "a machine", 61.0, SIZED)])
    assert "| open events | 200 | 1,000 |" in told
    assert "| a poll | 1 call | 2 calls |" in told


def test_a_number_that_is_no_size_makes_no_curve() -> None:
    names = ("a scan: 10 targets, 10,000 events", "a scan: 20 targets, 10,000 events", "nothing: at all")
    assert curves([shown(name, 1, "ms") for name in names]) == []


def test_each_part_is_told_with_its_command_and_where_it_was_measured() -> None:
    one, other = (no_more_than("a", value, "calls", most=1) for value in (1, 0))
    told = page(
        [
            Run(CHECKS, "2026-03-02", "a machine", 59.6, (one,)),
            Run(POLLS, "2026-03-02", "a machine", 125.0, (other,)),
            Run(PARTS["starts"], "2026-03-03", "another", 3.0, (shown("b", 0.5, "ms"),)),
        ]
    )
    assert "- 2026-03-02, a machine: `checks` (60 s), `polls` (2 min)." in told
    assert "- 2026-03-03, another: `starts` (3 s)." in told
    for part in (CHECKS, POLLS, PARTS["starts"]):
        assert f"| **{part.title}** · `python -m tests.bench --only {part.key}` |" in told
    assert "2 of 2 goals hold." in told


def test_without_results_there_is_no_page(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="run `make bench` first"):
        page(list(runs(tmp_path)))


def test_the_page_is_made_of_what_was_kept(tmp_path: Path) -> None:
    result = Result(name="a | b", value=1.5, unit="ms")
    keep(CHECKS, [result], 1.0, tmp_path)
    told = page(list(runs(tmp_path)))
    assert "| a \\| b | 1.5 ms |" in told
    assert PAGE.name == "performance.md"
