"""What each event has to do with each target: on what grounds it concerns it, and which rules were tried (D4-D7).

Which rule decides is asked of the engine; beside it stands the trail of rules, from the top down to the one that
decides for certain, each with why it fits or does not. Events that concern no target are only counted.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

from org_gate.decision.concern import Concern, concerns, is_over
from org_gate.decision.explain_filters import Room, hold_rule
from org_gate.decision.fit import Fit
from org_gate.decision.mode import counted
from org_gate.decision.overrides import Overrides
from org_gate.decision.question import Question
from org_gate.decision.reasons import Finding, of_event
from org_gate.decision.rules import Rules, Ruling
from org_gate.decision.words import event_text
from org_gate.model.decision import Verdict, event_json
from org_gate.model.event import Event, Knowledge
from org_gate.model.override import Override

MOST_PAIRS: Final = 200
"""So many pairs of a target and an event are told, what counts most first; the rest is counted."""
_MOST_TRIED: Final = 1000
"""So many rules that were tried are told over all pairs, beside those that decided."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A target and an event that concerns it."""

    concern: Concern
    ruling: Ruling
    override: Override | None
    """What lifts it."""
    finding: Finding | None
    """None where the policy's default allows it, which is no reason."""
    counts: Verdict
    """Override and mode considered."""

    @property
    def order(self) -> tuple[int, bool, tuple[int, int, int, str, str] | tuple[int, str, str]]:
        """What counts most first, then as the decision's reasons; those that are none last."""
        if self.finding is not None:
            return -self.counts.severity, False, self.finding.order
        return -self.counts.severity, True, (self.concern.target, *self.concern.event.key)


def pairs_of(question: Question, overrides: Overrides) -> list[Pair]:
    rules = Rules(question)
    return sorted((_pair(question, rules, overrides, concern) for concern in concerns(question)), key=lambda p: p.order)


def pairs_json(question: Question, pairs: list[Pair]) -> list[dict[str, Any]]:
    """The first ``MOST_PAIRS``."""
    room = Room(_MOST_TRIED)
    return [_pair_json(question, pair, room) for pair in pairs[:MOST_PAIRS]]


def left_out(question: Question, pairs: Iterable[Pair]) -> dict[str, int]:
    """How many known events concern no target, by why.

    One that would concern some target but for its zone counts under ``zone``, whatever keeps it from the others.
    """
    concerning = {pair.concern.event.key for pair in pairs}
    going_on = [event for event in question.knowledge.events if not is_over(event, question.now)]
    rest = [event for event in going_on if event.key not in concerning]
    counts = {"over": len(question.knowledge.events) - len(going_on)}
    for why, without in _WITHOUT.items():
        found = {concern.event.key for concern in concerns(without(replace(question, knowledge=_of(question, rest))))}
        counts[why] = len(found)
        rest = [event for event in rest if event.key not in found]
    return counts | {"region": len(rest)}


def _pair(question: Question, rules: Rules, overrides: Overrides, concern: Concern) -> Pair:
    ruling = rules.ruling(concern.target, concern.event)
    finding = of_event(question, concern, ruling)
    if finding is None:
        return Pair(concern, ruling, None, None, Verdict.ALLOW)
    override = overrides.lifting(concern.target, concern.event.arn)
    finding = replace(finding, override=override)
    return Pair(concern, ruling, override, finding, counted(finding.counts, question.modes[concern.target]))


def _pair_json(question: Question, pair: Pair, room: Room) -> dict[str, Any]:
    concern, ruling = pair.concern, pair.ruling
    tried = list(_trail(question, concern))
    shown = [one for one in tried if one["fit"] == "yes" or one["rule"] == _name(ruling) or room.take()]
    return {
        "target": concern.target,
        "event": event_json(concern.event) | {"declared": concern.event.declared},
        "text": event_text(concern.event),
        "grounds": list(concern.grounds),
        "rules": shown,
        "rules_omitted": len(tried) - len(shown),
        "default": None if any(one["fit"] == "yes" for one in tried) else question.policy.defaults.verdict.value,
        "rule": _name(ruling),
        "verdict": ruling.verdict.value,
        "override_id": pair.override.id if pair.override else None,
        "counts_as": pair.counts.value,
    }


def _trail(question: Question, concern: Concern) -> Iterator[dict[str, Any]]:
    """The rules from the top, down to the first that surely fits."""
    for rule in question.policy.rules:
        held = hold_rule(question, rule, question.targets[concern.target], concern.event)
        yield {"rule": rule.name, "verdict": rule.verdict.value, **held.json()}
        if held.fit is Fit.YES:
            return


def _name(ruling: Ruling) -> str | None:
    return ruling.rule.name if ruling.rule else None


def _of(question: Question, events: Iterable[Event]) -> Knowledge:
    return replace(question.knowledge, events=tuple(events))


def _any_zone(question: Question) -> Question:
    return replace(question, targets=tuple(replace(target, availability_zones=()) for target in question.targets))


def _any_service(question: Question) -> Question:
    return _any_zone(replace(question, targets=tuple(replace(target, services=()) for target in question.targets)))


def _any_account(question: Question) -> Question:
    public = [replace(event, scope="PUBLIC") for event in question.knowledge.events]
    return _any_service(replace(question, knowledge=_of(question, public)))


_WITHOUT: Final[dict[str, Callable[[Question], Question]]] = {
    "zone": _any_zone,
    "service": _any_service,
    "account": _any_account,
}
"""The conditions of D5 left away one after the other, the last one first."""
