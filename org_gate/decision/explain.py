"""The whole why of a decision, as data (A3): what was looked at, what came of each, and how the verdict follows.

From the same inputs as ``decide``, and by its parts, so that both always agree. It is bounded: of a large incident the
most severe is told and the rest counted. ``explain_text`` puts it into lines for a person.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from org_gate.decision.engine import besides_events, decide, lifted
from org_gate.decision.explain_events import Pair, left_out, pairs_json, pairs_of
from org_gate.decision.explain_filters import Room, hold_filter
from org_gate.decision.explain_others import freezes_json, overrides_json
from org_gate.decision.explain_text import explanation_text
from org_gate.decision.explain_verdict import verdict_json
from org_gate.decision.fit import Fit
from org_gate.decision.overrides import Overrides
from org_gate.decision.question import Question, ask
from org_gate.decision.reasons import Finding
from org_gate.decision.words import target_text
from org_gate.model.decision import Decision, KnowledgeMark, OnStale, decision_json
from org_gate.model.event import Knowledge
from org_gate.model.request import Request
from org_gate.model.times import describe_duration, format_time
from org_gate.policy.model import Policy

__all__ = ["explanation_json", "explanation_text"]

_MOST_ENTRIES: Final = 300
"""So many entries of ``modes`` that do not fit are told over all targets; likewise of ``exempt``."""


def explanation_json(
    request: Request, knowledge: Knowledge, policy: Policy, *, policy_version: int, now: datetime
) -> dict[str, Any]:
    """JSON-able; its verdict, reasons and targets are those of ``decide`` for the same inputs.

    ``because`` tells how the verdict comes about, ``leading`` the reason it hangs on, ``lift`` what an override would
    have to name. ``events`` are the pairs of a target and an event that concerns it, each with the rules tried.
    Targets are told by their index. ``fit`` is ``yes``, ``no`` or ``unknown``, with ``why`` where it is not ``yes``.
    """
    decision = decide(request, knowledge, policy, policy_version=policy_version, now=now)
    question = ask(request, knowledge, policy, now)
    overrides = Overrides(question)
    pairs = pairs_of(question, overrides)
    findings = _findings(question, overrides, pairs, decision.knowledge)
    shown = pairs_json(question, pairs)
    return {
        **verdict_json(decision, findings),
        "resumes": policy.resume.enabled,
        "targets": _targets_json(question, decision),
        "exempt": _exempt_json(question, decision),
        "events": shown,
        "events_omitted": len(pairs) - len(shown),
        "events_left_out": left_out(question, pairs),
        "freezes": freezes_json(question, overrides),
        "overrides": overrides_json(question, findings),
        "knowledge": _knowledge_json(question, decision),
        "policy_version": policy_version,
        "evaluated_at": format_time(question.now),
    }


def _findings(question: Question, overrides: Overrides, pairs: list[Pair], mark: KnowledgeMark) -> list[Finding]:
    """All reasons in D15's order, each with the override that lifts it."""
    of_events = (pair.finding for pair in pairs if pair.finding)
    others = lifted(besides_events(question, mark), overrides)
    return sorted((*of_events, *others), key=lambda finding: finding.order)


def _targets_json(question: Question, decision: Decision) -> list[dict[str, Any]]:
    """As the decision shows them, with where they are and how they came to their mode; D2's is ``own_ground``."""
    room = Room(_MOST_ENTRIES)
    shown = decision_json(decision, "")["targets"]
    return [
        data
        | {
            "text": target_text(question.targets[index]),
            "own_ground": index >= len(question.request.targets),
            "ou": _ou(question, data["account"]),
            "hints": [hint.text for hint in question.hints if hint.target == index],
            **_mode_json(question, index, room),
        }
        for index, data in enumerate(shown)
    ]


def _ou(question: Question, account: str) -> str | None:
    found = question.knowledge.accounts.get(account)
    return None if found is None else found.ou_path


def _mode_json(question: Question, index: int, room: Room) -> dict[str, Any]:
    """``mode_entry`` is the entry of ``modes`` that gave the mode; None where the policy's ``mode`` did."""
    tried = list(_modes_tried(question, index))
    possible = [one["entry"] for one in tried if one["fit"] != "no" and one["mode"] == question.modes[index]]
    entry = possible[0] if possible else None
    shown = [one for one in tried if one["entry"] == entry or room.take()]
    return {"mode_entry": entry, "modes": shown, "modes_omitted": len(tried) - len(shown)}


def _modes_tried(question: Question, index: int) -> Iterator[dict[str, Any]]:
    for number, entry in enumerate(question.policy.modes):
        held = hold_filter(question, entry.targets, question.targets[index], "the entry")
        yield {"entry": number, "mode": entry.mode.value, **held.json()}
        if held.fit is Fit.YES:
            return


def _exempt_json(question: Question, decision: Decision) -> dict[str, Any]:
    """``entry`` is the first of ``exempt`` that fits the target; all given targets need one."""
    room = Room(_MOST_ENTRIES)
    given = range(len(question.request.targets))
    return {"exempt": decision.exempt, "targets": [_exempted_json(question, index, room) for index in given]}


def _exempted_json(question: Question, index: int, room: Room) -> dict[str, Any]:
    filters, target = question.policy.exempt, question.targets[index]
    helds = [hold_filter(question, wanted, target, "the entry") for wanted in filters]
    entry = next((number for number, held in enumerate(helds) if held.fit is Fit.YES), None)
    tried = helds if entry is None else helds[: entry + 1]
    shown = [{"entry": number, **held.json()} for number, held in enumerate(tried) if number == entry or room.take()]
    return {"target": index, "entry": entry, "entries": shown, "entries_omitted": len(tried) - len(shown)}


def _knowledge_json(question: Question, decision: Decision) -> dict[str, Any]:
    shown = decision_json(decision, "")["knowledge"]
    max_age = int(question.policy.defaults.max_age.total_seconds())
    return {**shown, "max_age_seconds": max_age, "meaning": _meaning(question, decision.knowledge)}


def _meaning(question: Question, mark: KnowledgeMark) -> str:
    limit = describe_duration(question.policy.defaults.max_age)
    if not mark.stale:
        return f"fresh: at most {limit} old"
    old = "AWS Health was never read completely" if mark.age_seconds is None else f"stale: more than {limit} old"
    return f"{old}; on_stale is {mark.on_stale}: {_ON_STALE[mark.on_stale]}"


_ON_STALE: Final = {
    OnStale.ALLOW: "it adds nothing to what is at hand",
    OnStale.WARN: "it adds a reason that warns",
    OnStale.BLOCK: "it adds a reason that blocks",
    OnStale.LOCAL: "the gate adds what AWS Health says in its own account; where that fails, on_unknown decides",
}
