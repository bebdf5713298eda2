"""What is told of a job to who watches the pipelines: frozen words, nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

Trigger = Literal["run", "retry", "resume", "hold"]
Result = Literal["succeeded", "failed", "held"]


@dataclass(frozen=True, slots=True)
class JobAnswer:
    """A job that was answered finally, or began to be held; what follows within a hold is not told.

    ``attempt`` counts the askings of the execution; a hold keeps its number. ``trigger`` is why it was asked:
    ``retry`` by a person (an IAM user), ``resume`` by an assumed role, ``hold`` for the end of a hold.
    ``message`` is what CodePipeline shows, ``returned`` what that invocation of the function returned, None
    where it ended in an error.
    """

    at: datetime
    account: str
    region: str
    pipeline: str
    execution_id: str
    stage: str
    action: str
    attempt: int
    trigger: Trigger
    result: Result
    message: str
    returned: Any


@dataclass(frozen=True, slots=True)
class Unanswered:
    """An action that failed without an answer: its function is missing, its configuration wrong, or it was silent."""

    at: datetime
    account: str
    region: str
    pipeline: str
    execution_id: str
    stage: str
    action: str
    message: str


Told = JobAnswer | Unanswered
Observer = Callable[[JobAnswer], None]
UnansweredObserver = Callable[[Unanswered], None]
