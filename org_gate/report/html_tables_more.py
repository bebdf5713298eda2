"""From the report's model to the page's tables: what is coming, exceptions, coverage, policy, the course of time."""

from datetime import timedelta
from typing import Final

from org_gate.report.html_table import Column, Table, event_name
from org_gate.report.html_text import MANY, Cell, account_id, account_ids, instant, listed, plain, time_range
from org_gate.report.model import ComingRow, Coverage, OverrideRow, Report, Rows, ShareRow, SyntheticRow


def time_table(report: Report) -> Table:
    """The charts' numbers."""
    seconds = report.events.timeline.bucket_seconds
    columns = (
        Column("start", "From", "time"),
        Column("events_started", "Events begun", "number", lead={"table": "events", "start": "@range"}),
        Column("events_open", "Events open", "number"),
        *(
            Column(key, key.capitalize(), "number", lead={"table": "decisions", "at": "@range", "outcome": key})
            for key in ("blocked", "warned", "allowed")
        ),
        Column("range", "Range", hidden=True),
    )
    rows = tuple(
        (instant(one.start), one.events_started, one.events_open, one.blocked, one.warned, one.allowed,
         time_range(one.start, one.start + timedelta(seconds=seconds)))
        for one in report.events.timeline.buckets
    )  # fmt: skip
    return Table("timeline", "Events and decisions over time", columns, rows, "The range is empty.")


def coming_table(report: Report) -> Table:
    """Scheduled changes, deadlines first."""
    return Table(
        "coming", "Scheduled changes, the nearest deadline first", _COMING_COLUMNS,
        tuple(_coming(row) for row in report.coming.rows),
        "AWS has announced no change to these accounts.", report.coming.rows_omitted,
    )  # fmt: skip


_COMING_COLUMNS: Final = (
    Column("start", "Deadline", "time"),
    Column("left", "Time left", "span"),
    Column("change", "Change", lead={"event": "@event"}),
    Column("service", "Service", choose=True),
    Column("region", "Region", choose=True),
    Column("action", "What AWS asks for", choose=True),
    Column("account_count", "Accounts", "number", lead={"event": "@event", "table": "accounts"}),
    Column("accounts", "The first accounts", "accounts"),
    Column("resource_count", "Resources", "number", lead={"event": "@event", "table": "resources"}),
    Column("resources", "The first resources", "list"),
    Column("event", "Event", "event", hidden=True),
    Column("end", "Until", "time", hidden=True),
    Column("type_code", "Type", "code", hidden=True),
)


def _coming(row: ComingRow) -> tuple[Cell, ...]:
    left = None if row.seconds_left is None else max(row.seconds_left, 0)
    return (
        instant(row.start), left, event_name(row.service, row.type_code, row.arn), _text(row.service),
        plain(row.region), _text(row.actionability),
        row.account_count, account_ids(row.accounts), row.resource_count, listed(row.resources[:10]),
        row.event, instant(row.end), _text(row.type_code),
    )  # fmt: skip


def exception_tables(report: Report) -> list[Table]:
    """What people did by hand."""
    overrides = report.exceptions.overrides
    return [
        Table("overrides", "Overrides", _OVERRIDE_COLUMNS, tuple(_override(row) for row in overrides.rows),
              "Nobody used an override in this time.", overrides.rows_omitted),
        _synthetic("drills", "Drills", report.exceptions.drills,
                   "No drill ran in this time. One now and then proves that the gates would block."),
        _synthetic("declared", "Events declared by hand", report.exceptions.declared,
                   "No event was declared by hand in this time."),
    ]  # fmt: skip


_OVERRIDE_COLUMNS: Final = (
    Column("created", "Created", "time"),
    Column("state", "State", "words", choose=True),
    Column("who", "Who"),
    Column("reason", "Why"),
    Column("ticket", "Ticket"),
    Column("account", "From account", "account"),
    Column("accounts", "For accounts", "accounts"),
    Column("pipelines", "Pipelines", "list"),
    Column("events", "What it lifts", "list"),
    Column("until", "Until", "time"),
    Column("used", "Used", "number"),
    Column("revoked_by", "Revoked by", hidden=True),
    Column("id", "Id", "code", hidden=True),
)
_SYNTHETIC_COLUMNS: Final = (
    Column("created", "Began", "time"),
    Column("state", "State", "words", choose=True),
    Column("who", "Who"),
    Column("reason", "Why"),
    Column("reach", "Reach"),
    Column("ous", "OUs", "list"),
    Column("regions", "Regions", "list"),
    Column("services", "Services", "list"),
    Column("account_count", "Accounts", "number"),
    Column("until", "Until", "time"),
    Column("blocked", "Blocked decisions", "number"),
    Column("stopped_by", "Stopped by", hidden=True),
    Column("id", "Id", "code", hidden=True),
)


