"""D6 and D7: which rule decides, and what happens where its fit is not known."""

from collections.abc import Mapping

import pytest

from org_gate.model.decision import Reason
from org_gate.model.event import Event
from org_gate.model.request import Pipeline
from tests.unit.decision.builders import STRANGER, decided, event, policy, request


def by(target: str, one: Event, *rules: Mapping[str, object], **fields: object) -> tuple[str, str | None] | None:
    """The verdict and the rule of the one pair; None where there is no reason."""
    found = decided(target, one, policy(*rules, **fields)).reasons
    return (found[0].verdict.value, found[0].rule) if found else None


def explained(target: str, one: Event, *rules: Mapping[str, object]) -> Reason:
    (reason,) = decided(target, one, policy(*rules)).reasons
    return reason


ISSUES = {"name": "issues", "match": {"categories": ["issue"]}, "verdict": "block"}
CHANGES = {"name": "changes", "match": {"categories": ["scheduledChange"]}, "verdict": "warn"}
ALLOWED = {"name": "allowed", "match": {"services": ["RDS"]}, "verdict": "allow"}


@pytest.mark.contract("D6")
def test_d6_the_first_rule_that_fits_decides() -> None:
    assert by("/us-east-1", event(), CHANGES, ISSUES) == ("block", "issues")
    assert by("/us-east-1", event(), ALLOWED, ISSUES) == ("allow", "allowed")
    assert by("/us-east-1", event(category="scheduledChange", service="EC2"), ISSUES, CHANGES) == ("warn", "changes")


@pytest.mark.contract("D6")
def test_d6_match_and_targets_both_have_to_fit() -> None:
    elsewhere = {**ISSUES, "targets": {"regions": ["eu-west-1"]}}
    assert by("/us-east-1", event(), elsewhere) is None
    assert by("/us-east-1", event(), elsewhere, {**ISSUES, "name": "below"}) == ("block", "below")


@pytest.mark.contract("D6")
def test_d6_where_no_rule_fits_the_default_speaks() -> None:
    assert by("/us-east-1", event(), CHANGES) is None
    assert by("/us-east-1", event(), CHANGES, defaults={"verdict": "warn"}) == ("warn", None)


@pytest.mark.contract("D7")
@pytest.mark.parametrize("unheard", [None, "meltdown"])
@pytest.mark.parametrize(
    ("field", "plural", "known"),
    [
        ("category", "categories", "issue"),
        ("status", "statuses", "open"),
        ("scope", "scopes", "PUBLIC"),
        ("actionability", "actionabilities", "ACTION_REQUIRED"),
    ],
)
def test_d7_an_untold_or_unheard_of_value_follows_both_ways(
    field: str, plural: str, known: str, unheard: str | None
) -> None:
    rule = {"name": "sure", "match": {plural: [known]}}
    one = event(**{field: unheard})
    assert by("/us-east-1", one, {**rule, "verdict": "block"}) == ("block", "sure")
    assert by("/us-east-1", one, {**rule, "verdict": "allow"}, defaults={"verdict": "warn"}) == ("warn", None)
    assert by("/us-east-1", event(**{field: known}), {**rule, "verdict": "allow"}) == ("allow", "sure")


@pytest.mark.contract("D7")
@pytest.mark.parametrize(
    ("target", "filters"),
    [
        (f"{STRANGER}/us-east-1/RDS", {"ous": ["Workloads/Prod/**"]}),
        ("/us-east-1/RDS", {"pipelines": ["orders-*"]}),
        ("/us-east-1", {"services": ["ECS"]}),
        ("/us-east-1/RDS+NONSENSE", {"services": ["ECS"]}),
    ],
)
def test_d7_what_is_not_known_of_the_target_follows_both_ways(target: str, filters: dict[str, list[str]]) -> None:
    assert by(target, event(), {"name": "sure", "targets": filters, "verdict": "block"}) == ("block", "sure")
    allow = {"name": "sure", "targets": filters, "verdict": "allow"}
    assert by(target, event(), allow, ISSUES) == ("block", "issues")


@pytest.mark.contract("D7")
def test_d7_at_the_same_verdict_the_upper_rule_is_named() -> None:
    unsure = {"name": "unsure", "match": {"actionabilities": ["ACTION_REQUIRED"]}, "verdict": "block"}
    assert by("/us-east-1", event(), unsure, ISSUES) == ("block", "unsure")
    assert by("/us-east-1", event(), unsure, defaults={"verdict": "block"}) == ("block", "unsure")


@pytest.mark.contract("D7")
def test_d7_one_field_that_does_not_fit_settles_it() -> None:
    rule = {"name": "no", "match": {"actionabilities": ["ACTION_REQUIRED"], "services": ["S3"]}, "verdict": "block"}
    assert by("/us-east-1", event(), rule) is None


@pytest.mark.contract("D7")
def test_d7_a_rule_below_one_that_surely_decides_is_not_looked_at() -> None:
    unsure = {"name": "unsure", "match": {"actionabilities": ["ACTION_REQUIRED"]}, "verdict": "block"}
    assert by("/us-east-1", event(), ALLOWED, unsure) == ("allow", "allowed")


@pytest.mark.contract("D7")
def test_d7_one_known_persona_that_fits_is_enough_and_a_strange_one_is_not_known() -> None:
    rule = {"name": "ops", "match": {"personas": ["OPERATIONS"]}, "verdict": "block"}
    assert by("/us-east-1", event(personas=("POET", "OPERATIONS")), rule) == ("block", "ops")
    assert by("/us-east-1", event(personas=("POET",)), rule) == ("block", "ops")
    assert by("/us-east-1", event(personas=()), rule) == ("block", "ops")
    assert by("/us-east-1", event(personas=("SECURITY",)), rule) is None


def test_the_explanation_tells_what_is_not_known() -> None:
    rule = {"name": "prod", "targets": {"ous": ["Workloads/Prod/**"]}, "verdict": "block", "why": "Prod is dear"}
    text = explained(f"{STRANGER}/us-east-1", event(), rule).explanation
    assert f"account {STRANGER} is not in the organization tree" in text
    assert "Rule prod says block: Prod is dear." in text


def test_the_explanation_names_the_event_and_why_it_concerns_the_target() -> None:
    text = explained("/us-east-1/RDS", event(), {**ISSUES, "why": "Wait."}).explanation
    assert text == (
        "RDS in us-east-1: issue, open since 2026-03-02T11:00:00Z. It concerns 111122223333/us-east-1/RDS: "
        "it is in the target's Region; it is public; RDS is one of the target's services. "
        "Rule issues says block: Wait."
    )


def test_the_request_names_the_pipeline_for_the_rule() -> None:
    rule = policy({"name": "orders", "targets": {"pipelines": ["Orders-?"]}, "verdict": "block"})
    names = {"Orders-1": "block", "orders-1": "allow", "Orders-12": "allow"}
    for name, verdict in names.items():
        assert decided(request("/us-east-1", pipeline=Pipeline(name=name)), event(), rule).verdict == verdict
