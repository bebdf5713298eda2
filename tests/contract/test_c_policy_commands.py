"""C1 and C2 of `org-gate policy`: the installed command in its own process, the real API over HTTP on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.central.support import CENTRAL, ME, RULES, FakeStore
from tests.unit.cli.served import Served, org_gate, served

POLICY = "version: 1\nmode: shadow\nrules: [{name: all, verdict: block}]\n"
CASE = """\
cases:
  - name: an incident
    now: 2026-03-02T12:00:00Z
    request: {targets: ["111122223333/eu-west-1"]}
    events: [{region: eu-west-1, service: EC2, statusCode: open, eventScopeCode: PUBLIC}]
    expect: {verdict: VERDICT}
"""


@pytest.fixture
def cells() -> Iterator[Served]:
    with served({"one": FakeStore(published=[RULES]), "two": FakeStore(published=[RULES])}) as server:
        yield server


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return str(path)


@pytest.mark.contract("C1")
def test_c1_a_case_that_fails_ends_with_1_and_what_is_invalid_with_2(file: str) -> None:
    cases = Path(file).with_name("policy.cases.yaml")
    for verdict, code in (("warn", 0), ("block", 1), ("maybe", 2)):
        cases.write_text(CASE.replace("VERDICT", verdict))
        assert org_gate("policy", "test", file).returncode == code
    assert org_gate("policy", "schema").returncode == 0


@pytest.mark.contract("C1")
@pytest.mark.parametrize("command", ["show", "diff", "test"])
def test_c1_with_json_stdout_is_json_and_nothing_else(cells: Served, file: str, command: str) -> None:
    arguments = () if command == "show" else (file,)
    for published, cases, codes in (([RULES], CASE.replace("VERDICT", "block"), {0, 1}), ([], "cases: []", {2})):
        cells.store("one").published = published
        Path(file).with_name("policy.cases.yaml").write_text(cases)
        done = cells.run("policy", command, *arguments, "--format", "json")
        assert done.returncode in codes
        assert json.loads(done.stdout)


@pytest.mark.contract("C1")
def test_c1_publishing_with_json_keeps_stdout_for_json(cells: Served, file: str) -> None:
    publish = ("policy", "publish", file, "--note", "why", "--yes", "--format", "json")
    for caller, code, done in ((ME, 2, None), (CENTRAL, 0, True)):
        cells.caller = caller
        ended = cells.run(*publish)
        assert (ended.returncode, json.loads(ended.stdout).get("done")) == (code, done), ended.stderr


@pytest.mark.contract("C2")
def test_c2_what_reads_takes_the_first_and_what_changes_goes_to_every_url(cells: Served, file: str) -> None:
    refused = cells.run("policy", "publish", file, "--note", "why")
    assert (refused.returncode, "--yes" in refused.stderr) == (2, True)
    assert {len(cells.store(name).published) for name in ("one", "two")} == {1}
    done = cells.run("policy", "publish", file, "--note", "why", "--yes")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("version 2 holds from now on") == 2
    assert [cells.store(name).published[-1]["mode"] for name in ("one", "two")] == ["shadow", "shadow"]
    cells.store("two").asked.clear()
    shown = cells.run("policy", "show")
    assert (shown.returncode, "mode: shadow" in shown.stdout) == (0, True)
    assert cells.store("two").asked == []
