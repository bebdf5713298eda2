"""Events in the table: what a decision reads of them, what an update writes, and what is left when they end."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from org_gate.model.event import Account, EventKey
from org_gate.model.record import EventRecord, Stamped, Value
from org_gate.model.sky import Places
from org_gate.model.times import format_time
from org_gate.store import Store, keys
from org_gate.store.events import Belongings, Change
from org_gate.store.members import SetReading
from tests.unit.store.tables import TableClient, everything, store_on

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ORDERS, WEB = "111122223333", "444455556666"


def key(number: int = 1, region: str = "us-east-1") -> EventKey:
    return EventKey(f"arn:aws:health:{region}::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/A_{number}", region)


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def stamp(minutes: int, source: int = 1) -> str:
    return f"{format_time(at(minutes))}|{source}|"


def told(minutes: int = 0, event: EventKey | None = None, **values: Value) -> Change:
    """Sets these fields as of then; the rest of the record stays."""

    def change(found: EventRecord | None) -> EventRecord:
        record = found or EventRecord(key=event or key())
        stamped = {name: Stamped(value, stamp(minutes)) for name, value in values.items()}
        return replace(record, fields={**record.fields, **stamped})

    return change


def complete(*accounts: str, minutes: int = 0) -> Belongings:
    return Belongings(accounts=SetReading({account: {} for account in accounts}, stamp(minutes), complete=True))


def named(*accounts: str, minutes: int = 0) -> Belongings:
    return Belongings(accounts=SetReading({account: {} for account in accounts}, stamp(minutes, 0), complete=False))


SPECIFIC: Mapping[str, Any] = {"status": "open", "scope": "ACCOUNT_SPECIFIC"}


@pytest.fixture
def store(client: TableClient) -> Store:
    return store_on(client)


def affected(store: Store, *accounts: str) -> dict[EventKey, set[str]]:
    """What decisions about these accounts see: each event's affected accounts."""
    fresh = Store(store._table._client, "org-gate")
    return {event.key: set(event.accounts) for event in fresh.knowledge(accounts, fresh.state()).events}


def test_an_open_public_event_is_known_for_every_account(store: Store) -> None:
    store.events.save(key(), told(status="open", scope="PUBLIC", personas=("BILLING",), end=None), now=NOON)
    event = store.knowledge([ORDERS], store.state()).events[0]
    assert (event.key, event.scope, event.personas, event.end, event.accounts) == (
        key(), "PUBLIC", ("BILLING",), None, frozenset(),
    )  # fmt: skip


def test_an_account_specific_event_is_known_for_its_accounts_alone(store: Store) -> None:
    store.events.save(key(), told(**SPECIFIC), now=NOON, belongings=complete(ORDERS))
    assert affected(store, ORDERS, WEB) == {key(): {ORDERS}}
    assert affected(store, WEB) == {}


def test_an_event_of_unknown_scope_says_whether_it_lists_accounts(store: Store) -> None:
    store.events.save(key(1), told(event=key(1), status="open"), now=NOON)
    store.events.save(key(2), told(event=key(2), status="open"), now=NOON, belongings=named(ORDERS))
    events = store.knowledge([WEB], store.state()).events
    assert [(event.key, event.lists_accounts, event.accounts) for event in events] == [
        (key(1), False, frozenset()),
        (key(2), True, frozenset()),
    ]


