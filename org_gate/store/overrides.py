"""Overrides: made once, found by id and by time, revoked once (D10). Whether one may be made is not judged here."""

from datetime import datetime
from typing import Final

from org_gate.model.override import Override, override_json, override_of
from org_gate.store.by_hand import ByHand, Made, not_over
from org_gate.store.table import Table

KIND: Final = "override"


class Overrides:
    """Every method raises StoreError."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._by_hand = ByHand(table, KIND)

    def create(self, override: Override) -> None:
        """Raises ConflictError where there is one with its id, TooLargeError where it does not fit an item."""
        made = Made(id=override.id, kind=KIND, ends_at=override.expires_at, document=override_json(override))
        self._by_hand.create(made, override.created_at)

    def revoke(self, override_id: str, who: str, now: datetime) -> Override | None:
        """As it is then: revoked now, or before; one that had expired stays as it was. None where there is none."""
        made = self._by_hand.end(override_id, who, now)
        return None if made is None else read_override(made)

    def one(self, override_id: str) -> Override | None:
        made = self._by_hand.one(override_id)
        return None if made is None else read_override(made)

    def all(self, limit: int) -> list[Override]:
        """The newest so many, the newest first, whether they are in force or not."""
        return [read_override(made) for made in self._by_hand.all(KIND, limit)]

    def in_force(self, now: datetime) -> list[Override]:
        """The first to expire first."""
        found = [read_override(made) for made in not_over(self._table, now) if made.kind == KIND]
        return [override for override in found if override.in_force(now)]


def read_override(made: Made) -> Override:
    return override_of({**made.document, "revoked_at": made.ended_at, "revoked_by": made.ended_by})
