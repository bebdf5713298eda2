import moto.sqs.models
from moto.iam.models import iam_backends
from moto.organizations.models import FakeDelegatedAdministrator, organizations_backends
from moto.sqs.models import SQSBackend

from org_gate.simulator.base import SimClock
from org_gate.simulator.moto_ground import HEALTH_PRINCIPAL, moto_ground
from tests.unit.simulator.doors import CENTRAL, ORDERS, START, opened


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
    before = (moto.sqs.models.unix_time, SQSBackend.receive_message, FakeDelegatedAdministrator.SUPPORTED_SERVICES)
    with moto_ground(SimClock(START)):
        assert HEALTH_PRINCIPAL in FakeDelegatedAdministrator.SUPPORTED_SERVICES
        assert moto.sqs.models.unix_time() == START.timestamp()
        iam_backends[ORDERS]["aws"].create_user("us-east-1", "somebody")
        organizations_backends.master_accounts[ORDERS] = (CENTRAL, "aws")
    after = (moto.sqs.models.unix_time, SQSBackend.receive_message, FakeDelegatedAdministrator.SUPPORTED_SERVICES)
    assert after == before
    assert ORDERS not in iam_backends
    assert not organizations_backends.master_accounts
