"""``python -m tests.bench.costs docs/cost.md``: what org-gate costs a month, from counted calls and a price table.

Counts are measured on the spot (``counts``), so the page is made anew when the code does more or less; what cannot be
counted here is an assumption with a name (``prices``).
"""

import logging
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.bench import prices
from tests.bench.counts import Counted, Used, counted
from tests.bench.measure import Result, shown
from tests.bench.prices import GIGABYTE, PRICES

POLLS: Final = 30 * 24 * 60
LOOKS: Final = POLLS
FULL_LOOKS: Final = POLLS // 5
TREES: Final = 30 * 24
DAYS: Final = 30
COMMAND: Final = "python -m tests.bench.costs docs/cost.md"
_TEMPLATE: Final = Path(__file__).parents[2] / "stacksets" / "rendered" / "central.yaml"
_MEMORY_GB: Final = 1.0
_GATE_GB: Final = 0.25
_REPORTER_GB: Final = 1769 / 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """An organization and its month. ``processes`` of the API are warm at a time."""

    accounts: int
    checks_a_day: int
    open_events: int
    changes_a_day: int
    """Of events, public and account-specific; each comes as a notification, too."""
    processes: int
    blocked: int
    """Deployments that an incident blocks in the month, half an hour of checks on one day."""
    report_seconds: int
    report_megabytes: float

    @property
    def checks(self) -> int:
        return self.checks_a_day * DAYS


