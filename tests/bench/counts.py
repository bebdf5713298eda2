"""What a month of org-gate uses, counted: one of each thing that happens, on a table with a meter.

Counts are the code's own, the same in every run. How often each thing happens is a size's to say (``costs``).
"""

from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from math import ceil
from typing import Any, Final

from org_gate.central.desk import Desk
from org_gate.model.event import Account
from org_gate.model.request import Pipeline, Request, Target
from org_gate.store import Store
from tests.bench.load import account_names
from tests.bench.metered import Meter, MeteredDynamoDb
from tests.unit.central.collecting import World, arn, at, world_on
from tests.unit.central.resuming import FAILING, Yard, deployment
from tests.unit.central.support import CENTRAL, RULES, Topic
from tests.unit.store.tables import TABLE, TableClient

REGION: Final = "us-east-1"
_MIDNIGHT: Final = 12 * 60
"""In minutes: a world begins at noon."""
_ROUND: Final = 100
"""Ids are by chance, so what is packed with them is a few bytes larger or smaller each time."""
_EXECUTION: Final = "0f1e2d3c-0000-4000-8000-000000000000"


@dataclass(frozen=True, slots=True)
class Used:
    """By one thing that happens: read and write units, calls of the table, and calls of AWS Health."""

    reads: int
    writes: int
    calls: int
    health: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """Of one size of organization. ``stored`` is what a decision leaves in the table, in bytes."""

    poll: Used
    full_look: Used
    new_day: Used
    """The looks that read the accounts of all events again for the first time on a day: beyond as many looks."""
    tree: Used
    changed: Used
    """An event that affects one account, changed: beyond an unchanged poll."""
    notification: Used
    look: Used
    """The resumer's, with its news, where nobody waits."""
    check: Used
    blocked: Used
    again: Used
    """After the events have changed, or in a process that has just begun: beyond a check."""
    resumed: Used
    """A deployment that waits, until it goes on and its gate has asked again; looks and news included."""
    stored: int
    table: int
    """What events and accounts take, in bytes."""


def counted(accounts: int, events: int) -> Counted:
    """``events`` are open, every second one public, nearly all of them in another Region than deployments go to."""
    with redirect_stdout(StringIO()):  # metrics
        return _counted(accounts, events)


def _counted(accounts: int, events: int) -> Counted:
    table = MeteredDynamoDb()
    world = world_on(TableClient(table))
    names = account_names(accounts)
    _settle(world, names, events)
    meter = table.meter
    poll = _used(meter, lambda: world.poll(1), world)
    full_look = _used(meter, lambda: world.poll(5), world)
    world.health.show(arn(2), at(5.5), zone="use1-az1")
    changed = _used(meter, lambda: world.poll(6), world)
    told = {"eventScopeCode": "ACCOUNT_SPECIFIC", "statusCode": "open", "affectedAccount": names[0]}
    notification = _used(meter, lambda: world.notify(7, **told), world)
    tree = _used(meter, world.store.accounts.all)
    size = table.size()
    asking = _Asking(table, names)
    new_day = _new_day(world, meter, full_look, events)
    return Counted(
        poll=poll,
        full_look=full_look,
        new_day=new_day,
        tree=tree,
        changed=_beyond(changed, poll),
        notification=notification,
        look=_look(),
        check=asking.check,
        blocked=asking.blocked,
        again=_beyond(asking.first, asking.check),
        resumed=_resumed(),
        stored=asking.stored,
        table=size,
    )


def _new_day(world: World, meter: Meter, usual: Used, events: int) -> Used:
    looks = ceil(events / 2 / world.limits.reread_events)
    world.poll(_MIDNIGHT - 5)
    used = _used(meter, lambda: [world.poll(_MIDNIGHT + 5 * number) for number in range(looks)], world)
    return _beyond(used, Used(usual.reads * looks, usual.writes * looks, usual.calls * looks, usual.health * looks))


def _settle(world: World, names: list[str], events: int) -> None:
    for number in range(1, events + 1):
        affected: dict[str, Any] = {"eventScopeCode": "PUBLIC"}
        if number % 2 == 0:
            affected = {"eventScopeCode": "ACCOUNT_SPECIFIC", "accounts": [names[number % len(names)]]}
        world.health.show(arn(number, "eu-west-1"), at(-60 - number), region="eu-west-1", service="RDS", **affected)
    world.health.show(arn(2), at(-60), service="RDS", eventScopeCode="ACCOUNT_SPECIFIC", accounts=[names[-1]])
    world.store.publish_policy(RULES, who="somebody", note="", now=at(0), expected_version=None)
    world.poll(0)
    world.store.accounts.refresh(Account(name, "Workloads/Prod", ("r-1", "ou-1")) for name in names)


class _Asking:
    """Checks by gates, of accounts that no event affects and of one that an open issue blocks."""

    def __init__(self, table: MeteredDynamoDb, names: list[str]) -> None:
        self._desk = Desk(Store(TableClient(table), TABLE), CENTRAL, Topic())
        meter = table.meter
        self.first = _used(meter, lambda: self._ask(names[-2]))
        before = table.size()
        self.check = _used(meter, lambda: self._ask(names[-3]))
        self.stored = ceil((table.size() - before) / _ROUND) * _ROUND
        self.blocked = _used(meter, lambda: self._ask(names[-1]))

    def _ask(self, account: str) -> None:
        pipeline = Pipeline("orders-service", REGION, "Gate", "HealthCheck", _EXECUTION)
        request = Request(account, (Target(account, REGION, ("ECS", "RDS")),), pipeline)
        self._desk.decide(request, at(8), FAILING)


def _look() -> Used:
    table = MeteredDynamoDb()
    yard = Yard(RULES, TableClient(table))
    yard.minute(1)
    yard.now = at(2)
    return _used(table.meter, lambda: yard.take(yard.look()))


def _resumed(size: int = 40) -> Used:
    """Of so many that wait at once; what each comes to."""
    table = MeteredDynamoDb()
    yard = Yard(RULES, TableClient(table))
    incident = yard.incident()
    for number in range(size):
        yard.ask(deployment(f"p{number}", account=f"{number + 1:012d}"))
    yard.over(incident)
    minutes = 0

    def all_of_it() -> None:
        nonlocal minutes
        while yard.store.waiting.count():
            minutes += 1
            yard.minute(minutes)

    used = _used(table.meter, all_of_it)
    assert len(yard.retried) == size
    return Used(*(ceil(number / size) for number in (used.reads, used.writes, used.calls)))


def _used(meter: Meter, run: Callable[[], object], world: World | None = None) -> Used:
    asked: Mapping[str, int] = {} if world is None else world.health.calls
    before = sum(asked.values())
    meter.clear()
    run()
    return Used(meter.reads, meter.writes, meter.calls.total(), sum(asked.values()) - before)


def _beyond(used: Used, usual: Used) -> Used:
    return Used(
        max(0, used.reads - usual.reads), max(0, used.writes - usual.writes), max(0, used.calls - usual.calls),
        max(0, used.health - usual.health),
    )  # fmt: skip
