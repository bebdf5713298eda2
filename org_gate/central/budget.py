"""How much of the function's time is left, and what may still be begun in it.

A run stops by itself before Lambda ends it, so that it can say how far it came. What it is in the middle of may take
its worst time and still fit. The time left comes from Lambda's context; no clock is read here.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

CONNECT_SECONDS: Final = 2
READ_SECONDS: Final = 6
ASK_SECONDS: Final = 19
"""The worst time of one call, tried twice, and what it takes to store what was read before."""
STORE_SECONDS: Final = 8
"""What it takes to store an event with thousands of accounts, and to commit."""


@dataclass(frozen=True, slots=True)
class Budget:
    """``seconds_left`` is until Lambda ends the function."""

    seconds_left: Callable[[], float]

    def may_ask(self) -> bool:
        """Another call to AWS Health or AWS Organizations."""
        return self.seconds_left() > ASK_SECONDS

    def may_store(self) -> bool:
        """Another event, or another step of the tree."""
        return self.seconds_left() > STORE_SECONDS


ENDLESS: Final = Budget(lambda: math.inf)
