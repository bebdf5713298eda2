"""Warnings: each is told with its field and what to do, and none is false."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

from org_gate.decision.engine import decide
from org_gate.model.decision import decision_json
from org_gate.policy.load import load_policy, policy_from_data
from org_gate.policy.model import Policy
from org_gate.policy.warnings import warnings
from tests.unit.decision.test_engine_against_oracle import World, worlds

CONFIG = Path(__file__).parents[3] / "config"
OU = {"ous": ["Workloads/**"]}
ISSUES = {"categories": ["issue", "investigation"], "statuses": ["open"]}
BLOCK = {"name": "below", "verdict": "block"}


def warned(**fields: Any) -> list[str]:
    return warnings(policy_from_data({"version": 1, **fields}))


def rule(name: str, verdict: str, match: Mapping[str, Any], **targets: Any) -> dict[str, Any]:
    return {"name": name, "verdict": verdict, "match": match, "targets": targets}


def test_nothing_is_warned_of_in_the_shipped_policy() -> None:
    assert warnings(load_policy((CONFIG / "policy.yaml").read_bytes(), "config/policy.yaml")) == []


def test_service_codes_and_rules_that_are_blind() -> None:
    text = """
version: 1
depends_on: {ECS: [ECRR]}
service_aliases: {K8S: EKS}
rules:
  - {name: fine, match: {services: [MULTIPLE_SERVICES, RDS]}, verdict: block}
  - {name: allowed, match: {services: [RDS]}, verdict: allow}
  - {name: blind, match: {services: [EC2, k8s]}, verdict: warn}
  - {name: odd, match: {services: [NEWTHING, MULTIPLE_SERVICES], regions: [eu-west-1]}, verdict: block}
  - {name: nobody, targets: {services: [NEWTHING]}, verdict: block}
"""
    unknown, odd, nobody, never, *others = warnings(load_policy(text, "p.yaml"))
    assert unknown == (
        "depends_on.ECS: ECRR is not an AWS Health service code that this version knows; did you mean ECR?"
    )
    assert odd.startswith("rules[3].match.services: NEWTHING is not an AWS Health service code")
    assert nobody.startswith("rules[4].targets.services: NEWTHING is not an AWS Health service code")
    assert never.startswith("rules[4].targets.services: no service code of this rule is known, so it may never decide")
    covered, blind = others
    assert blind.startswith("rules[2].match.services: rule blind lists services without MULTIPLE_SERVICES")
    assert covered.startswith("rules[1]: rule allowed never decides: rule fine above it fits all that it fits")


def test_a_region_that_is_not_known_is_warned_of_because_a_rule_for_it_would_never_fit() -> None:
    text = """
version: 1
delegates: [{account: "999988887777", may_ask_for: {regions: [eu-west-11]}}]
rules:
  - {name: a, match: {regions: [us-east-1, eu-centrl-1]}, targets: {regions: [global, xx-nowhere-1]}, verdict: block}
