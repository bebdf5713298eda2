"""docs/export.md: every statement in it, tried on files that the export wrote of a table that the store filled.

DuckDB stands in for Athena. It runs the views and the queries as they stand there; of Athena's own table definitions it
is told the columns, their types and where the files are, which are held against every line besides. The same queries
on the Parquet files, and a recount from the table's records in plain Python, give the same.
"""

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest

from org_gate.central.reporting_shelf import ARCHIVE
from org_gate.cli.central_table import records
from org_gate.cli.export import days, write
from org_gate.cli.export_files import by_day
from org_gate.cli.export_parquet import DECISIONS, EVENTS, parquet
from org_gate.model.event import EventKey
from org_gate.model.record import EventRecord, Stamped, Value
from org_gate.model.times import format_time
from org_gate.report import archive
from org_gate.report.exporting import event_line
from org_gate.store import Store
from org_gate.store.events import Belongings
from org_gate.store.members import SetReading
from tests.e2e.export_recounts import RECOUNTS, Recount, Row
from tests.e2e.hive import RESERVED, Definition, Struct, left_out, misfits, never, read_definition
from tests.unit.decision.builders import event, override, policy, request
from tests.unit.report.records import ORDERS, record
from tests.unit.report.worlds import END, HOUR, World

TEMPLATE: Final = Path(__file__).parents[2] / "stacksets" / "central.yaml.j2"
DOCUMENT = Path(__file__).parents[2] / "docs" / "export.md"
STATEMENTS: Final = re.findall(r"```sql\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
QUERIES: Final = [text for text in STATEMENTS if text.startswith(("SELECT", "WITH"))]
VIEWS: Final = [text for text in STATEMENTS if text.startswith("CREATE OR REPLACE VIEW")]
TABLES: Final = [text for text in STATEMENTS if text.startswith("CREATE EXTERNAL TABLE")]
HOSTILE: Final = "'); DROP TABLE x; --\n\u2028\x00\x1b[31m=1+1 \U0001f525 \\\" {}[]" + "x" * 500


@dataclass(frozen=True)
class Exported:
    """``folder`` has ``lines``, as in S3, and ``parquet``."""

    store: Store
    folder: Path

    def lines(self, kind: str) -> list[dict[str, Any]]:
        files = sorted(self.folder.glob(f"lines/{kind}/*/*.jsonl.gz"))
        return [json.loads(line) for file in files for line in gzip.open(file)]


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Exported:
    """Some days were written before what followed; the last ones, and Parquet, after it."""
    world = World(seed=20260308, decisions=250, events=40)
    folder = tmp_path_factory.mktemp("export")
    early = by_day(world.store, folder / "lines", days(world.store, None, END))
    add_what_there_can_be(world.store)
    late = by_day(world.store, folder / "lines", days(world.store, None, datetime(2026, 3, 20, tzinfo=UTC)))
    assert (early.kept, late) == (0, (2, early.new))
    with parquet(folder / "parquet") as files:
        write(world.store, files, None, None)
    return Exported(world.store, folder)


def add_what_there_can_be(store: Store) -> None:
    """All that decisions and events can have, hostile where it is a stranger's text; and an event that ends late."""
    told = event(
        arn="arn:aws:health:us-east-1::event/X/1", type_code=HOSTILE, accounts=frozenset({"111122223333"}), drill=True
    )
    blocks = policy({"name": "'); DROP TABLE x; --", "match": {"categories": ["issue"]}}, freezes=[
        {"name": "peak", "from": "2026-03-01T00:00:00Z", "to": "2026-04-01T00:00:00Z", "verdict": "block"},
    ])  # fmt: skip
    now = END + HOUR
    asked = replace(
        request("111122223333/us-east-1/RDS/use1-az1", pipeline=replace(ORDERS, execution_id=HOSTILE)), source=HOSTILE
    )
    lifted = override(
        accounts=("111122223333",), pipelines=("*",), events=(told.arn,), reason=HOSTILE, ticket="OPS-1",
        created_at=now - HOUR, expires_at=now + HOUR,
    )  # fmt: skip
    whole = record(now, told, number=9_001, policy=blocks, request=asked, overrides=[lifted])
    whole["gate"] = {"version": HOSTILE, "on_block": "fail"}
    store.put_decision(whole)
    store.put_decision(record(now, number=9_002, request=request("111122223333/us-east-1")))
    known = next(store.past.seen(END.date() - timedelta(days=3)))
    tell(store, known, now, status="closed", end=format_time(now))
    tell(
        store, EventKey(f"arn:{HOSTILE}", "us-east-1"), now, service=HOSTILE, type_code=HOSTILE, category="issue",
        status="open", scope="ACCOUNT_SPECIFIC", start=format_time(now), availability_zone="use1-az1",
        actionability="INFORMATIONAL", personas=("OPERATIONS", HOSTILE), text_zones=("use1-az1",),
    )  # fmt: skip


def tell(store: Store, key: EventKey, now: datetime, **values: Value) -> None:
    """As the collector writes it; it affects an account that nothing is deployed to."""
    stamp = f"{format_time(now)}|1|"
    fields = {name: Stamped(value, stamp) for name, value in (values | {"last_updated": format_time(now)}).items()}

    def change(held: EventRecord | None) -> EventRecord:
        found = held or EventRecord(key=key)
        return replace(found, fields={**found.fields, **fields})

    accounts = SetReading({"555566667777": {}}, stamp, complete=True)
    store.events.save(key, change, now=now, belongings=Belongings(accounts=accounts))


def test_it_documents_the_tables_their_views_and_queries() -> None:
    assert [len(TABLES), len(VIEWS), len(STATEMENTS) - len(QUERIES)] == [2, 2, 5]
    assert len(QUERIES) >= 5


@pytest.fixture(scope="module")
def tables(exported: Exported) -> dict[str, tuple[Definition, list[dict[str, Any]]]]:
    """The documented tables with their lines, by kind."""
    read = map(read_definition, TABLES)
    return {kind: (table, exported.lines(kind)) for kind, table in zip(archive.KINDS, read, strict=True)}


def faults(table: Definition, lines: Iterable[dict[str, Any]]) -> list[str]:
    return sorted({fault for line in lines for fault in misfits(table.columns, line)})


@pytest.mark.parametrize("kind", archive.KINDS)
def test_every_line_is_as_its_table_says(kind: str, tables: dict[str, tuple[Definition, list[dict[str, Any]]]]) -> None:
    table, lines = tables[kind]
    assert faults(table, lines) == []
    assert list(never(table.columns, lines)) == []


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("policy_version: bigint", "policy_version: string", "decision.policy_version: 1 is no VARCHAR"),
        ("would_be: string", "wouldbe: string", "decision.wouldbe: not in the line"),
        ("overridden: boolean", "overridden: string", "True is no VARCHAR"),
        ("caller string", "caller array<string>", "is no VARCHAR[]"),
        ("pipeline: struct<", "pipelines: struct<", "pipelines: not in the line"),
    ],
)
def test_a_wrong_column_would_be_seen(
    old: str, new: str, told: str, tables: dict[str, tuple[Definition, list[dict[str, Any]]]]
) -> None:
    _, lines = tables["decisions"]
    assert old in TABLES[0]
    assert any(told in fault for fault in faults(read_definition(TABLES[0].replace(old, new)), lines))


