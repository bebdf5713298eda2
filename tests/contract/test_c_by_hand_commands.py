"""C1 and C2 of overrides, drills, declared events, `explain` and what enforcing would block: the installed command in
its own process, the real API over HTTP on loopback."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from org_gate.model.event import Account
from tests.unit.central.support import CENTRAL, ME, RULES, FakeStore, issue
from tests.unit.cli.served import Served, served

MADE = {
    "override": ("override", "create", "--account", ME, "--reason", "it is fine", "--for", "1h"),
    "drill": ("drill", "start", "--account", ME, "--region", "us-east-1", "--reason", "game day", "--for", "20m"),
    "event": ("event", "declare", "--service", "RDS", "--region", "us-east-1", "--reason", "slow", "--for", "2h"),
}
ENDED = {"override": "revoke", "drill": "stop", "event": "close"}
LISTED = {"override": "overrides", "drill": "drills", "event": "declared_events"}
each = pytest.mark.parametrize("group", MADE)


def store() -> FakeStore:
    return FakeStore(published=[RULES], events_known=(issue(),), tree={ME: Account(ME, "Workloads/Prod", (), {})})


@pytest.fixture
def cells() -> Iterator[Served]:
    with served({"one": store(), "two": store()}) as server:
        yield server


def listed(cells: Served, group: str) -> list[str]:
    done = cells.run(group, "list", "--format", "json")
    assert done.returncode == 0, done.stderr
    return [one.get("override_id") or one["id"] for one in json.loads(done.stdout)[LISTED[group]]]


@pytest.mark.contract("C1")
@pytest.mark.contract("C2")
@each
def test_c2_what_is_made_is_in_every_cell_by_one_id_and_is_ended_by_it(cells: Served, group: str) -> None:
    done = cells.run(*MADE[group], "--format", "json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert [(one["url"], one["outcome"]) for one in told["urls"]] == [
        (cells.url("one"), "taken"),
        (cells.url("two"), "taken"),
    ]
    for name in ("one", "two"):
        alone = {name: cells.stores[name]}
        with served(alone) as cell:
            assert listed(cell, group) == [told["id"]]
    assert told["id"] in cells.run(group, "list").stdout
    done = cells.run(group, ENDED[group], told["id"])
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("by arn:aws:sts::") == 2
    assert listed(cells, group) == []
    assert cells.run(group, ENDED[group], told["id"][:-3] + "fff").returncode == 2


@pytest.mark.contract("C2")
@each
def test_c2_what_one_cell_did_not_take_is_told_and_repeated_with_its_id(cells: Served, group: str) -> None:
    two, cells.stores["two"] = cells.stores["two"], None
    done = cells.run(*MADE[group], "--format", "json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["done"], f"--id {told['id']}" in done.stderr) == (3, False, True)
    cells.stores["two"] = two
    again = cells.run(*MADE[group], "--id", told["id"])
    assert again.returncode == 0, again.stderr
    assert f"{cells.url('one')}: has it already." in again.stdout
    assert cells.run(group, ENDED[group], told["id"]).returncode == 0


@pytest.mark.contract("C1")
@each
def test_c1_who_may_not_is_refused_with_2_and_json_stays_json(cells: Served, group: str) -> None:
    cells.caller = "444455556666"
    done = cells.run(*MADE[group], "--format", "json")
    assert done.returncode == 2, done.stderr
    assert [one["outcome"] for one in json.loads(done.stdout)["urls"]] == ["refused", "refused"]
    assert "403" in done.stderr


@pytest.mark.contract("C1")
@pytest.mark.contract("C2")
def test_c1_explain_finds_the_cell_that_took_the_decision(cells: Served) -> None:
    with served({"two": cells.stores["two"]}) as two:
        asked = two.run("check", "--target", f"{ME}/us-east-1/RDS", "--format", "json")
    decision_id = json.loads(asked.stdout)["decision_id"]
    done = cells.run("explain", decision_id)
    assert done.returncode == 0, done.stderr
    assert {decision_id in done.stdout, "open-issues" in done.stdout} == {True}
    done = cells.run("explain", decision_id, "--format", "json")
    assert set(json.loads(done.stdout)) == {"decision", "explanation"}
    assert cells.run("explain", decision_id[:-3] + "fff").returncode == 2
    cells.stores["two"] = None
    done = cells.run("explain", decision_id, "--format", "json")
    assert (done.returncode, "error" in json.loads(done.stdout)) == (3, True)


@pytest.mark.contract("C1")
def test_c1_publish_compares_with_what_was_decided(cells: Served, tmp_path: Path) -> None:
    asked = cells.run("check", "--target", f"{ME}/us-east-1/RDS")
    assert asked.returncode == 1
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nmode: shadow\n")
    done = cells.run("policy", "publish", str(policy), "--note", "quiet", "--yes")
    assert done.returncode == 0, done.stderr
    assert "this 1 would change" in done.stdout
    assert f"{CENTRAL}: block → " in done.stdout
    assert f"{cells.url('two')}: there are no recorded decisions to compare with." in done.stdout


@pytest.mark.contract("C1")
def test_c1_what_enforcing_would_have_blocked_is_counted_and_a_silent_cell_ends_with_3(cells: Served) -> None:
    done = cells.run("policy", "show", "--would-be", "30d", "--format", "json")
    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert (told["since"], told["asked"]) == ("2026-01-31T12:00:00Z", 0)
    cells.stores["one"] = None
    done = cells.run("policy", "show", "--would-be", "30d", "--format", "json")
    assert (done.returncode, len(json.loads(done.stdout)["not_counted"])) == (3, 1)
