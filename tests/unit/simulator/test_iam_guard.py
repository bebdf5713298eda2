"""IAM in front of every service, as clients see it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from org_gate.simulator.iam.ledger import Use
from org_gate.simulator.organization import administrator_key
from tests.unit.simulator.doors import (
    CENTRAL,
    ORDERS,
    REGION,
    STRANGER,
    VERSION,
    Doors,
    Keys,
    allow,
    opened,
    trusting,
)


@pytest.fixture(name="stranger", scope="module")
def _stranger(doors: Doors) -> Keys:
    assert not doors.org.is_member(STRANGER)
    return administrator_key(STRANGER)


@pytest.fixture(name="doors", scope="module")
def _doors() -> Iterator[Doors]:
    with opened() as doors:
        doors.client("dynamodb", ORDERS).create_table(
            TableName="mine",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        yield doors


def refused(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**params)
    return f"{error.value.response['Error']['Code']}: {error.value.response['Error']['Message']}"


def test_a_role_may_what_its_policy_says_and_the_ledger_knows_by_which_statement(doors: Doors) -> None:
    table = f"arn:aws:dynamodb:{REGION}:{ORDERS}:table/mine"
    role = doors.role(ORDERS, "one-table", allow("dynamodb:GetItem", resource=table), trusting(ORDERS))
    dynamodb = doors.client("dynamodb", doors.session(ORDERS, role))
    dynamodb.get_item(TableName="mine", Key={"id": {"S": "1"}})
    message = refused(dynamodb.put_item, TableName="mine", Item={"id": {"S": "1"}})
    assert message == (
        f"AccessDeniedException: User: arn:aws:sts::{ORDERS}:assumed-role/one-table/test is not authorized to perform: "
        f"dynamodb:PutItem on resource: {table} because no identity-based policy allows the dynamodb:PutItem action"
    )
    uses = [use for use in doors.door.guard.ledger.uses() if use.principal == role]
    assert uses == [
        Use(role, f"inline policy own of {role}", "Only", "dynamodb:GetItem", table, allowed=True),
        Use(role, "", "", "dynamodb:PutItem", table, allowed=False),
    ]


def test_attached_policies_count_and_a_deny_beats_them(doors: Doors) -> None:
    iam = doors.client("iam", ORDERS)
    policy = iam.create_policy(PolicyName="reads", PolicyDocument=json.dumps(allow("sqs:ListQueues", "sns:ListTopics")))
    denying = {"Version": VERSION, "Statement": [{"Effect": "Deny", "Action": "sns:*", "Resource": "*"}]}
    role = doors.role(ORDERS, "attached", denying, trusting(ORDERS))
    iam.attach_role_policy(RoleName="attached", PolicyArn=policy["Policy"]["Arn"])
    keys = doors.session(ORDERS, role)
    doors.client("sqs", keys).list_queues()
    assert "AuthorizationError: " in refused(doors.client("sns", keys).list_topics)
    assert "AccessDenied: " in refused(doors.client("cloudformation", keys).list_stacks)
    assert "AccessDenied: " in refused(doors.client("s3", keys).list_buckets)


def test_another_account_needs_both_sides(doors: Doors, stranger: Keys) -> None:
    role = doors.role(ORDERS, "for-central", None, trusting(CENTRAL))
    unable = doors.role(CENTRAL, "unable", allow("sqs:ListQueues"), trusting(CENTRAL))
    doors.session(CENTRAL, role)
    sts = doors.client("sts", doors.session(CENTRAL, unable))
    assert "AccessDenied" in refused(sts.assume_role, RoleArn=role, RoleSessionName="test")
    assume = doors.client("sts", stranger).assume_role
    assert "no resource-based policy" in refused(assume, RoleArn=role, RoleSessionName="test")


def test_a_role_that_is_not_there_cannot_be_assumed(doors: Doors) -> None:
    assume = doors.client("sts", CENTRAL).assume_role
    message = refused(assume, RoleArn=f"arn:aws:iam::{ORDERS}:role/nobody", RoleSessionName="test")
    assert message.startswith("AccessDenied: ")


def test_a_trust_policys_conditions_hold(doors: Doors) -> None:
    resumer = doors.role(CENTRAL, "resumer", allow("sts:AssumeRole"), trusting(CENTRAL))
    other = doors.role(CENTRAL, "other", allow("sts:AssumeRole"), trusting(CENTRAL))
    conditions = {
        "ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{CENTRAL}:role/res*"},
        "StringEquals": {"aws:PrincipalOrgID": doors.org.id, "sts:ExternalId": "secret"},
    }
    role = doors.role(ORDERS, "resumable", allow("sqs:*"), trusting(f"arn:aws:iam::{CENTRAL}:root", **conditions))
    keys = doors.session(CENTRAL, resumer)
    assert doors.session(keys, role, ExternalId="secret")
    sts = doors.client("sts", keys)
    assert "AccessDenied" in refused(sts.assume_role, RoleArn=role, RoleSessionName="test")
    sts = doors.client("sts", doors.session(CENTRAL, other))
    assert "AccessDenied" in refused(sts.assume_role, RoleArn=role, RoleSessionName="test", ExternalId="secret")


def test_a_session_policy_narrows_the_session(doors: Doors) -> None:
    role = doors.role(ORDERS, "narrowed", allow("sqs:*", "sns:*"), trusting(ORDERS))
    keys = doors.session(ORDERS, role, Policy=json.dumps(allow("sns:*")))
    doors.client("sns", keys).list_topics()
    assert "session policy" in refused(doors.client("sqs", keys).list_queues)


def test_what_the_evaluator_does_not_know_is_loud(doors: Doors) -> None:
    conditioned = allow("sqs:*", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})
    role = doors.role(ORDERS, "odd", conditioned, trusting(ORDERS))
    message = refused(doors.client("sqs", doors.session(ORDERS, role)).list_queues)
    assert message.startswith("NotSimulated: ")
    assert "'aws:sourceip'" in message or "'IpAddress'" in message
    kept, doors.door.failures[:] = list(doors.door.failures), []
    assert len(kept) == 1


def test_a_bucket_policy_lets_another_account_in(doors: Doors) -> None:
    s3 = doors.client("s3", CENTRAL)
    s3.create_bucket(Bucket="artifacts", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket="artifacts", Key="member/zip", Body=b"zip")
    read = doors.client("s3", ORDERS).get_object
    assert "AccessDenied" in refused(read, Bucket="artifacts", Key="member/zip")
    statement = {
        "Effect": "Allow",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": "arn:aws:s3:::artifacts/member/*",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": doors.org.id}},
    }
    s3.put_bucket_policy(Bucket="artifacts", Policy=json.dumps({"Version": VERSION, "Statement": [statement]}))
    assert read(Bucket="artifacts", Key="member/zip")["Body"].read() == b"zip"


def test_services_and_their_roles_are_judged_too(doors: Doors) -> None:
    guard = doors.door.guard
    sqs = doors.client("sqs", ORDERS)
    url = sqs.create_queue(QueueName="from-topic")["QueueUrl"]
    queue, topic = f"arn:aws:sqs:{REGION}:{ORDERS}:from-topic", f"arn:aws:sns:{REGION}:{CENTRAL}:changes"
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"ArnEquals": {"aws:SourceArn": topic}},
    }
    policy = json.dumps({"Version": VERSION, "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    assert guard.allows_service("sns.amazonaws.com", "sqs:SendMessage", queue, source_arn=topic)
    assert not guard.allows_service("sns.amazonaws.com", "sqs:SendMessage", queue, source_arn=f"{topic}-other")
    role = doors.role(ORDERS, "worker", allow("sqs:ReceiveMessage"), {"Principal": {"Service": "lambda.amazonaws.com"}})
    assert guard.allows_service("lambda.amazonaws.com", "sts:AssumeRole", role)
    assert not guard.allows_service("events.amazonaws.com", "sts:AssumeRole", role)
    assert guard.allows_role(role, "sqs:ReceiveMessage", queue, region=REGION, session="f")
    assert not guard.allows_role(role, "sqs:DeleteMessage", queue, region=REGION, session="f")