def test_a_decision_for_one_account_takes_at_most_four_reads(store: Store, client: TableClient) -> None:
    store.accounts.refresh([Account(ORDERS, "Workloads/Prod", ("r-1", "ou-1", "ou-2"))])
    for number in range(30):
        store.events.save(key(number), told(event=key(number), **SPECIFIC), now=NOON, belongings=complete(ORDERS))
        public = key(number, "eu-west-1")
        store.events.save(public, told(event=public, status="open", scope="PUBLIC"), now=NOON)
    client.reset()
    state = store.state()
    knowledge = store.knowledge([ORDERS], state)
    assert len(knowledge.events) == 60
    assert knowledge.accounts[ORDERS].ou_path == "Workloads/Prod"
    assert client.reads == 4
    client.reset()
    store.knowledge([ORDERS], store.state())
    assert client.reads == 1, "nothing has changed"
    store.events.save(key(1), told(1, type_code="AWS_X", event=key(1)), now=NOON)
    client.reset()
    store.knowledge([ORDERS], store.state())
    assert client.reads == 3, "none of the public events has changed"
    store.events.save(public, told(1, type_code="AWS_X", event=public), now=NOON)
    client.reset()
    store.knowledge([ORDERS], store.state())
    assert client.reads == 4


def test_of_the_public_events_only_those_of_the_places_asked_about_are_known(store: Store) -> None:
    here, there, everywhere = key(1, "eu-west-1"), key(2, "ap-south-1"), key(3, "global")
    for event in (here, there, everywhere):
        store.events.save(event, told(event=event, status="open", scope="PUBLIC", service="RDS"), now=NOON)
    theirs, shared = key(4, "ap-south-1"), key(5, "ap-south-1")
    store.events.save(theirs, told(event=theirs, **SPECIFIC), now=NOON, belongings=complete(ORDERS))
    store.events.save(shared, told(event=shared, status="open", service="EC2"), now=NOON, belongings=named(ORDERS))

    def known(*accounts: str, **places: frozenset[str]) -> dict[EventKey, frozenset[str]]:
        events = store.knowledge(accounts, store.state(), places=Places(**places)).events
        assert [event.key for event in events] == sorted(event.key for event in events)
        return {event.key: event.accounts for event in events}

    nobody, ours = frozenset[str](), frozenset({ORDERS})
    assert known(WEB) == {everywhere: nobody}
    assert known(WEB, regions=frozenset({"eu-west-1"})) == {everywhere: nobody, here: nobody}
    assert known(WEB, services=frozenset({"EC2"})) == {everywhere: nobody, shared: nobody}
    assert known(ORDERS, regions=frozenset({"ap-south-1"})) == {
        everywhere: nobody, there: nobody, theirs: ours, shared: ours,
    }  # fmt: skip
    all_of_them = {event.key for event in store.knowledge([ORDERS], store.state()).events}
    assert all_of_them == {here, there, everywhere, theirs, shared}


def test_what_is_kept_of_public_events_does_not_remember_who_asked(store: Store, client: TableClient) -> None:
    for number, accounts in enumerate(((), (ORDERS,), (WEB,))):
        event = key(number)
        change = told(event=event, status="open", service="RDS", personas=("SECURITY",))
        store.events.save(event, change, now=NOON, belongings=named(*accounts))
    for accounts in ((), (ORDERS,), (ORDERS, WEB), (WEB,)):
        assert store.knowledge(accounts, store.state()) == store_on(client).knowledge(accounts, store.state())
    assert [event.lists_accounts for event in store.knowledge([ORDERS], store.state()).events] == [False, True, True]


def test_the_same_told_again_writes_nothing(store: Store, client: TableClient) -> None:
    change = told(**SPECIFIC)
    assert store.events.save(key(), change, now=NOON, belongings=complete(ORDERS, WEB))
    before = everything(client)
    client.reset()
    assert not store.events.save(key(), change, now=at(1), belongings=complete(ORDERS, WEB))
    assert client.calls.total() == client.reads
    assert everything(client) == before


def test_an_update_of_an_event_with_many_accounts_writes_the_difference(store: Store, client: TableClient) -> None:
    many = [f"{number:012d}" for number in range(1200)]
    store.events.save(key(), told(**SPECIFIC), now=NOON, belongings=complete(*many))
    client.reset()
    store.events.save(key(), told(1, **SPECIFIC), now=at(1), belongings=complete(*many[1:], ORDERS, minutes=1))
    written = {name: count for name, count in client.calls.items() if name.endswith(("write_item", "write_items"))}
    assert written == {"batch_write_item": 2, "transact_write_items": 2}
    assert affected(store, many[0], many[1], ORDERS) == {key(): {many[1], ORDERS}}


