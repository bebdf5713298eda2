"""Decisions: written once, found by id, listed by account, pipeline and for everybody, page by page."""

import base64
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from org_gate.model.times import format_time
from org_gate.store import ConflictError, Store
from org_gate.store.decision_list import MOST_DAYS, MOST_READ
from tests.unit.store.tables import Killed, TableClient, everything, store_on

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
ME, OTHER = "111122223333", "444455556666"
ORDERS = {"name": "orders", "region": "us-east-1"}


@pytest.fixture
def client(either: TableClient) -> TableClient:
    return either


@pytest.fixture
def store(client: TableClient) -> Store:
    return store_on(client)


def name_of(number: int) -> str:
    return f"d-{number:032x}"


def decision(
    number: int,
    at: datetime = NOON,
    *,
    caller: str = ME,
    pipeline: dict[str, Any] | None = ORDERS,
    targets: tuple[str, ...] = (ME,),
    **more: Any,
) -> dict[str, Any]:
    answer = {"verdict": "block", "would_be": "block", "mode": "enforce", "summary": "…", "exempt": False}
    return {
        "decision_id": name_of(number),
        "caller": caller,
        "at": format_time(at),
        "request": {"caller": caller, "targets": [], "pipeline": pipeline, "source": None},
        "accounts": [{"id": ME, "ou_path": "Workloads/Prod", "ou_ids": [], "tags": None}],
        "decision": {**answer, "policy_version": 7, "targets": [{"account": name} for name in targets]},
        **more,
    }


def listed(
    store: Store,
    *,
    account: str | None = None,
    pipeline: tuple[str | None, str] | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
    limit: int = 10,
) -> list[list[str]]:
    """The ids, page by page."""
    pages: list[list[str]] = []
    after = None
    while True:
        entries, after = store.decisions(account, pipeline, since, until, after, limit)
        pages.append([entry["decision_id"] for entry in entries])
        assert len(pages[-1]) <= limit
        if after is None:
            return pages


def names(pages: list[list[str]]) -> list[str]:
    return [name for page in pages for name in page]


def test_a_decision_is_found_by_id_and_expires_everywhere(store: Store, client: TableClient) -> None:
    store.put_decision(decision(1))
    store.put_decision(decision(2, pipeline=None))
    assert store.decision(name_of(1)) == decision(1)
    assert store.decision(name_of(3)) is None
    partitions = {pk.split("#")[0] for pk, _ in everything(client)}
    assert partitions == {"DECISION", "DECISIONS", "PIPELINE", "DAY", "DAYS"}
    end = int(NOON.timestamp()) + 400 * 86400
    assert all(item["expires"] >= end for item in everything(client).values())
    assert {item["expires"] for (pk, _), item in everything(client).items() if pk != "DAYS"} == {end}


def test_decisions_are_append_only(store: Store) -> None:
    store.put_decision(decision(1))
    with pytest.raises(ConflictError):
        store.put_decision(decision(1, gate={}))
    assert store.decision(name_of(1)) == decision(1)
    assert names(listed(store)) == [name_of(1)]


def test_a_decision_of_any_size_fits(store: Store, client: TableClient) -> None:
    noise = random.Random(7).randbytes(600_000).hex()  # noqa: S311  only not to be compressible
    store.put_decision(decision(1, events=[noise]))
    store.put_decision(decision(2))
    assert store.decision(name_of(1)) == decision(1, events=[noise])
    assert len([key for key in everything(client) if key[0] == f"DECISION#{name_of(1)}"]) > 1
    assert recent(store, 5, NOON) == [decision(2), decision(1, events=[noise])]


