"""Notifications that could not be understood, kept as they came (but bounded) for whoever looks into it."""

import hashlib
import json
from datetime import datetime
from typing import Any, Final

from org_gate.store import keys
from org_gate.store.table import Table

UNREADABLE_DAYS: Final = 90
MAX_RAW: Final = 50_000


def keep_unreadable(table: Table, raw: Any, *, reason: str, now: datetime) -> None:
    """The same one at the same time is kept once. Raises StoreError."""
    text = json.dumps(raw, default=str, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    table.put(
        {
            **keys.unreadable(now, digest)._asdict(),
            "reason": reason,
            "raw": text[:MAX_RAW],
            "raw_length": len(text),
            "expires": keys.expires(now, UNREADABLE_DAYS),
        }
    )
