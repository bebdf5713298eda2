"""``org-gate export``: what the table holds, a line each, in the form that the backtest reads back."""

import gzip
import io
import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest
import yaml

from org_gate.cli.export import write
from org_gate.cli.export_files import JsonLines, json_lines, whole
from org_gate.cli.main import run
from org_gate.cli.surroundings import Surroundings
from org_gate.model.event import Event
from org_gate.report import archive
from org_gate.report.exported import read_export, recorded_of
from org_gate.store import Store, StoreUnavailableError
from tests.unit.cli.test_report import Account, stack
from tests.unit.decision.builders import NOW, PROD, event
from tests.unit.report.histories import at
from tests.unit.report.kept import keep
from tests.unit.report.records import record
from tests.unit.report.worlds import DAY, END, World
from tests.unit.rollout.organizations import settings
from tests.unit.store.tables import Killed, fake_table, store_on

ARN = event().arn


def exported(
    store: Store, since: datetime | None = None, until: datetime | None = None
) -> tuple[list[Event], list[Any]]:
    file = io.StringIO()
    counted = write(store, JsonLines(file), since, until)
    events, decisions = read_export(file.getvalue().encode().splitlines(), "out")
    assert counted == (len(decisions), len(events))
    return events, decisions


def arns(store: Store, since: datetime | None = None, until: datetime | None = None) -> list[str]:
    return [one.arn for one in exported(store, since, until)[0]]


def test_decisions_come_with_the_events_that_they_name_and_those_that_are_open() -> None:
    store = store_on(fake_table())
    keep(store, ARN, -10)
    keep(store, ARN, 600, status="closed", end="2026-03-02T12:10:00Z")
    keep(store, f"{ARN}2", 5, frozenset({PROD}))
    records = [record(at(n), event(last_updated=at(-10)), number=n + 1) for n in range(3)]
    for one in records:
        store.put_decision(one)
    events, decisions = exported(store)
    assert decisions == [recorded_of(one) for one in reversed(records)]
    assert [(one.arn, one.status, one.accounts) for one in events] == [
        (ARN, "closed", frozenset()),
        (f"{ARN}2", "open", {PROD}),
    ]
    assert (events[0].end, events[0].last_updated) == (NOW + timedelta(minutes=10), at(600))


def closed(store: Store, arn: str, days: int, accounts: frozenset[str] = frozenset()) -> None:
    keep(store, arn, days * 86_400, accounts)
    keep(store, arn, days * 86_400 + 60, accounts, status="closed")


def test_events_that_no_decision_names_come_too_by_the_days_they_were_written_on() -> None:
    store = store_on(fake_table())
    for days in (-300, -5, -4, -2, -1, 0):
        closed(store, f"arn:{days}", days)
    keep(store, "arn:open", -9 * 86_400)
    store.states.commit_poll(NOW, full=True)
    assert arns(store) == ["arn:-1", "arn:-2", "arn:-300", "arn:-4", "arn:-5", "arn:0", "arn:open"]
    midnight = NOW.replace(hour=0)
    assert arns(store, midnight - 4 * DAY, midnight - DAY) == ["arn:-2", "arn:-4", "arn:open"]
    assert arns(store, NOW - 4 * DAY, NOW - DAY) == ["arn:-1", "arn:-2", "arn:-4", "arn:open"]


def test_what_the_last_poll_wrote_past_midnight_is_there() -> None:
    store = store_on(fake_table())
    store.states.commit_poll(NOW.replace(hour=23, minute=59), full=True)
    closed(store, "arn:late", 1)
    assert arns(store) == ["arn:late"]


def test_without_a_poll_and_a_decision_open_events_are_there() -> None:
    store = store_on(fake_table())
    assert exported(store) == ([], [])
    keep(store, "arn:open", 0)
    assert arns(store) == ["arn:open"]


def test_a_range_over_all_times_is_no_longer_than_the_tables() -> None:
    client = fake_table()
    store = store_on(client)
    store.states.commit_poll(NOW, full=True)
    closed(store, "arn:1", 0)
    client.reset()
    first, last = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)
    assert arns(store, first, last) == ["arn:1"]
    assert arns(store, first, first) == arns(store, last, last) == []
    assert client.reads < 1000


def test_of_the_time_asked_for() -> None:
    store = store_on(fake_table())
    for hour in range(4):
        store.put_decision(record(NOW + timedelta(hours=hour), number=hour + 1))
    _, decisions = exported(store, NOW + timedelta(hours=1), NOW + timedelta(hours=3))
    assert [one.at for one in decisions] == [NOW + timedelta(hours=2), NOW + timedelta(hours=1)]


