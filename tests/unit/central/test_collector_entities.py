"""Affected entities: read from AWS Health only where the policy uses entities, after the poll, bit by bit (D3, D7)."""

from typing import Any

import pytest

from org_gate.central.poll import Limits
from org_gate.store.knowledge import MOST_ENTITIES, MOST_SETS
from tests.unit.central.collecting import ORDERS, WEB, World, arn, at, world_on
from tests.unit.central.comparing import content
from tests.unit.health.fake_health import FakeHealth, client_error
from tests.unit.store.tables import Killed, fake_table

ENTITIES = "describe_affected_entities_for_organization"
DATABASES: dict[str, Any] = {"match": {"entities": ["db-*"]}}
MANY = [f"{number:012d}" for number in range(600)]


@pytest.fixture
def world() -> World:
    world = world_on(fake_table())
    world.publish(DATABASES)
    return world


def _show(world: World, number: int = 1, minutes: float = -1, /, **entities: list[str]) -> None:
    """Keywords are ``o`` for ORDERS and ``w`` for WEB."""
    told = {{"o": ORDERS, "w": WEB}[name]: values for name, values in entities.items()}
    world.health.show(
        arn(number), at(minutes), eventScopeCode="ACCOUNT_SPECIFIC", accounts=[ORDERS, WEB], entities=told
    )


def _entities(world: World, number: int = 1) -> dict[str, tuple[str, ...]]:
    return dict(world.known(ORDERS, WEB)[arn(number)].entities)


def test_entities_are_known_by_account_after_a_poll(world: World) -> None:
    _show(world, o=["db-1", "db-2"], w=["i-1"])
    assert world.poll(0)["poll"] == "complete"
    assert _entities(world) == {ORDERS: ("db-1", "db-2"), WEB: ("i-1",)}
    assert dict(world.known(WEB)[arn(1)].entities) == {WEB: ("i-1",)}, "those asked about alone"


def test_an_account_without_any_is_not_known(world: World) -> None:
    _show(world, o=["db-1"])
    world.poll(0)
    assert _entities(world) == {ORDERS: ("db-1",)}


def test_no_account_is_thought_unaffected_because_of_a_page(world: World) -> None:
    world.health = FakeHealth(page=10)
    _show(world, o=[f"db-{number:03}" for number in range(25)], w=["i-1"])
    world.poll(0)
    assert world.health.calls[ENTITIES] == 3
    assert {name: len(values) for name, values in _entities(world).items()} == {ORDERS: 25, WEB: 1}


def test_a_policy_that_uses_no_entities_has_none_read_and_decisions_do_not_either(world: World) -> None:
    world.publish({})
    _show(world, o=["db-1"])
    world.poll(0)
    assert world.health.calls[ENTITIES] == 0
    world.notify(1, eventScopeCode="ACCOUNT_SPECIFIC", affectedAccount=ORDERS, affectedEntities=[{"entityValue": "i"}])
    store = world.store
    world.client.reset()
    (event,) = store.knowledge([ORDERS], store.state()).events
    assert (event.entities, world.client.reads) == ({}, 4)


def test_a_policy_that_begins_to_use_entities_has_the_next_full_look_read_them(world: World) -> None:
    world.publish({})
    _show(world, 1, -600, o=["db-1"])
    world.poll(0)
    world.publish(DATABASES)
    for minutes in range(1, 6):
        world.poll(minutes)
    assert _entities(world) == {ORDERS: ("db-1",)}


def test_they_are_read_again_when_the_event_changes_and_a_complete_reading_replaces(world: World) -> None:
    _show(world, o=["db-1", "db-2"], w=["i-1"])
    world.poll(0)
    for minutes in (1, 2, 5):
        world.poll(minutes)
    assert world.health.calls[ENTITIES] == 1
    _show(world, 1, 5.5, o=["db-2", "db-3"])
    world.poll(6)
    assert world.health.calls[ENTITIES] == 2
    assert _entities(world) == {ORDERS: ("db-2", "db-3")}


def test_a_notification_adds_and_an_older_one_brings_nothing_back(world: World) -> None:
    def notify(minutes: float, value: str) -> None:
        told = {"eventScopeCode": "ACCOUNT_SPECIFIC", "affectedAccount": ORDERS, "statusCode": "open"}
        world.notify(minutes, **told, affectedEntities=[{"entityValue": value}])

    _show(world, 1, 2, o=["db-1"])
    world.poll(3)
    notify(1, "db-old")
    assert _entities(world) == {ORDERS: ("db-1",)}
    notify(3.5, "db-new")
    assert _entities(world) == {ORDERS: ("db-1", "db-new")}


def test_a_public_event_is_not_asked_for_entities_but_has_those_that_a_notification_told(world: World) -> None:
    world.health.show(arn(1), at(-1), eventScopeCode="PUBLIC")
    world.poll(0)
    assert world.health.calls[ENTITIES] == 0
    told = {"eventScopeCode": "PUBLIC", "affectedAccount": ORDERS, "statusCode": "open"}
    world.notify(0.5, **told, affectedEntities=[{"entityValue": "db-1"}])
    assert _entities(world) == {ORDERS: ("db-1",)}


