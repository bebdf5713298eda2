"""Parquet says what JSON Lines say: the same decisions and events, in typed columns."""

import io
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from org_gate.cli.export import write
from org_gate.cli.export_files import JsonLines
from org_gate.cli.export_parquet import DECISIONS, EVENTS, MOST_ROWS, event_row, parquet
from org_gate.model.times import format_time
from org_gate.store import Store
from tests.unit.decision.builders import NOW, event
from tests.unit.report.records import record
from tests.unit.report.worlds import World
from tests.unit.store.tables import fake_table, store_on

HOSTILE = "'\"\\\n\u2028\u0000\x1b[31m=cmd|' /C calc'!A0 \U0001f525 </script>"


def columns(folder: Path, kind: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(folder / kind / f"{kind}.parquet").to_pylist()
    return found


def exported(store: Store, folder: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    with parquet(folder) as files:
        counted = write(store, files, None, None)
    decisions, events = columns(folder, "decisions"), columns(folder, "events")
    assert counted == (len(decisions), len(events))
    return decisions, events


def lines(store: Store) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    file = io.StringIO()
    write(store, JsonLines(file), None, None)
    told = [json.loads(line) for line in file.getvalue().splitlines()]
    return [one for one in told if one["kind"] == "decision"], [one for one in told if one["kind"] == "event"]


def said(value: object) -> object:
    return format_time(value) if isinstance(value, datetime) else value


def holds(kept: object, told: object) -> bool:
    """Whether what a column keeps is what the line tells, as far as the column goes."""
    if isinstance(kept, dict):
        return isinstance(told, Mapping) and all(holds(value, told.get(name)) for name, value in kept.items())
    if isinstance(kept, list):
        return isinstance(told, list) and len(kept) == len(told) and all(map(holds, kept, told))
    return said(kept) == told


@pytest.mark.parametrize("seed", range(6))
def test_it_agrees_with_json_lines(seed: int, tmp_path: Path) -> None:
    store = World(seed, decisions=60, events=15).store
    decisions, events = exported(store, tmp_path)
    told_decisions, told_events = lines(store)
    assert [json.loads(row.pop("record")) for row in decisions] == told_decisions
    for row, told in zip(decisions, told_decisions, strict=True):
        asked, answer, gate = told["request"]["pipeline"] or {}, told["decision"], told["gate"] or {}
        assert holds(row, told | answer | {
            "day": told["at"][:10],
            "decided_at": told["at"],
            "account": told["caller"],
            "source": told["request"]["source"],
            **{name: asked.get(name) for name in ("stage", "action", "execution_id")},
            "pipeline": asked.get("name"),
            "pipeline_region": asked.get("region"),
            "on_block": gate.get("on_block"),
            "gate_version": gate.get("version"),
            "known_as_of": answer["knowledge"]["as_of"],
            "stale": answer["knowledge"]["stale"],
        }), row  # fmt: skip
    for row, told in zip(events, told_events, strict=True):
        assert holds(row, told | {"start_time": told["start"], "end_time": told["end"]}), row


def test_of_an_empty_table_the_columns_are_there(tmp_path: Path) -> None:
    assert exported(store_on(fake_table()), tmp_path) == ([], [])
    for kind, schema in (("decisions", DECISIONS), ("events", EVENTS)):
        assert pq.read_schema(tmp_path / kind / f"{kind}.parquet").equals(schema)


def test_hostile_text_is_kept_as_it_is(tmp_path: Path) -> None:
    store = store_on(fake_table())
    odd = record(NOW, event(type_code=HOSTILE))
    odd["request"]["source"] = odd["request"]["pipeline"]["name"] = HOSTILE
    store.put_decision(odd)
    ((row,), _) = exported(store, tmp_path)
    assert (row["source"], row["pipeline"], row["events"][0]["type_code"]) == (HOSTILE, HOSTILE, HOSTILE)
    assert json.loads(row["record"]) == {"kind": "decision", **odd}


def test_what_no_file_can_hold_is_replaced() -> None:
    """Half a surrogate pair: JSON can say it, UTF-8 cannot."""
    row = event_row(event(type_code="a\ud800b", personas=("\udfff",)))
    assert (row["type_code"], row["personas"]) == ("a?b", ["?"])


def test_what_another_version_did_not_write_is_empty(tmp_path: Path) -> None:
    store = store_on(fake_table())
    old = record(NOW, event())
    del old["gate"], old["overrides"], old["decision"]["knowledge"]["stale"]
    old["events"] = [{"arn": "a"}]
    store.put_decision(old)
    ((row,), _) = exported(store, tmp_path)
    assert (row["gate_version"], row["overrides"], row["stale"]) == (None, [], None)
    assert row["events"][0] == {**dict.fromkeys(row["events"][0]), "arn": "a"}


def test_times_of_all_years_are_kept(tmp_path: Path) -> None:
    moments = [datetime(year, 12, 31, 23, 59, 59, tzinfo=UTC) for year in (1, 1969, 2026, 9999)]
    with parquet(tmp_path) as files:
        for moment in moments:
            files.event(event(end=moment))
    assert [row["end_time"] for row in columns(tmp_path, "events")] == moments


def test_rows_are_written_in_groups(tmp_path: Path) -> None:
    many = MOST_ROWS + 1
    with parquet(tmp_path) as files:
        for _ in range(many):
            files.event(event())
    file = pq.ParquetFile(tmp_path / "events" / "events.parquet")
    sizes = [file.metadata.row_group(number).num_rows for number in range(file.metadata.num_row_groups)]
    assert sizes == [MOST_ROWS, 1]
