"""The calls that reach the simulated AWS, as it hears them: counted by operation, and each as late as it is told.

What is counted is what came in at the front door, whoever sent it, and a retry as often as it was sent.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Lock

from org_gate.simulator.base import Call
from org_gate.simulator.world import World


class Calls:
    """A watcher of the front door. ``seconds`` is how late a service answers, by botocore's name of it."""

    def __init__(self, seconds: Mapping[str, float]) -> None:
        self._seconds = seconds
        self._lock = Lock()
        self._heard: Counter[tuple[str, str]] = Counter()

    def __call__(self, call: Call) -> None:
        with self._lock:
            self._heard[call.service, call.operation] += 1
        if late := self._seconds.get(call.service):
            time.sleep(late)

    def of(self, service: str) -> Counter[str]:
        """How often each operation was called since the start or ``forget``."""
        with self._lock:
            return Counter({name: count for (own, name), count in self._heard.items() if own == service})

    def number(self, service: str) -> int:
        return self.of(service).total()

    def forget(self) -> None:
        with self._lock:
            self._heard.clear()


@contextmanager
def watched(world: World, seconds: Mapping[str, float] | None = None) -> Iterator[Calls]:
    """The calls of the world for as long as it lasts."""
    calls = Calls(seconds or {})
    world.aws.door.watchers.append(calls)
    try:
        yield calls
    finally:
        world.aws.door.watchers.remove(calls)