def test_an_account_that_cannot_be_told_about_is_asked_about_again_and_costs_no_completeness(world: World) -> None:
    _show(world, o=["db-1"], w=["i-1"])
    world.health.no_entities_of = {ORDERS}
    assert world.poll(0)["poll"] == "complete"
    assert _entities(world) == {WEB: ("i-1",)}
    world.health.no_entities_of = set()
    world.poll(1)
    assert _entities(world) == {ORDERS: ("db-1",), WEB: ("i-1",)}
    world.poll(2)
    assert world.health.calls[ENTITIES] == 2


@pytest.mark.parametrize("code", ["ThrottlingException", "AccessDeniedException", "ValidationException"])
def test_a_fault_costs_no_completeness_and_is_made_good(world: World, code: str) -> None:
    _show(world, o=["db-1"])
    world.health.fail[ENTITIES] = client_error(code)
    summary = world.poll(0)
    assert (summary["poll"], summary["error"]) == ("complete", None)
    assert _entities(world) == {}
    world.health.fail.clear()
    world.poll(1)
    assert _entities(world) == {ORDERS: ("db-1",)}


def test_an_event_that_cannot_be_asked_about_stands_in_nobodys_way(world: World) -> None:
    _show(world, 1, o=["db-1"])
    _show(world, 2, o=["db-2"])
    world.health.before_call = lambda operation: (
        world.health.refused.add(arn(1)) if operation == ENTITIES else world.health.refused.clear()
    )
    assert world.poll(0)["poll"] == "complete"
    assert (_entities(world, 1), _entities(world, 2)) == ({}, {ORDERS: ("db-2",)})


def test_an_event_of_very_many_accounts_is_read_over_many_runs(world: World) -> None:
    world.limits = Limits(entity_calls=10)
    told = {name: [f"db-{name}"] for name in MANY}
    world.health.show(arn(1), at(-1), eventScopeCode="ACCOUNT_SPECIFIC", accounts=MANY, entities=told)
    for minutes in range(6):
        before = world.health.calls[ENTITIES]
        assert world.poll(minutes)["poll"] == "complete"
        assert world.health.calls[ENTITIES] - before <= 10
    assert dict(world.known(MANY[-1])[arn(1)].entities) == {MANY[-1]: (f"db-{MANY[-1]}",)}
    for minutes in range(6, 12):
        world.poll(minutes)
    assert world.health.calls[ENTITIES] == 60, "each account once"


def test_more_entities_than_a_decision_reads_are_not_known_and_cost_nobody_elses(world: World) -> None:
    _show(world, o=[f"db-{number:05}" for number in range(3 * MOST_ENTITIES)], w=["i-1"])
    world.poll(0)
    assert world.health.calls[ENTITIES] <= 2 * (MOST_ENTITIES / 100 + 1) + 1
    assert _entities(world) == {WEB: ("i-1",)}
    world.health.calls.clear()
    world.poll(1)
    assert world.health.calls[ENTITIES] == 0


def test_many_accounts_of_very_many_entities_are_got_through_in_the_time_that_runs_have(world: World) -> None:
    world.limits = Limits(entity_calls=50)
    told = {name: [f"i-{number:05}" for number in range(MOST_ENTITIES)] for name in MANY[:12]}
    world.health.show(arn(1), at(-1), eventScopeCode="ACCOUNT_SPECIFIC", accounts=list(told), entities=told)
    for minutes in range(14):
        before = world.health.calls[ENTITIES]
        world.poll(minutes)
        assert world.health.calls[ENTITIES] - before <= 50 + MOST_ENTITIES / 100 + 1
    entities = world.known(*told)[arn(1)].entities
    assert {name: len(values) for name, values in entities.items()} == dict.fromkeys(told, MOST_ENTITIES)


def test_a_decision_reads_a_bounded_number_of_sets(world: World) -> None:
    for number in range(MOST_SETS + 20):
        world.health.show(
            arn(number), at(-1), eventScopeCode="ACCOUNT_SPECIFIC", accounts=[ORDERS], entities={ORDERS: ["db-1"]}
        )
    world.limits = Limits(entity_calls=1000)
    world.poll(0)
    store = world.store
    world.client.reset()
    events = store.knowledge([ORDERS], store.state(), with_entities=True).events
    assert len([event for event in events if event.entities]) == MOST_SETS
    assert world.client.reads <= MOST_SETS + 5


def test_a_run_that_is_ended_anywhere_and_run_again_comes_out_the_same() -> None:
    def begun() -> World:
        fresh = world_on(fake_table())
        fresh.publish(DATABASES)
        _show(fresh, 1, o=["db-1", "db-2"])
        fresh.poll(0)
        _show(fresh, 1, 4, o=["db-2", "db-3"], w=["i-1"])
        _show(fresh, 2, 4, w=["i-2"])
        fresh.client.reset()
        return fresh

    whole = begun()
    whole.poll(5)
    calls, table = whole.client.calls.total(), content(whole.client)
    assert _entities(whole) == {ORDERS: ("db-2", "db-3"), WEB: ("i-1",)}
    for call in range(1, calls + 1):
        one = begun()
        one.client.kill_at = call
        with pytest.raises(Killed):
            one.poll(5)
        one.client.reset()
        one.poll(5)
        assert content(one.client) == table, call
