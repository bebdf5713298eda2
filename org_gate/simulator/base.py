"""The words the simulator's parts share: the clock, who calls, what is called, how AWS says no.

Nothing here knows moto, HTTP or a service.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from org_gate.model.times import whole


class SimClock:
    """The simulated time: moved by the one loop that drives the simulator, read by everybody."""

    def __init__(self, start: datetime) -> None:
        self._now = whole(start)

    def now(self) -> datetime:
        """Whole seconds, UTC."""
        return self._now

    def advance_to(self, moment: datetime) -> None:
        """Raises ValueError where the moment is in the simulated past."""
        moment = whole(moment)
        if moment < self._now:
            msg = f"the simulated clock is at {self._now}; it cannot go back to {moment}"
            raise ValueError(msg)
        self._now = moment


@dataclass(frozen=True, slots=True)
class Caller:
    """Who signed a request. ``arn`` is an IAM user or an assumed role; ``role_arn`` is set for the latter."""

    account: str
    arn: str
    access_key_id: str
    user_id: str
    role_arn: str | None = None
    user_name: str | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One AWS API call, parsed by botocore's model. ``service`` is botocore's name, ``params`` its input shape."""

    service: str
    operation: str
    params: Mapping[str, Any]
    region: str
    caller: Caller


class AwsError(Exception):
    """An error as AWS would answer it: ``code`` is the wire code, ``status`` the HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


class OwnService(Protocol):
    """An AWS service that the simulator itself provides (moto has none, or too little)."""

    operations: frozenset[str]
    """The operations it answers; others of that service go to moto where it has them, else fail loudly."""

    def handle(self, call: Call) -> dict[str, Any]:
        """The output shape of ``call.operation``. Raises AwsError."""
        ...


@dataclass(frozen=True, slots=True)
class OrgAccount:
    """A member (or the management) account. ``status`` is ACTIVE or SUSPENDED, ``parent_id`` a root or OU id."""

    id: str
    name: str
    status: str
    parent_id: str


class OrgView(Protocol):
    """What the simulated services ask of the organization."""

    id: str
    management: str
    root_id: str

    def accounts(self) -> tuple[OrgAccount, ...]:
        """All accounts, the management account included, in order of id."""
        ...

    def accounts_below(self, parent_id: str) -> tuple[str, ...]:
        """Ids of the accounts below a root or OU at any depth, in order, suspended and management included.

        Raises KeyError where there is no such root or OU.
        """
        ...

    def is_active(self, account: str) -> bool:
        """Whether it is a member (or the management account) that is not suspended."""
        ...

    def is_delegated(self, account: str, service_principal: str) -> bool: ...

    def has_trusted_access(self, service_principal: str) -> bool: ...

    def enable_trusted_access(self, service_principal: str) -> None:
        """As services do it on behalf of the management account."""
        ...

    def disable_trusted_access(self, service_principal: str) -> None: ...


class RegionView(Protocol):
    """Where accounts can have anything."""

    def is_enabled(self, account: str, region: str) -> bool: ...


@dataclass(frozen=True, slots=True)
class InvocationResult:
    """What an invocation came to. ``error`` is the error type, None where it answered."""

    payload: Any
    error: str | None
    log: str

    @property
    def failure(self) -> str | None:
        """The error and its message; None where it answered."""
        if self.error is None:
            return None
        said = self.payload.get("errorMessage", "") if isinstance(self.payload, Mapping) else self.payload
        return f"{self.error}: {said}"


class Invoker(Protocol):
    """Runs a deployed function's code."""

    def invoke(self, account: str, region: str, function_name: str, payload: Mapping[str, Any]) -> InvocationResult:
        """Raises KeyError where there is no such function."""
        ...
