"""Text for the page: what may stand in it, how long it may be, and how data is put into it as JSON.

Everything that comes here may come from AWS Health or a caller. Nothing here makes markup: the template escapes what
it writes, and the page's script puts text into the page as text. What a person reads is written alike here and in
``page/text.js``, so that the rows that stand in the file and those the script writes look the same.
"""

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import islice
from typing import Any, Final, TypeAlias

Cell: TypeAlias = str | int | list[str] | list[int] | None
"""One cell of a table, as JSON has it."""

SHORT: Final = 300
"""Characters of a text in a table."""

MANY: Final = 50
"""Items of a list in one cell."""

LONG: Final = 4_000
"""Characters of a text that is read on its own, such as an event's description."""

_UNPRINTABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""Control characters, those that turn the direction of what follows, and what is no character at all."""
_IN_SCRIPT: Final = str.maketrans(
    {character: f"\\u{ord(character):04x}" for character in ("<", ">", "&", "\u2028", "\u2029")}
)
_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE
_DAY: Final = 24 * _HOUR


def plain(text: str, limit: int = SHORT) -> str:
    """The text without control characters and lone surrogates, shortened with a mark where it is too long."""
    shown = _UNPRINTABLE.sub("\ufffd", text[: limit + 1].replace("\r\n", "\n"))
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def account_id(text: str) -> str:
    """An account's id: twelve digits, or what somebody wrote instead."""
    return plain(text, 32)


def account_ids(texts: Iterable[str]) -> list[str]:
    """The first of several."""
    return [account_id(text) for text in islice(texts, MANY)]


def script_data(data: Any) -> str:
    """JSON that can stand in a ``<script>`` element: no ``<``, so neither ``</script>`` nor ``<!--`` ends it."""
    return json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(_IN_SCRIPT)


def instant(at: datetime | None) -> str | None:
    """A time as the page's data has it: UTC, whole seconds, so that texts sort as times do."""
    return None if at is None else at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def time_range(start: datetime, end: datetime) -> str:
    """A filter for times from the start up to before the end."""
    return f"{instant(start)}..{instant(end)}"


def clock(value: str) -> str:
    """A time of ``instant`` for people: to the minute."""
    return f"{value[:10]} {value[11:16]}"


def span(seconds: int) -> str:
    """A duration in its two largest units."""
    if seconds < _MINUTE:
        return f"{seconds} s"
    if seconds < _HOUR:
        return f"{seconds // _MINUTE} min"
    if seconds < _DAY:
        return _two(seconds // _HOUR, "h", seconds % _HOUR // _MINUTE, "min")
    return _two(seconds // _DAY, "d", seconds % _DAY // _HOUR, "h")


def _two(large: int, unit: str, small: int, smaller: str) -> str:
    return f"{large:,} {unit} {small} {smaller}" if small else f"{large:,} {unit}"


def number(value: int) -> str:
    """A number with thousands apart."""
    return f"{value:,}"


def counted(count: int, one: str, many: str) -> str:
    """``1 account``, ``2,000 accounts``."""
    return f"{count:,} {one if count == 1 else many}"


def listed(texts: Iterable[str], limit: int = SHORT) -> list[str]:
    """Several texts as one cell."""
    return [plain(text, limit) for text in texts]
