"""How a report is made: its bounds, its scope, its warnings, the same each time, and from next to nothing."""

import json
import tracemalloc
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from org_gate.model.event import Account, EventKey
from org_gate.model.record import EventRecord, Stamped
from org_gate.model.times import format_time
from org_gate.report.as_json import as_json
from org_gate.report.as_md import as_md
from org_gate.report.build import Options, build
from org_gate.report.build_bounds import Bounds
from org_gate.report.build_coverage import coverage_part
from org_gate.report.build_decisions import Held
from org_gate.report.build_tally import spread
from org_gate.report.build_tree import Tree, UnknownOuError
from org_gate.report.coverage import AccountSeen, Coverage, PipelineSeen, Unread
from org_gate.report.coverage_stages import Standing
from org_gate.report.model import Report
from org_gate.report.reading import TableReader
from org_gate.store import Store
from org_gate.store.events import Belongings
from org_gate.store.members import SetReading
from tests.unit.report.large import LargeReader
from tests.unit.report.worlds import DAY, END, HOUR, POLICY, START, WHO, World
from tests.unit.store.tables import everything, fake_table, store_on, table_on

MINUTE = timedelta(minutes=1)
OPTIONS = Options(since=START, until=END, now=END, version="1", region="eu-west-1")
TINY = Bounds(
    events=2, accounts=2, ous=2, pipelines=2, decisions=2, resources=2, coming=2, others=2, descriptions=1, within=2
)


def made(store: Store, options: Options = OPTIONS, bounds: Bounds | None = None) -> Report:
    return build(TableReader(store), options) if bounds is None else build(TableReader(store), options, bounds=bounds)


def save(store: Store, number: int = 1, at: datetime = START, accounts: tuple[str, ...] = (), **values: Any) -> None:
    key = EventKey(f"arn:aws:health:us-east-1::event/RDS/X/{number}", "us-east-1")
    told = {"status": "open", "scope": "PUBLIC", "category": "issue", "service": "RDS", "last_updated": format_time(at)}
    stamp = f"{format_time(at)}|1|"
    fields = {name: Stamped(value, stamp) for name, value in (told | values).items()}
    reading = SetReading({account: {} for account in accounts}, stamp, complete=True)

    def change(found: EventRecord | None) -> EventRecord:
        record = found or EventRecord(key=key)
        return replace(record, fields={**record.fields, **fields})

    store.events.save(key, change, now=at, belongings=Belongings(accounts=reading))


def numbers(report: Report) -> list[str]:
    return [row.arn.rsplit("/", 1)[1] for row in report.events.rows.rows]


@pytest.fixture
def store() -> Store:
    return store_on(fake_table())


def test_an_empty_table_makes_a_report_that_says_so(store: Store) -> None:
    report = made(store)
    assert (report.events.total, report.decisions.total.decisions, report.policy.version) == (0, 0, 0)
    assert (report.now.freshness.stale, report.now.freshness.age_seconds) == (True, None)
    assert len(report.now.warnings) == 3
    assert "None was published." in as_md(report)


@pytest.mark.parametrize("seed", [1, 5])
def test_the_same_table_makes_the_same_report(seed: int) -> None:
    one, other = World(seed), World(seed)
    assert as_json(build(one.reader(), one.options())) == as_json(build(other.reader(), other.options()))
    assert as_json(build(one.reader(), one.options())) == as_json(build(one.reader(), one.options()))


def test_to_make_a_report_writes_nothing() -> None:
    world = World(2)
    world.client.reset()
    build(world.reader(), world.options())
    assert set(world.client.calls) <= {"query", "get_item", "batch_get_item"}


def test_bounds_leave_out_rows_and_no_numbers() -> None:
    world = World(4)
    whole, small = (build(world.reader(), world.options(), bounds=bounds) for bounds in (Bounds(), TINY))
    assert small.decisions.total == whole.decisions.total
    assert small.events.timeline == whole.events.timeline
    data, all_of_it = json.loads(as_json(small)), json.loads(as_json(whole))
    for where in ("ous", "accounts", "pipelines", "rules", "services", "regions", "rows"):
        few, many = data["decisions"][where], all_of_it["decisions"][where]
        assert len(few["rows"]) <= 2 * (3 if where == "rows" else 1)
        assert len(few["rows"]) + few["rows_omitted"] == len(many["rows"]) + many["rows_omitted"], where
    shown = {row["id"] for row in data["events"]["rows"]["rows"]}
    assert shown == {0, 1}
    assert {place for row in data["decisions"]["accounts"]["rows"] for place in row["events"]} <= shown
    assert {place for row in data["decisions"]["rows"]["rows"] for place in row["events"]} <= shown
    assert set(data["now"]["hitting"]) <= shown
    assert sum(row["description"] is not None for row in data["events"]["rows"]["rows"]) == 1


