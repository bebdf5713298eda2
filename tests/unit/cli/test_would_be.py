import json
import sys
from typing import Any

import pytest

from tests.unit.cli.cells import Typing
from tests.unit.cli.fake_cell import FIRST, SECOND, Bench, FakeCell

PROD, DEV = "Workloads/Prod", "Workloads/Dev"


def entry(number: int, verdict: str, would_be: str, *ous: str) -> dict[str, Any]:
    return {"decision_id": f"d-{number}", "verdict": verdict, "would_be": would_be, "ous": list(ous)}


@pytest.fixture
def bench(capsys: pytest.CaptureFixture[str]) -> Bench:
    first = [
        [entry(1, "allow", "block", PROD), entry(2, "warn", "block", PROD, DEV)],
        [entry(3, "block", "block", PROD), entry(4, "allow", "allow", DEV)],
        [entry(5, "allow", "warn", ""), entry(6, "allow", "block", "?")],
    ]
    return Bench(capsys, {FIRST: FakeCell(pages=first), SECOND: FakeCell(pages=[[entry(7, "warn", "block", DEV)]])})


def would_be(bench: Bench, *arguments: str) -> tuple[int, str, str]:
    return bench.run("policy", "show", "--would-be", "30d", *arguments)


def test_what_enforce_would_have_blocked_and_did_not_is_counted_by_ou_over_all_pages_and_urls(bench: Bench) -> None:
    code, out, err = would_be(bench, "--format", "json")
    told = json.loads(out)
    assert (code, err) == (0, "")
    assert (told["asked"], told["would_have_been_blocked"], told["not_counted"]) == (7, 4, [])
    rows = [(row["ou"], row["asked"], row["would_have_been_blocked"]) for row in told["ous"]]
    assert rows == [(DEV, 3, 2), (PROD, 3, 2), ("?", 1, 1), ("", 1, 0)]


def test_the_span_ends_at_the_time_of_each_url(bench: Bench) -> None:
    would_be(bench)
    began = [path for _, path in bench.cells[FIRST].asked if "decisions" in path]
    assert len(began) == 3
    assert all("from=2026-01-31T12%3A00%3A00Z" in path for path in began)
    assert [("next=" in path) for path in began] == [False, True, True]


def test_the_table_for_people(bench: Bench) -> None:
    code, out, err = would_be(bench)
    assert (code, err) == (0, "")
    *table, said = out.splitlines()
    assert said.startswith("Mode enforce everywhere would have blocked 4 decisions that went through.")
    assert table == [
        "Since 2026-01-31T12:00:00Z (30 d):",
        "  OU                 asked  would have been blocked",
        "  Workloads/Dev          3                        2",
        "  Workloads/Prod         3                        2",
        "  (not in the tree)      1                        1",
        "  (root)                 1                        0",
        "  in all                 7                        4",
    ]


def test_a_url_that_cannot_be_counted_is_told_and_the_end_says_so(bench: Bench) -> None:
    bench.cells[FIRST].mood = "silent"
    code, out, err = would_be(bench, "--format", "json")
    told = json.loads(out)
    assert (code, told["asked"], told["not_counted"][0]["url"]) == (3, 1, FIRST)
    assert f"{FIRST}: its decisions are not counted" in err
    bench.cells[FIRST].mood = "refusing"
    code, out, _ = would_be(bench, "--format", "json")
    assert (code, json.loads(out)["not_counted"][0]["problem"]["status"]) == (2, 403)
    bench.cells[SECOND].mood = "silent"
    code, out, _ = would_be(bench, "--format", "json")
    assert (code, "error" in json.loads(out)) == (3, True)
    bench.has_credentials = False
    assert would_be(bench)[0] == 3


def test_a_page_that_stumbles_is_asked_for_again_but_not_for_ever(bench: Bench) -> None:
    bench.cells[FIRST].stumbles = 2
    assert would_be(bench)[0] == 0
    assert len(bench.slept) == 2
    bench.cells[FIRST].stumbles = 3
    assert would_be(bench)[0] == 3


def test_no_decisions_at_all(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = would_be(Bench(capsys, {FIRST: FakeCell()}))
    assert (code, "would have blocked 0 decisions" in out) == (0, True)


def test_progress_is_for_terminals(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Typing("")
    monkeypatch.setattr(sys, "stderr", terminal)
    assert would_be(bench)[0] == 0
    assert "6 decisions read" in terminal.getvalue()


def test_an_ou_is_a_name_that_somebody_chose(bench: Bench) -> None:
    bench.cells[SECOND].pages = [[entry(1, "allow", "block", "Work\x1b[2J\nloads")]]
    out = would_be(bench)[1]
    assert "\x1b" not in out
    assert "Work\\x1b[2J\\nloads" in out


@pytest.mark.parametrize("arguments", [("3", "--would-be", "30d"), ("--would-be", "month"), ("--would-be", "40000d")])
def test_wrong_use(bench: Bench, arguments: tuple[str, ...]) -> None:
    assert bench.run("policy", "show", *arguments)[0] == 2
    assert not any(cell.asked for cell in bench.cells.values())
