"""Times of a scenario as whole seconds since 1970 (D3, S2)."""

import re
from datetime import UTC, datetime
from typing import Any

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
EVENT_TIMES = ("startTime", "endTime", "lastUpdatedTime")


def seconds(duration: str) -> int:
    """``90s``, ``5m``; ``0m`` too."""
    found = re.fullmatch(r"([0-9]+)([smhd])", duration)
    assert found is not None, duration
    return int(found[1]) * _UNITS[found[2]]


def moment(value: Any, start: int) -> int:
    """An absolute time, or ``+5m`` from the start."""
    if str(value).startswith("+"):
        return start + seconds(str(value)[1:])
    return int(datetime.fromisoformat(str(value)).timestamp())


def spelled(value: int | None) -> str | None:
    return None if value is None else datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
