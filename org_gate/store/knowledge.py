"""What a decision knows, in at most three reads for one account: public events, the account, the events it points to.

None of these is read again before it has changed (the state's revision, and ``account_sky``). What people put in by
hand (overrides, drills, declared events) takes one more after it has changed.
Of the public events only those of the places asked about are looked at, however many there are elsewhere. Events that
are over may be among them; D4 is the engine's business. Affected entities take one more read for each
event that lists some, and are read only where asked for.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from typing import Final

from org_gate.model.event import Account, Event, EventKey, Knowledge
from org_gate.model.record import CLOSED, EventRecord, event_of
from org_gate.model.sky import Places, Sky
from org_gate.store.account_sky import AccountSky
from org_gate.store.events import Events
from org_gate.store.in_force import InForceReader
from org_gate.store.state import State
from org_gate.store.table import Table

MOST_ENTITIES: Final = 2000
"""Of one account and event; where there are more, they count as not known (D7) rather than some as all."""
MOST_SETS: Final = 100
"""How many events' entities one decision reads; those of the others count as not known."""


@dataclass(frozen=True, slots=True)
class PublicEvents:
    """As they were at a revision: their records, and the same ready for decisions."""

    revision: int
    records: Mapping[EventKey, EventRecord]
    sky: Sky


class Knower:
    """Keeps what it read, as of the last state it saw. Every method raises StoreError."""

    def __init__(self, table: Table, events: Events) -> None:
        self._events = events
        self._in_force = InForceReader(table)
        self._accounts = AccountSky(table, events)
        self._public: PublicEvents | None = None

    def knowledge(
        self, accounts: Iterable[str], state: State, *, places: Places | None = None, with_entities: bool = False
    ) -> Knowledge:
        """Of each event, ``accounts`` are the affected ones among those given. In order of ARN and Region.

        Public events and those put in by hand are the ones that count in ``places`` (None: anywhere).
        """
        known: dict[str, Account] = {}
        pointed: dict[EventKey, set[str]] = defaultdict(set)
        asked = list(dict.fromkeys(accounts))
        for name, place in self._accounts.places(asked, state).items():
            if place.account is not None:
                known[name] = place.account
            for key in place.events:
                pointed[key].add(name)
        by_hand = self._in_force.read(state)
        events = [
            *self._told(state, places, pointed, asked if with_entities else ()),
            *by_hand.events_for(asked, places),
        ]
        return Knowledge(
            as_of=state.as_of,
            events=tuple(sorted(events, key=attrgetter("key"))),
            accounts=known,
            overrides=by_hand.overrides_for(asked),
        )

    def _told(
        self,
        state: State,
        places: Places | None,
        pointed: Mapping[EventKey, set[str]],
        entities_of: Sequence[str],
    ) -> Iterator[Event]:
        """What AWS Health told: of the public events only those that need it are made anew."""
        public = self._public_events(state)
        ready = {event.key: event for event in public.sky.over(places)}
        records = {key: public.records[key] for key in (*ready, *pointed) if key in public.records}
        records |= self._accounts.records([key for key in pointed if key not in records], state)
        entities = self._entities(records, pointed, entities_of)
        for key, record in records.items():
            if key in pointed or key in entities:
                yield event_of(record, frozenset(pointed.get(key, ())), entities.get(key))
            else:
                yield ready[key]

    def _entities(
        self, records: Mapping[EventKey, EventRecord], pointed: Mapping[EventKey, set[str]], accounts: Sequence[str]
    ) -> dict[EventKey, dict[str, tuple[str, ...]]]:
        """By event and account; what is not known is left out."""
        listing = [record for record in records.values() if record.lists_entities and record.text("status") != CLOSED]
        listing.sort(key=lambda record: (record.is_public, record.key))
        pairs = (
            (record.key, account)
            for record in listing
            for account in accounts
            if record.is_public or account in pointed.get(record.key, ())
        )
        found: dict[EventKey, dict[str, tuple[str, ...]]] = defaultdict(dict)
        for key, account in islice(pairs, MOST_SETS):
            values = self._events.entities(key, account, MOST_ENTITIES + 1)
            if 0 < len(values) <= MOST_ENTITIES:
                found[key][account] = values
        return found

    def _public_events(self, state: State) -> PublicEvents:
        if self._public is None or self._public.revision != state.revision:
            records = {record.key: record for record in self._events.public()}
            self._public = PublicEvents(state.revision, records, Sky(map(event_of, records.values())))
        return self._public
