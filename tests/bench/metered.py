"""The table in memory with DynamoDB's meter: what on-demand capacity bills for each call, by its published rules.

Strongly consistent reads take a unit for each 4 KB, of a query's page as a whole, of each item got alone; writes a unit
for each KB of the larger of before and after, in a transaction twice as many.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tests.unit.store.fake_dynamodb import FakeDynamoDb, Item, item_bytes

_READ: Final = 4096
_WRITE: Final = 1024


@dataclass(slots=True)
class Meter:
    """What was used since it was last cleared."""

    calls: Counter[str] = field(default_factory=Counter)
    reads: int = 0
    writes: int = 0

    def clear(self) -> None:
        self.calls.clear()
        self.reads = self.writes = 0


class MeteredDynamoDb(FakeDynamoDb):
    """Each operation as the fake has it, and its units."""

    def __init__(self) -> None:
        super().__init__()
        self.meter = Meter()

    def size(self) -> int:
        """In bytes, of all items."""
        return sum(map(item_bytes, self.scan()["Items"]))

    def get_item(self, **request: Any) -> dict[str, Any]:
        return self._read("get_item", super().get_item(**request))

    def query(self, **request: Any) -> dict[str, Any]:
        return self._read("query", super().query(**request))

    def batch_get_item(self, **request: Any) -> dict[str, Any]:
        self.meter.calls["batch_get_item"] += 1
        ((_table, asked),) = request["RequestItems"].items()
        self.meter.reads += sum(_units([item] if item else [], _READ) for item in map(self._at, asked["Keys"]))
        return super().batch_get_item(**request)

    def put_item(self, **request: Any) -> dict[str, Any]:
        return self._written("put_item", [request["Item"]], super().put_item, request)

    def delete_item(self, **request: Any) -> dict[str, Any]:
        return self._written("delete_item", [request["Key"]], super().delete_item, request)

    def update_item(self, **request: Any) -> dict[str, Any]:
        return self._written("update_item", [request["Key"]], super().update_item, request)

    def batch_write_item(self, **request: Any) -> dict[str, Any]:
        ((_table, writes),) = request["RequestItems"].items()
        items = [
            write["PutRequest"]["Item"] if "PutRequest" in write else write["DeleteRequest"]["Key"] for write in writes
        ]
        return self._written("batch_write_item", items, super().batch_write_item, request)

    def transact_write_items(self, **request: Any) -> dict[str, Any]:
        bodies = [next(iter(action.values())) for action in request["TransactItems"]]
        items = [body.get("Item") or body["Key"] for body in bodies]
        return self._written("transact_write_items", items, super().transact_write_items, request, times=2)

    def _read(self, operation: str, answer: dict[str, Any]) -> dict[str, Any]:
        self.meter.calls[operation] += 1
        self.meter.reads += _units(answer.get("Items", [answer["Item"]] if "Item" in answer else []), _READ)
        return answer

    def _written(
        self, operation: str, items: Iterable[Item], write: Any, request: Mapping[str, Any], times: int = 1
    ) -> dict[str, Any]:
        """A write whose condition fails is billed all the same."""
        self.meter.calls[operation] += 1
        listed = list(items)
        before = [self._at(item) for item in listed]
        try:
            answer: dict[str, Any] = write(**request)
        finally:
            for item, old in zip(listed, before, strict=True):
                held = [one for one in (old, self._at(item)) if one]
                self.meter.writes += times * max((_units([one], _WRITE) for one in held), default=1)
        return answer

    def _at(self, item: Mapping[str, Any]) -> Item | None:
        return self._get((item["pk"]["S"], item["sk"]["S"]))


def _units(items: Iterable[Item], step: int) -> int:
    """At least one."""
    return max(1, -(-sum(map(item_bytes, items)) // step))
