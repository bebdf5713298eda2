"""What a process keeps of accounts is as good as a new reading, whatever is written in between, and by whom."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from random import Random

import pytest

from org_gate.model.event import Account, Knowledge
from org_gate.store import Store, account_sky, keys
from org_gate.store.events import NOTHING, Belongings
from org_gate.store.members import SetReading
from org_gate.store.state import State
from tests.unit.store.tables import Killed, TableClient, store_on, table_on
from tests.unit.store.test_events import NOON, ORDERS, SPECIFIC, WEB, complete, key, named, stamp, told

ACCOUNTS = (ORDERS, WEB, "777788889999")
NEW = "777788889999"


def _asked(store: Store, *accounts: str) -> Knowledge:
    return store.knowledge(accounts or ACCOUNTS, store.state())


def _reads(client: TableClient, store: Store, *accounts: str) -> int:
    client.reset()
    _asked(store, *accounts)
    return client.reads


def test_a_second_decision_reads_the_state_alone(quick: TableClient) -> None:
    store = store_on(quick)
    store.accounts.refresh([Account(name, "Dev", ("r-1",)) for name in ACCOUNTS])
    store.events.save(key(), told(event=key(), **SPECIFIC), now=NOON, belongings=complete(ORDERS, WEB))
    assert _reads(quick, store, ORDERS) == 4
    assert _reads(quick, store, ORDERS) == 1
    assert _reads(quick, store, WEB) == 2, "the event they share is read once"
    assert _reads(quick, store, ORDERS, WEB) == 1


def test_nothing_is_kept_where_nobody_counts(quick: TableClient) -> None:
    """As with a collector of a version before this one."""
    store = store_on(quick)
    store.accounts.refresh([Account(ORDERS, "Dev", ("r-1",))])
    uncounted = replace(store.state(), account_changes=0)
    store.knowledge([ORDERS], uncounted)
    quick.reset()
    store.knowledge([ORDERS], uncounted)
    assert quick.reads == 1


def test_no_poll_is_outlived(quick: TableClient) -> None:
    """What was written without being counted counts from the next complete poll on."""
    store, other = store_on(quick), store_on(quick)
    store.accounts.refresh([Account(ORDERS, "Dev", ("r-1",))])
    store.events.save(key(), told(event=key(), **SPECIFIC), now=NOON, belongings=complete(WEB))
    assert _asked(store, ORDERS).events == ()
    pointer = {"arn": key().arn, "region": key().region, "episode": 1, "expires": 1}
    table_on(quick).batch_put([{**keys.pointer(ORDERS, key())._asdict(), **pointer}])
    assert _asked(store, ORDERS).events == ()
    other.states.commit_poll(NOON, full=False)
    assert len(_asked(store, ORDERS).events) == 1


def test_what_is_kept_is_bounded(quick: TableClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account_sky, "MOST_KEPT", 3)
    store = store_on(quick)
    store.accounts.refresh([Account(ORDERS, "Dev", ("r-1",))])
    for number in range(4):
        _asked(store, f"{number:012d}")
    assert _reads(quick, store, f"{0:012d}") == 2, "it was forgotten"


def test_a_notification_that_only_adds_an_account_is_seen_at_once(quick: TableClient) -> None:
    """Nothing about the event's record changes, so that is not written."""
    store, other = store_on(quick), store_on(quick)
    store.events.save(key(), told(event=key(), **SPECIFIC), now=NOON, belongings=complete(ORDERS))
    assert _asked(store, WEB).events == ()
    assert not other.events.save(key(), told(event=key(), **SPECIFIC), now=NOON, belongings=named(WEB, minutes=1))
    assert [event.accounts for event in _asked(store, WEB).events] == [frozenset({WEB})]


