"""Tells people what other people did by hand: one plain message to the notification topic for each change.

The change stands before it is announced: a topic that fails costs the message, never the change, and is logged. A
message holds what the change's own record shows, and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from org_gate.central.telemetry import tell_unannounced
from org_gate.model.override import Override
from org_gate.model.synthetic import SyntheticEvent
from org_gate.model.times import format_time

Severity = Literal["info", "warning"]
_SHOWN: Final = 10
_ASCII_FROM, _ASCII_TO = " ", "~"
_LONGEST_SUBJECT: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One message. ``account`` is the account of whoever made the change."""

    kind: str
    account: str
    severity: Severity
    subject: str
    """Printable ASCII, as SNS asks; at most 100 characters."""
    lines: tuple[str, ...]


class Announcer(Protocol):
    """Where notices go."""

    def announce(self, notice: Notice) -> bool:
        """Whether it went out."""
        ...


class TopicAnnouncer:
    """Over a boto3 ``sns`` client that waits no longer than its request can."""

    def __init__(self, client: Any, topic: str) -> None:
        self._client = client
        self._topic = topic

    def announce(self, notice: Notice) -> bool:
        attributes = {"kind": notice.kind, "account": notice.account, "severity": notice.severity}
        try:
            self._client.publish(
                TopicArn=self._topic,
                Subject=notice.subject,
                Message="\n".join(notice.lines) + "\n",
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
                },
            )
        except (ClientError, BotoCoreError) as error:
            tell_unannounced(notice.kind, notice.subject, error)
            return False
        return True


def override_created(override: Override) -> Notice:
    until = format_time(override.expires_at)
    return Notice(
        kind="override-created",
        account=override.account,
        severity="warning",
        subject=_subject(f"org-gate: override until {until} by account {override.account}"),
        lines=(f"Until {until}, deployments go on in spite of what is named here.", "", *_override_lines(override)),
    )


def override_revoked(override: Override, account: str) -> Notice:
    """``account`` is the one that revoked it."""
    return Notice(
        kind="override-revoked",
        account=account,
        severity="info",
        subject=_subject(f"org-gate: override of account {override.account} revoked"),
        lines=(f"Revoked by {override.revoked_by}: the gate decides again.", "", *_override_lines(override)),
    )


def synthetic_started(synthetic: SyntheticEvent, account: str) -> Notice:
    """``account`` is the one that started it."""
    until = format_time(synthetic.ends_at)
    if synthetic.kind == "drill":
        told = _Told("drill-started", "info", f"drill until {until}", f"A drill runs until {until}. It is not real.")
    else:
        text = f"The platform team declared an incident that AWS Health has not posted; it counts until {until}."
        told = _Told("event-declared", "warning", f"incident declared until {until}", text)
    return _of_synthetic(synthetic, account, told)


def synthetic_ended(synthetic: SyntheticEvent, account: str) -> Notice:
    """``account`` is the one that ended it."""
    by = synthetic.stopped_by
    if synthetic.kind == "drill":
        told = _Told("drill-stopped", "info", "drill stopped", f"Stopped by {by}: the drill is over.")
    else:
        text = f"Closed by {by}: it counts no more. What AWS Health itself says counts as ever."
        told = _Told("event-closed", "info", "declared incident closed", text)
    return _of_synthetic(synthetic, account, told)


def policy_published(version: int, *, account: str, who: str, note: str) -> Notice:
    return Notice(
        kind="policy-published",
        account=account,
        severity="info",
        subject=f"org-gate: version {version} of the policy holds now",
        lines=(f"{who} published version {version} of the policy.", f"Note: {note or 'none'}"),
    )


class _Told(NamedTuple):
    kind: str
    severity: Severity
    subject: str
    line: str


def _of_synthetic(synthetic: SyntheticEvent, account: str, told: _Told) -> Notice:
    mark = "DRILL: " if synthetic.kind == "drill" else ""
    lines = (
        f"{mark}{told.line}",
        "",
        f"Affected accounts: {'all' if synthetic.public else _few(synthetic.accounts)}",
        *([f"OUs: {_few(synthetic.ous)}"] if synthetic.ous else []),
        f"Regions: {_few(synthetic.regions) or 'all'}",
        f"Services: {_few(synthetic.services) or 'all'}",
        f"Reason: {synthetic.reason}",
        f"By: {synthetic.who}",
        f"Id: {synthetic.id}",
    )
    subject = _subject(f"{mark}org-gate: {told.subject}")
    return Notice(kind=told.kind, account=account, severity=told.severity, subject=subject, lines=lines)


def _override_lines(override: Override) -> list[str]:
    return [
        f"Lifts: {_few(override.events)}",
        f"Accounts: {_few(override.accounts) or 'any'}",
        f"Pipelines: {_few(override.pipelines) or 'any'}",
        f"Reason: {override.reason}",
        f"Ticket: {override.ticket or 'none'}",
        f"By: {override.who}",
        f"Id: {override.id}",
    ]


def _few(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f", and {more} more" if more > 0 else "")


def _subject(text: str) -> str:
    return "".join(letter if _ASCII_FROM <= letter <= _ASCII_TO else "?" for letter in text)[:_LONGEST_SUBJECT]
