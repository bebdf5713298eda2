"""What is kept of a decision, so that it can be decided again and explained later.

The answer (with the policy's version and the mark of what was known), the request as it was understood, the facts
of each candidate event and of the accounts. JSON data, and nothing of what a caller sent beyond the request.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from org_gate.model.event import Event, Knowledge
from org_gate.model.request import Request
from org_gate.model.times import format_time


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
    return {
        "decision_id": answer["decision_id"],
        "caller": request.caller,
        "at": answer["evaluated_at"],
        "request": _jsonable(asdict(request)),
        "gate": gate,
        "revision": revision,
        "accounts": [_jsonable(asdict(knowledge.accounts[name])) for name in sorted(knowledge.accounts)],
        "events": [_jsonable(asdict(event)) for event in candidates],
        "decision": dict(answer),
    }


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
