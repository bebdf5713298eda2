"""One decision with what it reads from the table, however much there is elsewhere in the organization.

The table is the one of the tests, in memory: what is measured is what the process does and how often it reads, not
what DynamoDB takes to answer.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any

from org_gate.decision.concern import places
from org_gate.model.event import Event, Knowledge
from org_gate.model.record import EventRecord, Stamped, Value
from org_gate.model.times import format_time
from org_gate.store import Store
from org_gate.store.events import NOTHING, Belongings
from org_gate.store.members import SetReading
from tests.bench.engine import decided, plain_scan
from tests.bench.measure import ALIKE, QUICKER, Result, at_most, milliseconds, shown
from tests.bench.worlds import NOW, Where, World, events_elsewhere, events_here, mixed_world, policy, question
from tests.unit.store.tables import TableClient, fake_table, store_on

_STAMP = format_time(NOW)
_KEPT = ("service", "type_code", "category", "status", "scope", "start", "last_updated")


def one_decision(*, events: int, rules: int, targets: int) -> Iterator[Result]:
    """Against a plain scan of all that is open in the organization."""
    asked = mixed_world(events, rules=rules, targets=targets)
    scan = plain_scan(asked)
    client = fake_table()
    _put(client, asked.knowledge.events)
    store = store_on(client)
    taken = milliseconds(partial(_decided, store, asked))
    what = f"{targets} targets, {events:,} open events, {rules} rules"
    yield shown(f"plain scan: {what}", scan, "ms")
    yield at_most(f"decision from the table: {what}", taken, "ms", baseline=scan, times=QUICKER, of="the plain scan")


def growth(where: Where, sizes: tuple[int, ...], *, here: int, rules: int) -> Iterator[Result]:
    """One target, so one account; warm is a process that has decided since the last change of a public event."""
    client = fake_table()
    _put(client, events_here(here))
    asked = World(question(1), Knowledge(NOW, (), {}), policy(rules))
    there, first, first_reads = 0, 0.0, 0
    for size in sizes:
        _put(client, events_elsewhere(size, where, there))
        there = size
        cold = milliseconds(partial(_decided, store_on(client), asked), repeats=1)
        warm = store_on(client)
        _decided(warm, asked)
        client.reset()
        _decided(warm, asked)
        reads = client.reads
        taken = milliseconds(partial(_decided, warm, asked))
        first, first_reads = first or taken, first_reads or reads
        name = f"decision from the table: {size:>7,} events {where}"
        yield at_most(name, taken, "ms", baseline=first, times=ALIKE, of=f"that at {sizes[0]}")
        yield at_most("  reads of the table", reads, "reads", baseline=first_reads, times=1, of=f"that at {sizes[0]}")
        yield shown("  the first decision of a process, or after a public event has changed", cold, "ms")


def _decided(store: Store, asked: World) -> None:
    accounts = sorted({asked.request.caller, *(target.account for target in asked.request.targets)})
    where = places(asked.request, asked.policy)
    knowledge = store.knowledge(accounts, store.state(), places=where)
    decided(World(asked.request, knowledge, asked.policy))


def _put(client: TableClient, events: Iterable[Event]) -> None:
    store = store_on(client)
    for event in events:
        record = EventRecord(key=event.key, fields=dict(_fields(event)))
        accounts = SetReading({account: {} for account in event.accounts}, _STAMP, complete=True)
        belongings = Belongings(accounts=accounts) if event.accounts else NOTHING
        store.events.save(event.key, partial(_found_or, record), now=NOW, belongings=belongings)


def _found_or(record: EventRecord, found: EventRecord | None) -> EventRecord:
    return found or record


def _fields(event: Event) -> Iterator[tuple[str, Stamped]]:
    told: dict[str, Any] = asdict(event)
    for name in _KEPT:
        value: Value = format_time(told[name]) if isinstance(told[name], datetime) else told[name]
        yield name, Stamped(value, _STAMP)
