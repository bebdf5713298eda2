"""What the templates' options ask of stacks: in-place updates, ``AWS::NoValue`` in lists, boundaries, partitions."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from moto.awslambda.models import lambda_backends
from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.models import cloudformation_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from org_gate.rollout.render import central_template, member_template
from org_gate.simulator.base import SimClock
from org_gate.simulator.cloudformation.rollback import failure_reason
from org_gate.simulator.cloudformation.strict import strict_stacks
from tests.unit.simulator.lambdas.deployed import ACCOUNT, REGION, TRUST, zipped

CENTRAL = {"CodeBucket": "code-of-the-test", "CodeKey": "code", "OrganizationId": "o-abcdefghij"}
MEMBER = {
    "CentralUrls": "http://x",
    "CentralFunctionArns": "arn:x",
    "OnUnknown": "block",
    "Mode": "enforce",
    "CentralAccount": "999988887777",
    "OrganizationId": "o-abcdefghij",
}
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"


@pytest.fixture(name="backend")
def _backend(aws: SimClock) -> Iterator[Any]:
    del aws
    with strict_stacks():
        s3_backends[ACCOUNT]["aws"].create_bucket("code-of-the-test", REGION)
        s3_backends[ACCOUNT]["aws"].put_object("code-of-the-test", "code", zipped({"a.py": ""}))
        yield cloudformation_backends[ACCOUNT][REGION]


def as_list(parameters: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]


def body(resources: Mapping[str, Any], **more: Any) -> str:
    return json.dumps({"Resources": resources, **more})


def outcome(stack: Any) -> tuple[str, str]:
    return stack.status, failure_reason(stack)


def test_options_come_and_go_with_an_update(backend: Any) -> None:
    template = central_template()
    stack = backend.create_stack("central", template, dict(CENTRAL))
    function = lambda_backends[ACCOUNT][REGION].get_function("org-gate-api")
    assert (function.reserved_concurrency, function.tracing_config) == (None, {"Mode": "PassThrough"})
    on = {"ApiReservedConcurrency": "7", "Tracing": "Active", "KmsKeyArn": KEY}
    backend.update_stack("central", template, None, as_list({**CENTRAL, **on}), None)
    assert outcome(stack) == ("UPDATE_COMPLETE", "")
    assert (function.reserved_concurrency, function.tracing_config) == (7, {"Mode": "Active"})
    assert sids("org-gate-api") >= {"UseTheKey", "SendTraces"}
    topics = sns_backends[ACCOUNT][REGION]
    assert {topic.kms_master_key_id for topic in topics.topics.values()} == {KEY}
    assert len(topics.subscriptions) == 1, "a topic that is changed keeps its subscriptions"
    queue = sqs_backends[ACCOUNT][REGION].queues["org-gate-resume"]
    assert (queue.kms_master_key_id, queue.redrive_policy["maxReceiveCount"]) == (KEY, 3)
    assert queue.policy is not None, "a queue that is changed keeps its policy"
    backend.update_stack("central", template, None, as_list(CENTRAL), None)
    assert (function.reserved_concurrency, function.tracing_config) == (None, {"Mode": "PassThrough"})
    assert (queue.kms_master_key_id, queue.sqs_managed_sse_enabled) == (None, True)
    assert not sids("org-gate-api") & {"UseTheKey", "SendTraces"}


def sids(name: str) -> set[str]:
    role = iam_backends[ACCOUNT]["aws"].get_role(f"{name}-{REGION}")
    (document,) = role.policies.values()
    statements = (json.loads(document) if isinstance(document, str) else document)["Statement"]
    return {statement["Sid"] for statement in statements}


def test_a_queue_is_changed_in_place(backend: Any) -> None:
    dead = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "dead"}}
    redrive = {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 2}
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q", "RedrivePolicy": redrive}}
    backend.create_stack("s", body({"Dead": dead, "Queue": queue}), {})
    made = sqs_backends[ACCOUNT][REGION].queues["q"]
    changed = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q", "VisibilityTimeout": 9}}
    backend.update_stack("s", body({"Dead": dead, "Queue": changed}), None, [], None)
    assert sqs_backends[ACCOUNT][REGION].queues["q"] is made
    assert (made.visibility_timeout, made.redrive_policy, made.dead_letter_queue) == (9, None, None)


def test_a_dashboard_is_json_and_can_change(backend: Any) -> None:
    def board(text: str) -> str:
        properties = {"DashboardName": "d", "DashboardBody": text}
        return body({"D": {"Type": "AWS::CloudWatch::Dashboard", "Properties": properties}})

    stack = backend.create_stack("bad", board("{widgets"), {})
    assert stack.status == "ROLLBACK_COMPLETE"
    assert "must be a valid JSON" in failure_reason(stack)
    backend.create_stack("s", board('{"widgets": []}'), {})
    backend.update_stack("s", board('{"widgets": [1]}'), None, [], None)
    assert cloudwatch_backends[ACCOUNT][REGION].dashboards["d"].body == '{"widgets": [1]}'


def test_a_boundary_has_to_be_there(backend: Any) -> None:
    stack = backend.create_stack("member", member_template(), {**MEMBER, "PermissionsBoundary": "org/bound"})
    arn = f"arn:aws:iam::{ACCOUNT}:policy/org/bound"
    assert stack.status == "ROLLBACK_COMPLETE"
    assert f"Scope ARN: {arn} does not exist or is not attachable" in failure_reason(stack)
    backend.delete_stack("member")
    statement = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam_backends[ACCOUNT]["aws"].create_policy("", "/org/", document, "bound", [])
    stack = backend.create_stack("member2", member_template(), {**MEMBER, "PermissionsBoundary": "org/bound"})
    assert outcome(stack) == ("CREATE_COMPLETE", "")
    roles = iam_backends[ACCOUNT]["aws"].roles.values()
    assert {role.permissions_boundary_arn for role in roles} == {arn}
    assert {role.name.removesuffix(f"-{REGION}") for role in roles} == {
        "org-gate-access",
        "org-gate-gate",
        "org-gate-read",
    }


def test_no_value_leaves_no_hole_in_a_list(backend: Any) -> None:
    statement = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
    kept = {"Fn::If": ["Never", statement, {"Ref": "AWS::NoValue"}]}
    role = {
        "RoleName": "r",
        "AssumeRolePolicyDocument": TRUST,
        "Policies": [{"PolicyName": "p", "PolicyDocument": {"Statement": [statement, kept]}}],
    }
    never = {"Never": {"Fn::Equals": ["a", "b"]}}
    backend.create_stack("s", body({"R": {"Type": "AWS::IAM::Role", "Properties": role}}, Conditions=never), {})
    (document,) = iam_backends[ACCOUNT]["aws"].get_role("r").policies.values()
    assert document["Statement"] == [statement]


@pytest.mark.parametrize(("template", "parameters"), [(central_template(), CENTRAL), (member_template(), MEMBER)])
def test_another_partition_is_refused_by_name(backend: Any, template: str, parameters: dict[str, str]) -> None:
    """The simulator's partition is aws: here it is the mapping that is of another."""
    elsewhere = template.replace("\n  aws: {", "\n  aws-cn: {").replace("\n    aws: {", "\n    aws-cn: {")
    assert elsewhere != template
    with pytest.raises(CloudFormationError, match="mapping for OrgGateSupportsThePartitionAwsOnly::aws::"):
        backend.create_stack("s", elsewhere, dict(parameters))
    assert backend.stacks == {}
