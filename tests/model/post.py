"""Notifications of AWS Health on their way to central: late, twice, in any order, and which of them surely arrived.

What they mean for a deployment is the truth's business; here they are only kept and delivered.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tests.model.cell import Cell
from tests.model.faults import Faults
from tests.model.truth import Key, Truth


@dataclass
class Sending:
    """All notifications of one snapshot by one bus: ``left`` have not arrived yet, ``clean`` tells whether the others
    were taken without any fault, and with nobody in between."""

    key: Key
    number: int
    left: int
    clean: bool = True


@dataclass(frozen=True)
class Letter:
    """One of them. ``due`` is when it arrives."""

    due: datetime
    envelope: Mapping[str, Any]
    sending: Sending


@dataclass
class Post:
    """``mix`` is the order in which what is due at one time arrives."""

    cell: Cell
    faults: Faults
    truth: Truth
    mix: Random
    under_way: list[Letter] = field(default_factory=list)

    def send(self, key: Key, envelopes: list[Mapping[str, Any]], now: datetime, delay: int) -> None:
        """The envelopes of an event as it stands now; they arrive so many seconds later."""
        sending = Sending(key, self.truth.present(key).number, len(envelopes))
        self.under_way += [Letter(now + timedelta(seconds=delay), one, sending) for one in envelopes]

    def next_due(self) -> datetime | None:
        return min((one.due for one in self.under_way), default=None)

    def deliver(self, now: datetime) -> None:
        due = [one for one in self.under_way if one.due <= now]
        self.under_way = [one for one in self.under_way if one.due > now]
        self.mix.shuffle(due)
        for one in due:
            before = self.faults.number("collector", "dynamodb"), self.faults.crossed
            self.cell.notify(one.envelope)
            self._note(one.sending, taken=before == (self.faults.number("collector", "dynamodb"), self.faults.crossed))

    def _note(self, sending: Sending, *, taken: bool) -> None:
        sending.left -= 1
        sending.clean = sending.clean and taken
        if sending.clean and not sending.left:
            self.truth.noticed(sending.key, sending.number)
