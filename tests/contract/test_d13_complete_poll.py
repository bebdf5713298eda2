"""D13: knowledge is as old as the last complete poll."""

from collections.abc import Iterator

import pytest
from botocore.exceptions import EndpointConnectionError

from org_gate.model.event import EventKey
from tests.unit.central.collecting import NOON, ORDERS, World, arn, at, world_on
from tests.unit.health.fake_health import client_error
from tests.unit.store.tables import moto_table

pytestmark = pytest.mark.contract("D13")


@pytest.fixture
def world() -> Iterator[World]:
    with moto_table() as client:
        yield world_on(client)


def test_it_is_when_the_poll_began(world: World) -> None:
    assert world.store.state().as_of is None
    for minutes in range(3):
        world.poll(minutes)
        assert world.store.state().as_of == at(minutes)


@pytest.mark.parametrize(
    "operation",
    [
        "describe_events_for_organization",
        "describe_event_details_for_organization",
        "describe_affected_accounts_for_organization",
    ],
)
@pytest.mark.parametrize(
    "fault",
    [
        client_error("ThrottlingException"),
        client_error("AccessDeniedException"),
        client_error("SubscriptionRequiredException"),
        client_error("InternalFailure", 500),
        EndpointConnectionError(endpoint_url="https://health.us-east-1.amazonaws.com"),
    ],
    ids=str,
)
def test_a_poll_that_could_not_read_all_does_not_count(world: World, operation: str, fault: Exception) -> None:
    world.poll(0)
    world.health.show(arn(1), at(1), eventScopeCode="PUBLIC")
    world.health.show(arn(2), at(1), eventScopeCode="ACCOUNT_SPECIFIC", accounts=[ORDERS])
    world.health.fail[operation] = fault
    assert world.poll(1)["poll"] == "incomplete"
    assert world.store.state().as_of == NOON
    world.health.fail.clear()
    world.poll(2)
    assert world.store.state().as_of == at(2)


def test_details_that_fail_for_one_event_do_not_count_either(world: World) -> None:
    world.poll(0)
    world.health.show(arn(1), at(1), eventScopeCode="PUBLIC")
    world.health.broken[arn(1)] = "InternalFailure"
    world.poll(1)
    assert world.store.state().as_of == NOON


def test_a_page_that_is_missing_does_not_count(world: World) -> None:
    world.health._page = 10
    world.poll(0)
    for number in range(15):
        world.health.show(arn(number), at(1), eventScopeCode="PUBLIC")

    def second_page_fails(_operation: str) -> None:
        if "nextToken" in world.health.asked[-1][1]:
            raise client_error("ThrottlingException")

    world.health.before_call = second_page_fails
    assert world.poll(1)["poll"] == "incomplete"
    assert world.store.state().as_of == NOON
    assert len(world.known()) == 10  # what was read is known


def test_nothing_is_lost_when_the_cursor_has_to_wait(world: World) -> None:
    world.poll(0)
    world.health.show(arn(1), at(1), eventScopeCode="PUBLIC", statusCode="open")
    world.health.fail["*"] = client_error("ThrottlingException")
    for minutes in range(1, 40):
        world.poll(minutes)
    world.health.fail.clear()
    world.health.show(arn(1), at(20), statusCode="closed")
    world.health.show(arn(2), at(20), eventScopeCode="PUBLIC", statusCode="closed", endTime=at(10))
    world.poll(40)
    assert world.known() == {}
    missed = EventKey(arn(2), "us-east-1")
    assert world.store.events.records([missed])[missed].text("status") == "closed"
    assert world.store.state().as_of == at(40)


def test_a_notification_never_makes_knowledge_younger(world: World) -> None:
    world.poll(0)
    world.notify(3, eventScopeCode="PUBLIC", statusCode="open")
    assert set(world.known()) == {arn(1)}
    assert world.store.state().as_of == NOON
