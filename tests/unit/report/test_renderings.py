"""The renderings say the same, and none of them lets what strangers wrote be more than text."""

import csv
import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from org_gate.model.event import Account
from org_gate.model.override import Override
from org_gate.report.as_csv import write_csv
from org_gate.report.as_json import as_json
from org_gate.report.as_md import as_md
from org_gate.report.build import build
from org_gate.report.html import html
from org_gate.report.plain import cell, cut, one_line
from org_gate.report.reading import TableReader
from org_gate.store import StoreError
from tests.unit.report.test_build import OPTIONS, save
from tests.unit.report.worlds import HOUR, START, WHO, World
from tests.unit.store.tables import fake_table, store_on

HOSTILE = "x` |<img src=x onerror=alert(1)>|\r\n# @here [a](javascript:alert(1)) ![b](http://c) \u202e\x1b[31m =1+1"


def rows(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("seed", [3, 7, 8])
def test_csv_and_json_and_markdown_agree(seed: int, tmp_path: Path) -> None:
    world = World(seed)
    data = json.loads(as_json(build(world.reader(), world.options())))
    report = write_csv(world.reader(), world.options(), tmp_path / "out")
    out = tmp_path / "out"
    total = data["decisions"]["total"]
    decisions = rows(out, "decisions")
    assert len(decisions) == total["decisions"]
    for verdict, name in (("allow", "allowed"), ("warn", "warned"), ("block", "blocked")):
        assert sum(row["verdict"] == verdict for row in decisions) == total[name]
    assert sum(row["outcome"] == "resumed" for row in decisions) == total["resumed"]
    assert sum(bool(row["overrides"]) for row in decisions) == total["overridden"]
    summary = {row["name"]: row["value"] for row in rows(out, "summary")}
    assert {name: summary[name] for name in total} == {name: str(number) for name, number in total.items()}
    assert [(row["arn"], row["blocked"]) for row in rows(out, "events")] == [
        (row["arn"], str(row["blocked"])) for row in data["events"]["rows"]["rows"]
    ]
    accounts = {row["id"]: row["blocked"] for row in rows(out, "accounts")}
    assert accounts == {row["id"]: str(row["outcomes"]["blocked"]) for row in data["decisions"]["accounts"]["rows"]}
    assert len(rows(out, "resources")) == data["events"]["resources"]
    assert len(rows(out, "affected_accounts")) == sum(row["account_count"] for row in data["events"]["rows"]["rows"])
    text = as_md(report)
    assert f"**{total['blocked']} blocked** ({total['held']} held, {total['resumed']} resumed" in text
    assert f"{data['now']['open_events']} open event" in text


@pytest.mark.parametrize("seed", [3, 7])
def test_a_row_of_each_decision_leads_to_its_events(seed: int, tmp_path: Path) -> None:
    world = World(seed)
    write_csv(world.reader(), world.options(), tmp_path)
    blocked: dict[str, int] = {}
    for row in rows(tmp_path, "decisions"):
        for event in filter(None, row["blocking_events"].split("; ")):
            blocked[event] = blocked.get(event, 0) + 1
    for told in rows(tmp_path, "events"):
        assert int(told["blocked"]) == blocked.get(f"{told['region']} {told['arn']}", 0)


def test_the_zip_holds_the_same_files_and_is_the_same_each_time(tmp_path: Path) -> None:
    world = World(6)
    write_csv(world.reader(), world.options(), tmp_path / "folder")
    for name in ("one.zip", "other.zip"):
        write_csv(world.reader(), world.options(), tmp_path / name)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "other.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.zip") as archive:
        found = {name: archive.read(name) for name in archive.namelist()}
    assert found == {file.name: file.read_bytes() for file in (tmp_path / "folder").iterdir()}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "one.zip", "other.zip"]


def test_tables_that_could_not_be_finished_leave_what_was_there(tmp_path: Path) -> None:
    world = World(6)
    write_csv(world.reader(), world.options(), tmp_path / "out")
    before = {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()}

    def ends(operation: str) -> None:
        if operation == "query":
            raise StoreError

    world.client.before = ends
    with pytest.raises(StoreError):
        write_csv(world.reader(), world.options(), tmp_path / "out")
    assert {file.name: file.read_bytes() for file in (tmp_path / "out").iterdir()} == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def hostile_reader() -> TableReader:
    store = store_on(fake_table())
    store.accounts.refresh([Account("111122223333", HOSTILE, ("r-1", "ou-1"))])
    save(store, 1, START, ("111122223333",), service=HOSTILE, type_code=HOSTILE, category="scheduledChange")
    store.overrides.create(Override(
        id="o-1", accounts=("111122223333",), events=("all",), reason=HOSTILE, account="111122223333", who=WHO,
        created_at=START, expires_at=START + HOUR, ticket=HOSTILE,
    ))  # fmt: skip
    return TableReader(store)


def test_no_cell_of_a_table_is_a_formula_or_breaks_its_line(tmp_path: Path) -> None:
    options = replace(OPTIONS, names={"111122223333": "=HYPERLINK(1)"})
    write_csv(hostile_reader(), options, tmp_path)
    for file in tmp_path.iterdir():
        text = file.read_text(encoding="utf-8")
        for row in csv.reader(text.splitlines()):
            assert not any(value.lstrip("'\t ").startswith(("=", "@")) and not value.startswith("'") for value in row)
            assert not any(letter in value for value in row for letter in "\r\n\x1b\u202e")
    assert rows(tmp_path, "accounts")[0]["name"] == "'=HYPERLINK(1)"


def test_in_markdown_strangers_words_stand_in_code_spans() -> None:
    text = as_md(build(hostile_reader(), replace(OPTIONS, names={"111122223333": HOSTILE})))
    assert "onerror" in text
    for line in text.splitlines():
        outside = "".join(line.split("`")[::2])
        assert line.count("`") % 2 == 0, line
        for mark in ("<img", "@here", "](", "javascript", "onerror"):
            assert mark not in outside, line
    assert not any(letter in text for letter in "\r\x1b\u202e")


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@x", " =1", "\t=1", "\uff1d1", "\n@x"])
def test_what_looks_like_a_formula_is_text(text: str) -> None:
    assert cell(text).startswith(("'", "\\"))


def test_plain_text_is_cut_where_it_is_long() -> None:
    assert cut("abc", 3) == "abc"
    assert len(cut("a" * 50, 20)) == 20
    assert cut("a" * 50, 20).endswith("(cut)")
    assert one_line("a\nb\u202ec") == "a\\nb\\u202ec"


@pytest.mark.parametrize("seed", [3, 7])
def test_the_page_has_the_numbers_and_the_rows_of_the_report(seed: int) -> None:
    world = World(seed)
    report = build(world.reader(), world.options())
    page = html(report)
    shown = dict(re.findall(r'outcome=(\w+)"><strong>(\d+)</strong>', page))
    total = report.decisions.total.model_dump()
    assert {"allowed", "warned", "blocked", "held", "resumed"} <= set(shown)
    assert shown == {name: str(total[name]) for name in shown}
    assert all(row.arn in page for row in report.events.rows.rows)
    assert all(row.id in page for row in report.decisions.rows.rows)
