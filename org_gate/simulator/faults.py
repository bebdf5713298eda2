"""What goes wrong in the simulated AWS, when, and for whom (S4).

``down`` answers 503, ``throttle`` the service's throttling code, ``denied`` an access error, each in the protocol of
the service. ``slow`` gives the real answer, late: the connection is held for ``HOLD_SECONDS`` of real time (a little
longer than the few seconds a gate waits for central, so that its client times out), for other services for
``DELAY_SECONDS``, which their clients sit out.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Lock
from typing import Final

from org_gate.simulator import refusals
from org_gate.simulator.base import AwsError, Call, Caller, SimClock

CENTRAL: Final = "central"
SERVICES: Final = ("health", CENTRAL, "dynamodb", "sts", "codepipeline", "sns", "sqs")
KINDS: Final = ("down", "throttle", "slow", "denied")
HOLD_SECONDS: Final = 7.0
DELAY_SECONDS: Final = 0.02
"""Short: a poll makes several calls, and an hour has sixty polls."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault, from ``since`` on and before ``until`` (None: to the end), in simulated time.

    ``account`` is whose calls fail, ``region`` the Region called; None means all.
    """

    service: str
    kind: str
    since: datetime
    until: datetime | None = None
    region: str | None = None
    account: str | None = None

    def __post_init__(self) -> None:
        if self.service not in SERVICES or self.kind not in KINDS:
            known = f"services: {', '.join(SERVICES)}; kinds: {', '.join(KINDS)}"
            msg = f"no fault {self.kind!r} of {self.service!r}; {known}"
            raise ValueError(msg)

    def strikes(self, service: str, region: str, account: str, now: datetime) -> bool:
        return (
            self.service == service
            and self.region in (None, region)
            and self.account in (None, account)
            and self.since <= now
            and (self.until is None or now < self.until)
        )


class Faults:
    """The faults of one simulator. ``hold_seconds`` is how long a slow central keeps a caller waiting."""

    def __init__(
        self, clock: SimClock, hold_seconds: float = HOLD_SECONDS, delay_seconds: float = DELAY_SECONDS
    ) -> None:
        self._clock = clock
        self._hold_seconds = hold_seconds
        self._delay_seconds = delay_seconds
        self._faults: list[Fault] = []
        self._lock = Lock()
        self._released = Event()

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def check(self, call: Call, protocol: str) -> None:
        """Raises AwsError where a fault refuses the call; returns late where one slows it."""
        for fault in self._striking(call.service, call.region, call.caller.account):
            match fault.kind:
                case "slow":
                    self._released.wait(self._delay_seconds)
                case "down":
                    raise refusals.unavailable(call.service)
                case "throttle":
                    raise refusals.throttled(call.service, protocol)
                case _:
                    message = f"User: {call.caller.arn} is not authorized to perform: {call.service}:{call.operation}"
                    raise refusals.denied(call.service, protocol, f"{message} (a fault of the scenario)")

    def check_central(self, region: str, caller: Caller) -> None:
        """The same for the decision API; only the status and the message of the error are meant for it."""
        for fault in self._striking(CENTRAL, region, caller.account):
            match fault.kind:
                case "slow":
                    self._released.wait(self._hold_seconds)
                case "down":
                    raise AwsError("ServiceUnavailable", "Service Unavailable", 503)
                case "throttle":
                    raise AwsError("TooManyRequestsException", "Rate Exceeded.", 429)
                case _:
                    raise AwsError("AccessDeniedException", "Forbidden", 403)

    def strike(self, service: str, region: str, account: str) -> bool:
        """Whether a call of the service in that Region by that account would be met by one now."""
        return any(self._striking(service, region, account))

    def release(self) -> None:
        """Lets everybody go who is held, now and from here on: the simulator stops."""
        self._released.set()

    def _striking(self, service: str, region: str, account: str) -> Iterator[Fault]:
        now = self._clock.now()
        with self._lock:
            faults = tuple(self._faults)
        return (fault for fault in faults if fault.strikes(service, region, account, now))
