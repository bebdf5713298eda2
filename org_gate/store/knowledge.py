"""What a decision knows, in at most three reads for one account: public events, the account, the events it points to.

Events that are over may be among them; D4 is the engine's business.
"""

from collections import defaultdict
from collections.abc import Iterable

from org_gate.model.event import Account, EventKey, Knowledge
from org_gate.model.record import EventRecord, event_of
from org_gate.store import keys
from org_gate.store.accounts import account_of
from org_gate.store.events import Events
from org_gate.store.state import State
from org_gate.store.table import Table


class Knower:
    """Keeps the public events of the last revision it saw. Every method raises StoreError."""

    def __init__(self, table: Table, events: Events) -> None:
        self._table = table
        self._events = events
        self._public: tuple[int, list[EventRecord]] | None = None

    def knowledge(self, accounts: Iterable[str], state: State) -> Knowledge:
        """Of each event, ``accounts`` are the affected ones among those given. In order of ARN and Region."""
        known: dict[str, Account] = {}
        pointed: dict[EventKey, set[str]] = defaultdict(set)
        for account in dict.fromkeys(accounts):
            for item in self._table.query(keys.account(account)):
                if item["sk"] == keys.RECORD:
                    known[account] = account_of(item)
                else:
                    pointed[EventKey(item["arn"], item["region"])].add(account)
        records = {record.key: record for record in self._public_events(state)}
        records |= self._events.records(sorted(key for key in pointed if key not in records))
        events = [event_of(records[key], frozenset(pointed.get(key, ()))) for key in sorted(records)]
        return Knowledge(as_of=state.as_of, events=tuple(events), accounts=known)

    def _public_events(self, state: State) -> list[EventRecord]:
        if self._public is None or self._public[0] != state.revision:
            self._public = (state.revision, self._events.public())
        return self._public[1]
