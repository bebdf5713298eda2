"""Why a filter of the policy fits a target and an event, or why not, in words (D6, D7).

The answers are the engine's own, condition by condition; only the words are added here. Unlike the engine it looks at
every condition, so that a person sees all that would have to be otherwise.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from org_gate.decision.fit import Answer, Fit, all_of
from org_gate.decision.match import conditions, entities_fit
from org_gate.decision.question import Question
from org_gate.decision.targets import target_conditions
from org_gate.decision.words import plain
from org_gate.decision.zones import zones_of
from org_gate.model.event import Event
from org_gate.model.request import Target
from org_gate.model.times import describe_duration, format_time
from org_gate.policy.model import Match, Rule, TargetFilter

_NAMED: Final = 5
"""So many values of a list are named, and so many misfits told; the rest is counted."""
_LONGEST: Final = 60


class Held(NamedTuple):
    """A filter that was held against something. ``why`` is empty where it fits."""

    fit: Fit
    why: tuple[str, ...]

    def json(self) -> dict[str, Any]:
        return {"fit": self.fit.name.lower(), "why": list(self.why)}


class Room:
    """How much of one kind an explanation still has room for, so that it stays small however large the incident."""

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self) -> bool:
        self._left -= 1
        return self._left >= 0


def hold_rule(question: Question, rule: Rule, target: Target, event: Event) -> Held:
    """``target`` is one of the question's."""
    zones = zones_of(event, question.policy)
    of_rule = conditions(rule.match, question.names, question.now)
    of_event = [(field, fits(event, zones)) for field, fits in of_rule]
    if rule.match.entities:
        of_event.append(("entities", entities_fit(rule.match, event, target.account)))
    of_target = _target_conditions(question, rule.targets, target)
    misfits = [
        *(_event_misfit(question, rule.match, field, event, target) for field in _unfit(of_event)),
        *(_target_misfit(question, rule.targets, field, target, "the rule") for field in _unfit(of_target)),
    ]
    return _held((answer for _, answer in (*of_event, *of_target)), misfits)


def hold_filter(question: Question, wanted: TargetFilter, target: Target, whose: str) -> Held:
    """``whose`` filter it is, for the words: ``the entry``."""
    conditions = _target_conditions(question, wanted, target)
    misfits = [_target_misfit(question, wanted, field, target, whose) for field in _unfit(conditions)]
    return _held((answer for _, answer in conditions), misfits)


def listed(values: Iterable[str], word: str = "or") -> str:
    """``a, b or c``; of a long list the first few, and how many more."""
    named = [plain(value, _LONGEST) or '""' for value in values]
    if len(named) > _NAMED:
        return f"{', '.join(named[:_NAMED])} {word} {len(named) - _NAMED} more"
    return f" {word} ".join(part for part in (", ".join(named[:-1]), *named[-1:]) if part)


def _target_conditions(question: Question, wanted: TargetFilter, target: Target) -> list[tuple[str, Answer]]:
    accounts, pipeline = question.knowledge.accounts, question.request.pipeline
    return list(target_conditions(wanted, target, pipeline, accounts, question.names))


def _unfit(conditions: Iterable[tuple[str, Answer]]) -> Iterator[str]:
    return (field for field, answer in conditions if answer.fit is Fit.NO)


def _held(answers: Iterable[Answer], misfits: list[str]) -> Held:
    answer = all_of(answers)
    why = misfits if answer.fit is Fit.NO else list(dict.fromkeys(answer.doubts))
    more = [f"and {len(why) - _NAMED} more"] if len(why) > _NAMED else []
    return Held(answer.fit, (*why[:_NAMED], *more))


def _event_misfit(question: Question, match: Match, field: str, event: Event, target: Target) -> str:
    if field in _MOMENTS:
        return _time_misfit(field, getattr(match, field), event, question.now)
    if field == "drill":
        return "it is a drill, the rule wants none" if event.drill else "it is no drill, the rule wants drills only"
    if field == "entities":
        entities = event.entities[target.account]
        found = f"the affected entities of account {plain(target.account)} are {listed(entities, 'and')}"
    else:
        name, value_of = _OF_EVENT[field]
        found = f"{name} is {listed(value_of(question, event), 'and')}"
    return f"{found}; the rule wants {listed(getattr(match, field))}"


_OF_EVENT: Final[dict[str, tuple[str, Callable[[Question, Event], Iterable[str]]]]] = {
    "categories": ("category", lambda _, event: [event.category or ""]),
    "statuses": ("status", lambda _, event: [event.status or ""]),
    "scopes": ("scope", lambda _, event: [event.scope or ""]),
    "actionabilities": ("actionability", lambda _, event: [event.actionability or ""]),
    "personas": ("persona", lambda _, event: event.personas),
    "type_codes": ("type code", lambda _, event: [event.type_code or ""]),
    "services": ("service", lambda _, event: [event.service or ""]),
    "regions": ("Region", lambda _, event: [event.region]),
    "availability_zones": ("zone", lambda question, event: zones_of(event, question.policy)),
}
_MOMENTS: Final = ("starts_within", "open_for_at_least", "updated_within")


def _time_misfit(field: str, span: timedelta, event: Event, now: datetime) -> str:
    """A condition of an untold time is not known, so that here it is told."""
    length = describe_duration(span)
    moment = event.last_updated if field == "updated_within" else event.start
    told = format_time(moment) if moment else "not told"
    if field == "starts_within":
        return f"start is {told}; the rule wants one before {format_time(now + span)}, within {length}"
    if field == "open_for_at_least":
        return f"start is {told}; the rule wants one at or before {format_time(now - span)}, {length} ago or more"
    return f"last update was {told}; the rule wants one after {format_time(now - span)}, less than {length} ago"


def _target_misfit(question: Question, wanted: TargetFilter, field: str, target: Target, whose: str) -> str:
    if field == "tags":
        return _tags_misfit(question, wanted, target, whose)
    return f"{_of_target(question, field, target)}; {whose} wants {listed(getattr(wanted, field))}"


def _of_target(question: Question, field: str, target: Target) -> str:
    match field:
        case "accounts":
            return f"the target's account is {plain(target.account)}"
        case "ous":
            path = question.knowledge.accounts[target.account].ou_path
            return f"the target's OU is {plain(path) or 'the root'}"
        case "regions":
            return f"the target's Region is {plain(target.region)}"
        case "services":
            return f"the target's services are {listed(target.services, 'and')}"
    pipeline = question.request.pipeline
    return f"the pipeline is {plain(pipeline.name or '') if pipeline else ''}"


def _tags_misfit(question: Question, wanted: TargetFilter, target: Target, whose: str) -> str:
    tags = question.knowledge.accounts[target.account].tags or {}
    return "; ".join(
        f"the account's tag {plain(key)} is {listed([tags[key]]) if key in tags else 'not set'}, "
        f"{whose} wants {listed(values)}"
        for key, values in wanted.tags.items()
        if tags.get(key) not in values
    )
