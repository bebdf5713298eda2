"""Least privilege, shown: every statement of every role is used, every action too, and nothing more was asked for.

The simulator judges each call by the role's own policies and keeps which statement answered. What no scenario of this
version reaches is named below, with the reason.
"""

from collections import Counter
from collections.abc import Iterator

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import dynamodb_backends
from moto.iam.models import iam_backends
from moto.logs.models import logs_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from org_gate.simulator.play import play
from org_gate.simulator.world import World
from tests.e2e.rights import (
    API,
    BOUNDARY,
    COLLECTOR,
    DATA,
    GATE,
    HOME,
    NOT_JUDGED,
    REPORTER,
    RESUMER,
    ROLES,
    client_of,
    granted,
    look_around,
    reading,
    used,
    with_every_option,
)
from tests.e2e.support import CENTRAL, ORDERS, Quiet, world


@pytest.fixture(name="opened", scope="module")
def _opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("rights"), DATA) as opened:
        with_every_option(opened)
        play(opened, Quiet())
        refused = [what for what, answer in look_around(opened) if answer is None]
        assert refused == []
        yield opened


@pytest.mark.parametrize("role", ROLES, ids=lambda arn: str(arn).rsplit("/", 1)[-1])
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
    """But for the management account, which has no gate: whether it has one, its door alone tells."""
    denied = [use for use in opened.aws.door.guard.ledger.denials() if "/org-gate-" in use.principal]
    denied = [use for use in denied if f"::{opened.scenario.organization.management}:role/" not in use.resource]
    assert [use for use in denied if "/org-gate-read-" not in use.principal] == [], "the read role's are a test's"


def test_the_options_are_in_place(opened: World) -> None:
    """What the update gave the cell: without it, the rights of the options would be used by nobody."""
    del opened
    (table,) = dynamodb_backends[CENTRAL][HOME].tables.values()
    key = table.sse_specification["KMSMasterKeyId"]
    assert key.startswith(f"arn:aws:kms:{HOME}:{CENTRAL}:key/")
    assert {topic.kms_master_key_id for topic in sns_backends[CENTRAL][HOME].topics.values()} == {key}
    queues = sqs_backends[CENTRAL][HOME].queues.values()
    assert {(queue.kms_master_key_id, queue.sqs_managed_sse_enabled) for queue in queues} == {(key, False)}
    groups = logs_backends[CENTRAL][HOME].groups.items()
    assert {group.kms_key_id for name, group in groups if name != "/aws/lambda/org-gate"} == {key}
    roles = [
        iam_backends[CENTRAL]["aws"].get_role(role.rpartition("/")[2]) for role in (COLLECTOR, API, RESUMER, REPORTER)
    ]
    assert {role.permissions_boundary_arn for role in roles} == {f"arn:aws:iam::{CENTRAL}:policy/{BOUNDARY}"}


def test_the_read_role_only_reads(opened: World) -> None:
    session = reading(opened)
    pipelines = client_of(opened, session, "codepipeline", "us-east-1")
    functions = client_of(opened, session, "lambda", "us-east-1")
    for refused, params in (
        (pipelines.start_pipeline_execution, {"name": "orders"}),
        (pipelines.get_pipeline_state, {"name": "orders"}),
        (functions.get_function, {"FunctionName": "org-gate"}),
        (functions.get_function_configuration, {"FunctionName": "org-gate-other"}),
    ):
        with pytest.raises(ClientError, match="AccessDenied"):
            refused(**params)


FUNCTIONS = [
    *((CENTRAL, HOME, f"org-gate-{name}") for name in ("collector", "api", "resumer", "reporter")),
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