def test_what_strangers_wrote_stays_on_its_line() -> None:
    store = store_on(fake_table())
    odd = record(NOW)
    odd["request"]["source"] = "a\u2028b\nc\x1b"
    store.put_decision(odd)
    file = io.StringIO()
    write(store, JsonLines(file), None, None)
    (line,) = file.getvalue().splitlines()
    assert line.isascii()
    assert json.loads(line)["request"]["source"] == odd["request"]["source"]


def test_a_record_of_another_form_is_written_as_it_is() -> None:
    store = store_on(fake_table())
    odd = record(NOW, event())
    odd["events"] = [{"other": "form"}]
    store.put_decision(odd)
    file = io.StringIO()
    assert write(store, JsonLines(file), None, None) == (1, 0)
    assert json.loads(file.getvalue()) == {"kind": "decision", **odd}


def test_a_file_is_there_once_it_is_whole(tmp_path: Path) -> None:
    out = tmp_path / "past.jsonl"
    out.write_text("before")

    def half_way() -> None:
        with json_lines(out) as lines:
            lines.file.write("half")
            message = "disk full"
            raise OSError(message)

    with pytest.raises(OSError, match="disk full"):
        half_way()
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("past.jsonl", "before")]
    with json_lines(out) as lines:
        lines.file.write("whole")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("past.jsonl", "whole")]


def test_a_process_that_is_killed_leaves_none_that_anybody_reads(tmp_path: Path) -> None:
    out = tmp_path / "past.jsonl"
    program = (
        "import os, pathlib, sys\nfrom org_gate.cli.export_files import whole\n"
        "with whole(pathlib.Path(sys.argv[1])) as part:\n part.write_text('half')\n os.kill(os.getpid(), 9)"
    )
    done = subprocess.run([sys.executable, "-c", program, str(out)], check=False)
    assert done.returncode == -9
    assert [file.name for file in tmp_path.iterdir()] == [".past.jsonl.part"]
    with whole(out) as part:
        part.write_text("whole")
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("past.jsonl", "whole")]


