"""The lines of an export: events and decisions as JSON, in the form that ``exported`` reads back."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from org_gate.model.event import Event
from org_gate.model.times import format_time


def decision_line(record: Mapping[str, Any]) -> str:
    """A record as the table keeps it."""
    return _line({"kind": "decision", **record})


def event_line(event: Event) -> str:
    """What is known of an event that has a last update."""
    return _line({"kind": "event", **{name: _plain(value) for name, value in asdict(event).items()}})


def _line(told: Mapping[str, Any]) -> str:
    """ASCII on one line, whatever strangers wrote."""
    return json.dumps(told, separators=(",", ":"), allow_nan=False) + "\n"


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            return format_time(value)
        case frozenset():
            return sorted(value)
        case _:
            return value
