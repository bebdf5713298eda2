"""Overrides, drills and declared events: made once, ended once, read by decisions only where something changed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from org_gate.model.event import Account, EventKey
from org_gate.model.override import Override, override_json, override_of
from org_gate.model.record import EventRecord, Stamped
from org_gate.model.sky import Places
from org_gate.model.synthetic import SyntheticEvent, synthetic_json, synthetic_of
from org_gate.store import ConflictError, State, Store, TooLargeError
from tests.unit.store.tables import Killed, TableClient, everything, store_on

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)
ME, OTHER = "111122223333", "444455556666"
ADA, BOB = f"arn:aws:iam::{ME}:user/ada", f"arn:aws:iam::{ME}:user/bob"


@pytest.fixture
def client(either: TableClient) -> TableClient:
    return either


@pytest.fixture
def store(client: TableClient) -> Store:
    return store_on(client)


def override(number: int = 1, **more: Any) -> Override:
    told: dict[str, Any] = {
        "id": f"o-{number:032x}",
        "accounts": (ME,),
        "events": ("all",),
        "reason": "The fix has to go out.",
        "account": ME,
        "who": ADA,
        "created_at": NOON,
        "expires_at": NOON + HOUR,
    }
    return Override(**(told | more))


def drill(number: int = 1, **more: Any) -> SyntheticEvent:
    told: dict[str, Any] = {
        "id": f"drill-{number:032x}",
        "kind": "drill",
        "public": False,
        "accounts": (ME,),
        "ous": ("Workloads/*",),
        "regions": ("eu-west-1",),
        "services": ("RDS",),
        "reason": "A proof.",
        "who": ADA,
        "created_at": NOON,
        "ends_at": NOON + HOUR,
    }
    return SyntheticEvent(**(told | more))


def declared(number: int = 1, **more: Any) -> SyntheticEvent:
    return drill(number, **{"id": f"declared-{number:032x}", "kind": "declared", "public": True, "accounts": ()} | more)


@pytest.mark.parametrize(
    "one",
    [
        override(),
        override(pipelines=("a*", "b"), accounts=(), ticket="OPS-1", events=("freeze:xmas", "arn:aws:x")),
        override(revoked_at=NOON, revoked_by=BOB),
    ],
)
def test_an_override_is_read_as_it_was_told(one: Override) -> None:
    assert override_of(override_json(one)) == one


@pytest.mark.parametrize("one", [drill(), declared(), drill(regions=(), services=(), stopped_at=NOON, stopped_by=BOB)])
def test_a_synthetic_event_is_read_as_it_was_told(one: SyntheticEvent) -> None:
    assert synthetic_of(synthetic_json(one)) == one


def test_an_override_is_kept_as_it_was_made_and_in_force_up_to_its_end(store: Store) -> None:
    made = override(ticket="OPS-1", pipelines=("orders",))
    store.overrides.create(made)
    assert store.overrides.one(made.id) == made
    assert store.overrides.one("o-0") is None
    for now, expected in [(NOON - SECOND, []), (NOON, [made]), (NOON + HOUR - SECOND, [made]), (NOON + HOUR, [])]:
        assert store.overrides.in_force(now) == expected
    assert store.overrides.all(10) == [made]


def test_a_drill_is_kept_as_it_was_started_and_in_force_up_to_its_end(store: Store) -> None:
    store.synthetic.create(drill())
    store.synthetic.create(declared(ends_at=NOON + 2 * HOUR))
    assert store.synthetic.one(drill().id) == drill()
    assert store.synthetic.one(override().id) is None
    assert store.synthetic.in_force(NOON - SECOND) == []
    assert [one.kind for one in store.synthetic.in_force(NOON)] == ["drill", "declared"]
    assert [one.kind for one in store.synthetic.in_force(NOON + HOUR)] == ["declared"]
    assert store.synthetic.in_force(NOON + 2 * HOUR) == []
    assert store.synthetic.all("drill", 10) == [drill()]
    assert [one.kind for one in store.synthetic.all("declared", 10)] == ["declared"]


def test_each_is_listed_among_its_own_kind_newest_first(store: Store) -> None:
    for number in range(5):
        store.overrides.create(override(number, created_at=NOON - number * HOUR))
        store.synthetic.create(drill(number, created_at=NOON - number * HOUR))
    assert store.overrides.all(3) == [override(number, created_at=NOON - number * HOUR) for number in range(3)]
    assert len(store.overrides.all(100)) == 5
    assert {one.kind for one in store.synthetic.in_force(NOON)} == {"drill"}


def test_the_first_of_two_with_one_id_stays(store: Store) -> None:
    store.overrides.create(override())
    with pytest.raises(ConflictError, match="already"):
        store.overrides.create(override(reason="Another.", expires_at=NOON + DAY))
    assert store.overrides.all(10) == [override()]
    assert store.overrides.in_force(NOON) == [override()]
    assert store.state().by_hand == 1


def test_revoking_happens_once(store: Store) -> None:
    store.overrides.create(override())
    revoked = override(revoked_at=NOON + SECOND, revoked_by=BOB)
    assert store.overrides.revoke(override().id, BOB, NOON + SECOND) == revoked
    assert store.overrides.revoke(override().id, ADA, NOON + 2 * SECOND) == revoked
    assert store.overrides.one(override().id) == revoked
    assert store.overrides.all(10) == [revoked]
    assert store.overrides.in_force(NOON + SECOND) == []
    assert store.state().by_hand == 2
    assert store.overrides.revoke("o-0", BOB, NOON) is None


def test_stopping_happens_once(store: Store) -> None:
    store.synthetic.create(drill())
    stopped = drill(stopped_at=NOON, stopped_by=BOB)
    assert store.synthetic.stop(drill().id, BOB, NOON) == stopped
    assert store.synthetic.stop(drill().id, ADA, NOON + SECOND) == stopped
    assert store.synthetic.in_force(NOON) == []
    assert store.synthetic.stop("drill-0", BOB, NOON) is None


@pytest.mark.parametrize("late", [timedelta(0), SECOND, DAY])
def test_what_is_over_by_itself_stays_as_it_was(store: Store, late: timedelta) -> None:
    store.overrides.create(override())
    store.synthetic.create(drill())
    assert store.overrides.revoke(override().id, BOB, NOON + HOUR + late) == override()
    assert store.synthetic.stop(drill().id, BOB, NOON + HOUR + late) == drill()
    assert store.state().by_hand == 2


def _once(client: TableClient, operation: str, act: Callable[[], object]) -> None:
    """Acts before the next call of this operation, as somebody else in that moment."""

    def before(called: str) -> None:
        if called == operation:
            client.before = lambda _operation: None
            act()

    client.before = before


def test_of_two_who_revoke_in_one_moment_the_first_counts(store: Store, client: TableClient) -> None:
    store.overrides.create(override())
    other = store_on(client)
    _once(client, "transact_write_items", lambda: other.overrides.revoke(override().id, BOB, NOON))
    assert store.overrides.revoke(override().id, ADA, NOON + SECOND) == override(revoked_at=NOON, revoked_by=BOB)
    assert store.state().by_hand == 2


def test_of_two_who_create_in_one_moment_the_first_counts(store: Store, client: TableClient) -> None:
    other = store_on(client)
    _once(client, "transact_write_items", lambda: other.synthetic.create(drill(reason="First.")))
    with pytest.raises(ConflictError, match="already"):
        store.synthetic.create(drill())
    assert [one.reason for one in store.synthetic.in_force(NOON)] == ["First."]


def test_a_revocation_that_dynamodb_did_not_take_is_no_success(quick: TableClient) -> None:
    store = store_on(quick)
    store.overrides.create(override())

    def collide(operation: str) -> None:
        if operation == "transact_write_items":
            response: Any = {"Error": {"Code": "TransactionConflictException", "Message": "busy"}}
            raise ClientError(response, "TransactWriteItems")

    quick.before = collide
    acts: tuple[Callable[[], object], ...] = (
        lambda: store.overrides.revoke(override().id, BOB, NOON),
        lambda: store.overrides.create(override(2)),
    )
    for act in acts:
        with pytest.raises(ConflictError, match="somebody else was first"):
            act()
    quick.before = lambda _operation: None
    assert store.overrides.in_force(NOON) == [override()]


def test_whoever_is_killed_leaves_all_or_nothing(quick: TableClient) -> None:
    store = store_on(quick)
    quick.kill_at = 1
    with pytest.raises(Killed):
        store.overrides.create(override())
    assert everything(quick) == {}
    quick.reset()
    store.overrides.create(override())
    for call in (1, 2):
        quick.reset()
        quick.kill_at = call
        with pytest.raises(Killed):
            store.overrides.revoke(override().id, BOB, NOON)
        quick.reset()
        assert store.overrides.in_force(NOON) == [override()]


def test_a_drill_of_30_000_accounts_fits_and_what_does_not_is_refused(quick: TableClient) -> None:
    store = store_on(quick)
    many = tuple(f"{(number * 7_919_777_773) % 10**12:012d}" for number in range(1, 30_001))
    store.synthetic.create(drill(accounts=many))
    assert store.synthetic.one(drill().id) == drill(accounts=many)
    (event,) = store.knowledge([many[5], ME], store.state()).events
    assert event.accounts == {many[5]}
    written = everything(quick)
    too_many = tuple(f"{(number * 7_919_777_773) % 10**12:012d}" for number in range(1, 80_001))
    with pytest.raises(TooLargeError, match="several"):
        store.synthetic.create(drill(2, accounts=too_many))
    assert everything(quick) == written


def test_all_is_kept_for_400_days_past_its_end(store: Store, client: TableClient) -> None:
    store.overrides.create(override())
    store.synthetic.create(drill())
    store.overrides.revoke(override().id, BOB, NOON)
    kept = [item["expires"] for (pk, _), item in everything(client).items() if pk != "STATE"]
    assert kept == [int((NOON + HOUR + 400 * DAY).timestamp())] * 6


# --- What a decision knows


def test_a_decision_knows_what_was_put_in_by_hand(store: Store) -> None:
    store.overrides.create(override())
    store.synthetic.create(drill(regions=("eu-west-1", "eu-west-3"), services=("RDS", "EC2")))
    store.synthetic.create(declared(regions=()))
    known = store.knowledge([ME], store.state())
    assert known.overrides == (override(),)
    assert [(event.region, event.service, event.drill, event.declared) for event in known.events] == [
        ("eu-west-1", "EC2", True, False),
        ("eu-west-1", "RDS", True, False),
        ("eu-west-3", "EC2", True, False),
        ("eu-west-3", "RDS", True, False),
        ("global", "RDS", False, True),
    ]
    assert {event.accounts for event in known.events if event.drill} == {frozenset({ME})}
    assert all(event.lists_accounts == event.drill for event in known.events)


def test_of_drills_and_declared_events_only_the_places_asked_about_count(store: Store) -> None:
    store.synthetic.create(drill(regions=("eu-west-1", "eu-west-3"), services=("RDS", "IAM")))
    store.synthetic.create(declared(regions=()))
    places = Places(frozenset({"eu-west-1"}), frozenset({"IAM"}))
    known = store.knowledge([ME, OTHER], store.state(), places=places).events
    assert [(event.region, event.service, event.accounts) for event in known] == [
        ("eu-west-1", "IAM", frozenset({ME})),
        ("eu-west-1", "RDS", frozenset({ME})),
        ("eu-west-3", "IAM", frozenset({ME})),
        ("global", "RDS", frozenset()),
    ]


def test_and_nothing_of_other_accounts(store: Store) -> None:
    store.overrides.create(override())
    store.overrides.create(override(2, accounts=(), pipelines=("orders",)))
    store.overrides.create(override(3, accounts=(OTHER, ME), pipelines=("orders",)))
    store.synthetic.create(drill())
    store.synthetic.create(drill(2, accounts=(OTHER, ME)))
    known = store.knowledge([OTHER], store.state())
    assert [one.id for one in known.overrides] == [override(2).id, override(3).id]
    assert [(event.arn.split("/")[-1], event.accounts) for event in known.events] == [(drill(2).id, frozenset({OTHER}))]


def test_what_was_ended_is_not_known_any_more(store: Store) -> None:
    store.overrides.create(override())
    store.synthetic.create(drill())
    assert len(store.knowledge([ME], store.state()).events) == 1
    store.synthetic.stop(drill().id, BOB, NOON)
    store.overrides.revoke(override().id, BOB, NOON)
    known = store.knowledge([ME], store.state())
    assert (known.events, known.overrides) == ((), ())


def test_one_query_more_after_a_change_and_none_otherwise(quick: TableClient) -> None:
    store, other = store_on(quick), store_on(quick)
    store.accounts.refresh([Account(ME, "Dev", ("r-1",))])
    changes: tuple[Callable[[], object], ...] = (
        lambda: None,
        lambda: other.overrides.create(override()),
        lambda: other.synthetic.create(drill()),
        lambda: other.overrides.revoke(override().id, BOB, NOON),
    )
    reads = []
    for change in changes:
        change()
        for _ in range(2):
            state = store.state()
            quick.reset()
            store.knowledge([ME], state)
            reads.append(quick.reads)
    assert reads == [2, 0, 1, 0, 1, 0, 1, 0], "the account and the public events are kept until they change"


def test_what_was_over_at_the_last_change_is_not_read_again(quick: TableClient) -> None:
    """However much was put in by hand in 400 days, a decision reads what was in force when it last changed."""
    for number in range(300):
        at = NOON - (300 - number) * DAY
        store_on(quick).synthetic.create(drill(number, created_at=at, ends_at=at + HOUR))
    store = store_on(quick)
    store.overrides.create(override(expires_at=NOON + 5 * DAY))
    read: list[int] = []
    query = quick._client.query

    def counting(**request: Any) -> Any:
        answer = query(**request)
        read.append(len(answer["Items"]))
        return answer

    quick._client.query = counting
    known = store.knowledge([ME], store.state())
    assert sum(read) == 1
    assert known.events == ()
    assert len(known.overrides) == 1


def test_a_request_that_comes_a_little_late_still_finds_what_was_in_force(store: Store) -> None:
    store.overrides.create(override(expires_at=NOON + SECOND))
    store.overrides.create(override(2, created_at=NOON + 5 * SECOND, expires_at=NOON + HOUR))
    known = store.knowledge([ME], store.state())
    assert [one.id for one in known.overrides if one.in_force(NOON)] == [override().id]


def test_a_process_never_goes_on_with_what_was_before_a_change(store: Store, client: TableClient) -> None:
    """A change that comes between the state and the query is known at once, and again once the state tells of it."""
    store.overrides.create(override())
    state = store.state()
    other = store_on(client)
    _once(client, "query", lambda: other.overrides.revoke(override().id, BOB, NOON))
    assert store.knowledge([ME], state).overrides == ()
    assert store.knowledge([ME], store.state()).overrides == ()


def test_the_collector_touches_none_of_it(store: Store) -> None:
    store.synthetic.create(declared())
    store.synthetic.create(drill())
    key = EventKey("arn:aws:health:eu-west-1::event/RDS/X/1", "eu-west-1")
    fields = {"scope": "PUBLIC", "status": "open", "category": "issue", "service": "RDS"}
    record = EventRecord(key=key, fields={name: Stamped(value, "1") for name, value in fields.items()})
    store.events.save(key, lambda _before: record, now=NOON)
    assert list(store.events.open()) == [key]
    known = store.knowledge([ME], store.state())
    assert [event.key for event in known.events] == sorted(event.key for event in known.events)
    assert len(known.events) == 3
    assert key in {event.key for event in known.events}


def test_the_state_says_when_something_last_changed(store: Store) -> None:
    assert store.state() == State()
    store.overrides.create(override())
    store.overrides.revoke(override().id, BOB, NOON + SECOND)
    assert store.state() == replace(State(), by_hand=2, by_hand_at=NOON + SECOND)
