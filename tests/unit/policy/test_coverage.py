"""What is said to be covered is covered, whatever the event, the target and what is known of them."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from org_gate.decision.fit import all_of
from org_gate.decision.match import conditions, entities_fit
from org_gate.decision.targets import target_fits
from org_gate.model.event import Event
from org_gate.model.request import Pipeline, Target
from org_gate.policy.coverage import always_known, can_meet, match_covers, rule_covers, targets_cover
from org_gate.policy.model import Match, Rule, TargetFilter
from org_gate.policy.services import ServiceNames
from tests.unit.decision.builders import NOW, PROD
from tests.unit.decision.test_engine_against_oracle import (
    MATCH_FIELDS,
    TARGET_FIELDS,
    TREE,
    ZONES,
    events,
    few,
    pipelines,
    targets,
)

THOROUGH = settings(max_examples=300, derandomize=True, deadline=None, database=None)
NAMES = ServiceNames({"alb": "ELASTICLOADBALANCING"})
ANY_RULE: dict[str, Any] = {"name": "a", "verdict": "warn"}

MATCHES = few(MATCH_FIELDS).map(Match.model_validate)
TARGETS = few(TARGET_FIELDS).map(TargetFilter.model_validate)


def two_of(field: str) -> st.SearchStrategy[tuple[Match, Match]]:
    one = st.fixed_dictionaries({field: MATCH_FIELDS[field]}).map(Match.model_validate)
    return st.tuples(one, one)


def two_targets_of(field: str) -> st.SearchStrategy[tuple[TargetFilter, TargetFilter]]:
    one = st.fixed_dictionaries({field: TARGET_FIELDS[field]}).map(TargetFilter.model_validate)
    return st.tuples(one, one)


ALIKE = st.sampled_from(sorted(MATCH_FIELDS)).flatmap(two_of)
"""Two that say something about the same field."""
SINGLE = ["categories", "statuses", "services", "regions", "scopes", "actionabilities", "drill", "personas"]
APART = st.sampled_from(SINGLE).flatmap(two_of)
ALIKE_TARGETS = st.sampled_from(sorted(TARGET_FIELDS)).flatmap(two_targets_of)


def fit_of_match(match: Match, event: Event) -> int:
    zones = (*event.text_zones, *([event.availability_zone] if event.availability_zone else []))
    of_event = (fits(event, zones) for _, fits in conditions(match, NAMES, NOW))
    return all_of([*of_event, entities_fit(match, event, PROD)]).fit


@THOROUGH
@given(ALIKE | st.tuples(MATCHES, MATCHES), st.lists(events, min_size=8, max_size=8))
def test_what_covers_a_match_fits_at_least_as_surely(both: tuple[Match, Match], sky: list[Event]) -> None:
    wide, narrow = both
    for event in sky if match_covers(wide, narrow, NAMES) else ():
        assert fit_of_match(wide, event) >= fit_of_match(narrow, event)


@THOROUGH
@given(ALIKE_TARGETS | st.tuples(TARGETS, TARGETS), st.lists(targets, min_size=10, max_size=10), pipelines)
def test_what_covers_targets_fits_at_least_as_surely(
    both: tuple[TargetFilter, TargetFilter], asked: list[Target], pipeline: Pipeline | None
) -> None:
    wide, narrow = both
    for target in asked if targets_cover(wide, narrow, NAMES) else ():
        of_wide, of_narrow = (target_fits(one, target, pipeline, TREE, NAMES).fit for one in both)
        assert of_wide >= of_narrow


@THOROUGH
@given(APART, st.lists(events, min_size=8, max_size=8))
def test_what_cannot_meet_never_surely_fits_the_same_event(both: tuple[Match, Match], sky: list[Event]) -> None:
    one, other = (Rule.model_validate(ANY_RULE | {"match": match.model_dump()}) for match in both)
    for event in () if can_meet(one, other, NAMES) else sky:
        assert {fit_of_match(match, event) for match in both} != {2}


@pytest.mark.parametrize(
    ("field", "wide", "narrow", "expected"),
    [
        ("services", ["RDS", "elasticloadbalancing"], ["alb"], True),
        ("services", ["RDS"], ["RDS", "EC2"], False),
        ("type_codes", ["*"], ["AWS_?"], True),
        ("type_codes", ["AWS_*"], ["AWS_RDS_*"], True),
        ("type_codes", ["AWS_*"], ["*"], False),
        ("type_codes", ["AWS_*", "B"], ["B", "AWS_[XY]"], True),
        ("type_codes", ["[A]WS*"], ["AWS_RDS"], True),
        ("type_codes", ["A?*"], ["A*"], False),
        ("type_codes", ["AX*"], ["AB*"], False),
        ("type_codes", ["AX*"], ["AXB*"], True),
        ("type_codes", ["AWS"], ["AWS*"], False),
        ("availability_zones", [ZONES[3]], [ZONES[2]], True),
        ("starts_within", "2h", "1h", True),
        ("starts_within", "1h", "2h", False),
        ("open_for_at_least", "1h", "2h", True),
        ("open_for_at_least", "2h", "1h", False),
        ("open_for_at_least", "60m", "1h", True),
        ("updated_within", "60m", "1h", True),
        ("personas", ["OPERATIONS", "SECURITY"], ["SECURITY"], True),
        ("personas", ["OPERATIONS"], ["OPERATIONS", "SECURITY"], False),
        ("entities", ["i-*"], ["i-1"], True),
        ("entities", ["i-1"], ["i-*"], False),
        ("drill", True, True, True),
        ("drill", True, False, False),
    ],
)
def test_matches(field: str, wide: Any, narrow: Any, expected: bool) -> None:  # noqa: FBT001  a case of the table
    some, other = Match.model_validate({field: wide}), Match.model_validate({field: narrow})
    assert match_covers(some, other, NAMES) is expected
    assert match_covers(Match(), other, NAMES)
    assert not match_covers(some, Match(), NAMES)


@pytest.mark.parametrize(
    ("field", "wide", "narrow", "expected"),
    [
        ("ous", ["**"], ["ou-ab12-cdefgh12", ""], True),
        ("ous", ["Workloads/**"], ["Workloads", "Workloads/Prod/**", "Workloads/*/x"], True),
        ("ous", ["Workloads/*"], ["Workloads/**"], False),
        ("ous", ["Work/**"], ["Workloads/Prod"], False),
        ("ous", ["Workloads/Prod/**"], ["Workloads/Dev"], False),
        ("ous", ["r-ab12"], ["ou-ab12-cdefgh12"], False),
        ("ous", ["*/Prod/**"], ["*/Prod/x"], True),
        ("ous", ["a/**/b"], ["a/c/b"], False),
        ("tags", {"tier": ["1", "2"]}, {"tier": ["1"], "team": ["a"]}, True),
        ("tags", {"tier": ["1"]}, {"tier": ["1"]}, True),
        ("tags", {"tier": ["1"], "team": ["a"]}, {"tier": ["1"]}, False),
        ("tags", {"tier": ["1"]}, {"tier": ["1", "2"]}, False),
        ("accounts", ["111122223333"], ["111122223333"], True),
        ("regions", ["eu-west-1"], ["eu-west-1", "global"], False),
        ("regions", ["eu-west-1", "global"], ["eu-west-1"], True),
        ("services", ["ALB"], ["ELASTICLOADBALANCING"], True),
        ("pipelines", ["web-*"], ["web-shop"], True),
    ],
)
def test_targets(field: str, wide: Any, narrow: Any, expected: bool) -> None:  # noqa: FBT001  a case of the table
    some, other = TargetFilter.model_validate({field: wide}), TargetFilter.model_validate({field: narrow})
    assert targets_cover(some, other, NAMES) is expected
    assert targets_cover(TargetFilter(), other, NAMES)
    assert not targets_cover(some, TargetFilter(), NAMES)


def test_what_is_always_known() -> None:
    assert always_known(Match(drill=True), TargetFilter(accounts=("111122223333",), regions=("eu-west-1",)))
    assert not always_known(Match(regions=("eu-west-1",)))
    assert not always_known(Match(), TargetFilter(ous=("**",)))


def rule(match: dict[str, Any] | None = None, targets: dict[str, Any] | None = None) -> Rule:
    return Rule.model_validate(ANY_RULE | {"match": match or {}, "targets": targets or {}})


def test_a_rule_covers_another_where_both_its_parts_do() -> None:
    narrow = rule({"services": ["alb"]}, {"services": ["ALB"], "regions": ["eu-west-1"]})
    both = rule({"services": ["ELASTICLOADBALANCING"]}, {"services": ["elasticloadbalancing"]})
    assert rule_covers(rule(), narrow, NAMES)
    assert rule_covers(both, narrow, NAMES)
    assert rule_covers(narrow, narrow, NAMES)
    assert not rule_covers(narrow, both, NAMES)
    assert not rule_covers(rule({"services": ["RDS"]}), narrow, NAMES)
    assert not rule_covers(rule({}, {"regions": ["global"]}), narrow, NAMES)


@pytest.mark.parametrize(
    ("one", "other", "meet"),
    [
        (rule(), rule({"drill": True}), True),
        (rule({"drill": True}), rule({"drill": True}), True),
        (rule({"drill": False}), rule({"drill": False}), True),
        (rule({"drill": True}), rule({"drill": False}), False),
        (rule({"drill": True, "services": ["RDS"]}), rule({"drill": False, "services": ["RDS"]}), False),
        (rule({"services": ["alb"]}), rule({"services": ["RDS", "ELASTICLOADBALANCING"]}), True),
        (rule({"services": ["ALB"]}), rule({"services": ["RDS"]}), False),
        (rule({"services": ["ALB"]}), rule({"regions": ["global"]}), True),
        (rule({"categories": ["issue"]}), rule({"categories": ["scheduledChange"]}), False),
        (rule({"statuses": ["open"]}), rule({"statuses": ["upcoming"]}), False),
        (rule({"scopes": ["PUBLIC"]}), rule({"scopes": ["NONE"]}), False),
        (rule({"regions": ["eu-west-1"]}), rule({"regions": ["global"]}), False),
        (rule({"actionabilities": ["INFORMATIONAL"]}), rule({"actionabilities": ["ACTION_REQUIRED"]}), False),
        (rule({"personas": ["SECURITY"]}), rule({"personas": ["BILLING"]}), True),  # an event may have both
        (rule({}, {"accounts": ["111122223333"]}), rule({}, {"accounts": ["444455556666"]}), False),
        (rule({}, {"accounts": ["111122223333"]}), rule({}, {"accounts": ["111122223333"]}), True),
        (rule({}, {"regions": ["eu-west-1"]}), rule({}, {"regions": ["global"]}), False),
        (rule({}, {"services": ["RDS"]}), rule({}, {"services": ["EC2"]}), True),  # a target may list both
    ],
)
def test_what_can_meet(one: Rule, other: Rule, meet: bool) -> None:  # noqa: FBT001  a case of the table
    assert can_meet(one, other, NAMES) is can_meet(other, one, NAMES) is meet
