"""What stands on the page beside its tables: figures, charts, the heat map, the calendar. For the template."""

from calendar import Calendar
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from math import log
from typing import Final

from org_gate.report.html_charts import Series, stacked
from org_gate.report.html_table import link
from org_gate.report.html_tables import SOME
from org_gate.report.html_text import clock, counted, instant, number, plain, span, time_range
from org_gate.report.model import Bucket, HeatCell, Report, Spread, Timeline

_DAY: Final = 86_400
_SHADES: Final = 5
_LABEL: Final = 40
"""Characters of a name beside the heat map."""
_MOST_REGIONS: Final = 40
_MOST_SERVICES: Final = 24
_MOST_MONTHS: Final = 3
_OUTCOMES: Final = ("blocked", "warned", "allowed")


@dataclass(frozen=True)
class Figure:
    """A number that matters, and where it leads; ``tone`` is a class of the style sheet."""

    label: str
    value: str
    link: str = ""
    tone: str = ""
    note: str = ""


@dataclass(frozen=True)
class Chart:
    """A drawing with its title and the meaning of its colours."""

    title: str
    svg: str
    legend: tuple[tuple[str, str], ...]
    """Tone and label."""


@dataclass(frozen=True)
class Shade:
    """A cell of the heat map."""

    text: str = ""
    level: int = 0
    link: str = ""
    said: str = ""


@dataclass(frozen=True)
class Heat:
    """The heat map: Regions down, services across."""

    services: tuple[str, ...]
    rows: tuple[tuple[str, tuple[Shade, ...]], ...]
    left_out: int
    """Events in Regions and services that found no place, or that the report left out."""


@dataclass(frozen=True)
class Day:
    """A day of the calendar; no number where it belongs to the next month."""

    number: int | None
    said: str = ""
    count: int = 0
    link: str = ""


@dataclass(frozen=True)
class Month:
    """A month with scheduled changes, in weeks from Monday."""

    name: str
    weeks: tuple[tuple[Day, ...], ...]


def now_figures(report: Report) -> list[Figure]:
    """How things stand."""
    now, fresh = report.now, report.now.freshness
    waiting = len(now.waiting.rows) + now.waiting.rows_omitted
    age = "never read" if fresh.age_seconds is None else span(fresh.age_seconds)
    state = "stale" if fresh.stale else "fresh"
    limit = "" if fresh.max_age_seconds is None else f", limit {span(fresh.max_age_seconds)}"
    blocked = sum(row.blocked_deployments for row in report.events.rows.rows if row.open)
    return [
        Figure("open events", number(now.open_events), link(table="open"), "warn" if now.open_events else "good"),
        Figure("pipeline runs blocked by open events", number(blocked), link(table="open"), "bad" if blocked else ""),
        Figure("deployments wait to be resumed", number(waiting), link(table="waiting"), "bad" if waiting else ""),
        Figure("age of the knowledge", age, "", "bad" if fresh.stale else "good", f"{state}{limit}"),
    ]  # fmt: skip


def decision_figures(report: Report) -> list[Figure]:
    """What came of decisions, each with its rows."""
    total = report.decisions.total
    tones = {"blocked": "bad", "warned": "warn", "allowed": "good"}
    words = ("allowed", "warned", "blocked", "held", "resumed", "skipped", "overridden", "shadow", "exempt", "stale")
    every = Figure("decisions", number(total.decisions), link(table="decisions") if total.decisions else "")
    return [every, *(_outcome(word, getattr(total, word), tones.get(word, "")) for word in words)]


def _outcome(word: str, count: int, tone: str) -> Figure:
    if not count:
        return Figure(word, "0")
    return Figure(word, number(count), link(table="decisions", outcome=word), tone)


def event_figures(report: Report) -> list[Figure]:
    """What AWS Health told."""
    events = report.events
    categories = [
        Figure(
            plain(name, 40), number(count), link(table="events", category=plain(name)) if count and name != "?" else ""
        )
        for name, count in sorted(events.by_category.items())
    ]
    return [
        Figure("events", number(events.total), link(table="events") if events.total else ""),
        *categories,
        Figure("of single accounts", number(events.account_specific),
               link(table="events", reach=SOME) if events.account_specific else ""),
        Figure("affected resources", number(events.resources), link(table="resources") if events.resources else ""),
    ]  # fmt: skip


def timing_rows(report: Report) -> list[tuple[str, Spread]]:
    """How long things took, with what each means."""
    timings = report.decisions.timings
    return [
        ("From an event's start to the first block", timings.start_to_first_block),
        ("Held by the gate", timings.held),
        ("From the block to the resumption", timings.to_resume),
    ]


