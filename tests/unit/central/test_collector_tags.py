"""Tags of accounts: read only where the policy uses them, an account a call, in as many runs as it takes (D7, P3)."""

from collections.abc import Mapping
from typing import Any

import pytest

from org_gate.central import tags as module
from tests.unit.central.collecting import ORDERS, WEB, World, world_on
from tests.unit.central.comparing import content
from tests.unit.health.fake_health import client_error
from tests.unit.store.tables import Killed, fake_table

TIER: dict[str, Any] = {"targets": {"tags": {"tier": ["1"]}}}
WRITES = ("transact_write_items", "batch_write_item")


@pytest.fixture
def world() -> World:
    world = world_on(fake_table())
    world.organizations.tags = {ORDERS: {"tier": "1", "team": "orders"}, WEB: {}}
    return world


def _tags(world: World, *accounts: str) -> dict[str, Mapping[str, str] | None]:
    known = world.store.knowledge(accounts or (ORDERS, WEB), world.store.state()).accounts
    return {name: account.tags for name, account in known.items()}


def test_a_policy_without_tags_has_none_read(world: World) -> None:
    world.publish({})
    assert world.poll(0)["tags"] == "unused"
    assert world.organizations.tags_asked == []
    assert _tags(world) == {ORDERS: None, WEB: None}


def test_a_policy_that_begins_to_use_tags_has_the_next_poll_read_them(world: World) -> None:
    world.poll(0)
    world.publish(TIER)
    assert _tags(world) == {ORDERS: None, WEB: None}
    assert world.poll(1)["tags"] == "refreshed"
    assert _tags(world) == {ORDERS: {"tier": "1", "team": "orders"}, WEB: {}}


def test_tags_are_read_again_with_the_tree_and_the_difference_is_written(world: World) -> None:
    world.publish(TIER)
    world.poll(0)
    world.organizations.tags_asked.clear()
    assert [world.poll(minutes)["tags"] for minutes in (1, 30, 59)] == ["kept"] * 3
    assert world.organizations.tags_asked == []
    world.organizations.tags[WEB] = {"tier": "2"}
    world.client.reset()
    assert world.poll(60)["tags"] == "refreshed"
    assert world.organizations.tags_asked == [ORDERS, WEB]
    assert sum(world.client.calls[name] for name in WRITES) == 1, "one account's tags have changed"
    assert _tags(world)[WEB] == {"tier": "2"}
    world.client.reset()
    world.poll(120)
    assert sum(world.client.calls[name] for name in WRITES) == 0


def test_an_account_that_moves_keeps_its_tags_and_a_new_one_has_none_until_they_are_read(world: World) -> None:
    world.publish(TIER)
    world.poll(0)
    new = "777788889999"
    world.organizations.accounts = {"r-1": [{"Id": ORDERS}], "ou-1": [{"Id": WEB}, {"Id": new}]}
    world.organizations.tags_fault[new] = client_error("TooManyRequestsException")
    world.poll(60)
    assert _tags(world, ORDERS, new) == {ORDERS: {"tier": "1", "team": "orders"}, new: None}
    world.organizations.tags_fault.clear()
    assert world.poll(61)["tags"] == "refreshed"
    assert _tags(world, new) == {new: {}}


def test_a_policy_that_uses_tags_no_more_has_them_removed(world: World) -> None:
    world.publish(TIER)
    world.poll(0)
    world.publish({})
    assert world.poll(1)["tags"] == "unused"
    assert _tags(world) == {ORDERS: None, WEB: None}
    world.client.reset()
    world.poll(2)
    assert world.client.calls["query"] == 0, "and that is that"
    world.publish(TIER)
    world.organizations.tags[ORDERS] = {}
    assert _tags(world)[ORDERS] is None
    world.poll(3)
    assert _tags(world)[ORDERS] == {}


def test_where_aws_organizations_has_enough_the_next_poll_goes_on(world: World) -> None:
    world.publish(TIER)
    world.organizations.tags_fault[WEB] = client_error("TooManyRequestsException")
    summary = world.poll(0)
    assert (summary["tags"], summary["poll"]) == ("failed", "complete")
    assert _tags(world)[ORDERS] == {"tier": "1", "team": "orders"}
    assert _tags(world)[WEB] is None
    world.organizations.tags_fault.clear()
    assert world.poll(1)["tags"] == "refreshed"
    assert world.organizations.tags_asked == [ORDERS, WEB, WEB]
    assert _tags(world)[WEB] == {}


def test_an_account_that_has_gone_keeps_nobody_else_from_being_read(world: World) -> None:
    world.publish(TIER)
    world.organizations.tags_fault[ORDERS] = client_error("TargetNotFoundException")
    assert world.poll(0)["tags"] == "refreshed"
    assert _tags(world) == {ORDERS: None, WEB: {}}


def test_thousands_of_accounts_take_a_call_each_over_many_runs(world: World) -> None:
    accounts = [f"{number:012d}" for number in range(3000)]
    world.organizations.accounts = {"r-1": [{"Id": name} for name in accounts], "ou-1": []}
    world.organizations.tags = {name: {"tier": name[-1]} for name in accounts}
    world.publish(TIER)
    for minutes in range(100):
        world.client.reset()
        asked = len(world.organizations.tags_asked)
        outcome = world.poll(minutes)["tags"]
        assert len(world.organizations.tags_asked) - asked <= module.CALLS
        if minutes:
            assert sum(world.client.calls[name] for name in WRITES) <= module.CALLS / 50 + 1
        if outcome == "refreshed":
            break
    assert minutes + 1 == len(accounts) / module.CALLS
    assert world.organizations.tags_asked == accounts
    assert _tags(world, accounts[1234]) == {accounts[1234]: {"tier": "4"}}


def test_a_run_that_is_ended_anywhere_leaves_nothing_behind(world: World) -> None:
    def begun() -> World:
        fresh = world_on(fake_table())
        fresh.organizations.tags = world.organizations.tags
        fresh.poll(0)
        fresh.publish(TIER)
        fresh.client.reset()
        return fresh

    whole = begun()
    whole.poll(1)
    calls, table = whole.client.calls.total(), content(whole.client)
    for call in range(1, calls + 1):
        one = begun()
        one.client.kill_at = call
        with pytest.raises(Killed):
            one.poll(1)
        one.client.reset()
        one.poll(1)
        assert content(one.client) == table, call
