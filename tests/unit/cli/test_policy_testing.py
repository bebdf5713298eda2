import json
from pathlib import Path
from typing import Any

import pytest

from org_gate.cli.policy_cases import played
from org_gate.policy.cases import load_cases
from org_gate.policy.load import load_policy, policy_from_data
from tests.unit.cli.support import Shell

CONFIG = Path(__file__).parents[3] / "config"
ISSUE = {
    "service": "rds",
    "region": "EU-WEST-1",
    "eventTypeCategory": "ISSUE",
    "statusCode": "OPEN",
    "eventScopeCode": "PUBLIC",
}
BLOCKED = {"verdict": "block", "rule": "open-issues"}


@pytest.fixture
def shell(capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(capsys, [])


def case(**fields: Any) -> dict[str, Any]:
    request = {"targets": ["111122223333/eu-west-1/RDS"]}
    whole = {"name": "a", "now": "2026-03-02T12:00:00Z", "request": request, "events": [ISSUE], "expect": BLOCKED}
    return whole | fields


def differences(policy: dict[str, Any] | None = None, **fields: Any) -> list[tuple[str, str, str]]:
    """What came out otherwise, of one case: what, expected, found."""
    shipped = load_policy((CONFIG / "policy.yaml").read_bytes(), "shipped")
    cases = load_cases(json.dumps({"cases": [case(**fields)]}), "cases")
    (outcome,) = played(cases, shipped if policy is None else policy_from_data({"version": 1, **policy}))
    return [(one.what, one.expected, one.found) for one in outcome.differences]


def test_the_shipped_policys_own_cases_come_out_as_expected(shell: Shell) -> None:
    code, out, _ = shell.run("policy", "test", str(CONFIG / "policy.yaml"))
    assert code == 0, out
    assert "came out as expected" in out


def test_each_shipped_case_can_fail() -> None:
    """With a policy that says warn to everything and blocks on old knowledge, none comes out as expected."""
    text = (CONFIG / "policy.cases.yaml").read_bytes()
    other = policy_from_data({"version": 1, "defaults": {"verdict": "warn", "on_stale": "warn", "max_age": "10m"}})
    wrong = {outcome.case.name for outcome in played(load_cases(text, "cases"), other) if not outcome.passed}
    blocked = {one.name for one in load_cases(text, "cases") if one.expect.verdict == "block"}
    assert blocked <= wrong
    assert any(name.startswith("with old knowledge") for name in wrong)


def test_events_are_read_as_aws_health_is_and_facts_of_the_tree_count() -> None:
    assert differences() == []
    assert differences(expect={"verdict": "allow", "rule": "x"}) == [
        ("verdict", "allow", "block"),
        ("rule", "x", "open-issues"),
    ]
    rule = {"name": "prod", "targets": {"ous": ["Workloads/Prod/**"]}, "verdict": "block"}
    policy = {"rules": [rule], "defaults": {"verdict": "warn"}}
    prod, dev = {"111122223333": {"ou": "Workloads/Prod"}}, {"111122223333": {"ou": "Workloads/Dev"}}
    assert differences(policy, accounts=prod, expect={"verdict": "block", "rule": "prod"}) == []
    assert differences(policy, accounts=dev, expect={"verdict": "warn"}) == []
    assert differences(policy, expect={"verdict": "block"}) == [], "not in the tree: not known, so the severer way"


def test_times_count_from_the_cases_now() -> None:
    rule = {"name": "soon", "match": {"starts_within": "2h"}, "verdict": "warn"}
    for start, verdict in (("+119m", "warn"), ("+2h", "allow"), ("2026-03-02T13:00:00Z", "warn")):
        event = ISSUE | {"startTime": start}
        assert differences({"rules": [rule]}, events=[event], expect={"verdict": verdict}) == []
    assert differences(events=[ISSUE | {"endTime": "now"}], expect={"verdict": "allow"}) == []


def test_old_and_missing_knowledge() -> None:
    policy = {"defaults": {"on_stale": "block"}}
    for as_of, verdict in (("-10m", "allow"), ("-601s", "block"), ("never", "block")):
        assert differences(policy, events=[], as_of=as_of, expect={"verdict": verdict}) == []


def test_a_caller_that_is_named_needs_a_delegates_entry_for_other_accounts() -> None:
    request = {"targets": ["444455556666/eu-west-1"], "caller": "111122223333"}
    accounts = {"444455556666": {"ou": ""}}
    told: dict[str, Any] = {"request": request, "accounts": accounts, "events": []}
    assert differences(**told, expect={"verdict": "refused"}) == []
    assert differences(**told, expect={"verdict": "allow"}) == [("verdict", "allow", "refused")]
    entry = {"account": "111122223333", "may_ask_for": {"accounts": ["444455556666"]}}
    assert differences({"delegates": [entry]}, **told, expect={"verdict": "allow"}) == []


def test_shadow_shows_what_would_be() -> None:
    policy = {"mode": "shadow", "rules": [{"name": "all", "verdict": "block"}]}
    assert differences(policy, expect={"verdict": "warn", "would_be": "block", "mode": "shadow", "rule": "all"}) == []


FREEZE = {"name": "peak", "from": "2026-03-02T12:00:00Z", "to": "2026-03-03T12:00:00Z"}
ZONAL = ISSUE | {"description": "Power was lost in a single zone (euw1-az1)."}
IN_ANOTHER_ZONE = {"targets": ["111122223333/eu-west-1/RDS/euw1-az2"]}
OF_ORDERS = [{"accountId": "111122223333", "entityValue": "db-orders"}]


@pytest.mark.parametrize(
    ("policy", "fields"),
    [
        ({"freezes": [FREEZE]}, {"expect": {"verdict": "block", "freeze": "peak"}}),
        ({"freezes": [FREEZE]}, {"now": "2026-03-02T11:59:59Z", "events": [], "expect": {"verdict": "allow"}}),
        ({"freezes": [FREEZE], "exempt": [{"regions": ["eu-west-1"]}]}, {"expect": {"verdict": "allow"}}),
        ({"zones_from_text": True}, {"request": IN_ANOTHER_ZONE, "events": [ZONAL], "expect": {"verdict": "allow"}}),
        ({}, {"request": IN_ANOTHER_ZONE, "events": [ZONAL], "expect": {"verdict": "warn"}}),
        (
            {"rules": [{"name": "one", "match": {"entities": ["*-orders"]}, "verdict": "allow"}]},
            {"events": [ISSUE | {"entities": OF_ORDERS}], "expect": {"verdict": "allow", "rule": "one"}},
        ),
        (
            {"rules": [{"name": "one", "match": {"entities": ["*-orders"]}, "verdict": "allow"}]},
            {"expect": {"verdict": "warn"}},
        ),
        (
            {"rules": [{"name": "tier", "targets": {"tags": {"tier": ["1"]}}, "verdict": "block"}]},
            {
                "accounts": {"111122223333": {"ou": "", "tags": {"tier": "1"}}},
                "expect": {"verdict": "block", "rule": "tier"},
            },
        ),
        (
            {"rules": [{"name": "tier", "targets": {"tags": {"tier": ["1"]}}, "verdict": "block"}]},
            {"accounts": {"111122223333": {"ou": ""}}, "expect": {"verdict": "warn"}},
        ),
    ],
)
def test_all_that_a_policy_says_can_be_tried(policy: dict[str, Any], fields: dict[str, Any]) -> None:
    assert differences({"defaults": {"verdict": "warn"}} | policy, **fields) == []


def test_a_case_that_fails_is_printed_with_the_reasons_and_ends_with_1(shell: Shell, tmp_path: Path) -> None:
    policy = tmp_path / "mine.yml"
    policy.write_text("version: 1\nrules: [{name: all, verdict: warn}]\n")
    fine = case(name="fine", expect={"verdict": "warn"})
    (tmp_path / "mine.cases.yml").write_text(json.dumps({"cases": [case(name="over"), fine]}))
    code, out, _ = shell.run("policy", "test", str(policy))
    assert code == 1
    assert "verdict: expected block, found warn" in out
    assert "reason: warn: " in out
    assert "1 case of 2" in out
    code, out, _ = shell.run("policy", "test", str(policy), "--format", "json")
    told = json.loads(out)
    assert (code, told["passed"], told["failed"]) == (1, 1, 1)
    assert told["cases"][0]["differences"][0] == {"what": "verdict", "expected": "block", "found": "warn"}


@pytest.mark.parametrize("cases", [None, "cases: [{nam: x}]", "cases: []", "[]", "\xff"])
def test_no_cases_or_wrong_ones_end_with_2(shell: Shell, tmp_path: Path, cases: str | None) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\n")
    if cases is not None:
        (tmp_path / "policy.cases.yaml").write_text(cases)
    code, _, err = shell.run("policy", "test", str(policy))
    assert (code, "policy.cases.yaml" in err) == (2, True)
