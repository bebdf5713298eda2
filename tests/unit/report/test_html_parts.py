"""The parts of the page: texts, tables that fit, the charts, the heat map, the calendar."""

import sys
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest

from org_gate.report.html_charts import Series, stacked
from org_gate.report.html_page import calendar, decision_charts, heat_map
from org_gate.report.html_table import Column, Names, Table, event_name, fitted, lead_of, link, written
from org_gate.report.html_text import plain, script_data, span
from org_gate.report.model import HeatCell, Rows, Timeline
from tests.browser.reports import empty, report

_NAMES = Names({}, {3: "RDS operational issue"})


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("as it came", "as it came"),
        ("two\r\nlines\tand a tab", "two\nlines\tand a tab"),
        ("\x00\x1b[31m", "\ufffd\ufffd[31m"),
        ("half \ud83d a pair", "half \ufffd a pair"),
        ("\u202egnp.exe", "\ufffdgnp.exe"),
        ("0123456789", "0123456789"),
        ("0123456789a", "012345678…"),
    ],
)
def test_texts_are_made_harmless_and_short(text: str, shown: str) -> None:
    assert plain(text, 27 if len(text) > 11 else 10) == shown


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (59, "59 s"),
        (60, "1 min"),
        (3600, "1 h"),
        (5400, "1 h 30 min"),
        (86_400, "1 d"),
        (100_000, "1 d 3 h"),
    ],
)
def test_durations_are_read_at_a_glance(seconds: int, text: str) -> None:
    assert span(seconds) == text


def test_nothing_ends_a_script_element() -> None:
    written_data = script_data(["</script><!--", "\u2028", "&amp;"])
    assert written_data == '["\\u003c/script\\u003e\\u003c!--","\\u2028","\\u0026amp;"]'


def test_cells_are_written_by_their_kind() -> None:
    assert written("event", 3, _NAMES) == "RDS operational issue"
    assert written("event", 4, _NAMES) == "event 4"
    assert written("events", [3, 4], _NAMES) == "RDS operational issue, event 4"
    assert written("time", "2026-03-01T10:20:30Z", _NAMES) == "2026-03-01 10:20"
    assert written("ou", "", _NAMES) == "(whole organization)"
    assert written("number", 1234567, _NAMES) == "1,234,567"
    assert written("span", 61, _NAMES) == "1 min"
    assert written("text", None, _NAMES) == ""


@pytest.mark.parametrize(
    ("service", "code", "arn", "name"),
    [
        ("RDS", "AWS_RDS_OPERATIONAL_ISSUE", "", "RDS operational issue"),
        (None, None, "arn:aws:health:eu-west-1::event/RDS/AWS_RDS_ISSUE/AWS_RDS_ISSUE_1", "rds issue"),
        (None, None, "arn:aws:health:::event/odd", "odd"),
    ],
)
def test_events_have_short_names(service: str | None, code: str | None, arn: str, name: str) -> None:
    assert event_name(service, code, arn) == name


def test_only_the_largest_table_loses_rows_to_a_budget() -> None:
    column = (Column("text", "Text"),)
    small = Table("small", "Small", column, (("a" * 10,),) * 10, "none")
    large = Table("large", "Large", column, (("b" * 100,),) * 100, "none", omitted=5)
    kept = fitted([large, small], 1_500)
    assert (len(kept[1].rows), kept[1].omitted) == (10, 0)
    assert 0 < len(kept[0].rows) < 15
    assert len(kept[0].rows) + kept[0].omitted == 105


def test_a_number_leads_to_rows_unless_there_are_none() -> None:
    columns = (
        Column("ou", "OU", "ou"),
        Column("blocked", "Blocked", "number", lead={"ou": "@ou", "table": "decisions"}),
    )
    table = Table("ous", "OUs", columns, (("A&B/c d", 3), ("", 0), (None, 2)), "none")
    assert [lead_of(table, columns[1], row) for row in table.rows] == ["#/?ou=A%26B%2Fc%20d&table=decisions", "", ""]


def test_a_chart_is_shapes_and_texts_alone() -> None:
    series = [Series("<blocked>", "blocked", (1, 0, 3)), Series("allowed", "allowed", (4, 5, 6))]
    drawn = stacked("A <title>", ["a", "b&", "c"], series, ["#/?a", "#/?b", "#/?c"])
    root = ET.fromstring(drawn)  # noqa: S314  our own markup
    assert {one.tag for one in root.iter()} == {"svg", "g", "rect", "path", "text", "title"}
    names = {name for one in root.iter() for name in one.attrib}
    assert names <= {
        "class",
        "x",
        "y",
        "rx",
        "ry",
        "width",
        "height",
        "d",
        "transform",
        "viewBox",
        "role",
        "aria-label",
        "data-lead",
    }
    assert [one.text for one in root.iter("title")] == [
        "a: <blocked> 1", "b&: <blocked> 0", "c: <blocked> 3", "a: allowed 4", "b&: allowed 5", "c: allowed 6",
    ]  # fmt: skip
    assert [one.get("data-lead") for one in root.iter() if one.get("data-lead")] == ["#/?a", "#/?b", "#/?c"] * 2


def test_the_charts_leave_no_finder_behind_that_python_does_not_know() -> None:
    assert all(hasattr(finder, "find_spec") for finder in sys.meta_path)


def test_bars_are_as_high_as_their_numbers() -> None:
    root = ET.fromstring(stacked("t", ["a", "b"], [Series("s", "s", (10, 40))], ["#/?", "#/?"]))  # noqa: S314  ours
    heights = [float(one.get("height", 0)) for one in root.iter("rect") if "rect" in (one.get("class") or "").split()]
    assert heights[1] == pytest.approx(4 * heights[0])


def test_no_chart_of_nothing() -> None:
    assert decision_charts(empty().events.timeline) == []
    assert decision_charts(Timeline(bucket_seconds=60, buckets=report().events.timeline.buckets[:0])) == []
    assert heat_map(empty()) is None


def test_the_heat_map_has_each_cell_and_counts_what_it_leaves_out() -> None:
    made = report()
    cells = (
        HeatCell(region="eu-west-1", service="RDS", events=50, open=2, blocked=1),
        HeatCell(region="us-east-1", service=None, events=1, open=0, blocked=0),
    )
    events = made.events.model_copy(update={"heat": Rows[HeatCell](rows=cells), "total": 60})
    heat = heat_map(made.model_copy(update={"events": events}))
    assert heat is not None
    assert heat.services == ("(not told)", "RDS")
    assert [(region, [shade.level for shade in row]) for region, row in heat.rows] == [
        ("eu-west-1", [0, 5]),
        ("us-east-1", [1, 0]),
    ]
    assert heat.rows[0][1][1].said == "RDS in eu-west-1: 50 events, 2 open, 1 decisions blocked"
    assert heat.rows[0][1][1].link == link(table="events", region="eu-west-1", service="RDS")
    assert heat.left_out == 9


def test_the_calendar_has_the_days_with_deadlines() -> None:
    months = calendar(report())
    busy = {
        (month.name, day.number): day.count for month in months for week in month.weeks for day in week if day.count
    }
    first = datetime(2026, 3, 31, tzinfo=UTC)
    days = [first + timedelta(days=9 * place) for place in range(6)]
    shown = [day for day in days if day.month in (3, 4, 5)]
    assert busy == {(day.strftime("%B %Y"), day.day): 1 for day in shown}
    assert [len(week) for month in months for week in month.weeks] == [7] * sum(len(month.weeks) for month in months)
