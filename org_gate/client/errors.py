"""What can go wrong between a caller and the decision API, by who has to act.

    ApiError
    ├── Refused         the API answered, with a problem: the caller corrects the request     (exit code 2)
    ├── NoCredentials   nothing could be signed: nothing was found out                        (exit code 3)
    └── NoAnswer        no URL answered: nothing was found out                                (exit code 3)

``exit_code`` is what a command line ends with (C1).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


class ApiError(Exception):
    """Base of all; its text is for people."""

    exit_code: ClassVar[int]


class Refused(ApiError):  # noqa: N818  named for what happened
    """The API understood who asks and said no (a 4xx problem of RFC 9457)."""

    exit_code = 2

    def __init__(self, url: str, status: int, problem: Mapping[str, Any]) -> None:
        self.url = url
        self.status = status
        self.problem = dict(problem)
        self.detail = str(problem.get("detail") or problem.get("title") or "no detail given")
        super().__init__(f"The decision API refused ({status}): {self.detail}")


class NoCredentials(ApiError):  # noqa: N818  named for what happened
    """There are no AWS credentials, or they cannot be had now."""

    exit_code = 3

    def __init__(self, why: str) -> None:
        super().__init__(
            f"There are no AWS credentials to sign with ({why}), so nothing could be found out. Give some as for any "
            "AWS command: a profile (AWS_PROFILE), AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or the job's role."
        )


@dataclass(frozen=True, slots=True)
class Attempt:
    """One URL that did not answer, and why."""

    url: str
    why: str


class NoAnswer(ApiError):  # noqa: N818  named for what happened
    """Each URL was tried, in order, and none gave an answer of the decision API."""

    exit_code = 3

    def __init__(self, attempts: Sequence[Attempt]) -> None:
        self.attempts = tuple(attempts)
        tried = "; ".join(f"{attempt.url}: {attempt.why}" for attempt in attempts)
        super().__init__(f"No decision API answered, so nothing could be found out. {tried}")
