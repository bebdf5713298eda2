"""How a decision's verdict comes about from its reasons: overrides, modes and exemption, step by step (D9-D13)."""

from collections.abc import Iterator, Sequence
from typing import Any, Final

from org_gate.decision.mode import counted
from org_gate.decision.reasons import Finding
from org_gate.decision.words import event_text, freeze_text, plain, target_text
from org_gate.model.decision import Decision, Mode, Reason, Verdict
from org_gate.model.override import ALL

_MOST_LIFTED: Final = 3
"""Where more than so many events block, an override of ``all`` is what a person would make."""


def verdict_json(decision: Decision, findings: Sequence[Finding]) -> dict[str, Any]:
    """``findings`` are all reasons, in D15's order. ``leading`` is the one that the verdict hangs on."""
    leading = max(findings, key=lambda finding: _counts(decision, finding).severity, default=None)
    return {
        "verdict": decision.verdict.value,
        "would_be": decision.would_be.value,
        "mode": decision.mode.value,
        "summary": decision.summary,
        "because": list(_steps(decision, findings, leading)),
        "leading": None if leading is None else _leading_json(decision, leading),
        "lift": _lift_json(decision, findings),
        "reasons": {verdict.value: sum(one.verdict is verdict for one in findings) for verdict in Verdict},
    }


def _lift_json(decision: Decision, findings: Sequence[Finding]) -> dict[str, Any] | None:
    """What one override would have to name to lift all that blocks now; None where nothing does."""
    blocking = [] if decision.exempt else [one for one in findings if _counts(decision, one) is Verdict.BLOCK]
    if not blocking:
        return None
    accounts = {judged.target.account for judged in decision.targets}
    if all(one.target is not None for one in blocking):
        accounts = {decision.targets[one.target].target.account for one in blocking if one.target is not None}
    events = sorted({one.named or ALL for one in blocking})
    return {
        "accounts": sorted(accounts),
        "events": [ALL] if ALL in events or len(events) > _MOST_LIFTED else events,
        "reasons": len(blocking),
    }


def _leading_json(decision: Decision, leading: Finding) -> dict[str, Any]:
    reason = leading.words()
    return {
        "kind": reason.kind,
        "target": reason.target,
        "rule": reason.rule,
        "named": leading.named,
        "verdict": leading.verdict.value,
        "counts_as": _counts(decision, leading).value,
        "override_id": leading.override.id if leading.override else None,
    }


def _counts(decision: Decision, finding: Finding) -> Verdict:
    return counted(finding.counts, _mode(decision, finding))


def _mode(decision: Decision, finding: Finding) -> Mode:
    """What is of all targets counts by the strictest mode."""
    return decision.mode if finding.target is None else decision.targets[finding.target].mode


def _steps(decision: Decision, findings: Sequence[Finding], leading: Finding | None) -> Iterator[str]:
    if leading is None:
        yield "There is no reason against it, so the verdict is allow."
        return
    yield f"Reasons by what they say: {_tally(findings)}."
    blocking = [finding for finding in findings if finding.verdict is Verdict.BLOCK]
    lifted = sum(finding.override is not None for finding in blocking)
    if lifted:
        yield f"Of those that block, {lifted} {_is(lifted)} lifted by an override and {_counts_word(lifted)} as warn."
    milder = [f for f in blocking if f.override is None and _mode(decision, f) is not Mode.ENFORCE]
    if milder:
        modes = " or ".join(sorted({_mode(decision, finding).value for finding in milder}))
        number = len(milder)
        yield f"Of those that block, {number} {_counts_word(number)} as warn, by mode {modes}; enforce would block."
    yield f"The most severe that is left says {_counts(decision, leading)}: {_headline(decision, leading.words())}."
    if decision.exempt:
        yield "Every given target fits an entry of exempt, so it is allowed whatever the reasons say."


def _tally(findings: Sequence[Finding]) -> str:
    numbers = [(sum(one.verdict is verdict for one in findings), verdict) for verdict in reversed(Verdict)]
    return ", ".join(f"{number} {verdict}" for number, verdict in numbers if number)


def _is(number: int) -> str:
    return "is" if number == 1 else "are"


def _counts_word(number: int) -> str:
    return "counts" if number == 1 else "count"


def _headline(decision: Decision, reason: Reason) -> str:
    where = "" if reason.target is None else f", for {target_text(decision.targets[reason.target].target)}"
    if reason.event is not None:
        by = f"rule {plain(reason.rule)}" if reason.rule else "the policy's default"
        return f"{event_text(reason.event)} ({by}){where}"
    if reason.freeze is not None:
        return f"{freeze_text(reason.freeze)}{where}"
    if reason.kind == "stale":
        return "what is known of AWS Health is too old"
    return f"a hint{where}: {reason.explanation.split('. ', 1)[0].removesuffix('.')}"
