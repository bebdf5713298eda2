"""Which action on which resource a call needs."""

from typing import Any

import pytest

from org_gate.simulator.base import Call, Caller
from org_gate.simulator.iam.needs import needs
from tests.unit.simulator.doors import CENTRAL, ORDERS, REGION

CALLER = Caller(ORDERS, f"arn:aws:iam::{ORDERS}:user/u", "AKIA", "AID", user_name="u")
HERE = f"{REGION}:{ORDERS}"


@pytest.mark.parametrize(
    ("service", "operation", "params", "action", "resource"),
    [
        ("dynamodb", "GetItem", {"TableName": "t"}, "dynamodb:GetItem", f"arn:aws:dynamodb:{HERE}:table/t"),
        (
            "dynamodb",
            "Query",
            {"TableName": "t", "IndexName": "i"},
            "dynamodb:Query",
            f"arn:aws:dynamodb:{HERE}:table/t/index/i",
        ),
        (
            "dynamodb",
            "BatchWriteItem",
            {"RequestItems": {"t": []}},
            "dynamodb:BatchWriteItem",
            f"arn:aws:dynamodb:{HERE}:table/t",
        ),
        ("dynamodb", "ListTables", {}, "dynamodb:ListTables", "*"),
        ("lambda", "Invoke", {"FunctionName": "f"}, "lambda:InvokeFunction", f"arn:aws:lambda:{HERE}:function:f"),
        (
            "lambda",
            "Invoke",
            {"FunctionName": f"{CENTRAL}:function:f", "Qualifier": "live"},
            "lambda:InvokeFunction",
            f"arn:aws:lambda:{REGION}:{CENTRAL}:function:f:live",
        ),
        (
            "sqs",
            "SendMessageBatch",
            {"QueueUrl": f"https://sqs.{REGION}.amazonaws.com/{CENTRAL}/q"},
            "sqs:SendMessage",
            f"arn:aws:sqs:{REGION}:{CENTRAL}:q",
        ),
        ("sns", "Publish", {"TopicArn": f"arn:aws:sns:{HERE}:n"}, "sns:Publish", f"arn:aws:sns:{HERE}:n"),
        (
            "sns",
            "Unsubscribe",
            {"SubscriptionArn": f"arn:aws:sns:{HERE}:n:1-2"},
            "sns:Unsubscribe",
            f"arn:aws:sns:{HERE}:n",
        ),
        ("s3", "ListObjectsV2", {"Bucket": "b"}, "s3:ListBucket", "arn:aws:s3:::b"),
        ("s3", "HeadObject", {"Bucket": "b", "Key": "k/l"}, "s3:GetObject", "arn:aws:s3:::b/k/l"),
        ("s3", "ListBuckets", {}, "s3:ListAllMyBuckets", "*"),
        ("events", "PutRule", {"Name": "r"}, "events:PutRule", f"arn:aws:events:{HERE}:rule/r"),
        (
            "events",
            "PutTargets",
            {"Rule": "r", "EventBusName": "b"},
            "events:PutTargets",
            f"arn:aws:events:{HERE}:rule/b/r",
        ),
        ("events", "PutEvents", {"Entries": [{}]}, "events:PutEvents", f"arn:aws:events:{HERE}:event-bus/default"),
        (
            "logs",
            "PutLogEvents",
            {"logGroupName": "/g", "logStreamName": "s"},
            "logs:PutLogEvents",
            f"arn:aws:logs:{HERE}:log-group:/g:log-stream:s",
        ),
        (
            "codepipeline",
            "RetryStageExecution",
            {"pipelineName": "p", "stageName": "Gate"},
            "codepipeline:RetryStageExecution",
            f"arn:aws:codepipeline:{HERE}:p/Gate",
        ),
        ("codepipeline", "GetPipelineState", {"name": "p"}, "codepipeline:GetPipelineState", None),
        ("codepipeline", "PutJobSuccessResult", {"jobId": "j"}, "codepipeline:PutJobSuccessResult", "*"),
        (
            "cloudformation",
            "CreateStackInstances",
            {"StackSetName": "s:1"},
            "cloudformation:CreateStackInstances",
            f"arn:aws:cloudformation:{HERE}:stackset/s:*",
        ),
        ("health", "DescribeEventsForOrganization", {}, "health:DescribeEventsForOrganization", "*"),
        ("cloudwatch", "PutMetricData", {"Namespace": "n"}, "cloudwatch:PutMetricData", "*"),
        (
            "sts",
            "AssumeRole",
            {"RoleArn": f"arn:aws:iam::{CENTRAL}:role/r", "RoleSessionName": "s"},
            "sts:AssumeRole",
            f"arn:aws:iam::{CENTRAL}:role/r",
        ),
    ],
)
def test_one_need(service: str, operation: str, params: dict[str, Any], action: str, resource: str | None) -> None:
    (need,) = needs(Call(service, operation, params, REGION, CALLER))
    assert (need.action, need.resources[0]) == (action, resource or f"arn:aws:codepipeline:{HERE}:p")


def test_a_transaction_needs_the_single_items_actions() -> None:
    items = [{"Put": {"TableName": "t"}}, {"ConditionCheck": {"TableName": "t"}}, {"Put": {"TableName": "t"}}]
    found = needs(Call("dynamodb", "TransactWriteItems", {"TransactItems": items}, REGION, CALLER))
    assert [need.action for need in found] == ["dynamodb:PutItem", "dynamodb:ConditionCheckItem"]


def test_handing_on_a_role_needs_pass_role() -> None:
    role = f"arn:aws:iam::{ORDERS}:role/r"
    found = needs(Call("lambda", "CreateFunction", {"FunctionName": "f", "Role": role}, REGION, CALLER))
    assert [need.action for need in found] == ["lambda:CreateFunction", "iam:PassRole"]
    assert (found[1].resources, found[1].keys) == ((role,), {"iam:PassedToService": ["lambda.amazonaws.com"]})


def test_asking_who_one_is_needs_nothing() -> None:
    assert needs(Call("sts", "GetCallerIdentity", {}, REGION, CALLER)) == ()
