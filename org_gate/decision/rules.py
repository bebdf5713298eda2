"""Which rule decides for a target and an event that concerns it, and what it says (D6, D7).

An event is held against every rule once, however many targets it concerns; a target against a rule's filter once,
however many events concern it. Most rules are about another service or type of event than the one at hand: those are
put aside once for all events of its service and type.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from org_gate.decision.fit import Answer, Fit, all_of
from org_gate.decision.match import Condition, Zones, conditions, entities_fit
from org_gate.decision.question import Question
from org_gate.decision.zones import zones_of
from org_gate.model.decision import Verdict
from org_gate.model.event import Event, EventKey
from org_gate.policy.model import Rule, TargetFilter

Conditions = Mapping[str, Condition]
"""A rule's, by the names of their fields."""

_ANY_TARGET: Final = TargetFilter()
_KIND: Final = ("services", "type_codes")
"""The conditions that look at an event's service and type code alone."""


@dataclass(frozen=True, slots=True)
class Doubt:
    """A rule of which it is not known whether it fits, and why."""

    rule: str
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Ruling:
    """``rule`` is None where no rule decided and ``defaults.verdict`` spoke."""

    verdict: Verdict
    rule: Rule | None
    doubts: tuple[Doubt, ...] = ()


class Rules:
    """The policy's rules, held against the targets and events of one question."""

    def __init__(self, question: Question) -> None:
        self._question = question
        self._rules = question.policy.rules
        self._by_kind: dict[tuple[str | None, str | None], list[tuple[int, Conditions]]] = {}
        self._by_event: dict[EventKey, list[tuple[int, Answer]]] = {}
        self._by_target: dict[tuple[int, int], Answer] = {}

    def ruling(self, target: int, event: Event) -> Ruling:
        """Both ways are followed where a fit is not known; of equally severe verdicts the upper rule's stands."""
        candidates: list[Ruling] = []
        doubts: list[Doubt] = []
        for rule, answer in self._fitting(target, event):
            candidates.append(Ruling(rule.verdict, rule))
            if answer.fit is Fit.YES:
                break
            doubts.append(Doubt(rule.name, answer.doubts))
        else:
            candidates.append(Ruling(self._question.policy.defaults.verdict, None))
        severest = max(candidates, key=lambda ruling: ruling.verdict.severity)  # the first of equals
        return Ruling(severest.verdict, severest.rule, tuple(doubts))

    def _fitting(self, target: int, event: Event) -> Iterator[tuple[Rule, Answer]]:
        for index, of_event in self._fitting_event(event):
            of_entities = entities_fit(self._rules[index].match, event, self._question.targets[target].account)
            answer = all_of((of_event, of_entities, self._of_target(target, index)))
            if answer.fit is not Fit.NO:
                yield self._rules[index], answer

    def _fitting_event(self, event: Event) -> list[tuple[int, Answer]]:
        """The rules whose ``match`` may fit, down to the first that decides for every target."""
        found = self._by_event.get(event.key)
        if found is None:
            found = self._by_event[event.key] = list(self._matching(event))
        return found

    def _matching(self, event: Event) -> Iterator[tuple[int, Answer]]:
        zones = zones_of(event, self._question.policy)
        for index, asked in self._about(event, zones):
            answer = all_of(fits(event, zones) for fits in asked.values())
            if answer.fit is not Fit.NO:
                yield index, answer
            rule = self._rules[index]
            if answer.fit is Fit.YES and rule.targets == _ANY_TARGET and not rule.match.entities:
                return

    def _about(self, event: Event, zones: Zones) -> list[tuple[int, Conditions]]:
        """The rules that may fit an event of this service and type."""
        kind = event.service, event.type_code
        found = self._by_kind.get(kind)
        if found is None:
            found = self._by_kind[kind] = [
                (index, asked)
                for index, asked in enumerate(self._conditions)
                if not any(asked[field](event, zones).fit is Fit.NO for field in _KIND if field in asked)
            ]
        return found

    @cached_property
    def _conditions(self) -> list[Conditions]:
        names, now = self._question.names, self._question.now
        return [dict(conditions(rule.match, names, now)) for rule in self._rules]

    def _of_target(self, target: int, index: int) -> Answer:
        answer = self._by_target.get((target, index))
        if answer is None:
            question = self._question
            answer = question.fits(self._rules[index].targets, question.targets[target])
            self._by_target[target, index] = answer
        return answer
