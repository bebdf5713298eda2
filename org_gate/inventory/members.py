"""The way into member accounts: the read-only role that every gate's stack leaves there, and many accounts at once.

One AssumeRole for each account; what the role may do is all that can be done inside: list and read pipelines, look at
the gate's function and call it. What to make of the answers is not decided here, and nothing is changed.
"""

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ConnectTimeoutError, ReadTimeoutError

from org_gate.inventory.errors import BUSY, DENIED, RolloutError, asking_aws

FUNCTION: Final = "org-gate"
"""The gate's name in every account and Region."""
AWS_FAULTS: Final = (ClientError, BotoCoreError)
_TIMEOUTS: Final = (ConnectTimeoutError, ReadTimeoutError)
_AT_ONCE: Final = 12
_CONFIG: Final = Config(connect_timeout=10, read_timeout=75, retries={"mode": "standard", "total_max_attempts": 3})
"""A gate may take its whole minute to answer."""

Item = TypeVar("Item")
Result = TypeVar("Result")
Told = Callable[[int, int], None]
"""How far the work is: done, of how many."""


class NoWayInError(RolloutError):
    """An account cannot be looked into; ``cause`` is the same text for all accounts that have the same trouble."""

    def __init__(self, cause: str) -> None:
        super().__init__(cause)
        self.cause = cause


class Inside:
    """An account, seen through its read-only role. For one thread."""

    def __init__(self, make: Callable[..., Any], credentials: Mapping[str, Any]) -> None:
        self._make = make
        self._keys = {
            "aws_access_key_id": credentials["AccessKeyId"],
            "aws_secret_access_key": credentials["SecretAccessKey"],
            "aws_session_token": credentials["SessionToken"],
        }

    def client(self, service: str, region: str) -> Any:
        return self._make(service, region_name=region, config=_CONFIG, **self._keys)


class Doors:
    """The doors of member accounts, for the central account's credentials in ``session``; threads may share it.

    STS is asked in ``region``, the central one: no other has to work.
    """

    def __init__(self, session: boto3.Session, region: str) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._partition = session.get_partition_for_region(region)
        self._sts = self._make("sts", region_name=region, config=_CONFIG)
        with asking_aws("find the AWS credentials to look into accounts with"):
            self._sts.get_caller_identity()

    def enter(self, account: str, regions: Sequence[str]) -> Inside:
        """By the role of the first of the gates in ``regions`` that lets in. Raises NoWayInError."""
        cause = "no stack of a gate is there, and so no role to read with"
        for region in regions:
            role = f"arn:{self._partition}:iam::{account}:role/{FUNCTION}-read-{region}"
            try:
                assumed = self._sts.assume_role(RoleArn=role, RoleSessionName="org-gate-rollout")
            except AWS_FAULTS as error:
                cause = _at_the_door(error)
            else:
                return Inside(self._make, assumed["Credentials"])
        raise NoWayInError(cause)

    def _make(self, service: str, **how: Any) -> Any:
        """boto3 does not promise that threads can make clients at the same time."""
        with self._lock:
            make: Callable[..., Any] = self._session.client
            return make(service, **how)


def nobody(_done: int, _of: int) -> None:
    """Hears how far the work is where nobody wants to know."""


def side_by_side(do: Callable[[Item], Result], items: Iterable[Item], told: Told = nobody) -> list[Result]:
    """``do`` for each item, a few at a time; results in the order of the items. Raises what ``do`` raises.

    ``told`` hears of each that is done, one at a time.
    """
    wanted = list(items)
    lock = threading.Lock()
    done = 0

    def work(item: Item) -> Result:
        nonlocal done
        result = do(item)
        with lock:
            done += 1
            told(done, len(wanted))
        return result

    pool = ThreadPoolExecutor(_AT_ONCE)
    try:
        futures = [pool.submit(work, item) for item in wanted]
        return [future.result() for future in futures]
    finally:
        pool.shutdown(cancel_futures=True)


def code_of(error: Exception) -> str:
    """AWS's error code, or the SDK's error type where no answer came."""
    return str(error.response["Error"]["Code"]) if isinstance(error, ClientError) else type(error).__name__


def fault_words(error: Exception) -> str:
    """The error in words that name no account, so that equal troubles read alike."""
    code = code_of(error)
    if isinstance(error, _TIMEOUTS):
        return "no answer in time"
    if code in DENIED and "service control policy" in str(error):
        return f"a service control policy of the organization forbids it ({code})"
    if code in DENIED:
        return f"not allowed ({code})"
    if code in BUSY:
        return f"AWS is busy ({code}); run again in a minute"
    return f"AWS answers {code}" if isinstance(error, ClientError) else f"AWS cannot be reached ({code})"


def _at_the_door(error: Exception) -> str:
    """Why a role cannot be assumed; AWS tells nobody whether it is there."""
    code = code_of(error)
    if code not in DENIED:
        return f"its read-only role cannot be assumed: {fault_words(error)}"
    return (
        f"its role {FUNCTION}-read-REGION does not let you in ({code}): the gate's stack is missing, unfinished or "
        "older than that role, or your credentials may not assume it"
    )