def test_what_the_tables_leave_out_is_told(tables: dict[str, tuple[Definition, list[dict[str, Any]]]]) -> None:
    found = re.search(r"\nLines have more than the tables:.*\n", DOCUMENT.read_text(encoding="utf-8"))
    assert found
    of_decisions, of_events, within = re.split(r"and of events|and within decisions", found[0])
    for (table, lines), told in zip(tables.values(), (of_decisions + within, "`kind`" + of_events), strict=True):
        said = set(re.findall(r"`([a-z_.]+)`", told)) - {"decision.targets"}
        assert {path.split(".{")[0] for line in lines for path in left_out(table.columns, line)} == said


@pytest.mark.parametrize("kind", archive.KINDS)
def test_athena_takes_the_definition(kind: str, tables: dict[str, tuple[Definition, list[dict[str, Any]]]]) -> None:
    table, _ = tables[kind]
    assert not table.unquoted & RESERVED
    assert table.serde == "org.apache.hive.hcatalog.data.JsonSerDe"
    assert table.location == f"s3://org-gate-reports-ACCOUNT-REGION/{ARCHIVE}{kind}/"
    assert "BucketName: !Sub org-gate-reports-${AWS::AccountId}-${AWS::Region}" in TEMPLATE.read_text(encoding="utf-8")
    file = archive.key(kind, datetime(2026, 3, 2, tzinfo=UTC).date())
    assert file == f"{kind}/day=2026-03-02/{kind}.jsonl.gz"  # what Athena expects of a projected day
    assert {name: value.split(",")[-1] for name, value in table.properties.items()} == {
        "projection.enabled": "true",
        "projection.day.type": "date",
        "projection.day.format": "yyyy-MM-dd",
        "projection.day.range": "NOW",
    }