def test_events_that_were_over_before_the_range_or_begin_after_it_are_left_out(store: Store) -> None:
    since, until = format_time(START), format_time(END)
    options = replace(OPTIONS, now=END + 9 * DAY)
    before, within, after = (format_time(moment) for moment in (START - DAY, START + DAY, END + DAY))
    save(store, 1, START + HOUR, start=before, end=before, status="closed")
    save(store, 2, START + HOUR, start=before, end=within, status="closed")
    save(store, 3, END + DAY, start=after, end=after, status="closed")
    save(store, 4, START - 90 * DAY, start=before, status="open")
    save(store, 5, END + DAY, start=after, status="open")
    save(store, 6, START, start=before, end=since, status="closed")
    save(store, 7, END, start=until, end=after, status="closed")
    save(store, 8, END + DAY, start=before, status="closed")
    save(store, 9, START + DAY, start=None, status="closed")
    assert sorted(numbers(made(store, options))) == ["2", "4", "5", "6", "8", "9"]


def test_open_events_come_first_then_the_newest(store: Store) -> None:
    for number, (hours, status) in enumerate([(3, "closed"), (1, "open"), (2, "open"), (4, "closed")], start=1):
        save(store, number, START + DAY, start=format_time(START + hours * HOUR), status=status)
    assert numbers(made(store)) == ["3", "2", "4", "1"]


def test_changes_to_come_are_in_order_of_their_deadlines(store: Store) -> None:
    for number, days in enumerate((3, 1, None, -1), start=1):
        start = None if days is None else format_time(END + days * DAY)
        save(store, number, START, category="scheduledChange", status="upcoming", start=start)
    save(store, 5, START, category="issue", status="upcoming", start=format_time(END + DAY))
    rows = made(store).coming.rows
    assert [row.arn[-1] for row in rows] == ["4", "2", "1", "3"]
    assert [row.seconds_left for row in rows] == [-86_400, 86_400, 3 * 86_400, None]


def test_a_scope_takes_an_ou_by_path_or_id_and_refuses_what_is_none() -> None:
    accounts = {
        "1": Account("1", "A/B", ("r-1", "ou-a", "ou-b")),
        "2": Account("2", "AB", ("r-1", "ou-c")),
        "3": Account("3", "", ("r-1",)),
    }
    assert [Tree(accounts, ou).ou for ou in ("A", "A/", "ou-a", "ou-b", "r-1", "", None)] == [
        "A", "A", "A", "A/B", None, None, None,
    ]  # fmt: skip
    assert set(Tree(accounts, "A").inside) == {"1"}
    assert Tree(accounts, "A/B").lineage("1") == ("A/B",)
    assert Tree(accounts, "A").lineage("1") == ("A", "A/B")
    assert Tree(accounts, None).lineage("9") == ("", "?")
    for wrong in ("B", "a", "ou-x", "A/B/C"):
        with pytest.raises(UnknownOuError, match=wrong):
            Tree(accounts, wrong)


def test_knowledge_that_is_old_is_warned_of_in_words(store: Store) -> None:
    store.publish_policy({**POLICY, "mode": "shadow"}, who=WHO, note="", now=START, expected_version=None)
    store.states.commit_poll(END - 11 * MINUTE, full=True)
    store.states.commit_tree(END - 2 * DAY)
    warnings = made(store).now.warnings
    assert [warning.split()[0] for warning in warnings] == ["What", "The", "The"]
    assert "11 min old" in warnings[0]
    assert "shadow" in warnings[2]
    store.states.commit_poll(END - 10 * MINUTE, full=True)
    assert len(made(store).now.warnings) == 2


def test_a_megabyte_in_every_field_makes_a_small_report(store: Store) -> None:
    hostile = "<script>alert(1)</script>|`\n\r\u202e=cmd()" * 2_000
    for number in range(20):
        save(store, number, START, service=hostile, category=hostile, type_code=hostile, availability_zone=hostile)
    report = made(store, replace(OPTIONS, names={"1": hostile}, organization="o-1"))
    assert len(as_json(report)) < 60_000
    assert len(as_md(report)) < 20_000