def test_an_attempt_that_lost_and_finds_all_done_tells_of_the_pointers_it_laid(quick: TableClient) -> None:
    """Both hear of the event for the first time; one has all of it written before the other lays its pointer."""
    store, first, second = store_on(quick), store_on(quick), store_on(quick)

    def race(operation: str) -> None:
        if operation == "batch_write_item":
            quick.before = lambda _operation: None
            first.events.save(key(), told(event=key(), **SPECIFIC), now=NOON, belongings=named(ORDERS))
            assert _asked(store, WEB).events == ()

    quick.before = race
    assert not second.events.save(key(), told(event=key(), **SPECIFIC), now=NOON, belongings=named(WEB))
    assert len(_asked(store, WEB).events) == 1


def _changes(chance: Random) -> Sequence[Callable[[Store, int], object]]:
    """What collectors and notifications do, of any kind, to a few events and accounts."""

    def save(store: Store, number: int) -> object:
        event = key(chance.randint(1, 3), chance.choice(("eu-west-1", "global")))
        scope = chance.choice(("ACCOUNT_SPECIFIC", "ACCOUNT_SPECIFIC", "PUBLIC"))
        fields = {"status": chance.choice(("open", "open", "closed")), "scope": scope, "service": "RDS"}
        members: dict[str, dict[str, str]] = {name: {} for name in chance.sample(ACCOUNTS, chance.randint(0, 3))}
        reading = SetReading(members, stamp(number), complete=chance.random() < 0.5)
        belongings = chance.choice((NOTHING, Belongings(accounts=reading)))
        return store.events.save(event, told(number, event=event, **fields), now=NOON, belongings=belongings)

    def tree(store: Store, _number: int) -> object:
        return store.accounts.refresh(
            [Account(name, chance.choice(("Dev", "Prod")), ("r-1",)) for name in chance.sample(ACCOUNTS, 2)]
        )

    def tags(store: Store, _number: int) -> object:
        stored = store.accounts.all()
        return store.accounts.keep_tags(stored, {name: {"tier": chance.choice("12")} for name in stored})

    def cleared(store: Store, _number: int) -> object:
        return store.events.clear_pointers(key(chance.randint(1, 3), "eu-west-1"), NOON, 2)

    def polled(store: Store, number: int) -> object:
        return store.states.commit_poll(NOON + timedelta(seconds=number), full=False)

    return [save] * 6 + [tree, tags, cleared] + [polled] * (chance.random() < 0.2)


@pytest.mark.parametrize("seed", range(40))
def test_what_is_kept_is_as_a_new_process_reads_it(quick: TableClient, seed: int) -> None:
    """Also where a process asks in the middle of a write: before each call that another one makes."""
    chance = Random(seed)  # noqa: S311  a test's chance is to be the same again
    store, writer = store_on(quick), store_on(quick)
    changes = _changes(chance)

    def asks(_operation: str) -> None:
        quick.before = lambda _operation: None
        _asked(store, *chance.sample(ACCOUNTS, 2))
        quick.before = asks

    for number in range(1, 60):
        quick.before = asks if chance.random() < 0.5 else lambda _operation: None
        chance.choice(changes)(writer, number)
        quick.before = lambda _operation: None
        assert _asked(store) == _asked(store_on(quick)), number


def test_a_writer_that_ends_anywhere_and_is_made_good_leaves_nothing_old(quick: TableClient) -> None:
    """The next complete reading of the event counts, wherever the one before ended."""
    for last in range(1, 12):
        event = key(last)
        store, writer = store_on(quick), store_on(quick)
        writer.events.save(event, told(1, event=event, **SPECIFIC), now=NOON, belongings=complete(ORDERS))
        _asked(store)
        quick.reset()
        quick.kill_at = last
        grown = Belongings(accounts=SetReading({name: {} for name in ACCOUNTS}, stamp(2), complete=True))
        try:
            writer.events.save(event, told(2, event=event, **SPECIFIC), now=NOON, belongings=grown)
        except Killed:
            quick.reset()
            _asked(store)
            writer.events.save(event, told(2, event=event, **SPECIFIC), now=NOON, belongings=grown)
        quick.reset()
        assert _asked(store, NEW) == _asked(store_on(quick), NEW)
        assert event in {one.key for one in _asked(store, NEW).events}


def test_a_state_that_was_never_counted_is_what_an_empty_table_says(quick: TableClient) -> None:
    assert store_on(quick).state() == State()
