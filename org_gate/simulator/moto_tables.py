"""moto's DynamoDB at the price of what a call touches, however much is in the table.

moto's own copies the whole table for each transaction, sorts it for each query, and looks for each value of an answer
under a dozen names: with a thousand decisions in it each of that takes seconds. What is answered stays the same;
nothing here knows whose table it is.
"""

import base64
import copy
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import moto.core.serialize
import moto.dynamodb.models
from moto.core.serialize import SERVICE_SPECIFIC_SERIALIZERS, JSONSerializer
from moto.dynamodb.models import DynamoDBBackend, Table
from moto.dynamodb.models.dynamo_type import DynamoType, Item

Replacement = tuple[Any, str, Any]
"""Whose name, the name, and what it stands for (``rebind``)."""

_VALUE: Final = "AttributeValue"
_KEYED: Final = ("ConditionCheck", "Delete", "Update")


def frugal_tables() -> Iterator[Replacement]:
    """What is to be bound anew while a simulator runs."""
    yield moto.dynamodb.models, "copy", _WithoutTables
    yield DynamoDBBackend, "transact_write_items", _restoring(DynamoDBBackend.transact_write_items)
    yield Table, "query", _of_one_partition(Table.query)
    serializers = {**SERVICE_SPECIFIC_SERIALIZERS, "dynamodb": {"json": _ValueSerializer}}
    yield moto.core.serialize, "SERVICE_SPECIFIC_SERIALIZERS", serializers


class _WithoutTables:
    """``copy`` for moto's backend, whose transactions would save a table by copying it whole."""

    @staticmethod
    def deepcopy(value: Any) -> Any:
        # what a stream has recorded is not put back item by item
        return value if isinstance(value, Table) and value.stream_shard is None else copy.deepcopy(value)


class _Place(NamedTuple):
    """Where an item of a transaction is. ``end`` is None in a table without sort keys."""

    table: str
    start: DynamoType
    end: DynamoType | None


def _restoring(transact: Callable[..., None]) -> Callable[..., None]:
    """Keeps what the transaction touches and puts that back where it fails."""

    def transact_write_items(backend: DynamoDBBackend, actions: Sequence[Mapping[str, Any]]) -> None:
        before = {place: copy.deepcopy(_item(backend, place)) for place in _places(backend, actions)}
        try:
            transact(backend, actions)
        except Exception:
            for place, item in before.items():
                _put_back(backend, place, item)
            raise

    return transact_write_items


def _places(backend: DynamoDBBackend, actions: Sequence[Mapping[str, Any]]) -> Iterator[_Place]:
    """Of what the transaction names; what moto refuses it for is left out, for nothing becomes of that."""
    for action in actions:
        for kind, told in action.items():
            table = backend.tables.get(told.get("TableName"))
            key = told.get("Key" if kind in _KEYED else "Item", {})
            if table is not None and set(_key_names(table)) <= key.keys():
                yield _Place(table.name, *_key(table, key))


def _key_names(table: Table) -> tuple[str, ...]:
    return (table.hash_key_attr,) if table.range_key_attr is None else (table.hash_key_attr, table.range_key_attr)


def _key(table: Table, attributes: Mapping[str, Any]) -> tuple[DynamoType, DynamoType | None]:
    start, *end = (DynamoType(attributes[name]) for name in _key_names(table))
    return start, end[0] if end else None


def _item(backend: DynamoDBBackend, place: _Place) -> Item | None:
    return backend.tables[place.table].get_item(place.start, place.end)


def _put_back(backend: DynamoDBBackend, place: _Place, item: Item | None) -> None:
    items: Any = backend.tables[place.table].items
    if item is None:
        backend.tables[place.table].delete_item(place.start, place.end)
    elif place.end is None:
        items[place.start] = item
    else:
        items[place.start][place.end] = item


def _of_one_partition(query: Callable[..., Any]) -> Callable[..., Any]:
    """The same table with one partition in it; a query of an index goes through all."""
    signature = inspect.signature(query)

    def of_partition(table: Table, hash_key: DynamoType | None, *args: Any, **how: Any) -> Any:
        index = signature.bind(table, hash_key, *args, **how).arguments.get("index_name")
        return query(_only(table, hash_key) if index is None else table, hash_key, *args, **how)

    return of_partition


def _only(table: Table, hash_key: DynamoType | None) -> Table:
    seen = copy.copy(table)
    seen.items = {hash_key: table.items[hash_key]} if hash_key in table.items else {}
    return seen


class _ValueSerializer(JSONSerializer):  # type: ignore[misc]  # moto is untyped
    """Values come here as they go out, all but their bytes."""

    def _serialize_type_structure(self, serialized: Any, value: Any, shape: Any, key: str) -> None:
        if shape.name == _VALUE:
            serialized[key] = _outgoing(value)
        else:
            super()._serialize_type_structure(serialized, value, shape, key)


def _outgoing(value: Mapping[str, Any]) -> dict[str, Any]:
    """An AttributeValue as JSON has it."""
    ((kind, held),) = value.items()
    match kind:
        case "B":
            held = _text(held)
        case "BS":
            held = [_text(one) for one in held]
        case "L":
            held = [_outgoing(one) for one in held]
        case "M":
            held = {name: _outgoing(one) for name, one in held.items()}
    return {kind: held}


def _text(held: bytes) -> str:
    return base64.b64encode(held).decode()
