"""Stacks that are created, updated, rolled back and deleted, with every resource type of ours."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.awslambda.models import lambda_backends
from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.models import cloudformation_backends
from moto.cloudwatch.models import cloudwatch_backends
from moto.dynamodb.models import dynamodb_backends
from moto.events.models import events_backends
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from org_gate.simulator.base import SimClock
from org_gate.simulator.cloudformation.rollback import failure_reason
from org_gate.simulator.cloudformation.strict import strict_stacks
from org_gate.simulator.lambdas.function_urls import FunctionUrls
from org_gate.simulator.lambdas.processes import ProcessRunner
from tests.unit.simulator.lambdas.deployed import ACCOUNT, REGION, TRUST, Org, RecordingInvoker, zipped

ROLE = {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "r", "AssumeRolePolicyDocument": TRUST}}
FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "FunctionName": "f",
        "Handler": "index.handler",
        "Runtime": "python3.11",
        "Architectures": ["arm64"],
        "Timeout": 7,
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": "def handler(event, context):\n    return 'one'\n"},
        "Environment": {"Variables": {"A": {"Fn::Sub": "${P}"}}},
    },
}
DOCUMENT = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "*"}]}

LOGS = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "logs:*", "Resource": "*"}]}


def body(resources: dict[str, Any], **more: Any) -> str:
    parameters = {"P": {"Type": "String", "Default": "old"}}
    return json.dumps({"Parameters": parameters, "Resources": resources, **more})


def with_function(**resources: Any) -> str:
    return body({"Role": ROLE, "Function": FUNCTION, **resources})


def changed(resource: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {**resource, "Properties": {**resource["Properties"], **properties}}


class Stacks:
    """The stacks of ACCOUNT in REGION."""

    def __init__(self) -> None:
        self.backend = cloudformation_backends[ACCOUNT][REGION]

    def create(self, template: str, name: str = "s", **parameters: str) -> Any:
        return self.backend.create_stack(name, template, parameters)

    def update(self, template: str, name: str = "s", **parameters: str) -> Any:
        listed = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        return self.backend.update_stack(name, template, None, listed, None)

    @property
    def function(self) -> Any:
        return lambda_backends[ACCOUNT][REGION].get_function("f")


@pytest.fixture
def stacks(aws: SimClock) -> Iterator[Stacks]:
    del aws
    with strict_stacks():
        yield Stacks()


def test_a_function_has_all_its_properties_and_no_time_of_day_in_its_code(stacks: Stacks) -> None:
    stack = stacks.create(with_function())
    assert (stack.status, failure_reason(stack)) == ("CREATE_COMPLETE", "")
    assert (stacks.function.architectures, stacks.function.timeout) == (["arm64"], 7)
    sha = stacks.function.code_sha_256
    stacks.backend.delete_stack("s")
    stacks.create(with_function())
    assert stacks.function.code_sha_256 == sha


def test_inline_code_runs_also_after_an_update(stacks: Stacks) -> None:
    runner = ProcessRunner("http://127.0.0.1:1")
    try:
        stacks.create(with_function())
        assert runner.invoke(ACCOUNT, REGION, "f", {}).payload == "one"
        two = changed(FUNCTION, Code={"ZipFile": "def handler(event, context):\n    return 'two'\n"})
        assert stacks.update(with_function(Function=two)).status == "UPDATE_COMPLETE"
        assert runner.invoke(ACCOUNT, REGION, "f", {}).payload == "two"
    finally:
        runner.close()


def test_a_parameter_inside_sub_reaches_what_uses_it(stacks: Stacks) -> None:
    stacks.create(with_function())
    assert stacks.update(with_function(), P="new").status == "UPDATE_COMPLETE"
    assert stacks.function.environment_vars == {"A": "new"}


def test_an_update_without_changes_is_refused(stacks: Stacks) -> None:
    stacks.create(with_function())
    with pytest.raises(CloudFormationError, match="No updates are to be performed"):
        stacks.update(with_function(), P="old")


def test_a_failed_resource_rolls_everything_back_and_says_why(stacks: Stacks) -> None:
    broken = {"Type": "AWS::Lambda::Permission", "DependsOn": "Function", "Properties": {
        "FunctionName": "nobody", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"}}  # fmt: skip
    stack = stacks.create(with_function(Broken=broken))
    assert stack.status == "ROLLBACK_COMPLETE"
    assert failure_reason(stack).startswith("Broken: Function not found")
    assert list(lambda_backends[ACCOUNT][REGION].list_functions()) == []
    assert list(iam_backends[ACCOUNT]["aws"].roles) == []
    with pytest.raises(CloudFormationError, match="already exists"):
        stacks.create(with_function())
    stacks.backend.delete_stack("s")
    assert stacks.create(with_function()).status == "CREATE_COMPLETE"


def test_a_name_that_is_taken_is_a_failure_that_leaves_the_other_alone(stacks: Stacks) -> None:
    stacks.create(with_function())
    second = stacks.create(body({"Role": ROLE}), name="second")
    assert second.status == "ROLLBACK_COMPLETE"
    assert "already exists" in failure_reason(second)
    assert [role.name for role in iam_backends[ACCOUNT]["aws"].roles.values()] == ["r"]


def test_a_failed_update_goes_back_to_what_was(stacks: Stacks) -> None:
    stacks.create(with_function())
    renamed = changed(ROLE, RoleName="other")
    slower = changed(FUNCTION, Timeout=9)
    stack = stacks.update(with_function(Role=renamed, Function=slower))
    assert stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert "cannot replace r by other" in failure_reason(stack)
    assert [event.resource_status for event in stack.events].count("UPDATE_FAILED") == 1
    assert stacks.function.timeout == 7
    assert stacks.update(with_function(Function=slower)).status == "UPDATE_COMPLETE"
    assert (stacks.function.timeout, failure_reason(stack)) == (9, "")


def test_a_role_is_updated_with_its_policies_and_deleted_with_them(stacks: Stacks) -> None:
    iam = iam_backends[ACCOUNT]["aws"]
    managed = iam.create_policy("", "/", json.dumps(LOGS), "managed", {}).arn
    policy = {"PolicyName": "p", "PolicyDocument": DOCUMENT}
    stacks.create(body({"Role": changed(ROLE, Policies=[policy])}))
    updated = changed(ROLE, Policies=[{**policy, "PolicyName": "q"}], ManagedPolicyArns=[managed])
    stacks.update(body({"Role": updated}))
    role = iam.get_role("r")
    assert (list(role.policies), list(role.managed_policies)) == (["q"], [managed])
    stacks.backend.delete_stack("s")
    assert list(iam_backends[ACCOUNT]["aws"].roles) == []


def test_a_table_has_ttl_recovery_and_encryption_and_keeps_its_items(stacks: Stacks) -> None:
    table = {"Type": "AWS::DynamoDB::Table", "Properties": {
        "TableName": "t", "BillingMode": "PAY_PER_REQUEST", "SSESpecification": {"SSEEnabled": True},
        "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True}}}  # fmt: skip
    stacks.create(body({"Table": table}))
    backend = dynamodb_backends[ACCOUNT][REGION]
    made = backend.get_table("t")
    assert made.ttl == {"TimeToLiveStatus": "ENABLED", "AttributeName": "expires"}
    assert made.continuous_backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert made.describe()["TableDescription"]["SSEDescription"]["Status"] == "ENABLED"
    stacks.update(body({"Table": changed(table, DeletionProtectionEnabled=True)}))
    assert backend.get_table("t") is made
    assert made.deletion_protection_enabled is True


def test_a_function_url_is_what_the_stack_says_and_goes_with_it(stacks: Stacks, aws: SimClock) -> None:
    urls = FunctionUrls(aws, RecordingInvoker(), Org(), "http://127.0.0.1:7777")
    url = {"Type": "AWS::Lambda::Url", "Properties": {
        "AuthType": "AWS_IAM", "TargetFunctionArn": {"Fn::GetAtt": ["Function", "Arn"]}}}  # fmt: skip
    template = json.loads(with_function(Url=url))
    template["Outputs"] = {"Url": {"Value": {"Fn::GetAtt": ["Url", "FunctionUrl"]}}}
    with urls.registered():
        output = stacks.create(json.dumps(template)).outputs[0]["OutputValue"]
        assert output.startswith(f"http://127.0.0.1:7777/lambda-url/{REGION}/")
        target = urls.lookup(REGION, output.split("/")[-2])
        assert target == (ACCOUNT, stacks.function.function_arn, "AWS_IAM")
        stacks.update(with_function())
        assert urls.lookup(REGION, output.split("/")[-2]) is None


def test_permissions_and_retries_come_change_and_go(stacks: Stacks) -> None:
    def permission(source: str) -> dict[str, Any]:
        return {"Type": "AWS::Lambda::Permission", "Properties": {
            "FunctionName": {"Ref": "Function"}, "Action": "lambda:InvokeFunction",
            "Principal": "events.amazonaws.com", "SourceArn": source}}  # fmt: skip

    retries = {"Type": "AWS::Lambda::EventInvokeConfig", "Properties": {
        "FunctionName": {"Ref": "Function"}, "Qualifier": "$LATEST", "MaximumRetryAttempts": 0}}  # fmt: skip
    stacks.create(with_function(Permission=permission("arn:a"), Retries=retries))
    assert stacks.function.event_invoke_config[0].config == {"MaximumRetryAttempts": 0}
    stacks.update(with_function(Permission=permission("arn:b"), Retries=retries))
    sources = [each["Condition"]["ArnLike"]["AWS:SourceArn"] for each in stacks.function.policy.statements]
    assert sources == ["arn:b"]
    stacks.update(with_function())
    assert stacks.function.policy.statements == []
    assert stacks.function.event_invoke_config == []


def test_the_other_types_of_ours_are_there_and_gone(stacks: Stacks) -> None:
    alarm = {"AlarmName": "a", "Namespace": "N", "MetricName": "M", "Period": 60, "EvaluationPeriods": 1,
             "Threshold": 0, "ComparisonOperator": "GreaterThanThreshold", "Statistic": "Sum",
             "Dimensions": [{"Name": "x", "Value": "y"}], "AlarmActions": [{"Ref": "Topic"}]}  # fmt: skip
    subscription = {"Protocol": "sqs", "TopicArn": {"Ref": "Topic"}, "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]},
                    "RawMessageDelivery": True, "FilterPolicy": {"kind": ["x"]}}  # fmt: skip
    bus = {"StatementId": "all", "Action": "events:PutEvents", "Principal": "*",
           "Condition": {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-1"}}  # fmt: skip
    resources = {
        "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "t"}},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "q"}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "bucket-of-the-test"}},
        "Logs": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/l", "RetentionInDays": 7}},
        "Alarm": {"Type": "AWS::CloudWatch::Alarm", "Properties": alarm},
        "Subscription": {"Type": "AWS::SNS::Subscription", "Properties": subscription},
        "BusPolicy": {"Type": "AWS::Events::EventBusPolicy", "Properties": bus},
        "QueuePolicy": {"Type": "AWS::SQS::QueuePolicy",
                        "Properties": {"Queues": [{"Ref": "Queue"}], "PolicyDocument": DOCUMENT}},
        "TopicPolicy": {"Type": "AWS::SNS::TopicPolicy",
                        "Properties": {"Topics": [{"Ref": "Topic"}], "PolicyDocument": DOCUMENT}},
        "BucketPolicy": {"Type": "AWS::S3::BucketPolicy",
                         "Properties": {"Bucket": {"Ref": "Bucket"}, "PolicyDocument": DOCUMENT}},
    }  # fmt: skip
    stack = stacks.create(body(resources))
    assert (stack.status, failure_reason(stack)) == ("CREATE_COMPLETE", "")
    topics, queue = sns_backends[ACCOUNT][REGION], sqs_backends[ACCOUNT][REGION].get_queue("q")
    made = next(iter(topics.subscriptions.values()))
    assert (made.endpoint, made.attributes["RawMessageDelivery"]) == (queue.queue_arn, "true")
    policies = [json.loads(queue.policy), json.loads(next(iter(topics.topics.values())).policy)]
    assert policies == [DOCUMENT, DOCUMENT]
    assert cloudwatch_backends[ACCOUNT][REGION].alarms["a"].alarm_actions == [made.topic_arn]
    statement = json.loads(events_backends[ACCOUNT][REGION].describe_event_bus("default").policy)["Statement"][0]
    assert statement["Condition"] == {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}
    assert json.loads(s3_backends[ACCOUNT]["aws"].get_bucket_policy("bucket-of-the-test")) == DOCUMENT
    stacks.backend.delete_stack("s")
    assert stack.status == "DELETE_COMPLETE"
    assert not topics.subscriptions
    assert "a" not in cloudwatch_backends[ACCOUNT][REGION].alarms
    assert events_backends[ACCOUNT][REGION].describe_event_bus("default").policy is None


def test_the_rendered_templates_come_up_and_go(stacks: Stacks) -> None:
    rendered = Path(__file__).parents[4] / "stacksets" / "rendered"
    s3_backends[ACCOUNT]["aws"].create_bucket("code-of-the-test", REGION)
    s3_backends[ACCOUNT]["aws"].put_object("code-of-the-test", "code", zipped({"a.py": ""}))
    central = stacks.create(
        (rendered / "central.yaml").read_text(), "central",
        CodeBucket="code-of-the-test", CodeKey="code", OrganizationId="o-abcdefghij",
    )  # fmt: skip
    member = stacks.create(
        (rendered / "member.yaml").read_text(), "member",
        CentralUrls="http://x", CentralFunctionArns="arn:x", OnUnknown="block", Mode="enforce",
        CentralAccount="999988887777", OrganizationId="o-abcdefghij",
    )  # fmt: skip
    assert [failure_reason(stack) or stack.status for stack in (central, member)] == ["CREATE_COMPLETE"] * 2
    dynamodb_backends[ACCOUNT][REGION].get_table("org-gate").deletion_protection_enabled = False
    for name in ("central", "member"):
        stacks.backend.delete_stack(name)
    assert list(lambda_backends[ACCOUNT][REGION].list_functions()) == []


def test_the_api_refuses_by_what_only_the_request_tells(aws: SimClock, monkeypatch: pytest.MonkeyPatch) -> None:
    del aws
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x" * 20)
    with mock_aws(), strict_stacks():
        client = boto3.client("cloudformation", REGION)
        role = body({"Role": ROLE})
        with pytest.raises(ClientError, match=r"CAPABILITY_NAMED_IAM") as raised:
            client.create_stack(StackName="s", TemplateBody=role)
        assert raised.value.response["Error"]["Code"] == "InsufficientCapabilitiesException"
        with pytest.raises(ClientError, match="51200"):
            client.create_stack(StackName="s", TemplateBody=body({"Role": ROLE}, Description="x" * 51_200))
        assert client.list_stacks()["StackSummaries"] == []
        client.create_stack(StackName="s", TemplateBody=role, Capabilities=["CAPABILITY_NAMED_IAM"])
        resources = client.describe_stack_resources(StackName="s")["StackResources"]
        assert [(each["LogicalResourceId"], each["PhysicalResourceId"]) for each in resources] == [("Role", "r")]