class Exporting:
    """Runs the command on a world's table; files are in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.world = World(3, decisions=40, events=12)
        self.aws = Account(self.world, {"cloudformation.describe_stacks": stack})
        self.config = folder / "org-gate.yaml"
        self.config.write_text(yaml.safe_dump(settings().model_dump(mode="json", exclude_defaults=True)))

    def run(self, *arguments: str) -> int:
        try:
            code: object = run(
                ["export", "--config", str(self.config), *arguments], Surroundings(aws=lambda: self.aws.session)
            )
        except SystemExit as end:
            code = end.code
        return cast("int", code)

    def files(self, name: str) -> dict[str, bytes]:
        """What is there below it, hidden or not."""
        found = self.folder / name
        return {str(file.relative_to(found)): file.read_bytes() for file in found.rglob("*") if file.is_file()}


@pytest.fixture
def exporting(tmp_path: Path) -> Exporting:
    return Exporting(tmp_path)


def test_to_standard_output_and_to_a_file_it_is_the_same(
    exporting: Exporting, capsys: pytest.CaptureFixture[str]
) -> None:
    out = exporting.folder / "new" / "past.jsonl"
    assert [exporting.run(), exporting.run("--out", str(out))] == [0, 0]
    printed = capsys.readouterr()
    assert printed.out == out.read_text(encoding="utf-8")
    _, decisions = read_export(out.read_bytes().splitlines(), "out")
    assert len(decisions) == 40
    assert "40 decisions and" in printed.err
    assert "from table" in printed.err


@pytest.mark.parametrize("arguments", [(), ("--format", "parquet")])
def test_twice_gives_the_same_bytes(exporting: Exporting, arguments: tuple[str, ...]) -> None:
    assert [exporting.run("--out", str(exporting.folder / name), *arguments) for name in ("a", "b")] == [0, 0]
    if arguments:
        assert exporting.files("a") == exporting.files("b") != {}
    else:
        assert (exporting.folder / "a").read_bytes() == (exporting.folder / "b").read_bytes() != b""


def test_by_day_writes_what_the_archive_says_of_the_days_that_are_over(
    exporting: Exporting, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exporting.run("--by-day", "--out", str(exporting.folder / "history")) == 0
    found = exporting.files("history")
    store = exporting.world.store
    last = (END - timedelta(minutes=3)).date()
    expected = {
        archive.key(kind, day): b"".join(line.encode() for line in lines)
        for day in store.past.days(last)
        for kind in archive.KINDS
        if (lines := list(archive.lines(store, kind, day)))
    }
    assert {name: gzip.decompress(data) for name, data in found.items()} == expected
    assert not any(last.isoformat() in name for name in found)
    assert f"{len(found)} files from table" in capsys.readouterr().err


def test_by_day_leaves_alone_what_is_there(exporting: Exporting, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(exporting.folder / "history")
    assert exporting.run("--by-day", "--out", out, "--to", "2026-03-04") == 0
    first = exporting.files("history")
    name = min(first)
    (exporting.folder / "history" / name).write_bytes(b"of before")
    capsys.readouterr()
    assert exporting.run("--by-day", "--out", out, "--from", "2026-03-03", "--to", "2026-03-06") == 0
    found = exporting.files("history")
    assert found[name] == b"of before"
    days = {each.split("/")[1] for each in found}
    assert {"day=2026-03-03", "day=2026-03-04", "day=2026-03-05"} <= days
    assert max(days) == "day=2026-03-05"
    kept = sum("day=2026-03-03" in each for each in first)
    assert f"{len(found) - len(first)} files ({kept} files there already)" in capsys.readouterr().err


FORMS: dict[str, tuple[str, ...]] = {"jsonl": (), "parquet": ("--format", "parquet"), "by-day": ("--by-day",)}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("part", [0.1, 0.5, 0.95])
def test_ended_half_way_it_leaves_no_half_file(exporting: Exporting, form: str, part: float) -> None:
    client = exporting.world.client
    client.reset()
    assert exporting.run("--out", str(exporting.folder / "all" / "x"), *FORMS[form]) == 0
    complete, calls = exporting.files("all"), client.calls.total()
    client.reset()
    client.kill_at = int(calls * part)
    with pytest.raises(Killed):
        exporting.run("--out", str(exporting.folder / "some" / "x"), *FORMS[form])
    left = exporting.files("some")
    assert left.items() < complete.items()
    assert form == "by-day" or not left


def _denied(_operation: str) -> None:
    raise StoreUnavailableError("query", "AccessDenied", "no such rights")


def _a_file(folder: Path) -> None:
    (folder / "some").write_text("a file")


@pytest.mark.parametrize("form", FORMS)
def test_a_table_that_cannot_be_read_ends_with_3(
    exporting: Exporting, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exporting.world.client.before = _denied
    assert exporting.run("--out", str(exporting.folder / "some" / "x"), *FORMS[form]) == 3
    assert exporting.files("some") == {}
    assert "no such rights" in capsys.readouterr().err


@pytest.mark.parametrize("form", FORMS)
def test_a_place_that_cannot_be_written_to_ends_with_2(
    exporting: Exporting, form: str, capsys: pytest.CaptureFixture[str]
) -> None:
    _a_file(exporting.folder)
    assert exporting.run("--out", str(exporting.folder / "some" / "x"), *FORMS[form]) == 2
    assert "give another path with --out" in capsys.readouterr().err


@pytest.mark.parametrize("form", FORMS)
def test_of_an_empty_table(tmp_path: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    exporting = Exporting(tmp_path)
    exporting.world.client = fake_table()
    assert exporting.run("--out", str(tmp_path / "x" / "x"), *FORMS[form]) == 0
    assert len(exporting.files("x")) == {"jsonl": 1, "parquet": 2, "by-day": 0}[form]
    told = "0 files" if form == "by-day" else "0 decisions and 0 events"
    assert f"{told} from table" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--from", "2026-01-02", "--to", "2026-01-01"), "--from has to be before --to"),
        (("--format", "parquet"), "--format parquet writes several files: name a folder with --out"),
        (("--by-day",), "--by-day writes several files: name a folder with --out"),
        (("--by-day", "--format", "parquet", "--out", "x"), "--by-day writes JSON Lines alone"),
        (("--by-day", "--out", __file__), "is a file, and --by-day writes several"),
        (("--format", "parquet", "--out", __file__), "is a file, and --format parquet writes several"),
        (("--out", str(Path(__file__).parent)), "is a folder, and JSON Lines go into one file"),
        (("--by-day", "--out", "x", "--from", "2026-01-01T12:00:00Z"), "--by-day writes whole days"),
        (("--by-day", "--out", "x", "--to", "2026-01-01T00:00:00+01:00"), "--by-day writes whole days"),
        (("--config", "missing.yaml"), "missing.yaml"),
    ],
)
def test_wrong_use(arguments: tuple[str, ...], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    code: object
    try:
        code = run(["export", *arguments])
    except SystemExit as end:
        code = end.code
    assert code == 2
    assert told in " ".join(capsys.readouterr().err.split())


def test_without_the_parquet_extra_it_says_what_to_install() -> None:
    program = (
        "import sys; sys.modules['pyarrow'] = None; from org_gate.cli.main import run; sys.exit(run(sys.argv[1:]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, "export", "--format", "parquet", "--out", "x"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "--require-hashes --no-deps -r requirements/parquet.txt" in " ".join(done.stderr.split())


def test_json_lines_alone_need_no_pyarrow() -> None:
    program = "import sys; sys.modules['pyarrow'] = None; import org_gate.cli.export, org_gate.report.archive"
    subprocess.run([sys.executable, "-c", program], check=True)
