"""The collector's process may end at any moment: the next run leaves the table as if nothing had happened."""

from typing import Any

import pytest

from tests.unit.central.collecting import ORDERS, WEB, World, about_to_change, arn, world_on
from tests.unit.central.comparing import content, knowledge
from tests.unit.store.tables import Killed, fake_table


def _seen(world: World) -> Any:
    known = world.known(ORDERS, WEB, minutes=5)
    return {name: (event.accounts, event.availability_zone, event.status) for name, event in known.items()}


def test_a_poll_that_is_ended_anywhere_and_run_again_comes_out_the_same() -> None:
    whole = about_to_change()
    assert whole.poll(5)["poll"] == "complete"
    calls = whole.client.calls.total()
    table, seen = content(whole.client), _seen(whole)
    assert seen == {
        arn(2): (frozenset({WEB}), "use1-az4", "open"),
        arn(4): (frozenset({ORDERS, WEB}), None, "open"),
    }
    assert calls > 25
    for call in range(1, calls + 1):
        world = about_to_change()
        world.client.kill_at = call
        with pytest.raises(Killed):
            world.poll(5)
        world.client.reset()
        assert world.poll(5)["poll"] == "complete", call
        assert _seen(world) == seen, call
        assert content(world.client) == table, call


def test_the_next_minutes_poll_goes_on_where_the_one_before_was_ended() -> None:
    whole = about_to_change()
    whole.poll(5)
    calls = whole.client.calls.total()
    whole.poll(6)
    for call in range(1, calls + 1):
        world = about_to_change()
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
