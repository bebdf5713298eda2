"""From the report's model to the page's tables: events, decisions, and where they happened."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from org_gate.report.html_table import Column, Kind, Lead, Names, Table, event_name
from org_gate.report.html_text import LONG, MANY, Cell, account_id, account_ids, instant, listed, plain
from org_gate.report.model import AccountRow, DecisionRow, EventRow, OuRow, Outcomes, Report, RuleOutcomes

_OUTCOMES: Final = {
    "decisions": "Decisions", "allowed": "Allowed", "warned": "Warned", "blocked": "Blocked", "held": "Held",
    "resumed": "Resumed", "overridden": "Overridden", "shadow": "Shadow",
}  # fmt: skip
PUBLIC: Final = "everybody"
SOME: Final = "some accounts"
"""Whose an event is."""
_NO_DECISIONS: Final = "No deployment asked for a decision in this time."


def names_of(report: Report) -> Names:
    """What the report's accounts and events are called."""
    events = {row.id: event_name(row.service, row.type_code, row.arn) for row in report.events.rows.rows}
    accounts = {account_id(row.id): plain(row.name, 64) for row in report.decisions.accounts.rows if row.name}
    return Names(accounts, events)


def event_tables(report: Report) -> list[Table]:
    """What is open now, all events of the range, and the affected resources."""
    rows = {row.id: row for row in report.events.rows.rows}
    hitting = [rows[event] for event in report.now.hitting if event in rows]
    events = report.events
    return [
        Table(
            "open", "Open events, by how much they hit", _OPEN_COLUMNS, _events(hitting),
            _nothing_open(report),
            report.now.hitting_omitted + len(report.now.hitting) - len(hitting),
        ),
        Table(
            "events", "Events of the range", _EVENT_COLUMNS, _events(events.rows.rows),
            "AWS Health told of no event in this time.", events.rows.rows_omitted,
        ),
        Table(
            "resources", "Affected resources", _RESOURCE_COLUMNS,
            tuple(
                (row.event, account_id(row.account), plain(row.value), _text(row.status))
                for row in events.resource_rows.rows
            ),
            "No resource of these accounts was named in an event.", events.resource_rows.rows_omitted,
        ),
    ]  # fmt: skip


def _nothing_open(report: Report) -> str:
    if report.now.freshness.as_of is None:
        return "Nothing is known yet: AWS Health was never read completely, so this does not mean that nothing is open."
    return "Nothing is open: AWS Health tells of no event that holds for these accounts right now."


_EVENT_COLUMNS: Final = (
    Column("event", "Event", "event"),
    Column("region", "Region", choose=True),
    Column("state", "State", "words", choose=True),
    Column("category", "Category", choose=True),
    Column("reach", "Whose", choose=True),
    Column("start", "Began", "time"),
    Column("end", "Ended", "time"),
    Column("account_count", "Accounts", "number", lead={"event": "@event", "table": "accounts"}),
    Column("resource_count", "Resources", "number", lead={"event": "@event", "table": "resources"}),
    Column(
        "blocked", "Blocked decisions", "number", lead={"event": "@event", "table": "decisions", "outcome": "blocked"}
    ),
    Column("blocked_deployments", "Blocked deployments", "number"),
    Column("to_first_block", "Until first block", "span"),
    Column("service", "Service", choose=True, hidden=True),
    Column("scope", "Scope", hidden=True),
    Column("status", "Status told by AWS", hidden=True),
    Column("last_updated", "Last updated", "time", hidden=True),
    Column("zone", "Zone", hidden=True),
    Column("actionability", "Actionability", hidden=True),
    Column("personas", "For", "list", hidden=True),
    Column("warned", "Warned decisions", "number", hidden=True),
    Column("first_block", "First block", "time", hidden=True),
    Column("accounts", "Affected accounts", "accounts", hidden=True),
    Column("type_code", "Type", "code", hidden=True),
    Column("arn", "ARN", "code", hidden=True),
    Column("description", "What AWS says", hidden=True),
)
_OPEN_COLUMNS: Final = tuple(
    replace(column, hidden=True, choose=False) if column.key in ("state", "end") else column
    for column in _EVENT_COLUMNS
)
_RESOURCE_COLUMNS: Final = (
    Column("event", "Event", "event"),
    Column("account", "Account", "account"),
    Column("value", "Resource", "code"),
    Column("status", "Status", choose=True),
)