SIZES: Final = (
    Size(accounts=50, checks_a_day=200, open_events=40, changes_a_day=40, processes=1, blocked=5,
         report_seconds=3, report_megabytes=0.5),
    Size(accounts=1_000, checks_a_day=5_000, open_events=100, changes_a_day=200, processes=2, blocked=105,
         report_seconds=8, report_megabytes=2),
    Size(accounts=10_000, checks_a_day=100_000, open_events=500, changes_a_day=2_000, processes=10, blocked=2_100,
         report_seconds=30, report_megabytes=7),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Month:
    """How much of each price's unit is used."""

    used: Mapping[str, float]

    def dollars(self, *names: str) -> float:
        return sum(PRICES[name][0] * self.used[name] for name in names)


_LINES: Final[Mapping[str, tuple[str, ...]]] = {
    "DynamoDB, reads and writes": ("read units", "write units"),
    "DynamoDB, storage and recovery": ("table GB", "recovery GB"),
    "Lambda": ("Lambda GB-seconds", "Lambda requests"),
    "CloudWatch Logs": ("log GB",),
    "CloudWatch metrics, alarms, dashboard": ("metrics", "alarms", "dashboards"),
    "SQS and SNS": ("SQS requests", "SNS publishes"),
    "S3, reports": ("S3 GB", "S3 PUTs"),
}


def costs() -> Iterator[Result]:
    """The totals of the central cell, in dollars a month."""
    for size in SIZES:
        month = month_of(size, counted(size.accounts, size.open_events))
        what = f"a month, {size.accounts:,} accounts, {size.checks_a_day:,} checks a day"
        yield shown(what, month.dollars(*PRICES), "$")


def month_of(size: Size, count: Counted) -> Month:
    """In the account of the central cell. A line of ``happened`` is how often something happens, and what it uses."""
    changes = size.changes_a_day * DAYS
    happened: list[tuple[float, Used]] = [
        (POLLS - FULL_LOOKS, count.poll),
        (FULL_LOOKS, count.full_look),
        (DAYS, count.new_day),
        (TREES, count.tree),
        (changes, count.changed),
        (changes, count.notification),
        (LOOKS + changes, count.look),
        (size.checks - size.blocked, count.check),
        (size.blocked, count.blocked),
        (min(size.checks, changes * size.processes), count.again),
        (size.blocked, count.resumed),
    ]
    polled = POLLS + changes
    looked = LOOKS + changes + size.blocked
    milliseconds = (
        sum(times * used.calls for times, used in happened) * prices.TABLE_MS
        + sum(times * used.health for times, used in happened) * prices.HEALTH_MS
        + (size.checks + size.blocked) * prices.API_MS
        + (polled + looked) * prices.STEP_MS
    )
    invocations = polled + looked + size.checks + size.blocked + DAYS
    stored = (count.table + size.checks_a_day * prices.RECORD_DAYS * count.stored) / GIGABYTE
    reporter = DAYS * size.report_seconds * _REPORTER_GB
    used = {
        "read units": sum(times * one.reads for times, one in happened),
        "write units": sum(times * one.writes for times, one in happened),
        "table GB": stored,
        "recovery GB": stored,
        "Lambda GB-seconds": milliseconds / 1000 * _MEMORY_GB + reporter,
        "Lambda requests": invocations,
        "log GB": invocations * prices.LOG_BYTES / GIGABYTE,
        "metrics": prices.METRICS,
        "alarms": _in_template("AWS::CloudWatch::Alarm"),
        "dashboards": _in_template("AWS::CloudWatch::Dashboard"),
        "SQS requests": prices.EMPTY_RECEIVES + 3 * (LOOKS + changes + size.blocked),
        "SNS publishes": changes + 2 * size.blocked,
        "S3 GB": size.report_megabytes * 2 * 365 / 1000,
        "S3 PUTs": 8 * DAYS,
    }
    return Month(used)


def gates(size: Size) -> float:
    """Dollars a month in all member accounts together: the gates' own Lambdas and their logs."""
    seconds = size.checks * prices.GATE_MS / 1000 * _GATE_GB
    logs = size.checks * prices.LOG_BYTES / GIGABYTE
    month = Month({"Lambda GB-seconds": seconds, "Lambda requests": size.checks, "log GB": logs})
    return month.dollars("Lambda GB-seconds", "Lambda requests", "log GB")


def document() -> str:
    """The page, the same in every run of the same code."""
    counts = [counted(size.accounts, size.open_events) for size in SIZES]
    months = [month_of(size, count) for size, count in zip(SIZES, counts, strict=True)]
    parts = (_head(), _totals(months), _counts(counts), _quantities(months), _assumptions(), _price_table())
    return "\n".join(line for part in parts for line in part)


def _head() -> Iterator[str]:
    yield "# What org-gate costs"
    yield ""
    yield (
        f"Made by `{COMMAND}` from counted calls; a test holds it to the code. Prices are of {prices.AS_OF}, "
        f"{prices.REGION}, list prices without free tiers. They were gathered from public pages, not from AWS's own "
        "price list: look there, for your Region, before you rely on a sum."
    )
    yield ""
    yield (
        "A standby cell costs about as much as the first one without its checks. X-Ray is off, as it is by default. "
        "Not in here: the Business, Enterprise On-Ramp or Enterprise support plan that AWS Health's API needs, KMS "
        "keys, e-mails, and what CodePipeline asks for running the gate's action."
    )
    yield ""


def _totals(months: list[Month]) -> Iterator[str]:
    yield "## A month, in US dollars"
    yield ""
    yield from _row("", *(f"{size.accounts:,} accounts, {size.checks_a_day:,} checks a day" for size in SIZES))
    yield "|---|---:|---:|---:|"
    for name, parts in _LINES.items():
        yield from _row(name, *(f"{month.dollars(*parts):,.2f}" for month in months))
    yield from _row("**the central cell**", *(f"**{month.dollars(*PRICES):,.2f}**" for month in months))
    yield from _row("the gates, in all member accounts together", *(f"{gates(size):,.2f}" for size in SIZES))
    yield from _row("a thousand checks, all told", *map(_per_thousand, SIZES, months))
    yield ""
    blocked = ", ".join(f"{size.blocked:,}" for size in SIZES)
    yield (
        f"The month has an incident that blocks half an hour of checks ({blocked} deployments), which wait and are "
        f"resumed. Storage is that of {prices.RECORD_DAYS} days of decisions: it is reached after that time, and less "
        "before."
    )
    yield ""


def _per_thousand(size: Size, month: Month) -> str:
    return f"{(month.dollars(*PRICES) + gates(size)) / size.checks * 1000:,.2f}"


def _counts(counts: list[Counted]) -> Iterator[str]:
    yield "## What each thing uses, counted"
    yield ""
    yield "Read and write units of the table, calls to the table, calls to AWS Health, at each of the three sizes:"
    yield ""
    yield from _row("", *(f"{size.accounts:,} accounts" for size in SIZES))
    yield "|---|---|---|---|"
    for name, title in _HAPPENINGS.items():
        yield from _row(title, *(_used(getattr(count, name)) for count in counts))
    yield from _row("bytes that a decision leaves in the table", *(f"{count.stored:,}" for count in counts))
    yield from _row("bytes of events and accounts", *(f"{count.table:,}" for count in counts))
    yield ""


_HAPPENINGS: Final[Mapping[str, str]] = {
    "poll": "a poll with nothing changed",
    "full_look": "a look at everything open, every five minutes",
    "new_day": "what these looks take more when a day begins, in all",
    "tree": "the tree compared, every hour",
    "changed": "an account-specific event that has changed, beyond the poll",
    "notification": "a notification of AWS Health",
    "look": "a look of the resumer where nobody waits, with the minute's news",
    "check": "a check by a gate, in a warm process",
    "blocked": "one that is blocked, and waits",
    "again": "what a check takes more in a process that has just begun",
    "resumed": "a deployment that waits, until it has gone on",
}


def _used(used: Used) -> str:
    health = f", {used.health} of AWS Health" if used.health else ""
    return f"{used.reads} + {used.writes} units, {used.calls} calls{health}"


def _quantities(months: list[Month]) -> Iterator[str]:
    yield "## What a month comes to"
    yield ""
    yield from _row("", *(f"{size.accounts:,} accounts" for size in SIZES))
    yield "|---|---:|---:|---:|"
    for name in PRICES:
        yield from _row(name, *(_number(month.used[name]) for month in months))
    yield ""


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:,.2f}"


