"""Notifications that could not be understood, kept as they came (but bounded) for whoever looks into it."""

import hashlib
import json
from contextlib import suppress
from datetime import datetime
from typing import Any, Final

from org_gate.model.times import format_time
from org_gate.store import keys
from org_gate.store.errors import ConflictError
from org_gate.store.table import Table

UNREADABLE_DAYS: Final = 90
MAX_RAW: Final = 50_000


def keep_unreadable(table: Table, raw: Any, *, reason: str, now: datetime) -> None:
    """The same one is kept once a day. Raises StoreError."""
    text = json.dumps(raw, default=str, sort_keys=True)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    item = {
        **keys.unreadable(now, digest)._asdict(),
        "at": format_time(now),
        "reason": reason,
        "raw": text[:MAX_RAW],
        "raw_length": len(text),
        "expires": keys.expires(now, UNREADABLE_DAYS),
    }
    with suppress(ConflictError):  # it is there
        table.put_new(item)
