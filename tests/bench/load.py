"""A minute of an incident that touches every account: what the decision API and the collector do then.

The API's handler runs in this process, over boto3's own client and a table in memory: signing, serializing and parsing
count, the network and DynamoDB's own time do not. Against it stands the same minute with an empty sky. Processor time,
so that what else the machine does falls out; calls are exact.
"""

import json
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from typing import Any, Final

from org_gate.central.api import answer
from org_gate.central.desk import Desk
from org_gate.model.event import Account
from org_gate.policy.load import policy_data
from org_gate.store import Store
from tests.bench.measure import Result, compared, no_more_than, shown
from tests.bench.wired import Wired
from tests.bench.worlds import policy
from tests.unit.central.collecting import World, arn, at, world_on
from tests.unit.central.support import CENTRAL, Topic, context, url_event
from tests.unit.store.fake_dynamodb import FakeDynamoDb
from tests.unit.store.tables import TABLE, TableClient, fake_table

MOST_READS: Final = 4
CHECKS_A_MINUTE: Final = 2_000
RULES: Final = 20
REGION: Final = "us-east-1"


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one request: milliseconds of the processor, and calls of the table that read."""

    milliseconds: float
    reads: float


class Api:
    """One process of the API: what it keeps stays from one request to the next."""

    def __init__(self, table: FakeDynamoDb) -> None:
        self.wired = Wired(table)
        self._desk = Desk(Store(self.wired.client, TABLE), CENTRAL, Topic())
        self._asked = 0
        self.printed = StringIO()

    def ask(self, account: str, *, gate: bool = True) -> dict[str, Any]:
        """A deployment to the caller's account; by its gate, or by a command line in a pipeline of another kind."""
        self._asked += 1
        body: dict[str, Any] = {"targets": [f"{account}/{REGION}/RDS"]}
        if gate:
            pipeline = {"name": "orders", "region": REGION, "stage": "Gate", "action": "Check"}
            body |= {"pipeline": {**pipeline, "execution_id": f"e-{self._asked}"}}
            body |= {"gate": {"version": "1", "on_block": "fail"}}
        event = url_event("POST", "/v1/decisions", json.dumps(body), caller=account)
        with redirect_stdout(self.printed):  # the metrics, for CloudWatch's agent
            got = answer(event, context(), lambda: self._desk)
        assert got["statusCode"] == 200, got
        decision: dict[str, Any] = json.loads(got["body"])
        return decision

    def cost(self, accounts: list[str], *, gate: bool = True) -> Cost:
        """The mean of a request of each, one after the other."""
        self.wired.calls.clear()
        began = time.process_time()
        for account in accounts:
            self.ask(account, gate=gate)
        taken = time.process_time() - began
        return Cost(taken * 1000 / len(accounts), self.wired.reads / len(accounts))


def api(accounts: int, checks: int) -> Iterator[Result]:
    """``checks`` are those of a minute, each of another account."""
    names = account_names(accounts)
    asked = names[:checks]
    calm, struck = Api(_table(names, incident=False)), Api(_table(names, incident=True))
    assert (calm.ask(names[-1])["verdict"], struck.ask(names[-1])["verdict"]) == ("allow", "block")
    empty, taken = calm.cost(asked), struck.cost(asked)
    what = f"{checks:,} checks of as many accounts, of {accounts:,}"
    yield shown(f"{what}, nothing open: processor time of each", empty.milliseconds, "ms")
    yield compared("  with an incident that touches all", taken.milliseconds, "ms", baseline=empty.milliseconds)
    cores = taken.milliseconds * CHECKS_A_MINUTE / 60_000
    yield shown(f"  processors that are busy at {CHECKS_A_MINUTE:,} a minute", cores, "")
    yield from _reads(struck, names, taken)


def _reads(struck: Api, names: list[str], taken: Cost) -> Iterator[Result]:
    first = Api(struck.wired.table)
    yield shown("  reads of the first check of a process", first.cost(names[:1]).reads, "reads")
    yield no_more_than("  reads of a check, on average", taken.reads, "reads", most=MOST_READS)
    fresh = max(first.cost([name]).reads for name in names[1:20])
    yield no_more_than("  at most, of one target in a process that is warm", fresh, "reads", most=MOST_READS)
    again = max(first.cost(names[:1], gate=gate).reads for gate in (True, False))
    yield no_more_than("  of an account again, nothing changed, by its gate or by people", again, "reads", most=1)


def collector(events: int, accounts: int) -> Iterator[Result]:
    """Half of the events are public, the others affect accounts of their own; one affects all."""
    world = world_on(fake_table())
    _show(world, events, account_names(accounts))
    what = f"{events:,} open events, {accounts:,} affected accounts"
    yield from _poll(world, 0, f"{what}: the first poll")
    yield from _poll(world, 1, "  a poll with nothing changed")
    yield from _poll(world, 5, "  a look at everything open")
    world.health.show(arn(0), at(5.5), zone="use1-az1")
    yield from _poll(world, 6, "  a poll where the event that affects all has changed")


def account_names(number: int) -> list[str]:
    return [f"{name:012d}" for name in range(1, number + 1)]


def _table(names: list[str], *, incident: bool) -> FakeDynamoDb:
    """The tree, a policy, and, with an incident, a public issue and one of all accounts, as the collector writes."""
    world = world_on(fake_table())
    if incident:
        world.health.show(arn(1), at(-5), eventScopeCode="PUBLIC", service="RDS")
        world.health.show(arn(2), at(-5), eventScopeCode="ACCOUNT_SPECIFIC", service="RDS", accounts=names)
    data = policy_data(policy(RULES))
    world.store.publish_policy(data, who="somebody", note="", now=at(0), expected_version=None)
    assert world.poll(0)["poll"] == "complete"
    world.store.accounts.refresh(Account(name, "Workloads/Prod", ("r-1", "ou-1")) for name in names)
    return table_of(world.client)


def table_of(client: TableClient) -> FakeDynamoDb:
    table = client._client
    assert isinstance(table, FakeDynamoDb)
    return table


def _show(world: World, events: int, names: list[str]) -> None:
    world.health.show(arn(0), at(-1), eventScopeCode="ACCOUNT_SPECIFIC", accounts=names)
    each = max(1, 2 * len(names) // events)
    for number in range(1, events):
        if number % 2:
            world.health.show(arn(number), at(-60 - number), eventScopeCode="PUBLIC")
        else:
            start = (number // 2 * each) % len(names)
            own = names[start : start + each]
            world.health.show(arn(number), at(-60 - number), eventScopeCode="ACCOUNT_SPECIFIC", accounts=own)


def _poll(world: World, minutes: float, name: str) -> Iterator[Result]:
    """``memory`` is what Python held at most beyond what was there, with the answers of AWS Health and the table."""
    world.client.reset()
    world.health.calls.clear()
    tracemalloc.start()
    began = time.process_time()
    assert world.poll(minutes)["poll"] == "complete"
    taken = time.process_time() - began
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    yield shown(f"{name}: calls to AWS Health", world.health.calls.total(), "calls")
    yield shown("    calls to the table", world.client.calls.total(), "calls")
    yield shown("    processor time, while memory is watched", taken, "s")
    yield shown("    memory", peak / 1_000_000, "MB")
