"""Scenarios made by hand, for what chance seldom brings about: each a few minutes, each full of boundaries."""

import json
from typing import Any

from tests.e2e.support import CENTRAL, ISSUE, ORDERS, PAYMENTS, issue, scenario, update

_OPEN = {"name": "open", "match": {"categories": ["issue"], "statuses": ["open"]}, "verdict": "block"}
_EU_ISSUE = "arn:aws:health:eu-west-1::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/eu"


def stage_locks() -> dict[str, Any]:
    """Holds that are released, end, are stopped; who waits behind them; waits that are stopped, retried, superseded."""
    hold = {"on_block": "hold"}
    two_gates = _definition([_gate(on_block="hold")], [_gate(order=2, on_block="hold"), _action("CloudFormation")])
    return scenario(
        issue("1m"),
        *_run("2m", "held", "short", "two", "stopped", "retried", "superseded", "latest-stopped", "waits"),
        *_run("150s", "short", "two"),
        *_run("3m", "held", "two", "latest-stopped"),
        *_run("4m", "held"),
        {"at": "4m", "stop": "latest-stopped"},
        {"at": "5m", "stop": "stopped"},
        {"at": "5m", "stop": "waits"},
        *_run("6m", "stopped"),
        *_run("7m", "superseded"),
        update("8m", statusCode="closed"),
        {"at": "9m", "retry": "retried"},
        *_run("10m", "free"),
        tail="10m",
        policy=_policy(resume={"settle": "3m"}),
        pipelines=[
            _pipeline("held", user_parameters=hold),
            _pipeline("short", user_parameters={**hold, "hold_for": "100s"}),
            _pipeline("two", definition=two_gates),
            _pipeline("stopped", user_parameters=hold),
            _pipeline("waits"),
            _pipeline("retried"),
            _pipeline("free"),
            _pipeline("superseded"),
            _pipeline("latest-stopped", user_parameters=hold),
        ],
    )


def looks_between_minutes() -> dict[str, Any]:
    """Policies, an override and notifications at odd seconds: who settles exactly at a look, and who just misses it."""
    blocks_nothing = {"version": 1, "rules": []}
    return scenario(
        issue("1m"),
        *_run("2m", "first", "second"),
        {"at": "320s", "policy": {**blocks_nothing, "resume": {"settle": "40s"}}},
        {"at": "365s", "policy": _policy(resume={"settle": "41s"})},
        *_run("366s", "third"),
        {"at": "380s", "policy": {**blocks_nothing, "resume": {"settle": "41s"}}},
        {"at": "470s", "policy": _policy(resume={"settle": "30s"})},
        *_run("470s", "fourth"),
        update("482s", statusCode="closed"),
        {"at": "485s", "deliver": {"arn": ISSUE}},
        {"at": "515s", "deliver": {"arn": ISSUE}},
        _override("517s", PAYMENTS),
        *_run("11m", "fifth"),
        tail="5m",
        policy=_policy(resume={"settle": "40s"}),
        pipelines=[_pipeline(name) for name in ("first", "second", "third", "fourth", "fifth")],
    )


def resumed_while_nothing_answers() -> dict[str, Any]:
    """Central's API and AWS Health are gone for an account that is resumed; later only its gates see an issue."""
    far = _definition([_gate(order=2)], [_action("EKS"), _action("CodeBuild", region="eu-west-1")])
    return scenario(
        issue("1m"),
        *_run("2m", "fails", "holds", "far", "by-hand"),
        {"at": "3m", "fault": {"service": "central", "kind": "down", "for": "10m"}},
        {"at": "3m", "fault": {"service": "health", "kind": "throttle", "account": ORDERS, "for": "150s"}},
        {"at": "200s", "retry": "by-hand"},
        update("4m", statusCode="closed"),
        _override("11m", ORDERS),
        {"at": "11m", "fault": {"service": "health", "kind": "down", "account": CENTRAL, "for": "6m"}},
        issue("750s", _EU_ISSUE, region="eu-west-1"),
        *_run("830s", "far"),
        _override("14m", ORDERS),
        *_run("15m", "far"),
        update("16m", _EU_ISSUE, statusCode="closed"),
        tail="5m",
        policy=_policy(resume={"settle": "1m"}, defaults={"max_age": "2m"}),
        pipelines=[
            _pipeline("fails"),
            _pipeline(
                "holds", definition=_definition([_gate(on_block="hold", hold_for="30s")], [_action("CodeBuild")])
            ),
            _pipeline("far", definition=far),
            _pipeline("by-hand"),
        ],
    )


BY_HAND = {made.__name__: made for made in (stage_locks, looks_between_minutes, resumed_while_nothing_answers)}


def _run(at: str, *names: str) -> list[dict[str, Any]]:
    return [{"at": at, "run": name} for name in names]


def _override(at: str, account: str) -> dict[str, Any]:
    return {"at": at, "override": {"accounts": [account], "events": ["all"], "reason": "It is known.", "for": "1h"}}


def _policy(**fields: Any) -> dict[str, Any]:
    return {"version": 1, "rules": [_OPEN], **fields}


def _pipeline(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "account": ORDERS, "region": "us-east-1", **fields}


def _definition(*stages: list[dict[str, Any]]) -> dict[str, Any]:
    source = {"name": "Source", "actions": [_action("S3", category="Source")]}
    return {"stages": [source, *({"name": f"Stage{n}", "actions": actions} for n, actions in enumerate(stages))]}


def _action(provider: str, category: str = "Deploy", **fields: Any) -> dict[str, Any]:
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": provider, "actionTypeId": kind, **fields}


def _gate(order: int = 1, **parameters: Any) -> dict[str, Any]:
    configuration = {"FunctionName": "org-gate", **({"UserParameters": json.dumps(parameters)} if parameters else {})}
    return _action("Lambda", "Invoke", runOrder=order, configuration=configuration)
