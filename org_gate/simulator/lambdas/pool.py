"""Running instances of functions: one invocation at a time each, few kept, none older than what is deployed.

Knows nothing of how an instance runs. Safe to use from several threads.
"""

import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Final, Generic, Protocol, TypeVar

from org_gate.simulator.base import InvocationResult
from org_gate.simulator.lambdas.environment import NOT_ALLOWED, error_payload
from org_gate.simulator.lambdas.functions import DeployedFunction, InstanceKey, RoleNotUsableError

BAD_ZIP: Final = "Runtime.BadZip"


class Instance(Protocol):
    """Something that can run one function's code."""

    def usable(self) -> bool: ...

    def close(self) -> None: ...


InstanceT = TypeVar("InstanceT", bound=Instance)


class Pool(Generic[InstanceT]):
    """``kept`` is how many idle instances stay, the least recently used going first."""

    def __init__(self, start: Callable[[DeployedFunction], InstanceT], kept: int) -> None:
        self._start = start
        self._kept = kept
        self._lock = Lock()
        self._idle: list[tuple[InstanceKey, InstanceT]] = []

    def run(self, function: DeployedFunction, invocation: Callable[[InstanceT], InvocationResult]) -> InvocationResult:
        """What the invocation comes to on an instance, or why there can be none."""
        try:
            with self.instance(function) as instance:
                return invocation(instance)
        except RoleNotUsableError as error:
            return InvocationResult(error_payload(NOT_ALLOWED, str(error)), NOT_ALLOWED, "")
        except zipfile.BadZipFile as error:
            return InvocationResult(error_payload(BAD_ZIP, str(error)), BAD_ZIP, "")

    @contextmanager
    def instance(self, function: DeployedFunction) -> Iterator[InstanceT]:
        """An instance for the length of one invocation, started where none is idle."""
        taken = self._take(function)
        instance = self._start(function) if taken is None else taken
        try:
            yield instance
        finally:
            self._give_back(function.key, instance)

    def close(self) -> None:
        with self._lock:
            idle, self._idle = self._idle, []
        for _, instance in idle:
            instance.close()

    def _take(self, function: DeployedFunction) -> InstanceT | None:
        with self._lock:
            outdated = [entry for entry in self._idle if _outdated(entry[0], function)]
            self._idle = [entry for entry in self._idle if not _outdated(entry[0], function)]
            fitting = next((entry for entry in reversed(self._idle) if entry[0] == function.key), None)
            if fitting is not None:
                self._idle.remove(fitting)
        for _, instance in outdated:
            instance.close()
        return None if fitting is None else fitting[1]

    def _give_back(self, key: InstanceKey, instance: InstanceT) -> None:
        if not instance.usable():
            instance.close()
            return
        with self._lock:
            self._idle.append((key, instance))
            surplus, self._idle = self._idle[: -self._kept], self._idle[-self._kept :]
        for _, evicted in surplus:
            evicted.close()


def _outdated(key: InstanceKey, function: DeployedFunction) -> bool:
    """It runs what this function was before an update."""
    return key[0] == function.arn and key != function.key
