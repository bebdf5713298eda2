"""Least privilege, shown: every statement of every role is used, every action too, and nothing more was asked for.

The simulator judges each call by the role's own policies and keeps which statement answered. What no scenario of this
version reaches is named below, with the reason.
"""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import pytest
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends

from org_gate.simulator.iam.ledger import Use
from org_gate.simulator.play import play
from org_gate.simulator.world import World
from tests.e2e.support import CENTRAL, ISSUE, ORDERS, Quiet, issue, scenario, update, world

HOME: Final = "eu-west-1"
COLLECTOR, API, RESUMER = (
    f"arn:aws:iam::{CENTRAL}:role/org-gate-{name}-{HOME}" for name in ("collector", "api", "resumer")
)
GATE, ACCESS = (f"arn:aws:iam::{ORDERS}:role/org-gate-{name}-us-east-1" for name in ("gate", "access"))
SPECIFIC, LATER = ISSUE.replace("_T1", "_T2"), ISSUE.replace("_T1", "_T3")
Right = tuple[str, str, str]
"""Role, the statement's Sid, action."""

POLICY: Final = {
    "version": 1,
    "rules": [
        {"name": "databases", "match": {"entities": ["db-*"]}, "targets": {"tags": {"tier": ["1"]}}, "verdict": "warn"},
        {"name": "open-issues", "match": {"categories": ["issue"], "statuses": ["open"]}, "verdict": "block"},
    ],
}
"""It needs all that only some policies need."""

DATA = scenario(
    issue("1m"),
    issue("2m", SPECIFIC, accounts=[ORDERS]),
    {"at": "2m", "deliver": {"arn": SPECIFIC}},
    {"at": "3m", "run": "orders"},
    update("4m", statusCode="closed", endTime="+4m"),
    update("4m", SPECIFIC, statusCode="closed", endTime="+4m"),
    {"at": "5m", "retry": "orders"},
    {"at": "6m", "fault": {"service": "central", "kind": "down", "for": "1m"}},
    {"at": "6m", "run": "orders"},
    {"at": "70m", "run": "orders"},
    issue("75m", LATER),
    {"at": "76m", "run": "orders"},
    update("78m", LATER, statusCode="closed"),
    policy=POLICY,
)


@pytest.fixture(name="opened", scope="module")
def _opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("rights"), DATA) as opened:
        play(opened, Quiet())
        yield opened


def policies(role_arn: str) -> dict[str, Any]:
    backend = iam_backends[role_arn.split(":")[4]]["aws"]
    role = backend.get_role(role_arn.rsplit("/", 1)[-1])
    return {name: json.loads(text) if isinstance(text, str) else text for name, text in role.policies.items()}


def granted(role_arn: str) -> set[Right]:
    statements = [one for policy in policies(role_arn).values() for one in policy["Statement"]]
    return {(role_arn, one["Sid"], action) for one in statements for action in _listed(one["Action"])}


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def used(uses: tuple[Use, ...]) -> set[Right]:
    return {(use.principal, use.statement, use.action) for use in uses if use.allowed}


NOT_JUDGED: Final = {
    (
        COLLECTOR,
        "ReadHealthOfTheOrganization",
        "organizations:ListAccounts",
    ): "AWS Health asks for it, the simulator not",
    (RESUMER, "KeepWhatWaits", "dynamodb:DeleteItem"): "two hours after a deployment waits no more",
    **{
        (
            RESUMER,
            "ReceiveMessages",
            f"sqs:{action}",
        ): "Lambda's poller does that, which the simulator's does not ask IAM for"
        for action in ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage")
    },
}


@pytest.mark.parametrize("role", [COLLECTOR, API, RESUMER, GATE, ACCESS], ids=lambda arn: str(arn).rsplit("/", 1)[-1])
def test_every_right_is_used_and_granted_once(opened: World, role: str) -> None:
    uses = opened.aws.door.guard.ledger.uses()
    assert granted(role) - used(uses) == {right for right in NOT_JUDGED if right[0] == role}
    asked = Counter(
        (use.action, use.resource) for use in uses if use.principal == role and use.policy.startswith("inline")
    )
    assert [right for right, statements in asked.items() if statements > 1] == [], "without its statement it is denied"


def test_who_may_call_a_function_does(opened: World) -> None:
    """Each permission of the central functions lets in a service, or a role of another account."""
    template = opened.sessions.client("cloudformation", CENTRAL, HOME).describe_stack_resources(
        StackName="org-gate-central"
    )
    permissions = {
        resource["LogicalResourceId"]
        for resource in template["StackResources"]
        if resource["ResourceType"] == "AWS::Lambda::Permission"
    }
    let_in = {
        use.statement.split("-")[-2]
        for use in opened.aws.door.guard.ledger.uses()
        if use.allowed
        and use.action.startswith("lambda:")
        and "resource policy" in use.policy
        and use.principal in {GATE, "events.amazonaws.com"}
    }
    assert let_in == permissions


def test_no_role_of_the_product_was_denied_anything(opened: World) -> None:
    denied = [use for use in opened.aws.door.guard.ledger.denials() if "/org-gate-" in use.principal]
    assert denied == []


FUNCTIONS = [
    *((CENTRAL, HOME, f"org-gate-{name}") for name in ("collector", "api", "resumer")),
    (ORDERS, "us-east-1", "org-gate"),
]


@pytest.mark.contract("G7")
def test_each_function_leaves_a_log_without_credentials(opened: World) -> None:
    del opened
    for account, region, name in FUNCTIONS:
        (stream,) = logs_backends[account][region].groups[f"/aws/lambda/{name}"].streams.values()
        text = "".join(event.message for event in stream.events)
        assert text
        assert "secretAccessKey" not in text
        assert "artifactCredentials" not in text
