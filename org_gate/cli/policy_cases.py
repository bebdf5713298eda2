"""Example cases played: what the engine decides of each, held against what was expected.

The very engine and the very rights to ask that the decision API uses; nothing is asked of AWS. Pure.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from org_gate.decision.access import refused_targets
from org_gate.decision.engine import decide
from org_gate.health.reading import service_code, spelled
from org_gate.health.zones import text_zones
from org_gate.model.decision import decision_json
from org_gate.model.event import Account, Event, Knowledge
from org_gate.policy.cases import Case, CaseAccount, CaseEvent
from org_gate.policy.model import Policy

_NOBODY: Final = ""  # no account is the central one here: who is named as caller asks for himself
_REFUSED: Final = "refused"


@dataclass(frozen=True, slots=True)
class Difference:
    """What a case expected of one thing, and what came of it."""

    what: str
    expected: str
    found: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a case. ``reasons`` are the decision's, in words."""

    case: Case
    differences: tuple[Difference, ...]
    reasons: tuple[str, ...]

    @property
    def passed(self) -> bool:
        return not self.differences

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.case.name,
            "passed": self.passed,
            "differences": [
                {"what": one.what, "expected": one.expected, "found": one.found} for one in self.differences
            ],
            "reasons": list(self.reasons),
        }


def played(cases: Iterable[Case], policy: Policy) -> list[Outcome]:
    """The outcome of each case, in order."""
    return [_played(case, policy) for case in cases]


def _played(case: Case, policy: Policy) -> Outcome:
    request = case.request.request()
    knowledge = _knowledge(case)
    if case.request.caller is not None:
        refused = refused_targets(request, knowledge, policy, central_account=_NOBODY)
        if refused:
            accounts = ", ".join(sorted({target.account for target in refused}))
            why = f"refused: {request.caller} may not ask about {accounts}; delegates has no entry that lets it"
            return Outcome(case, tuple(_compared(case, {"verdict": {_REFUSED}})), (why,))
    decision = decision_json(decide(request, knowledge, policy, policy_version=1, now=case.now), "d-case")
    reasons = tuple(f"{reason['verdict']}: {reason['explanation']}" for reason in decision["reasons"])
    return Outcome(case, tuple(_compared(case, _found(decision))), reasons)


def _found(decision: Mapping[str, Any]) -> dict[str, set[str]]:
    """What may be expected, of one decision; of rules and freezes those behind its most severe reasons."""
    reasons = [reason for reason in decision["reasons"] if reason["kind"] != "hint"]
    deciding = [reason for reason in reasons if reason["verdict"] == reasons[0]["verdict"]]
    return {
        "verdict": {decision["verdict"]},
        "would_be": {decision["would_be"]},
        "mode": {decision["mode"]},
        "rule": {reason["rule"] for reason in deciding if reason["rule"] is not None},
        "freeze": {reason["freeze"]["name"] for reason in deciding if reason["freeze"] is not None},
    }


def _compared(case: Case, found: Mapping[str, set[str]]) -> Iterator[Difference]:
    for what, expected in case.expect.model_dump(exclude_none=True).items():
        names = found.get(what, set())
        if expected not in names:
            yield Difference(what, expected, ", ".join(sorted(names)) or "none")


def _knowledge(case: Case) -> Knowledge:
    events = tuple(_event(case, event, number) for number, event in enumerate(case.events, 1))
    accounts = {name: _account(name, told) for name, told in case.accounts.items()}
    return Knowledge(case.knowledge_from(), events, accounts)


def _account(name: str, told: CaseAccount) -> Account:
    return Account(name, told.ou, told.ou_ids, told.tags)


def _event(case: Case, told: CaseEvent, number: int) -> Event:
    """As readings of AWS Health become one: spelled alike, codes in upper case, zones read out of the text."""
    region = told.region.lower()
    return Event(
        arn=told.arn or f"arn:aws:health:{region}::event/{told.service or 'UNKNOWN'}/CASE/{number}",
        region=region,
        service=None if told.service is None else service_code(told.service),
        type_code=told.eventTypeCode,
        category=_spelled("category", told.eventTypeCategory),
        status=_spelled("status", told.statusCode),
        scope=_spelled("scope", told.eventScopeCode),
        start=None if told.startTime is None else case.at(told.startTime),
        end=None if told.endTime is None else case.at(told.endTime),
        last_updated=case.at(told.lastUpdatedTime),
        availability_zone=told.availabilityZone,
        actionability=_spelled("actionability", told.actionability),
        personas=tuple(sorted({spelled("personas", persona) for persona in told.personas})),
        drill=told.drill,
        declared=told.declared,
        lists_accounts=bool(told.affectedAccounts),
        accounts=frozenset(told.affectedAccounts),
        text_zones=text_zones(told.description),
        entities=_entities(told),
    )


def _spelled(name: str, value: str | None) -> str | None:
    return None if value is None else spelled(name, value)


def _entities(told: CaseEvent) -> dict[str, tuple[str, ...]]:
    """By account; one that is not named is not known."""
    found: dict[str, list[str]] = {}
    for entity in told.entities:
        found.setdefault(entity.accountId, []).append(entity.entityValue)
    return {account: tuple(sorted(set(values))) for account, values in found.items()}
