"""What can go wrong with AWS Health, by who has to act.

HealthError                 AWS Health could not be read; the next poll tries again
├── HealthThrottledError         nobody: it gives way by itself
├── HealthOutOfTimeError         nobody: the next poll goes on where this one stopped
├── HealthUnreachableError       nobody at first: AWS Health or the way to it is down
├── HealthNoSupportPlanError     whoever pays for the support plan of the central account
├── HealthDeniedError            whoever set up the organization view and the collector's role
└── HealthRefusedError           us: AWS Health did not accept the question
"""

from typing import ClassVar


class HealthError(Exception):
    """AWS Health could not be read. ``operation`` is what was asked, ``code`` AWS's own word for the fault."""

    kind: ClassVar[str] = "unknown"
    advice: ClassVar[str] = "The next poll tries again."

    def __init__(self, operation: str, code: str, message: str) -> None:
        super().__init__(f"{operation} failed with {code}: {message}. {self.advice}")
        self.operation = operation
        self.code = code


class HealthThrottledError(HealthError):
    """Too many calls."""

    kind = "throttled"
    advice = "AWS Health takes no more calls at present; the next poll tries again."


class HealthOutOfTimeError(HealthError):
    """Nothing went wrong; the function's time is nearly up, so nothing more was begun."""

    kind = "out_of_time"
    advice = "The next poll goes on where this one stopped."

    def __init__(self, operation: str) -> None:
        super().__init__(operation, "OutOfTime", "the function's time is nearly up, so it was not begun")


class HealthUnreachableError(HealthError):
    """No answer, or a server's fault."""

    kind = "unreachable"
    advice = "AWS Health could not be reached in any of its Regions; the next poll tries again."


class HealthNoSupportPlanError(HealthError):
    """No support plan that includes AWS Health's API."""

    kind = "no_support_plan"
    advice = "AWS Health's API needs a Business, Enterprise or Unified Operations support plan in the central account."


class HealthDeniedError(HealthError):
    """The organization view is not enabled, this account is not its delegated administrator, or the role may not."""

    kind = "denied"
    advice = (
        "Enable AWS Health's organization view, register this account as its delegated administrator, "
        "and see that the collector's role allows this action."
    )


class HealthRefusedError(HealthError):
    """AWS Health did not accept the question."""

    kind = "refused"
    advice = "This is a fault of org-gate or a change of AWS Health; the next poll tries again."


_BY_CODE = {
    "ThrottlingException": HealthThrottledError,
    "Throttling": HealthThrottledError,
    "ThrottledException": HealthThrottledError,
    "TooManyRequestsException": HealthThrottledError,
    "RequestLimitExceeded": HealthThrottledError,
    "ConcurrentModificationException": HealthThrottledError,
    "SubscriptionRequiredException": HealthNoSupportPlanError,
    "AccessDeniedException": HealthDeniedError,
    "AccessDenied": HealthDeniedError,
    "UnrecognizedClientException": HealthDeniedError,
    "InvalidClientTokenId": HealthDeniedError,
    "ExpiredTokenException": HealthDeniedError,
}
_SERVER_FAULT = 500


def health_error(operation: str, code: str, message: str, status: int) -> HealthError:
    """The error for AWS's code; a server's fault without a code of its own counts as unreachable."""
    if (known := _BY_CODE.get(code)) is not None:
        return known(operation, code, message)
    if status >= _SERVER_FAULT:
        return HealthUnreachableError(operation, code, message)
    return HealthRefusedError(operation, code, message)
