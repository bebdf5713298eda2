"""When operations begin, go on and end: one at a time, or side by side where the StackSet manages their execution.

Nothing goes on by itself. With a pace, each look at a StackSet's operations carries each that runs on by so many
instances; without one, an operation is over when its request is answered.
"""

from typing import Final

from org_gate.simulator.base import AwsError, SimClock
from org_gate.simulator.stacksets.model import ACTIVE, Operation, StackSet

_ALL_AT_ONCE: Final = 1_000_000_000


class Operations:
    """``pace`` is how many instances of each operation that runs are finished at a look; None: all, at once."""

    def __init__(self, clock: SimClock, pace: int | None = None) -> None:
        self._clock = clock
        self._pace = pace

    def request(self, stack_set: StackSet, operation: Operation, *, automatic: bool = False) -> None:
        """Begins it, or queues it behind others. Raises AwsError where it may not even wait.

        Automatic deployments wait whatever the StackSet's settings.
        """
        others = stack_set.unfinished()
        if others and not automatic and not stack_set.has_managed_execution:
            raise in_progress(stack_set, others[0])
        stack_set.operations[operation.id] = operation
        if not others:
            self._begin(operation)
        while self._pace is None and stack_set.unfinished():
            self._carry_on(stack_set, _ALL_AT_ONCE)

    def look(self, stack_set: StackSet) -> None:
        """Somebody asks how far its operations are: they get further."""
        if self._pace is not None:
            self._carry_on(stack_set, self._pace)

    def stop(self, operation: Operation) -> None:
        """What has not begun never does. Raises AwsError where the operation is over."""
        if operation.is_over:
            raise AwsError("InvalidOperationException", f"Operation {operation.id} is {operation.status}, not running")
        if operation.work is None:
            self._end(operation, "STOPPED")
            return
        operation.status = "STOPPING"
        operation.work.stop()
        self._settle(operation)

    def _carry_on(self, stack_set: StackSet, most: int) -> None:
        for operation in stack_set.unfinished():
            for _ in range(most):
                if operation.work is None or operation.work.is_done:
                    break
                operation.work.finish_one()
            self._settle(operation)
        self._begin_what_waits(stack_set)

    def _begin_what_waits(self, stack_set: StackSet) -> None:
        before: list[Operation] = []
        for operation in stack_set.unfinished():
            blocked = any(_conflict(stack_set, operation, other) for other in before)
            if operation.status == "QUEUED" and not blocked:
                self._begin(operation)
            if not operation.is_over:
                before.append(operation)

    def _begin(self, operation: Operation) -> None:
        operation.status = "RUNNING"
        try:
            operation.work = operation.begin(operation)
        except AwsError as error:  # its targets are gone meanwhile
            operation.reason = error.message
            self._end(operation, "FAILED")
            return
        self._settle(operation)

    def _settle(self, operation: Operation) -> None:
        if operation.status not in ACTIVE or operation.work is None or not operation.work.is_done:
            return
        if operation.status == "STOPPING":
            self._end(operation, "STOPPED")
        else:
            self._end(operation, "FAILED" if operation.work.is_exceeded else "SUCCEEDED")

    def _end(self, operation: Operation, status: str) -> None:
        operation.status, operation.ended = status, self._clock.now()


def in_progress(stack_set: StackSet, other: Operation) -> AwsError:
    message = f"Another Operation on StackSet {stack_set.arn} is in progress: {other.id}"
    return AwsError("OperationInProgressException", message, 409)


def _conflict(stack_set: StackSet, operation: Operation, other: Operation) -> bool:
    return not stack_set.has_managed_execution or operation.scope.meets(other.scope)
