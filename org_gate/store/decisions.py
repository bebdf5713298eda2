"""Decisions, append-only: by their id, by account and time, by pipeline. They expire after 400 days.

Parts that do not fit the first item are written before it; the first item and its index entries are one
transaction, so a decision is either found everywhere or nowhere.
"""

from collections.abc import Mapping
from typing import Any, Final

from org_gate.model.times import parse_time
from org_gate.store import keys
from org_gate.store.documents import packed, unpacked
from org_gate.store.table import Item, ItemKey, Table

DECISION_DAYS: Final = 400
_INDEXED: Final = ("verdict", "would_be", "mode", "summary")


class Decisions:
    """Every method raises StoreError."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def put(self, record: Mapping[str, Any]) -> None:
        """A record with ``decision_id``, ``caller``, ``at``, the ``request`` and the ``decision`` as A2 has it.

        Raises ConflictError where there is one with this id.
        """
        decision_id, moment = record["decision_id"], parse_time(record["at"])
        common: Item = {"decision_id": decision_id, "account": record["caller"], "at": record["at"]}
        common["expires"] = keys.expires(moment, DECISION_DAYS)
        parts = packed(record)
        pk = keys.decision(decision_id)
        for number, part in enumerate(parts[1:], start=1):
            self._table.put_new({"pk": pk, "sk": f"PART#{number:06d}", "body": part, "expires": common["expires"]})
        first = {"pk": pk, "sk": keys.RECORD, **common, "body": parts[0], "parts": len(parts)}
        shown = {name: record["decision"].get(name) for name in _INDEXED}
        sk = keys.at(moment, decision_id)
        entries = [{"pk": index, "sk": sk, **common, **shown} for index in _indexes(record)]
        self._table.transact(
            self._table.putting(first, "attribute_not_exists(pk)"),
            *(self._table.putting(entry) for entry in entries),
        )

    def get(self, decision_id: str) -> dict[str, Any] | None:
        """The record as it was put; None where there is none."""
        pk = keys.decision(decision_id)
        first = self._table.get(ItemKey(pk, keys.RECORD))
        if first is None:
            return None
        rest = self._table.query(pk, "PART#") if int(first["parts"]) > 1 else ()
        document: dict[str, Any] = unpacked([first["body"], *(item["body"] for item in rest)])
        return document


def _indexes(record: Mapping[str, Any]) -> list[str]:
    """The partitions it is listed in."""
    account, pipeline = record["caller"], record["request"].get("pipeline") or {}
    listed = [keys.decisions_of(account)]
    if name := pipeline.get("name"):
        listed.append(keys.pipeline(account, pipeline.get("region"), name))
    return listed
