"""A table of the template's shape in moto, and a client that counts and can fail."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from botocore.config import Config
from moto import mock_aws

from org_gate.store import Store
from org_gate.store.table import Item, Table
from tests.unit.store.fake_dynamodb import FakeDynamoDb

TABLE = "org-gate"


class Killed(BaseException):
    """The process ends here: nothing of ours may catch it."""


class TableClient:
    """Passes calls on, counts them by operation, and ends the process before a chosen call."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: Counter[str] = Counter()
        self.before: Callable[[str], None] = lambda _operation: None
        self.kill_at: int | None = None

    def __getattr__(self, operation: str) -> Any:
        def call(**request: Any) -> Any:
            self.calls[operation] += 1
            self.before(operation)
            if self.kill_at is not None and self.calls.total() >= self.kill_at:
                raise Killed
            return getattr(self._client, operation)(**request)

        return call

    @property
    def reads(self) -> int:
        return sum(self.calls[name] for name in ("get_item", "query", "batch_get_item"))

    def reset(self) -> None:
        self.calls.clear()
        self.kill_at = None


@cache
def _client() -> Any:
    return boto3.client(
        "dynamodb",
        region_name="eu-west-1",
        aws_access_key_id="AKIA0000000000000000",
        aws_secret_access_key="-",  # noqa: S106  moto's
        config=Config(retries={"max_attempts": 0}),
    )


@contextmanager
def moto_table() -> Iterator[TableClient]:
    with mock_aws():
        yield new_table()


def new_table() -> TableClient:
    """Inside ``mock_aws``: the table, empty. One that is there is replaced."""
    client = _client()
    if TABLE in client.list_tables()["TableNames"]:
        client.delete_table(TableName=TABLE)
    client.create_table(
        TableName=TABLE,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return TableClient(client)


def fake_table() -> TableClient:
    """The table, empty, in memory and quick."""
    return TableClient(FakeDynamoDb())


def store_on(client: TableClient) -> Store:
    return Store(client, TABLE, pause=no_pause)


def no_pause(_seconds: float) -> None:
    """Tests do not wait."""


def table_on(client: TableClient) -> Table:
    return Table(client, TABLE, no_pause)


def everything(client: TableClient) -> dict[tuple[str, str], Item]:
    """All items by key, plain."""
    table = table_on(client)
    answer = client._client.scan(TableName=TABLE, ConsistentRead=True)
    assert "LastEvaluatedKey" not in answer
    return {(item["pk"], item["sk"]): item for item in map(table._plain, answer["Items"])}
