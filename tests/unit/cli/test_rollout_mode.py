"""The off switch by the command line, against the real decision API in process."""

import json

import pytest

from tests.unit.central.support import RULES, FakeStore
from tests.unit.cli.cells import FIRST, SECOND, Cells


@pytest.fixture
def cells(capsys: pytest.CaptureFixture[str]) -> Cells:
    return Cells(capsys)


def mode(cells: Cells, *arguments: str) -> tuple[int, str, str]:
    return cells.run("rollout", "mode", *arguments, "--url", ",".join(cells.stores))


def modes(cells: Cells, url: str = FIRST) -> list[tuple[list[str], str]]:
    store = cells.stores[url]
    assert store is not None
    return [(each["targets"].get("ous", []), each["mode"]) for each in store.published[-1]["modes"]]


def test_it_turns_every_cell_off_at_once_without_asking(cells: Cells) -> None:
    cells.stores = {FIRST: FakeStore(), SECOND: FakeStore(published=[RULES, RULES])}
    code, out, err = mode(cells, "shadow", "--note", "it blocks too much")
    assert code == 0, err
    assert f"{FIRST}: version 2 holds from now on." in out
    assert f"{SECOND}: version 3 holds from now on." in out
    assert modes(cells) == modes(cells, SECOND) == [([], "shadow")]
    assert "org-gate rollout mode shadow for everyone: it blocks too much" in str(cells.stores[FIRST].asked)  # type: ignore[union-attr]


def test_an_ou_is_switched_alone_and_back_is_what_held_before(cells: Cells) -> None:
    mode(cells, "shadow", "--note", "a")
    mode(cells, "warn", "--ou", "Workloads/Dev", "--note", "b")
    assert modes(cells) == [(["Workloads/Dev/**"], "warn"), ([], "shadow")]
    code, out, err = mode(cells, "policy", "--note", "mended", "--yes")
    assert code == 0, err
    assert modes(cells) == []
    assert "version 4 holds from now on." in out


def test_twice_is_once(cells: Cells) -> None:
    mode(cells, "shadow", "--note", "a")
    code, out, _ = mode(cells, "shadow", "--note", "again", "--format", "json")
    assert (code, json.loads(out)["urls"][0]["outcome"]) == (0, "had_it")


def test_what_blocks_more_is_asked_about(cells: Cells) -> None:
    for stricter in ("enforce", "policy"):
        mode(cells, "shadow", "--note", "a")
        code, _, err = mode(cells, stricter, "--note", "on again")
        assert (code, "Say --yes" in err) == (2, True)


def test_without_a_policy_there_is_nothing_to_switch(cells: Cells) -> None:
    cells.stores = {FIRST: FakeStore(published=[])}
    code, _, err = mode(cells, "shadow", "--note", "a")
    assert (code, "nothing is blocked" in err) == (2, True)


def test_a_cell_that_does_not_answer_is_told(cells: Cells) -> None:
    cells.stores = {FIRST: FakeStore(), SECOND: None}
    code, out, err = mode(cells, "shadow", "--note", "a")
    assert code == 3
    assert f"{FIRST}: version 2 holds" in out
    assert f"{SECOND}: not published." in err


def test_all_switches_are_taken_back_at_once(cells: Cells) -> None:
    code, _, err = mode(cells, "policy", "--ou", "Dev", "--note", "a")
    assert (code, "leave --ou out" in err) == (2, True)
