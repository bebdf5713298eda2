import json
from pathlib import Path

import pytest

from org_gate.policy.load import policy_data, policy_from_data
from tests.unit.central.support import ME, RULES, FakeStore
from tests.unit.cli.cells import FIRST, SECOND, Cells, Typing
from tests.unit.cli.support import Shell
from tests.unit.client.support import json_reply

QUIET = "version: 1\nmode: shadow\nrules: []\n"
FAILING = """
cases:
  - name: quiet day
    now: 2026-03-02T12:00:00Z
    request: {targets: ["111122223333/eu-west-1"]}
    expect: {verdict: block}
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "policy.yaml"
    path.write_text(QUIET)
    return str(path)


@pytest.fixture
def cells(capsys: pytest.CaptureFixture[str]) -> Cells:
    return Cells(capsys)


def store_of(cells: Cells, url: str = FIRST) -> FakeStore:
    store = cells.stores[url]
    assert store is not None
    return store


def publish(cells: Cells, *arguments: str) -> tuple[int, str, str]:
    return cells.policy("publish", *arguments)


def test_it_says_what_changes_and_publishes_over_what_it_compared_with(cells: Cells, file: str) -> None:
    code, out, err = publish(cells, file, "--note", "quiet week", "--yes")
    assert code == 0, err
    assert "mode: enforce → shadow" in out
    assert "rules[open-issues]: removed" in out
    assert f"{FIRST}: version 2 holds from now on." in out
    assert store_of(cells).published[-1]["mode"] == "shadow"
    assert any("quiet week" in call for call in store_of(cells).asked)


def test_every_url_is_published_to_by_its_own_version_and_told(cells: Cells, file: str) -> None:
    cells.stores = {FIRST: FakeStore(), SECOND: FakeStore(published=[RULES, RULES, RULES])}
    code, out, _ = publish(cells, file, "--note", "why", "--yes")
    assert code == 0
    assert f"{FIRST}: version 2 holds" in out
    assert f"{SECOND}: version 4 holds" in out


def test_a_url_that_does_not_answer_is_told_and_the_rest_is_published(cells: Cells, file: str) -> None:
    cells.stores = {FIRST: None, SECOND: FakeStore()}
    code, out, err = publish(cells, file, "--note", "why", "--yes")
    assert code == 3
    assert f"{SECOND}: version 2 holds" in out
    assert f"{FIRST}: not published." in err
    assert "Publish again" in err
    cells.stores[FIRST] = FakeStore()
    code, out, err = publish(cells, file, "--note", "why", "--yes")
    assert (code, err.count("not published")) == (0, 0)
    assert f"{SECOND}: version 2 is this policy already" in out
    assert len(store_of(cells, SECOND).published) == 2


def test_as_json_stdout_is_what_came_of_it_and_the_rest_goes_to_stderr(cells: Cells, file: str) -> None:
    cells.stores = {FIRST: None, SECOND: FakeStore()}
    code, out, err = publish(cells, file, "--note", "why", "--yes", "--format", "json")
    told = json.loads(out)
    assert (code, told["done"], "mode: enforce → shadow" in err) == (3, False, True)
    assert [(one["url"], one["outcome"], one["policy_version"]) for one in told["urls"]] == [
        (SECOND, "taken", 2),
        (FIRST, "no_answer", None),
    ]
    cells.stores[FIRST] = FakeStore()
    told = json.loads(publish(cells, file, "--note", "why", "--yes", "--format", "json")[1])
    assert (told["done"], {one["outcome"] for one in told["urls"]}) == (True, {"taken", "had_it"})
    code, out, _ = publish(cells, "--version", "1", "--format", "json")
    assert (code, "--yes" in json.loads(out)["error"]) == (2, True)
    cells.caller = ME
    for arguments in ((file, "--note", "why"), ("--version", "1")):
        code, out, _ = publish(cells, *arguments, "--yes", "--format", "json")
        ours = out[out.index("{\n") :]  # the API's metrics come before: here it runs in the same process
        assert (code, "error" in json.loads(ours)) == (2, True)
    Path(file).write_text("version: 1\nmode: of\n")
    code, out, _ = publish(cells, file, "--note", "why", "--yes", "--format", "json")
    assert (code, json.loads(out)["valid"]) == (2, False)


def test_of_two_at_once_one_wins_and_the_other_is_told_what_to_do(
    cells: Cells, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_of(cells)
    monkeypatch.setattr("sys.stdin", Typing("y\n", lambda: store.published.append(RULES | {"mode": "warn"})))
    code, out, err = publish(cells, file, "--note", "why")
    assert code == 2
    assert "holds from now on" not in out
    assert "Somebody else published" in err
    assert "policy diff" in err
    assert store.published[-1]["mode"] == "warn"


def test_an_expected_version_that_is_not_the_present_one_is_a_conflict(cells: Cells, file: str) -> None:
    assert publish(cells, file, "--note", "why", "--yes", "--expected-version", "7")[0] == 2
    assert publish(cells, file, "--note", "why", "--yes", "--expected-version", "1")[0] == 0


def test_without_yes_it_asks_and_only_at_a_terminal(cells: Cells, file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for typed in ("n\n", "\n"):
        monkeypatch.setattr("sys.stdin", Typing(typed))
        code, out, err = publish(cells, file, "--note", "why")
        assert (code, "Nothing was published" in err) == (2, True)
        assert "mode: enforce → shadow" in out
    monkeypatch.setattr("sys.stdin", Typing(""))
    assert publish(cells, file, "--note", "why")[0] == 3
    monkeypatch.undo()
    code, _, err = publish(cells, file, "--note", "why")
    assert (code, "--yes" in err) == (2, True)
    assert len(store_of(cells).published) == 1
    monkeypatch.setattr("sys.stdin", Typing("y\n"))
    assert publish(cells, file, "--note", "why")[0] == 0


def test_a_failing_case_or_a_mistake_keeps_it_from_being_published(cells: Cells, file: str) -> None:
    Path(file).with_name("policy.cases.yaml").write_text(FAILING)
    code, _, err = publish(cells, file, "--note", "why", "--yes")
    assert code == 1
    assert "FAILED quiet day" in err
    Path(file).with_name("policy.cases.yaml").write_text("cases: [{nam: x}]")
    assert publish(cells, file, "--note", "why", "--yes")[0] == 2
    Path(file).write_text("version: 1\nrulez: []\n")
    code, _, err = publish(cells, file, "--note", "why", "--yes")
    assert (code, "did you mean rules?" in err) == (2, True)
    assert len(store_of(cells).published) == 1


def test_going_back_publishes_an_older_version_again_with_a_note_that_says_so(cells: Cells) -> None:
    store = store_of(cells)
    store.published.append(policy_data(policy_from_data(RULES | {"mode": "shadow"})))
    code, out, _ = publish(cells, "--version", "1", "--note", "too quiet", "--yes")
    assert code == 0
    assert "mode: shadow → enforce" in out
    assert store.published[2]["mode"] == "enforce"
    assert any("Back to version 1: too quiet" in call for call in store.asked)
    code, _, err = publish(cells, "--version", "9", "--yes")
    assert (code, "no version 9" in err) == (2, True)


def test_the_first_policy_of_all(cells: Cells, file: str) -> None:
    cells.stores = {FIRST: FakeStore(published=[])}
    code, out, _ = publish(cells, file, "--note", "why", "--yes")
    assert code == 0
    assert "the first policy" in out
    assert "version 1 holds" in out


@pytest.mark.parametrize(
    "arguments", [("--yes",), ("FILE", "--version", "1", "--yes"), ("FILE", "--yes"), ("FILE", "--note", " ", "--yes")]
)
def test_wrong_use(cells: Cells, file: str, arguments: tuple[str, ...]) -> None:
    given = [file if one == "FILE" else one for one in arguments]
    assert publish(cells, *given)[0] == 2
    assert len(store_of(cells).published) == 1


def test_who_may_not_publish_is_told_so(cells: Cells, file: str) -> None:
    cells.caller = ME
    code, _, err = publish(cells, file, "--note", "why", "--yes")
    assert (code, "central account" in err) == (2, True)
    cells.has_credentials = False
    assert publish(cells, file, "--note", "why", "--yes")[0] == 3


def test_what_a_newer_version_published_is_not_published_over(capsys: pytest.CaptureFixture[str], file: str) -> None:
    newer = {"policy_version": 3, "policies": [], "policy": {"version": 1, "later": True}}
    shell = Shell(capsys, [json_reply(newer)])
    code, _, err = shell.run("policy", "publish", file, "--note", "why", "--yes", "--url", FIRST)
    assert (code, "another version of org-gate" in err) == (2, True)
    assert len(shell.wire.sent) == 1
