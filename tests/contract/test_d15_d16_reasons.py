"""D15, D16 and D17: which reasons are listed, in which order, and that nothing else sways them."""

import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.decision.builders import NOW, PROD, decided, event, override, policy, request

RULES = (
    {"name": "fine", "match": {"services": ["S3"]}, "verdict": "allow"},
    {"name": "soon", "match": {"categories": ["scheduledChange"]}, "verdict": "warn"},
    {"name": "issues", "match": {"categories": ["issue"]}, "verdict": "block"},
)


@pytest.mark.contract("D15")
def test_d15_order() -> None:
    sky = (
        event(arn="z"),
        event(arn="y", region="global"),
        event(arn="y"),
        event(arn="c", category="scheduledChange"),
        event(arn="a", service="S3"),
    )
    rules = policy(*RULES, defaults={"on_stale": "warn"})
    decision = decided(request("/us-east-1/RDS+NOPE", "/us-east-1/RDS"), sky, rules, as_of=None)
    told = [(r.verdict, r.kind, r.target, r.event and r.event.key, r.rule) for r in decision.reasons]
    assert told == [
        ("block", "event", 0, ("y", "global"), "issues"),
        ("block", "event", 0, ("y", "us-east-1"), "issues"),
        ("block", "event", 0, ("z", "us-east-1"), "issues"),
        ("block", "event", 1, ("y", "global"), "issues"),
        ("block", "event", 1, ("y", "us-east-1"), "issues"),
        ("block", "event", 1, ("z", "us-east-1"), "issues"),
        ("warn", "event", 0, ("c", "us-east-1"), "soon"),
        ("warn", "event", 1, ("c", "us-east-1"), "soon"),
        ("warn", "stale", None, None, None),
        ("warn", "hint", 0, None, None),
        ("allow", "event", 0, ("a", "us-east-1"), "fine"),
    ]


@pytest.mark.contract("D15")
def test_d15_what_the_default_allows_is_not_listed_and_what_it_does_not_has_no_rule() -> None:
    assert decided("/us-east-1", event(), policy()).reasons == ()
    (reason,) = decided("/us-east-1", event(), policy(defaults={"verdict": "warn"})).reasons
    assert (reason.verdict, reason.rule) == ("warn", None)


@pytest.mark.contract("D15")
def test_d15_at_most_a_hundred_and_all_of_them_count() -> None:
    mild = [event(arn=f"m{n:03}", category="scheduledChange") for n in range(150)]
    decision = decided("/us-east-1", [*mild, event(arn="z")], policy(*RULES))
    assert (len(decision.reasons), decision.reasons_omitted, decision.verdict) == (100, 51, "block")
    assert decision.reasons[0].event == event(arn="z")
    assert "and 150 more reasons" in decision.summary


@pytest.mark.contract("D15")
def test_d15_a_lifted_reason_stays_in_its_place() -> None:
    sky = (event(arn="b"), event(arn="a"), event(arn="c", category="scheduledChange"))
    lifting = override(accounts=(PROD,), events=("a",))
    told = [
        (reason.verdict, reason.event and reason.event.arn, reason.override_id)
        for reason in decided("/us-east-1", sky, policy(*RULES), overrides=[lifting]).reasons
    ]
    assert told == [("block", "a", "o-1"), ("block", "b", None), ("warn", "c", None)]


UNDER_A_HASH_SEED = """
import json
from org_gate.model.decision import decision_json
from tests.unit.decision.builders import PROD, STRANGER, decided, event, override, policy, request
needs = {"ECS": ["EC2", "ECR", "S3"], "RDS": ["S3", "EC2"], "EKS": ["EC2"]}
sky = [event(arn=code, service=code, personas=("POET", "SAGE")) for code in ("EC2", "S3", "ECR", "IAM")]
unsure = {"match": {"personas": ["SECURITY"]}, "targets": {"ous": ["**"], "pipelines": ["*"]}, "verdict": "warn"}
asked = request("/us-east-1/ECS+RDS+EKS", f"{STRANGER}/us-east-1/NOPE+NADA")
lifting = [override(id=f"o-{n}", accounts=(PROD, STRANGER)) for n in range(9)]
rules = policy(unsure, {}, depends_on=needs, defaults={"on_stale": "block"})
print(json.dumps(decision_json(decided(asked, sky, rules, as_of=None, overrides=lifting), "d-1")))
"""


@pytest.mark.contract("D15")
def test_d15_the_same_byte_for_byte_in_every_process() -> None:
    said = {
        subprocess.run(
            [sys.executable, "-c", UNDER_A_HASH_SEED],
            check=True,
            capture_output=True,
            cwd=Path(__file__).parents[2],
            env={"PYTHONHASHSEED": seed},
        ).stdout
        for seed in ("0", "1", "2")
    }
    assert len(said) == 1
    (text,) = said
    assert b"depends on" in text
    assert b"Override o-0" in text


@pytest.mark.contract("D16")
def test_d16_rules_below_the_deciding_one_change_nothing() -> None:
    below = ({"name": "x", "verdict": "block"}, {"name": "y", "verdict": "warn"})
    for one in (event(), event(service="S3"), event(category="scheduledChange")):
        assert decided("/us-east-1", one, policy(*RULES)) == decided("/us-east-1", one, policy(*RULES, *below))


@pytest.mark.contract("D17")
def test_d17_now_is_cut_to_the_second_and_needs_an_offset() -> None:
    decision = decided("/us-east-1", event(end=NOW + timedelta(seconds=1)), now=NOW + timedelta(microseconds=999_999))
    assert (decision.verdict, decision.evaluated_at) == ("block", NOW)
    with pytest.raises(ValueError, match="offset"):
        decided("/us-east-1", (), now=datetime(2026, 3, 2))  # noqa: DTZ001  the point of the test


@pytest.mark.contract("D15")
def test_d15_hints_of_one_target_are_in_order_of_their_texts() -> None:
    decision = decided("/us-east-1/ZZTOP+AARDVARK+MOLE", ())
    assert [reason.explanation.split()[0] for reason in decision.reasons] == ["AARDVARK", "MOLE", "ZZTOP"]
