"""Accounts of open events read again: what that writes, whose turn it is, and what an end of the run leaves to do."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any

import pytest

from org_gate.central.poll import Limits
from org_gate.central.rereading import STEP, take_turns
from org_gate.health.errors import HealthOutOfTimeError
from org_gate.model.event import EventKey
from org_gate.store.turns import Turns
from tests.unit.central.collecting import ORDERS, WEB, World, arn, at, world_on
from tests.unit.health.fake_health import client_error
from tests.unit.store.tables import Killed, everything, fake_table, store_on

ACCOUNTS = "describe_affected_accounts_for_organization"
A_DAY = 24 * 60


@pytest.fixture
def world() -> World:
    return world_on(fake_table())


@pytest.fixture
def turns() -> Turns:
    return store_on(fake_table()).events.turns


def _specific(world: World, numbers: Iterable[int], *accounts: str) -> None:
    for number in numbers:
        told = {"service": "RDS", "eventScopeCode": "ACCOUNT_SPECIFIC", "accounts": list(accounts)}
        world.health.show(arn(number), at(-60), **told)


def _written(world: World, act: Callable[[], object]) -> set[str]:
    """The partitions of the items that are others after it."""
    before = everything(world.client)
    act()
    return {key[0] for key, item in everything(world.client).items() if item != before.get(key)}


def _reread(world: World) -> list[str]:
    """The events, in their order, and forgets them."""
    asked = [request["eventArn"] for operation, request in world.health.asked if operation == ACCOUNTS]
    world.health.asked.clear()
    return asked


def test_a_reading_that_finds_the_same_accounts_writes_nothing_of_the_event(world: World) -> None:
    _specific(world, range(3), ORDERS)
    world.poll(0)
    _reread(world)
    written = _written(world, lambda: world.poll(5))
    assert _reread(world) == [arn(0), arn(1), arn(2)]
    assert written == {"STATE", "LEASE", "TURN"}


@pytest.mark.parametrize("accounts", [(ORDERS, WEB), (WEB,), ()])
def test_what_a_reading_finds_changed_is_known_counted_and_told(world: World, accounts: tuple[str, ...]) -> None:
    _specific(world, [1, 2], ORDERS)
    world.poll(0)
    world.told.heard.clear()
    before = world.store.state().account_changes
    _specific(world, [1], *accounts)  # and no update tells it
    assert world.poll(5)["changed"] == 1
    assert world.store.state().account_changes > before
    assert world.told.heard == ["knowledge"]
    known = world.known(ORDERS, WEB)
    assert known[arn(2)].accounts == {ORDERS}
    assert (known[arn(1)].accounts if arn(1) in known else set()) == set(accounts)
    world.told.heard.clear()
    assert world.poll(10)["changed"] == 0
    assert world.told.heard == []


def test_the_first_reading_of_a_day_lists_the_event_among_those_of_the_day(world: World) -> None:
    _specific(world, [1], ORDERS)
    world.poll(0)
    assert world.poll(A_DAY)["changed"] == 1
    assert [key.arn for key in world.store.past.seen(at(A_DAY).date())] == [arn(1)]
    assert _written(world, lambda: world.poll(A_DAY + 5)) == {"STATE", "LEASE"}


def test_events_take_turns(world: World) -> None:
    world.limits = Limits(reread_events=2)
    _specific(world, range(3), ORDERS)
    world.poll(0)
    _reread(world)
    _specific(world, range(3), ORDERS, WEB)
    for minutes, turns, known in ((5, [0, 1], 2), (10, [2, 0], 3), (15, [1, 2], 3)):
        world.poll(minutes)
        assert _reread(world) == [arn(number) for number in turns]
        assert len(world.known(WEB)) == known


def test_one_that_comes_or_ends_meanwhile_costs_no_other_its_turn(world: World) -> None:
    world.limits = Limits(reread_events=2)
    _specific(world, [1, 3, 5, 7], ORDERS)
    world.poll(0)
    world.poll(5)
    _specific(world, [2], ORDERS)
    world.health.show(arn(3), at(9), statusCode="closed")
    world.poll(9)
    _reread(world)
    for minutes, turns in ((10, [2, 5, 7]), (15, [1, 2]), (20, [5, 7])):
        world.poll(minutes)
        assert _reread(world) == [arn(number) for number in turns]


def test_events_that_aws_health_refuses_to_tell_about_keep_no_other_waiting(world: World) -> None:
    world.limits = Limits(reread_events=2)
    _specific(world, range(4), ORDERS)
    world.poll(0)
    world.health.refused = {arn(0), arn(1)}
    _specific(world, range(4), ORDERS, WEB)
    for minutes in (5, 10):
        assert world.poll(minutes)["poll"] == "complete"
    assert set(world.known(WEB)) == {arn(2), arn(3)}
    world.health.refused.clear()
    world.poll(15)
    assert len(world.known(WEB)) == 4


def test_runs_that_always_end_half_way_come_round_to_every_event(world: World) -> None:
    """Killed each time at the same call, a little after a step."""
    numbers = range(3 * STEP)
    _specific(world, numbers, ORDERS)
    world.poll(0)
    _specific(world, numbers, ORDERS, WEB)

    def ended(_operation: str) -> None:
        if world.health.calls[ACCOUNTS] >= STEP + 3:
            raise Killed

    for minutes in range(5, 9):
        world.health.calls.clear()
        world.client.before = ended
        with pytest.raises(Killed):
            world.poll(minutes)
        world.client.before = lambda _operation: None
    assert set(world.known(WEB)) == {arn(number) for number in numbers}


def test_throttling_in_the_middle_leaves_the_rest_to_the_next_look(world: World) -> None:
    _specific(world, range(6), ORDERS)
    world.poll(0)
    _reread(world)

    def throttled(operation: str) -> None:
        if operation == ACCOUNTS and len(world.health.asked) > 5:
            raise client_error("ThrottlingException")

    world.health.before_call = throttled
    world.poll(5)
    read = _reread(world)
    world.health.before_call = lambda _operation: None
    world.poll(10)
    again = _reread(world)
    assert sorted({*read, *again}) == [arn(number) for number in range(6)]
    assert again[0] not in read[:-1], "it goes on where the last look came to"


def key(number: int) -> EventKey:
    return EventKey(f"arn-{number:02}", "us-east-1")


class Reading:
    """``calls`` of each reading; one of ``too_much`` never comes to its end."""

    def __init__(self, calls: int = 1, too_much: Iterable[int] = ()) -> None:
        self.read: list[EventKey] = []
        self._calls = calls
        self._too_much = {key(number) for number in too_much}

    def __call__(self, one: EventKey) -> int:
        if one in self._too_much:
            raise HealthOutOfTimeError("reading it")
        self.read.append(one)
        return self._calls

    def look(self, numbers: Iterable[int], turns: Turns, **most: Any) -> list[int]:
        """What one look reads."""
        self.read.clear()
        with suppress(HealthOutOfTimeError):
            take_turns([key(number) for number in numbers], self, turns, **{"events": 50, "calls": 100, **most})
        return [int(one.arn[-2:]) for one in self.read]


def test_a_look_ends_with_its_events_or_its_calls(turns: Turns) -> None:
    reading = Reading(calls=4)
    assert reading.look(range(5), turns, events=2) == [0, 1]
    assert reading.look(range(5), turns, calls=9) == [2, 3, 4], "the last call may be one too many"
    assert reading.look(range(5), turns) == [0, 1, 2, 3, 4], "each once"
    assert reading.look([], turns) == []


def test_what_is_too_much_for_a_run_keeps_no_other_waiting_for_ever(turns: Turns) -> None:
    reading = Reading(too_much=[2])
    looks = [reading.look(range(5), turns) for _ in range(4)]
    assert looks == [[0, 1], [], [3, 4, 0, 1], []]
    assert turns.last() == key(2), "it was tried first, and the others go on after it"


def test_the_table_is_told_now_and_then_and_at_the_end(turns: Turns) -> None:
    told: list[EventKey | None] = []

    def read(_key: EventKey) -> int:
        told.append(turns.last())
        return 1

    take_turns([key(number) for number in range(2 * STEP + 5)], read, turns, events=50, calls=100)
    assert told == [None] * STEP + [key(STEP - 1)] * STEP + [key(2 * STEP - 1)] * 5
    assert turns.last() == key(2 * STEP + 4)
