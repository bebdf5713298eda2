"""The backtest of synthetic deployments, told: what each incident would have met, and what another policy changes."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from org_gate.cli.backtest_words import arrow, because, moment_text, outcome_json, place, target_json
from org_gate.cli.table import table
from org_gate.cli.text import harmless
from org_gate.model.decision import Verdict
from org_gate.model.request import Target
from org_gate.model.times import describe_duration, format_time, text_if_any
from org_gate.policy.fields import duration_text
from org_gate.report.backtest import Span
from org_gate.report.backtest_compare import Difference, changes, counts
from org_gate.report.backtest_incidents import NOT_SHOWN, Incident, Synthetic
from org_gate.report.plain import count

LISTED: Final = 20
_HEADING: Final = ("began", "Region", "service", "first block", "blocked for", "blocked")


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A backtest that was run, as text and as JSON.

    ``against`` and ``found_against`` are of the other policy, where there is one.
    """

    policy: str
    against: str | None
    source: str
    asked: Synthetic
    incidents: Sequence[Incident]
    found: Mapping[Target, Sequence[Span]]
    found_against: Mapping[Target, Sequence[Span]]
    differences: Sequence[Difference]

    def lines(self) -> Iterator[str]:
        """For people. Times are UTC."""
        return _lines(self)

    def as_json(self) -> dict[str, Any]:
        return _as_json(self)


def _lines(told: Told) -> Iterator[str]:
    yield f"{harmless(told.policy)}, tried on {harmless(told.source)}."
    yield from _asked(told)
    met = [one for one in told.incidents if one.targets]
    yield ""
    if met:
        yield from _incidents(met, told.asked)
    else:
        yield "None of the events concerns these deployments."
    yield from _elsewhere(told, len(told.incidents) - len(met))
    if told.against is not None:
        yield ""
        yield from _against(told, told.against)


def _as_json(told: Told) -> dict[str, Any]:
    asked, other = told.asked, told.against is not None
    return {
        "policy": told.policy,
        "against": told.against,
        "history": told.source,
        "from": format_time(asked.begin),
        "to": format_time(asked.end),
        "deployments": "synthetic",
        "every": duration_text(asked.steps.every),
        "targets": [target_json(target) for target in asked.targets],
        "counts": _counts_json(told.found, asked),
        "counts_against": _counts_json(told.found_against, asked) if other else None,
        "incidents": [_incident_json(one) for one in told.incidents],
        "differences": [_difference_json(one) for one in told.differences] if other else None,
    }


def _asked(told: Told) -> Iterator[str]:
    asked = told.asked
    accounts = len({target.account for target in asked.targets})
    regions = len({target.region for target in asked.targets})
    services = harmless("+".join(asked.targets[0].services)) or "all services"
    yield (
        f"Deployments: one every {describe_duration(asked.steps.every)} to {count(len(asked.targets), 'place')} "
        f"({count(accounts, 'account')}, {count(regions, 'Region')}, {services}), from {moment_text(asked.begin)} to "
        f"{moment_text(asked.end)} UTC."
    )
    yield f"In all {_verdicts(counts(told.found.values(), asked.steps))}."


def _verdicts(counted: Mapping[Verdict, int]) -> str:
    blocked, warned = counted[Verdict.BLOCK], counted[Verdict.WARN]
    number = sum(counted.values())
    return f"{number:,} deployment{'s' if number != 1 else ''}: {blocked:,} blocked, {warned:,} warned"


def _incidents(met: Sequence[Incident], asked: Synthetic) -> Iterator[str]:
    """Each in a row of the table, with what it was and why some passed below it."""
    heading, *rows = table([_HEADING, *map(_row, met)], left=3, indent="")
    yield heading
    for one, row in zip(met, rows, strict=True):
        yield row
        if one.event.title:
            yield f"    {harmless(one.event.title)}"
        if one.event.assumed:
            yield "    when AWS Health first showed it is not on record; taken to be at once"
        for why, number in one.passed.items():
            until = f" (until {moment_text(one.event.shown)})" if why == NOT_SHOWN else ""
            yield f"    {number:,} passed: {harmless(why)}{until}"
        if one.blocked_otherwise:
            yield f"    {one.blocked_otherwise:,} blocked, but not by this"
        if one.first_block is not None and one.last_block_ends == asked.end:
            yield "    still blocked where this backtest ends"


