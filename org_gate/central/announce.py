"""Tells people what other people did by hand: one message to the notification topic for each change.

The change stands before it is announced: a topic that fails costs the message, never the change, and is logged. A
message holds what the change's own record shows, and nothing else.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from org_gate.central.news_forms import Notice, Severity, publication
from org_gate.central.telemetry import tell_unannounced
from org_gate.model.override import Override
from org_gate.model.synthetic import SyntheticEvent
from org_gate.model.times import format_time

_SHOWN: Final = 10


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
        try:
            self._client.publish(TopicArn=self._topic, **publication(notice))
        except (ClientError, BotoCoreError) as error:
            tell_unannounced(notice.kind, notice.subject, error)
            return False
        return True


def override_created(override: Override) -> Notice:
    until = format_time(override.expires_at)
    return Notice(
        kind="override-created",
        accounts=_whose(override.account, override.accounts),
        severity="warning",
        subject=f"org-gate: override until {until} by account {override.account}",
        lines=(f"Until {until}, deployments go on in spite of what is named here.", "", *_override_lines(override)),
        thread=override.id,
        related=(override.id,),
    )


def override_revoked(override: Override, account: str) -> Notice:
    """``account`` is the one that revoked it."""
    return Notice(
        kind="override-revoked",
        accounts=_whose(account, override.accounts),
        severity="info",
        subject=f"org-gate: override of account {override.account} revoked",
        lines=(f"Revoked by {override.revoked_by}: the gate decides again.", "", *_override_lines(override)),
        thread=override.id,
        related=(override.id,),
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
        accounts=(account,),
        severity="info",
        subject=f"org-gate: version {version} of the policy holds now",
        thread="policy",
        lines=(f"{who} published version {version} of the policy.", f"Note: {note or 'none'}"),
    )


class _Told(NamedTuple):
    kind: str
    severity: Severity
    subject: str
    line: str


def _of_synthetic(synthetic: SyntheticEvent, account: str, told: _Told) -> Notice:
    lines = (
        told.line,
        "",
        f"Affected accounts: {'all' if synthetic.public else _few(synthetic.accounts)}",
        *([f"OUs: {_few(synthetic.ous)}"] if synthetic.ous else []),
        f"Regions: {_few(synthetic.regions) or 'all'}",
        f"Services: {_few(synthetic.services) or 'all'}",
        f"Reason: {synthetic.reason}",
        f"By: {synthetic.who}",
        f"Id: {synthetic.id}",
    )
    return Notice(
        kind=told.kind,
        accounts=_whose(account, synthetic.accounts),
        ous=synthetic.ous,
        severity=told.severity,
        subject=f"org-gate: {told.subject}",
        lines=lines,
        drill=synthetic.kind == "drill",
        thread=synthetic.id,
        related=(synthetic.id,),
    )


def _whose(account: str, named: Sequence[str]) -> tuple[str, ...]:
    """Whoever did it, and those that it is about."""
    return tuple(dict.fromkeys((account, *named)))


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
