"""What the collector costs in a large organization, in calls: they grow with what changed, not with what there is.

Numbers of calls, not times: a table call takes some milliseconds, a call to AWS Health or AWS Organizations is what
these services throttle.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from org_gate.central.budget import Budget
from org_gate.central.poll import Limits
from org_gate.store import keys
from org_gate.store.state import LEASE
from tests.unit.central.collecting import ORDERS, WEB, World, arn, at, world_on
from tests.unit.store.fake_dynamodb import item_bytes
from tests.unit.store.tables import everything, fake_table

LIST = "describe_events_for_organization"
DETAILS = "describe_event_details_for_organization"
ACCOUNTS = "describe_affected_accounts_for_organization"
MANY = [f"{number:012d}" for number in range(10_000)]
_WRITES = ("put_item", "update_item", "delete_item", "batch_write_item", "transact_write_items")


@pytest.fixture
def world() -> World:
    return world_on(fake_table())


def _poll(world: World, minutes: float) -> tuple[int, int, int]:
    """A complete poll: its table calls, how many of them write, and its calls to AWS Health."""
    world.client.reset()
    world.health.calls.clear()
    assert world.poll(minutes)["poll"] == "complete"
    calls = world.client.calls
    return calls.total(), sum(calls[name] for name in _WRITES), world.health.calls.total()


def _specific(world: World, number: int, minutes: float, accounts: list[str], **told: object) -> None:
    world.health.show(arn(number), at(minutes), eventScopeCode="ACCOUNT_SPECIFIC", accounts=accounts, **told)


def test_an_event_that_affects_ten_thousand_accounts(world: World) -> None:
    _specific(world, 1, -60, MANY)
    first, _, _ = _poll(world, 0)
    assert first <= 2 * len(MANY) / 25 + 25, "a pointer and a member for each account"
    assert max(map(item_bytes, world.client._client.scan()["Items"])) < 2000

    assert _poll(world, 1) == (4, 2, 1), "nothing has changed: lease, state, mark, state; one look"

    _specific(world, 1, 1.5, MANY, zone="use1-az1")
    table, writes, _ = _poll(world, 2)
    assert (table <= 12, writes <= 5) == (True, True), "an update of the event alone writes the event alone"

    added = [f"{number:012d}" for number in range(10_000, 10_020)]
    _specific(world, 1, 2.5, [*MANY[20:], *added])
    table, writes, _ = _poll(world, 3)
    assert (table <= 15, writes <= 8) == (True, True), "twenty more and twenty less"
    known = {name: set(world.known(name)) for name in (MANY[19], MANY[20], added[-1])}
    assert known == {MANY[19]: set(), MANY[20]: {arn(1)}, added[-1]: {arn(1)}}

    _specific(world, 1, 3.5, MANY, statusCode="closed")
    table, writes, _ = _poll(world, 4)
    assert world.known(MANY[20]) == {}
    assert writes <= 8, "what is over is cleared later, bit by bit"
    looks = [_poll(world, minutes) for minutes in range(5, 65, 5)]
    assert max(table for table, _, _ in looks) < 60
    left = [key for key in everything(world.client) if key[1].startswith(keys.POINTER) or key[0] == keys.SPECIFIC]
    assert left == [], "and it is cleared in the end"


def test_five_thousand_open_events(world: World) -> None:
    for number in range(5000):
        if number % 2:
            world.health.show(arn(number), at(-60 - number), eventScopeCode="PUBLIC")
        else:
            _specific(world, number, -60 - number, [ORDERS, WEB])
    first, _, _ = _poll(world, 0)
    assert first <= 5 * 5000
    assert _poll(world, 1) == (4, 2, 1)
    world.limits = Limits(reread_events=10)
    table, _, health = _poll(world, 5)
    assert (table < 60, health) == (True, 1 + 50 + 10), "a full look: its pages, and ten events' accounts again"
    world.health.show(arn(1), at(5.5), zone="use1-az1")
    assert _poll(world, 6)[2] == 2
    assert _poll(world, 7)[1:] == (2, 1), "in the overlap, and known"


def test_a_decision_reads_what_is_relevant_to_it_however_much_there_is(world: World) -> None:
    for number in range(200):
        world.health.show(arn(number), at(-60), eventScopeCode="PUBLIC")
        _specific(world, 1000 + number, -60, MANY[number : number + 100])
    world.poll(0)
    store = world.store
    world.client.reset()
    known = store.knowledge([MANY[0]], store.state())
    assert (len(known.events), world.client.reads) == (201, 4)
    world.client.reset()
    store.knowledge([MANY[1]], store.state())
    assert world.client.reads == 3, "the public events are kept in the process"
    _specific(world, 1000, 0.5, MANY[:50])
    world.poll(1)
    world.client.reset()
    assert len(store.knowledge([MANY[0]], store.state()).events) == 201
    assert world.client.reads == 3, "as long as none of them has changed"


def test_a_hundred_thousand_entities_told_by_notifications(world: World) -> None:
    def told(page: int) -> None:
        entities = [{"entityValue": f"i-{page:04}{number:04}", "status": "IMPAIRED"} for number in range(500)]
        world.notify(
            1,
            eventScopeCode="ACCOUNT_SPECIFIC",
            statusCode="open",
            affectedAccount=ORDERS,
            communicationId="1-PAGE",
            page=str(page),
            totalPages="200",
            affectedEntities=entities,
        )

    for page in range(200):
        world.client.reset()
        told(page)
        assert world.client.calls.total() <= 1 + 500 / 100 + 500 / 25 + 10
    world.client.reset()
    told(7)
    assert not [name for name in _WRITES if world.client.calls[name]], "the same page again writes nothing"
    items = world.client._client.scan()["Items"]
    assert len(items) > 100_000
    assert max(map(item_bytes, items)) < 1000


class Clock:
    """Each call takes its time; a run has fifty seconds."""

    def __init__(self, world: World, *, health: float, table: float, tree: float = 0.2) -> None:
        self.passed = 0.0
        self.world = world
        world.health.before_call = lambda _operation: self._pass(health)
        world.client.before = lambda _operation: self._pass(table)
        world.organizations.before_call = lambda: self._pass(tree)

    def runs(self, until: str) -> Iterator[str]:
        """Polls, a minute apart, until one's summary says so under ``poll`` or ``tree``."""
        for minutes in range(200):
            began = self.passed
            summary = self.world.poll(minutes, budget=Budget(lambda began=began: began + 50 - self.passed))  # type: ignore[misc]
            assert self.passed - began < 50, "it stops by itself before Lambda ends it"
            yield summary["poll"]
            if until in {summary["poll"], summary["tree"]}:
                return
        pytest.fail("it never came to its end")

    def _pass(self, seconds: float) -> None:
        self.passed += seconds