def _assumptions() -> Iterator[str]:
    yield "## What is assumed"
    yield ""
    yield f"- In a month {POLLS:,} polls, {FULL_LOOKS:,} of them looks at everything; as many looks of the resumer."
    yield f"- Open events: {_each('open_events')}."
    yield f"- Changes of events a day, each told by a notification, too: {_each('changes_a_day')}."
    yield f"- Processes of the API that are warm, each of which reads anew after a change: {_each('processes')}."
    yield (
        f"- A call of DynamoDB takes {prices.TABLE_MS} ms, one of AWS Health {prices.HEALTH_MS} ms; beside these a "
        f"check {prices.API_MS} ms, a poll, look or notification {prices.STEP_MS} ms, with 1,024 MB. A gate takes "
        f"{prices.GATE_MS} ms with 256 MB."
    )
    yield (
        f"- An invocation logs {prices.LOG_BYTES:,} bytes. {prices.METRICS} custom metrics. Lambda asks an idle queue "
        f"{prices.EMPTY_RECEIVES:,} times a month."
    )
    yield f"- A report a day, in {_each('report_seconds')} seconds with 1,769 MB, kept for a year."
    yield ""


def _each(name: str) -> str:
    return ", ".join(f"{getattr(size, name):,}" for size in SIZES)


def _price_table() -> Iterator[str]:
    yield f"## Prices, {prices.AS_OF}, {prices.REGION}"
    yield ""
    yield (
        "*Assumed*: known from before, and found on no page of that time. The others: pages on the DynamoDB price cut "
        "of November 2024 (airbyte.com), on Lambda (cloudchipr.com, 2024), on CloudWatch (factualminds.com, June 2026; "
        "signoz.io, February 2026), on SQS (cloudburn.io, March 2026) and on SNS (factualminds.com)."
    )
    yield ""
    yield from _row("unit", "US dollars", "of")
    yield "|---|---:|---|"
    for name, (price, what) in PRICES.items():
        yield from _row(name, f"{price:.10f}".rstrip("0").rstrip("."), what)
    yield ""


def _row(*cells: str) -> Iterator[str]:
    yield f"| {' | '.join(cells)} |"


def _in_template(kind: str) -> int:
    """How many of such resources the central cell has."""
    return len(re.findall(rf"Type: {re.escape(kind)}$", _TEMPLATE.read_text(encoding="utf-8"), re.MULTILINE))


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # the functions' own
    Path(sys.argv[1]).write_text(document(), encoding="utf-8")
