"""Which events concern which target (D4, D5), and on what grounds.

Where something about an event is not told, it concerns: the cautious side. Events are sorted by place once, so that
a target looks only at those of its own Region and at those that count everywhere.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from org_gate.decision.question import Question, ask, own_ground
from org_gate.decision.words import plain
from org_gate.decision.zones import Comparison, compare, zones_of
from org_gate.model.event import GLOBAL, MULTIPLE_SERVICES, Event, Knowledge
from org_gate.model.request import Request, Target
from org_gate.model.sky import Places, Sky
from org_gate.policy.model import Policy
from org_gate.policy.services import ServiceNames


class Concern(NamedTuple):
    """An event that concerns a target (its index), and why."""

    target: int
    event: Event
    grounds: tuple[str, ...]


def concerning_events(request: Request, knowledge: Knowledge, policy: Policy, now: datetime) -> tuple[Event, ...]:
    """The events that concern at least one target, D2's included, in order of ARN and Region.

    A decision on these alone is the same as on all of ``knowledge.events``.
    """
    events = {concern.event.key: concern.event for concern in concerns(ask(request, knowledge, policy, now))}
    return tuple(events[key] for key in sorted(events))


def places(request: Request, policy: Policy) -> Places:
    """Where every event is that can concern the request (D5a): no other one changes its decision."""
    targets = (*request.targets, *own_ground(request, policy))
    names = ServiceNames(policy.service_aliases)
    return Places(frozenset(target.region for target in targets), names.spellings(policy.global_services))


def concerns(question: Question) -> Iterator[Concern]:
    """Every pair of a target and an event that concerns it."""
    sky = Sky(event for event in question.knowledge.events if not is_over(event, question.now))
    everywhere = question.names.spellings(question.policy.global_services)
    for index, target in enumerate(question.targets):
        needs = _Needs(question, target)
        for event in sky.over(Places(frozenset({target.region}), everywhere)):
            grounds = needs.grounds(event)
            if grounds is not None:
                yield Concern(index, event, grounds)


def is_over(event: Event, now: datetime) -> bool:
    """D4."""
    return event.status == "closed" or event.vanished or (event.end is not None and event.end <= now)


def account_ground(event: Event, account: str) -> str | None:
    """Why the event is the account's (D5b), in words; None where it is not."""
    if event.scope == "PUBLIC":
        return "it is public"
    if account in event.accounts:
        return "the account is among the affected ones"
    if event.scope != "ACCOUNT_SPECIFIC" and not (event.accounts or event.lists_accounts):
        return "it names no scope and no account, so it counts as public"
    return None


class _Needs:
    """What one target is concerned by, its account, services and zones considered (D5b-d)."""

    def __init__(self, question: Question, target: Target) -> None:
        names, policy = question.names, question.policy
        depends_on: defaultdict[str, set[str]] = defaultdict(set)
        for code, needed in policy.depends_on.items():
            depends_on[names.canonical(code)] |= names.all(needed)
        self._policy = policy
        self._target = target
        self._names = names
        self._platform = names.all(policy.platform_services)
        self._needed_by = {needed: code for code in target.services for needed in sorted(depends_on.get(code, ()))}

    def grounds(self, event: Event) -> tuple[str, ...] | None:
        """Why the event concerns the target, in words; None where it does not."""
        grounds = (account_ground(event, self._target.account), self._service(event), self._zone(event))
        if None in grounds:
            return None
        return (self._region(event), *(ground for ground in grounds if ground))

    def _region(self, event: Event) -> str:
        if event.region == self._target.region:
            return "it is in the target's Region"
        if event.region == GLOBAL:
            return "it is in Region global, which counts everywhere"
        if not event.region or event.service is None:
            return "its place or service is not told, so it counts everywhere"
        return f"{plain(event.service)} is a global service, which counts everywhere"

    def _service(self, event: Event) -> str | None:
        if not self._target.services:
            return "the target lists no services, so all count"
        if event.service is None:
            return "its service is not told, so it counts"
        return self._service_among(self._names.canonical(event.service))

    def _service_among(self, service: str) -> str | None:
        if service in self._target.services:
            return f"{plain(service)} is one of the target's services"
        if service == MULTIPLE_SERVICES:
            return "it affects many services"
        if service in self._needed_by:
            return f"{plain(self._needed_by[service])} depends on {plain(service)}"
        if service in self._platform:
            return f"{plain(service)} is one of the services that every deployment needs"
        return None

    def _zone(self, event: Event) -> str | None:
        zones = zones_of(event, self._policy)
        if not zones or not self._target.availability_zones:
            return ""
        listed = f"zone{'s' if len(zones) > 1 else ''} {plain(', '.join(zones))}"
        match compare(zones, self._target.availability_zones):
            case Comparison.SHARED:
                return f"it is in a zone of the target's ({listed})"
            case Comparison.IMPOSSIBLE:
                return f"its {listed} cannot be compared with the target's, so it counts"
            case Comparison.DISTINCT:
                return None
