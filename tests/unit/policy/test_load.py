import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from org_gate.model.event import MULTIPLE_SERVICES
from org_gate.policy.load import load_policy, policy_data, policy_from_data, policy_schema, problems_of

CONFIG = Path(__file__).parents[3] / "config"
REGENERATE = (
    "config/policy.schema.json is not what the model says; write it again with: .venv/bin/python -c "
    "'import json; from org_gate.policy.load import policy_schema; print(json.dumps(policy_schema(), indent=2))'"
    " > config/policy.schema.json"
)

WHOLE = """
version: 1
mode: shadow
defaults: {verdict: warn, on_stale: block, on_unknown: allow, max_age: 90m}
platform_services: []
global_services: [IAM]
depends_on: {ECS: [EC2]}
service_aliases: {ALB: ELASTICLOADBALANCING}
modes: [{targets: {ous: ["Workloads/Dev/**"]}, mode: shadow}]
zones_from_text: true
exempt: [{pipelines: ["*-failover"]}]
freezes:
  - {name: once, from: 2026-03-02T12:00:00+01:00, to: 2026-03-03T00:00:00Z, except: {accounts: ["111122223333"]}}
  - {name: often, from: 2026-03-02T12:00:00Z, rrule: "freq=daily;count=3", duration: 90m, timezone: Europe/Berlin}
delegates: [{account: "999988887777", may_ask_for: {ous: ["Workloads/**"]}}]
override_grants: [{targets: {ous: ["Workloads/**"], pipelines: ["*"]}, max: 1h}, {max: 90s}]
max_override: 2h
override_ticket: "CHG-*"
resume: {enabled: false, settle: 1m, within: 25h, wave_size: 3, wave_pause: 30s}
rules:
  - name: everything
    match:
      categories: [issue]
      statuses: [open, upcoming]
      services: [EC2, MULTIPLE_SERVICES]
      regions: [us-east-1, global]
      scopes: [PUBLIC]
      type_codes: ["AWS_*"]
      availability_zones: [use1-az4]
      actionabilities: [ACTION_REQUIRED]
      personas: [OPERATIONS]
      entities: ["i-*"]
      starts_within: 2h
      open_for_at_least: 1d
      updated_within: 90s
      drill: false
    targets:
      {accounts: ["111122223333"], ous: [r-root, ""], tags: {tier: ["1", ""]}, regions: [eu-west-1], services: [ECS],
       pipelines: ["*"]}
    verdict: block
    why: Because.
"""


def test_a_policy_goes_through_json_and_back() -> None:
    policy = load_policy(WHOLE, "p.yaml")
    data = json.loads(json.dumps(policy_data(policy)))
    assert policy_from_data(data) == policy
    assert data["rules"][0]["match"]["updated_within"] == "90s"
    assert data["resume"]["within"] == "25h"
    assert data["freezes"][0]["from"] == "2026-03-02T11:00:00Z"
    assert "rrule" not in data["freezes"][0]
    assert data["override_grants"][1] == {"targets": {}, "max": "90s"}
    assert (data["max_override"], data["override_ticket"]) == ("2h", "CHG-*")
    assert (
        "regions"
        not in policy_data(policy_from_data({"version": 1, "rules": [{"name": "a", "verdict": "warn"}]}))["rules"][0][
            "match"
        ]
    )


def test_the_schema_takes_what_the_model_takes_and_refuses_what_it_refuses() -> None:
    schema = policy_schema()
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    assert validator.is_valid(policy_data(load_policy(WHOLE, "p.yaml")))
    for wrong in (
        {},
        {"version": 2},
        {"version": 1, "max_override": "long"},
        {"version": 1, "max_override": None},
        {"version": 1, "override_ticket": None},
        {"version": 1, "override_grants": [{"targets": {"accounts": ["111122223333"]}}]},
        {"version": 1, "override_grants": [{"max": "1h", "longest": "1h"}]},
        {"version": 1, "freezes": [{"name": "a", "from": "2026-03-02T12:00:00Z", "verdict": "allow"}]},
        {"version": 1, "freezes": [{"name": "a", "from": "2026-03-02T12:00:00Z", "except": None}]},
        {"version": 1, "exempt": [{"tags": {}}]},
        {"version": 1, "exempt": [{"tags": {"a": []}}]},
        {"version": 1, "defaults": {"max_age": "soon"}},
        {"version": 1, "rules": [{"name": "a", "verdict": "block", "match": {"statuses": []}}]},
        {"version": 1, "rules": [{"name": "a", "verdict": "block", "match": {"statuses": ["Open"]}}]},
    ):
        assert not validator.is_valid(wrong), wrong


def test_the_shipped_schema_is_fresh() -> None:
    assert json.loads((CONFIG / "policy.schema.json").read_text()) == policy_schema(), REGENERATE


def test_the_schema_describes_every_field_for_the_editor() -> None:
    schema = policy_schema()
    parts = {"Policy": schema} | {name: part for name, part in schema["$defs"].items() if "properties" in part}
    described = {
        f"{name}.{field}": told.get("description", "")
        for name, part in parts.items()
        for field, told in part["properties"].items()
    }
    assert [field for field, text in described.items() if not text] == []
    assert all(part.get("description") for part in parts.values())


def test_problems_of_json_data_have_field_found_and_expected() -> None:
    with pytest.raises(ValidationError) as caught:
        policy_from_data({"version": 1, "mode": "enforced", "rules": [{"name": "a"}]})
    assert problems_of(caught.value) == [
        {
            "field": "mode",
            "found": "'enforced'",
            "expected": "'shadow', 'warn' or 'enforce'",
            "suggestion": "enforce",
        },
        {"field": "rules[0].verdict", "found": "nothing", "expected": "a value: this field is required"},
    ]


@pytest.mark.parametrize(
    "data", [None, [], "text", 7, {"version": 1, "rules": {"a": 1}}, {"version": 1, "rules": [None]}]
)
def test_data_of_a_wrong_shape_is_a_validation_error(data: object) -> None:
    with pytest.raises(ValidationError):
        policy_from_data(data)


def test_policies_as_data_need_no_yaml() -> None:
    code = (
        "import sys, org_gate.decision.engine, org_gate.decision.access, org_gate.policy.load;"
        "assert 'yaml' not in sys.modules; assert 'botocore' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_unclear_aliases_are_told_all_at_once_each_at_its_name() -> None:
    aliases = {"alb": "EC2", "ALB": "EC2", MULTIPLE_SERVICES.lower(): "EC2", "a": "B", "B": "A", "RDS": "rds", "": "X"}
    with pytest.raises(ValidationError) as caught:
        policy_from_data({"version": 1, "service_aliases": aliases})
    assert {(told["field"], told["expected"]) for told in problems_of(caught.value)} == {
        ("service_aliases.ALB", "each alias once, whatever its case"),
        ("service_aliases.multiple_services", "aliases of single services"),
        ("service_aliases.a", "aliases that end at a service code"),
        ("service_aliases.B", "aliases that end at a service code"),
        ("service_aliases.", "a text that is not empty, without control characters"),
    }


@pytest.mark.parametrize(
    ("why", "expected"), [("\ud800", "text of whole characters"), ("x" * 10_001, "at most 10000 characters")]
)
def test_what_cannot_be_kept_is_a_problem_of_the_policy(why: str, expected: str) -> None:
    with pytest.raises(ValidationError) as caught:
        policy_from_data({"version": 1, "rules": [{"name": "a", "verdict": "block", "why": why}]})
    assert [(told["field"], told["expected"]) for told in problems_of(caught.value)] == [("rules[0].why", expected)]