def test_an_entry_tells_what_a_list_shows(store: Store) -> None:
    store.put_decision(decision(1, targets=(OTHER, ME, ME)))
    expected = {
        "decision_id": name_of(1),
        "account": ME,
        "at": "2026-03-02T12:00:00Z",
        "pipeline": {"name": "orders", "region": "us-east-1"},
        "verdict": "block",
        "would_be": "block",
        "mode": "enforce",
        "exempt": False,
        "summary": "…",
        "policy_version": 7,
        "ous": ["?", "Workloads/Prod"],
    }
    assert store.decisions(None, None, None, None, None, 10) == ([expected], None)
    store.put_decision(decision(2, NOON + SECOND, pipeline={"name": None, "region": "us-east-1"}))
    assert [entry["pipeline"] for entry in store.decisions(ME, None, None, None, None, 10)[0]] == [
        None,
        expected["pipeline"],
    ]


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_pages_hold_everything_once_newest_first(store: Store, limit: int) -> None:
    chance = random.Random(limit)  # noqa: S311  examples
    made = [
        decision(
            number, NOON - chance.randrange(5) * DAY - chance.randrange(3) * SECOND, caller=chance.choice((ME, OTHER))
        )
        for number in range(40)
    ]
    for record in made:
        store.put_decision(record)
    made.sort(key=lambda record: (record["at"], record["decision_id"]), reverse=True)
    assert names(listed(store, limit=limit)) == [record["decision_id"] for record in made]
    mine = [record["decision_id"] for record in made if record["caller"] == ME]
    assert names(listed(store, account=ME, limit=limit)) == mine
    for at in (NOON, NOON - SECOND, NOON - DAY, NOON - 2 * DAY - SECOND):
        inside = [one["decision_id"] for one in made if format_time(at - DAY) <= one["at"] < format_time(at)]
        assert names(listed(store, since=at - DAY, until=at, limit=limit)) == inside


def test_a_pipeline_is_listed_in_one_region_or_in_any(store: Store) -> None:
    elsewhere = {"name": "orders", "region": "eu-west-1"}
    store.put_decision(decision(1))
    store.put_decision(decision(2, NOON + MINUTE, pipeline=elsewhere))
    store.put_decision(decision(3, NOON + 2 * MINUTE, pipeline={"name": "orders", "region": None}, caller=OTHER))
    store.put_decision(decision(4, NOON + 3 * MINUTE, pipeline={"name": "billing", "region": "us-east-1"}))
    store.put_decision(decision(5, NOON + 4 * MINUTE, pipeline=None))
    for account in (ME, None):
        assert names(listed(store, account=account, pipeline=("us-east-1", "orders"))) == [name_of(1)]
    assert names(listed(store, account=ME, pipeline=(None, "orders"))) == [name_of(2), name_of(1)]
    assert names(listed(store, pipeline=(None, "orders"), limit=2)) == [name_of(3), name_of(2), name_of(1)]


def test_an_empty_span_is_an_empty_page(store: Store) -> None:
    store.put_decision(decision(1))
    assert listed(store, since=NOON, until=NOON) == [[]]
    assert listed(store, since=NOON + DAY, until=NOON - DAY) == [[]]
    assert listed(store, account=ME, since=NOON + DAY, until=NOON - DAY) == [[]]
    assert names(listed(store, since=NOON, until=NOON + SECOND)) == [name_of(1)]


def test_days_without_decisions_are_not_looked_at(quick: TableClient) -> None:
    store = store_on(quick)
    store.put_decision(decision(1))
    store.put_decision(decision(2, NOON - 300 * DAY))
    quick.reset()
    assert names(listed(store)) == [name_of(1), name_of(2)]
    assert quick.calls == {"query": 1 + 2 * 8}


def test_a_day_is_marked_once_by_a_process(quick: TableClient) -> None:
    store = store_on(quick)
    for number in range(5):
        store.put_decision(decision(number, NOON + number * SECOND))
    assert quick.calls == {"put_item": 1, "transact_write_items": 5}


def test_whoever_is_killed_leaves_a_decision_that_is_found_nowhere(quick: TableClient) -> None:
    noise = random.Random(7).randbytes(600_000).hex()  # noqa: S311  only not to be compressible
    for call in (1, 2, 3):
        store = store_on(quick)
        quick.reset()
        quick.kill_at = call
        with pytest.raises(Killed):
            store.put_decision(decision(call, events=[noise]))
        quick.reset()
        assert store.decision(name_of(call)) is None
        assert (
            listed(store) == listed(store, account=ME) == listed(store, account=ME, pipeline=(None, "orders")) == [[]]
        )


def test_a_page_reads_no_more_than_it_needs(quick: TableClient) -> None:
    store = store_on(quick)
    for number in range(2000):
        store.put_decision(decision(number, NOON - number * MINUTE, pipeline=None))
    read: list[int] = []
    query = quick._client.query

    def counting(**request: Any) -> Any:
        answer = query(**request)
        read.append(len(answer["Items"]))
        return answer

    quick._client.query = counting
    entries, after = store.decisions(None, None, None, None, None, 40)
    assert [entry["decision_id"] for entry in entries] == [name_of(number) for number in range(40)]
    assert sum(read) < 40 * 3
    assert len(read) < 20
    read.clear()
    entries, _ = store.decisions(None, None, None, None, after, 40)
    assert [entry["decision_id"] for entry in entries] == [name_of(number) for number in range(40, 80)]
    assert sum(read) < 40 * 3
    read.clear()
    assert len(store.decisions(ME, None, None, None, None, 40)[0]) == 40
    assert (len(read), sum(read)) == (1, 60)


