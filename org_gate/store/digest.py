"""How far people were told of what happened: one item, with a mark that keeps the runs that tell them apart.

What is in the document is its reader's business; it is small enough for one item by how it is bounded.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from org_gate.model.times import format_time
from org_gate.store import keys
from org_gate.store.documents import packed, unpacked
from org_gate.store.errors import ConflictError, TooLargeError
from org_gate.store.table import Table

_APART: Final = timedelta(seconds=50)
"""Less than the minute between two looks, more than a look that is delivered twice."""


class DigestState:
    """Every method raises StoreError."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def begin(self, at: datetime) -> bool:
        """Whether this run is the one to tell people; False where one began a moment ago, or later."""
        values = {":at": format_time(at), ":before": format_time(at - _APART)}
        condition = "attribute_not_exists(begun_at) OR begun_at <= :before"
        try:
            self._table.update(keys.DIGEST, "SET begun_at = :at", values, condition)
        except ConflictError:
            return False
        return True

    def read(self) -> dict[str, Any] | None:
        """What the last run kept; None where none did."""
        body = (self._table.get(keys.DIGEST) or {}).get("body")
        document: dict[str, Any] | None = None if body is None else unpacked([body])
        return document

    def keep(self, document: Mapping[str, Any], at: datetime) -> None:
        """By the run that began ``at``. Raises ConflictError where another began since, TooLargeError."""
        parts = packed(document)
        if len(parts) > 1:
            msg = "what is kept of what people were told does not fit an item"
            raise TooLargeError(msg)
        values = {":body": parts[0], ":at": format_time(at)}
        self._table.update(keys.DIGEST, "SET body = :body", values, "begun_at = :at")
