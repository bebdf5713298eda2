"""``decide``: the one way from a request and what is known to a decision (D1-D16)."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from org_gate.decision.concern import concerns
from org_gate.decision.exempt import is_exempt
from org_gate.decision.freezes import frozen
from org_gate.decision.mode import counted, strictest
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
    mode, exempt = strictest(question.modes), is_exempt(question)
    mark = knowledge_mark(knowledge.as_of, policy.defaults, question.now)
    findings = list(_findings(question, mark))
    would_be = _severest(() if exempt else (finding.verdict for finding in findings))
    verdict = _severest(() if exempt else (_counted(finding, question.modes) for finding in findings))
    reasons = told(findings, MAX_REASONS)
    omitted = len(findings) - len(reasons)
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
            reasons=reasons,
            omitted=omitted,
            mark=mark,
        ),
        targets=tuple(map(JudgedTarget, question.targets, question.modes)),
        reasons=reasons,
        reasons_omitted=omitted,
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
    for held in frozen(question):
        yield of_freeze(question, held)
    yield from map(of_hint, question.hints)
    stale = of_staleness(question, mark)
    if stale is not None:
        yield stale


def _counted(finding: Finding, modes: tuple[Mode, ...]) -> Verdict:
    """By its target's mode; what is of all targets by the strictest (D12, D13)."""
    return counted(finding.verdict, strictest(modes) if finding.target is None else modes[finding.target])


def _severest(verdicts: Iterable[Verdict]) -> Verdict:
    return max(verdicts, key=lambda verdict: verdict.severity, default=Verdict.ALLOW)
