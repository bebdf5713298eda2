"""The table read over a range of time: decisions with what they were about, events by the days they were written on."""

import random
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from org_gate.model.event import EventKey
from org_gate.store import Store, keys
from org_gate.store.about import About, Ground, about_of
from org_gate.store.events import Belongings
from org_gate.store.members import SetReading
from org_gate.store.past import Affected, CameOf
from tests.unit.store.tables import TableClient, everything, store_on, table_on
from tests.unit.store.test_decisions import DAY, ME, NOON, OTHER, SECOND, decision, name_of
from tests.unit.store.test_events import SPECIFIC, complete, key, stamp, told


@pytest.fixture
def client(either: TableClient) -> TableClient:
    return either


@pytest.fixture
def store(client: TableClient) -> Store:
    return store_on(client)


EVENT: dict[str, Any] = {"arn": "arn:1", "region": "us-east-1", "service": "RDS", "category": "issue", "status": "open",
                         "start": None, "last_updated": None, "drill": False}  # fmt: skip


def reason(target: int = 0, **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = {
        "kind": "event",
        "verdict": "block",
        "rule": "open-issues",
        "target": target,
        "event": EVENT,
    }
    return told | {"target": target, "freeze": None, "override_id": None} | more


def blocked(number: int, at: datetime = NOON, reasons: tuple[Any, ...] = (), **more: Any) -> dict[str, Any]:
    """Of two targets, the second in mode shadow."""
    record = decision(number, at, gate={"on_block": "fail"}, **more)
    record["decision"]["targets"] = [
        {"account": ME, "region": "us-east-1", "mode": "enforce"},
        {"account": OTHER, "region": "eu-west-1", "mode": "shadow"},
    ]
    record["decision"] |= {"reasons": list(reasons), "knowledge": {"stale": True}}
    record["request"] = {"caller": ME, "targets": [], "pipeline": record["request"]["pipeline"], "source": None}
    return record


def test_the_decisions_of_a_range_come_the_newest_first(store: Store) -> None:
    moments = [NOON - 2 * DAY, NOON - SECOND, NOON, NOON + SECOND, NOON + DAY - SECOND, NOON + DAY]
    for number, moment in enumerate(moments):
        store.put_decision(decision(number, moment))
    found = [each.id for each in store.past.decisions(NOON, NOON + DAY)]
    assert found == [name_of(4), name_of(3), name_of(2)]
    assert [each.id for each in store.past.decisions(NOON - 9 * DAY, NOON)] == [name_of(1), name_of(0)]


def test_those_of_one_second_come_in_order_of_their_ids(store: Store) -> None:
    for number in (3, 1, 4, 2):
        store.put_decision(decision(number))
    assert [each.id for each in store.past.decisions(NOON, NOON + DAY)] == [name_of(number) for number in (4, 3, 2, 1)]


def test_a_decision_says_what_it_was_about_each_ground_once(store: Store) -> None:
    lifted = reason(override_id="o-1")
    shadow = reason(1, rule="never-there")
    freeze = reason(kind="freeze", rule=None, event=None, freeze={"name": "peak", "from": "", "to": ""})
    store.put_decision(blocked(1, reasons=(reason(), reason(), lifted, shadow, freeze)))
    (found,) = store.past.decisions(NOON, NOON + DAY)
    place = ("RDS", "arn:1", "us-east-1")
    assert found.about == About(
        targets=((ME, "us-east-1"), (OTHER, "eu-west-1")),
        grounds=(
            Ground("event", "block", True, "open-issues", *place, None),  # noqa: FBT003  by place, as it is kept
            Ground("event", "block", False, "open-issues", *place, "o-1"),  # noqa: FBT003
            Ground("event", "block", False, "never-there", *place, None),  # noqa: FBT003
            Ground("freeze", "block", True, "peak", None, None, None, None),  # noqa: FBT003
        ),
        on_block="fail",
        stale=True,
    )
    assert (found.pipeline, found.pipeline_region, found.policy_version) == ("orders", "us-east-1", 7)


def test_an_entry_from_before_says_the_same_by_its_record(store: Store, client: TableClient) -> None:
    record = blocked(1, reasons=(reason(),))
    store.put_decision(record)
    store.put_decision(decision(2, NOON + SECOND))
    table = table_on(client)
    for (pk, sk), item in everything(client).items():
        if pk.startswith("DAY#") and item["decision_id"] == name_of(1):
            table.put({name: value for name, value in item.items() if name != "about"} | {"pk": pk, "sk": sk})
    newer, older = store.past.decisions(NOON, NOON + DAY)
    assert (newer.id, older.id) == (name_of(2), name_of(1))
    assert older.about == about_of(record)


def test_what_lists_show_of_a_decision_does_not_grow(store: Store, client: TableClient) -> None:
    store.put_decision(blocked(1, reasons=(reason(),)))
    carrying = {pk.split("#")[0] for (pk, _sk), item in everything(client).items() if "about" in item}
    assert carrying == {"DAY"}


def test_what_came_of_a_deployments_waiting_is_told(store: Store) -> None:
    run = {"name": "orders", "region": "us-east-1", "stage": "Gate", "action": "Check", "execution_id": "e-1"}
    store.put_decision(blocked(1, pipeline=run))
    store.put_decision(blocked(2, NOON + SECOND, pipeline={**run, "execution_id": "e-2"}))
    waiting = {each.decision_id: each for each in store.waiting.still()}
    store.waiting.done(waiting[name_of(1)], "resumed", "so", NOON + DAY)
    second, first = store.past.decisions(NOON, NOON + DAY)
    assert first.came_of == CameOf("resumed", NOON + DAY)
    assert second.came_of is None
    assert [each.decision_id for each in store.waiting.still()] == [name_of(2)]


def test_to_look_at_who_waits_writes_nothing(store: Store, client: TableClient) -> None:
    store.put_decision(blocked(1, pipeline={"name": "a", "region": "us-east-1", "stage": "Gate", "execution_id": "e"}))
    (waiting,) = store.waiting.still()
    store.waiting.done(waiting, "resumed", "so", NOON)
    before = everything(client)
    assert store.waiting.still() == []
    assert everything(client) == before


def seen_days(client: TableClient) -> list[tuple[str, str]]:
    return sorted((pk, item["arn"]) for (pk, _sk), item in everything(client).items() if pk.startswith("SEEN#"))


def test_an_event_is_listed_once_on_each_day_that_it_is_written(store: Store, client: TableClient) -> None:
    written: list[int] = []

    def save(number: int, at: datetime) -> None:
        store.events.save(key(), told(number, type_code=f"T{number}", status="open", scope="PUBLIC"), now=at)
        written.append(sum("SEEN" in str(item) for item in seen_days(client)))

    for number, moment in enumerate((NOON, NOON + SECOND, NOON + DAY, NOON + DAY + SECOND, NOON + 3 * DAY)):
        save(number, moment)
    assert written == [1, 1, 2, 2, 3]
    assert [day for day, _arn in seen_days(client)] == ["SEEN#2026-03-02", "SEEN#2026-03-03", "SEEN#2026-03-05"]


def test_the_first_write_of_a_day_takes_no_more_calls_than_any_other(store: Store, client: TableClient) -> None:
    store.events.save(key(), told(1, type_code="T1", status="open", scope="PUBLIC"), now=NOON)
    calls = []
    for number, moment in enumerate((NOON + SECOND, NOON + DAY), start=2):
        client.reset()
        store.events.save(key(), told(number, type_code=f"T{number}"), now=moment)
        calls.append(dict(client.calls))
    assert calls[0] == calls[1] == {"get_item": 1, "transact_write_items": 1}


def test_a_record_that_stays_as_it_is_is_not_listed_again(store: Store, client: TableClient) -> None:
    for moment in (NOON, NOON + DAY):
        store.events.save(key(), told(1, type_code="T1", status="open", scope="PUBLIC"), now=moment)
    assert len(seen_days(client)) == 1


def keys_of(found: Iterator[EventKey]) -> list[EventKey]:
    return list(found)


def test_the_events_of_a_range_are_those_written_in_it_and_those_open(store: Store) -> None:
    for number, moment in ((1, NOON - 3 * DAY), (2, NOON), (3, NOON + 3 * DAY), (4, NOON - 9 * DAY)):
        event = key(number)
        store.events.save(event, told(event=event, status="closed", scope="PUBLIC"), now=moment)
    store.events.save(key(5), told(event=key(5), status="open", scope="PUBLIC"), now=NOON - 9 * DAY)
    store.events.save(key(6), told(event=key(6), **SPECIFIC), now=NOON, belongings=complete(ME))
    found = keys_of(store.past.events(NOON - DAY, NOON + DAY))
    assert sorted(found) == [key(2), key(5), key(6)]
    assert [record.key for record in store.past.records(found)] == found


def test_an_event_and_all_that_belongs_to_it(store: Store) -> None:
    entities = {
        keys.entity(account, value): {"account": account, "value": value, "status": "IMPAIRED"}
        for account, value in ((OTHER, "i-2"), (ME, "i-1"), (ME, "i-0"))
    }
    belongings = Belongings(
        accounts=SetReading({OTHER: {}, ME: {}}, stamp(0), complete=True),
        entities=SetReading(entities, stamp(0), complete=True),
        text=("What happened.", stamp(0)),
    )
    store.events.save(key(1), told(event=key(1), **SPECIFIC), now=NOON, belongings=belongings)
    store.events.save(key(2), told(event=key(2), **SPECIFIC), now=NOON)
    assert list(store.past.accounts(key(1))) == [ME, OTHER]
    told_of = [Affected(ME, "i-0", "IMPAIRED"), Affected(ME, "i-1", "IMPAIRED"), Affected(OTHER, "i-2", "IMPAIRED")]
    assert list(store.past.entities(key(1))) == told_of
    assert store.past.texts([key(1), key(2)]) == {key(1): "What happened."}
    assert list(store.past.accounts(key(2))) == []


def test_days_are_read_in_order_whatever_the_time_of_day(store: Store) -> None:
    late = NOON.replace(hour=23, minute=59) + timedelta(seconds=59)
    store.put_decision(decision(1, late))
    store.put_decision(decision(2, late + SECOND))
    assert [each.id for each in store.past.decisions(late, late + 2 * SECOND)] == [name_of(2), name_of(1)]


def test_days_with_decisions_or_events_come_the_oldest_first(store: Store) -> None:
    store.put_decision(decision(1, NOON - 5 * DAY))
    store.put_decision(decision(2, NOON))
    for number, moment in ((1, NOON - 7 * DAY), (2, NOON - 5 * DAY), (3, NOON + DAY)):
        store.events.save(key(number), told(event=key(number), status="closed", scope="PUBLIC"), now=moment)
    today = NOON.date()
    assert list(store.past.days(today + DAY)) == [today - 7 * DAY, today - 5 * DAY, today]
    assert list(store.past.days(today - 7 * DAY)) == []
    assert list(store.past.days(date.min)) == []


def test_decisions_from_before_events_are_kept_have_their_days_too(store: Store) -> None:
    store.put_decision(decision(1, NOON - 2000 * DAY))
    assert list(store.past.days(NOON.date())) == [NOON.date() - 2000 * DAY]


def test_the_last_day_is_that_of_a_poll_or_of_a_decision(store: Store) -> None:
    assert store.past.last_day() is None
    store.put_decision(decision(1, NOON - DAY))
    store.put_decision(decision(2, NOON - 2 * DAY))
    assert store.past.last_day() == NOON.date() - DAY
    store.states.commit_poll(NOON, full=False)
    assert store.past.last_day() == NOON.date()
    store.put_decision(decision(3, NOON + DAY))
    assert store.past.last_day() == NOON.date() + DAY


def test_the_events_of_a_day_in_order_of_region_and_arn(store: Store) -> None:
    for number in (3, 1, 2):
        store.events.save(key(number), told(event=key(number), status="open", scope="PUBLIC"), now=NOON)
    assert list(store.past.seen(NOON.date())) == [key(1), key(2), key(3)]
    assert list(store.past.seen(NOON.date() + DAY)) == []


def test_decisions_are_given_whole_the_newest_first(store: Store) -> None:
    made = [decision(number, NOON + number * SECOND) for number in range(20)]
    made[10]["request"] = {**made[10]["request"], "source": random.Random(1).randbytes(700_000).hex()}  # noqa: S311  what no compression makes fit one item
    for one in made:
        store.put_decision(one)
    assert list(store.past.whole(NOON, NOON + 20 * SECOND)) == made[::-1]
    assert list(store.past.whole(NOON + 3 * SECOND, NOON + 5 * SECOND)) == [made[4], made[3]]
