"""Carrying out a plan, from the cells to the last gate; every step may be interrupted and run again.

The central part first: gates need to know where to ask. What came of it is read again before the gates are touched,
and once more after them, for accounts that joined, moved or were passed over meanwhile.
"""

from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import boto3

from org_gate.inventory.errors import AwsRefusedError, MembersError, RolloutError
from org_gate.inventory.installed import Place
from org_gate.rollout.apply_central import deploy_cells, publish_where_missing
from org_gate.rollout.apply_gates import Hands, remove, roll_out
from org_gate.rollout.operations import StackSet
from org_gate.rollout.plan_facts import Wanted, look
from org_gate.rollout.plan_model import Action, Plan

_ROUNDS: Final = 3
_MOVED: Final = ("StackInstanceNotFoundException", "ValidationError")
"""How CloudFormation refuses accounts that are not below an OU any more."""


@dataclass(frozen=True, slots=True)
class Rollout:
    """Whose credentials, what is wanted, and what it is done with."""

    session: boto3.Session
    want: Wanted
    hands: Hands

    def look(self) -> Plan:
        return look(self.session, self.want)

    def apply(self, plan: Plan, *, removals: bool) -> Plan:
        """What is left to do, as a plan; ``removals`` is whether gates that are not wanted any more are removed.

        Raises RolloutError: StoppedError and StackError where something failed in AWS.
        """
        plan = self._central(plan)
        if plan.stack_set is None:
            raise RolloutError(_silent(plan))
        stack_set = self.stack_set()
        if plan.stack_set.action is not Action.CREATE:
            plan = self._undisturbed(plan, stack_set)
        plan = self._gates(plan, stack_set)
        if plan.removals and removals:
            remove(stack_set, plan, self.hands)
            plan = self.look()
        return plan

    def stack_set(self) -> StackSet:
        settings = self.want.settings
        cloudformation = self.session.client("cloudformation", region_name=settings.central.region)
        return StackSet(cloudformation, settings.names.stack_set, self.hands.new_id)

    def _central(self, plan: Plan) -> Plan:
        changes = plan.changes_central
        sleep, say = self.hands.sleep, self.hands.say
        deploy_cells(self.session, plan, self.want.artifact, sleep=sleep, say=say)
        publish_where_missing(self.session, plan, sleep=sleep, say=say)
        if not changes:
            return plan
        plan = self.look()
        if plan.policy.publish_to:  # of cells that did not tell before
            publish_where_missing(self.session, plan, sleep=sleep, say=say)
            plan = self.look()
        return plan

    def _undisturbed(self, plan: Plan, stack_set: StackSet) -> Plan:
        """Once nothing is under way that an earlier run, or somebody else, began; and the set behaves as it is to."""
        under_way = stack_set.under_way()
        for operation in under_way:
            self.hands.say(f"Waiting for the operation {operation}, which was begun before")
            with suppress(MembersError):  # that somebody stopped it is no reason to stop as well
                stack_set.wait(operation, self.hands.sleep)
        if under_way:
            plan = self.look()
        if plan.stack_set is not None and plan.stack_set.auto:
            self.hands.say("Letting the StackSet deploy to new accounts by itself")
            stack_set.wait(stack_set.automate(plan.stack_set), self.hands.sleep)
            plan = self.look()
        return plan

    def _gates(self, plan: Plan, stack_set: StackSet) -> Plan:
        """In few rounds: what changes in the organization meanwhile is for the next one."""
        for _ in range(_ROUNDS):
            if not plan.changes_gates:
                break
            try:
                roll_out(stack_set, plan, self.hands, self._wanted_now)
            except AwsRefusedError as error:
                again = self.look()
                if error.code not in _MOVED or again == plan:
                    raise
                plan = again
            else:
                plan = self.look()
        return plan

    def _wanted_now(self) -> frozenset[Place]:
        return frozenset(place for wave in self.look().waves for place in wave.gates)


def _silent(plan: Plan) -> str:
    return (
        f"The cells of account {plan.account} run, but do not tell which policy they have, and the gates' settings "
        "come from it; no gate was touched. See the warnings of `org-gate rollout plan`, mend that, and run again."
    )
