"""One blocked deployment, the whole way through; then the same with one part of the way cut out at a time.

Each cut changes what comes out: were a part bypassed, its cut would not show.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from botocore.credentials import Credentials

from org_gate.client.api import DecisionApi
from org_gate.client.errors import NoAnswer, Refused
from org_gate.simulator.play import play
from org_gate.simulator.world import World
from tests.e2e.support import CENTRAL, ISSUE, ORDERS, PAYMENTS, Quiet, issue, scenario, take_rights, world

HOME = "eu-west-1"
DATA = scenario(issue("5m"), {"at": "6m", "run": "orders"})


STRANGER = Credentials("AKIAAAAAAAAAAAAAAAAA", "not-a-secret-of-this-organization")


def api_of(opened: World, account: str) -> DecisionApi:
    """The decision API as a person of that account asks it."""
    return DecisionApi([opened.cell().decision_url], Credentials(*opened.organization.access_keys[account]))


@contextmanager
def incident(folder: Path) -> Iterator[World]:
    with world(folder, DATA) as opened:
        yield opened


def line_of(opened: World) -> dict[str, Any] | None:
    play(opened, Quiet())
    return dict(opened.aws.recorder.lines[0]) if opened.aws.recorder.lines else None


def what_came(line: dict[str, Any] | None) -> Any:
    if line is None:
        return None
    rules = [reason["rule"] or reason["kind"] for reason in line["reasons"]]
    return line["verdict"], line["decision_id"] is not None, rules


def test_the_whole_way(tmp_path: Path) -> None:
    with incident(tmp_path) as opened:
        line = line_of(opened)
        assert line is not None
        assert what_came(line) == ("block", True, ["open-issues"])
        kept = api_of(opened, ORDERS).decision(line["decision_id"])
        assert all(line[name] == kept[name] for name in kept), "what the gate acted on is what central recorded"
        uses = opened.aws.door.guard.ledger.uses()
        done = {(use.principal.rsplit("/", 1)[-1], use.action) for use in uses if use.allowed}
    assert {
        ("org-gate-collector-eu-west-1", "health:DescribeEventsForOrganization"),
        ("org-gate-collector-eu-west-1", "dynamodb:PutItem"),
        ("org-gate-api-eu-west-1", "dynamodb:Query"),
        ("org-gate-gate-us-east-1", "codepipeline:GetJobDetails"),
        ("org-gate-gate-us-east-1", "lambda:InvokeFunctionUrl"),
        ("org-gate-gate-us-east-1", "lambda:InvokeFunction"),
        ("org-gate-gate-us-east-1", "codepipeline:PutJobFailureResult"),
    } <= done


def no_schedule(opened: World) -> None:
    opened.sessions.client("events", CENTRAL, HOME).disable_rule(Name="org-gate-every-minute")


def no_organization_view(opened: World) -> None:
    client = opened.sessions.client("health", opened.organization.management, "us-east-1")
    client.disable_health_service_access_for_organization()


def no_collector_rights(opened: World) -> None:
    take_rights(opened, CENTRAL, "org-gate-collector-eu-west-1", "health:DescribeEventsForOrganization")


def no_table_reads(opened: World) -> None:
    take_rights(opened, CENTRAL, "org-gate-api-eu-west-1", "dynamodb:BatchGetItem")


def no_records(opened: World) -> None:
    """The decision is not handed out where it cannot be recorded."""
    take_rights(opened, CENTRAL, "org-gate-api-eu-west-1", "dynamodb:PutItem")


def no_url_rights_of_the_gate(opened: World) -> None:
    take_rights(opened, ORDERS, "org-gate-gate-us-east-1", "lambda:InvokeFunctionUrl")


def no_resource_policy(opened: World) -> None:
    client = opened.sessions.client("lambda", CENTRAL, HOME)
    for statement in json.loads(client.get_policy(FunctionName="org-gate-api")["Policy"])["Statement"]:
        client.remove_permission(FunctionName="org-gate-api", StatementId=statement["Sid"])


def no_gate_in_the_account(opened: World) -> None:
    opened.sessions.client("lambda", ORDERS, "us-east-1").delete_function(FunctionName="org-gate")


@pytest.mark.parametrize(
    ("cut", "comes"),
    [
        (no_schedule, ("block", True, ["local"])),
        (no_organization_view, ("block", True, ["local"])),
        (no_collector_rights, ("block", True, ["local"])),
        (no_table_reads, ("block", False, ["local"])),
        (no_records, ("block", False, ["local"])),
        (no_url_rights_of_the_gate, (None, False, [])),
        (no_resource_policy, (None, False, [])),
        (no_gate_in_the_account, None),
    ],
)
def test_a_cut_shows(tmp_path: Path, cut: Callable[[World], None], comes: Any) -> None:
    with incident(tmp_path) as opened:
        cut(opened)
        assert what_came(line_of(opened)) == comes


@pytest.mark.contract("A1")
def test_who_asks_is_who_signed(tmp_path: Path) -> None:
    with incident(tmp_path) as opened:
        play(opened, Quiet())
        own = api_of(opened, PAYMENTS).decide({"targets": [f"{PAYMENTS}/us-east-1"]})
        assert [reason["event"]["arn"] for reason in own["reasons"]] == [ISSUE]
        with pytest.raises(Refused, match="delegates") as refused:
            api_of(opened, PAYMENTS).decide({"targets": [f"{ORDERS}/us-east-1"]})
        assert refused.value.status == HTTPStatus.FORBIDDEN
        with pytest.raises(NoAnswer, match="403"):
            DecisionApi([opened.cell().decision_url], STRANGER).decide({"targets": [f"{ORDERS}/us-east-1"]})
