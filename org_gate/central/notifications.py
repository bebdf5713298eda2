"""Takes AWS Health's notifications into the table: faster than the poll, never the truth.

They add to what is known and never make it younger (D13). What cannot be understood is kept, and the next poll
looks at everything.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from org_gate.central.entities import entity_item
from org_gate.health.merge import merge, stamp_of
from org_gate.health.notification import Unreadable, parse_notification
from org_gate.health.reading import Reading, lenient_time
from org_gate.model.event import EventKey
from org_gate.store import Store, TooLargeError, keys
from org_gate.store.events import Belongings
from org_gate.store.members import SetReading


@dataclass(frozen=True, slots=True)
class Taken:
    """What a notification came to: an event, or the reason why it could not be understood."""

    key: EventKey | None
    changed: bool
    unreadable: str | None = None


def take_notification(store: Store, event: Mapping[str, Any]) -> Taken:
    """Raises StoreError."""
    found = parse_notification(event)
    if isinstance(found, Unreadable):
        return _keep(store, event, found.reason)
    try:
        changed = store.events.save(
            found.key, lambda record: merge(record, [found]), now=found.read_at, belongings=_belongings(found)
        )
    except TooLargeError as error:
        return _keep(store, event, str(error))
    return Taken(found.key, changed=changed)


def _belongings(reading: Reading) -> Belongings:
    stamp = stamp_of(reading)
    accounts: dict[str, dict[str, Any]] = {account: {} for account in reading.accounts}
    entities = {keys.entity(entity.account, entity.value): entity_item(entity) for entity in reading.entities}
    return Belongings(
        accounts=SetReading(accounts, stamp, complete=False) if accounts else None,
        entities=SetReading(entities, stamp, complete=False) if entities else None,
        text=(reading.description, stamp) if reading.description else None,
    )


def _keep(store: Store, event: Mapping[str, Any], reason: str) -> Taken:
    """Where it has no time of its own, the time of the last poll stands in: it says when to look again."""
    now = lenient_time(event.get("time")) or store.state().as_of
    if now is not None:
        store.keep_unreadable(event, reason=reason, now=now)
        store.states.ask_for_full_look(now)
    return Taken(None, changed=False, unreadable=reason)
