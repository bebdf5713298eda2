"""A boto3 DynamoDB client over the table in memory: all that botocore does is done, but for the network.

Requests are signed and serialized, answers parsed, events heard; so a handler's processor time is what it is in
service, but for the table's own. Calls are counted by botocore's events.
"""

import base64
import json
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

import boto3
from botocore.awsrequest import AWSRequest, AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from botocore.exceptions import ClientError
from botocore.model import OperationModel

from tests.unit.store.fake_dynamodb import FakeDynamoDb

READS: Final = ("GetItem", "Query", "BatchGetItem")
_METHODS: Final = {
    "BatchGetItem": "batch_get_item",
    "BatchWriteItem": "batch_write_item",
    "DeleteItem": "delete_item",
    "GetItem": "get_item",
    "PutItem": "put_item",
    "Query": "query",
    "TransactWriteItems": "transact_write_items",
    "UpdateItem": "update_item",
}


class Wired:
    """``client`` is boto3's; ``calls`` are by operation, as AWS names them."""

    def __init__(self, table: FakeDynamoDb) -> None:
        self.table = table
        self.calls: Counter[str] = Counter()
        self.client = boto3.client(
            "dynamodb",
            region_name="eu-west-1",
            aws_access_key_id="AKIA0000000000000000",
            aws_secret_access_key="-",  # noqa: S106  nobody's
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.client.meta.events.register("before-call.dynamodb", self._count)
        self.client.meta.events.register("before-send.dynamodb", self._answer)

    @property
    def reads(self) -> int:
        return sum(self.calls[name] for name in READS)

    def _count(self, model: OperationModel, **_told: object) -> None:
        self.calls[model.name] += 1

    def _answer(self, request: AWSRequest, **_told: object) -> AWSResponse:
        operation = str(_text(request.headers["X-Amz-Target"])).rpartition(".")[2]
        asked = _decoded(json.loads(request.body or b"{}"))
        try:
            status, answer = 200, getattr(self.table, _METHODS[operation])(**asked)
        except ClientError as error:
            status, answer = 400, _fault(dict(error.response))
        return AWSResponse(str(request.url), status, HTTPHeaders(), _Body(json.dumps(answer, default=_base64).encode()))


class _Body:
    """As much of urllib3's as botocore reads."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_how: object) -> list[bytes]:
        return [self._content]


def _fault(response: Mapping[str, Any]) -> dict[str, Any]:
    told = {"__type": response["Error"]["Code"], "message": response["Error"]["Message"]}
    return told | {name: response[name] for name in ("CancellationReasons",) if name in response}


def _text(header: str | bytes) -> str:
    return header.decode() if isinstance(header, bytes) else header


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _decoded(value: Any) -> Any:
    """With the bytes that base64 stands for on the wire."""
    match value:
        case {"B": str(text), **rest} if not rest:
            return {"B": base64.b64decode(text)}
        case dict():
            return {name: _decoded(one) for name, one in value.items()}
        case list():
            return [_decoded(one) for one in value]
        case _:
            return value