def event_chart(timeline: Timeline) -> Chart | None:
    """Events over time, None where there was none."""
    before = tuple(max(one.events_open - one.events_started, 0) for one in timeline.buckets)
    begun = tuple(one.events_started for one in timeline.buckets)
    shown = [Series("open, begun before", "open", before), Series("begun", "begun", begun)]
    return _chart("Open events over time", timeline, "events", shown)


def decision_charts(timeline: Timeline) -> list[Chart]:
    """Decisions over time; where few were blocked among many, those alone as well."""
    series = [Series(word, word, tuple(getattr(one, word) for one in timeline.buckets)) for word in _OUTCOMES]
    charts = [
        _chart("Blocked and warned decisions over time", timeline, "decisions", series[:2]),
        _chart("All decisions by outcome over time", timeline, "decisions", series),
    ]
    return [chart for chart in charts if chart is not None]


def _chart(title: str, timeline: Timeline, table: str, series: Sequence[Series]) -> Chart | None:
    if not any(any(one.values) for one in series):
        return None
    labels = [_label(bucket, timeline.bucket_seconds) for bucket in timeline.buckets]
    column = "start" if table == "events" else "at"
    length = timedelta(seconds=timeline.bucket_seconds)
    links = [
        link(table=table, **{column: time_range(one.start, one.start + length)}) for one in timeline.buckets
    ]  # fmt: skip
    legend = tuple((one.tone, one.label) for one in series)
    return Chart(title, stacked(title, labels, series, links), legend)


def _label(bucket: Bucket, seconds: int) -> str:
    at = instant(bucket.start) or ""
    return at[:10] if seconds % _DAY == 0 else clock(at)[5:]


def heat_map(report: Report) -> Heat | None:
    """Region × service, the busiest of each; None where there was no event."""
    cells = report.events.heat.rows
    if not cells:
        return None
    regions = _busiest(cells, "region", _MOST_REGIONS)
    services = _busiest(cells, "service", _MOST_SERVICES)
    at = {(cell.region, _service(cell)): cell for cell in cells}
    most = max(cell.events for cell in cells)
    rows = tuple(
        (plain(region, _LABEL), tuple(_shade(at.get((region, service)), most) for service in services))
        for region in regions
    )
    seen = sum(cell.events for (region, service), cell in at.items() if region in regions and service in services)
    return Heat(tuple(plain(service, _LABEL) for service in services), rows, max(report.events.total - seen, 0))


def _service(cell: HeatCell) -> str:
    return cell.service or "(not told)"


def _busiest(cells: Sequence[HeatCell], axis: str, most: int) -> list[str]:
    """The names along an axis with the most events, in order of name."""
    sums: Counter[str] = Counter()
    for cell in cells:
        sums[cell.region if axis == "region" else _service(cell)] += cell.events
    return sorted(sorted(sums, key=lambda name: (-sums[name], name))[:most])


def _shade(cell: HeatCell | None, most: int) -> Shade:
    if cell is None:
        return Shade()
    level = 1 + round((_SHADES - 1) * log(max(cell.events, 1)) / log(max(most, 2)))
    place = f"{plain(_service(cell))} in {plain(cell.region)}"
    events = counted(cell.events, "event", "events")
    said = f"{place}: {events}, {number(cell.open)} open, {number(cell.blocked)} decisions blocked"
    where = {"service": plain(cell.service)} if cell.service else {}
    return Shade(number(cell.events), level, link(table="events", region=plain(cell.region), **where), said)


def calendar(report: Report) -> list[Month]:
    """The next months in which scheduled changes begin; those without a date are only in the table."""
    days = Counter(row.start.astimezone(UTC).date() for row in report.coming.rows if row.start)
    today = report.meta.generated_at.astimezone(UTC).date()
    months = sorted({(day.year, day.month) for day in days if (day.year, day.month) >= (today.year, today.month)})
    return [_month(year, month, days, today) for year, month in months[:_MOST_MONTHS]]


def _month(year: int, month: int, days: Counter[date], today: date) -> Month:
    weeks = Calendar().monthdatescalendar(year, month)
    return Month(
        date(year, month, 1).strftime("%B %Y"),
        tuple(
            tuple(_day(day, days[day], today) if day.month == month else Day(None) for day in week) for week in weeks
        ),
    )


def _day(day: date, count: int, today: date) -> Day:
    said = f"{day.isoformat()}: {counted(count, 'change', 'changes')}" if count else ""
    following = date.fromordinal(day.toordinal() + 1)
    to = link(table="coming", start=f"{day.isoformat()}..{following.isoformat()}") if count else ""
    return Day(day.day, said + (", today" if count and day == today else ""), count, to)
