"""What is kept of one AWS Health event: each field with the stamp of the reading that told it (D3).

``health`` merges readings into it and ``store`` keeps it; neither needs the other for that. It says nothing
about where it is stored. Values are text, lists of text, or None; times are written as ``2026-03-02T12:00:00Z``.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType
from typing import Final, Literal

from org_gate.model.event import Event, EventKey
from org_gate.model.times import time_if_any

Value = str | tuple[str, ...] | None
Pointers = Literal["none", "live", "stale"]

MISSES_THAT_END: Final = 2
PUBLIC: Final = "PUBLIC"
CLOSED: Final = "closed"


@dataclass(frozen=True, slots=True)
class Stamped:
    """A value and the stamp of the reading that told it. Stamps compare as text."""

    value: Value
    stamp: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """All that is kept of an event but its texts, affected accounts and entities."""

    key: EventKey
    fields: Mapping[str, Stamped] = field(default_factory=lambda: MappingProxyType({}))
    """By the names of ``model.event.Event``. A field that no reading carried is absent."""
    details_for: str | None = None
    """The last update whose details were read."""
    accounts_for: str | None = None
    """The last update whose affected accounts were read."""
    accounts_read_at: str | None = None
    entities_for: str | None = None
    """The last update whose affected entities were read, of every affected account."""
    entities_to: str | None = None
    """How far such a reading has come: the update and the last account, with a space between."""
    accounts_stamp: str | None = None
    """The stamp of the last complete reading of the affected accounts."""
    entities_stamp: str | None = None
    """The same of its entities."""
    lists_accounts: bool = False
    lists_entities: bool = False
    """Entities were told of it; whose, its members say."""
    missed: tuple[str, ...] = ()
    """When the last full readings began that no longer listed it; at most two are kept (D4)."""
    pointers: Pointers = "none"
    """Whether its affected accounts point to it: live while it is open, stale until they are cleared."""
    episode: int = 0
    """Counts how often its pointers were laid anew."""
    cleared_to: str | None = None
    """The last account whose stale pointer was removed."""

    def value(self, name: str) -> Value:
        """None where no reading told it."""
        stamped = self.fields.get(name)
        return None if stamped is None else stamped.value

    def text(self, name: str) -> str | None:
        value = self.value(name)
        return value if isinstance(value, str) else None

    def time(self, name: str) -> datetime | None:
        return time_if_any(self.text(name))

    @property
    def values(self) -> dict[str, Value]:
        return {name: stamped.value for name, stamped in self.fields.items()}

    @property
    def vanished(self) -> bool:
        return len(self.missed) >= MISSES_THAT_END

    def over(self, now: datetime) -> bool:
        """D4."""
        end = self.time("end")
        return self.text("status") == CLOSED or self.vanished or (end is not None and end <= now)

    @property
    def is_public(self) -> bool:
        return self.text("scope") == PUBLIC


def event_of(
    record: EventRecord,
    accounts: frozenset[str] = frozenset(),
    entities: Mapping[str, tuple[str, ...]] | None = None,
) -> Event:
    """The event as a decision sees it; ``accounts`` are the affected ones among those asked about.

    ``entities`` are by account, where they were read.
    """
    personas, zones = record.value("personas"), record.value("text_zones")
    return Event(
        arn=record.key.arn,
        region=record.key.region,
        service=record.text("service"),
        type_code=record.text("type_code"),
        category=record.text("category"),
        status=record.text("status"),
        scope=record.text("scope"),
        start=record.time("start"),
        end=record.time("end"),
        last_updated=record.time("last_updated"),
        availability_zone=record.text("availability_zone"),
        actionability=record.text("actionability"),
        personas=personas if isinstance(personas, tuple) else (),
        vanished=record.vanished,
        lists_accounts=record.lists_accounts or bool(accounts),
        accounts=accounts,
        text_zones=zones if isinstance(zones, tuple) else (),
        entities={} if entities is None else entities,
    )
