"""D4's third way: an event that two complete full readings in a row no longer list is over."""

from collections.abc import Iterator

import pytest

from tests.unit.central.collecting import ORDERS, World, arn, at, world_on
from tests.unit.health.fake_health import client_error
from tests.unit.store.tables import moto_table

pytestmark = pytest.mark.contract("D4")

LIST = "describe_events_for_organization"


@pytest.fixture
def world() -> Iterator[World]:
    with moto_table() as client:
        yield world_on(client)


def _shown(world: World, scope: str = "PUBLIC") -> None:
    world.health.show(arn(1), at(-60), eventScopeCode=scope, accounts=[ORDERS])


@pytest.mark.parametrize("scope", ["PUBLIC", "ACCOUNT_SPECIFIC"])
def test_it_is_over_after_two_full_readings_without_it_and_not_after_one(world: World, scope: str) -> None:
    _shown(world, scope)
    world.poll(0)
    world.health.hide(arn(1))
    world.poll(5)
    assert set(world.known()) == {arn(1)}
    for minutes in (6, 7, 8, 9):
        world.poll(minutes)
    assert set(world.known()) == {arn(1)}
    world.poll(10)
    assert world.known() == {}


def test_they_have_to_be_in_a_row(world: World) -> None:
    _shown(world)
    world.poll(0)
    held = world.health.shown.copy()
    for minutes, listed in ((5, False), (10, True), (15, False), (20, True), (25, False)):
        world.health.shown = held.copy() if listed else {}
        world.poll(minutes)
        assert set(world.known()) == {arn(1)}
    world.poll(30)
    assert world.known() == {}


def test_a_full_reading_that_was_not_complete_does_not_count(world: World) -> None:
    _shown(world)
    world.poll(0)
    world.health.hide(arn(1))
    world.health.fail[LIST] = client_error("ThrottlingException")
    for minutes in (5, 6, 7):
        world.poll(minutes)
    world.health.fail.clear()
    world.poll(8)
    assert set(world.known()) == {arn(1)}
    world.poll(13)
    assert world.known() == {}


def test_a_page_that_is_missing_makes_a_full_reading_incomplete(world: World) -> None:
    world.health._page = 10
    for number in range(15):
        world.health.show(arn(number), at(-60 - number), eventScopeCode="PUBLIC")
    world.poll(0)
    world.health.before_call = lambda _operation: _fail_on_the_second_page(world)
    for minutes in (5, 6, 7):
        world.poll(minutes)
        assert world.store.state().full_at == at(0)
    assert len(world.known()) == 15


def _fail_on_the_second_page(world: World) -> None:
    if "nextToken" in world.health.asked[-1][1]:
        raise client_error("ThrottlingException")


def test_of_what_only_a_notification_told_full_readings_count_from_its_last_update_on(world: World) -> None:
    world.poll(0)
    world.notify(4.5, eventScopeCode="PUBLIC", statusCode="open")
    world.poll(5)
    world.notify(7, eventScopeCode="PUBLIC", statusCode="open")
    world.poll(10)
    assert set(world.known()) == {arn(1)}
    world.poll(15)
    assert world.known() == {}


def test_it_is_back_when_it_is_listed_again(world: World) -> None:
    _shown(world, "ACCOUNT_SPECIFIC")
    held = world.health.shown.copy()
    world.poll(0)
    world.health.shown = {}
    world.poll(5)
    world.poll(10)
    assert world.known() == {}
    world.health.shown = held
    world.poll(15)
    assert world.known(ORDERS)[arn(1)].accounts == {ORDERS}


def test_a_status_that_is_not_asked_for_is_not_missed(world: World) -> None:
    world.health.show(arn(1), at(0), eventScopeCode="PUBLIC", statusCode="paused")
    for minutes in range(0, 40, 5):
        world.poll(minutes)
    assert set(world.known()) == {arn(1)}
