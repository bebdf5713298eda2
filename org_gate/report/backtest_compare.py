"""Two policies side by side: where one blocks or warns and the other does not, in counts and in cases. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from org_gate.model.decision import Verdict
from org_gate.model.request import Target
from org_gate.report.backtest import Outcome, Span, Steps


@dataclass(frozen=True, slots=True)
class Difference:
    """``[begin, end)``, in which deployments to a target come out otherwise, and how many there are."""

    target: Target
    begin: datetime
    end: datetime
    before: Outcome
    after: Outcome
    deployments: int


def counts(found: Iterable[Sequence[Span]], steps: Steps) -> dict[Verdict, int]:
    """How many deployments came out how, all targets together."""
    counted: Counter[Verdict] = Counter()
    for course in found:
        for span in course:
            counted[span.outcome.verdict] += steps.within(span.begin, span.end)
    return {verdict: counted[verdict] for verdict in Verdict}


def differences(
    before: Mapping[Target, Sequence[Span]], after: Mapping[Target, Sequence[Span]], steps: Steps
) -> list[Difference]:
    """Where the verdicts differ and a deployment lies, in order of time, then of the targets."""
    found = (one for target, course in before.items() for one in _of_target(target, course, after[target], steps))
    return sorted((one for one in found if one.deployments), key=lambda one: one.begin)


def changes(found: Iterable[Difference]) -> dict[tuple[Verdict, Verdict], int]:
    """How many deployments turned from which verdict to which."""
    counted: Counter[tuple[Verdict, Verdict]] = Counter()
    for one in found:
        counted[one.before.verdict, one.after.verdict] += one.deployments
    return dict(sorted(counted.items(), key=lambda pair: (-pair[1], pair[0])))


def _of_target(target: Target, before: Sequence[Span], after: Sequence[Span], steps: Steps) -> Iterator[Difference]:
    """A case is as long as both verdicts stay the same; it names the outcomes that it begins with."""
    for begin, end, one, other in _pieces(_by_verdict(before), _by_verdict(after)):
        if one.verdict is not other.verdict:
            yield Difference(target, begin, end, one, other, steps.within(begin, end))


def _by_verdict(course: Sequence[Span]) -> list[Span]:
    """Spans that follow each other with the same verdict made one."""
    merged: list[Span] = []
    for span in course:
        if merged and merged[-1].outcome.verdict is span.outcome.verdict:
            merged[-1] = replace(merged[-1], end=span.end)
        else:
            merged.append(span)
    return merged


def _pieces(before: Sequence[Span], after: Sequence[Span]) -> Iterator[tuple[datetime, datetime, Outcome, Outcome]]:
    """Both courses cut at each other's ends; both go over the same stretch of time without a gap."""
    left, right = 0, 0
    while left < len(before) and right < len(after):
        one, other = before[left], after[right]
        begin, end = max(one.begin, other.begin), min(one.end, other.end)
        yield begin, end, one.outcome, other.outcome
        left += one.end == end
        right += other.end == end
