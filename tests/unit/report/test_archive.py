"""A table's history by day: which days, which lines, under which names, and the same bytes whenever that is done."""

import gzip
import io
import json
import tracemalloc
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from org_gate.model.event import EventKey
from org_gate.report import archive
from org_gate.report.exported import read_export
from org_gate.report.exporting import decision_line
from org_gate.store import Store, StoreUnavailableError, keys
from org_gate.store.records import EVENT_DAYS
from tests.unit.decision.builders import NOW, PROD
from tests.unit.report.kept import keep
from tests.unit.report.records import record
from tests.unit.report.worlds import DAY, START, World
from tests.unit.store.tables import everything, fake_table, store_on

TODAY = NOW.date()
A_DAY = timedelta(days=1)


def put(store: Store, *moments: datetime) -> list[dict[str, Any]]:
    made = [record(moment, number=number) for number, moment in enumerate(moments, start=1)]
    for one in made:
        store.put_decision(one)
    return made


def packed(store: Store, kind: str, day: date) -> bytes:
    file = io.BytesIO()
    archive.pack(archive.lines(store, kind, day), file)
    return file.getvalue()


def read(store: Store, kind: str, day: date) -> list[dict[str, Any]]:
    return [json.loads(line) for line in archive.lines(store, kind, day)]


def test_the_days_with_decisions_or_events_the_oldest_first() -> None:
    store = store_on(fake_table())
    put(store, NOW - 3 * DAY, NOW - 9 * DAY, NOW)
    for days in (-5, -3, 1):
        keep(store, f"arn:{days}", days * 86_400)
    whole = [TODAY + days * A_DAY for days in (-9, -5, -3, 0, 1)]
    assert list(store.past.days(TODAY + 2 * A_DAY)) == whole
    assert list(store.past.days(TODAY + A_DAY)) == whole[:-1]
    assert list(store.past.days(TODAY)) == whole[:-2]
    assert list(store.past.days(TODAY - 9 * A_DAY)) == []


def test_of_an_empty_table_there_is_nothing() -> None:
    store = store_on(fake_table())
    assert list(store.past.days(TODAY)) == []
    assert [list(archive.lines(store, kind, TODAY)) for kind in archive.KINDS] == [[], []]
    assert gzip.decompress(packed(store, "events", TODAY)) == b""


def test_the_oldest_events_that_are_kept_are_found() -> None:
    store = store_on(fake_table())
    keep(store, "arn:1", 0)
    before = TODAY + EVENT_DAYS * A_DAY
    assert list(store.past.days(before)) == [TODAY]


def test_a_days_first_and_last_second_are_its_own() -> None:
    store = store_on(fake_table())
    midnight = datetime(2026, 3, 2, tzinfo=UTC)
    second = timedelta(seconds=1)
    made = put(store, midnight - second, midnight, midnight + DAY - second, midnight + DAY)
    found = list(archive.lines(store, "decisions", midnight.date()))
    assert found == [decision_line(one) for one in (made[2], made[1])]


def test_a_days_events_are_those_written_on_it_with_all_accounts() -> None:
    store = store_on(fake_table())
    keep(store, "arn:b", 0, frozenset({PROD, "999999999999"}))
    keep(store, "arn:a", 5)
    keep(store, "arn:c", 86_400)
    keep(store, "arn:a", 86_400, status="closed")
    assert [(one["arn"], one["accounts"]) for one in read(store, "events", TODAY)] == [
        ("arn:a", []),
        ("arn:b", [PROD, "999999999999"]),
    ]
    assert [(one["arn"], one["status"]) for one in read(store, "events", TODAY + A_DAY)] == [
        ("arn:a", "closed"),
        ("arn:c", "open"),
    ]


def test_an_event_without_a_last_update_is_left_out() -> None:
    store = store_on(fake_table())
    keep(store, "arn:a", 0)
    item = everything_of(store)
    item["facts"].pop("last_updated")
    store._table.put(item)
    assert read(store, "events", TODAY) == []


def everything_of(store: Store) -> dict[str, Any]:
    found = store._table.get(keys.record(EventKey("arn:a", "us-east-1")))
    assert found
    return found


