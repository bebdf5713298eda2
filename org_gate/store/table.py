"""The one door to DynamoDB: plain dictionaries in and out, every page read, AWS's errors turned into ours.

It knows how to speak to one table with the keys ``pk`` and ``sk``, and nothing of what is in it. All reads are
strongly consistent: a decision must not miss what was committed a moment ago. A call that only met another one at
the same item, and what DynamoDB left undone of a batch, is tried again a few times; throttled calls are botocore's
business.
"""

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from itertools import chain, islice
from typing import Any, Final, NamedTuple

from boto3.dynamodb.types import TypeDeserializer, TypeSerializer
from botocore.exceptions import BotoCoreError, ClientError

from org_gate.store.errors import ConflictError, StoreUnavailableError, TooLargeError

GET_BATCH: Final = 100
WRITE_BATCH: Final = 25
GROUPS: Final = 25
"""How many groups of actions go into one transaction; DynamoDB takes 100 actions."""
_WAITS: Final = (0.05, 0.1, 0.2, 0.4, 0.8, 1.0, 1.0)
"""Seconds before each further try."""
_COLLISION: Final = "TransactionConflict"
_CONFLICTS: Final = ("ConditionalCheckFailedException", "TransactionConflictException", "TransactionCanceledException")
_TOO_LARGE: Final = "exceeded the maximum allowed size"
_LOST: Final = ("ConditionalCheckFailed", _COLLISION)

Item = dict[str, Any]


class ItemKey(NamedTuple):
    """Where an item is."""

    pk: str
    sk: str


