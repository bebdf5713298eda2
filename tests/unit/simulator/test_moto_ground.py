from typing import Any

import moto.core.serialize
import moto.dynamodb.models
import moto.sqs.models
from moto.core.common_models import BaseModel
from moto.dynamodb.models import DynamoDBBackend, Table
from moto.iam.models import iam_backends
from moto.organizations.models import FakeDelegatedAdministrator, organizations_backends
from moto.s3.models import FakeKey
from moto.sqs.models import Message, SQSBackend

from org_gate.simulator.base import SimClock
from org_gate.simulator.moto_ground import HEALTH_PRINCIPAL, moto_ground
from tests.unit.simulator.doors import CENTRAL, ORDERS, REGION, START, opened


def test_two_worlds_in_one_process_are_the_same_and_do_not_see_each_other() -> None:
    seen = []
    for _ in range(2):
        with opened() as doors:
            sqs = doors.client("sqs", ORDERS)
            assert sqs.list_queues().get("QueueUrls") is None
            sqs.create_queue(QueueName="left-behind")
            role = doors.role(ORDERS, "r", None, {"Principal": {"AWS": CENTRAL}})
            seen.append((doors.org.id, doors.org.root_id, doors.org.access_keys, role))
    assert seen[0] == seen[1]


def test_nothing_is_left_behind() -> None:
    before = replaced()
    with moto_ground(SimClock(START)):
        assert HEALTH_PRINCIPAL in FakeDelegatedAdministrator.SUPPORTED_SERVICES
        assert moto.sqs.models.unix_time() == START.timestamp()
        iam_backends[ORDERS]["aws"].create_user("us-east-1", "somebody")
        organizations_backends.master_accounts[ORDERS] = (CENTRAL, "aws")
    assert replaced() == before
    assert ORDERS not in iam_backends
    assert not organizations_backends.master_accounts


def replaced() -> list[Any]:
    serializer = moto.core.serialize.get_serializer_class("dynamodb", "json")
    tables = [moto.dynamodb.models.copy, DynamoDBBackend.transact_write_items, Table.query, serializer]
    others = [moto.sqs.models.unix_time, SQSBackend.receive_message, FakeDelegatedAdministrator.SUPPORTED_SERVICES]
    return [*tables, *others, vars(BaseModel)["__new__"]]


def test_what_was_deleted_is_not_kept_but_where_moto_has_to_close_it() -> None:
    with opened() as doors:
        sqs, s3 = doors.client("sqs", ORDERS), doors.client("s3", ORDERS)
        queue = sqs.create_queue(QueueName="q")["QueueUrl"]
        sqs.send_message(QueueUrl=queue, MessageBody="once")
        sqs.purge_queue(QueueUrl=queue)
        assert Message.instances_tracked == []
        s3.create_bucket(Bucket="files", CreateBucketConfiguration={"LocationConstraint": REGION})
        s3.put_object(Bucket="files", Key="one", Body=b"x")
        assert [key.name for key in FakeKey.instances_tracked] == ["one"]
