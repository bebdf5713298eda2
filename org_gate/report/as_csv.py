"""The report as tables: a folder of CSV files, or the same as one zip file. Here is everything, nothing left out.

Decisions, affected accounts and affected entities are written as they pass, so no number of them fills memory; the
other tables once all is counted. A spreadsheet runs nothing of what it finds here: text that looks like a formula gets
an apostrophe in front. Lists are in one cell, with semicolons between.
"""

import csv
import gzip
import io
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Final, Self

from org_gate.model.event import EventKey
from org_gate.model.times import format_time
from org_gate.report.build import Options, Told, build, nobody
from org_gate.report.build_bounds import WHOLE
from org_gate.report.build_decisions import overrides_of, rules_of, services_of
from org_gate.report.csv_tables import parts_of, summary_rows
from org_gate.report.model import Report
from org_gate.report.plain import cell
from org_gate.report.reading import Reader
from org_gate.store.past import Affected, PastDecision

DECISIONS: Final = (
    *("id", "at", "account", "accounts", "regions", "pipeline", "pipeline_region", "stage", "execution_id"),
    *("verdict", "would_be", "mode", "exempt", "on_block", "stale", "rules", "services", "blocking_events"),
    *("warning_events", "overrides", "outcome", "outcome_at", "policy_version", "summary"),
)
AFFECTED: Final = ("arn", "region", "account", "ou")
RESOURCES: Final = ("arn", "region", "account", "value", "status")
SUMMARY: Final = ("name", "value")
_BLOCK: Final = 1 << 20


class CsvTables:
    """``opened`` gives the file that a table of that name goes to."""

    def __init__(self, opened: Callable[[str], IO[str]]) -> None:
        self._opened = opened
        self._open = ExitStack()

    def __enter__(self) -> Self:
        self._decisions = self._table("decisions", DECISIONS)
        self._affected = self._table("affected_accounts", AFFECTED)
        self._resources = self._table("resources", RESOURCES)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def decision(self, decision: PastDecision, accounts: Sequence[str]) -> None:
        self._decisions.writerow(map(_text, _decision(decision, accounts)))

    def affected(self, key: EventKey, account: str, ou: str) -> None:
        self._affected.writerow(map(_text, (key.arn, key.region, account, ou)))

    def resource(self, key: EventKey, entity: Affected) -> None:
        self._resources.writerow(map(_text, (key.arn, key.region, *entity)))

    def finish(self, report: Report) -> None:
        """The other tables."""
        summary = self._table("summary", SUMMARY)
        summary.writerows(map(_text, row) for row in summary_rows(report))
        for name, columns, rows in parts_of(report):
            table = self._table(name, columns)
            table.writerows(map(_text, row) for row in rows)

    def _table(self, name: str, columns: Sequence[str]) -> Any:
        file = self._open.enter_context(self._opened(name))
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        return writer


def write_csv(reader: Reader, options: Options, out: Path, told: Told = nobody) -> Report:
    """The tables at ``out``: one zip file where the name ends so, else a folder. Nothing is there before all is done.

    In a folder that is there, files of the same names are replaced. Raises OSError, and what ``build`` raises.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=".org-gate-") as made:
        if out.suffix == ".zip":
            part = Path(made) / "zip"
            with part.open("wb") as file:
                report = zip_csv(reader, options, file, told)
            part.replace(out)
            return report
        report = _written(reader, options, lambda name: _file(Path(made), name), told)
        out.mkdir(exist_ok=True)
        for table in sorted(Path(made).iterdir()):
            table.replace(out / table.name)
    return report


def zip_csv(reader: Reader, options: Options, out: IO[bytes], told: Told = nobody) -> Report:
    """The tables as one zip file, byte for byte the same from the same tables. Raises what ``build`` raises.

    Several tables are written at once, and a zip file takes one after the other: until then they are in memory, packed.
    """
    packed: dict[str, io.BytesIO] = {}

    def opened(name: str) -> IO[str]:
        packed[name] = io.BytesIO()
        return io.TextIOWrapper(gzip.GzipFile(fileobj=packed[name], mode="wb", compresslevel=1), "utf-8", newline="")

    report = _written(reader, options, opened, told)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(packed):
            entry = zipfile.ZipInfo(f"{name}.csv", options.now.timetuple()[:6])
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            source = gzip.GzipFile(fileobj=io.BytesIO(packed.pop(name).getbuffer()))
            with archive.open(entry, "w", force_zip64=True) as target:
                shutil.copyfileobj(source, target, _BLOCK)
    return report


def _written(reader: Reader, options: Options, opened: Callable[[str], IO[str]], told: Told) -> Report:
    with CsvTables(opened) as tables:
        report = build(reader, options, tables=tables, bounds=WHOLE, told=told)
        tables.finish(report)
    return report


def _file(folder: Path, name: str) -> IO[str]:
    return (folder / f"{name}.csv").open("w", encoding="utf-8", newline="")


def _decision(decision: PastDecision, accounts: Iterable[str]) -> Iterator[Any]:
    about, came_of = decision.about, decision.came_of
    blocking = dict.fromkeys(f"{each.region} {each.arn}" for each in about.grounds if each.blocks and each.arn)
    named = dict.fromkeys(f"{each.region} {each.arn}" for each in about.grounds if each.arn and each.verdict != "allow")
    yield from (decision.id, decision.at, decision.account, accounts)
    yield sorted({region for _account, region in about.targets})
    yield from (decision.pipeline, decision.pipeline_region, decision.stage, decision.execution_id)
    yield from (decision.verdict, decision.would_be, decision.mode, decision.exempt, about.on_block, about.stale)
    yield from (rules_of(decision), services_of(decision), blocking, [each for each in named if each not in blocking])
    yield overrides_of(decision)
    yield from (None, None) if came_of is None else (came_of.outcome, came_of.at)
    yield from (decision.policy_version, decision.summary)


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case datetime():
            return format_time(value)
        case str():
            return cell(value)
        case _:
            return cell("; ".join(map(str, value)))
