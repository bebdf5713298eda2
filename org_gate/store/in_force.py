"""What a decision reads of overrides, drills and declared events: those that were not over when they last changed.

Kept in the process for as long as the state says that none has changed: one query after a change, none otherwise.
What has ended since is still among them; what is in force is the engine's business.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from org_gate.model.event import Event
from org_gate.model.override import Override
from org_gate.model.sky import Places, Sky
from org_gate.model.synthetic import SyntheticEvent, events_of
from org_gate.store.by_hand import Made, not_over
from org_gate.store.overrides import KIND, read_override
from org_gate.store.state import State
from org_gate.store.synthetic import read_synthetic
from org_gate.store.table import Table

_MARGIN: Final = timedelta(hours=1)
"""Whoever asks may be a little behind whoever made the last change."""


@dataclass(frozen=True, slots=True)
class MadeEvents:
    """A drill or declared event: what it stands for, in everybody's eyes, and whom it affects."""

    public: bool
    accounts: frozenset[str]
    sky: Sky


@dataclass(frozen=True, slots=True)
class InForce:
    """As it was read."""

    overrides: tuple[Override, ...] = ()
    synthetic: tuple[MadeEvents, ...] = ()

    def overrides_for(self, accounts: Collection[str]) -> tuple[Override, ...]:
        """Those that may name one of these accounts, the first to expire first."""
        return tuple(one for one in self.overrides if not one.accounts or not set(one.accounts).isdisjoint(accounts))

    def events_for(self, accounts: Collection[str], places: Places | None) -> Iterator[Event]:
        """Those that are public or affect one of these accounts, and count in one of these places (None: anywhere)."""
        asked = frozenset(accounts)
        for made in self.synthetic:
            affected = made.accounts & asked
            if made.public or affected:
                yield from (replace(event, accounts=affected) for event in made.sky.over(places))


class InForceReader:
    """Keeps what it last read. Raises StoreError."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._last = (0, InForce())

    def read(self, state: State) -> InForce:
        if self._last[0] != state.by_hand and state.by_hand_at is not None:
            found = list(not_over(self._table, state.by_hand_at - _MARGIN))
            self._last = (state.by_hand, _in_force(found))
        return self._last[1]


def _in_force(found: list[Made]) -> InForce:
    overrides = [read_override(made) for made in found if made.kind == KIND]
    synthetic = [_ready(read_synthetic(made)) for made in found if made.kind != KIND]
    return InForce(tuple(overrides), tuple(synthetic))


def _ready(synthetic: SyntheticEvent) -> MadeEvents:
    return MadeEvents(synthetic.public, frozenset(synthetic.accounts), Sky(events_of(synthetic, frozenset())))
