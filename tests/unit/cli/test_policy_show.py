import json
from pathlib import Path

import pytest

from org_gate.policy.load import load_policy, policy_from_data, policy_schema
from tests.unit.central.support import ME, RULES, FakeStore
from tests.unit.cli.cells import FIRST, SECOND, Cells


@pytest.fixture
def cells(capsys: pytest.CaptureFixture[str]) -> Cells:
    return Cells(capsys, {FIRST: FakeStore(published=[RULES, RULES | {"mode": "shadow"}])})


def test_the_present_policy_is_shown_as_a_policy_file_with_who_and_when(cells: Cells) -> None:
    code, out, _ = cells.policy("show")
    assert code == 0
    assert out.startswith("# Version 2 of the policy; it holds now.\n# Published 2026-03-02T12:00:00Z by somebody.\n")
    assert load_policy(out, "shown") == policy_from_data(RULES | {"mode": "shadow"})


def test_an_older_version_is_shown_and_said_to_be_one(cells: Cells) -> None:
    code, out, _ = cells.policy("show", "1")
    assert (code, "version 2 does" in out, load_policy(out, "shown")) == (0, True, policy_from_data(RULES))
    code, out, _ = cells.policy("show", "1", "--format", "json")
    told = json.loads(out)
    assert (code, told["version"], told["present"], told["who"]) == (0, 1, False, "somebody")
    assert told["policy"] == RULES


def test_the_first_url_that_answers_is_taken(cells: Cells) -> None:
    cells.stores = {SECOND: None, FIRST: FakeStore()}
    assert cells.policy("show")[0] == 0
    cells.stores = {SECOND: None}
    code, out, err = cells.policy("show", "--format", "json")
    assert (code, "No decision API answered" in err) == (3, True)
    assert json.loads(out)["problem"] is None


def test_what_is_not_there_or_not_ours_ends_with_2(cells: Cells) -> None:
    assert cells.policy("show", "3")[0] == 2
    cells.stores = {FIRST: FakeStore(published=[])}
    code, _, err = cells.policy("show")
    assert (code, "policy publish" in err) == (2, True)
    cells.stores, cells.caller = {FIRST: FakeStore()}, ME
    assert cells.policy("show")[0] == 2


def test_what_strangers_wrote_cannot_move_the_cursor(cells: Cells) -> None:
    hostile = RULES | {"rules": [{"name": "a", "verdict": "warn", "why": "x\x1b[2J\u202ey\nz \u00fc"}]}
    cells.stores = {FIRST: FakeStore(published=[hostile])}
    _, out, _ = cells.policy("show")
    assert not {"\x1b", "\u202e"} & set(out)
    assert load_policy(out, "shown").rules[0].why == "x\x1b[2J\u202ey\nz \u00fc"


def test_a_difference_is_told_against_what_holds_a_version_or_a_file(cells: Cells, tmp_path: Path) -> None:
    file, other = tmp_path / "policy.yaml", tmp_path / "other.yaml"
    file.write_text(f"version: 1\nrules: {json.dumps(RULES['rules'])}\n")
    other.write_text("version: 1\n")
    code, out, _ = cells.policy("diff", str(file))
    assert (code, "version 2, which holds now" in out, "mode: shadow → enforce" in out) == (0, True, True)
    code, out, _ = cells.policy("diff", str(file), "--against", "1")
    assert (code, "Nothing changes." in out) == (0, True)
    code, out, _ = cells.run("policy", "diff", str(file), "--against", str(other), "--format", "json")
    (change,) = json.loads(out)["changes"]
    assert (code, change["kind"], change["field"]) == (0, "added", "rules[open-issues]")


def test_what_cannot_be_compared_ends_with_2_and_what_does_not_answer_with_3(cells: Cells, tmp_path: Path) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text("version: 1\n")
    assert cells.run("policy", "diff", str(file))[0] == 2
    assert cells.policy("diff", str(file), "--against", "9")[0] == 2
    assert cells.policy("diff", str(file), "--against", "0")[0] == 2
    assert cells.policy("diff", str(file), "--against", "missing.yaml")[0] == 2
    cells.stores = {FIRST: None}
    assert cells.policy("diff", str(file))[0] == 3
    file.write_text("version: 1\nmode: of\n")
    code, out, err = cells.policy("diff", str(file), "--format", "json")
    assert (code, json.loads(out)["problems"][0]["line"]) == (2, 2)
    assert f"{file}:2:7" in err


def test_the_schema_is_the_models(cells: Cells) -> None:
    code, out, _ = cells.run("policy", "schema")
    assert (code, json.loads(out)) == (0, policy_schema())
