"""Prepares moto for one simulated world and gives it back as it was: moto's state is the process's, one for all.

What is bound anew here is the ground that all services share: the state, the ids, the clock of what carries times to
our code. IAM and STS keep the real clock, for signatures are made on it. Services' own peculiarities are mended where
those services are.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any, Final

import moto.cloudformation.models
import moto.core.utils
import moto.events.models
import moto.logs.models
import moto.scheduler.models
import moto.sns.models
import moto.sqs.models
from moto.core.base_backend import AccountSpecificBackend
from moto.core.common_models import BaseModel
from moto.iam.access_control import PermissionResult
from moto.moto_api._internal import mock_random
from moto.moto_api._internal.models import moto_api_backend
from moto.organizations.models import FakeDelegatedAdministrator, organizations_backends
from moto.s3.models import FakeBucket
from moto.sqs.models import SQSBackend

from org_gate.simulator.base import SimClock
from org_gate.simulator.moto_tables import frugal_tables
from org_gate.simulator.rebind import rebound

HEALTH_PRINCIPAL: Final = "health.amazonaws.com"
STACKSETS_PRINCIPAL: Final = "member.org.stacksets.cloudformation.amazonaws.com"
ACCOUNT_PRINCIPAL: Final = "account.amazonaws.com"
_DELEGATED: Final = (HEALTH_PRINCIPAL, STACKSETS_PRINCIPAL, ACCOUNT_PRINCIPAL)
"""Services with delegated administrators that moto does not know as such."""

_MODULES: Final = (
    moto.cloudformation.models,
    moto.events.models,
    moto.logs.models,
    moto.scheduler.models,
    moto.sns.models,
    moto.sqs.models,
)
_CLOSES_WHAT_IT_MADE: Final = frozenset({"moto.s3.models"})
_MISLEADING: Final = ("MOTO_ACCOUNT_ID", "AWS_PROFILE", "AWS_DEFAULT_PROFILE")
"""Environment that would make every caller one account, or keep botocore from starting."""


@contextmanager
def moto_ground(clock: SimClock, seed: int = 0) -> Iterator[None]:
    """moto, empty, with repeatable ids and on the simulated clock, while the block lasts; empty again afterwards."""
    with ExitStack() as stack:
        _reset()
        stack.callback(_reset)
        stack.enter_context(_without_misleading_environment())
        AccountSpecificBackend.get_session()
        mock_random.seed(seed)
        for owner, name, value in _replacements(clock):
            stack.enter_context(rebound(owner, name, value))
        yield


def _reset() -> None:
    moto_api_backend.reset()
    organizations_backends.master_accounts.clear()


def _replacements(clock: SimClock) -> Iterator[tuple[Any, str, Any]]:
    times = _simulated_times(clock)
    for module in _MODULES:
        yield from ((module, name, value) for name, value in times.items() if name in vars(module))
    principals = FakeDelegatedAdministrator.SUPPORTED_SERVICES
    yield FakeDelegatedAdministrator, "SUPPORTED_SERVICES", [*principals, *_DELEGATED]
    yield SQSBackend, "receive_message", _never_waiting(SQSBackend.receive_message)
    # A bucket's policy is judged at the door: moto would leave out its conditions.
    yield FakeBucket, "get_permission", lambda *_: PermissionResult.NEUTRAL
    yield BaseModel, "__new__", staticmethod(_remembered_where_needed)
    yield from frugal_tables()


def _simulated_times(clock: SimClock) -> dict[str, Callable[..., Any]]:
    """The time functions of moto by name, with the simulated now where they would take the real one."""

    def naive_now() -> datetime:
        return clock.now().replace(tzinfo=None)

    def at(function: Callable[[datetime], Any]) -> Callable[..., Any]:
        return lambda moment=None: function(moment or naive_now())

    core = moto.core.utils
    return {
        "utcnow": naive_now,
        "unix_time": at(core.unix_time),
        "unix_time_millis": at(core.unix_time_millis),
        "iso_8601_datetime_with_milliseconds": at(core.iso_8601_datetime_with_milliseconds),
    }


def _remembered_where_needed(cls: Any, *_args: Any, **_kwargs: Any) -> Any:
    """Moto keeps every object that it ever made, each copy of each item, for a dashboard that nobody opens here."""
    instance = object.__new__(cls)
    if cls.__module__ in _CLOSES_WHAT_IT_MADE:
        cls.instances_tracked.append(instance)
    return instance


def _never_waiting(receive_message: Callable[..., Any]) -> Callable[..., Any]:
    """Long polling would wait for a simulated clock that stands still meanwhile."""

    def at_once(backend: Any, queue_name: str, count: int, _wait: int, *args: Any, **kwargs: Any) -> Any:
        return receive_message(backend, queue_name, count, 0, *args, **kwargs)

    return at_once


@contextmanager
def _without_misleading_environment() -> Iterator[None]:
    kept = {name: os.environ.pop(name) for name in _MISLEADING if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)
