"""What there is to do when an operation's turn comes: its instances, without those in accounts that are suspended."""

from collections.abc import Iterable, Mapping
from typing import Any

from org_gate.simulator.base import OrgView, RegionView, SimClock
from org_gate.simulator.stacksets.deeds import Deploying, DetectingDrift, Removing
from org_gate.simulator.stacksets.model import Instance, Operation, Place, Scope, StackSet
from org_gate.simulator.stacksets.targets import targeted_accounts
from org_gate.simulator.stacksets.work import Deed, Result, Work


class Preparing:
    """Looks at the organization as it is at that moment."""

    def __init__(self, clock: SimClock, org: OrgView, regions: RegionView) -> None:
        self._clock = clock
        self._org = org
        self._regions = regions

    def deploying(self, stack_set: StackSet, operation: Operation, wanted: Iterable[Instance]) -> Work:
        """Creates or updates them."""
        operable = without_inoperable(wanted)
        for instance in operable:
            instance.last_operation = operation.id
        return _work(operation, self._awake(operable), Deploying(stack_set, self._obstacle))

    def removing(self, stack_set: StackSet, operation: Operation, wanted: Iterable[Instance]) -> Work:
        """Deletes them. The stacks of a suspended account can only be left."""
        awake = wanted if operation.retain_stacks else self._awake(wanted)
        return _work(operation, awake, Removing(stack_set, retain=operation.retain_stacks))

    def removing_gone(self, stack_set: StackSet, operation: Operation, wanted: Iterable[Instance]) -> Work:
        """Deletes those of accounts that left, whatever became of these."""
        return _work(operation, wanted, Removing(stack_set, retain=operation.retain_stacks))

    def detecting(self, stack_set: StackSet, operation: Operation) -> Work:
        """Looks for drift in all that have a stack."""
        wanted = [each for each in self._awake(stack_set.instances.values()) if each.stack_id is not None]
        return _work(operation, wanted, DetectingDrift(stack_set, operation.id, self._clock))

    def existing(self, stack_set: StackSet, params: Mapping[str, Any]) -> list[Instance]:
        """The instances that a call's targets and Regions mean."""
        accounts = targeted_accounts(self._org, params.get("DeploymentTargets") or {})
        return there(stack_set, [(account, region) for account in accounts for region in params["Regions"]])

    def scope(self, params: Mapping[str, Any]) -> Scope:
        """What a call's targets and Regions may touch."""
        accounts = frozenset(targeted_accounts(self._org, params.get("DeploymentTargets") or {}))
        return Scope(accounts, frozenset(params["Regions"]))

    def _awake(self, instances: Iterable[Instance]) -> list[Instance]:
        """Those in accounts that are not suspended; the others say that they were skipped."""
        suspended = {account.id for account in self._org.accounts() if account.status != "ACTIVE"}
        awake = []
        for instance in instances:
            if instance.account in suspended:
                instance.detailed_status = "SKIPPED_SUSPENDED_ACCOUNT"
            else:
                awake.append(instance)
        return awake

    def _obstacle(self, account: str, region: str) -> str:
        if not self._org.is_active(account):
            return f"Account {account} is not an active member of the organization"
        if not self._regions.is_enabled(account, region):
            return f"Region {region} is not enabled in account {account}"
        return ""


def there(stack_set: StackSet, places: Iterable[Place]) -> list[Instance]:
    """The instances in those places, where there are any."""
    return [stack_set.instances[place] for place in places if place in stack_set.instances]


def without_inoperable(instances: Iterable[Instance]) -> list[Instance]:
    """But for those that a deletion left in ruins: only another deletion touches them."""
    return [instance for instance in instances if instance.status != "INOPERABLE"]


def _work(operation: Operation, wanted: Iterable[Instance], deed: Deed) -> Work:
    results = []
    for instance in wanted:
        instance.last_operation = operation.id
        if operation.action != "DETECT_DRIFT":
            instance.detailed_status, instance.reason = "PENDING", ""
        results.append(Result(instance.account, instance.region, instance.ou))
    return Work(results, deed, operation.preferences)
