import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org_gate.policy.diff import differences

RULES: list[dict[str, Any]] = [
    {"name": name, "match": {"services": [name.upper()]}, "targets": {}, "verdict": "block", "why": ""}
    for name in ("ec2", "rds", "s3", "sqs")
]
POLICY: dict[str, Any] = {
    "version": 1,
    "mode": "enforce",
    "defaults": {"verdict": "allow", "max_age": "10m"},
    "platform_services": ["STS", "CODEPIPELINE"],
    "depends_on": {"ECS": ["EC2"]},
    "exempt": [{"pipelines": ["*-failover"]}],
    "modes": [{"targets": {"ous": ["Dev/**"]}, "mode": "shadow"}, {"targets": {"ous": ["Test/**"]}, "mode": "warn"}],
    "delegates": [{"account": "999988887777", "may_ask_for": {"ous": ["Prod/**"]}}],
    "override_grants": [{"targets": {"ous": ["Prod/**"]}, "max": "1h"}, {"targets": {}, "max": "5m"}],
    "max_override": "4h",
    "override_ticket": "",
    "rules": RULES,
    "freezes": [{"name": "peak", "from": "2026-11-26T00:00:00Z", "to": "2026-12-01T00:00:00Z", "verdict": "block"}],
}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The policy with the value there."""
    policy = copy.deepcopy(POLICY)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    inner: Any = policy
    for part in parents:
        inner = inner[part]
    inner[last] = value
    return policy


def told(after: dict[str, Any], before: dict[str, Any] = POLICY) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in differences(before, after)]


def test_nothing_changes() -> None:
    assert told(copy.deepcopy(POLICY)) == []
    assert told(changed("platform_services", ["CODEPIPELINE", "STS"])) == [], "the order of words says nothing"
    assert told(changed("exempt", [*POLICY["exempt"]])) == []


CHANGES: list[tuple[str, Any, tuple[str, str]]] = [
    ("mode", "shadow", ("changed", "mode: enforce → shadow")),
    ("defaults.max_age", "20m", ("changed", "defaults.max_age: 10m → 20m")),
    (
        "platform_services",
        ["STS", "EC2"],
        ("changed", "platform_services: adds EC2 and drops CODEPIPELINE (now [STS, EC2])"),
    ),
    ("depends_on.EKS", ["EC2"], ("added", "depends_on.EKS: now [EC2]")),
    ("depends_on", {}, ("removed", "depends_on.ECS: no longer named (was [EC2])")),
    ("zones_from_text", True, ("added", "zones_from_text: now true")),
    (
        "exempt",
        [*POLICY["exempt"], {"accounts": ["111122223333"]}],
        ("added", "exempt: added: accounts [111122223333]"),
    ),
    ("exempt", [], ("removed", "exempt: removed (it was: pipelines [*-failover])")),
    ("modes.0.mode", "enforce", ("changed", "modes[{ous: [Dev/**]}].mode: shadow → enforce")),
    (
        "delegates.0.may_ask_for.ous",
        ["Prod/**", "Dev/**"],
        ("changed", "delegates[999988887777].may_ask_for.ous: adds Dev/** (now [Prod/**, Dev/**])"),
    ),
    ("max_override", "2h", ("changed", "max_override: 4h → 2h")),
    ("override_ticket", "CHG-*", ("changed", 'override_ticket: "" → CHG-*')),
    ("override_grants.0.max", "2h", ("changed", "override_grants[{ous: [Prod/**]}].max: 1h → 2h")),
    ("override_grants.1.max", "6m", ("changed", "override_grants[any target].max: 5m → 6m")),
    (
        "override_grants",
        POLICY["override_grants"][:1],
        ("removed", "override_grants[any target]: removed (it was: max 5m)"),
    ),
    (
        "override_grants",
        [*POLICY["override_grants"], {"targets": {"accounts": ["111122223333"]}, "max": "1d"}],
        ("added", "override_grants[{accounts: [111122223333]}]: added: max 1d"),
    ),
    ("rules.1.verdict", "warn", ("changed", "rules[rds].verdict: block → warn")),
    ("rules.1.why", "Slow.", ("changed", 'rules[rds].why: "" → Slow.')),
    (
        "rules.1.match.services",
        ["RDS", "AURORA"],
        ("changed", "rules[rds].match.services: adds AURORA (now [RDS, AURORA])"),
    ),
    ("rules.1.targets.ous", ["Prod/**"], ("added", "rules[rds].targets.ous: now [Prod/**]")),
    (
        "freezes.0.to",
        "2026-12-02T00:00:00Z",
        ("changed", "freezes[peak].to: 2026-12-01T00:00:00Z → 2026-12-02T00:00:00Z"),
    ),
]


def test_a_freeze_that_goes_is_told_with_all_that_it_said() -> None:
    text = "freezes[peak]: removed (it was: from 2026-11-26T00:00:00Z; to 2026-12-01T00:00:00Z; verdict block)"
    assert told(changed("freezes", [])) == [("removed", text)]


@pytest.mark.parametrize(("path", "value", "expected"), CHANGES)
def test_one_change_is_told_once(path: str, value: Any, expected: tuple[str, str]) -> None:
    assert told(changed(path, value)) == [expected]


def test_a_new_rule_is_told_with_its_place_and_moves_no_other() -> None:
    new = {"name": "new", "match": {}, "targets": {}, "verdict": "warn", "why": ""}
    expected = "rules[new]: added, as number 2 of 5: match any event; targets any target; verdict warn"
    assert told(changed("rules", [RULES[0], new, *RULES[1:]])) == [("added", expected)]


def test_what_moves_is_told_with_the_fewest_moves() -> None:
    first_last = changed("rules", [*RULES[1:], RULES[0]])
    assert told(first_last) == [("moved down", "rules[ec2]: moved down, from number 1 to number 4 (the last)")]
    last_first = changed("rules", [RULES[3], *RULES[:3]])
    assert told(last_first) == [("moved up", "rules[sqs]: moved up, from number 4 to number 1 (before rules[ec2])")]
    modes = changed("modes", POLICY["modes"][::-1])
    assert [kind for kind, _ in told(modes)] in (["moved up"], ["moved down"])


def test_a_rule_that_moves_and_changes_is_told_with_both() -> None:
    softer = RULES[0] | {"verdict": "warn"}
    kinds = [kind for kind, _ in told(changed("rules", [*RULES[1:], softer]))]
    assert kinds == ["changed", "moved down"]


@given(st.permutations(range(4)), st.sets(st.integers(0, 3)), st.sets(st.integers(0, 3)))
def test_moves_come_only_from_what_both_have(order: list[int], left: set[int], right: set[int]) -> None:
    before = {"rules": [RULES[index] for index in range(4) if index not in left]}
    after = {"rules": [RULES[index] for index in order if index not in right]}
    found = differences(before, after)
    kept = [index for index in order if index not in left | right]
    moved = [one for one in found if one.kind.startswith("moved")]
    assert bool(moved) == (kept != sorted(kept))
    assert len(moved) < max(len(kept), 1)
    assert {one.field for one in found if one.kind == "added"} == {
        f"rules[{RULES[index]['name']}]" for index in left - right
    }
    assert {one.field for one in found if one.kind == "removed"} == {
        f"rules[{RULES[index]['name']}]" for index in right - left
    }
