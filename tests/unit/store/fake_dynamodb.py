"""DynamoDB's low-level client in memory, for sizes at which moto takes minutes. Written by hand, for tests.

It has the operations and the expressions that `store.table` uses and refuses every other; it keeps DynamoDB's limits
(400 KB an item, 1 MB a page, 16 MB a batch, 100 keys, 25 writes, 100 actions in a transaction, lengths of keys).
`test_fake_dynamodb` holds it to moto. Only ``scan`` is not DynamoDB's: it gives everything at once, for comparisons.
"""

import operator
import re
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, Final

from botocore.exceptions import ClientError

Value = Mapping[str, Any]
Item = dict[str, Value]
Place = tuple[str, str]

ITEM_BYTES: Final = 400 * 1024
PAGE_BYTES: Final = 1024 * 1024
BATCH_BYTES: Final = 16 * 1024 * 1024
_KEYS, _WRITES, _ACTIONS = 100, 25, 100
_COMPARED: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_TERM: Final = re.compile(r"attribute_not_exists\((?P<absent>\w+)\)|(?P<name>\w+) (?P<op><=|>=|<|>|=) (?P<value>:\w+)")
_QUERY: Final = re.compile(
    r"pk = (?P<pk>:\w+)( AND (begins_with\(sk, (?P<prefix>:\w+)\)|sk BETWEEN (?P<low>:\w+) AND (?P<high>:\w+)))?"
)
_UPDATE: Final = re.compile(r"(SET (?P<set>.*?))?( ?ADD (?P<add>.*))?")
_LAST: Final = "\U0010ffff"


