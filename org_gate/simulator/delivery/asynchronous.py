"""Asynchronous invocations of functions: queued, run when the loop says so, retried as Lambda does.

A failed event is tried again after one minute and after two more, as often and as long as the function's
configuration lets it. What is given up is kept with its reason, never dropped in silence.
"""

import heapq
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from threading import Lock
from typing import Any, Final

from moto.awslambda.models import lambda_backends

from org_gate.simulator.base import Invoker, SimClock

_RETRY_AFTER: Final = (timedelta(minutes=1), timedelta(minutes=2))
_DEFAULT_RETRIES: Final = 2
_DEFAULT_AGE: Final = 21_600


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Something that could not be delivered, and why."""

    at: datetime
    what: str
    why: str


@dataclass(order=True, frozen=True, slots=True)
class _Waiting:
    due: datetime
    number: int
    account: str = field(compare=False)
    region: str = field(compare=False)
    function: str = field(compare=False)
    payload: Mapping[str, Any] = field(compare=False)
    since: datetime = field(compare=False)
    failures: int = field(compare=False, default=0)


class AsynchronousInvocations:
    """First in, first out among those that are due. Events may be added from any thread."""

    def __init__(self, clock: SimClock, invoker: Invoker, given_up: list[GivenUp]) -> None:
        self._clock = clock
        self._invoker = invoker
        self._given_up = given_up
        self._lock = Lock()
        self._waiting: list[_Waiting] = []
        self._numbers = count()

    def add(self, account: str, region: str, function: str, payload: Mapping[str, Any]) -> None:
        now = self._clock.now()
        self._push(_Waiting(now, next(self._numbers), account, region, function, payload, now))

    def next_due(self) -> datetime | None:
        with self._lock:
            return self._waiting[0].due if self._waiting else None

    def run_one(self) -> bool:
        """Runs the first that is due; False where none is."""
        with self._lock:
            if not self._waiting or self._waiting[0].due > self._clock.now():
                return False
            waiting = heapq.heappop(self._waiting)
        try:
            result = self._invoker.invoke(waiting.account, waiting.region, waiting.function, waiting.payload)
        except KeyError as error:  # deleted since
            self._give_up(waiting, str(error))
            return True
        if result.failure is not None:
            self._failed(waiting, result.failure)
        return True

    def _failed(self, waiting: _Waiting, why: str) -> None:
        retries, age = _retry_configuration(waiting)
        if waiting.failures >= retries:
            self._give_up(waiting, why)
            return
        due = self._clock.now() + _RETRY_AFTER[waiting.failures]
        if due - waiting.since > age:
            self._give_up(waiting, f"older than {age}; last {why}")
            return
        again = (waiting.account, waiting.region, waiting.function, waiting.payload, waiting.since)
        self._push(_Waiting(due, next(self._numbers), *again, failures=waiting.failures + 1))

    def _push(self, waiting: _Waiting) -> None:
        with self._lock:
            heapq.heappush(self._waiting, waiting)

    def _give_up(self, waiting: _Waiting, why: str) -> None:
        what = f"an event for function {waiting.function} in {waiting.account} {waiting.region}"
        self._given_up.append(GivenUp(self._clock.now(), what, why))


def _retry_configuration(waiting: _Waiting) -> tuple[int, timedelta]:
    function = lambda_backends[waiting.account][waiting.region].get_function(waiting.function)
    config = function.event_invoke_config[-1].config if function.event_invoke_config else {}
    retries = int(config.get("MaximumRetryAttempts", _DEFAULT_RETRIES))
    return retries, timedelta(seconds=int(config.get("MaximumEventAgeInSeconds", _DEFAULT_AGE)))
