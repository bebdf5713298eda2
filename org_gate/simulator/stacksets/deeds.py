"""What operations do to single instances, and what becomes of these when it succeeds, fails or is called off."""

from collections.abc import Callable

from org_gate.simulator.base import SimClock
from org_gate.simulator.stacksets.drift import drift_of
from org_gate.simulator.stacksets.model import Drift, Instance, StackSet
from org_gate.simulator.stacksets.stacks import deploy, remove
from org_gate.simulator.stacksets.work import Result

Obstacle = Callable[[str, str], str]
"""Why nothing can be done in an account and Region; an empty string where something can."""


class Deploying:
    """Creates and updates."""

    def __init__(self, stack_set: StackSet, obstacle: Obstacle) -> None:
        self._stack_set = stack_set
        self._obstacle = obstacle

    def begins(self, result: Result) -> None:
        self._instance(result).detailed_status = "RUNNING"

    def ends(self, result: Result) -> str:
        instance = self._instance(result)
        reason = self._obstacle(*instance.place) or deploy(self._stack_set, instance)
        instance.status = "OUTDATED" if reason else "CURRENT"
        instance.detailed_status = "FAILED" if reason else "SUCCEEDED"
        instance.reason = reason
        return reason

    def is_cancelled(self, result: Result) -> None:
        instance = self._instance(result)
        instance.status, instance.detailed_status, instance.reason = "OUTDATED", "CANCELLED", result.reason

    def _instance(self, result: Result) -> Instance:
        return self._stack_set.instances[result.account, result.region]


class Removing:
    """Deletes the stack, or leaves it, and the instance with it."""

    def __init__(self, stack_set: StackSet, *, retain: bool) -> None:
        self._stack_set = stack_set
        self._retain = retain

    def begins(self, result: Result) -> None:
        self._stack_set.instances[result.account, result.region].detailed_status = "RUNNING"

    def ends(self, result: Result) -> str:
        instance = self._stack_set.instances[result.account, result.region]
        reason = "" if self._retain else remove(instance)
        if reason:
            instance.status = instance.detailed_status = "INOPERABLE"
            instance.reason = reason
        else:
            del self._stack_set.instances[instance.place]
        return reason

    def is_cancelled(self, result: Result) -> None:
        instance = self._stack_set.instances[result.account, result.region]
        instance.detailed_status, instance.reason = "CANCELLED", result.reason


class DetectingDrift:
    """Looks at what the instances' stacks made; changes nothing in the accounts."""

    def __init__(self, stack_set: StackSet, operation_id: str, clock: SimClock) -> None:
        self._stack_set = stack_set
        self._operation_id = operation_id
        self._clock = clock

    def begins(self, result: Result) -> None:
        """Nothing of it shows in the instance."""

    def ends(self, result: Result) -> str:
        instance = self._stack_set.instances[result.account, result.region]
        try:
            found = drift_of(instance)
        except LookupError:
            return f"Stack {instance.stack_id or instance.stack_name} does not exist"
        drifted = any(each.status != "IN_SYNC" for each in found)
        status = "DRIFTED" if drifted else "IN_SYNC"
        instance.drift = Drift(status, self._clock.now(), self._operation_id, found)
        return ""

    def is_cancelled(self, result: Result) -> None:
        """Nor of its not having been looked at."""