def _events(rows: Iterable[EventRow]) -> tuple[tuple[Cell, ...], ...]:
    return tuple(_event(row) for row in rows)


def _event(row: EventRow) -> tuple[Cell, ...]:
    return (
        row.id, plain(row.region), ["open" if row.open else "over"], _text(row.category),
        PUBLIC if row.public else SOME, instant(row.start), instant(row.end),
        None if row.public and not row.account_count else row.account_count, row.resource_count, row.blocked,
        row.blocked_deployments, row.seconds_to_first_block, _text(row.service), _text(row.scope), _text(row.status),
        instant(row.last_updated), _text(row.availability_zone), _text(row.actionability), listed(row.personas),
        row.warned, instant(row.first_block), account_ids(row.accounts), _text(row.type_code), plain(row.arn),
        plain(row.description, LONG) if row.description else None,
    )  # fmt: skip


def place_tables(report: Report) -> list[Table]:
    """Who is hit: OUs, accounts, pipelines."""
    decisions = report.decisions
    return [
        _counted("ous", "Organizational units, each with all below it", _OU_COLUMNS, {"ou": "@ou"},
                 [(_ou(row), row.outcomes) for row in decisions.ous.rows],
                 "The organization's tree was not read yet.", decisions.ous.rows_omitted),
        _counted("accounts", "Accounts, those most hit first", _ACCOUNT_COLUMNS, {"account": "@account"},
                 [(_account(row), row.outcomes) for row in decisions.accounts.rows],
                 "The table knows of no account yet.", decisions.accounts.rows_omitted,
                 (Column("events", "Its events", "events", hidden=True),),
                 [(list(row.events[:MANY]),) for row in decisions.accounts.rows]),
        _counted("pipelines", "Pipelines, the most blocked first", _PIPELINE_COLUMNS,
                 {"account": "@account", "pipeline": "@pipeline"},
                 [((plain(row.name), account_id(row.account), _text(row.region), instant(row.last_at)), row.outcomes)
                  for row in decisions.pipelines.rows], _NO_DECISIONS, decisions.pipelines.rows_omitted),
    ]  # fmt: skip


_OU_COLUMNS: Final = (
    Column("ou", "OU", "ou"),
    Column("accounts", "Accounts", "number", lead={"ou": "@ou", "table": "accounts"}),
    Column("direct", "Directly in it", "number"),
    Column("events", "Events of its own", "number", lead={"ou": "@ou", "table": "events"}),
)
_ACCOUNT_COLUMNS: Final = (
    Column("account", "Account", "account"),
    Column("ou", "OU", "ou"),
    Column("open_events", "Open events", "number", lead={"account": "@account", "table": "events", "state": "open"}),
    Column("event_count", "Events", "number", lead={"account": "@account", "table": "events"}),
    Column("resources", "Resources", "number", lead={"account": "@account", "table": "resources"}),
)
_PIPELINE_COLUMNS: Final = (
    Column("pipeline", "Pipeline"),
    Column("account", "Account", "account"),
    Column("region", "Region", choose=True),
    Column("last", "Last decision", "time"),
)


def _account(row: AccountRow) -> tuple[Cell, ...]:
    return account_id(row.id), plain(row.ou), row.open_event_count, row.event_count, row.resource_count


def _ou(row: OuRow) -> tuple[Cell, ...]:
    return plain(row.path), row.accounts, row.direct_accounts, row.events


def decision_tables(report: Report) -> list[Table]:
    """What the gate did: by rule, service and Region, each decision, and what still waits."""
    decisions = report.decisions
    waiting = report.now.waiting
    return [
        _counted("by_rule", "By rule", (Column("rule", "Rule"), Column("kind", "Kind", choose=True)), {"rule": "@rule"},
                 [((_rule(row), row.kind), row.outcomes) for row in decisions.rules.rows],
                 "No rule gave a reason in this time.", decisions.rules.rows_omitted),
        _counted("by_service", "By service of the event", (Column("service", "Service"),), {"service": "@service"},
                 [((_text(row.service) or "(not told)",), row.outcomes) for row in decisions.services.rows],
                 "No event gave a reason in this time.", decisions.services.rows_omitted),
        _counted("by_region", "By Region of the target", (Column("region", "Region"),), {"region": "@region"},
                 [((plain(row.region),), row.outcomes) for row in decisions.regions.rows],
                 _NO_DECISIONS, decisions.regions.rows_omitted),
        Table("decisions", "Decisions, one by one", _DECISION_COLUMNS,
              tuple(_decision(row) for row in decisions.rows.rows),
              _NO_DECISIONS + " Either nobody deployed, or no pipeline has a gate yet.", decisions.rows.rows_omitted),
        Table("waiting", "Deployments that wait to be resumed", _WAITING_COLUMNS,
              tuple((plain(row.pipeline), account_id(row.account), plain(row.region), plain(row.stage),
                     instant(row.since),
                     plain(row.execution_id), plain(row.decision_id)) for row in waiting.rows),
              "Nothing waits: no deployment is held up right now.", waiting.rows_omitted),
    ]  # fmt: skip


