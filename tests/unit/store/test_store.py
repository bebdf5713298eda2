"""State, lease, policies, accounts: what moves only forward, what is written once."""

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from pydantic import ValidationError

from org_gate.model.event import Account
from org_gate.store import ConflictError, NoPolicyError, Store, StoreUnavailableError, TooLargeError, keys
from org_gate.store.table import ItemKey, Table
from tests.unit.store.tables import TABLE, TableClient, everything, no_pause, store_on, table_on

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
POLICY: dict[str, Any] = {"version": 1, "rules": [{"name": "all", "match": {"statuses": ["open"]}, "verdict": "block"}]}


@pytest.fixture
def store(client: TableClient) -> Store:
    return store_on(client)


def test_the_mark_and_the_cursor_never_move_back(store: Store) -> None:
    assert store.state().as_of is None
    assert store.states.commit_poll(NOON, full=True)
    later = NOON + timedelta(minutes=1)
    assert store.states.commit_poll(later, full=False)
    assert not store.states.commit_poll(NOON, full=True)
    state = store.state()
    assert (state.as_of, state.cursor, state.full_at) == (later, later, NOON)


def test_a_lease_keeps_others_out_until_it_ends_and_lets_its_holder_go_on(store: Store) -> None:
    assert store.states.take_lease("a", NOON)
    assert not store.states.take_lease("b", NOON + timedelta(seconds=30))
    assert store.states.take_lease("a", NOON + timedelta(seconds=30))
    assert store.states.take_lease("b", NOON + timedelta(seconds=90))


def test_policies_are_versions_that_never_change(store: Store) -> None:
    with pytest.raises(NoPolicyError, match="policy publish"):
        store.policy(store.state())
    assert store.publish_policy(POLICY, who="ada", note="first", now=NOON, expected_version=0) == 1
    assert (
        store.publish_policy({**POLICY, "mode": "enforce"}, who="ada", note="2", now=NOON, expected_version=None) == 2
    )
    with pytest.raises(ConflictError):
        store.publish_policy(POLICY, who="bob", note="too late", now=NOON, expected_version=1)
    with pytest.raises(ConflictError):
        store.publish_policy(POLICY, who="bob", note="too late", now=NOON, expected_version=0)
    version, policy = store.policy(store.state())
    assert (version, policy.rules[0].name) == (2, "all")
    assert [(item["version"], item["who"], item["note"]) for item in store.policies()] == [
        (1, "ada", "first"),
        (2, "ada", "2"),
    ]
    first = store.policy_version(1)
    assert first == store.policies()[0]
    assert store.policy_version(3) is None


def test_what_is_no_policy_is_not_written(store: Store, client: TableClient) -> None:
    with pytest.raises(ValidationError):
        store.publish_policy({"version": 1, "rulez": []}, who="ada", note="", now=NOON, expected_version=0)
    assert everything(client) == {}


def test_a_policy_is_read_once_for_each_version(store: Store, client: TableClient) -> None:
    store.publish_policy(POLICY, who="ada", note="", now=NOON, expected_version=0)
    store.policy(store.state())
    client.reset()
    store.policy(store.state())
    assert client.reads == 1


def test_the_tree_is_written_by_its_difference(store: Store, client: TableClient) -> None:
    tree = [Account(f"{number:012d}", "Dev", ("r-1", "ou-1")) for number in range(30)]
    assert store.accounts.refresh(tree) == 30
    client.reset()
    assert store.accounts.refresh(tree) == 0
    assert client.calls == {"query": 1}
    moved = Account(tree[1].id, "Prod", ("r-1", "ou-2"))
    assert store.accounts.refresh([moved, *tree[2:]]) == 2
    known = store.knowledge([tree[0].id, tree[1].id], store.state()).accounts
    assert known == {tree[1].id: moved}


def test_what_cannot_be_understood_is_kept_once_and_bounded(store: Store, client: TableClient) -> None:
    for _ in range(2):
        store.keep_unreadable({"detail": "x" * 100_000}, reason="no ARN", now=NOON)
    (item,) = everything(client).values()
    assert (item["reason"], len(item["raw"])) == ("no ARN", 50_000)


class Answering:
    """A DynamoDB client whose every operation does this."""

    def __init__(self, answer: Callable[..., Any]) -> None:
        self._answer = answer

    def __getattr__(self, _operation: str) -> Callable[..., Any]:
        return self._answer


def _raising(error: Exception) -> Answering:
    def answer(**_request: Any) -> Any:
        raise error

    return Answering(answer)


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "ProvisionedThroughputExceededException", "Message": "slow"}}, "GetItem"),
        EndpointConnectionError(endpoint_url="https://dynamodb.eu-west-1.amazonaws.com"),
    ],
)
def test_a_fault_of_the_table_is_told_as_one(error: Exception) -> None:
    with pytest.raises(StoreUnavailableError, match="get_item"):
        Store(_raising(error), TABLE).state()


