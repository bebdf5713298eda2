"""Deployments that wait: with their decision or not at all, one look at a time, each retry claimed once."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from org_gate.model.request import Pipeline, Request, Target
from org_gate.model.times import format_time
from org_gate.model.waiting import Deployment, Waiting
from org_gate.store import ConflictError, Store
from tests.unit.store.tables import TABLE, Killed, TableClient, everything, fake_table, store_on

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
ME = "111122223333"
GATE: dict[str, Any] = {"version": "1", "on_block": "fail"}
Step = Callable[[Store], None]
ORDERS = Deployment(ME, "us-east-1", "orders", "Gate", "e-1")


@pytest.fixture
def client(either: TableClient) -> TableClient:
    return either


@pytest.fixture
def store(client: TableClient) -> Store:
    return store_on(client)


def record(
    number: int,
    at: datetime = NOON,
    verdict: str = "block",
    *,
    mode: str = "enforce",
    gate: dict[str, Any] | None = GATE,
    pipeline: str = "orders",
    left_out: str = "",
) -> dict[str, Any]:
    told: dict[str, str | None] = {
        "name": pipeline,
        "region": "us-east-1",
        "stage": "Gate",
        "action": "Check",
        "execution_id": "e-1",
    }
    told |= {left_out: None} if left_out else {}
    decision = {"verdict": verdict, "would_be": verdict, "mode": mode, "summary": "…", "exempt": False}
    target = {"account": ME, "region": "us-east-1", "services": ["RDS"], "availability_zones": []}
    return {
        "decision_id": f"d-{number:032x}",
        "caller": ME,
        "at": format_time(at),
        "gate": gate,
        "request": {"caller": ME, "targets": [target], "pipeline": told, "source": None},
        "accounts": [],
        "decision": {**decision, "policy_version": 1, "targets": [{"account": ME}]},
    }


def only(store: Store, now: datetime = NOON) -> Waiting:
    (found,) = store.waiting.all(now)
    return found


def test_what_a_gate_failed_waits_with_its_request(store: Store) -> None:
    store.put_decision(record(1))
    assert only(store) == Waiting(
        deployment=ORDERS,
        decision_id=record(1)["decision_id"],
        action="Check",
        request=Request(
            ME, (Target(ME, "us-east-1", ("RDS",)),), Pipeline("orders", "us-east-1", "Gate", "Check", "e-1")
        ),
        failed_at=NOON,
        since=NOON,
    )
    assert store.waiting.one(ORDERS) == only(store)
    assert store.waiting.one(ORDERS._replace(execution_id="e-2")) is None
    assert store.waiting.count() == 1


@pytest.mark.parametrize(
    "told",
    [
        record(1, verdict="warn"),
        record(1, mode="shadow"),
        record(1, gate=None),
        record(1, gate={"version": "1", "on_block": "hold"}),
        record(1, gate={"version": "1", "on_block": "condition"}),
        *(record(1, left_out=name) for name in ("name", "region", "stage", "execution_id")),
    ],
)
def test_nothing_else_waits(told: dict[str, Any]) -> None:
    store = store_on(fake_table())
    store.put_decision(told)
    assert store.waiting.all(NOON) == []


def test_a_decision_that_its_gate_does_not_fail_ends_it(store: Store) -> None:
    store.put_decision(record(1))
    store.put_decision(record(2, NOON + MINUTE, "allow"))
    assert store.waiting.all(NOON) == []
    assert (store.waiting.count(), store.waiting.one(ORDERS)) == (0, None)
    store.put_decision(record(3, NOON + 2 * MINUTE))
    assert only(store).since == NOON + 2 * MINUTE, "it waits anew"


def test_what_one_gate_of_a_stage_lets_through_another_has_failed_all_the_same(store: Store) -> None:
    store.put_decision(record(1))
    other = record(2, NOON + MINUTE, "allow")
    other["request"]["pipeline"]["action"] = "AnotherGate"
    store.put_decision(other)
    assert only(store).decision_id == record(1)["decision_id"]


def test_let_through_after_its_retry_was_claimed_it_was_resumed_though_nobody_said_so(store: Store) -> None:
    for number, claimed in ((1, True), (2, False)):
        pipeline, at = f"orders-{number}", NOON + 3 * number * MINUTE
        store.put_decision(record(number, pipeline=pipeline))
        deployment = ORDERS._replace(pipeline=pipeline)
        store.waiting.begin_look(at)
        store.waiting.hand_out([waits(store, deployment)], at, NOON)
        if claimed:
            assert store.waiting.claim(waits(store, deployment), at, at, at + MINUTE)
        store.put_decision(record(10 + number, at + MINUTE, "allow", pipeline=pipeline))
        assert store.waiting.one(deployment) is None
    told = store.waiting.ended(record(1)["decision_id"])
    assert told is not None
    assert (told.outcome, told.at) == ("resumed", NOON + 4 * MINUTE)
    assert store.waiting.ended(record(2)["decision_id"]) is None


def waits(store: Store, deployment: Deployment) -> Waiting:
    found = store.waiting.one(deployment)
    assert found is not None
    return found


def test_failed_again_by_a_persons_retry_it_goes_on_waiting_and_settles_anew(store: Store) -> None:
    store.put_decision(record(1))
    store.waiting.mark_clear([only(store)], NOON + MINUTE)
    assert only(store).clear_since == NOON + MINUTE
    store.put_decision(record(2, NOON + 2 * MINUTE))
    found = only(store)
    assert (found.since, found.failed_at, found.clear_since) == (NOON, NOON + 2 * MINUTE, None)
    assert found.resumed_at is None


def test_failed_again_after_it_was_resumed_it_says_so(store: Store) -> None:
    store.put_decision(record(1))
    first = only(store)
    hand_out(store, first, NOON + MINUTE)
    assert claim(store, first, NOON + MINUTE)
    store.waiting.done(first, "resumed", "…", NOON + MINUTE)
    assert store.waiting.all(NOON + MINUTE) == []
    store.put_decision(record(2, NOON + 2 * MINUTE))
    found = only(store)
    assert (found.since, found.resumed_at, found.handed_at, found.claimed_at) == (NOON, NOON + MINUTE, None, None)
    store.put_decision(record(3, NOON + 3 * MINUTE))
    assert only(store).resumed_at == NOON + MINUTE


def test_a_decision_that_comes_in_late_changes_nothing(store: Store) -> None:
    store.put_decision(record(2, NOON + MINUTE))
    store.put_decision(record(1, NOON, "allow"))
    assert only(store).decision_id == record(2)["decision_id"]
    assert store.decision(record(1)["decision_id"]) is not None


def test_a_decision_is_recorded_though_its_deployment_is_changed_in_the_same_moment() -> None:
    client = fake_table()
    store, other = store_on(client), store_on(client)
    store.put_decision(record(1))
    tries = iter([None])

    def between(operation: str) -> None:
        if operation == "transact_write_items" and next(tries, "done") is None:
            other.put_decision(record(2, NOON + MINUTE))

    client.before = between
    store.put_decision(record(3, NOON + 2 * MINUTE))
    assert only(store).decision_id == record(3)["decision_id"]
    with pytest.raises(ConflictError):
        store.put_decision(record(3, NOON + 2 * MINUTE))


def test_a_decision_and_its_waiting_are_written_together() -> None:
    whole = fake_table()
    store_on(whole).put_decision(record(1))
    for call in range(1, whole.calls.total() + 1):
        client = fake_table()
        client.kill_at = call
        with pytest.raises(Killed):
            store_on(client).put_decision(record(1))
        client.reset()
        store = store_on(client)
        assert store.waiting.all(NOON) == []
        assert store.decision(record(1)["decision_id"]) is None


def hand_out(store: Store, waiting: Waiting, at: datetime) -> None:
    assert store.waiting.begin_look(at) is not None
    store.waiting.hand_out([waiting], at, at - MINUTE)


def claim(store: Store, waiting: Waiting, at: datetime) -> bool:
    return store.waiting.claim(waiting, at, at, at + MINUTE)


def test_one_look_at_a_time_and_never_an_older_one(store: Store) -> None:
    assert store.waiting.begin_look(NOON + MINUTE) == []
    assert store.waiting.begin_look(NOON + MINUTE) is None
    assert store.waiting.begin_look(NOON) is None
    store.put_decision(record(1))
    assert store.waiting.begin_look(NOON + 2 * MINUTE) == []
    with pytest.raises(ConflictError):
        store.waiting.hand_out([only(store)], NOON + MINUTE, NOON)
    assert only(store).handed_at is None


def test_what_was_handed_out_counts_until_it_is_forgotten(store: Store) -> None:
    for number in range(3):
        store.put_decision(record(number, pipeline=f"p{number}"))
    store.waiting.begin_look(NOON)
    store.waiting.hand_out(store.waiting.all(NOON), NOON, NOON - MINUTE)
    assert {one.handed_at for one in store.waiting.all(NOON)} == {NOON}
    assert store.waiting.begin_look(NOON + MINUTE / 2) == [NOON] * 3
    store.waiting.hand_out(store.waiting.all(NOON)[:1], NOON + MINUTE / 2, NOON)
    assert store.waiting.begin_look(NOON + MINUTE) == [NOON + MINUTE / 2]


def test_a_handing_out_is_claimed_once_and_only_the_latest(store: Store) -> None:
    store.put_decision(record(1))
    first = only(store)
    assert not claim(store, first, NOON), "nobody handed it out"
    hand_out(store, first, NOON)
    assert [claim(store, first, NOON) for _ in range(2)] == [True, False]
    hand_out(store, first, NOON + MINUTE)
    assert not claim(store, first, NOON)
    assert [claim(store, first, NOON + MINUTE) for _ in range(2)] == [True, False]
    store.put_decision(record(2, NOON + 2 * MINUTE))
    assert not claim(store, first, NOON + MINUTE)


def test_what_was_claimed_counts_as_of_then_though_it_waits_no_longer(store: Store) -> None:
    for number in range(2):
        store.put_decision(record(number, pipeline=f"p{number}"))
    first, second = store.waiting.all(NOON)
    store.waiting.begin_look(NOON)
    store.waiting.hand_out([first, second], NOON, NOON - MINUTE)
    late = NOON + MINUTE / 2
    assert store.waiting.claim(first, NOON, late, NOON + MINUTE)
    handed = store.waiting.begin_look(late) or []
    found, recent = store.waiting.all_and_recent(late, handed)
    assert (len(found), sorted(recent)) == (2, [NOON, late])
    store.waiting.done(first, "resumed", "…", late)
    found, recent = store.waiting.all_and_recent(late, ())
    assert (found, recent) == ([store.waiting.one(second.deployment)], [late])


def test_what_was_claimed_counts_as_of_then_though_it_was_decided_anew(store: Store) -> None:
    store.put_decision(record(1))
    hand_out(store, only(store), NOON)
    assert store.waiting.claim(only(store), NOON, NOON + MINUTE / 2, NOON + MINUTE)
    for number, at in ((2, NOON + MINUTE), (3, NOON + 2 * MINUTE)):
        store.put_decision(record(number, at))
        assert store.waiting.all_and_recent(at, [NOON, NOON])[1] == [NOON, NOON + MINUTE / 2]


def test_a_handing_out_that_found_nothing_to_resume_takes_no_ones_place_in_a_wave(store: Store) -> None:
    """W2: its execution was stopped, or another came after it, so nothing was retried for it and nothing can be."""
    for number in range(3):
        store.put_decision(record(number, pipeline=f"p{number}"))
    first, second, third = store.waiting.all(NOON)
    store.waiting.begin_look(NOON)
    store.waiting.hand_out([first, second, third], NOON, NOON - MINUTE)
    store.waiting.done(first, "skipped", "it was stopped", NOON)
    assert store.waiting.claim(second, NOON, NOON, NOON + MINUTE)
    store.waiting.done(second, "resumed", "…", NOON)
    assert store.waiting.all_and_recent(NOON, [NOON] * 3)[1] == [NOON, NOON]
    assert not store.waiting.claim(first, NOON, NOON, NOON + MINUTE)


def test_what_was_read_with_the_state_is_not_read_again(client: TableClient, store: Store) -> None:
    for number, verdict in enumerate(("block", "block", "allow", "allow")):
        _, before = store.state_and_waiting(ORDERS)
        client.reset()
        store.put_decision(record(number, NOON + number * MINUTE, verdict), before)
        assert client.reads == 0
    assert store.waiting.all(NOON) == []


def _waits(store: Store) -> None:
    store.put_decision(record(1))


def _is_claimed(store: Store) -> None:
    store.waiting.begin_look(NOON)
    store.waiting.hand_out([only(store)], NOON, NOON - MINUTE)
    assert claim(store, only(store), NOON)


def _ends(store: Store) -> None:
    store.waiting.done(only(store), "skipped", "it is gone", NOON + MINUTE / 2)


@pytest.mark.parametrize(
    ("verdict", "first", "meanwhile"),
    [
        ("block", [], [_waits]),
        ("block", [], [_waits, _is_claimed]),
        *((verdict, [_waits], [step]) for verdict in ("allow", "block") for step in (_is_claimed, _ends)),
    ],
)
def test_what_changed_since_it_was_read_is_read_again(
    store: Store, verdict: str, first: list[Step], meanwhile: list[Step]
) -> None:
    """As though it had been read only then."""
    late = store_on(fake_table())
    for step in first:
        step(store)
    _, before = store.state_and_waiting(ORDERS)
    for step in meanwhile:
        step(store)
    for step in (*first, *meanwhile):
        step(late)
    store.put_decision(record(2, NOON + MINUTE, verdict), before)
    late.put_decision(record(2, NOON + MINUTE, verdict))
    assert store.waiting.still() == late.waiting.still()
    assert store.waiting.ended(record(1)["decision_id"]) == late.waiting.ended(record(1)["decision_id"])


def test_what_began_to_wait_while_another_question_let_it_through_is_for_the_next_look(store: Store) -> None:
    """A job that came twice may have been answered by either."""
    _, before = store.state_and_waiting(ORDERS)
    _waits(store)
    store.put_decision(record(2, NOON + MINUTE, "allow"), before)
    assert only(store).decision_id == record(1)["decision_id"]


@pytest.mark.parametrize(("later", "since"), [(NOON, NOON), (NOON + MINUTE / 60, None)])
def test_a_look_that_another_overtook_marks_nothing_clear(
    store: Store, later: datetime, since: datetime | None
) -> None:
    """The other one may have found it blocked, and wrote nothing, as nothing was marked then."""
    store.put_decision(record(1))
    store.waiting.begin_look(NOON)
    seen = [only(store)]
    store.waiting.begin_look(later)
    store.waiting.mark_clear(seen, NOON)
    assert only(store).clear_since == since


def test_what_another_look_marked_stays_where_one_is_overtaken(client: TableClient, store: Store) -> None:
    store.put_decision(record(1))
    store.waiting.begin_look(NOON)
    seen, reads = [only(store)], client.calls["get_item"]

    def other_look(operation: str) -> None:
        if operation == "get_item" and client.calls["get_item"] == reads + 1:
            other = store_on(client)
            other.waiting.begin_look(NOON + MINUTE)
            other.waiting.mark_blocked(other.waiting.all(NOON + MINUTE))
            other.waiting.mark_clear(other.waiting.all(NOON + MINUTE), NOON + MINUTE)

    client.before = other_look
    store.waiting.mark_clear(seen, NOON)
    assert only(store).clear_since == NOON + MINUTE


def test_nothing_is_claimed_once_a_look_began_to_which_its_handing_out_counts_no_more(store: Store) -> None:
    store.put_decision(record(1))
    hand_out(store, only(store), NOON)
    store.waiting.begin_look(NOON + MINUTE)
    assert not store.waiting.claim(only(store), NOON, NOON + MINUTE / 2, NOON + MINUTE)


def test_one_that_an_earlier_version_wrote_is_read(store: Store, client: TableClient) -> None:
    store.put_decision(record(1))
    ((pk, sk),) = [key for key in everything(client) if key[0].startswith("WAITING")]
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    item = client.get_item(TableName=TABLE, Key=key, ConsistentRead=True)["Item"]
    del item["retried_at"]
    client.put_item(TableName=TABLE, Item=item)
    assert store.waiting.all_and_recent(NOON, [NOON]) == ([only(store)], [NOON])


def test_what_is_told_of_an_earlier_decision_changes_nothing(store: Store, client: TableClient) -> None:
    store.put_decision(record(1))
    first = only(store)
    store.put_decision(record(2, NOON + MINUTE))
    before = everything(client)
    store.waiting.mark_clear([first], NOON)
    store.waiting.mark_blocked([first])
    store.waiting.hold_until(first, NOON)
    assert everything(client) == before
    store.waiting.done(first, "skipped", "superseded", NOON + MINUTE)
    assert only(store).decision_id == record(2)["decision_id"]
    assert store.waiting.ended(first.decision_id) == ("skipped", "superseded", NOON + MINUTE)
    assert store.waiting.ended(record(2)["decision_id"]) is None


def test_what_waits_no_longer_is_removed_after_a_while(store: Store, client: TableClient) -> None:
    store.put_decision(record(1))
    store.waiting.done(only(store), "given_up", "…", NOON)
    store.waiting.all(NOON + 119 * MINUTE)
    assert [key for key in everything(client) if key[0].startswith("WAITING")]
    store.waiting.all(NOON + 120 * MINUTE)
    assert not [key for key in everything(client) if key[0].startswith("WAITING")]


def test_marks_come_and_go(store: Store) -> None:
    store.put_decision(record(1))
    hand_out(store, only(store), NOON)
    store.waiting.mark_clear([only(store)], NOON)
    store.waiting.hold_until(only(store), NOON + MINUTE)
    found = only(store)
    assert (found.clear_since, found.handed_at, found.held_until) == (NOON, NOON, NOON + MINUTE)
    store.waiting.mark_blocked([found])
    assert (only(store).clear_since, only(store).handed_at) == (None, None)
