"""docs/policy.md: its examples are valid, and every field that there is stands in it."""

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from org_gate.cli.policy_cases import played
from org_gate.policy.cases import Case, CaseAccount, CaseEvent, CaseRequest, Expected, load_cases
from org_gate.policy.load import load_policy
from org_gate.policy.model import (
    Defaults,
    Delegate,
    Freeze,
    Match,
    OverrideGrant,
    Policy,
    Resume,
    Rule,
    TargetFilter,
)
from org_gate.policy.warnings import warnings

PAGE = (Path(__file__).parents[3] / "docs" / "policy.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
ROWS = re.findall(r"^\| `(\w+)` \|.*\| `([^`]+)` \|$", PAGE, re.MULTILINE)
MODELS = (Policy, Defaults, Delegate, Freeze, Match, OverrideGrant, Resume, Rule, TargetFilter)
OF_CASES = (Case, CaseAccount, CaseEvent, CaseRequest, Expected)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_is_valid(example: str) -> None:
    if example.startswith("cases:"):
        assert load_cases(example, "policy.md")
    else:
        assert (
            warnings(load_policy(example if "version: 1" in example else f"version: 1\n{example}", "policy.md")) == []
        )


def test_the_whole_policy_does_what_its_example_cases_say() -> None:
    whole = next(example for example in EXAMPLES if "override_grants" in example and "freezes" in example)
    cases = next(example for example in EXAMPLES if example.startswith("cases:"))
    outcomes = played(load_cases(cases, "policy.md"), load_policy(whole, "policy.md"))
    assert {outcome.case.name: outcome.differences for outcome in outcomes if outcome.differences} == {}


@pytest.mark.parametrize("place", re.findall(r"\]\(#([\w-]+)\)", PAGE))
def test_every_place_that_is_pointed_to_is_there(place: str) -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    assert place in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize(("field", "example"), ROWS)
def test_every_field_of_a_filter_has_an_example_that_is_valid(field: str, example: str) -> None:
    part = "targets" if example == dict(ROWS[14:]).get(field) else "match"
    assert example.startswith(f"{field}: ")
    load_policy(f"version: 1\nrules: [{{name: a, verdict: warn, {part}: {{{example}}}}}]", "policy.md")


@pytest.mark.parametrize("model", [*MODELS, *OF_CASES])
def test_every_field_is_told(model: type[BaseModel]) -> None:
    for name, field in model.model_fields.items():
        written = field.alias or name
        assert re.search(rf"\b{written}\b", "\n".join(re.findall(r"`[^`\n]+`|```.*?```", PAGE, re.DOTALL))), written


def test_every_field_of_the_filters_stands_in_its_table() -> None:
    assert [name for name, _ in ROWS[:14]] == list(Match.model_fields)
    assert [name for name, _ in ROWS[14:]] == list(TargetFilter.model_fields)