def test_a_notification_only_adds_and_a_complete_reading_replaces(store: Store) -> None:
    store.events.save(key(), told(**SPECIFIC), now=NOON, belongings=complete(ORDERS))
    store.events.save(key(), told(**SPECIFIC), now=NOON, belongings=named(WEB, minutes=1))
    assert affected(store, ORDERS, WEB) == {key(): {ORDERS, WEB}}
    store.events.save(key(), told(**SPECIFIC), now=NOON, belongings=complete(ORDERS, minutes=2))
    assert affected(store, ORDERS, WEB) == {key(): {ORDERS}}


def test_sets_do_not_depend_on_the_order_of_readings(store: Store) -> None:
    for belongings in (complete(ORDERS, minutes=2), named(WEB, minutes=1), complete(WEB, minutes=1)):
        store.events.save(key(), told(**SPECIFIC), now=NOON, belongings=belongings)
    assert affected(store, ORDERS, WEB) == {key(): {ORDERS}}
    store.events.save(key(), told(**SPECIFIC), now=NOON, belongings=named(WEB, minutes=3))
    store.events.save(key(), told(**SPECIFIC), now=NOON, belongings=complete(ORDERS, minutes=2))
    assert affected(store, ORDERS, WEB) == {key(): {ORDERS, WEB}}


def test_what_is_over_is_known_no_more_and_its_pointers_go_bit_by_bit(store: Store, client: TableClient) -> None:
    store.events.save(key(), told(**SPECIFIC), now=NOON, belongings=complete(*(f"{n:012d}" for n in range(25))))
    store.events.save(key(), told(5, status="closed"), now=at(5))
    assert affected(store, f"{0:012d}") == {key(): {f"{0:012d}"}}  # the pointer is there, the record says closed
    assert store.knowledge([f"{0:012d}"], store.state()).events[0].status == "closed"
    cleared = [store.events.clear_pointers(key(), at(6), 10) for _ in range(4)]
    assert cleared == [10, 10, 5, 0]
    assert not [item for item in everything(client) if item[0].startswith("ACCOUNT#") or item[0] == keys.SPECIFIC]
    assert affected(store, f"{0:012d}") == {}


def test_what_opens_again_while_its_pointers_go_has_them_all(store: Store, client: TableClient) -> None:
    store.events.save(key(), told(**SPECIFIC), now=NOON, belongings=complete(ORDERS, WEB))
    store.events.save(key(), told(5, status="closed"), now=at(5))

    def open_again(operation: str) -> None:
        if operation == "transact_write_items":
            client.before = lambda _operation: None
            store_on(client).events.save(key(), told(7, status="open"), now=at(7))

    client.before = open_again
    store.events.clear_pointers(key(), at(6), 10)
    assert affected(store, ORDERS, WEB) == {key(): {ORDERS, WEB}}


def test_time_alone_ends_an_event(store: Store) -> None:
    store.events.save(key(), told(status="open", scope="PUBLIC", end=format_time(at(30))), now=NOON)
    assert not store.events.open()[key()].out_of_date(at(29))
    assert store.events.open()[key()].out_of_date(at(30))
    assert store.events.settle(key(), at(30))
    assert store.events.open() == {}
    assert not store.events.settle(key(), at(31))


def test_a_scope_that_becomes_known_moves_the_event(store: Store) -> None:
    store.events.save(key(), told(status="open"), now=NOON, belongings=named(ORDERS))
    store.events.save(key(), told(1, scope="ACCOUNT_SPECIFIC"), now=NOON)
    assert [held.place for held in store.events.open().values()] == [keys.SPECIFIC]
    assert affected(store, ORDERS) == {key(): {ORDERS}}
    store.events.save(key(), told(2, scope="PUBLIC"), now=NOON)
    assert set(affected(store, WEB)) == {key()}


