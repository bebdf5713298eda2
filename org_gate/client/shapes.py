"""What tells an answer of the decision API from anything else that is JSON: one predicate for each kind of answer.

Looks for what a caller acts on, no more: a newer version may send more. Pure.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from org_gate.model.times import parse_time

Shape = Callable[[Mapping[str, Any]], bool]

_VERDICTS: Final = ("allow", "warn", "block")
"""No set: what an answer has in a verdict's place may be a list, which no set can be asked for."""
_DECISION_FIELDS: Final[Mapping[str, type]] = {
    "decision_id": str,
    "mode": str,
    "exempt": bool,
    "summary": str,
    "targets": list,
    "reasons": list,
    "reasons_omitted": int,
    "knowledge": dict,
    "policy_version": int,
    "evaluated_at": str,
    "retry_after_seconds": int,
}
_OVERRIDE_LISTS: Final = ("accounts", "pipelines", "events")
_OVERRIDE_WORDS: Final = ("override_id", "reason", "account", "who", "created_at", "expires_at")
_BY_HAND_LISTS: Final = ("accounts", "ous", "regions", "services")
_BY_HAND_WORDS: Final = ("id", "kind", "reason", "who", "created_at", "ends_at")
_CHANGE_WORDS: Final = ("decision_id", "at", "account", "because")


def has(field: str) -> Shape:
    return lambda data: field in data


def is_decision(data: Mapping[str, Any]) -> bool:
    """Whether all is there that a caller acts on (A2)."""
    return (
        _are_verdicts(data)
        and all(isinstance(data.get(field), kind) for field, kind in _DECISION_FIELDS.items())
        and _is_mark(data["knowledge"])
        and all(isinstance(target, dict) for target in data["targets"])
        and all(isinstance(reason, dict) and reason.get("verdict") in _VERDICTS for reason in data["reasons"])
    )


def is_explanation(data: Mapping[str, Any]) -> bool:
    decision = data.get("decision")
    return isinstance(decision, dict) and is_decision(decision) and isinstance(data.get("explanation"), dict)


def is_decisions(data: Mapping[str, Any]) -> bool:
    """A page of what was decided, and the token of the next (null: none)."""
    return _lists(data, "decisions", _is_entry) and isinstance(data.get("next"), str | None)


def is_status(data: Mapping[str, Any]) -> bool:
    return isinstance(data.get("policy_version"), int) and _is_time(data.get("evaluated_at"))


def is_policies(data: Mapping[str, Any]) -> bool:
    """Whether the present policy (null: none) and its version are told."""
    told = isinstance(data.get("policy_version"), int) and isinstance(data.get("policies"), list)
    return told and isinstance(data.get("policy"), dict | None)


def is_policy(data: Mapping[str, Any]) -> bool:
    """Whether a version of the policy is there whole."""
    return _words(data, ("at", "who", "note")) and isinstance(data.get("version"), int) and _is_object(data, "policy")


def is_comparison(data: Mapping[str, Any]) -> bool:
    counted = isinstance(data.get("compared"), int) and isinstance(data.get("changed_omitted"), int)
    return counted and _lists(data, "changed", _is_change)


def is_override(data: Mapping[str, Any]) -> bool:
    return _words(data, _OVERRIDE_WORDS) and _texts(data, _OVERRIDE_LISTS)


def are_overrides(data: Mapping[str, Any]) -> bool:
    return _lists(data, "overrides", is_override) and _is_time(data.get("evaluated_at"))


def is_by_hand(data: Mapping[str, Any]) -> bool:
    """A drill, or a declared event."""
    return _words(data, _BY_HAND_WORDS) and _texts(data, _BY_HAND_LISTS) and isinstance(data.get("public"), bool)


def are_by_hand(field: str) -> Shape:
    """A list of drills or of declared events, in ``field``."""
    return lambda data: _lists(data, field, is_by_hand)


def _is_time(value: object) -> bool:
    try:
        return isinstance(value, str) and bool(parse_time(value))
    except ValueError:
        return False


def _is_entry(entry: Mapping[str, Any]) -> bool:
    return isinstance(entry.get("decision_id"), str) and _are_verdicts(entry) and _texts(entry, ("ous",))


def _is_change(change: Mapping[str, Any]) -> bool:
    sides = (change.get("before"), change.get("after"))
    return _words(change, _CHANGE_WORDS) and all(isinstance(side, dict) and _are_verdicts(side) for side in sides)


def _are_verdicts(data: Mapping[str, Any]) -> bool:
    return all(data.get(field) in _VERDICTS for field in ("verdict", "would_be"))


def _is_mark(knowledge: Mapping[str, Any]) -> bool:
    return (
        isinstance(knowledge.get("stale"), bool)
        and knowledge.get("on_unknown") in _VERDICTS
        and isinstance(knowledge.get("age_seconds"), int | None)
    )


def _is_object(data: Mapping[str, Any], field: str) -> bool:
    return isinstance(data.get(field), dict)


def _words(data: Mapping[str, Any], fields: tuple[str, ...]) -> bool:
    return all(isinstance(data.get(field), str) for field in fields)


def _texts(data: Mapping[str, Any], fields: tuple[str, ...]) -> bool:
    lists = [data.get(field) for field in fields]
    return all(isinstance(one, list) and all(isinstance(text, str) for text in one) for one in lists)


def _lists(data: Mapping[str, Any], field: str, shape: Shape) -> bool:
    found = data.get(field)
    return isinstance(found, list) and all(isinstance(one, dict) and shape(one) for one in found)
