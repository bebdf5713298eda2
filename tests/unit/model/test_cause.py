"""What a block hangs on, read off decisions as they are answered."""

import json
from typing import Any

import pytest

from org_gate.model.cause import Cause, cause_from, cause_json, cause_of

ARN = "arn:aws:health:us-east-1::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/1"
EVENT: dict[str, Any] = {
    "arn": ARN,
    "service": "RDS",
    "region": "us-east-1",
    "scope": "PUBLIC",
    "category": "issue",
    "type_code": "AWS_RDS_OPERATIONAL_ISSUE",
    "status": "open",
    "start": "2026-03-02T12:00:00Z",
    "last_updated": None,
    "drill": False,
}


def reason(**told: Any) -> dict[str, Any]:
    plain = {"kind": "event", "verdict": "block", "rule": "r", "target": 0, "event": EVENT}
    return {**plain, "freeze": None, "override_id": None, **told}


def decision(*reasons: dict[str, Any], verdict: str = "block", modes: tuple[str, ...] = ("enforce",)) -> dict[str, Any]:
    targets = [{"mode": mode} for mode in modes]
    return {"verdict": verdict, "mode": "enforce", "targets": targets, "reasons": list(reasons)}


def test_an_event_with_what_people_need_to_know_of_it() -> None:
    cause = cause_of(decision(reason()))
    assert cause is not None
    assert (cause.kind, cause.name, cause.region, cause.rule, cause.start) == (
        "event",
        ARN,
        "us-east-1",
        "r",
        EVENT["start"],
    )


def test_what_is_lifted_or_only_watched_is_passed_over() -> None:
    freeze = {"name": "peak", "from": "2026-03-02T00:00:00Z", "to": "2026-03-03T00:00:00Z"}
    cause = cause_of(
        decision(
            reason(override_id="o-1"),
            reason(target=1),
            reason(verdict="warn"),
            reason(kind="freeze", event=None, rule=None, freeze=freeze),
            modes=("enforce", "shadow"),
        )
    )
    assert cause == Cause(kind="freeze", name="peak", start=freeze["from"], until=freeze["to"])


def test_what_is_of_all_targets_counts_by_the_decisions_mode() -> None:
    stale = reason(kind="stale", event=None, rule=None, target=None)
    assert cause_of(decision(stale)) == Cause(kind="stale")


@pytest.mark.parametrize("told", [decision(reason(), verdict="warn"), decision(), decision(reason(verdict="warn"))])
def test_nothing_where_nothing_that_is_shown_blocks(told: dict[str, Any]) -> None:
    assert cause_of(told) is None


def test_it_stays_the_same_whatever_else_changes_and_survives_json() -> None:
    first, later = cause_of(decision(reason())), cause_of(decision(reason(rule="s", event=EVENT | {"status": None})))
    elsewhere = cause_of(decision(reason(event=EVENT | {"region": "eu-west-1"})))
    assert first is not None
    assert later is not None
    assert elsewhere is not None
    assert first.id == later.id != elsewhere.id
    kept = json.loads(json.dumps(cause_json(first)))
    assert cause_from({**kept, "of_another_version": 1}) == first