class FakeDynamoDb:
    """One table. ``undone`` is in how many of the next batch calls DynamoDB leaves a part undone."""

    def __init__(self) -> None:
        self.undone = 0
        self._items: dict[str, dict[str, Item]] = {}
        self._order: dict[str, list[str]] = {}

    def get_item(self, **request: Any) -> dict[str, Any]:
        found = self._get(_place(request["Key"]))
        return {} if found is None else {"Item": found}

    def put_item(self, **request: Any) -> dict[str, Any]:
        self._check("PutItem", request, _place(request["Item"]))
        self._put(request["Item"])
        return {}

    def delete_item(self, **request: Any) -> dict[str, Any]:
        self._check("DeleteItem", request, _place(request["Key"]))
        self._delete(_place(request["Key"]))
        return {}

    def update_item(self, **request: Any) -> dict[str, Any]:
        assert request["ReturnValues"] == "ALL_NEW"
        self._check("UpdateItem", request, _place(request["Key"]))
        return {"Attributes": self._update(request)}

    def query(self, **request: Any) -> dict[str, Any]:
        pk, low, high = _range(request)
        found: list[Item] = []
        size = 0
        for sk in _in_order(self._order.get(pk, []), low, high, request):
            found.append(self._items[pk][sk])
            size += item_bytes(found[-1])
            if size > PAGE_BYTES or len(found) == request.get("Limit"):
                last = found[-1]
                return {"Items": found, "LastEvaluatedKey": {"pk": last["pk"], "sk": last["sk"]}}
        return {"Items": found}

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        ((table, asked),) = request["RequestItems"].items()
        _check_batch("BatchGetItem", [_place(key) for key in asked["Keys"]], _KEYS)
        done, left = self._split(asked["Keys"])
        found = [item for key in done if (item := self._get(_place(key))) is not None]
        assert sum(map(item_bytes, found)) <= BATCH_BYTES, "not simulated: more than 16 MB"
        more = {"UnprocessedKeys": {table: {**asked, "Keys": left}}} if left else {"UnprocessedKeys": {}}
        return {"Responses": {table: found}, **more}

    def batch_write_item(self, **request: Any) -> dict[str, Any]:
        ((table, wanted),) = request["RequestItems"].items()
        writes = [(write["PutRequest"]["Item"] if "PutRequest" in write else None, write) for write in wanted]
        places = [_place(write["DeleteRequest"]["Key"] if item is None else item) for item, write in writes]
        _check_batch("BatchWriteItem", places, _WRITES)
        for item, _write in writes:
            if item is not None:
                _check_size("BatchWriteItem", item)
        done, left = self._split(list(zip(writes, places, strict=True)))
        for (item, _write), place in done:
            self._delete(place) if item is None else self._put(item)
        return {"UnprocessedItems": {table: [write for (_item, write), _place in left]} if left else {}}

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        actions = [next(iter(action.items())) for action in request["TransactItems"]]
        places = [_place(body["Item"] if kind == "Put" else body["Key"]) for kind, body in actions]
        _check_batch("TransactWriteItems", places, _ACTIONS)
        holds = [
            self._holds(body, place) and self._fits(kind, body)
            for (kind, body), place in zip(actions, places, strict=True)
        ]
        if not all(holds):
            reasons = [{"Code": "None" if each else "ConditionalCheckFailed"} for each in holds]
            raise _error("TransactWriteItems", "TransactionCanceledException", "cancelled", reasons)
        for (kind, body), place in zip(actions, places, strict=True):
            if kind == "Put":
                self._put(body["Item"])
            elif kind == "Delete":
                self._delete(place)
            else:
                self._update(body)
        return {}

    def scan(self, **_request: Any) -> dict[str, Any]:
        return {"Items": [self._items[pk][sk] for pk, order in self._order.items() for sk in order]}

    def _fits(self, kind: str, body: Mapping[str, Any]) -> bool:
        if kind == "Put":
            _check_size("TransactWriteItems", body["Item"])
        return True

    def _get(self, place: Place) -> Item | None:
        return self._items.get(place[0], {}).get(place[1])

    def _put(self, item: Item) -> None:
        _check_size("PutItem", item)
        pk, sk = _place(item)
        held = self._items.setdefault(pk, {})
        if sk not in held:
            insort(self._order.setdefault(pk, []), sk)
        held[sk] = dict(item)

    def _delete(self, place: Place) -> None:
        pk, sk = place
        if self._items.get(pk, {}).pop(sk, None) is not None:
            order = self._order[pk]
            del order[bisect_left(order, sk)]

    def _update(self, request: Mapping[str, Any]) -> Item:
        parts = _UPDATE.fullmatch(request["UpdateExpression"])
        assert parts is not None, request["UpdateExpression"]
        values = request["ExpressionAttributeValues"]
        item: Item = {**(self._get(_place(request["Key"])) or request["Key"])}
        for part in (parts["set"] or "").split(", ") if parts["set"] else ():
            name, value = part.split(" = ")
            item[name] = values[value]
        for part in (parts["add"] or "").split(", ") if parts["add"] else ():
            name, value = part.split(" ")
            item[name] = {"N": str(int(item.get(name, {"N": "0"})["N"]) + int(values[value]["N"]))}
        self._put(item)
        return item

    def _check(self, operation: str, request: Mapping[str, Any], place: Place) -> None:
        if not self._holds(request, place):
            raise _error(operation, "ConditionalCheckFailedException", "The conditional request failed")

    def _holds(self, request: Mapping[str, Any], place: Place) -> bool:
        condition = request.get("ConditionExpression")
        if condition is None:
            return True
        item, values = self._get(place) or {}, request.get("ExpressionAttributeValues", {})
        return any(all(_true(term, item, values) for term in part.split(" AND ")) for part in condition.split(" OR "))

    def _split(self, wanted: list[Any]) -> tuple[list[Any], list[Any]]:
        if self.undone <= 0:
            return wanted, []
        self.undone -= 1
        return wanted[len(wanted) // 3 :], wanted[: len(wanted) // 3]


def item_bytes(item: Item) -> int:
    """As DynamoDB counts, about."""
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def _value_bytes(value: Value) -> int:
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "N":
            return len(content) // 2 + 2
        case "B":
            return len(content)
        case "M":
            return 3 + sum(len(name.encode()) + 1 + _value_bytes(inner) for name, inner in content.items())
        case "L":
            return 3 + sum(1 + _value_bytes(inner) for inner in content)
        case _:
            return 1


def _true(term: str, item: Item, values: Mapping[str, Value]) -> bool:
    found = _TERM.fullmatch(term)
    assert found is not None, f"not simulated: {term}"
    if found["absent"]:
        return found["absent"] not in item
    if found["name"] not in item:
        return False
    ((kind, held),), ((other, given),) = item[found["name"]].items(), values[found["value"]].items()
    if kind != other:
        return False
    return _COMPARED[found["op"]](int(held), int(given)) if kind == "N" else _COMPARED[found["op"]](held, given)


def _in_order(order: list[str], low: str, high: str, request: Mapping[str, Any]) -> Iterator[str]:
    start = request["ExclusiveStartKey"]["sk"]["S"] if "ExclusiveStartKey" in request else None
    first, end = bisect_left(order, low), bisect_right(order, high)
    if request.get("ScanIndexForward", True):
        first = first if start is None else bisect_right(order, start)
        return islice(order, first, end)
    end = end if start is None else bisect_left(order, start)
    return (order[place] for place in range(end - 1, first - 1, -1))


def _range(request: Mapping[str, Any]) -> tuple[str, str, str]:
    found = _QUERY.fullmatch(request["KeyConditionExpression"])
    assert found is not None, f"not simulated: {request['KeyConditionExpression']}"
    values = {name: value["S"] for name, value in request["ExpressionAttributeValues"].items()}
    if found["prefix"]:
        prefix = values[found["prefix"]]
        return values[found["pk"]], prefix, prefix + _LAST
    low, high = values.get(found["low"], ""), values.get(found["high"], _LAST)
    if low > high or (found["low"] and not low):
        raise _error("Query", "ValidationException", "BETWEEN is the wrong way round, or from an empty key")
    return values[found["pk"]], low, high


def _place(key: Mapping[str, Value]) -> Place:
    pk, sk = key["pk"]["S"], key["sk"]["S"]
    if not 1 <= len(pk.encode()) <= 2048 or not 1 <= len(sk.encode()) <= 1024:
        raise _error("Any", "ValidationException", "a key is empty or too long")
    return pk, sk


def _check_size(operation: str, item: Item) -> None:
    if item_bytes(item) > ITEM_BYTES:
        raise _error(operation, "ValidationException", "Item size has exceeded the maximum allowed size")


def _check_batch(operation: str, places: Iterable[Place], most: int) -> None:
    listed = list(places)
    if not 1 <= len(listed) <= most or len(set(listed)) < len(listed):
        raise _error(operation, "ValidationException", "too many items, none, or one twice")


def _error(operation: str, code: str, message: str, reasons: list[dict[str, str]] | None = None) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": 400}}
    return ClientError(response | ({"CancellationReasons": reasons} if reasons else {}), operation)
