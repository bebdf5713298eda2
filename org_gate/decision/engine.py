"""``decide``: the one way from a request and what is known to a decision (D1-D16)."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import datetime

from org_gate.decision.concern import concerns
from org_gate.decision.exempt import is_exempt
from org_gate.decision.freezes import frozen
from org_gate.decision.mode import counted, strictest
from org_gate.decision.overrides import Overrides
from org_gate.decision.question import Question, ask
from org_gate.decision.reasons import Finding, of_event, of_freeze, of_hint, of_staleness, told
from org_gate.decision.rules import Rules
from org_gate.decision.summary import summary
from org_gate.model.decision import MAX_REASONS, Decision, JudgedTarget, KnowledgeMark, Mode, Verdict
from org_gate.model.event import Knowledge
from org_gate.model.request import Request
from org_gate.model.times import age_seconds
from org_gate.policy.model import Defaults, Policy


def decide(request: Request, knowledge: Knowledge, policy: Policy, *, policy_version: int, now: datetime) -> Decision:
    """Whether what is asked about is safe to deploy to now. ``now`` has an offset; it counts in whole seconds.

    ``knowledge`` may hold more than concerns the request. Judges no right to ask: ``access`` does.
    """
    question = ask(request, knowledge, policy, now)
    overrides = Overrides(question)
    mode, exempt = strictest(question.modes), is_exempt(question)
    mark = knowledge_mark(knowledge.as_of, policy.defaults, question.now)
    findings = sorted(lifted(_findings(question, mark), overrides), key=lambda finding: finding.order)
    leading = _leading(findings, question.modes)
    would_be = Verdict.ALLOW if exempt else _severest(finding.counts for finding in findings)
    verdict = Verdict.ALLOW if exempt or leading is None else _counted(leading, question.modes)
    return Decision(
        verdict=verdict,
        would_be=would_be,
        mode=mode,
        exempt=exempt,
        summary=summary(
            verdict=verdict,
            would_be=would_be,
            mode=mode,
            exempt=exempt,
            leading=leading,
            number=len(findings),
            mark=mark,
        ),
        targets=tuple(map(JudgedTarget, question.targets, question.modes, overrides.overridden)),
        reasons=tuple(map(told, findings[:MAX_REASONS])),
        reasons_omitted=max(0, len(findings) - MAX_REASONS),
        knowledge=mark,
        policy_version=policy_version,
        evaluated_at=question.now,
    )


def knowledge_mark(as_of: datetime | None, defaults: Defaults, now: datetime) -> KnowledgeMark:
    """How old what is known is (D13)."""
    age = age_seconds(as_of, now)
    stale = age is None or age > defaults.max_age.total_seconds()
    return KnowledgeMark(as_of, age, stale, defaults.on_stale, defaults.on_unknown)


def _findings(question: Question, mark: KnowledgeMark) -> Iterator[Finding]:
    rules = Rules(question)
    for concern in concerns(question):
        finding = of_event(question, concern, rules.ruling(concern.target, concern.event))
        if finding is not None:
            yield finding
    yield from besides_events(question, mark)


def besides_events(question: Question, mark: KnowledgeMark) -> Iterator[Finding]:
    """What freezes, hints and the age of knowledge say."""
    for held in frozen(question):
        yield of_freeze(question, held)
    yield from map(of_hint, question.hints)
    stale = of_staleness(question, mark)
    if stale is not None:
        yield stale


def lifted(findings: Iterator[Finding], overrides: Overrides) -> Iterable[Finding]:
    """Each with the override that lifts it. Usually there is no override, and nothing to look at."""
    return (_under(finding, overrides) for finding in findings) if overrides else findings


def _under(finding: Finding, overrides: Overrides) -> Finding:
    override = None if finding.named is None else overrides.lifting(finding.target, finding.named)
    return finding if override is None else replace(finding, override=override)


def _counted(finding: Finding, modes: tuple[Mode, ...]) -> Verdict:
    """By its target's mode; what is of all targets by the strictest (D12, D13)."""
    return counted(finding.counts, strictest(modes) if finding.target is None else modes[finding.target])


def _leading(findings: list[Finding], modes: tuple[Mode, ...]) -> Finding | None:
    """The first of those that count most: it is what the decision hangs on, whether or not it is shown."""
    return max(findings, key=lambda finding: _counted(finding, modes).severity, default=None)


def _severest(verdicts: Iterable[Verdict]) -> Verdict:
    return max(verdicts, key=lambda verdict: verdict.severity, default=Verdict.ALLOW)
