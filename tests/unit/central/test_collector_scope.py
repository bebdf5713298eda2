"""An event whose scope changes: until the collector knows whom it affects now, it concerns whom it did (D5, D13)."""

from typing import Any

import pytest

from tests.unit.central.collecting import ORDERS, WEB, World, arn, at, world_on
from tests.unit.health.fake_health import client_error
from tests.unit.store.tables import fake_table

ACCOUNTS = "describe_affected_accounts_for_organization"


@pytest.fixture
def world() -> World:
    return world_on(fake_table())


def _show(world: World, minutes: float, *accounts: str, **told: Any) -> None:
    world.health.show(arn(1), at(minutes), accounts=list(accounts), **told)


@pytest.mark.parametrize("before", ["PUBLIC", None])
def test_what_was_everybodys_stays_so_until_its_accounts_are_read(world: World, before: str | None) -> None:
    _show(world, 0, eventScopeCode=before)
    world.poll(0)
    _show(world, 1, WEB, eventScopeCode="ACCOUNT_SPECIFIC")
    world.health.fail[ACCOUNTS] = client_error("AccessDeniedException")
    for minutes in range(1, 7):  # a look at everything, too
        assert world.poll(minutes)["poll"] == "incomplete"
        assert (set(world.known(WEB)), set(world.known(ORDERS))) == ({arn(1)}, {arn(1)})
    world.health.fail.clear()
    assert world.poll(7)["poll"] == "complete"
    assert world.known(WEB)[arn(1)].scope == "ACCOUNT_SPECIFIC"
    assert not world.known(ORDERS).get(arn(1)) or ORDERS not in world.known(ORDERS)[arn(1)].accounts


def test_it_may_be_closed_meanwhile(world: World) -> None:
    _show(world, 0, eventScopeCode="PUBLIC")
    world.poll(0)
    _show(world, 1, WEB, eventScopeCode="ACCOUNT_SPECIFIC", statusCode="closed")
    world.health.fail[ACCOUNTS] = client_error("AccessDeniedException")
    world.poll(1)
    assert world.known(WEB, ORDERS) == {}


def test_an_update_without_a_new_time_that_narrows_the_scope_has_its_accounts_read(world: World) -> None:
    _show(world, 0, eventScopeCode=None)
    world.poll(0)
    _show(world, 0, WEB, eventScopeCode="ACCOUNT_SPECIFIC")
    world.poll(5)
    assert world.known(WEB)[arn(1)].accounts == {WEB}