_DECISION_COLUMNS: Final = (
    Column("at", "At", "time"),
    Column("outcome", "Outcome", "words", choose=True),
    Column("pipeline", "Pipeline"),
    Column("account", "Asked by", "account"),
    Column("region", "Regions", "list", choose=True),
    Column("rule", "Rules", "list", choose=True),
    Column("service", "Services", "list", choose=True),
    Column("events", "Events", "events"),
    Column("summary", "Summary"),
    Column("stage", "Stage", hidden=True),
    Column("mode", "Mode", hidden=True),
    Column("accounts", "Accounts", "accounts", hidden=True),
    Column("overrides", "Overrides", "list", hidden=True),
    Column("outcome_at", "Resumed or ended", "time", hidden=True),
    Column("execution", "Execution", "code", hidden=True),
    Column("id", "Id", "code", hidden=True),
)
_WAITING_COLUMNS: Final = (
    Column("pipeline", "Pipeline"),
    Column("account", "Account", "account"),
    Column("region", "Region", choose=True),
    Column("stage", "Stage"),
    Column("since", "Waits since", "time"),
    Column("execution", "Execution", "code"),
    Column("id", "Decision", "code", lead=None),
)


def _decision(row: DecisionRow) -> tuple[Cell, ...]:
    return (
        instant(row.at), _words(row), _text(row.pipeline), account_id(row.account), listed(row.regions),
        listed(row.rules[:MANY]), listed(row.services), list(row.events[:MANY]), plain(row.summary),
        _text(row.stage), plain(row.mode),
        account_ids(row.accounts), listed(row.overrides), instant(row.outcome_at), _text(row.execution_id),
        plain(row.id),
    )  # fmt: skip


def _words(row: DecisionRow) -> list[str]:
    """The outcomes that count this decision, in the words of the counts."""
    verdict = {"allow": "allowed", "warn": "warned", "block": "blocked"}[row.verdict]
    shadow = row.verdict != "block" and row.would_be == "block"
    said = {"held": row.held, "overridden": bool(row.overrides), "shadow": shadow, "exempt": row.exempt}
    return [verdict, *(word for word, holds in (said | {"stale": row.stale}).items() if holds), *_ended(row)]


def _ended(row: DecisionRow) -> list[str]:
    """``given_up`` counts as skipped."""
    return ["resumed" if row.outcome == "resumed" else "skipped"] if row.outcome else []


def _rule(row: RuleOutcomes) -> str:
    name = plain(row.name) if row.name else None
    if row.kind == "freeze":
        return f"freeze:{name}"
    return name or {"event": "(default verdict)"}.get(row.kind, f"({row.kind})")


def _counted(  # noqa: PLR0917  a table's parts in the order of the table
    name: str, caption: str, columns: tuple[Column, ...], lead: Lead,
    rows: Sequence[tuple[tuple[Cell, ...], Outcomes]], empty: str, omitted: int,
    more: tuple[Column, ...] = (), more_cells: Sequence[tuple[Cell, ...]] = (),
) -> Table:  # fmt: skip
    """A table that ends in outcome counts, each of which leads to its decisions."""
    counts = tuple(_count(key, label, lead) for key, label in _OUTCOMES.items())
    tails = more_cells or [()] * len(rows)
    cells = tuple(
        (*own, *(getattr(outcomes, key) for key in _OUTCOMES), *tail)
        for (own, outcomes), tail in zip(rows, tails, strict=True)
    )
    return Table(name, caption, (*columns, *counts, *more), cells, empty, omitted)


def _count(key: str, label: str, lead: Lead) -> Column:
    kind: Kind = "number"
    only = {} if key == "decisions" else {"outcome": key}
    return Column(key, label, kind, lead={**lead, "table": "decisions", **only})


def _text(text: str | None) -> str | None:
    return plain(text) if text else None
