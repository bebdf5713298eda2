"""Decisions, append-only: by their id; by account, by pipeline and for everybody, by time. They expire after 400 days.

Parts that do not fit the first item are written before it; the first item, its index entries and what it means for
the deployment's waiting are one transaction, so a decision is either found everywhere or nowhere. What lists them is
``decision_list``; what reads them over a range of time is ``past``.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from org_gate.model.cause import cause_json, cause_of
from org_gate.model.times import parse_time
from org_gate.store import keys
from org_gate.store.about import about_text
from org_gate.store.documents import packed, unpacked
from org_gate.store.errors import ConflictError
from org_gate.store.table import Item, ItemKey, Table
from org_gate.store.waiting import Before, WaitingDeployments

DECISION_DAYS: Final = 400
_TRIES: Final = 4
_SHOWN: Final = ("verdict", "would_be", "mode", "exempt", "summary", "policy_version")
_NOT_IN_TREE: Final = "?"
_PART: Final = "PART#"


class Decisions:
    """Every method raises StoreError."""

    def __init__(self, table: Table, waiting: WaitingDeployments) -> None:
        self._table = table
        self._waiting = waiting
        self._marked = ""

    def put(self, record: Mapping[str, Any], before: Before | None = None) -> None:
        """A record with ``decision_id``, ``caller``, ``at``, the ``request`` and ``decision`` (A2), the ``accounts``.

        ``before`` is of the deployment's waiting, where that was read already.
        Raises ConflictError where there is one with this id.
        """
        decision_id, moment = record["decision_id"], parse_time(record["at"])
        expires = {"expires": keys.expires(moment, DECISION_DAYS)}
        parts = packed(record)
        pk = keys.decision(decision_id)
        for number, part in enumerate(parts[1:], start=1):
            self._table.put_new({"pk": pk, "sk": f"{_PART}{number:06d}", "body": part, **expires})
        self._mark_day(moment)
        first = {"pk": pk, "sk": keys.RECORD, "decision_id": decision_id, "body": parts[0], "parts": len(parts)}
        place = {"sk": keys.at(moment, decision_id), **_entry(record), **expires}
        self._commit(
            record,
            before,
            self._table.putting({**first, **expires}, "attribute_not_exists(pk)"),
            *(self._table.putting({"pk": index, **place}) for index in _indexes(record)),
            self._table.putting({"pk": _shard(record), **place, "about": about_text(record)}),
        )

    def _commit(self, record: Mapping[str, Any], before: Before | None, *actions: Item) -> None:
        """Again where only the waiting deployment was changed by somebody else in between."""
        for last in (False,) * (_TRIES - 1) + (True,):
            try:
                self._table.transact(*actions, *self._waiting.following(record, before))
            except ConflictError:
                before = None
                if last or self._table.get(_key(record["decision_id"])) is not None:
                    raise
            else:
                return

    def get(self, decision_id: str) -> dict[str, Any] | None:
        """The record as it was put; None where there is none."""
        first = self._table.get(_key(decision_id))
        return None if first is None else self._whole(first)

    def several(self, decision_ids: Sequence[str]) -> list[dict[str, Any]]:
        """Those that are there, in this order."""
        return list(self.each(decision_ids))

    def each(self, decision_ids: Sequence[str]) -> Iterator[dict[str, Any]]:
        """The same, unpacked one after the other: packed, even a hundred large ones are small."""
        found = {item["decision_id"]: item for item in self._table.batch_get(map(_key, decision_ids))}
        return (self._whole(found[name]) for name in decision_ids if name in found)

    def _whole(self, first: Item) -> dict[str, Any]:
        rest = self._table.query(first["pk"], _PART) if int(first["parts"]) > 1 else ()
        document: dict[str, Any] = unpacked([first["body"], *(item["body"] for item in rest)])
        return document

    def _mark_day(self, moment: datetime) -> None:
        """Before its first decision: who lists decisions looks at no day without any. Once a process and day."""
        day = keys.day(moment)
        if day != self._marked:
            self._table.put({"pk": keys.DAYS, "sk": day, "expires": keys.expires(moment, DECISION_DAYS + 1)})
            self._marked = day


def _key(decision_id: str) -> ItemKey:
    return ItemKey(keys.decision(decision_id), keys.RECORD)


def _entry(record: Mapping[str, Any]) -> Item:
    """What lists show of it."""
    decision = record["decision"]
    shown = {name: decision[name] for name in _SHOWN}
    told = {"decision_id": record["decision_id"], "account": record["caller"], "at": record["at"]}
    return {**told, "pipeline": _pipeline(record), **shown, "ous": _ous(record), **_of_deployment(record)}


def _of_deployment(record: Mapping[str, Any]) -> Item:
    """What people are told of, where the decision is about a pipeline: which run of it, and what blocks it."""
    if _pipeline(record) is None:
        return {}
    pipeline, cause = record["request"]["pipeline"], cause_of(record["decision"])
    told = {name: pipeline.get(name) for name in ("stage", "execution_id")}
    told["on_block"] = (record.get("gate") or {}).get("on_block")
    return {"run": told} if cause is None else {"run": told, "cause": cause_json(cause)}


def _pipeline(record: Mapping[str, Any]) -> Item | None:
    pipeline = record["request"].get("pipeline") or {}
    return {"name": pipeline["name"], "region": pipeline.get("region")} if pipeline.get("name") else None


def _ous(record: Mapping[str, Any]) -> list[str]:
    """The OU paths of its targets' accounts."""
    paths = {account["id"]: account["ou_path"] for account in record["accounts"]}
    return sorted({paths.get(target["account"], _NOT_IN_TREE) for target in record["decision"]["targets"]})


def _indexes(record: Mapping[str, Any]) -> list[str]:
    """The partitions it is listed in, but for everybody's."""
    account, pipeline = record["caller"], _pipeline(record)
    listed = [keys.decisions_of(account)]
    return [*listed, keys.pipeline(account, pipeline["name"])] if pipeline else listed


def _shard(record: Mapping[str, Any]) -> str:
    return keys.shard(keys.day(parse_time(record["at"])), record["decision_id"])
