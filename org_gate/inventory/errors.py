"""What can go wrong while rolling out, by who has to act. Every message says what happened, what it means, what to do.

RolloutError
├── BuildError         the functions' code could not be built on this machine
├── MismatchError      the organization or the session is not what the specification says
├── AwsRefusedError    AWS did not answer, or said no
├── TookTooLongError   AWS was still at it when patience ended
├── StackError         the central stack did not come up
├── MembersError       some accounts did not get their gate
└── StoppedError       the rollout stopped: gates failed, or do not answer
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError


class RolloutError(Exception):
    """The base: ``str()`` of it is for people."""


class BuildError(RolloutError):
    """The functions' code could not be built."""


class MismatchError(RolloutError):
    """The specification and what is there contradict each other."""


class TookTooLongError(RolloutError):
    """AWS was not done when patience ended; the work goes on there."""


class StackError(RolloutError):
    """The central stack did not come up, or cannot be changed as it stands."""


class AwsRefusedError(RolloutError):
    """``code`` is AWS's error code, or the SDK's error type where no answer came."""

    def __init__(self, doing: str, code: str, message: str) -> None:
        super().__init__(f"Could not {doing}: {code}: {message} {_mend(code, message)}")
        self.code = code


@dataclass(frozen=True, slots=True)
class InstanceResult:
    """What a StackSet operation came to in one account and Region; ``status`` and ``reason`` are CloudFormation's."""

    account: str
    region: str
    status: str
    reason: str


class MembersError(RolloutError):
    """``failures`` are the accounts and Regions without a gate that is up to date."""

    def __init__(self, operation: str, failures: Sequence[InstanceResult]) -> None:
        super().__init__(_failures_text(operation, failures))
        self.failures = tuple(failures)


class StoppedError(RolloutError):
    """``failures`` are the gates because of which the rollout did not go on; ``left`` is what that leaves undone."""

    def __init__(self, what: str, failures: Sequence[InstanceResult], left: str) -> None:
        super().__init__(what + _by_reason(failures) + f"\n{left}")
        self.failures = tuple(failures)


DENIED: Final = ("AccessDenied", "AccessDeniedException", "UnauthorizedOperation")
_CREDENTIALS: Final = ("ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "NoCredentialsError")
BUSY: Final = ("Throttling", "ThrottlingException", "TooManyRequestsException", "ServiceUnavailable")
_NOT_THERE: Final = ("NoSuchBucket", "NoSuchEntity", "ResourceNotFoundException", "404")
_STACKSETS: Final = "member.org.stacksets.cloudformation.amazonaws.com"


@contextmanager
def asking_aws(doing: str) -> Iterator[None]:
    """The door to AWS: its errors become AwsRefusedError, which says what we were doing."""
    try:
        yield
    except ClientError as error:
        answer = error.response.get("Error", {})
        raise AwsRefusedError(doing, answer.get("Code", "Unknown"), answer.get("Message", "")) from error
    except BotoCoreError as error:
        raise AwsRefusedError(doing, type(error).__name__, str(error)) from error


def is_there(look: Callable[[], Any]) -> bool:
    """Whether AWS finds what ``look`` asks for, and it is not empty. Raises what else AWS says, as it says it."""
    try:
        return bool(look())
    except ClientError as error:
        if error.response["Error"]["Code"] in _NOT_THERE:
            return False
        raise


def _mend(code: str, message: str) -> str:
    if code in DENIED:
        return "Nothing was changed by this call. Use credentials of the central account that may do it, and run again."
    if code in _CREDENTIALS:
        return "Sign in to the central account and run again."
    if code in BUSY:
        return "AWS is busy; run again in a minute: what is done already is kept."
    if code == "ValidationError" and "delegated admin" in message.lower():
        return (
            f"From the management account: aws organizations register-delegated-administrator --service-principal "
            f"{_STACKSETS} --account-id CENTRAL-ACCOUNT; then run again."
        )
    if code == "AWSOrganizationsNotInUseException":
        return "Use credentials of the delegated-administrator account of your organization."
    return "Mend that and run again: what is done already is kept."


def _failures_text(operation: str, failures: Sequence[InstanceResult]) -> str:
    return (
        f"{len(failures)} of the gates are not up to date (operation {operation}); pipelines there go on without this "
        "version, or fail for want of a gate. Mend the reasons below and run again: gates that are up to date stay."
    ) + _by_reason(failures)


def _by_reason(failures: Sequence[InstanceResult]) -> str:
    """A line for each reason, the most frequent first."""
    by_reason: dict[str, list[str]] = {}
    for failure in failures:
        place = f"{failure.account}/{failure.region}"
        by_reason.setdefault(failure.reason or failure.status, []).append(place)
    most_first = sorted(by_reason.items(), key=lambda item: (-len(item[1]), item[0]))
    return "".join(f"\n  {reason}: {', '.join(sorted(places))}" for reason, places in most_first)
