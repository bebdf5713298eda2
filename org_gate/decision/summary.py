"""The decision in one line for a person."""

from datetime import timedelta

from org_gate.decision.reasons import Finding
from org_gate.decision.words import event_text, freeze_text, plain
from org_gate.model.decision import KnowledgeMark, Mode, Reason, Verdict
from org_gate.model.times import describe_duration, format_time

_OPENING = {Verdict.ALLOW: "Allowed", Verdict.WARN: "Allowed with a warning", Verdict.BLOCK: "Blocked"}


def summary(
    *,
    verdict: Verdict,
    would_be: Verdict,
    mode: Mode,
    exempt: bool,
    leading: Finding | None,
    number: int,
    mark: KnowledgeMark,
) -> str:
    """``leading`` is what the decision hangs on, the first of ``number`` reasons; None where there are none."""
    because = _in_spite_of(leading, number) if exempt else _because(verdict, leading, number)
    parts = [f"{_OPENING[verdict]}: {because}."]
    if would_be is not verdict:
        told = "Not every target is in mode enforce" if mode is Mode.ENFORCE else f"The mode is {mode}"
        parts.append(f"{told}; enforce would {would_be}.")
    if mark.stale:
        parts.append(_stale_text(mark))
    return " ".join(parts)


def _in_spite_of(leading: Finding | None, number: int) -> str:
    found = "the policy exempts it from all checks"
    return f"{found}, in spite of {_headline(leading.words())}{_more(number)}" if leading else found


def _because(verdict: Verdict, leading: Finding | None, number: int) -> str:
    if leading is None:
        return "nothing that is known of AWS Health stands against it"
    if verdict is Verdict.ALLOW:
        return f"rules of the policy allow what concerns it, {number} event{'s' if number > 1 else ''}"
    return f"{_headline(leading.words())}{_lifted(leading)}{_more(number)}"


def _lifted(leading: Finding) -> str:
    """Only what would have blocked is worth the words."""
    override = leading.override
    if override is None or leading.verdict is not Verdict.BLOCK:
        return ""
    return f", lifted by override {plain(override.id)} until {format_time(override.expires_at)}"


def _more(number: int) -> str:
    others = number - 1
    return f", and {others} more reason{'s' if others > 1 else ''}" if others else ""


def _headline(reason: Reason) -> str:
    if reason.event is not None:
        by = f"rule {plain(reason.rule)}" if reason.rule else "the policy's default"
        return f"{event_text(reason.event)} ({by})"
    if reason.freeze is not None:
        return freeze_text(reason.freeze)
    return "what is known of AWS Health is too old" if reason.kind == "stale" else _first_sentence(reason.explanation)


def _first_sentence(text: str) -> str:
    return text.split(". ", 1)[0].removesuffix(".")


def _stale_text(mark: KnowledgeMark) -> str:
    if mark.age_seconds is None:
        return "AWS Health was never read completely."
    return f"What is known is {describe_duration(timedelta(seconds=mark.age_seconds))} old."
