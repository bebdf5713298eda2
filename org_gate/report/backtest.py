"""A policy tried on a history: how each deployment would have come out, by the engine that decides for real.

``spans`` says it for one question over a stretch of time, ``steps_in`` how many deployments of a regular kind fall in
a span. Knowledge counts as fresh throughout: how old it was on those days is not on record. Pure; the same history,
policy and question always give the same.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import NamedTuple

from org_gate.decision.concern import places
from org_gate.decision.engine import decide
from org_gate.model.decision import Decision, Mode, Reason, Verdict
from org_gate.model.event import EventKey, Knowledge
from org_gate.model.request import Request
from org_gate.policy.model import Policy
from org_gate.report.backtest_history import History
from org_gate.report.backtest_moments import moments


class Ground(NamedTuple):
    """What a reason of a decision rests on, without its words. ``counts`` is the reason's own verdict."""

    kind: str
    counts: Verdict
    rule: str | None
    event: EventKey | None
    freeze: str | None
    lifted: bool


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision says, but for its words and its time."""

    verdict: Verdict
    would_be: Verdict
    mode: Mode
    exempt: bool
    grounds: tuple[Ground, ...]

    def ground_of(self, key: EventKey) -> Ground | None:
        """What it says of an event; None where it says nothing."""
        return next((ground for ground in self.grounds if ground.event == key), None)


@dataclass(frozen=True, slots=True)
class Span:
    """``[begin, end)``, in which every decision has this outcome."""

    begin: datetime
    end: datetime
    outcome: Outcome


def outcome_of(decision: Decision) -> Outcome:
    return Outcome(
        decision.verdict, decision.would_be, decision.mode, decision.exempt, tuple(map(_ground, decision.reasons))
    )


def decided(request: Request, knowledge: Knowledge, policy: Policy, now: datetime) -> Outcome:
    """``knowledge`` as it was then; the policy has no version that anybody would know it by."""
    return outcome_of(decide(request, knowledge, policy, policy_version=0, now=now))


def spans(request: Request, history: History, policy: Policy, begin: datetime, end: datetime) -> Iterator[Span]:
    """How the question comes out at every second of ``[begin, end)``: spans without a gap, each other than the last."""
    relevant = history.over(places(request, policy))
    open_since, last = begin, None
    for moment in moments(relevant.events, policy, begin, end):
        knowledge = Knowledge(moment, relevant.known(moment), history.accounts)
        outcome = decided(request, knowledge, policy, moment)
        if last is not None and outcome != last:
            yield Span(open_since, moment, last)
            open_since = moment
        last = outcome
    if last is not None and begin < end:
        yield Span(open_since, end, last)


@dataclass(frozen=True, slots=True)
class Steps:
    """Deployments at ``first`` and at every ``every`` after it."""

    first: datetime
    every: timedelta

    def within(self, begin: datetime, end: datetime) -> int:
        """How many lie in ``[begin, end)``."""
        return max(0, self._before(end) - self._before(begin))

    def next(self, moment: datetime) -> datetime:
        """The first one at or after the moment."""
        return self.first + self._before(moment) * self.every

    def _before(self, moment: datetime) -> int:
        return max(0, -((self.first - moment) // self.every))


class Course:
    """The ``spans`` of one question, worked out as far as somebody asks, and once."""

    def __init__(self, found: Iterator[Span]) -> None:
        self._rest = found
        self._known: list[Span] = []

    def free_at(self, moment: datetime) -> datetime | None:
        """The first second from then on at which it is not blocked; None where the course ends before."""
        place = bisect_right(self._known, moment, key=lambda span: span.end)
        for span in chain(islice(self._known, place, None), self._further()):
            if span.end > moment and span.outcome.verdict is not Verdict.BLOCK:
                return max(span.begin, moment)
        return None

    def _further(self) -> Iterator[Span]:
        for span in self._rest:
            self._known.append(span)
            yield span


def blocked(found: Iterable[Span]) -> list[Span]:
    return [span for span in found if span.outcome.verdict is Verdict.BLOCK]


def _ground(reason: Reason) -> Ground:
    return Ground(
        reason.kind,
        reason.verdict,
        reason.rule,
        None if reason.event is None else reason.event.key,
        None if reason.freeze is None else reason.freeze.name,
        reason.override_id is not None,
    )
