"""D3 through the collector: polls and notifications in any order leave the same knowledge."""

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import pytest
from moto import mock_aws

from org_gate.model.times import format_time
from tests.unit.central.collecting import ORDERS, WEB, World, arn, at, world_on
from tests.unit.store.tables import everything, new_table

pytestmark = pytest.mark.contract("D3")


@pytest.fixture(autouse=True)
def _moto() -> Iterator[None]:
    with mock_aws():
        yield


def _world() -> World:
    return world_on(new_table())


def _notify(world: World, updated: float, **detail: Any) -> None:
    world.notify(30, lastUpdatedTime=format_time(at(updated)), **{"eventScopeCode": "PUBLIC", **detail})


def _event(world: World) -> Any:
    (event,) = world.store.knowledge([ORDERS, WEB], world.store.state()).events or (None,)
    return event


def test_notifications_in_any_order_leave_the_newest_update() -> None:
    updates = [(1, "upcoming"), (2, "open"), (3, "closed"), (4, "open")]
    for order in permutations(updates):
        world = _world()
        for updated, status in order:
            _notify(world, updated, statusCode=status, service=f"S{updated}")
        assert (_event(world).status, _event(world).service) == ("open", "S4"), order


def test_on_a_tie_of_notifications_the_more_open_one_stands() -> None:
    for order in permutations(["open", "upcoming", "closed"]):
        world = _world()
        for status in order:
            _notify(world, 1, statusCode=status)
        assert _event(world).status == "open", order


@pytest.mark.parametrize("first", ["poll", "notification"])
def test_on_a_tie_what_the_api_said_beats_a_notification(first: str) -> None:
    world = _world()
    world.health.show(arn(1), at(1), eventScopeCode="PUBLIC", statusCode="upcoming")
    steps: list[Callable[[], object]] = [
        lambda: world.poll(2),
        lambda: _notify(world, 1, statusCode="open"),
    ]
    for step in steps if first == "poll" else reversed(steps):
        step()
    assert _event(world).status == "upcoming"


def test_of_two_readings_of_the_api_the_later_stands() -> None:
    world = _world()
    world.health.show(arn(1), at(1), eventScopeCode="PUBLIC", statusCode="upcoming")
    world.poll(1)
    world.health.show(arn(1), at(1), statusCode="open")
    world.poll(2)
    assert _event(world).status == "open"


def test_an_update_without_a_time_takes_its_envelopes() -> None:
    world = _world()
    _notify(world, 29, statusCode="open")
    world.notify(30, eventScopeCode="PUBLIC", statusCode="closed")
    assert world.known() == {}
    _notify(world, 29.5, statusCode="open")
    assert world.known() == {}


def test_times_are_compared_at_whole_seconds() -> None:
    world = _world()
    world.health.show(arn(1), at(1).replace(microsecond=1), eventScopeCode="PUBLIC", statusCode="upcoming")
    world.poll(2)
    world.notify(30, lastUpdatedTime="2026-03-02T12:01:00.900Z", eventScopeCode="PUBLIC", statusCode="open")
    assert _event(world).status == "upcoming"


def test_a_notification_leaves_the_zone_as_it_was() -> None:
    world = _world()
    world.health.show(arn(1), at(1), eventScopeCode="PUBLIC", zone="use1-az4")
    world.poll(1)
    _notify(world, 2, statusCode="open")
    assert _event(world).availability_zone == "use1-az4"


def test_a_notification_adds_an_account_and_a_complete_reading_replaces_them() -> None:
    world = _world()
    world.health.show(arn(1), at(1), eventScopeCode="ACCOUNT_SPECIFIC", accounts=[ORDERS])
    world.poll(1)
    _notify(world, 2, eventScopeCode="ACCOUNT_SPECIFIC", statusCode="open", affectedAccount=WEB)
    assert _event(world).accounts == {ORDERS, WEB}
    world.health.show(arn(1), at(3), accounts=[WEB])
    world.poll(3)
    assert _event(world).accounts == {WEB}
    _notify(world, 2, eventScopeCode="ACCOUNT_SPECIFIC", statusCode="open", affectedAccount=ORDERS)
    assert _event(world).accounts == {WEB}


def test_pages_and_backup_copies_are_one_event_with_all_their_entities() -> None:
    pages = [
        {"page": "1", "totalPages": "2", "communicationId": "c-1", "affectedEntities": [{"entityValue": "i-1"}]},
        {"page": "2", "totalPages": "2", "communicationId": "c-2", "affectedEntities": [{"entityValue": "i-2"}]},
        {"page": "2", "totalPages": "2", "backupEvent": "true", "affectedEntities": [{"entityValue": "i-2"}]},
    ]
    tables = []
    for order in permutations(pages):
        world = _world()
        for page in order:
            _notify(world, 1, eventScopeCode="ACCOUNT_SPECIFIC", statusCode="open", affectedAccount=ORDERS, **page)
        assert _event(world).accounts == {ORDERS}
        tables.append(sorted(item["value"] for item in everything(world.client).values() if "value" in item))
    assert tables == [["i-1", "i-2"]] * 6


def test_one_arn_in_two_regions_is_two_events() -> None:
    world = _world()
    _notify(world, 1, statusCode="open", eventRegion="us-east-1")
    _notify(world, 2, statusCode="closed", eventRegion="eu-west-1")
    assert [event.region for event in world.known().values()] == ["us-east-1"]