def _override(row: OverrideRow) -> tuple[Cell, ...]:
    return (
        instant(row.created_at), _state(row.in_force), plain(row.who), plain(row.reason), _text(row.ticket),
        account_id(row.account), account_ids(row.accounts), listed(row.pipelines[:MANY]), listed(row.events[:MANY]),
        instant(row.revoked_at or row.expires_at), row.used, _text(row.revoked_by), plain(row.id),
    )  # fmt: skip


def _synthetic(name: str, caption: str, rows: Rows[SyntheticRow], empty: str) -> Table:
    cells = tuple(
        (
            instant(row.created_at), _state(row.in_force), plain(row.who), plain(row.reason),
            "public" if row.public else "named accounts", listed(row.ous[:MANY]), listed(row.regions),
            listed(row.services), row.account_count, instant(row.stopped_at or row.ends_at), row.blocked,
            _text(row.stopped_by), plain(row.id),
        )
        for row in rows.rows
    )  # fmt: skip
    return Table(name, caption, _SYNTHETIC_COLUMNS, cells, empty, rows.rows_omitted)


def coverage_tables(coverage: Coverage) -> list[Table]:
    """Where the gates are, and where none is."""
    gaps = tuple(
        (row.kind, account_id(row.account), plain(row.ou), _text(row.region), _text(row.pipeline), _text(row.detail))
        for row in coverage.gaps.rows
    )
    return [
        Table("coverage_by_ou", "Coverage by OU, accounts directly in it", _SHARE_COLUMNS,
              tuple(_share(row) for row in coverage.ous.rows), "No OU was looked into.", coverage.ous.rows_omitted),
        Table("gaps", "Gaps", _GAP_COLUMNS, gaps,
              "No gap: each pipeline that was found has its gate.", coverage.gaps.rows_omitted),
    ]  # fmt: skip


_SHARE_COLUMNS: Final = (
    Column("ou", "OU", "ou"),
    Column("accounts", "Accounts", "number"),
    Column("with_gate", "With a gate", "number"),
    Column("unread", "Not read whole", "number"),
    Column("pipelines", "Pipelines", "number"),
    Column("gated", "Pipelines with a gate", "number"),
    Column("percent", "Percent", "number"),
)
_GAP_COLUMNS: Final = (
    Column("kind", "What is missing", choose=True),
    Column("account", "Account", "account"),
    Column("ou", "OU", "ou"),
    Column("region", "Region", choose=True),
    Column("pipeline", "Pipeline"),
    Column("detail", "Detail"),
)


def _share(row: ShareRow) -> tuple[Cell, ...]:
    return plain(row.ou), row.accounts, row.with_gate, row.unread, row.pipelines, row.gated, row.percent


def policy_tables(report: Report) -> list[Table]:
    """The rules and what they did, and how the policy changed."""
    policy = report.policy
    rules = tuple((plain(row.name), [f"{row.verdict}"], row.matched) for row in policy.rules.rows)
    changes = tuple(
        (f"{row.version}", instant(row.at), plain(row.who), plain(row.note), listed(row.changes[:MANY]),
         row.changes_omitted + max(len(row.changes) - MANY, 0))
        for row in policy.changes.rows
    )  # fmt: skip
    return [
        Table("rules", "Rules, in the policy's order", _RULE_COLUMNS, rules, "The policy has no rule.",
              policy.rules.rows_omitted),
        Table("policy_changes", "What changed in the policy", _CHANGE_COLUMNS, changes,
              "The policy did not change in this time.", policy.changes.rows_omitted),
    ]  # fmt: skip


_RULE_COLUMNS: Final = (
    Column("rule", "Rule"),
    Column("verdict", "Verdict", "words", choose=True),
    Column("matched", "Decisions it gave a reason for", "number", lead={"table": "decisions", "rule": "@rule"}),
)
_CHANGE_COLUMNS: Final = (
    Column("version", "Version"),
    Column("at", "Published", "time"),
    Column("who", "By"),
    Column("note", "Note"),
    Column("changes", "Changes", "list"),
    Column("more", "More changes", "number"),
)


def _state(in_force: bool) -> list[str]:  # noqa: FBT001  one word for each
    return ["in force" if in_force else "over"]


def _text(text: str | None) -> str | None:
    return plain(text) if text else None