def test_a_page_that_looks_at_too_much_is_short_and_the_next_goes_on(quick: TableClient) -> None:
    store = store_on(quick)
    for number in range(MOST_READ + 500):
        store.put_decision(decision(number, NOON - number * SECOND, pipeline=None))
    store.put_decision(decision(999_999, NOON - DAY))
    assert listed(store, pipeline=("us-east-1", "orders")) == [[], [name_of(999_999)]]


def test_so_is_one_that_looks_at_too_many_days(quick: TableClient) -> None:
    store = store_on(quick)
    days = MOST_DAYS + 5
    for number in range(days):
        store.put_decision(decision(number, NOON - number * DAY))
    pages = listed(store, limit=1000)
    assert [len(page) for page in pages] == [MOST_DAYS, 5]
    assert names(pages) == [name_of(number) for number in range(days)]
    exactly = listed(store, since=NOON - (MOST_DAYS - 1) * DAY, limit=MOST_DAYS)
    assert [len(page) for page in exactly] == [MOST_DAYS]


def test_what_is_decided_meanwhile_moves_no_page(store: Store) -> None:
    for number in range(6):
        store.put_decision(decision(number, NOON - number * SECOND))
    _, after = store.decisions(None, None, None, None, None, 3)
    store.put_decision(decision(100, NOON + SECOND))
    entries, _ = store.decisions(None, None, None, None, after, 3)
    assert [entry["decision_id"] for entry in entries] == [name_of(3), name_of(4), name_of(5)]


def _encoded(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "x",
        "é",
        "DECISIONS#444455556666",
        _encoded(""),
        _encoded("2026-03-02"),
        _encoded("2026-13-02T12:00:00Z#d-1"),
        _encoded("2026-03-02T12:00:00+00:00#d-1"),
        _encoded("2026-03-02T12:00:00Z#"),
        _encoded("2026-03-02T12:00:00Z#\U0010ffff"),
        _encoded("2026-03-02T12:00:00Z#d-1\n"),
        _encoded("2026-03-02T12:00:00Z#" + "d" * 200),
        _encoded("2026-03-02T12:00:00Z#d-1") + "=",
        " " + _encoded("2026-03-02T12:00:00Z#d-1"),
        "A" * 1_000_000,
    ],
)
def test_a_token_that_was_never_given_is_refused(quick: TableClient, token: str) -> None:
    with pytest.raises(ValueError, match="token"):
        store_on(quick).decisions(ME, None, None, None, token, 10)
    assert quick.calls.total() == 0


def test_a_token_opens_nothing_that_is_not_asked_for(store: Store) -> None:
    for number in range(4):
        store.put_decision(decision(number, NOON - number * SECOND, caller=OTHER if number % 2 else ME))
    _, after = store.decisions(None, None, None, None, None, 1)
    entries, end = store.decisions(OTHER, None, None, None, after, 10)
    assert {entry["account"] for entry in entries} == {OTHER}
    assert end is None
    future = _encoded("2999-01-01T00:00:00Z#d-1")
    entries, _ = store.decisions(ME, None, NOON - 2 * SECOND, NOON, future, 10)
    assert [entry["decision_id"] for entry in entries] == [name_of(2)]


def recent(store: Store, limit: int, now: datetime) -> list[dict[str, Any]]:
    return store.several_decisions(store.recent_decision_ids(limit, now))


def test_recent_decisions_are_whole_and_not_older_than_30_days(store: Store, client: TableClient) -> None:
    for number, age in enumerate([timedelta(0), DAY, 30 * DAY, 30 * DAY + SECOND]):
        store.put_decision(decision(number, NOON - age, gate={"version": str(number)}))
    assert [record["gate"]["version"] for record in recent(store, 100, NOON)] == ["0", "1", "2"]
    client.reset()
    assert recent(store, 1, NOON) == [decision(0, gate={"version": "0"})]
    assert client.calls == {"query": 1 + 8, "batch_get_item": 1}
    assert recent(store, 10, NOON + 60 * DAY) == []
