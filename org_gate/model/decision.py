"""What is answered: a decision with its reasons, and its JSON form (A2, D15).

``decision_json`` is the one place that knows the shape callers rely on.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from org_gate.model.event import Event
from org_gate.model.request import Target
from org_gate.model.times import format_time, text_if_any

MAX_REASONS: Final = 100
RETRY_AFTER_SECONDS: Final = 60
KINDS: Final = ("event", "freeze", "stale", "unknown", "hint")


class Verdict(StrEnum):
    """``allow`` < ``warn`` < ``block`` (D9)."""

    ALLOW = "allow"
    WARN = "warn"
    BLOCK = "block"

    @property
    def severity(self) -> int:
        return _SEVERITY[self]


_SEVERITY: Final = {Verdict.ALLOW: 0, Verdict.WARN: 1, Verdict.BLOCK: 2}


class Mode(StrEnum):
    """``shadow`` < ``warn`` < ``enforce`` (D12)."""

    SHADOW = "shadow"
    WARN = "warn"
    ENFORCE = "enforce"

    @property
    def strictness(self) -> int:
        return _STRICTNESS[self]


_STRICTNESS: Final = {Mode.SHADOW: 0, Mode.WARN: 1, Mode.ENFORCE: 2}


class OnStale(StrEnum):
    """``defaults.on_stale`` (D13)."""

    ALLOW = "allow"
    WARN = "warn"
    BLOCK = "block"
    LOCAL = "local"


@dataclass(frozen=True, slots=True)
class FreezeMark:
    """A freeze in force: its present occurrence, ``[start, end)`` (D8)."""

    name: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One reason (D15). ``target`` is an index into the decision's targets, None for stale and unknown."""

    kind: str
    verdict: Verdict
    explanation: str
    rule: str | None = None
    target: int | None = None
    event: Event | None = None
    freeze: FreezeMark | None = None
    override_id: str | None = None
    """The override that lifts it; its ``verdict`` stays its own (D10)."""


@dataclass(frozen=True, slots=True)
class JudgedTarget:
    """A resolved target: services in upper case with aliases resolved (D5c)."""

    target: Target
    mode: Mode
    overridden: bool = False
    """An override of ``all`` in force names it (A3)."""


@dataclass(frozen=True, slots=True)
class KnowledgeMark:
    """How old the knowledge was. ``age_seconds`` is None where no poll was ever complete."""

    as_of: datetime | None
    age_seconds: int | None
    stale: bool
    on_stale: OnStale
    on_unknown: Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer. Same inputs, same decision; its id is given by whoever records it."""

    verdict: Verdict
    would_be: Verdict
    mode: Mode
    exempt: bool
    summary: str
    targets: tuple[JudgedTarget, ...]
    reasons: tuple[Reason, ...]
    reasons_omitted: int
    knowledge: KnowledgeMark
    policy_version: int
    evaluated_at: datetime


def decision_json(decision: Decision, decision_id: str) -> dict[str, Any]:
    """The body of A2."""
    return {
        "decision_id": decision_id,
        "verdict": decision.verdict.value,
        "would_be": decision.would_be.value,
        "mode": decision.mode.value,
        "exempt": decision.exempt,
        "summary": decision.summary,
        "targets": [_target_json(judged) for judged in decision.targets],
        "reasons": [_reason_json(reason) for reason in decision.reasons],
        "reasons_omitted": decision.reasons_omitted,
        "knowledge": _knowledge_json(decision.knowledge),
        "policy_version": decision.policy_version,
        "evaluated_at": format_time(decision.evaluated_at),
        "retry_after_seconds": RETRY_AFTER_SECONDS,
    }


def event_json(event: Event) -> dict[str, Any]:
    """An event as reasons and ``GET /v1/events`` show it (A2)."""
    return {
        "arn": event.arn,
        "service": event.service,
        "region": event.region,
        "scope": event.scope,
        "category": event.category,
        "type_code": event.type_code,
        "status": event.status,
        "start": text_if_any(event.start),
        "last_updated": text_if_any(event.last_updated),
        "drill": event.drill,
    }


def _target_json(judged: JudgedTarget) -> dict[str, Any]:
    target = judged.target
    return {
        "account": target.account,
        "region": target.region,
        "services": list(target.services),
        "availability_zones": list(target.availability_zones),
        "mode": judged.mode.value,
        "overridden": judged.overridden,
    }


def _reason_json(reason: Reason) -> dict[str, Any]:
    return {
        "kind": reason.kind,
        "verdict": reason.verdict.value,
        "rule": reason.rule,
        "target": reason.target,
        "event": None if reason.event is None else event_json(reason.event),
        "freeze": None if reason.freeze is None else _freeze_json(reason.freeze),
        "override_id": reason.override_id,
        "explanation": reason.explanation,
    }


def _freeze_json(freeze: FreezeMark) -> dict[str, Any]:
    return {"name": freeze.name, "from": format_time(freeze.start), "to": format_time(freeze.end)}


def _knowledge_json(mark: KnowledgeMark) -> dict[str, Any]:
    return {
        "as_of": text_if_any(mark.as_of),
        "age_seconds": mark.age_seconds,
        "stale": mark.stale,
        "on_stale": mark.on_stale.value,
        "on_unknown": mark.on_unknown.value,
        "source": "central",
    }
