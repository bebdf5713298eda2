"""Decisions that were taken, tried again: by what was recorded with each, under another policy.

Only the events that were kept with a decision can be looked at: those that concerned it under the policy of its time.
One that a policy tried here alone would bring in stays unseen, unless another decision or an exported event tells of
it. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from org_gate.decision.concern import is_over
from org_gate.model.decision import Verdict
from org_gate.model.event import Account, Event, EventKey
from org_gate.model.request import Request
from org_gate.policy.model import Policy
from org_gate.report.backtest import Course, Outcome, decided, spans
from org_gate.report.backtest_history import History, Version, history_of
from org_gate.report.exported import Recorded


@dataclass(frozen=True, slots=True)
class Replayed:
    """A recorded decision, and how it comes out under the policy."""

    recorded: Recorded
    outcome: Outcome
    free: datetime | None
    """Of a blocked one: when the same question would first have passed; None where the history does not tell."""


def replayed(decisions: Sequence[Recorded], history: History, policy: Policy, until: datetime) -> Iterator[Replayed]:
    """Each in turn. How long it would have been held is judged by the history, as far as it goes (``until``).

    A question that is asked again and again has one course: what is worked out for one decision serves the next.
    """
    begins: dict[Request, datetime] = {}
    for recorded in decisions:
        question = _question(recorded.request)
        begins[question] = min(recorded.at, begins.get(question, recorded.at))
    courses: dict[Request, Course] = {}
    for recorded in decisions:
        outcome = decided(recorded.request, recorded.knowledge, policy, recorded.at)
        free = None
        if outcome.verdict is Verdict.BLOCK:
            question = _question(recorded.request)
            if question not in courses:
                courses[question] = Course(spans(question, history, policy, begins[question], until))
            free = courses[question].free_at(recorded.at)
        yield Replayed(recorded, outcome, free if free != recorded.at else None)


def _question(request: Request) -> Request:
    """Without the run of its pipeline, which no rule asks for."""
    pipeline = request.pipeline
    return request if pipeline is None else replace(request, pipeline=replace(pipeline, execution_id=None))


def history_from(decisions: Sequence[Recorded], events: Sequence[Event]) -> History:
    """What decisions and exported events say of the past, put together.

    ``events`` without a last update tell nothing of when. Where an event is known only as it was when it was over, it
    is taken to have been open from its start on: when AWS Health first showed it is not kept.
    """
    affected = _affected(decisions, events)
    versions = [
        Version(since, replace(event, accounts=affected[event.key])) for since, event in _versions(decisions, events)
    ]
    first: dict[EventKey, Version] = {}
    for version in versions:
        first[version.event.key] = min(version, first.get(version.event.key, version), key=lambda one: one.since)
    opened = {key: _as_it_began(version) for key, version in first.items() if is_over(version.event, version.since)}
    begun = [version for version in opened.values() if version is not None]
    accounts: dict[str, Account] = {}
    for recorded in sorted(decisions, key=lambda one: one.at):
        accounts |= recorded.knowledge.accounts
    return history_of([*versions, *begun], accounts, assumed=frozenset(version.event.key for version in begun))


def _affected(decisions: Sequence[Recorded], events: Sequence[Event]) -> dict[EventKey, frozenset[str]]:
    """By event, all accounts that anything recorded told it affects: a decision knows of its own ones alone."""
    affected: dict[EventKey, frozenset[str]] = {}
    for event in (*events, *(event for one in decisions for event in one.knowledge.events)):
        affected[event.key] = affected.get(event.key, frozenset()) | event.accounts
    return affected


def _versions(decisions: Sequence[Recorded], events: Sequence[Event]) -> Iterator[Version]:
    """Each from its last update on; one that has none from when a decision knew of it."""
    for recorded in decisions:
        for event in recorded.knowledge.events:
            yield Version(min(event.last_updated or recorded.at, recorded.at), event)
    for event in events:
        if event.last_updated is not None:
            yield Version(event.last_updated, event)


def _as_it_began(version: Version) -> Version | None:
    """None where it never was open before."""
    event = version.event
    if event.start is None or event.start >= version.since:
        return None
    return Version(event.start, replace(event, status="open", end=None, vanished=False, last_updated=event.start))