def test_texts_stand_by_their_stamp_and_are_bounded(store: Store, client: TableClient) -> None:
    for minutes, text in ((2, "newer"), (1, "older"), (2, "the same again")):
        store.events.save(key(), told(**SPECIFIC), now=NOON, belongings=Belongings(text=(text, stamp(minutes))))
    assert everything(client)[keys.event(key()), keys.TEXT]["text"] == "newer"
    store.events.save(key(), told(**SPECIFIC), now=NOON, belongings=Belongings(text=("é" * 400_000, stamp(3))))
    assert len(everything(client)[keys.event(key()), keys.TEXT]["text"].encode()) < 400_000


def test_many_entities_are_small_items_of_their_own(store: Store, client: TableClient) -> None:
    entities = {
        keys.entity(ORDERS, f"i-{n}"): {"account": ORDERS, "value": f"i-{n}", "status": None} for n in range(500)
    }
    reading = Belongings(entities=SetReading(entities, stamp(0, 0), complete=False))
    store.events.save(key(), told(**SPECIFIC), now=NOON, belongings=reading)
    sizes = [len(str(item)) for item in everything(client).values()]
    assert len(sizes) > 500
    assert max(sizes) < 2000
    one = {keys.entity(ORDERS, "i-1"): {"account": ORDERS, "value": "i-1", "status": "RESOLVED"}}
    for minutes, status in ((2, "RESOLVED"), (1, "IMPAIRED")):
        one = {keys.entity(ORDERS, "i-1"): {"account": ORDERS, "value": "i-1", "status": status}}
        reading = Belongings(entities=SetReading(one, stamp(minutes, 0), complete=False))
        store.events.save(key(), told(**SPECIFIC), now=NOON, belongings=reading)
    kept = everything(client)[keys.event(key()), keys.MEMBER_ENTITY + keys.entity(ORDERS, "i-1")]
    assert kept["status"] == "RESOLVED"


def test_an_arn_of_any_length_has_a_place(store: Store) -> None:
    long = EventKey("arn:aws:health:us-east-1::event/" + "x" * 1500, "us-east-1")
    store.events.save(long, told(event=long, **SPECIFIC), now=NOON, belongings=complete(ORDERS))
    assert affected(store, ORDERS) == {long: {ORDERS}}


def test_events_expire_400_days_after_they_were_written_and_what_still_holds_is_renewed(
    store: Store, client: TableClient
) -> None:
    store.events.save(key(), told(**SPECIFIC), now=NOON, belongings=complete(ORDERS))
    items = [item for (pk, _sk), item in everything(client).items() if pk != keys.STATE.pk]
    days = {(item["expires"] - int(NOON.timestamp())) / 86400 for item in items}
    assert days == {400}
    later = NOON + timedelta(days=150)
    assert store.events.open()[key()].out_of_date(later)
    store.events.save(key(), told(**SPECIFIC), now=later, belongings=complete(ORDERS))
    days = {
        (item["expires"] - int(NOON.timestamp())) / 86400
        for (pk, _sk), item in everything(client).items()
        if pk not in {keys.STATE.pk, keys.seen("2026-03-02")}  # that it was seen on the first day stays as it was
    }
    assert days == {550}


def test_somebody_elses_write_between_reading_and_writing_is_merged(store: Store, client: TableClient) -> None:
    store.events.save(key(), told(status="open", scope="PUBLIC"), now=NOON)
    interfered: list[int] = []

    def change(found: EventRecord | None) -> EventRecord:
        if not interfered:
            interfered.append(1)
            store_on(client).events.save(key(), told(3, type_code="AWS_X"), now=NOON)
        return told(4, category="issue")(found)

    store.events.save(key(), change, now=NOON)
    event = store.knowledge([], store.state()).events[0]
    assert (event.type_code, event.category) == ("AWS_X", "issue")
