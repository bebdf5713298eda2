"""The fake that tests of size stand on behaves as moto's DynamoDB does, in results and in errors.

Where moto lets more pass than DynamoDB documents (one item twice in a batch), the fake refuses; that is not compared.
"""

import random
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.unit.store.fake_dynamodb import FakeDynamoDb
from tests.unit.store.tables import TABLE, TableClient, table_on

_PKS, _SKS = ("A", "B"), ("a", "a#1", "a#2", "b#1", "b#é")
_PLACES = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk in _PKS for sk in _SKS]
_CONDITIONS = (
    None,
    "attribute_not_exists(pk)",
    "n = :n",
    "attribute_not_exists(pk) OR n <= :n",
    "attribute_not_exists(n) OR n < :n",
    "stamp < :s",
)


def _key(chance: random.Random) -> dict[str, Any]:
    return chance.choice(_PLACES)


def _item(chance: random.Random) -> dict[str, Any]:
    more = {"n": {"N": str(chance.randrange(4))}, "stamp": {"S": f"s{chance.randrange(4)}"}, "l": {"L": [{"S": "x"}]}}
    return {**_key(chance), **{name: value for name, value in more.items() if chance.random() < 0.8}}


def _condition(chance: random.Random) -> dict[str, Any]:
    condition = chance.choice(_CONDITIONS)
    values = {":n": {"N": str(chance.randrange(4))}, ":s": {"S": "s2"}}
    used = {name: value for name, value in values.items() if condition is not None and name in condition}
    return ({} if condition is None else {"ConditionExpression": condition}) | (
        {"ExpressionAttributeValues": used} if used else {}
    )


def _put(chance: random.Random) -> Any:
    return "put_item", {"TableName": TABLE, "Item": _item(chance), **_condition(chance)}


def _delete(chance: random.Random) -> Any:
    return "delete_item", {"TableName": TABLE, "Key": _key(chance), **_condition(chance)}


def _update(chance: random.Random) -> Any:
    asked = _condition(chance)
    values = asked.pop("ExpressionAttributeValues", {}) | {":one": {"N": "1"}}
    expression = chance.choice(("ADD c :one", "SET k = :one", "SET k = :one, m = :one ADD c :one"))
    request = {"TableName": TABLE, "Key": _key(chance), "UpdateExpression": expression, "ReturnValues": "ALL_NEW"}
    return "update_item", {**request, **asked, "ExpressionAttributeValues": values}


def _query(chance: random.Random) -> Any:
    values = {":pk": {"S": chance.choice(_PKS)}}
    condition, more = chance.choice(
        (
            ("pk = :pk", {}),
            ("pk = :pk AND begins_with(sk, :prefix)", {":prefix": {"S": "a#"}}),
            ("pk = :pk AND sk BETWEEN :after AND :last", {":after": {"S": "a#1\0"}, ":last": {"S": "b#\U0010ffff"}}),
        )
    )
    request = {"TableName": TABLE, "ConsistentRead": True, "KeyConditionExpression": condition}
    limit = {"Limit": 1} if chance.random() < 0.3 else {}
    order = {"ScanIndexForward": False} if chance.random() < 0.4 else {}
    start = {"ExclusiveStartKey": {"pk": values[":pk"], "sk": {"S": "a#2"}}} if chance.random() < 0.3 else {}
    return "query", {**request, "ExpressionAttributeValues": values | more, **limit, **order, **start}


def _batch_get(chance: random.Random) -> Any:
    keys = chance.sample(_PLACES, chance.randrange(1, 4))
    return "batch_get_item", {"RequestItems": {TABLE: {"Keys": keys, "ConsistentRead": True}}}


def _batch_write(chance: random.Random) -> Any:
    writes = [
        {"PutRequest": {"Item": {**_item(chance), **key}}} if chance.random() < 0.6 else {"DeleteRequest": {"Key": key}}
        for key in chance.sample(_PLACES, chance.randrange(1, 4))
    ]
    return "batch_write_item", {"RequestItems": {TABLE: writes}}


def _transact(chance: random.Random) -> Any:
    actions = []
    for key in chance.sample(_PLACES, chance.randrange(1, 4)):
        kind, make = chance.choice((("Put", _put), ("Delete", _delete), ("Update", _update)))
        request = make(chance)[1]
        request.pop("ReturnValues", None)
        place = {"Item": {**request["Item"], **key}} if kind == "Put" else {"Key": key}
        actions.append({kind: request | place})
    return "transact_write_items", {"TransactItems": actions}


_MAKERS = (_put, _delete, _update, _query, _batch_get, _batch_write, _transact)


def _outcome(call: Callable[..., Any], request: dict[str, Any]) -> Any:
    try:
        answer = call(**request)
    except ClientError as error:
        told: Any = error.response
        reasons = [reason.get("Code") for reason in told.get("CancellationReasons", ())]
        return told["Error"]["Code"], reasons
    found = {name: answer.get(name) or None for name in ("Item", "Items", "Attributes")}
    for batch in (answer.get("Responses") or {}).values():
        found["batch"] = sorted(batch, key=str)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_it_answers_as_moto_does(client: TableClient, seed: int) -> None:
    chance, fake = random.Random(seed), FakeDynamoDb()  # noqa: S311  examples, not secrets
    for _ in range(150):
        operation, request = chance.choice(_MAKERS)(chance)
        expected = _outcome(getattr(client, operation), request)
        assert _outcome(getattr(fake, operation), request) == expected, (operation, request)


def test_what_is_too_large_is_refused_by_both(client: TableClient) -> None:
    large = {"pk": {"S": "A"}, "sk": {"S": "B"}, "text": {"S": "x" * 410_000}}
    for made in (client, FakeDynamoDb()):
        assert _outcome(made.put_item, {"TableName": TABLE, "Item": large})[0] == "ValidationException"


def test_pages_are_of_a_megabyte_and_batches_are_finished() -> None:
    client = TableClient(FakeDynamoDb())
    table = table_on(client)
    client._client.undone = 2
    table.batch_put({"pk": "A", "sk": f"{number:03}", "text": "x" * 300_000} for number in range(10))
    assert client.calls == {"batch_write_item": 3}
    assert [item["sk"] for item in table.query("A")] == [f"{number:03}" for number in range(10)]
    assert client.calls["query"] == 3
