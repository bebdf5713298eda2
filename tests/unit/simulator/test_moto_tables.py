"""moto's tables do less work, and the same."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models import dynamodb_backends
from moto.dynamodb.models.dynamo_type import Item

from org_gate.simulator.rebind import rebound
from tests.unit.simulator.doors import CENTRAL, REGION, opened

TABLE = "t"
OTHERS = 200


@pytest.fixture
def client() -> Iterator[Any]:
    with opened() as doors:
        client = doors.client("dynamodb", CENTRAL)
        client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk", "by")],
            GlobalSecondaryIndexes=[
                {
                    "IndexName": "by-sort",
                    "KeySchema": [{"AttributeName": "by", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
        )
        for partition in ("a", "b"):
            for number in range(3):
                client.put_item(TableName=TABLE, Item=item(partition, str(number)))
        yield client


def item(partition: str, sort: str, **fields: Any) -> dict[str, Any]:
    return {"pk": {"S": partition}, "sk": {"S": sort}, "by": {"S": sort}, "n": {"M": {"deep": {"N": "1"}}}, **fields}


def key(partition: str, sort: str) -> dict[str, Any]:
    return {"pk": {"S": partition}, "sk": {"S": sort}}


def everything(client: Any) -> list[dict[str, Any]]:
    found = client.scan(TableName=TABLE)["Items"]
    return sorted(found, key=lambda one: (one["pk"]["S"], one["sk"]["S"]))


def change() -> list[dict[str, Any]]:
    """One of each kind."""
    deeper = {"UpdateExpression": "SET n.deep = :n", "ExpressionAttributeValues": {":n": {"N": "2"}}}
    return [
        {"Put": {"TableName": TABLE, "Item": item("c", "new")}},
        {"Put": {"TableName": TABLE, "Item": item("a", "0", more={"S": "x"})}},
        {"Update": {"TableName": TABLE, "Key": key("a", "1"), **deeper}},
        {"Delete": {"TableName": TABLE, "Key": key("a", "2")}},
    ]


def refused(number: int) -> dict[str, Any]:
    condition = {"ConditionExpression": "attribute_not_exists(pk)"}
    return {"ConditionCheck": {"TableName": TABLE, "Key": key("b", str(number)), **condition}}


def table() -> Any:
    return dynamodb_backends[CENTRAL][REGION].tables[TABLE]


def test_a_transaction_changes_what_it_says(client: Any) -> None:
    client.transact_write_items(TransactItems=change())
    found = {(one["pk"]["S"], one["sk"]["S"]): one for one in everything(client)}
    assert found["c", "new"] == item("c", "new")
    assert found["a", "0"]["more"] == {"S": "x"}
    assert found["a", "1"]["n"] == {"M": {"deep": {"N": "2"}}}
    assert ("a", "2") not in found


@pytest.mark.parametrize(
    ("last", "error"),
    [
        (refused(0), "TransactionCanceledException"),
        (change()[0], "ValidationException"),
        ({"Update": {**change()[2]["Update"], "Key": key("b", "0"), "UpdateExpression": "SET"}}, "ValidationException"),
    ],
    ids=["a condition fails", "an item is named twice", "an expression is none"],
)
def test_a_transaction_that_fails_changes_nothing(client: Any, last: dict[str, Any], error: str) -> None:
    before, kept, untouched = everything(client), table(), list(table().items)
    with pytest.raises(ClientError, match=error):
        client.transact_write_items(TransactItems=[*change(), last])
    assert everything(client) == before
    assert table() is kept
    assert list(table().items)[: len(untouched)] == untouched


def test_a_transaction_copies_no_more_than_it_touches(client: Any) -> None:
    for number in range(OTHERS):
        client.put_item(TableName=TABLE, Item=item("others", str(number)))
    copied, copy = [], Item.__deepcopy__

    def counted(one: Item, memo: dict[int, Any]) -> Item:
        copied.append(one)
        return copy(one, memo)

    with rebound(Item, "__deepcopy__", counted), pytest.raises(ClientError):
        client.transact_write_items(TransactItems=[*change(), refused(1)])
    assert 0 < len(copied) < 2 * len(change()) + 2


def test_a_query_reads_one_partition_in_order_and_in_pages(client: Any) -> None:
    how = {
        "TableName": TABLE,
        "KeyConditionExpression": "pk = :pk",
        "ExpressionAttributeValues": {":pk": {"S": "b"}},
        "ConsistentRead": True,
    }
    first = client.query(**how, Limit=2)
    second = client.query(**how, ExclusiveStartKey=first["LastEvaluatedKey"])
    assert [*first["Items"], *second["Items"]] == [item("b", str(number)) for number in range(3)]
    backwards = client.query(**how, ScanIndexForward=False, Limit=1)["Items"]
    assert backwards == [item("b", "2")]
    assert client.query(**{**how, "ExpressionAttributeValues": {":pk": {"S": "none"}}})["Items"] == []


def test_a_query_of_an_index_reads_every_partition(client: Any) -> None:
    found = client.query(
        TableName=TABLE,
        IndexName="by-sort",
        KeyConditionExpression="#by = :by",
        ExpressionAttributeNames={"#by": "by"},
        ExpressionAttributeValues={":by": {"S": "1"}},
    )
    assert sorted(one["pk"]["S"] for one in found["Items"]) == ["a", "b"]


def test_every_kind_of_value_comes_back_as_it_was_put(client: Any) -> None:
    plain = {
        "S": "ä",
        "N": "1.50",
        "BOOL": False,
        "NULL": True,
        "B": b"\x00\xff",
        "SS": ["x"],
        "NS": ["1"],
        "BS": [b"y"],
    }
    values: list[dict[str, Any]] = [{kind: value} for kind, value in plain.items()]
    deep = {"L": [*values, {"L": []}, {"M": {}}]}
    put = item("kinds", "0", L=deep, M={"M": {"deep": deep}}, **{kind: {kind: value} for kind, value in plain.items()})
    client.put_item(TableName=TABLE, Item=put)
    assert client.get_item(TableName=TABLE, Key=key("kinds", "0"))["Item"] == put
    again = client.batch_get_item(RequestItems={TABLE: {"Keys": [key("kinds", "0")]}})
    assert again["Responses"] == {TABLE: [put]}
    old = client.delete_item(TableName=TABLE, Key=key("kinds", "0"), ReturnValues="ALL_OLD")
    assert old["Attributes"] == put


def test_a_table_with_a_stream_is_put_back_with_it(client: Any) -> None:
    stream = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}
    client.update_table(TableName=TABLE, StreamSpecification=stream)
    before = everything(client)
    with pytest.raises(ClientError):
        client.transact_write_items(TransactItems=[*change(), refused(0)])
    assert everything(client) == before
    assert table().stream_shard.items == []
