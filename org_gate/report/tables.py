"""Who hears of every row that a report only counts, as it passes: decisions, affected accounts, affected entities."""

from collections.abc import Sequence
from typing import Protocol

from org_gate.model.event import EventKey
from org_gate.store.past import Affected, PastDecision


class Tables(Protocol):
    """Rows come in the report's order, only those in scope."""

    def decision(self, decision: PastDecision, accounts: Sequence[str]) -> None:
        """``accounts`` are all that it counts for."""
        ...

    def affected(self, key: EventKey, account: str, ou: str) -> None: ...

    def resource(self, key: EventKey, entity: Affected) -> None: ...


class NoTables:
    """Nobody wants them."""

    def decision(self, decision: PastDecision, accounts: Sequence[str]) -> None: ...

    def affected(self, key: EventKey, account: str, ou: str) -> None: ...

    def resource(self, key: EventKey, entity: Affected) -> None: ...
