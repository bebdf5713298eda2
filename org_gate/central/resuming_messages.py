"""What the resumer's queue carries: looks at all that wait, and resumptions of one deployment.

A look is asked for by the schedule (EventBridge's own event) or by whoever changed something; a resumption by a look.
Bodies are judged by their shape alone: whatever is something else is refused, for the dead-letter queue.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from org_gate.model.request import ACCOUNT_ID, REGION
from org_gate.model.times import format_time, from_epoch, parse_time
from org_gate.model.waiting import Deployment, Waiting

_SCHEDULE: Final = "aws.events"
_CHANGED: Final = "changed"
_RESUME: Final = "resume"
_SENT: Final = "SentTimestamp"
_RECEIVED: Final = "ApproximateFirstReceiveTimestamp"
_MILLISECONDS: Final = 1000


class UnknownMessageError(Exception):
    """Nobody who may send to the queue sends such a message."""


@dataclass(frozen=True, slots=True)
class LookMessage:
    """Asks to look at all that wait. ``sent`` is when the queue took it or, later, first gave it to anybody."""

    sent: datetime


@dataclass(frozen=True, slots=True)
class ResumeMessage:
    """Asks to resume one deployment, as the look ``at`` that time handed it out."""

    sent: datetime
    deployment: Deployment
    decision_id: str
    at: datetime
    body: str
    """As it came."""


def change_body(changed: str) -> str:
    return json.dumps({_CHANGED: changed})


def resume_body(waiting: Waiting, at: datetime) -> str:
    told = {"deployment": list(waiting.deployment), "decision_id": waiting.decision_id, "at": format_time(at)}
    return json.dumps({_RESUME: told})


def read_message(record: Mapping[str, Any]) -> LookMessage | ResumeMessage:
    """A record of the queue's event. Raises UnknownMessageError."""
    try:
        return _read(record)
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError, OSError, RecursionError) as error:
        message = f"it is neither a look nor a resumption: {error!r}"
        raise UnknownMessageError(message) from error


def _read(record: Mapping[str, Any]) -> LookMessage | ResumeMessage:
    attributes = record["attributes"]
    sent, received = int(attributes[_SENT]), int(attributes.get(_RECEIVED, 0))
    at = from_epoch(max(sent, received) / _MILLISECONDS)
    body = json.loads(record["body"])
    if _RESUME not in body:
        _check(_CHANGED, body.get("source") == _SCHEDULE or isinstance(body[_CHANGED], str))
        return LookMessage(at)
    told = body[_RESUME]
    deployment = Deployment(*told["deployment"])
    _check("deployment", all(isinstance(part, str) and part for part in (*deployment, told["decision_id"])))
    _check("account", ACCOUNT_ID.fullmatch(deployment.account))
    _check("region", REGION.fullmatch(deployment.region))
    return ResumeMessage(at, deployment, told["decision_id"], parse_time(told["at"]), record["body"])


def _check(what: str, right: object) -> None:
    if not right:
        raise ValueError(what)
