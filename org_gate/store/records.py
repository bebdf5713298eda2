"""Event records as items and back: the full record with its stamps, and the facts alone for the open partitions."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from org_gate.model.event import EventKey
from org_gate.model.record import EventRecord, Stamped, Value
from org_gate.store import keys
from org_gate.store.table import Item

EVENT_DAYS: Final = 400
"""How long an event is kept after it was last written: longer than AWS Health keeps it."""
_FRESH_DAYS: Final = 300
_MARKS: Final = (
    *("details_for", "accounts_for", "accounts_read_at", "accounts_stamp"),
    *("entities_for", "entities_to", "entities_stamp", "cleared_to"),
)


def record_item(record: EventRecord) -> Item:
    """Without keys, revision and expiry."""
    facts = facts_item(record)
    return facts | {"stamps": {name: stamped.stamp for name, stamped in record.fields.items()}}


def facts_item(record: EventRecord) -> Item:
    """What a decision and the full look need: small, whatever the event affects."""
    marks = {name: getattr(record, name) for name in _MARKS if getattr(record, name) is not None}
    return {
        "arn": record.key.arn,
        "region": record.key.region,
        "facts": {name: _stored(value) for name, value in record.values.items()},
        "lists_accounts": record.lists_accounts,
        "lists_entities": record.lists_entities,
        "missed": list(record.missed),
        "pointers": record.pointers,
        "episode": record.episode,
        **marks,
    }


def record_of(item: Mapping[str, Any]) -> EventRecord:
    """From either form; facts alone come without stamps and are not to be merged into."""
    stamps = item.get("stamps", {})
    return EventRecord(
        key=EventKey(item["arn"], item["region"]),
        fields={name: Stamped(_read(value), stamps.get(name, "")) for name, value in item["facts"].items()},
        lists_accounts=item["lists_accounts"],
        lists_entities=item.get("lists_entities", False),
        missed=tuple(item["missed"]),
        pointers=item["pointers"],
        episode=int(item["episode"]),
        **{name: item.get(name) for name in _MARKS},
    )


def event_expiry(now: datetime) -> int:
    """The TTL of what is written about an event now."""
    return keys.expires(now, EVENT_DAYS)


def grows_old(expires: int, now: datetime) -> bool:
    """It is time to write it anew, so that what is still true does not expire."""
    return expires < keys.expires(now, _FRESH_DAYS)


def _stored(value: Value) -> Any:
    return list(value) if isinstance(value, tuple) else value


def _read(value: Any) -> Value:
    return tuple(value) if isinstance(value, list) else value