@pytest.mark.parametrize("told", [
    ([(1, True), (4, False)], 3), ([(1, True), (2, True)], 1), ([(1, False), (2, True), (5, False), (9, False)], 3),
    ([(1, False)], None), ([(1, True), (3, False), (6, True), (7, False)], 6),
])  # fmt: skip
def test_how_long_a_run_was_held(told: tuple[list[tuple[int, bool]], int | None]) -> None:
    moments, minutes = told
    held = Held()
    for minute, blocked in reversed(moments):
        held.tell(START + minute * MINUTE, blocked=blocked)
    assert held.seconds == (None if minutes is None else minutes * 60)


@pytest.mark.parametrize(("found", "median", "p90"), [([5], 5, 5), ([1, 2], 1, 1), (range(1, 12), 6, 10)])
def test_quantiles_are_values_that_occur(found: list[int], median: int, p90: int) -> None:
    told = spread(found)
    assert (told.median, told.p90, told.least, told.most) == (median, p90, min(found), max(found))


@pytest.mark.parametrize(
    ("days", "length", "most"), [(1, 3600, 24), (7, 21_600, 29), (90, 86_400, 91), (400, 604_800, 59)]
)
def test_the_timeline_has_a_number_of_buckets_that_fits_a_page(store: Store, days: int, length: int, most: int) -> None:
    timeline = made(store, replace(OPTIONS, since=END - days * DAY)).events.timeline
    assert timeline.bucket_seconds == length
    assert days * 86_400 // length <= len(timeline.buckets) <= most


def test_coverage_counts_gates_and_lists_gaps_in_scope() -> None:
    late = PipelineSeen("eu-west-1", "web", Standing.LATE, "Gate", "it comes after a deployment")
    bare = PipelineSeen("us-east-1", "old", Standing.UNGATED, None, "no stage has a gate")
    seen = (
        AccountSeen(account="1", name="a", ou="A", gates=("eu-west-1", "us-east-1"), outdated=("us-east-1",),
                    without_gate=("ap-south-1",), pipelines=(late, bare)),
        AccountSeen(account="2", name="b", ou="A", unread=(Unread("", "", "no way in"),)),
        AccountSeen(account="3", name="c", ou="B"),
        AccountSeen(account="4", name="d", ou="A", left_out="it is suspended"),
    )  # fmt: skip
    tree = Tree({name: Account(name, ou, ()) for name, ou in (("1", "A"), ("2", "A"), ("3", "B"), ("4", "A"))}, "A")
    part = coverage_part(Coverage("o-1", ("eu-west-1",), seen), tree, Bounds())
    assert (part.gates, part.outdated, part.missing) == (2, 1, 2)
    assert (part.total.accounts, part.total.pipelines, part.total.gated, part.total.unread) == (2, 2, 0, 1)
    assert [(row.kind, row.account, row.region) for row in part.gaps.rows] == [
        ("region without a gate", "1", "ap-south-1"),
        ("late gate", "1", "eu-west-1"),
        ("pipeline without a gate", "1", "us-east-1"),
        ("outdated gate", "1", "us-east-1"),
        ("account without a gate", "2", ""),
        ("not read", "2", ""),
    ]


def peak(*, entities: int = 4_000, decisions: int = 2_000) -> int:
    """In bytes, of a hundredth of a very large organization or of more."""
    reader = LargeReader(accounts=100, events=50, entities=entities, decisions=decisions)
    tracemalloc.start()
    build(reader, reader.options(), bounds=replace(Bounds(), decisions=100))
    _now, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return most


def test_memory_does_not_grow_with_entities() -> None:
    assert peak(entities=40_000) < peak() * 1.1


def test_memory_grows_by_a_few_hundred_bytes_for_each_run_of_a_pipeline_and_no_more() -> None:
    """200,000 runs take some 80 MB at most."""
    assert (peak(decisions=20_000) - peak(decisions=2_000)) / 18_000 < 400


def test_decisions_from_before_they_said_what_they_are_about_count_the_same() -> None:
    world = World(9)
    report = as_json(build(world.reader(), world.options()))
    table = table_on(world.client)
    for item in everything(world.client).values():
        if "about" in item:
            table.put({name: value for name, value in item.items() if name != "about"})
    assert as_json(build(world.reader(), world.options())) == report


def test_progress_is_told_on_the_way() -> None:
    reader = LargeReader(accounts=20, events=200, entities=400, decisions=1_200)
    heard: list[tuple[str, int]] = []
    build(reader, reader.options(), told=lambda what, done: heard.append((what, done)))
    assert heard == [("events", 100), ("events", 200), ("decisions", 500), ("decisions", 1000)]
