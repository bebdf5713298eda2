"""The collector's process may end at any moment: the next run leaves the table as if nothing had happened."""

from collections.abc import Iterator
from typing import Any

import pytest
from moto import mock_aws

from org_gate.store.table import Item
from tests.unit.central.collecting import ORDERS, WEB, World, arn, at, world_on
from tests.unit.store.tables import Killed, everything, new_table

_COUNTERS = frozenset({"rev", "revision", "episode"})
"""They count writes, and a run that is ended and run again writes more often."""


@pytest.fixture(autouse=True)
def _moto() -> Iterator[None]:
    with mock_aws():
        yield


def _before() -> World:
    """An organization with an open public event and an open account-specific one, both about to change."""
    world = world_on(new_table())
    world.health.show(arn(1), at(-1), service="RDS", eventScopeCode="PUBLIC")
    world.health.show(arn(2), at(-1), service="EC2", eventScopeCode="ACCOUNT_SPECIFIC", accounts=[ORDERS])
    world.health.show(arn(3), at(-1), service="ECS", eventScopeCode="ACCOUNT_SPECIFIC", accounts=[ORDERS])
    world.poll(0)
    world.health.show(arn(1), at(4), statusCode="closed", endTime=at(4))
    world.health.show(arn(2), at(4), accounts=[WEB], zone="use1-az4")
    world.health.show(arn(3), at(4), statusCode="closed")
    world.health.show(arn(4), at(4), service="SQS", eventScopeCode="ACCOUNT_SPECIFIC", accounts=[ORDERS, WEB])
    world.client.reset()
    return world


def _comparable(world: World) -> dict[tuple[str, str], Item]:
    return {
        key: {name: value for name, value in item.items() if name not in _COUNTERS}
        for key, item in everything(world.client).items()
    }


def _seen(world: World) -> Any:
    known = world.known(ORDERS, WEB, minutes=5)
    return {name: (event.accounts, event.availability_zone, event.status) for name, event in known.items()}


def test_a_poll_that_is_ended_anywhere_and_run_again_comes_out_the_same() -> None:
    whole = _before()
    assert whole.poll(5)["poll"] == "complete"
    calls = whole.client.calls.total()
    table, seen = _comparable(whole), _seen(whole)
    assert seen == {
        arn(2): (frozenset({WEB}), "use1-az4", "open"),
        arn(4): (frozenset({ORDERS, WEB}), None, "open"),
    }
    assert calls > 30
    for call in range(1, calls + 1):
        world = _before()
        world.client.kill_at = call
        with pytest.raises(Killed):
            world.poll(5)
        world.client.reset()
        assert world.poll(5)["poll"] == "complete", call
        assert _seen(world) == seen, call
        assert _comparable(world) == table, call


def test_a_notification_that_is_ended_anywhere_and_sent_again_comes_out_the_same() -> None:
    told: dict[str, Any] = {
        "eventArn": arn(9),
        "statusCode": "open",
        "eventScopeCode": "ACCOUNT_SPECIFIC",
        "affectedAccount": ORDERS,
    }
    told |= {"eventDescription": [{"latestDescription": "…"}], "affectedEntities": [{"entityValue": "i-1"}]}
    whole = world_on(new_table())
    whole.notify(1, **told)
    calls, table = whole.client.calls.total(), _comparable(whole)
    for call in range(1, calls + 1):
        world = world_on(new_table())
        world.client.kill_at = call
        with pytest.raises(Killed):
            world.notify(1, **told)
        world.client.reset()
        world.notify(1, **told)
        assert _comparable(world) == table, call
