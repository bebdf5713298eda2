"""Which freezes and overrides are in force, which targets each is about and why not others (D8, D10)."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any, Final

from org_gate.decision.explain_filters import Held, Room, hold_filter, listed
from org_gate.decision.fit import Fit
from org_gate.decision.freezes import frozen, in_force
from org_gate.decision.overrides import Overrides, names, precedence
from org_gate.decision.question import Question
from org_gate.decision.reasons import Finding
from org_gate.decision.words import plain
from org_gate.model.override import FREEZE_PREFIX, Override, override_json
from org_gate.model.request import Target
from org_gate.model.times import describe_duration, format_time
from org_gate.policy.model import Freeze, TargetFilter

_MOST_TARGETS: Final = 300
"""So many targets are told over all freezes, and so many over all overrides."""
_MOST_OVERRIDES: Final = 100
_MOST_LIFTED: Final = 20

_EVERYTHING: Final = Held(Fit.YES, ())


def freezes_json(question: Question, overrides: Overrides) -> list[dict[str, Any]]:
    """All of the policy, in its order. ``targets`` only of those in force; where one ``holds``, it is a reason."""
    holding = {(held.freeze.name, held.target) for held in frozen(question)}
    room = Room(_MOST_TARGETS)
    return [_freeze_json(question, freeze, holding, overrides, room) for freeze in question.policy.freezes]


def overrides_json(question: Question, findings: Iterable[Finding]) -> dict[str, Any]:
    """All that are known, those in force first. ``targets`` and ``lifts`` only of those in force."""
    lifted: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.override is not None:
            lifted.setdefault(finding.override.id, []).append(finding)
    known = sorted(question.knowledge.overrides, key=lambda one: (not one.in_force(question.now), precedence(one)))
    room = Room(_MOST_TARGETS)
    shown = [_override_json(question, one, lifted.get(one.id, []), room) for one in known[:_MOST_OVERRIDES]]
    return {"known": shown, "omitted": len(known) - len(shown)}


def _freeze_json(
    question: Question, freeze: Freeze, holding: set[tuple[str, int]], overrides: Overrides, room: Room
) -> dict[str, Any]:
    mark = in_force(freeze, question.now)
    targets = list(_frozen_targets(question, freeze, holding, overrides)) if mark else []
    shown = [one for one in targets if room.take()]
    return {
        "name": freeze.name,
        "verdict": freeze.verdict.value,
        "in_force": mark is not None,
        "why": _course(freeze, question.now) if mark is None else "",
        "from": format_time(mark.start) if mark else None,
        "to": format_time(mark.end) if mark else None,
        "targets": shown,
        "targets_omitted": len(targets) - len(shown),
    }


def _frozen_targets(
    question: Question, freeze: Freeze, holding: set[tuple[str, int]], overrides: Overrides
) -> Iterator[dict[str, Any]]:
    for index, target in enumerate(question.targets):
        holds = (freeze.name, index) in holding
        override = overrides.lifting(index, f"{FREEZE_PREFIX}{freeze.name}") if holds else None
        yield {
            "target": index,
            "holds": holds,
            "targets": hold_filter(question, freeze.targets, target, "the freeze").json(),
            "except": _excepted(question, freeze.excepted, target),
            "override_id": override.id if override else None,
        }


def _excepted(question: Question, excepted: TargetFilter | None, target: Target) -> dict[str, Any] | None:
    return None if excepted is None else hold_filter(question, excepted, target, "its except").json()


def _course(freeze: Freeze, now: datetime) -> str:
    """Why it is not in force."""
    if now < freeze.start:
        return f"it begins at {format_time(freeze.start)}"
    if freeze.rrule is None or freeze.duration is None:
        return f"it ended at {format_time(freeze.end)}" if freeze.end else "it has no end"
    if freeze.end is not None and now >= freeze.end:
        return f"it begins no more since {format_time(freeze.end)}"
    return f"no occurrence is under way ({plain(freeze.rrule)}, each {describe_duration(freeze.duration)} long)"


def _override_json(question: Question, override: Override, lifted: list[Finding], room: Room) -> dict[str, Any]:
    now_in_force = override.in_force(question.now)
    targets = list(_named_targets(question, override)) if now_in_force else []
    shown = [one for one in targets if room.take()]
    return {
        **override_json(override),
        "in_force": now_in_force,
        "why": "" if now_in_force else _not_in_force(override, question.now),
        "targets": shown,
        "targets_omitted": len(targets) - len(shown),
        "lifts": [_lifted_json(finding) for finding in lifted[:_MOST_LIFTED]],
        "lifts_omitted": max(0, len(lifted) - _MOST_LIFTED),
    }


def _lifted_json(finding: Finding) -> dict[str, Any]:
    """``named`` is how the override may name it: an ARN, ``freeze:NAME``, or ``all``."""
    return {"target": finding.target, "named": finding.named, "verdict": finding.verdict.value}


def _named_targets(question: Question, override: Override) -> Iterator[dict[str, Any]]:
    for index, target in enumerate(question.targets):
        does = names(override, target, question.request.pipeline)
        why = "" if does else _not_named(question, override, target)
        yield {"target": index, "names": does, "why": why}


def _not_named(question: Question, override: Override, target: Target) -> str:
    if not (override.accounts or override.pipelines):
        return "it names neither accounts nor pipelines"
    if override.accounts and target.account not in override.accounts:
        return f"the target's account is {plain(target.account)}; it names {listed(override.accounts)}"
    pipeline = question.request.pipeline
    asks = f"the pipeline is {plain(pipeline.name)}" if pipeline and pipeline.name else "the request names no pipeline"
    return f"{asks}; it names {listed(override.pipelines)}"


def _not_in_force(override: Override, now: datetime) -> str:
    if override.revoked_at is not None:
        by = f" by {plain(override.revoked_by, 200)}" if override.revoked_by else ""
        return f"it was revoked at {format_time(override.revoked_at)}{by}"
    if now < override.created_at:
        return f"it begins at {format_time(override.created_at)}"
    return f"it ended at {format_time(override.expires_at)}"