def test_keys_that_were_left_undone_are_asked_for_again(client: TableClient) -> None:
    table = table_on(client)
    wanted = [ItemKey("A", str(number)) for number in range(150)]
    table.batch_put({**key._asdict(), "n": 1} for key in wanted)
    undone = [1, 1, 1]

    class Stingy:
        def batch_get_item(self, **request: Any) -> Any:
            answer = client.batch_get_item(**request)
            if undone:
                undone.pop()
                left = request["RequestItems"][TABLE]["Keys"][:3]
                found = [
                    item for item in answer["Responses"][TABLE] if {"pk": item["pk"], "sk": item["sk"]} not in left
                ]
                spared = {TABLE: {**request["RequestItems"][TABLE], "Keys": left}}
                return {"Responses": {TABLE: found}, "UnprocessedKeys": spared}
            return answer

    found = Table(Stingy(), TABLE, no_pause).batch_get(wanted)
    assert sorted(item["sk"] for item in found) == sorted(key.sk for key in wanted)


def test_keys_that_are_left_undone_for_ever_are_a_fault() -> None:
    table = {TABLE: {"Keys": [{"pk": {"S": "A"}, "sk": {"S": "B"}}]}}
    client = Answering(lambda **_request: {"Responses": {}, "UnprocessedKeys": table})
    with pytest.raises(StoreUnavailableError, match="undone"):
        list(Table(client, TABLE, no_pause).batch_get([keys.STATE]))


def _failing(code: str, *reasons: str, message: str = "") -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}}
    return ClientError(
        response | {"CancellationReasons": [{"Code": reason} for reason in reasons]}, "TransactWriteItems"
    )


@pytest.mark.parametrize(
    "error",
    [
        _failing("TransactionConflictException"),
        _failing("TransactionCanceledException", "None", "TransactionConflict"),
    ],
)
def test_two_calls_at_one_item_in_the_same_moment_are_no_conflict(error: ClientError) -> None:
    waits: list[float] = []
    answers: list[Any] = [error, error, {}]

    def answer(**_request: Any) -> Any:
        found = answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found

    Table(Answering(answer), TABLE, waits.append).transact()
    assert waits == [0.05, 0.1]
    with pytest.raises(ConflictError):
        Table(_raising(error), TABLE, waits.append).transact()
    assert sum(waits) < 5


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (_failing("TransactionCanceledException", "ConditionalCheckFailed", "TransactionConflict"), ConflictError),
        (_failing("TransactionCanceledException", "None", "ThrottlingError"), StoreUnavailableError),
        (_failing("ValidationException", message="Item size has exceeded the maximum allowed size"), TooLargeError),
        (
            _failing(
                "TransactionCanceledException",
                "ValidationError",
                message="[ValidationError: Item size to update has exceeded the maximum allowed size]",
            ),
            TooLargeError,
        ),
    ],
)
def test_what_else_ends_a_transaction_is_told_at_once(error: ClientError, expected: type[Exception]) -> None:
    waits: list[float] = []
    with pytest.raises(expected):
        Table(_raising(error), TABLE, waits.append).transact()
    assert waits == []


def test_of_groups_in_one_transaction_those_whose_conditions_hold_are_done(client: TableClient) -> None:
    table = table_on(client)
    table.batch_put({"pk": "A", "sk": str(number), "n": number} for number in range(60))
    groups = [[table.deleting(ItemKey("A", str(number)), "n <> :n", {":n": 7})] for number in range(60)]
    table.transact_groups(groups)
    assert [item["sk"] for item in table.query("A")] == ["7"]


def test_a_walk_is_kept_whole_or_not_at_all(store: Store, client: TableClient) -> None:
    assert store.walks.kept() is None
    document = {"accounts": {str(number): random.Random(number).random() for number in range(60_000)}}  # noqa: S311  numbers that do not compress, nothing secret
    store.walks.keep(document)
    parts = [key for key in everything(client) if key[0] == keys.WALK]
    assert len(parts) > 1
    assert store.walks.kept() == document
    store.walks.keep({"accounts": {}})
    assert store.walks.kept() == {"accounts": {}}
    store.walks.keep(document)
    table_on(client).batch_delete([ItemKey(*parts[-1])])
    assert store.walks.kept() is None
    store.walks.forget()
    assert [key for key in everything(client) if key[0] == keys.WALK] == []


def test_every_page_of_a_partition_is_read() -> None:
    pages = [
        {"Items": [{"sk": {"S": "1"}}], "LastEvaluatedKey": {"sk": {"S": "1"}}},
        {"Items": [], "LastEvaluatedKey": {"sk": {"S": "2"}}},
        {"Items": [{"sk": {"S": "3"}}]},
    ]
    starts = []

    def answer(**request: Any) -> Any:
        starts.append(request.get("ExclusiveStartKey"))
        return pages[len(starts) - 1]

    assert [item["sk"] for item in Table(Answering(answer), TABLE).query("PUBLIC")] == ["1", "3"]
    assert starts == [None, {"sk": {"S": "1"}}, {"sk": {"S": "2"}}]