@pytest.mark.parametrize("seed", range(5))
def test_the_days_together_are_what_the_table_holds(seed: int) -> None:
    world = World(seed)
    days = list(world.store.past.days(START.date() + 30 * A_DAY))
    lines = [line.encode() for kind in archive.KINDS for day in days for line in archive.lines(world.store, kind, day)]
    events, decisions = read_export(lines, "the archive")
    held = everything(world.client)
    ids = [item["decision_id"] for (pk, sk), item in held.items() if pk.startswith("DECISION#") and sk == "RECORD"]
    assert Counter(one.decision_id for one in decisions) == Counter(ids)
    seen = [(item["arn"], item["region"]) for (pk, _), item in held.items() if pk.startswith("SEEN#")]
    assert Counter(event.key for event in events) == Counter(seen)
    for event in events:
        name = keys.event(event.key)
        affected = {sk.removeprefix("ACCOUNT#") for pk, sk in held if pk == name and sk.startswith("ACCOUNT#")}
        assert event.accounts == affected


def test_the_same_table_gives_the_same_bytes() -> None:
    """However it was filled, and whatever the file is called."""
    days = [START.date() + days * A_DAY for days in range(7)]
    stores = [World(3, decisions=40, events=10).store for _ in range(2)]
    one, other = ([packed(store, kind, day) for kind in archive.KINDS for day in days] for store in stores)
    assert one == other
    assert (one[0][3], one[0][4:8]) == (0, b"\0\0\0\0")  # no name, no time


def test_order_does_not_depend_on_how_the_table_was_filled() -> None:
    forwards, backwards = store_on(fake_table()), store_on(fake_table())
    made = [record(NOW + timedelta(seconds=n // 3), number=n + 1) for n in range(40)]
    for store, records in ((forwards, made), (backwards, made[::-1])):
        for one in records:
            store.put_decision(one)
    assert packed(forwards, "decisions", TODAY) == packed(backwards, "decisions", TODAY)


def test_names_are_as_tables_by_day_expect_them() -> None:
    day = date(2026, 3, 2)
    assert [archive.key(kind, day) for kind in archive.KINDS] == [
        "decisions/day=2026-03-02/decisions.jsonl.gz",
        "events/day=2026-03-02/events.jsonl.gz",
    ]


def test_lines_are_counted() -> None:
    file = io.BytesIO()
    assert archive.pack(["a\n", "b\n"], file) == 2
    assert gzip.decompress(file.getvalue()) == b"a\nb\n"


def test_a_table_that_ends_half_way_is_told() -> None:
    client = fake_table()
    store = store_on(client)
    put(store, NOW)

    def denied(_operation: str) -> None:
        raise StoreUnavailableError("query", "AccessDenied", "no")

    client.before = denied
    with pytest.raises(StoreUnavailableError):
        packed(store, "decisions", TODAY)


def test_an_event_of_ten_thousand_accounts_is_a_line_of_150_kb() -> None:
    store = store_on(fake_table())
    accounts = frozenset(f"{number:012d}" for number in range(10_000))
    keep(store, "arn:a", 0, accounts)
    (line,) = archive.lines(store, "events", TODAY)
    assert json.loads(line)["accounts"] == sorted(accounts)
    assert 150_000 < len(line) < 151_000


def test_a_day_is_never_in_memory_as_a_whole() -> None:
    """Records of 100 kB: the lines of a day are made with a small part of what they are together."""
    client = fake_table()
    store = store_on(client)
    many = 400
    for number in range(many):
        one = record(NOW, number=number + 1)
        one["request"]["source"] = f"{number}" * 25_000
        store.put_decision(one)
    tracemalloc.start()
    try:
        total = sum(map(len, archive.lines(store, "decisions", TODAY)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < total / 25, (peak, total)


def test_every_read_is_of_that_day_alone() -> None:
    client = fake_table()
    store = store_on(client)
    put(store, *(NOW + days * DAY for days in range(20)))
    client.reset()
    assert len(read(store, "decisions", TODAY)) == 1
    assert client.reads <= 1 + 8 + 1 + 8  # the marks, the shards of the day, the records; at most those of one more