def _row(one: Incident) -> tuple[str, ...]:
    event = one.event.versions[-1].event
    first = "never" if one.first_block is None else f"after {describe_duration(one.first_block - one.event.began)}"
    length = describe_duration(one.blocked_for) if one.blocked_for > timedelta() else "-"
    return (
        moment_text(one.event.began),
        harmless(event.region),
        harmless(event.service or "?"),
        first,
        length,
        f"{one.blocked:,} of {one.deployments:,}",
    )


def _elsewhere(told: Told, others: int) -> Iterator[str]:
    """What none of it touched, so that nobody takes silence for a gap."""
    free = [target for target, course in told.found.items() if all(_passes(span) for span in course)]
    if free and len(free) < len(told.found):
        regions = sorted({target.region for target in free} - {t.region for t in told.found if t not in free})
        if regions:
            yield f"Never blocked: {harmless(', '.join(regions))}."
    if others:
        yield f"{count(others, 'event')} of the history concern{'s' if others == 1 else ''} none of these deployments."


def _passes(span: Span) -> bool:
    return span.outcome.verdict is not Verdict.BLOCK


def _against(told: Told, against: str) -> Iterator[str]:
    steps = told.asked.steps
    yield f"Instead of {harmless(against)}:"
    yield f"  with {harmless(against)}: {_verdicts(counts(told.found_against.values(), steps))}"
    yield f"  with {harmless(told.policy)}: {_verdicts(counts(told.found.values(), steps))}"
    if not told.differences:
        yield "  No deployment comes out otherwise."
        return
    for (before, after), number in changes(told.differences).items():
        yield f"  {arrow(before, after)}: {number:,} deployment{'s' if number != 1 else ''}"
    yield f"Cases{_first(len(told.differences))}:"
    for one in told.differences[:LISTED]:
        when = f"{moment_text(one.begin)} to {moment_text(one.end)}"
        turned = arrow(one.before.verdict, one.after.verdict)
        why = arrow(because(one.before), because(one.after))
        yield f"  {when}  {place(one.target)}  {turned}  {one.deployments:,}  ({why})"


def _first(number: int) -> str:
    return f", the first {LISTED} of {number:,}" if number > LISTED else ""


def _counts_json(found: Mapping[Target, Sequence[Span]], asked: Synthetic) -> dict[str, int]:
    return {verdict.value: number for verdict, number in counts(found.values(), asked.steps).items()}


def _incident_json(one: Incident) -> dict[str, Any]:
    event = one.event.versions[-1].event
    return {
        "arn": event.arn,
        "region": event.region,
        "service": event.service,
        "title": one.event.title,
        "began": format_time(one.event.began),
        "shown": format_time(one.event.shown),
        "shown_assumed": one.event.assumed,
        "over": text_if_any(one.event.over()),
        "targets": [target_json(target) for target in one.targets],
        "first_block": text_if_any(one.first_block),
        "last_block_ends": text_if_any(one.last_block_ends),
        "blocked_seconds": int(one.blocked_for.total_seconds()),
        "deployments": one.deployments,
        "blocked": one.blocked,
        "blocked_otherwise": one.blocked_otherwise,
        "passed": dict(one.passed),
    }


def _difference_json(one: Difference) -> dict[str, Any]:
    return {
        "target": target_json(one.target),
        "from": format_time(one.begin),
        "to": format_time(one.end),
        "deployments": one.deployments,
        "before": outcome_json(one.before),
        "after": outcome_json(one.after),
    }