def test_a_first_poll_that_takes_minutes_comes_to_its_end_and_asks_nothing_twice(world: World) -> None:
    for number in range(600):
        if number % 2:
            world.health.show(arn(number), at(-60 - number), eventScopeCode="PUBLIC", zone="use1-az1")
        else:
            _specific(world, number, -60 - number, [ORDERS])
    world.limits = Limits(reread_events=0)
    known = []
    for outcome in Clock(world, health=0.5, table=0.01).runs(until="complete"):
        known.append(len(world.known(ORDERS)))
        assert (world.store.state().as_of is None) == (outcome == "incomplete")
    assert 4 <= len(known) <= 12
    assert known == sorted(known)
    assert known[-1] == 600
    calls = world.health.calls
    steps = 600 / 10
    assert calls[ACCOUNTS] == 300, "what one poll stored is not read again by the next"
    assert calls[DETAILS] <= steps + 2 * len(known)


def test_one_giant_event_after_another_is_stored_as_it_is_read(world: World) -> None:
    for number in range(4):
        _specific(world, number, -60 - number, MANY[: 8000 + number])
    outcomes = list(Clock(world, health=0.2, table=0.01).runs(until="complete"))
    assert len(outcomes) <= 8
    assert len(world.known(MANY[0])) == 4


def test_slow_polls_leave_the_public_events_known_first(world: World) -> None:
    _specific(world, 1, -1, MANY)
    world.health.show(arn(2), at(-60), eventScopeCode="PUBLIC")
    clock = Clock(world, health=5, table=0.01)
    assert next(clock.runs(until="complete")) == "incomplete"
    assert arn(2) in world.known(WEB)


def test_the_tree_of_ten_thousand_accounts_is_read_in_several_runs_after_the_polls(world: World) -> None:
    units = [f"ou-{number}" for number in range(100)]
    world.organizations.children = {"r-1": [{"Id": unit, "Name": unit.upper()} for unit in units]}
    world.organizations.accounts = {
        unit: [{"Id": MANY[number * 100 + each]} for each in range(100)] for number, unit in enumerate(units)
    }
    clock = Clock(world, health=0.2, table=0.01, tree=0.2)
    runs = list(clock.runs(until="refreshed"))
    assert set(runs) == {"complete"}, "the poll comes first"
    assert len(runs) > 3
    pages = 2 + (2 + 6) + 100 * (6 + 2)
    assert world.organizations.reads == pages, "each run goes on where the last one stopped"
    known = world.store.knowledge(MANY[4321:4322], world.store.state()).accounts
    assert known[MANY[4321]].ou_path == "OU-43"
    assert [key for key in everything(world.client) if key[0] == keys.WALK] == []
    world.client.before = lambda _operation: None
    world.organizations.accounts["ou-7"].pop()
    world.client.reset()
    assert world.poll(200)["tree"] == "refreshed"
    assert sum(world.client.calls[name] for name in _WRITES) <= 5, "the difference alone"


def test_a_lease_outlives_the_function_and_ends_before_the_next_poll() -> None:
    template = Path(__file__).parents[3] / "stacksets" / "rendered" / "central.yaml"
    found = re.search(r"Handler: org_gate.central.collector.handler\s+Timeout: (\d+)", template.read_text())
    assert found is not None
    assert int(found[1]) < LEASE.total_seconds() < 60
