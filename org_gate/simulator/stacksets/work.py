"""The work of one operation: which instances are at it, which wait, and when it is enough of failures.

Region by Region, or in all of them at once; in each, some accounts at a time. Nothing here knows what is done to an
instance, nor a clock: whoever drives it says when one of those that run is finished.
"""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final, Protocol

TOO_MANY_FAILURES: Final = "Cancelled since failure tolerance has exceeded"
STOPPED: Final = "Cancelled since the operation was stopped by a user"


@dataclass
class Result:
    """What an operation came to in one account and Region so far."""

    account: str
    region: str
    ou: str
    status: str = "PENDING"
    reason: str = ""


class Deed(Protocol):
    """What is done in one place. ``result`` says where."""

    def begins(self, result: Result) -> None: ...

    def ends(self, result: Result) -> str:
        """Does it; the reason where it failed, else an empty string."""
        ...

    def is_cancelled(self, result: Result) -> None: ...


class _Region:
    """The accounts of one Region."""

    def __init__(self, results: Sequence[Result], preferences: Mapping[str, Any]) -> None:
        self.waiting = deque(results)
        self.running = 0
        self.failures = 0
        self.tolerance = _share(preferences, "FailureTolerance", len(results), 0)
        self._most = max(1, _share(preferences, "MaxConcurrent", len(results), 1))
        self._strict = preferences.get("ConcurrencyMode", "STRICT_FAILURE_TOLERANCE") == "STRICT_FAILURE_TOLERANCE"

    @property
    def is_exceeded(self) -> bool:
        return self.failures > self.tolerance

    def free(self) -> int:
        """How many more may begin now."""
        most = min(self._most, self.tolerance + 1 - self.failures) if self._strict else self._most
        return 0 if self.is_exceeded else max(0, most - self.running)

    @property
    def is_done(self) -> bool:
        return not self.waiting and not self.running


class Work:
    """``results`` stand in the order in which their places come up."""

    def __init__(self, results: Iterable[Result], deed: Deed, preferences: Mapping[str, Any]) -> None:
        self.results = _in_order(results, preferences.get("RegionOrder") or [])
        self._deed = deed
        self._regions = [
            _Region(list(same), preferences) for _, same in groupby(self.results, key=lambda result: result.region)
        ]
        self._parallel = preferences.get("RegionConcurrencyType") == "PARALLEL"
        self._running: deque[tuple[_Region, Result]] = deque()
        self._fill()

    @property
    def is_done(self) -> bool:
        return all(region.is_done for region in self._regions)

    @property
    def is_exceeded(self) -> bool:
        """Whether more failed in some Region than is tolerated."""
        return any(region.is_exceeded for region in self._regions)

    @property
    def failures(self) -> int:
        return sum(result.status == "FAILED" for result in self.results)

    def finish_one(self) -> None:
        """Ends the one that has run longest, where one runs, and lets others begin."""
        if not self._running:
            return
        region, result = self._running.popleft()
        region.running -= 1
        result.reason = self._deed.ends(result)
        result.status = "FAILED" if result.reason else "SUCCEEDED"
        region.failures += result.status == "FAILED"
        self._fill()

    def stop(self) -> None:
        """Nothing more begins; what runs goes on to its end."""
        for region in self._regions:
            self._cancel(region, STOPPED)

    def _fill(self) -> None:
        for region in self._regions:
            if region.is_exceeded:
                self._cancel(region, TOO_MANY_FAILURES)
            for _ in range(min(region.free(), len(region.waiting))):
                self._begin(region, region.waiting.popleft())
            if not self._parallel and region.is_exceeded:
                for other in self._regions:
                    self._cancel(other, TOO_MANY_FAILURES)
            if not self._parallel and not region.is_done:
                return

    def _begin(self, region: _Region, result: Result) -> None:
        region.running += 1
        result.status = "RUNNING"
        self._deed.begins(result)
        self._running.append((region, result))

    def _cancel(self, region: _Region, reason: str) -> None:
        while region.waiting:
            result = region.waiting.popleft()
            result.status, result.reason = "CANCELLED", reason
            self._deed.is_cancelled(result)


def _share(preferences: Mapping[str, Any], name: str, total: int, default: int) -> int:
    if preferences.get(f"{name}Count") is not None:
        return int(preferences[f"{name}Count"])
    if preferences.get(f"{name}Percentage") is not None:
        return int(total * int(preferences[f"{name}Percentage"]) / 100)
    return default


def _in_order(results: Iterable[Result], regions: Sequence[str]) -> list[Result]:
    rank = {region: index for index, region in enumerate(regions)}
    return sorted(results, key=lambda each: (rank.get(each.region, len(rank)), each.region, each.account))
