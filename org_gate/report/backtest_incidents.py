"""What a policy would have made of each event: when it would first have blocked, how long, and what it let through.

Deployments are synthetic: one at every step for each target. An event counts for the targets that it concerned while
it was shown, from its begin on, so that what nobody could know yet is told too. Pure.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from org_gate.decision.concern import concerning_events, is_over, places
from org_gate.model.decision import Verdict
from org_gate.model.event import EventKey, Knowledge
from org_gate.model.request import Request, Target
from org_gate.policy.model import Policy
from org_gate.report.backtest import Outcome, Span, Steps, spans
from org_gate.report.backtest_history import EventHistory, History

BLOCKED: Final = "blocked"
BY_OTHERS: Final = "blocked for another reason"
NOT_SHOWN: Final = "AWS Health did not show it yet"


class Stretch(NamedTuple):
    """``[begin, end)`` of an event's course for one target; ``why`` a deployment passed then, BLOCKED or BY_OTHERS."""

    begin: datetime
    end: datetime
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """An event, and what became of the deployments that it concerned, all targets together."""

    event: EventHistory
    targets: tuple[Target, ...]
    """Those that it concerned; none where no deployment of this backtest could have met it."""
    ends: datetime
    """When it was over; the end of the backtest where that is not on record or later."""
    first_block: datetime | None
    last_block_ends: datetime | None
    blocked_for: timedelta
    """Of the target that was blocked longest."""
    blocked: int
    """How many deployments it blocked."""
    blocked_otherwise: int
    """How many were blocked, but not by it."""
    passed: Mapping[str, int]
    """How many passed, by why, the most frequent first. What never happened is absent."""

    @property
    def deployments(self) -> int:
        return self.blocked + self.blocked_otherwise + sum(self.passed.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Synthetic:
    """What a backtest of synthetic deployments asks: each target at every step of ``[begin, end)``."""

    targets: tuple[Target, ...]
    steps: Steps
    begin: datetime
    end: datetime


def request_to(target: Target) -> Request:
    """A deployment to one target, from its own account, by no pipeline that is known."""
    return Request(target.account, (target,), source="backtest")


def courses(asked: Synthetic, history: History, policy: Policy) -> Iterator[tuple[Target, list[Span]]]:
    """Each target and how it comes out, one after the other."""
    for target in asked.targets:
        yield target, list(spans(request_to(target), history, policy, asked.begin, asked.end))


def incidents(
    asked: Synthetic, history: History, policy: Policy, found: Mapping[Target, Sequence[Span]]
) -> list[Incident]:
    """The events that were not over before the backtest begins, the first to begin first."""
    concerned = _concerned(asked, history, policy)
    told = (_incident(asked, event, policy, concerned[event.key], found) for event in history.events)
    within = (one for one in told if one.event.began < asked.end and one.ends > asked.begin)
    return sorted(within, key=lambda one: (one.event.began, one.event.key))


def _concerned(asked: Synthetic, history: History, policy: Policy) -> Mapping[EventKey, list[Target]]:
    """By event, the targets that one of its versions concerns (D5)."""
    concerned: defaultdict[EventKey, list[Target]] = defaultdict(list)
    for target in asked.targets:
        for event in history.over(places(request_to(target), policy)).events:
            if _concerns(event, target, history, policy):
                concerned[event.key].append(target)
    return concerned


def _concerns(event: EventHistory, target: Target, history: History, policy: Policy) -> bool:
    return any(
        concerning_events(
            request_to(target), Knowledge(version.since, (version.event,), history.accounts), policy, version.since
        )
        for version in event.versions
        if not is_over(version.event, version.since)
    )


def _incident(
    asked: Synthetic,
    event: EventHistory,
    policy: Policy,
    targets: Sequence[Target],
    found: Mapping[Target, Sequence[Span]],
) -> Incident:
    ends = min(event.over() or asked.end, asked.end)
    deployments: Counter[str] = Counter()
    blocks: list[list[Stretch]] = []
    for target in targets:
        stretches = list(_stretches(event, policy, found[target], ends))
        for stretch in stretches:
            deployments[stretch.why] += asked.steps.within(stretch.begin, stretch.end)
        blocks.append([stretch for stretch in stretches if stretch.why == BLOCKED])
    every = [stretch for one in blocks for stretch in one]
    return Incident(
        event=event,
        targets=tuple(targets),
        ends=ends,
        first_block=min((stretch.begin for stretch in every), default=None),
        last_block_ends=max((stretch.end for stretch in every), default=None),
        blocked_for=max((_length(one) for one in blocks), default=timedelta()),
        blocked=deployments.pop(BLOCKED, 0),
        blocked_otherwise=deployments.pop(BY_OTHERS, 0),
        passed={why: number for why, number in deployments.most_common() if number},
    )


def _stretches(event: EventHistory, policy: Policy, found: Sequence[Span], ends: datetime) -> Iterator[Stretch]:
    """The event's course, from its begin to its end, as one target met it."""
    for span in found:
        for begin, end, shown in _cut(max(span.begin, event.began), min(span.end, ends), event.shown):
            yield Stretch(begin, end, _why(event.key, span.outcome, policy, shown=shown))


def _cut(begin: datetime, end: datetime, at: datetime) -> Iterator[tuple[datetime, datetime, bool]]:
    """What lies before ``at``, and what lies from it on."""
    if begin < min(end, at):
        yield begin, min(end, at), False
    if max(begin, at) < end:
        yield max(begin, at), end, True


def _why(key: EventKey, outcome: Outcome, policy: Policy, *, shown: bool) -> str:
    if outcome.verdict is Verdict.BLOCK:
        return BLOCKED if _blocks(key, outcome) else BY_OTHERS
    if not shown:
        return NOT_SHOWN
    if outcome.exempt:
        return "the policy exempts it"
    ground = outcome.ground_of(key)
    if ground is None:
        return f"no rule speaks of it, and defaults.verdict is {policy.defaults.verdict}"
    if ground.counts is Verdict.BLOCK:
        return f"mode {outcome.mode}: it would have been blocked in mode enforce"
    by = f"rule {ground.rule}" if ground.rule else "defaults.verdict"
    return f"{by} says {ground.counts}"


def _blocks(key: EventKey, outcome: Outcome) -> bool:
    ground = outcome.ground_of(key)
    return ground is not None and ground.counts is Verdict.BLOCK


def _length(stretches: Sequence[Stretch]) -> timedelta:
    return sum((stretch.end - stretch.begin for stretch in stretches), timedelta())
