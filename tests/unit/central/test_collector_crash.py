"""The collector's process may end at any moment: the next run leaves the table as if nothing had happened."""

from typing import Any

import pytest

from tests.unit.central.collecting import ORDERS, WEB, World, arn, at, world_on
from tests.unit.central.comparing import content, knowledge
from tests.unit.store.tables import Killed, fake_table


def _before() -> World:
    """An organization with an open public event and an open account-specific one, both about to change."""
    world = world_on(fake_table())
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


def _seen(world: World) -> Any:
    known = world.known(ORDERS, WEB, minutes=5)
    return {name: (event.accounts, event.availability_zone, event.status) for name, event in known.items()}


def test_a_poll_that_is_ended_anywhere_and_run_again_comes_out_the_same() -> None:
    whole = _before()
    assert whole.poll(5)["poll"] == "complete"
    calls = whole.client.calls.total()
    table, seen = content(whole.client), _seen(whole)
    assert seen == {
        arn(2): (frozenset({WEB}), "use1-az4", "open"),
        arn(4): (frozenset({ORDERS, WEB}), None, "open"),
    }
    assert calls > 25
    for call in range(1, calls + 1):
        world = _before()
        world.client.kill_at = call
        with pytest.raises(Killed):
            world.poll(5)
        world.client.reset()
        assert world.poll(5)["poll"] == "complete", call
        assert _seen(world) == seen, call
        assert content(world.client) == table, call


def test_the_next_minutes_poll_goes_on_where_the_one_before_was_ended() -> None:
    whole = _before()
    whole.poll(5)
    calls = whole.client.calls.total()
    whole.poll(6)
    for call in range(1, calls + 1):
        world = _before()
        world.client.kill_at = call
        with pytest.raises(Killed):
            world.poll(5)
        world.client.reset()
        open_ = set(world.known(ORDERS, WEB, minutes=5))
        assert arn(2) in open_, "what goes on is never forgotten"
        assert world.poll(6)["poll"] == "complete", call
        assert knowledge(world.client) == knowledge(whole.client), call


def test_a_notification_that_is_ended_anywhere_and_sent_again_comes_out_the_same() -> None:
    told: dict[str, Any] = {
        "eventArn": arn(9),
        "statusCode": "open",
        "eventScopeCode": "ACCOUNT_SPECIFIC",
        "affectedAccount": ORDERS,
    }
    told |= {"eventDescription": [{"latestDescription": "…"}], "affectedEntities": [{"entityValue": "i-1"}]}
    whole = world_on(fake_table())
    whole.notify(1, **told)
    calls, table = whole.client.calls.total(), content(whole.client)
    for call in range(1, calls + 1):
        world = world_on(fake_table())
        world.client.kill_at = call
        with pytest.raises(Killed):
            world.notify(1, **told)
        world.client.reset()
        world.notify(1, **told)
        assert content(world.client) == table, call
