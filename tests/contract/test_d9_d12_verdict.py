"""D9 and D12 (the policy's own mode): what reasons add up to."""

import pytest

from org_gate.model.decision import decision_json
from tests.unit.decision.builders import decided, event, policy

WARN = {"name": "warn", "match": {"categories": ["scheduledChange"]}, "verdict": "warn"}
BLOCK = {"name": "block", "match": {"categories": ["issue"]}, "verdict": "block"}
CHANGE = event(arn="arn:change", category="scheduledChange")
ISSUE = event(arn="arn:issue")


@pytest.mark.contract("D9")
def test_d9_the_most_severe_reason_is_the_verdict_and_none_allows() -> None:
    rules = policy(WARN, BLOCK)
    assert decided("/us-east-1", (), rules).verdict == "allow"
    assert decided("/us-east-1", CHANGE, rules).verdict == "warn"
    assert decided("/us-east-1", (CHANGE, ISSUE), rules).verdict == "block"


@pytest.mark.contract("D9")
def test_d9_the_default_does_not_speak_for_an_empty_sky() -> None:
    rules = policy(defaults={"verdict": "block"})
    assert decided("/us-east-1", event(region="eu-west-1"), rules).verdict == "allow"
    assert decided("/us-east-1", event(), rules).verdict == "block"


@pytest.mark.contract("D12")
@pytest.mark.parametrize("mode", ["warn", "shadow"])
def test_d12_a_milder_mode_warns_and_says_what_enforce_would_have_said(mode: str) -> None:
    decision = decided("/us-east-1", ISSUE, policy(BLOCK, mode=mode))
    body = decision_json(decision, "d-1")
    assert (body["verdict"], body["would_be"], body["mode"]) == ("warn", "block", mode)
    assert (body["targets"][0]["mode"], body["reasons"][0]["verdict"]) == (mode, "block")
    assert f"The mode is {mode}; enforce would block." in decision.summary


@pytest.mark.contract("D12")
def test_d12_a_warning_stays_a_warning() -> None:
    decision = decided("/us-east-1", CHANGE, policy(WARN, mode="shadow"))
    assert (decision.verdict, decision.would_be) == ("warn", "warn")


def test_a_decision_says_by_which_version_of_the_policy_it_was_made() -> None:
    assert decided("/us-east-1", ()).policy_version == 7
