"""What is kept of a decision, so that it can be decided again and explained later.

The answer (with the policy's version and the mark of what was known), the request as it was understood, the facts
of each candidate event and of the accounts, the overrides that were in force. JSON data, and nothing of what a caller
sent beyond the request. What is read back here is what ``decide`` took, as far as it bears on the decision.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, TypeVar

from org_gate.model.event import Account, Event, Knowledge
from org_gate.model.override import override_json, override_of
from org_gate.model.request import Request, request_from
from org_gate.model.times import format_time, parse_time, time_if_any

_TIMES: Final = ("start", "end", "last_updated")
_LISTS: Final = ("personas", "text_zones")
_Read = TypeVar("_Read")


class UnreadableRecordError(Exception):
    """Another version wrote it, in a form that this one does not know."""


def decision_record(
    request: Request,
    knowledge: Knowledge,
    candidates: Iterable[Event],
    answer: Mapping[str, Any],
    *,
    revision: int,
    gate: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """``answer`` is the decision (A2); ``candidates`` are the events that concern a target."""
    now = parse_time(answer["evaluated_at"])
    return {
        "decision_id": answer["decision_id"],
        "caller": request.caller,
        "at": answer["evaluated_at"],
        "request": _jsonable(asdict(request)),
        "gate": gate,
        "revision": revision,
        "accounts": [_jsonable(asdict(knowledge.accounts[name])) for name in sorted(knowledge.accounts)],
        "events": [_jsonable(asdict(event)) for event in candidates],
        "overrides": [override_json(override) for override in knowledge.overrides if override.in_force(now)],
        "decision": dict(answer),
    }


def now_of(record: Mapping[str, Any]) -> datetime:
    """When it was decided. Raises UnreadableRecordError."""
    return _read(lambda: parse_time(record["at"]))


def request_of(record: Mapping[str, Any]) -> Request:
    """What was asked. Raises UnreadableRecordError."""
    return _read(lambda: request_from(record["request"]))


def knowledge_of(record: Mapping[str, Any]) -> Knowledge:
    """What was known of what was asked about: the candidate events alone. Raises UnreadableRecordError."""
    return _read(lambda: _knowledge(record))


def policy_version_of(record: Mapping[str, Any]) -> int:
    """The version that it was decided by. Raises UnreadableRecordError."""
    return _read(lambda: int(record["decision"]["policy_version"]))


def _read(reading: Callable[[], _Read]) -> _Read:
    try:
        return reading()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        message = f"the record has another form than this version writes: {error!r}"
        raise UnreadableRecordError(message) from error


def _knowledge(record: Mapping[str, Any]) -> Knowledge:
    accounts = (Account(one["id"], one["ou_path"], tuple(one["ou_ids"]), one["tags"]) for one in record["accounts"])
    return Knowledge(
        as_of=time_if_any(record["decision"]["knowledge"]["as_of"]),
        events=tuple(map(_event, record["events"])),
        accounts={account.id: account for account in accounts},
        overrides=tuple(map(override_of, record.get("overrides", ()))),
    )


def _event(told: Mapping[str, Any]) -> Event:
    entities = told.get("entities", {})
    read: dict[str, Any] = {name: time_if_any(told[name]) for name in _TIMES}
    read |= {name: tuple(told[name]) for name in _LISTS if name in told}
    read["accounts"] = frozenset(told["accounts"])
    read["entities"] = {account: tuple(values) for account, values in entities.items()}
    return Event(**{**told, **read})


def _jsonable(value: Any) -> Any:
    match value:
        case datetime():
            return format_time(value)
        case dict():
            return {key: _jsonable(one) for key, one in value.items()}
        case list() | tuple():
            return [_jsonable(one) for one in value]
        case frozenset():
            return sorted(value)
        case _:
            return value
