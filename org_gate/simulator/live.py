"""After a scenario has been played: the simulated clock goes on at the pace of the wall clock, until stopped.

The one place in the simulator that looks at real time, for those who work with it by hand.
"""

import time
from datetime import timedelta
from typing import Final, NoReturn

from org_gate.simulator.play import instant
from org_gate.simulator.world import World

_PACE: Final = 0.05
"""Seconds between two looks at what clients have asked for."""


class _Nobody:
    """Listens to nothing: what happens from now on is the clients' own doing."""

    def note(self, *_: object) -> None: ...

    def happened(self, *_: object) -> None: ...

    def refused(self, *_: object) -> None: ...

    def asked(self, *_: object) -> None: ...

    def went_on(self, *_: object) -> None: ...


def keep_going(world: World) -> NoReturn:
    """Polls, pipelines and queues go on, until something such as KeyboardInterrupt ends it."""
    began, start = time.monotonic(), world.clock.now()
    while True:
        time.sleep(_PACE)
        world.clock.advance_to(start + timedelta(seconds=int(time.monotonic() - began)))
        instant(world, [], _Nobody())
