"""Which tables there are of a report, with which columns: read off the report's own rows, so that none is forgotten."""

from collections.abc import Iterable, Iterator
from typing import Any, Final

from org_gate.report import model
from org_gate.report.model import Outcomes, Part, Report, Rows

Table = tuple[str, tuple[str, ...], Iterator[tuple[Any, ...]]]
"""Name, columns, rows."""
_OUTCOMES: Final = tuple(Outcomes.model_fields)


def parts_of(report: Report) -> Iterator[Table]:
    """All but the tables that are written as their rows pass."""
    decisions, events, policy = report.decisions, report.events, report.policy
    yield _table("waiting", model.WaitingRow, report.now.waiting)
    yield _table("ous", model.OuRow, decisions.ous)
    yield _table("accounts", model.AccountRow, decisions.accounts)
    yield _table("pipelines", model.PipelineRow, decisions.pipelines)
    yield _table("rules", model.RuleOutcomes, decisions.rules)
    yield _table("services", model.ServiceOutcomes, decisions.services)
    yield _table("regions", model.RegionOutcomes, decisions.regions)
    yield _of("timeline", model.Bucket, events.timeline.buckets)
    yield _table("heat", model.HeatCell, events.heat)
    yield _table("events", model.EventRow, events.rows)
    yield _table("coming", model.ComingRow, report.coming)
    yield _table("overrides", model.OverrideRow, report.exceptions.overrides)
    yield _table("drills", model.SyntheticRow, report.exceptions.drills)
    yield _table("declared", model.SyntheticRow, report.exceptions.declared)
    if report.coverage is not None:
        yield _of("coverage", model.ShareRow, (*report.coverage.ous.rows, report.coverage.total))
        yield _table("gaps", model.GapRow, report.coverage.gaps)
    yield _table("policy_changes", model.PolicyChange, policy.changes)
    yield _table("policy_rules", model.RuleRow, policy.rules)


def summary_rows(report: Report) -> Iterator[tuple[str, Any]]:
    """What the report says in single numbers and sentences."""
    meta, fresh, events = report.meta, report.now.freshness, report.events
    yield from (("org_gate", meta.org_gate), ("generated_at", meta.generated_at))
    yield from (("since", meta.scope.since), ("until", meta.scope.until), ("ou", meta.scope.ou))
    yield from (("organization", meta.organization), ("region", meta.region), ("accounts", meta.accounts))
    yield from (("as_of", fresh.as_of), ("age_seconds", fresh.age_seconds), ("stale", fresh.stale))
    yield from (("warning", warning) for warning in report.now.warnings)
    yield from zip(_OUTCOMES, _cells(report.decisions.total), strict=True)
    yield from _spreads(report)
    yield from (("events", events.total), ("open_events", report.now.open_events))
    yield from ((f"events {name}", number) for name, number in events.by_category.items())
    yield from (("account_specific_events", events.account_specific), ("resources", events.resources))
    yield from (("policy_version", report.policy.version), ("policy_mode", report.policy.mode))
    if report.coverage is not None:
        yield from ((f"gates {name}", getattr(report.coverage, name)) for name in ("gates", "outdated", "missing"))


def _spreads(report: Report) -> Iterator[tuple[str, Any]]:
    for what in model.Timings.model_fields:
        spread = getattr(report.decisions.timings, what)
        yield from ((f"seconds {what} {name}", getattr(spread, name)) for name in model.Spread.model_fields)


def _table(name: str, kind: type[Part], rows: Rows[Any]) -> Table:
    return _of(name, kind, rows.rows)


def _of(name: str, kind: type[Part], rows: Iterable[Part]) -> Table:
    return name, tuple(_columns(kind)), (tuple(_cells(row)) for row in rows)


def _columns(kind: type[Part]) -> Iterator[str]:
    for name, field in kind.model_fields.items():
        if field.annotation is Outcomes:
            yield from _OUTCOMES
        else:
            yield name


def _cells(row: Part) -> Iterator[Any]:
    for name in type(row).model_fields:
        value = getattr(row, name)
        if isinstance(value, Outcomes):
            yield from _cells(value)
        else:
            yield value
