"""How far a walk through the organization has come, so that the next run of the collector can go on with it.

One JSON document, in as many items as it needs; the parts carry the document's digest, so that parts of two
documents are never taken for one.
"""

import hashlib
from typing import Any, Final

from org_gate.store import keys
from org_gate.store.documents import packed, unpacked
from org_gate.store.table import ItemKey, Table

_PART: Final = "PART#"


class Walks:
    """Every method raises StoreError."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def keep(self, document: Any) -> None:
        """In place of the one that was kept."""
        parts = packed(document)
        digest = hashlib.sha256(b"".join(parts)).hexdigest()
        for number, body in enumerate(parts):
            item = {**_key(number)._asdict(), "body": body, "parts": len(parts), "digest": digest}
            self._table.put(item)

    def kept(self) -> Any:
        """The document; None where there is none, or it was not kept whole."""
        items = list(self._table.query(keys.WALK, _PART))
        items = items[: int(items[0]["parts"])] if items else []
        if not items or len({item["digest"] for item in items}) > 1 or len(items) < int(items[0]["parts"]):
            return None
        return unpacked(item["body"] for item in items)

    def forget(self) -> None:
        self._table.batch_delete(ItemKey(item["pk"], item["sk"]) for item in self._table.query(keys.WALK, _PART))


def _key(number: int) -> ItemKey:
    return ItemKey(keys.WALK, f"{_PART}{number:06d}")
