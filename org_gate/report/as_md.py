"""The report in short as Markdown, for a ticket or a chat: the numbers, and the few rows that matter most.

Whatever strangers wrote stands in code spans, on one line: there it is no mark-up, no link, no mention and no image,
wherever it is shown. Everything else is in the other renderings.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from org_gate.model.times import describe_duration, format_time
from org_gate.report.model import EventRow, Report, Rows, Spread
from org_gate.report.plain import count, cut, one_line

_MOST: Final = 10
_LONGEST: Final = 120
_WORDS: Final = re.compile(r"[A-Za-z0-9 ,.:;'-]{1,300}")


def as_md(report: Report) -> str:
    """Sections without anything in them are left out, but for those that say so in a sentence."""
    parts = (_head, _now, _decisions, _events, _coming, _exceptions, _coverage, _policy)
    lines = [line for part in parts for line in part(report)]
    return "\n".join(line for line, before in zip(lines, ["", *lines], strict=False) if line or before) + "\n"


def _head(report: Report) -> Iterator[str]:
    meta = report.meta
    what = "the whole organization" if meta.scope.ou is None else f"OU {_code(meta.scope.ou)}"
    yield "# AWS health of the organization"
    yield ""
    yield (
        f"{_at(meta.scope.since)} to {_at(meta.scope.until)}, {what}, {count(meta.accounts, 'account')}. "
        f"Made {_at(meta.generated_at)} from the cell in {_code(meta.region)} by org-gate {_code(meta.org_gate)}."
    )


def _now(report: Report) -> Iterator[str]:
    now = report.now
    yield from _title("Now")
    yield from (f"- **Warning:** {_sentence(warning)}" for warning in now.warnings)
    age = "never read" if now.freshness.age_seconds is None else f"{_for(now.freshness.age_seconds)} old"
    yield f"- Knowledge of AWS Health: {age}{', **stale**' if now.freshness.stale else ''}."
    waiting = len(now.waiting.rows) + now.waiting.rows_omitted
    yield f"- {count(now.open_events, 'open event')}; {count(waiting, 'deployment')} waiting to be resumed."
    by_id = {row.id: row for row in report.events.rows.rows}
    hitting = [by_id[place] for place in now.hitting]
    yield from _table(
        ("Open event", "Region", "Since", "Blocked deployments", "Accounts", "Resources"),
        (_hitting(row) for row in hitting[:_MOST]),
        now.open_events,
    )


def _hitting(row: EventRow) -> tuple[str, ...]:
    accounts = "all" if row.public and not row.account_count else str(row.account_count)
    what = f"{_code(row.service)} {_code(row.type_code)}"
    return what, _code(row.region), _at(row.start), str(row.blocked_deployments), accounts, str(row.resource_count)


def _decisions(report: Report) -> Iterator[str]:
    decisions = report.decisions
    total = decisions.total
    yield from _title("Decisions")
    yield (
        f"{count(total.decisions, 'decision')}: {total.allowed} allowed, {total.warned} warned, "
        f"**{total.blocked} blocked** ({total.held} held, {total.resumed} resumed, {total.skipped} not resumed); "
        f"{total.overridden} overridden, {total.shadow} only in shadow, {total.exempt} exempt, {total.stale} on stale "
        "knowledge."
    )
    yield ""
    yield f"- From an event's start to its first block: {_spread(decisions.timings.start_to_first_block)}."
    yield f"- Held: {_spread(decisions.timings.held)}."
    yield f"- From failing to being resumed: {_spread(decisions.timings.to_resume)}."
    hit = [row for row in decisions.accounts.rows if row.outcomes.blocked or row.event_count]
    yield from _table(
        ("Account most hit", "Name", "OU", "Blocked", "Warned", "Events", "Resources"),
        (
            (
                _code(row.id),
                _code(row.name),
                _code(row.ou),
                *map(str, (row.outcomes.blocked, row.outcomes.warned, row.event_count, row.resource_count)),
            )
            for row in hit[:_MOST]
        ),
        len(hit) + decisions.accounts.rows_omitted,
    )
    yield from _table(
        ("What decided", "Name", "Blocked", "Warned", "Allowed"),
        (
            (row.kind, _code(row.name), *map(str, (row.outcomes.blocked, row.outcomes.warned, row.outcomes.allowed)))
            for row in decisions.rules.rows[:_MOST]
        ),
        _all(decisions.rules),
    )


def _events(report: Report) -> Iterator[str]:
    events = report.events
    yield from _title("Events")
    kinds = ", ".join(f"{number} {_code(name)}" for name, number in events.by_category.items())
    yield (
        f"{count(events.total, 'event')}{f' ({kinds})' if kinds else ''}, {events.account_specific} of them "
        f"account-specific; {count(events.resources, 'affected resource')}."
    )
    yield from _table(
        ("Region", "Service", "Events", "Open", "Blocked decisions"),
        (
            (_code(row.region), _code(row.service), str(row.events), str(row.open), str(row.blocked))
            for row in events.heat.rows[:_MOST]
        ),
        _all(events.heat),
    )


def _coming(report: Report) -> Iterator[str]:
    if not report.coming.rows:
        return
    yield from _title("Coming")
    yield from _table(
        ("Deadline", "Change", "Region", "Accounts", "Resources"),
        (
            (
                _at(row.start),
                f"{_code(row.service)} {_code(row.type_code)}",
                _code(row.region),
                str(row.account_count),
                str(row.resource_count),
            )
            for row in report.coming.rows[:_MOST]
        ),
        _all(report.coming),
    )


def _exceptions(report: Report) -> Iterator[str]:
    told = report.exceptions
    if not (told.overrides.rows or told.drills.rows or told.declared.rows):
        return
    yield from _title("Exceptions")
    yield from _table(
        ("Override", "By", "Why", "Until", "Decisions"),
        (
            (_code(row.id), _code(row.who), _code(row.reason), _at(row.revoked_at or row.expires_at), str(row.used))
            for row in told.overrides.rows[:_MOST]
        ),
        _all(told.overrides),
    )
    for what, rows in (("Drill", told.drills), ("Declared event", told.declared)):
        yield from _table(
            (what, "By", "Why", "Until", "Blocked"),
            (
                (_code(row.id), _code(row.who), _code(row.reason), _at(row.stopped_at or row.ends_at), str(row.blocked))
                for row in rows.rows[:_MOST]
            ),
            _all(rows),
        )


def _coverage(report: Report) -> Iterator[str]:
    found = report.coverage
    if found is None:
        return
    yield from _title("Coverage")
    total = found.total
    share = "" if total.percent is None else f" ({total.percent} %)"
    yield (
        f"{total.gated} of {count(total.pipelines, 'pipeline')} gated{share}; "
        f"{count(found.gates, 'gate')} installed, {found.outdated} outdated, {found.missing} missing; "
        f"{count(total.unread, 'account')} not read whole."
    )
    yield from _table(
        ("Gap", "Account", "OU", "Region", "Pipeline"),
        (
            (row.kind, _code(row.account), _code(row.ou), _code(row.region), _code(row.pipeline))
            for row in found.gaps.rows[:_MOST]
        ),
        _all(found.gaps),
    )


def _policy(report: Report) -> Iterator[str]:
    policy = report.policy
    yield from _title("Policy")
    if policy.version == 0:
        yield "None was published."
        return
    mode = "" if policy.mode is None else f", mode {policy.mode}"
    yield f"Version {policy.version}{mode}, published {_at(policy.published_at)} by {_code(policy.published_by)}."
    for change in policy.changes.rows[:_MOST]:
        yield f"- Version {change.version}, {_at(change.at)}, by {_code(change.who)}: {_code(change.note)}"
        yield from (f"  - {_code(line)}" for line in change.changes[:_MOST])
    if policy.never_matched:
        yield f"- Rules that never matched: {', '.join(_code(name) for name in policy.never_matched[:_MOST])}"


def _title(text: str) -> Iterator[str]:
    yield ""
    yield f"## {text}"
    yield ""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]], total: int) -> Iterator[str]:
    """Nothing where there are no rows; a line on how many more there are."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return
    yield from ("", f"| {' | '.join(head)} |", f"|{'---|' * len(head)}", *lines)
    if total > len(lines):
        yield from ("", f"and {total - len(lines)} more.")


def _all(rows: Rows[Any]) -> int:
    return len(rows.rows) + rows.rows_omitted


def _code(text: str | None) -> str:
    """A code span that nothing in the text can leave; a dash where there is none."""
    line = one_line(text or "").strip()
    if not line:
        return "–"
    return f"`{cut(line, _LONGEST).translate(_INSIDE)}`"


_INSIDE: Final = str.maketrans({"`": "ˋ", "|": "¦"})
"""What ends a span, or a cell of a table."""


def _sentence(text: str) -> str:
    """As it is where nothing in it could be mark-up."""
    return text if _WORDS.fullmatch(text) else _code(text)


def _at(moment: datetime | None) -> str:
    return "–" if moment is None else format_time(moment)


def _for(seconds: int) -> str:
    return describe_duration(timedelta(seconds=seconds))


def _spread(spread: Spread) -> str:
    if spread.median is None or spread.p90 is None or spread.most is None:
        return "none"
    return f"{_for(spread.median)} (median of {spread.count}), p90 {_for(spread.p90)}, at most {_for(spread.most)}"
