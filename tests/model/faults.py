"""What goes wrong in the world of the model, and whose calls it struck.

Every call of the system to anything outside of itself comes through `Faults.call`. A fault refuses a call, lets it
happen and loses the answer or a part of it, or ends the process at it; and between two calls of one process others may
do something. Which verdict follows from that is not known here.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from threading import RLock
from typing import Any, Final, TypeVar, cast

from botocore.exceptions import ClientError, ReadTimeoutError

from org_gate.simulator import refusals
from org_gate.simulator.base import AwsError
from tests.unit.store.tables import Killed

T = TypeVar("T")
ANY: Final = "*"
REFUSING: Final = ("down", "throttle", "denied")
PARTIAL: Final = "partial"
RETRY: Final = "RetryStageExecution"
KINDS: Final = (*REFUSING, "timeout", "lost", PARTIAL)
"""``timeout``: nothing happened and no answer came; ``lost``: it happened, and no answer came.

``partial``: AWS Health answers, and has all that was asked for in its ``failedSet``.
"""


@dataclass(frozen=True)
class Fault:
    """Of calls of ``who`` to ``service``. ``times`` is how many it strikes, None for all until it is over."""

    who: str
    service: str
    operation: str = ANY
    kind: str = "down"
    times: int | None = None

    def fits(self, who: str, service: str, operation: str) -> bool:
        return self.service == service and self.who in {ANY, who} and self.operation in {ANY, operation}


@dataclass(frozen=True)
class Between:
    """What others ``do`` just after the n-th of such calls of ``who`` from now on was answered.

    But just before a retry of a stage is asked for: after it there is nothing left to do twice.
    """

    who: str
    operation: str
    number: int
    do: Callable[[], None]


@dataclass
class Faults:
    """``struck`` counts by who and service; ``kill`` ends the process of ``who`` at its n-th call from now on.

    ``crossed`` counts how often others did something between two calls of one process.
    """

    on: list[Fault] = field(default_factory=list)
    struck: Counter[tuple[str, str]] = field(default_factory=Counter)
    kill: tuple[str, int] | None = None
    between: Between | None = None
    crossed: int = 0
    _used: Counter[Fault] = field(default_factory=Counter)
    _lock: Any = field(default_factory=RLock)

    def call(self, who: str, service: str, operation: str, do: Callable[[], T]) -> T:
        """What ``do`` gives; raises ClientError, ReadTimeoutError or Killed instead, or after it."""
        between = self._between(who, operation)
        if between is not None and operation == RETRY:
            self._cross(between)
        with self._lock:
            dies = self._dies(who)
            fault = self.striking(who, service, operation)
            if fault is not None:
                self.struck[who, service] += 1
                self._used[fault] += 1
        if fault is not None and fault.kind not in {"lost", PARTIAL}:
            raise _error(fault, operation)
        answer = do()
        if dies:
            self.struck[who, "process"] += 1
            raise Killed
        if fault is not None and fault.kind == PARTIAL:
            return cast("T", _failing(answer))
        if fault is not None:
            raise _error(fault, operation)
        if between is not None and operation != RETRY:
            self._cross(between)
        return answer

    def striking(self, who: str, service: str, operation: str) -> Fault | None:
        """The fault that would strike such a call now."""
        fitting = (one for one in self.on if one.fits(who, service, operation))
        return next((one for one in fitting if one.times is None or self._used[one] < one.times), None)

    def number(self, who: str, *services: str) -> int:
        """How many calls of somebody to these services were struck so far; where his process ended, too."""
        return sum(self.struck[who, service] for service in (*services, "process"))

    def clear(self) -> None:
        self.on.clear()
        self._used.clear()
        self.kill = self.between = None

    def _cross(self, between: Between) -> None:
        self.crossed += 1
        between.do()

    def _between(self, who: str, operation: str) -> Between | None:
        """What is to happen after this call."""
        found = self.between
        if found is None or (found.who, found.operation) != (who, operation):
            return None
        self.between = replace(found, number=found.number - 1) if found.number > 1 else None
        return None if self.between else found

    def _dies(self, who: str) -> bool:
        if self.kill is None or self.kill[0] != who:
            return False
        left = self.kill[1] - 1
        self.kill = (who, left) if left > 0 else None
        return left <= 0


def _failing(answer: Any) -> Any:
    """An answer about details with every item in its ``failedSet``; any other as it is."""
    told = answer.get("successfulSet", ())
    whose = [{name: one[name] for name in ("awsAccountId",) if name in one} for one in told]
    failed = [
        {"eventArn": one["event"]["arn"], **account, "errorName": "InternalError", "errorMessage": "not now"}
        for one, account in zip(told, whose, strict=True)
    ]
    return {**answer, "successfulSet": [], "failedSet": [*answer.get("failedSet", ()), *failed]} if told else answer


def _error(fault: Fault, operation: str) -> ClientError | ReadTimeoutError:
    if fault.kind in {"timeout", "lost"}:
        return ReadTimeoutError(endpoint_url=f"https://{fault.service}.example")
    protocol = "query" if fault.service in {"sts", "sns"} else "json"
    refusal = {
        "down": lambda: refusals.unavailable(fault.service),
        "throttle": lambda: refusals.throttled(fault.service, protocol),
        "denied": lambda: refusals.denied(fault.service, protocol, "it is denied"),
    }[fault.kind]()
    return client_error(refusal, operation)


def client_error(error: AwsError, operation: str, date: str = "") -> ClientError:
    """As botocore raises what AWS answered."""
    meta: Any = {"HTTPStatusCode": error.status, "HTTPHeaders": {"date": date} if date else {}}
    return ClientError({"Error": {"Code": error.code, "Message": error.message}, "ResponseMetadata": meta}, operation)