"""
    assert warnings(load_policy(text, "p.yaml")) == [
        "delegates[0].may_ask_for.regions: eu-west-11 is not a Region that this version knows; did you mean eu-west-1?",
        "rules[0].match.regions: eu-centrl-1 is not a Region that this version knows; did you mean eu-central-1?",
        "rules[0].targets.regions: xx-nowhere-1 is not a Region that this version knows",
    ]


NEVER: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (rule("up", "allow", {}), rule("low", "block", ISSUES)),
    (rule("up", "block", ISSUES), rule("low", "warn", ISSUES, **OU)),
    (rule("up", "block", {"categories": ["issue"]}), rule("low", "block", {"categories": ["issue"], "drill": False})),
    (
        rule("up", "allow", {"drill": True}, regions=["eu-west-1"]),
        rule("low", "block", {"drill": True}, regions=["eu-west-1"]),
    ),
]
NEARLY_NEVER: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (rule("up", "allow", ISSUES), rule("low", "block", ISSUES)),
    (
        rule("up", "warn", {"statuses": ["open"]}, **OU),
        rule("low", "block", {"statuses": ["open"]}, ous=["Workloads/Prod"]),
    ),
]
SOMETIMES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (rule("up", "block", ISSUES, **OU), rule("low", "block", ISSUES)),
    (rule("up", "block", {"drill": True}), rule("low", "block", ISSUES)),
    (rule("up", "block", {"starts_within": "1h"}), rule("low", "block", {"starts_within": "2h"})),
]


@pytest.mark.parametrize(
    ("rules", "words"),
    [
        *((rules, "rule low never decides: rule up above it fits all that it fits; move it up") for rules in NEVER),
        *((rules, "decides only where it is not known whether rule up above it fits") for rules in NEARLY_NEVER),
        *((rules, None) for rules in SOMETIMES),
    ],
)
def test_a_rule_that_another_covers(rules: tuple[dict[str, Any], ...], words: str | None) -> None:
    told = warned(rules=list(rules))
    assert len(told) == (words is not None)
    if words is not None:
        assert told[0].startswith("rules[1]: ")
        assert words in told[0]


def without_what_never_counts(policy: Policy) -> Policy:
    """Less the rules and modes of which a warning says that they never count."""
    never = {
        text.partition("]")[0] + "]"
        for text in warnings(policy)
        if " never decides: " in text or " never counts: " in text
    }
    rules = tuple(one for index, one in enumerate(policy.rules) if f"rules[{index}]" not in never)
    modes = tuple(one for index, one in enumerate(policy.modes) if f"modes[{index}]" not in never)
    return policy.model_copy(update={"rules": rules, "modes": modes})


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(worlds)
def test_what_is_said_never_to_count_changes_nothing(world: World) -> None:
    answers = [
        decision_json(decide(world.request, world.knowledge, policy, policy_version=1, now=world.now), "d-1")
        for policy in (world.policy, without_what_never_counts(world.policy))
    ]
    for answer in answers:
        for reason in answer["reasons"]:
            del reason["explanation"]  # which tells of every rule in doubt
    assert answers[0] == answers[1]


NAME_ALONE = {"pipelines": ["*-failover"]}


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"rules": [rule("a", "allow", {}, **NAME_ALONE), BLOCK]}, "rules[0].targets.pipelines"),
        ({"rules": [rule("a", "warn", {}, **NAME_ALONE), BLOCK]}, "rules[0].targets.pipelines"),
        (
            {"rules": [rule("a", "allow", {}, **NAME_ALONE)], "defaults": {"verdict": "warn"}},
            "rules[0].targets.pipelines",
        ),
        ({"exempt": [NAME_ALONE | {"regions": ["eu-west-1"]}]}, "exempt[0].pipelines"),
        ({"modes": [{"targets": NAME_ALONE, "mode": "shadow"}]}, "modes[0].targets.pipelines"),
        ({"override_grants": [{"targets": NAME_ALONE, "max": "1h"}]}, "override_grants[0].targets.pipelines"),
        (
            {
                "freezes": [
                    {"name": "f", "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "except": NAME_ALONE}
                ]
            },
            "freezes[0].except.pipelines",
        ),
    ],
)
def test_the_name_of_a_pipeline_is_the_callers_word(fields: dict[str, Any], field: str) -> None:
    (told,) = warned(**fields)
    assert told.startswith(f"{field}: ")
    assert told.endswith("the caller's word: name accounts or ous beside it")


@pytest.mark.parametrize(
    "fields",
    [
        {"rules": [rule("a", "allow", {}, **NAME_ALONE, **OU), BLOCK]},
        {"rules": [rule("a", "block", {}, **NAME_ALONE), BLOCK]},
        {"rules": [rule("a", "allow", {"drill": True}, **NAME_ALONE), rule("b", "block", {"drill": False})]},
        {"rules": [rule("a", "allow", {}, **NAME_ALONE)]},
        {"exempt": [NAME_ALONE | {"accounts": ["111122223333"]}]},
        {"modes": [{"targets": NAME_ALONE, "mode": "warn"}], "mode": "shadow"},
    ],
)
def test_a_name_that_softens_nothing_or_stands_beside_accounts_is_fine(fields: dict[str, Any]) -> None:
    assert warned(**fields) == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"exempt": [{}]}, ["exempt[0] has no conditions, so every deployment is always allowed"]),
        (
            {"delegates": [{"account": "111122223333", "may_ask_for": {}}]},
            ["delegates[0].may_ask_for has no conditions"],
        ),
        ({"override_grants": [{"max": "1h"}]}, ["override_grants[0].targets has no conditions, so every account may"]),
        (
            {"override_grants": [{"targets": OU | {"regions": ["eu-west-1"], "services": ["ECS"]}, "max": "1h"}]},
            [
                "override_grants[0].targets.regions: an override names no",
                "override_grants[0].targets.services: an overr",
            ],
        ),
        (
            {"override_grants": [{"targets": OU, "max": "5h"}]},
            ["override_grants[0].max: 5h is beyond max_override, so overrides last 4h at most"],
        ),
        ({"override_grants": [{"targets": OU, "max": "4h"}]}, []),
        (
            {"resume": {"within": "4m"}},
            ["resume.within: 4m is shorter than resume.settle, 5m, so nothing ever goes on"],
        ),
        ({"resume": {"within": "4m", "enabled": False}}, []),
        ({"resume": {"within": "5m"}}, []),
        ({"modes": [{"mode": "shadow"}]}, ["modes[0] has no conditions, so nothing is blocked but"]),
        (
            {"modes": [{"targets": OU, "mode": "shadow"}, {"targets": OU, "mode": "enforce"}]},
            ["modes[1] counts only where it is not known"],
        ),
        ({"modes": [{"targets": OU, "mode": "warn"}, {"targets": OU, "mode": "shadow"}]}, ["modes[1] never counts: "]),
        (
            {"rules": [rule("a", "block", {"entities": ["i-*"]})]},
            ["rules[0].match.entities: PUBLIC events mostly list no"],
        ),
        ({"rules": [rule("a", "block", {"entities": ["i-*"], "scopes": ["ACCOUNT_SPECIFIC"]})]}, []),
        ({"rules": [rule("a", "warn", {"entities": ["i-*"]})]}, []),
        (
            {"rules": [rule("a", "block", {"statuses": ["closed"]})]},
            ["rules[0].match.statuses: closed events are over"],
        ),
    ],
)
def test_what_is_probably_not_meant(fields: dict[str, Any], expected: list[str]) -> None:
    told = warned(**fields)
    assert [text[: len(start)] for text, start in zip(told, expected, strict=True)] == expected


@pytest.mark.parametrize(
    ("excepted", "expected"),
    [
        ({}, ["freezes[0].except has no conditions, so freeze f never counts"]),
        ({"ous": ["**"]}, ["freezes[0].except fits all targets of freeze f"]),
        ({"ous": ["Workloads/Prod/Web"]}, []),
    ],
)
def test_what_is_excepted_from_a_freeze(excepted: dict[str, Any], expected: list[str]) -> None:
    freeze = {"name": "f", "from": "2026-01-01T00:00:00Z", "to": "2026-01-02T00:00:00Z", "targets": OU}
    told = warned(freezes=[freeze | {"except": excepted}])
    assert [text[: len(start)] for text, start in zip(told, expected, strict=True)] == expected