@pytest.mark.parametrize("statement", [*VIEWS, *QUERIES])
def test_no_view_unnests_and_no_query_needs_more_than_both_engines_have(statement: str) -> None:
    """Athena's views over UNNEST of structs fail; functions are those that Athena and DuckDB both have."""
    if statement in VIEWS:
        assert "UNNEST" not in statement
    called = {name.lower() for name in re.findall(r"\b([A-Za-z_0-9]+)\(", statement)}
    assert called <= {
        "avg", "cast", "coalesce", "count", "date_diff", "date_trunc", "from_iso8601_timestamp", "max", "min",
        "row_number", "substr", "sum", "unnest", "t", "u", "named",
    }  # fmt: skip


def engine() -> duckdb.DuckDBPyConnection:
    """With what Athena has and DuckDB calls otherwise."""
    connected = duckdb.connect(config={"autoinstall_known_extensions": False, "autoload_known_extensions": False})
    connected.execute("SET TimeZone = 'UTC'")
    connected.execute("CREATE SCHEMA org_gate")
    connected.execute("CREATE MACRO from_iso8601_timestamp(told) AS CAST(told AS TIMESTAMPTZ)")
    return connected


@pytest.fixture(scope="module")
def over_lines(exported: Exported) -> Iterator[duckdb.DuckDBPyConnection]:
    with engine() as connected:
        for kind, table in zip(archive.KINDS, map(read_definition, TABLES), strict=True):
            columns = ", ".join(f"'{name}': '{kind.duck}'" for name, kind in table.columns.fields.items())
            files = exported.folder / "lines" / kind / "*" / "*.jsonl.gz"
            how = f"format = 'newline_delimited', columns = {{{columns}}}, hive_types = {{'day': VARCHAR}}"
            connected.execute(f"CREATE VIEW {table.name} AS SELECT * FROM read_json('{files}', {how})")  # noqa: S608  our own names
        for view in VIEWS:
            connected.execute(view)
        yield connected


@pytest.fixture(scope="module")
def over_parquet(exported: Exported) -> Iterator[duckdb.DuckDBPyConnection]:
    with engine() as connected:
        for kind in archive.KINDS:
            file = exported.folder / "parquet" / kind / f"{kind}.parquet"
            connected.execute(f"CREATE VIEW org_gate.{kind} AS SELECT * FROM read_parquet('{file}')")  # noqa: S608  likewise
        yield connected


def rows(connected: duckdb.DuckDBPyConnection, query: str) -> list[Row]:
    return [tuple(map(_comparable, row)) for row in connected.execute(query).fetchall()]


def _comparable(value: object) -> object:
    """Times as the lines write them, whether they came with a zone or are plainly in UTC."""
    return format_time(value.replace(tzinfo=UTC)) if isinstance(value, datetime) else value


