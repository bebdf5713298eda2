"""An export as Parquet: one file of decisions and one of events, with flat typed columns.

What a decision has many of (targets, reasons, accounts, events, overrides) are lists of structs, in the form that the
JSON Lines have; ``record`` is that whole line, so that nothing is lost. Rows are written in groups, so that memory
stays bounded. What another version did not write stays empty. Only this module needs pyarrow, the
parquet extra.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from org_gate.cli.export_files import whole
from org_gate.model.event import Event
from org_gate.model.times import parse_time, time_if_any
from org_gate.report.exporting import decision_line

MOST_ROWS: Final = 2_000
MOST_CHARACTERS: Final = 16_000_000
"""How many rows, and characters of records, one group holds; the last row may exceed it."""

_TEXT: Final = pa.string()
_TEXTS: Final = pa.list_(pa.string())
_YES: Final = pa.bool_()
_NUMBER: Final = pa.int64()
_TIME: Final = pa.timestamp("ms", tz="UTC")


def _struct(**fields: Any) -> Any:
    return pa.struct([pa.field(name, kind) for name, kind in fields.items()])


_SHOWN: Final = {
    **dict.fromkeys(("arn", "region", "service", "category", "type_code", "scope", "status", "last_updated"), _TEXT),
    "drill": _YES,
}
"""What reasons and known events say of an event."""
_LISTS: Final = {
    "targets": _struct(
        account=_TEXT, region=_TEXT, services=_TEXTS, availability_zones=_TEXTS, mode=_TEXT, overridden=_YES
    ),
    "reasons": _struct(
        kind=_TEXT,
        verdict=_TEXT,
        rule=_TEXT,
        target=_NUMBER,
        event=_struct(**_SHOWN),
        freeze=_struct(name=_TEXT),
        override_id=_TEXT,
        explanation=_TEXT,
    ),
    "accounts": _struct(id=_TEXT, ou_path=_TEXT, ou_ids=_TEXTS),
    "events": _struct(**_SHOWN, declared=_YES, vanished=_YES, accounts=_TEXTS),
    "overrides": _struct(
        override_id=_TEXT,
        accounts=_TEXTS,
        pipelines=_TEXTS,
        events=_TEXTS,
        reason=_TEXT,
        ticket=_TEXT,
        account=_TEXT,
        who=_TEXT,
        created_at=_TEXT,
        expires_at=_TEXT,
    ),
}
DECISIONS: Final = pa.schema(
    [
        ("day", _TEXT),
        ("decision_id", _TEXT),
        ("decided_at", _TIME),
        ("account", _TEXT),
        ("source", _TEXT),
        ("pipeline", _TEXT),
        ("pipeline_region", _TEXT),
        ("stage", _TEXT),
        ("action", _TEXT),
        ("execution_id", _TEXT),
        ("on_block", _TEXT),
        ("gate_version", _TEXT),
        ("verdict", _TEXT),
        ("would_be", _TEXT),
        ("mode", _TEXT),
        ("exempt", _YES),
        ("summary", _TEXT),
        ("policy_version", _NUMBER),
        ("known_as_of", _TIME),
        ("stale", _YES),
        *((name, pa.list_(kind)) for name, kind in _LISTS.items()),
        ("record", _TEXT),
    ]
)
EVENTS: Final = pa.schema(
    [
        ("arn", _TEXT),
        ("region", _TEXT),
        ("service", _TEXT),
        ("type_code", _TEXT),
        ("category", _TEXT),
        ("status", _TEXT),
        ("scope", _TEXT),
        ("start_time", _TIME),
        ("end_time", _TIME),
        ("last_updated", _TIME),
        ("availability_zone", _TEXT),
        ("actionability", _TEXT),
        ("personas", _TEXTS),
        ("vanished", _YES),
        ("lists_accounts", _YES),
        ("accounts", _TEXTS),
        ("text_zones", _TEXTS),
    ]
)


@dataclass(slots=True)
class _Group:
    """Rows of one file that are not written yet."""

    writer: Any
    schema: Any
    rows: list[dict[str, Any]] = field(default_factory=list)
    characters: int = 0

    def add(self, row: dict[str, Any], characters: int) -> None:
        self.rows.append(row)
        self.characters += characters
        if len(self.rows) >= MOST_ROWS or self.characters >= MOST_CHARACTERS:
            self.write()

    def write(self) -> None:
        if self.rows:
            self.writer.write_batch(pa.RecordBatch.from_pylist(self.rows, self.schema))
            self.rows, self.characters = [], 0


@dataclass(frozen=True, slots=True)
class ParquetFiles:
    """The two files, while they are written."""

    decisions: _Group
    events: _Group

    def decision(self, record: Mapping[str, Any]) -> None:
        line = decision_line(record).rstrip("\n")
        self.decisions.add(decision_row(record) | {"record": line}, len(line))

    def event(self, event: Event) -> None:
        self.events.add(event_row(event), 15 * len(event.accounts))


@contextmanager
def parquet(folder: Path) -> Iterator[ParquetFiles]:
    """``decisions/decisions.parquet`` and ``events/events.parquet``; both are there once both are whole."""
    with (
        whole(folder / "decisions" / "decisions.parquet") as decisions,
        whole(folder / "events" / "events.parquet") as events,
        ParquetWriter(decisions, DECISIONS, compression="zstd") as of_decisions,
        ParquetWriter(events, EVENTS, compression="zstd") as of_events,
    ):
        files = ParquetFiles(_Group(of_decisions, DECISIONS), _Group(of_events, EVENTS))
        yield files
        files.decisions.write()
        files.events.write()


def decision_row(record: Mapping[str, Any]) -> dict[str, Any]:
    """By the names of ``DECISIONS``, but for ``record``."""
    request, answer, gate = record["request"], record["decision"], record.get("gate") or {}
    pipeline, knowledge = request.get("pipeline") or {}, answer.get("knowledge") or {}
    lists = {"targets": answer, "reasons": answer, "accounts": record, "events": record, "overrides": record}
    return {
        "day": record["at"][:10],
        "decision_id": record["decision_id"],
        "decided_at": parse_time(record["at"]),
        "account": record["caller"],
        "source": request.get("source"),
        "pipeline": pipeline.get("name"),
        "pipeline_region": pipeline.get("region"),
        **{name: pipeline.get(name) for name in ("stage", "action", "execution_id")},
        "on_block": gate.get("on_block"),
        "gate_version": gate.get("version"),
        **{name: answer.get(name) for name in ("verdict", "would_be", "mode", "exempt", "summary", "policy_version")},
        "known_as_of": time_if_any(knowledge.get("as_of")),
        "stale": knowledge.get("stale"),
        **{name: place.get(name) or [] for name, place in lists.items()},
    }


def event_row(event: Event) -> dict[str, Any]:
    """By the names of ``EVENTS``."""
    renamed = {"start_time": "start", "end_time": "end"}
    return {name: _plain(getattr(event, renamed.get(name, name))) for name in EVENTS.names}


def _plain(value: Any) -> Any:
    match value:
        case str():
            return value.encode(errors="replace").decode()  # half a surrogate pair is no text that a file can hold
        case frozenset():
            return sorted(value)
        case tuple():
            return [_plain(one) for one in value]
        case _:
            return value
