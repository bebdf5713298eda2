"""Lists as the decision API answers them: what a Function URL can carry, and how much was left out.

A Function URL answers at most 6 MB, and what people put in may be large: thousands of accounts, hundreds of ARNs.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

MOST_LISTED: Final = 1000
MOST_BYTES: Final = 4_000_000
SHOWN_ACCOUNTS: Final = 100


def shortened(entry: Mapping[str, Any], accounts: Sequence[str]) -> dict[str, Any]:
    """The entry with the first of those ``accounts``, which may be shown, and how many more it names."""
    shown = list(accounts[:SHOWN_ACCOUNTS])
    return {**entry, "accounts": shown, "accounts_omitted": len(entry["accounts"]) - len(shown)}


def listed(field: str, entries: Iterable[Mapping[str, Any]], limit: int) -> dict[str, Any]:
    """The first entries, as many as were asked for and fit, in ``field``; the rest counted in ``FIELD_omitted``."""
    whole = list(entries)
    shown: list[Mapping[str, Any]] = []
    size = 0
    for entry in whole[:limit]:
        size += size_of(entry)
        if size > MOST_BYTES:
            break
        shown.append(entry)
    return {field: shown, f"{field}_omitted": len(whole) - len(shown)}


def size_of(body: Any) -> int:
    """In bytes, as it is sent."""
    return len(json.dumps(body))
