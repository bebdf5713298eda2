"""Events as the collector keeps them, a line for each."""

from org_gate.health.merge import merge
from org_gate.health.reading import Reading, Source
from org_gate.model.event import EventKey
from org_gate.store import Store
from org_gate.store.events import Belongings
from org_gate.store.members import SetReading
from tests.unit.report.histories import at


def keep(store: Store, arn: str, seconds: int, accounts: frozenset[str] = frozenset(), **values: str) -> None:
    """What AWS Health said of an event so long after NOW."""
    told = {"service": "RDS", "scope": "ACCOUNT_SPECIFIC" if accounts else "PUBLIC", "status": "open", **values}
    reading = Reading(
        key=EventKey(arn, "us-east-1"), source=Source.API, last_updated=at(seconds), read_at=at(seconds), values=told
    )
    affected = SetReading(stamp="x", members={account: {} for account in accounts}, complete=True) if accounts else None
    store.events.save(
        reading.key, lambda held: merge(held, [reading]), now=at(seconds), belongings=Belongings(accounts=affected)
    )