class Table:
    """Every method raises StoreUnavailableError; those with a condition raise ConflictError where it fails."""

    def __init__(self, client: Any, name: str, pause: Callable[[float], None] = time.sleep) -> None:
        self._client = client
        self._name = name
        self._pause = pause
        self._serialize = TypeSerializer().serialize
        self._deserialize = TypeDeserializer().deserialize

    def get(self, key: ItemKey) -> Item | None:
        answer = self._call("get_item", TableName=self._name, Key=self._key(key), ConsistentRead=True)
        item = answer.get("Item")
        return None if item is None else self._plain(item)

    def has(self, pk: str, prefix: str) -> bool:
        """Whether the partition has an item whose ``sk`` begins so."""
        found = self._query_page("pk = :pk AND begins_with(sk, :prefix)", {":pk": pk, ":prefix": prefix}, {"Limit": 1})
        return bool(found["Items"])

    def query(self, pk: str, prefix: str = "", after: str | None = None) -> Iterator[Item]:
        """The items of a partition whose ``sk`` begins so (or comes after), in order."""
        condition, values = "pk = :pk", {":pk": pk}
        if after is not None:
            condition, values = (
                "pk = :pk AND sk BETWEEN :after AND :last",
                {
                    ":pk": pk,
                    ":after": after,
                    ":last": prefix + "\U0010ffff",
                },
            )
        elif prefix:
            condition, values = "pk = :pk AND begins_with(sk, :prefix)", {":pk": pk, ":prefix": prefix}
        return self._pages(condition, values, {})

    def backwards(self, pk: str, low: str, high: str, page: int) -> Iterator[Item]:
        """The items whose ``sk`` is from ``low`` to ``high``, the last first; so many are read at a time, as needed."""
        if low > high:  # DynamoDB refuses that
            return iter(())
        how = {"ScanIndexForward": False, "Limit": page}
        return self._pages("pk = :pk AND sk BETWEEN :low AND :high", {":pk": pk, ":low": low, ":high": high}, how)

    def _pages(self, condition: str, values: Mapping[str, Any], how: Mapping[str, Any]) -> Iterator[Item]:
        more = dict(how)
        while True:
            answer = self._query_page(condition, values, more)
            yield from (self._plain(item) for item in answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            more = {**how, "ExclusiveStartKey": answer["LastEvaluatedKey"]}

    def _query_page(self, condition: str, values: Mapping[str, Any], more: Mapping[str, Any]) -> Mapping[str, Any]:
        return self._call(
            "query",
            TableName=self._name,
            ConsistentRead=True,
            KeyConditionExpression=condition,
            ExpressionAttributeValues=self._values(values),
            **more,
        )

    def batch_get(self, keys: Iterable[ItemKey]) -> Iterator[Item]:
        """The items that are there, in no order."""
        for batch in batches(dict.fromkeys(keys), GET_BATCH):
            wanted: dict[str, Any] = {
                self._name: {"Keys": [self._key(key) for key in batch], "ConsistentRead": True},
            }
            for wait in (*_WAITS, None):
                answer = self._call("batch_get_item", RequestItems=wanted)
                yield from (self._plain(item) for item in answer["Responses"].get(self._name, ()))
                wanted = answer.get("UnprocessedKeys") or {}
                if not wanted:
                    break
                self._wait_for_undone("batch_get_item", wait)

    def batch_put(self, items: Iterable[Item]) -> None:
        """Puts without conditions, in no order."""
        self._batch_write({"PutRequest": {"Item": self._values(item)}} for item in items)

    def batch_delete(self, keys: Iterable[ItemKey]) -> None:
        """Deletes without conditions, in no order."""
        self._batch_write({"DeleteRequest": {"Key": self._key(key)}} for key in keys)

    def put(self, item: Item, condition: str | None = None, values: Mapping[str, Any] | None = None) -> None:
        self._call("put_item", TableName=self._name, **self._put(item, condition, values))

    def put_new(self, item: Item) -> None:
        """Raises ConflictError where it is there already."""
        self.put(item, "attribute_not_exists(pk)")

    def update(self, key: ItemKey, expression: str, values: Mapping[str, Any], condition: str | None = None) -> Item:
        """The whole item after the update."""
        answer = self._call("update_item", ReturnValues="ALL_NEW", **self._update(key, expression, values, condition))
        return self._plain(answer["Attributes"])

    def transact(self, *actions: Mapping[str, Any]) -> None:
        """All or nothing. Actions are made by ``putting``, ``deleting`` and ``updating``."""
        self._call("transact_write_items", TransactItems=list(actions))

    def transact_groups(self, groups: Iterable[Sequence[Mapping[str, Any]]]) -> None:
        """Each group of at most four actions all or nothing; one whose condition fails is left out."""
        for batch in batches(groups, GROUPS):
            try:
                self.transact(*chain.from_iterable(batch))
            except ConflictError:
                for group in batch:
                    with suppress(ConflictError):
                        self.transact(*group)

    def putting(self, item: Item, condition: str | None = None, values: Mapping[str, Any] | None = None) -> Item:
        return {"Put": {"TableName": self._name, **self._put(item, condition, values)}}

    def deleting(self, key: ItemKey, condition: str | None = None, values: Mapping[str, Any] | None = None) -> Item:
        return {"Delete": {"TableName": self._name, "Key": self._key(key), **self._condition(condition, values)}}

    def updating(self, key: ItemKey, expression: str, values: Mapping[str, Any], condition: str | None = None) -> Item:
        return {"Update": self._update(key, expression, values, condition)}

    def _put(self, item: Item, condition: str | None, values: Mapping[str, Any] | None) -> Item:
        return {"Item": self._values(item), **self._condition(condition, values)}

    def _update(self, key: ItemKey, expression: str, values: Mapping[str, Any], condition: str | None) -> Item:
        request = {"TableName": self._name, "Key": self._key(key), "UpdateExpression": expression}
        return {**request, **self._condition(condition, values)}

    def _condition(self, condition: str | None, values: Mapping[str, Any] | None) -> Item:
        found: Item = {} if condition is None else {"ConditionExpression": condition}
        return found | ({"ExpressionAttributeValues": self._values(values)} if values else {})

    def _batch_write(self, requests: Iterable[Mapping[str, Any]]) -> None:
        for batch in batches(requests, WRITE_BATCH):
            waiting: dict[str, Any] = {self._name: batch}
            for wait in (*_WAITS, None):
                waiting = self._call("batch_write_item", RequestItems=waiting).get("UnprocessedItems") or {}
                if not waiting:
                    break
                self._wait_for_undone("batch_write_item", wait)

    def _wait_for_undone(self, operation: str, wait: float | None) -> None:
        if wait is None:
            message = f"DynamoDB left items undone {len(_WAITS) + 1} times in a row"
            raise StoreUnavailableError(operation, "UnprocessedItems", message)
        self._pause(wait)

    def _key(self, key: ItemKey) -> Item:
        return self._values({"pk": key.pk, "sk": key.sk})

    def _values(self, plain: Mapping[str, Any]) -> Item:
        return {name: self._serialize(value) for name, value in plain.items()}

    def _plain(self, item: Mapping[str, Any]) -> Item:
        return {name: self._deserialize(value) for name, value in item.items()}

    def _call(self, operation: str, **request: Any) -> Mapping[str, Any]:
        waits = iter(_WAITS)
        while True:
            try:
                answer: Mapping[str, Any] = getattr(self._client, operation)(**request)
            except ClientError as error:
                wait = next(waits, None)
                if wait is None or not _collided(error):
                    raise _store_error(operation, error) from error
                self._pause(wait)
            except BotoCoreError as error:
                raise StoreUnavailableError(operation, type(error).__name__, str(error)) from error
            else:
                return answer


def batches(items: Iterable[Any], size: int) -> Iterator[list[Any]]:
    """The items in lists of at most so many."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


def _collided(error: ClientError) -> bool:
    """Nobody's condition failed; two calls were at one item in the same moment."""
    code, reasons = _told(error).get("Code"), _reasons(error)
    return code == "TransactionConflictException" or (
        code == "TransactionCanceledException" and _COLLISION in reasons and reasons <= {_COLLISION, "None"}
    )


def _store_error(operation: str, error: ClientError) -> Exception:
    told, reasons = _told(error), _reasons(error)
    code, message = told.get("Code", "Unknown"), told.get("Message", "")
    if _TOO_LARGE in str(error.response):
        return TooLargeError(f"{operation}: an item would be larger than DynamoDB takes ({message})")
    if code in _CONFLICTS and (not reasons or reasons & set(_LOST)):
        return ConflictError(f"{operation}: somebody else was first ({code}: {message})")
    return StoreUnavailableError(operation, code, message)


def _told(error: ClientError) -> Mapping[str, str]:
    told: Mapping[str, str] = dict(error.response).get("Error", {})  # type: ignore[assignment]
    return told


def _reasons(error: ClientError) -> set[str]:
    """Why a transaction was cancelled, over all its actions."""
    response: Mapping[str, Any] = dict(error.response)
    return {reason.get("Code", "None") for reason in response.get("CancellationReasons", ())}
