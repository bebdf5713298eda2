"""Polls and notifications at the same time, twice and in any order: what the table knows in the end is the same."""

from collections.abc import Callable
from itertools import permutations
from typing import Any

from tests.unit.central.collecting import ORDERS, WEB, World, about_to_change, arn, at, world_on
from tests.unit.central.comparing import content, knowledge
from tests.unit.store.tables import fake_table

THIRD = "222233334444"


def _calls_of(act: Callable[[World], Any]) -> int:
    world = about_to_change()
    act(world)
    return world.client.calls.total()


def _meanwhile(world: World, call: int, act: Callable[[], Any]) -> None:
    """Right before the how-manieth table call."""

    def before(_operation: str) -> None:
        if world.client.calls.total() == call:
            world.client.before = lambda _operation: None
            act()

    world.client.before = before


def test_a_schedule_event_that_is_delivered_twice_at_once() -> None:
    whole = about_to_change()
    whole.poll(5, id_="once")
    whole.poll(10)
    for call in range(1, _calls_of(lambda world: world.poll(5)) + 1):
        world = about_to_change()
        _meanwhile(world, call, lambda world=world: world.poll(5, id_="once"))  # type: ignore[misc]
        world.poll(5, id_="once")
        assert set(world.known(ORDERS, WEB, minutes=5)) == {arn(2), arn(4)}
        world.poll(10)
        assert knowledge(world.client) == knowledge(whole.client), call


def test_another_poll_at_the_same_time_is_kept_out_by_the_lease() -> None:
    world = about_to_change()
    seen: list[Any] = []
    _meanwhile(world, 5, lambda: seen.append(world.poll(5.5)))
    world.poll(5)
    assert seen == [{"poll": "skipped"}]


def test_a_poll_that_was_held_up_while_the_next_one_ran() -> None:
    """A process may stand still for longer than its lease; what it writes then is older, and loses."""

    def overtaken(world: World) -> None:
        world.health.show(arn(2), at(5.5), accounts=[THIRD], statusCode="open")
        world.health.show(arn(4), at(5.5), statusCode="closed")
        world.poll(6)

    whole = about_to_change()
    whole.poll(5)
    overtaken(whole)
    whole.poll(11)
    for call in range(1, _calls_of(lambda world: world.poll(5)) + 1):
        world = about_to_change()
        _meanwhile(world, call, lambda world=world: overtaken(world))  # type: ignore[misc]
        world.poll(5)
        assert world.store.state().as_of == at(6)
        known = world.known(ORDERS, WEB, THIRD, minutes=6)
        assert set(known) == {arn(2)}
        assert THIRD in known[arn(2)].accounts
        world.poll(11)
        assert knowledge(world.client) == knowledge(whole.client), call


def _told(world: World, minutes: float = 4.5) -> None:
    world.notify(
        minutes,
        eventArn=arn(4),
        eventScopeCode="ACCOUNT_SPECIFIC",
        statusCode="open",
        affectedAccount=THIRD,
        lastUpdatedTime="Mon, 2 Mar 2026 12:04:10 GMT",
        affectedEntities=[{"entityValue": "queue", "status": "IMPAIRED"}],
    )


def test_a_notification_in_the_middle_of_a_poll() -> None:
    """It is newer than what AWS Health's API tells, so the account it names is among the affected ones."""
    whole = about_to_change()
    _told(whole)
    whole.poll(5)
    for call in range(1, _calls_of(lambda world: world.poll(5)) + 1):
        world = about_to_change()
        _meanwhile(world, call, lambda world=world: _told(world))  # type: ignore[misc]
        world.poll(5)
        assert world.known(ORDERS, WEB, THIRD)[arn(4)].accounts == {ORDERS, WEB, THIRD}, call
        world.poll(10)
        assert set(world.known(ORDERS, WEB, THIRD, minutes=10)) == {arn(2), arn(4)}, call


def test_a_poll_in_the_middle_of_a_notification() -> None:
    for call in range(1, _calls_of(_told) + 1):
        world = about_to_change()
        _meanwhile(world, call, lambda world=world: world.poll(5))  # type: ignore[misc]
        _told(world)
        assert world.known(ORDERS, WEB, THIRD)[arn(4)].accounts == {ORDERS, WEB, THIRD}, call


def test_a_notification_ten_times_is_a_notification_once() -> None:
    once, often = about_to_change(), about_to_change()
    _told(once)
    for _ in range(10):
        _told(often)
    assert content(often.client, frozenset()) == content(once.client, frozenset())


def test_polls_and_notifications_in_any_order() -> None:
    """Of an event that opens, worsens and closes; AWS Health's API is at the second update."""

    def notified(world: World, minute: int, status: str, account: str) -> None:
        updated = f"Mon, 2 Mar 2026 12:{minute:02}:00 GMT"
        told = {"statusCode": status, "eventScopeCode": "ACCOUNT_SPECIFIC", "affectedAccount": account}
        world.notify(minute, eventArn=arn(9), lastUpdatedTime=updated, service="EC2", **told)

    acts: list[Callable[[World], Any]] = [
        lambda world: notified(world, 1, "open", ORDERS),
        lambda world: notified(world, 2, "open", WEB),
        lambda world: notified(world, 3, "closed", ORDERS),
        lambda world: world.poll(4),
    ]
    seen = []
    for order in permutations(acts):
        world = world_on(fake_table())
        world.health.show(
            arn(9), at(2), service="EC2", eventScopeCode="ACCOUNT_SPECIFIC", accounts=[ORDERS, WEB], zone="use1-az4"
        )
        for act in order:
            act(world)
        known = knowledge(world.client)
        (record,) = (item for key, item in known.items() if key[0].startswith("EVENT#") and key[1] == "RECORD")
        members = {key[1] for key in known if key[0].startswith("EVENT#") and key[1].startswith("ACCOUNT#")}
        seen.append((record["facts"], members))
        assert record["facts"]["status"] == "closed"
        assert record["facts"]["availability_zone"] == "use1-az4"
    assert all(each == seen[0] for each in seen)
