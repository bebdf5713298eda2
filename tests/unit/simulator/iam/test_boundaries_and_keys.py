"""Permissions boundaries and customers' keys, as clients of the services meet them."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.simulator.doors import ORDERS, REGION, VERSION, Doors, allow, opened, trusting

VIA = {"StringEquals": {"kms:ViaService": f"sns.{REGION}.amazonaws.com"}}


@pytest.fixture(name="doors", scope="module")
def _doors() -> Iterator[Doors]:
    with opened() as doors:
        yield doors


def refusal(call: Any, **params: Any) -> str:
    with pytest.raises(ClientError) as error:
        call(**params)
    return str(error.value.response["Error"]["Message"])


def test_a_boundary_bounds_a_role_until_it_is_taken_off(doors: Doors) -> None:
    iam = doors.client("iam", ORDERS)
    arn = iam.create_policy(PolicyName="bound", PolicyDocument=json.dumps(allow("sqs:*")))["Policy"]["Arn"]
    role = doors.role(ORDERS, "bounded", allow("sqs:*", "sns:*"), trusting(ORDERS))
    iam.put_role_permissions_boundary(RoleName="bounded", PermissionsBoundary=arn)
    keys = doors.session(ORDERS, role)
    doors.client("sqs", keys).list_queues()
    assert "no permissions boundary allows" in refusal(doors.client("sns", keys).list_topics)
    iam.delete_role_permissions_boundary(RoleName="bounded")
    doors.client("sns", keys).list_topics()


def test_a_boundary_that_the_simulator_does_not_have_is_loud(doors: Doors) -> None:
    role = doors.role(ORDERS, "elsewhere", allow("sqs:*"), trusting(ORDERS))
    doors.client("iam", ORDERS).put_role_permissions_boundary(
        RoleName="elsewhere", PermissionsBoundary="arn:aws:iam::aws:policy/PowerUserAccess"
    )
    sqs = doors.client("sqs", doors.session(ORDERS, role))
    assert "does not know arn:aws:iam::aws:policy/PowerUserAccess" in refusal(sqs.list_queues)
    doors.door.failures.clear()


@pytest.fixture(name="key", scope="module")
def _key(doors: Doors) -> str:
    return str(doors.client("kms", ORDERS).create_key()["KeyMetadata"]["Arn"])


def publisher(doors: Doors, name: str, *more: dict[str, Any]) -> Any:
    """An SNS client of a role that may publish, and what ``more`` says."""
    publish = allow("sns:Publish")["Statement"]
    role = doors.role(ORDERS, name, {"Version": VERSION, "Statement": [*publish, *more]}, trusting(ORDERS))
    return doors.client("sns", doors.session(ORDERS, role))


def use_of(key: str, *actions: str, **rest: Any) -> dict[str, Any]:
    return {"Sid": "Key", "Effect": "Allow", "Action": list(actions), "Resource": key, **rest}


def test_a_topic_with_a_key_needs_the_right_to_use_it_by_that_service(doors: Doors, key: str) -> None:
    topic = doors.client("sns", ORDERS).create_topic(Name="secret", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    message = {"TopicArn": topic, "Message": "m"}
    both = ("kms:Decrypt", "kms:GenerateDataKey")
    assert "kms:GenerateDataKey" in refusal(publisher(doors, "keyless").publish, **message)
    assert "kms:Decrypt" in refusal(publisher(doors, "half", use_of(key, "kms:GenerateDataKey")).publish, **message)
    elsewhere = {"StringEquals": {"kms:ViaService": f"sqs.{REGION}.amazonaws.com"}}
    wrong = publisher(doors, "wrong-service", use_of(key, *both, Condition=elsewhere))
    assert "kms:GenerateDataKey" in refusal(wrong.publish, **message)
    publisher(doors, "right", use_of(key, *both, Condition=VIA)).publish(**message)


def test_the_keys_own_policy_has_to_let_the_account_in(doors: Doors) -> None:
    nobody = {"Sid": "Service", "Effect": "Allow", "Principal": {"Service": "logs.amazonaws.com"}, "Action": "kms:*"}
    document = json.dumps({"Version": VERSION, "Statement": [{**nobody, "Resource": "*"}]})
    key = doors.client("kms", ORDERS).create_key(Policy=document)["KeyMetadata"]["Arn"]
    topic = doors.client("sns", ORDERS).create_topic(Name="closed", Attributes={"KmsMasterKeyId": key})["TopicArn"]
    able = publisher(doors, "able", use_of(key, "kms:Decrypt", "kms:GenerateDataKey"))
    assert "no resource-based policy allows" in refusal(able.publish, TopicArn=topic, Message="m")


def test_awss_own_keys_are_nobodys_right(doors: Doors) -> None:
    attributes = {"KmsMasterKeyId": "alias/aws/sns"}
    topic = doors.client("sns", ORDERS).create_topic(Name="managed", Attributes=attributes)["TopicArn"]
    publisher(doors, "plain").publish(TopicArn=topic, Message="m")


def test_queues_and_tables_have_keys_too(doors: Doors, key: str) -> None:
    url = doors.client("sqs", ORDERS).create_queue(QueueName="q", Attributes={"KmsMasterKeyId": key})["QueueUrl"]
    doors.client("dynamodb", ORDERS).create_table(
        TableName="t",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        SSESpecification={"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    )
    keyless = doors.session(ORDERS, doors.role(ORDERS, "reader", allow("sqs:*", "dynamodb:*"), trusting(ORDERS)))
    refused = refusal(doors.client("sqs", keyless).send_message, QueueUrl=url, MessageBody="m")
    assert f"kms:GenerateDataKey on resource: {key}" in refused
    assert "kms:Decrypt" in refusal(doors.client("sqs", keyless).receive_message, QueueUrl=url)
    dynamodb = doors.client("dynamodb", keyless)
    assert "kms:Decrypt" in refusal(dynamodb.get_item, TableName="t", Key={"id": {"S": "1"}})
    dynamodb.describe_table(TableName="t")
