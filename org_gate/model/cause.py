"""What a blocked decision hangs on: the one event, freeze or staleness that blocks, however many reasons there are.

Read off a decision as it is answered (A2), so that lists of decisions can be grouped by it. It decides nothing.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

_BLOCK: Final = "block"
_ENFORCE: Final = "enforce"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """Fields are the reason's own (A2); None where it has none. Times are text."""

    kind: str
    """``event``, ``freeze``, ``stale`` or ``unknown``."""
    name: str = ""
    """The event's ARN, or the freeze's name."""
    region: str | None = None
    service: str | None = None
    category: str | None = None
    status: str | None = None
    start: str | None = None
    until: str | None = None
    """When the freeze's present occurrence ends."""
    rule: str | None = None
    drill: bool = False

    @property
    def id(self) -> str:
        """The same for every decision that hangs on it, whatever else changes of it."""
        return hashlib.sha256(f"{self.kind} {self.region} {self.name}".encode()).hexdigest()[:16]


_FIELDS: Final = tuple(field.name for field in fields(Cause))


def cause_of(decision: Mapping[str, Any]) -> Cause | None:
    """None where it blocks nothing, or where what blocks is not among the reasons that are shown."""
    if decision["verdict"] != _BLOCK:
        return None
    return next((_cause(reason) for reason in decision.get("reasons", ()) if blocks(reason, decision)), None)


def cause_json(cause: Cause) -> dict[str, Any]:
    """Without what is not told."""
    return {name: value for name, value in asdict(cause).items() if value}


def cause_from(told: Mapping[str, Any]) -> Cause:
    """The inverse of ``cause_json``; what another version told besides is left out."""
    return Cause(**{name: told[name] for name in _FIELDS if name in told})


def blocks(reason: Mapping[str, Any], decision: Mapping[str, Any]) -> bool:
    """Whether the reason is one that the decision, where it is ``block``, hangs on."""
    if reason["verdict"] != _BLOCK or reason["override_id"] is not None:
        return False
    mode = decision["mode"] if reason["target"] is None else decision["targets"][reason["target"]]["mode"]
    return bool(mode == _ENFORCE)


def _cause(reason: Mapping[str, Any]) -> Cause:
    event, freeze = reason["event"], reason["freeze"]
    if event is not None:
        told = {name: event[name] for name in ("region", "service", "category", "status", "start", "drill")}
        return Cause(kind=reason["kind"], name=event["arn"], rule=reason["rule"], **told)
    if freeze is not None:
        return Cause(kind=reason["kind"], name=freeze["name"], start=freeze["from"], until=freeze["to"])
    return Cause(kind=reason["kind"])
