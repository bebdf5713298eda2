"""Drills and declared events: started once, found by id and by time, stopped once; each ends by itself.

They are apart from AWS Health's events, so that nothing the collector reads or misses touches them.
"""

from datetime import datetime
from typing import Final

from org_gate.model.synthetic import Kind, SyntheticEvent, synthetic_json, synthetic_of
from org_gate.store.by_hand import ByHand, Made, not_over
from org_gate.store.overrides import KIND as OVERRIDE
from org_gate.store.table import Table

_FAMILY: Final = "synthetic"


class SyntheticEvents:
    """Every method raises StoreError."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._by_hand = ByHand(table, _FAMILY)

    def create(self, synthetic: SyntheticEvent) -> None:
        """Raises ConflictError where there is one with its id, TooLargeError where it does not fit an item."""
        document = synthetic_json(synthetic)
        made = Made(id=synthetic.id, kind=synthetic.kind, ends_at=synthetic.ends_at, document=document)
        self._by_hand.create(made, synthetic.created_at)

    def stop(self, synthetic_id: str, who: str, now: datetime) -> SyntheticEvent | None:
        """As it is then: stopped now, or before; one that had ended stays as it was. None where there is none."""
        made = self._by_hand.end(synthetic_id, who, now)
        return None if made is None else read_synthetic(made)

    def one(self, synthetic_id: str) -> SyntheticEvent | None:
        made = self._by_hand.one(synthetic_id)
        return None if made is None else read_synthetic(made)

    def all(self, kind: Kind, limit: int) -> list[SyntheticEvent]:
        """The newest so many, the newest first, whether they are in force or not."""
        return [read_synthetic(made) for made in self._by_hand.all(kind, limit)]

    def in_force(self, now: datetime) -> list[SyntheticEvent]:
        """Of both kinds, the first to end first."""
        found = [read_synthetic(made) for made in not_over(self._table, now) if made.kind != OVERRIDE]
        return [synthetic for synthetic in found if synthetic.in_force(now)]


def read_synthetic(made: Made) -> SyntheticEvent:
    return synthetic_of({**made.document, "stopped_at": made.ended_at, "stopped_by": made.ended_by})