@pytest.mark.aws_unverified("Athena makes one column of an unnested array of structs")
@pytest.mark.aws_unverified("Athena's Hive JSON SerDe leaves alone what a line has and its table has not")
@pytest.mark.parametrize("query", QUERIES)
def test_lines_and_parquet_answer_alike(
    query: str, over_lines: duckdb.DuckDBPyConnection, over_parquet: duckdb.DuckDBPyConnection
) -> None:
    found = rows(over_lines, query)
    assert found
    assert found == rows(over_parquet, query)


@pytest.mark.parametrize("kind", archive.KINDS)
def test_views_and_parquet_are_one(
    kind: str, over_lines: duckdb.DuckDBPyConnection, over_parquet: duckdb.DuckDBPyConnection
) -> None:
    names = [name for name in (DECISIONS if kind == "decisions" else EVENTS).names if name != "record"]
    query = f"SELECT {', '.join(names)} FROM org_gate.{kind} ORDER BY ALL"  # noqa: S608  likewise
    assert over_lines.table(f"org_gate.{kind}").columns == names
    assert rows(over_lines, query) == rows(over_parquet, query)


@pytest.mark.parametrize(("query", "recount"), list(zip(QUERIES, RECOUNTS, strict=True)))
def test_a_recount_from_the_tables_records_agrees(
    query: str,
    recount: Recount,
    exported: Exported,
    over_lines: duckdb.DuckDBPyConnection,
) -> None:
    told = list(records(exported.store, None, None))
    known = [json.loads(line) for line in _latest(exported)]
    assert sorted(rows(over_lines, query), key=repr) == sorted(recount(told, known), key=repr)


def _latest(exported: Exported) -> Iterator[str]:
    """What the table knows of each event now."""
    keys = {key for day in exported.store.past.days(END.date() + timedelta(days=9))
            for key in exported.store.past.seen(day)}  # fmt: skip
    return map(event_line, archive.events(exported.store, sorted(keys)))


def test_parquets_columns_are_documented() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    for name, schema in (("decisions", DECISIONS), ("events", EVENTS)):
        table = re.search(rf"\| {name} \| type \| what \|\n\|---\|---\|---\|\n((?:\|.*\n)+)", text)
        assert table
        told: dict[str, str] = {}
        for row in table[1].splitlines():
            columns, kind = row.split("|")[1:3]
            told |= dict.fromkeys(re.findall(r"`([a-z_]+)`", columns), kind.strip().strip("`"))
        assert told == {field.name: _kind(str(field.type)) for field in schema}


def _kind(told: str) -> str:
    return "list of structs" if "struct" in told else re.sub(r"list<.*string>", "list<string>", told)


def test_parquets_lists_are_those_of_the_table() -> None:
    columns = read_definition(TABLES[0]).columns.fields
    decision = columns["decision"]
    assert isinstance(decision, Struct)
    for name in ("targets", "reasons", "accounts", "events", "overrides"):
        assert _duck(DECISIONS.field(name).type) == {**columns, **decision.fields}[name].duck


def _duck(kind: Any) -> str:
    """A type of Arrow's in DuckDB's words."""
    if hasattr(kind, "value_type"):
        return f"{_duck(kind.value_type)}[]"
    if str(kind).startswith("struct<"):
        fields = (f'"{one.name}" {_duck(one.type)}' for one in kind)
        return f"STRUCT({', '.join(fields)})"
    return {"string": "VARCHAR", "int64": "BIGINT", "bool": "BOOLEAN"}[str(kind)]


def test_nothing_is_lost_in_parquet(exported: Exported, over_parquet: duckdb.DuckDBPyConnection) -> None:
    kept = [json.loads(text) for (text,) in over_parquet.execute("SELECT record FROM org_gate.decisions").fetchall()]
    assert kept == [{"kind": "decision", **one} for one in records(exported.store, None, None)]
