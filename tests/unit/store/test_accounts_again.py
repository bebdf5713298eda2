"""The affected accounts of an event read again: what is written of them, and what such a reading outranks."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from org_gate.model.event import EventKey
from org_gate.model.record import EventRecord, Stamped
from org_gate.model.times import format_time
from org_gate.store import Store
from org_gate.store.events import Belongings, Change
from org_gate.store.members import SetReading
from tests.unit.store.tables import TableClient, everything, fake_table, store_on

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ORDERS, WEB = "111122223333", "444455556666"
KEY = EventKey("arn:aws:health:us-east-1::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/A_1", "us-east-1")


@pytest.fixture
def client() -> TableClient:
    return fake_table()


@pytest.fixture
def store(client: TableClient) -> Store:
    return store_on(client)


def at(minutes: int) -> datetime:
    return NOON + timedelta(minutes=minutes)


def stamp(update: int, source: str) -> str:
    return f"{format_time(at(update))}|{source}|"


def open_event(found: EventRecord | None) -> EventRecord:
    told = {"status": "open", "scope": "ACCOUNT_SPECIFIC"}
    fields = {name: Stamped(value, stamp(0, "1")) for name, value in told.items()}
    return replace(found or EventRecord(key=KEY), fields=fields)


def read_for(update: int) -> Change:
    """Its accounts were asked for, of that update."""
    return lambda found: replace(open_event(found), accounts_for=format_time(at(update)))


def read(*accounts: str, update: int = 0, minutes: int) -> Belongings:
    """A complete reading of that update, made then."""
    stamped = f"{stamp(update, '1')}{format_time(at(minutes))}"
    return Belongings(accounts=SetReading({account: {} for account in accounts}, stamped, complete=True))


def named(*accounts: str, update: int) -> Belongings:
    """By a notification."""
    return Belongings(accounts=SetReading({account: {} for account in accounts}, stamp(update, "0"), complete=False))


def affected(client: TableClient) -> set[str]:
    """Those that decisions about any of the accounts see."""
    fresh = store_on(client)
    events = fresh.knowledge([ORDERS, WEB], fresh.state()).events
    return {account for event in events for account in event.accounts}


def test_the_same_accounts_read_again_are_no_change(store: Store, client: TableClient) -> None:
    assert store.events.save(KEY, read_for(0), now=NOON, belongings=read(ORDERS, WEB, minutes=1))
    before = everything(client)
    assert not store.events.save(KEY, read_for(0), now=at(5), belongings=read(ORDERS, WEB, minutes=5))
    assert everything(client) == before
    for minutes, accounts in ((6, (ORDERS,)), (7, (ORDERS, WEB)), (8, (WEB,))):
        assert store.events.save(KEY, read_for(0), now=at(minutes), belongings=read(*accounts, minutes=minutes))
        assert affected(client) == {*accounts}
        store.events.save(KEY, read_for(0), now=at(9), belongings=read(ORDERS, WEB, minutes=minutes - 1))
        assert affected(client) == {*accounts}, "an earlier reading says nothing any more"


def test_the_same_accounts_read_for_a_newer_update_are_those_of_that_update(store: Store, client: TableClient) -> None:
    store.events.save(KEY, read_for(0), now=NOON, belongings=read(ORDERS, minutes=1))
    assert store.events.save(KEY, read_for(3), now=at(4), belongings=read(ORDERS, update=3, minutes=4))
    store.events.save(KEY, open_event, now=at(5), belongings=named(WEB, update=3))
    assert affected(client) == {ORDERS}, "the API told what a notification of it tells late"
    store.events.save(KEY, open_event, now=at(5), belongings=named(WEB, update=4))
    assert affected(client) == {ORDERS, WEB}


def test_accounts_that_were_not_told_for_the_last_update_are_of_it_once_they_are_read_again(
    store: Store, client: TableClient
) -> None:
    store.events.save(KEY, read_for(0), now=NOON, belongings=read(ORDERS, minutes=1))
    store.events.save(KEY, read_for(3), now=at(4))  # AWS Health did not say which
    assert store.events.save(KEY, read_for(3), now=at(5), belongings=read(ORDERS, update=3, minutes=5))
    assert not store.events.save(KEY, read_for(3), now=at(6), belongings=read(ORDERS, update=3, minutes=6))
    store.events.save(KEY, open_event, now=at(7), belongings=named(WEB, update=3))
    assert affected(client) == {ORDERS}
