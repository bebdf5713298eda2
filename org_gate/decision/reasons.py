"""A decision's reasons in their order, each with its explanation (D15).

Explanations are written for the reasons that are shown only: a large incident can give many thousands.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial

from org_gate.decision.concern import Concern
from org_gate.decision.freezes import Frozen
from org_gate.decision.question import Hint, Question
from org_gate.decision.rules import Doubt, Ruling
from org_gate.decision.words import event_text, lifted_text, plain, sentence, target_text
from org_gate.model.decision import KINDS, KnowledgeMark, OnStale, Reason, Verdict
from org_gate.model.override import ALL, FREEZE_PREFIX, Override
from org_gate.model.times import describe_duration, format_time
from org_gate.policy.model import Rule

_DOUBTS_TOLD = 3
_DRILL = " It was made up by the platform team, to prove that the gate works; nothing is wrong."


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason before it is put into words. ``target`` is None where it is of all of them; ``order`` is D15's."""

    verdict: Verdict
    target: int | None
    named: str | None
    """How an override names it; None where none can lift it."""
    order: tuple[int, int, int, str, str]
    words: Callable[[], Reason]
    override: Override | None = None
    """What lifts it (D10)."""

    @property
    def counts(self) -> Verdict:
        """What it adds to the decision where the mode is ``enforce``."""
        return Verdict.WARN if self.override and self.verdict is Verdict.BLOCK else self.verdict


def told(finding: Finding) -> Reason:
    reason, override = finding.words(), finding.override
    if override is None:
        return reason
    explanation = f"{reason.explanation} {lifted_text(override, reason.verdict)}"
    return replace(reason, override_id=override.id, explanation=explanation)


def of_event(question: Question, concern: Concern, ruling: Ruling) -> Finding | None:
    """None where ``defaults.verdict`` allows: nobody needs to read of it."""
    if ruling.verdict is Verdict.ALLOW and ruling.rule is None:
        return None
    key = concern.event.key
    order = _order(ruling.verdict, "event", concern.target, key.arn, key.region)
    return Finding(ruling.verdict, concern.target, key.arn, order, partial(_event_reason, question, concern, ruling))


def of_freeze(question: Question, held: Frozen) -> Finding:
    name = held.freeze.name
    order = _order(held.freeze.verdict, "freeze", held.target, name)
    words = partial(_freeze_reason, question, held)
    return Finding(held.freeze.verdict, held.target, f"{FREEZE_PREFIX}{name}", order, words)


def of_hint(hint: Hint) -> Finding:
    """No override lifts it: it only warns, and what it says stays worth a look."""
    reason = Reason(kind="hint", verdict=Verdict.WARN, target=hint.target, explanation=hint.text)
    order = _order(Verdict.WARN, "hint", hint.target, hint.text)
    return Finding(Verdict.WARN, hint.target, None, order, lambda: reason)


def of_staleness(question: Question, mark: KnowledgeMark) -> Finding | None:
    """What ``on_stale`` adds; ``allow`` adds nothing, ``local`` is the gate's to add (D13)."""
    if not mark.stale or mark.on_stale in {OnStale.ALLOW, OnStale.LOCAL}:
        return None
    verdict = Verdict(mark.on_stale.value)
    reason = Reason(kind="stale", verdict=verdict, explanation=_stale_text(question, mark))
    return Finding(verdict, None, ALL, _order(verdict, "stale", -1), lambda: reason)


def _order(verdict: Verdict, kind: str, target: int, *name: str) -> tuple[int, int, int, str, str]:
    first, second = (*name, "", "")[:2]
    return -verdict.severity, KINDS.index(kind), target, first, second


def _event_reason(question: Question, concern: Concern, ruling: Ruling) -> Reason:
    target = target_text(question.targets[concern.target])
    grounds = f"It concerns {target}: {'; '.join(concern.grounds)}."
    what = f"{event_text(concern.event)}.{_DRILL if concern.event.drill else ''}"
    parts = [what, grounds, _ruling_text(ruling), _doubts_text(ruling.doubts)]
    return Reason(
        kind="event",
        verdict=ruling.verdict,
        rule=ruling.rule.name if ruling.rule else None,
        target=concern.target,
        event=concern.event,
        explanation=" ".join(part for part in parts if part),
    )


def _freeze_reason(question: Question, held: Frozen) -> Reason:
    return Reason(
        kind="freeze",
        verdict=held.freeze.verdict,
        target=held.target,
        freeze=held.mark,
        explanation=_frozen_text(question, held),
    )


def _frozen_text(question: Question, held: Frozen) -> str:
    target, mark = target_text(question.targets[held.target]), held.mark
    doubts = f" Whether it is meant is not known ({', '.join(held.doubts)}), so it counts." if held.doubts else ""
    return (
        f"Freeze {plain(mark.name)} is in force from {format_time(mark.start)} until {format_time(mark.end)}. It is "
        f"for {target} and says {held.freeze.verdict}.{doubts}"
    )


def _ruling_text(ruling: Ruling) -> str:
    if ruling.rule is None:
        return f"No rule decides, so the policy's default does: {ruling.verdict}."
    return _rule_text(ruling.rule)


def _rule_text(rule: Rule) -> str:
    why = f": {sentence(plain(rule.why, 500))}" if rule.why.strip() else "."
    return f"Rule {plain(rule.name)} says {rule.verdict}{why}"


def _doubts_text(doubts: tuple[Doubt, ...]) -> str:
    if not doubts:
        return ""
    listed = "; ".join(f"rule {plain(doubt.rule)} ({', '.join(doubt.causes)})" for doubt in doubts[:_DOUBTS_TOLD])
    more = f" and {len(doubts) - _DOUBTS_TOLD} more" if len(doubts) > _DOUBTS_TOLD else ""
    return f"Whether these fit is not known: {listed}{more}. The more severe of both ways stands."


def _stale_text(question: Question, mark: KnowledgeMark) -> str:
    limit = describe_duration(question.policy.defaults.max_age)
    if mark.age_seconds is None:
        found = "AWS Health was never read completely, so nothing is known of it"
    else:
        age = describe_duration(timedelta(seconds=mark.age_seconds))
        found = f"What is known of AWS Health is {age} old, and at most {limit} counts as fresh"
    return (
        f"{found}. The policy's on_stale says {mark.on_stale}. It ends by itself once AWS Health can be read again; "
        "if it does not, the platform team looks at the collector."
    )
