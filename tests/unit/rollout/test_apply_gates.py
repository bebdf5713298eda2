"""Waves carried out on CloudFormation's stubbed answers: what is sent, what is counted, what stops them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from botocore.stub import ANY

from org_gate.inventory.errors import InstanceResult, MembersError, StoppedError
from org_gate.inventory.installed import Place
from org_gate.rollout.apply_gates import Hands, Progress, remove, roll_out
from org_gate.rollout.operations import PREFERENCES, StackSet
from org_gate.rollout.plan_model import Does, Plan, Step
from tests.unit.rollout.planning import HOME, Known, newer, organization, settings
from tests.unit.rollout.stubs import stubbed

A, B, C = "111111111111", "222222222222", "333333333333"
HOMES = {A: "Prod", B: "Prod", C: "Dev"}
ONE_REGION: dict[str, Any] = {"gates": {"regions": [HOME]}, "waves": [{"name": "canary", "accounts": [A]}]}
NAMED = {"StackSetName": "org-gate-member", "CallAs": "DELEGATED_ADMIN"}
_CALLS = {
    Does.UPDATE: "update_stack_set",
    Does.CREATE: "create_stack_instances",
    Does.SETTINGS: "update_stack_instances",
    Does.REMOVE: "delete_stack_instances",
}


@dataclass
class Stage:
    """A StackSet of given answers, and what its operator saw. ``seconds`` pass by one with each look."""

    client: Any
    stub: Any
    said: list[str] = field(default_factory=list)
    seen: list[Progress] = field(default_factory=list)
    silent: list[InstanceResult] = field(default_factory=list)
    now: float = 0.0

    def hands(self) -> Hands:
        return Hands(
            sleep=self._sleep,
            seconds=lambda: self.now,
            new_id=lambda: "f" * 32,
            check=self._check,
            say=self.said.append,
            moved=self.seen.append,
        )

    def takes(self, step: Step) -> None:
        self.stub.add_response(_CALLS[step.does], {"OperationId": "op"}, ANY_OF[step.does])

    def comes_to(self, step: Step, failed: Sequence[Place] = (), *, looks: int = 0, status: str = "SUCCEEDED") -> None:
        """After so many looks at it while it runs and half of it is done."""
        half = step.places[: len(step.places) // 2]
        for _ in range(looks):
            self._is("RUNNING")
            self._results([(place, "SUCCEEDED") for place in half])
        self._is(status)
        self._results([(place, "FAILED" if place in failed else "SUCCEEDED") for place in step.places])

    def _is(self, status: str) -> None:
        answer = {"StackSetOperation": {"Status": status}}
        self.stub.add_response("describe_stack_set_operation", answer, {**NAMED, "OperationId": "op"})

    def _results(self, results: Sequence[tuple[Place, str]]) -> None:
        told = [
            {"Account": place[0], "Region": place[1], "Status": status, "StatusReason": "denied"}
            for place, status in results
        ]
        self.stub.add_response("list_stack_set_operation_results", {"Summaries": told}, {**NAMED, "OperationId": "op"})

    def _sleep(self, seconds: float) -> None:
        self.now += seconds

    def _check(self, gates: Sequence[Place]) -> list[InstanceResult]:
        return [each for each in self.silent if (each.account, each.region) in gates]


_TARGETED = {
    **NAMED,
    "DeploymentTargets": ANY,
    "Regions": [HOME],
    "OperationPreferences": PREFERENCES,
    "OperationId": ANY,
}
_CONTENT = {"Parameters": ANY, "Capabilities": ["CAPABILITY_NAMED_IAM"]}
ANY_OF: dict[Does, dict[str, Any]] = {
    Does.UPDATE: {**_TARGETED, **_CONTENT, "TemplateBody": "member 1.1", "Tags": [], "Description": ANY},
    Does.CREATE: _TARGETED,
    Does.SETTINGS: {**_TARGETED, "ParameterOverrides": ANY},
    Does.REMOVE: {**_TARGETED, "RetainStacks": False},
}
PREVIOUS = {**_TARGETED, **_CONTENT, "UsePreviousTemplate": True}


@pytest.fixture
def stage() -> Iterator[Stage]:
    client, stub = stubbed("cloudformation")
    stage = Stage(client, stub)
    yield stage
    stub.assert_no_pending_responses()


def upgrade() -> Plan:
    """Of gates with the set's own settings, but for C, which has its own: three updates."""
    known = Known(organization(HOMES))
    for _ in range(2):
        known.carry_out(known.plan(settings(**ONE_REGION)))
    return known.plan(settings(**ONE_REGION), parts=newer())


def run(stage: Stage, plan: Plan) -> None:
    stack_set = StackSet(stage.client, "org-gate-member", lambda: "f" * 32)
    wanted = frozenset(place for wave in plan.waves for place in wave.gates)
    roll_out(stack_set, plan, stage.hands(), lambda: wanted)


def test_the_first_update_brings_the_content_and_the_others_what_is_there(stage: Stage) -> None:
    plan = upgrade()
    (canary,), others = (wave.steps for wave in plan.waves)
    stage.takes(canary)
    stage.comes_to(canary)
    for _ in others:
        stage.stub.add_response("update_stack_set", {"OperationId": "op"}, PREVIOUS)
    for step in others:
        stage.comes_to(step)
    run(stage, plan)
    assert stage.seen[-1] == Progress("everyone else", 3, 0, 0, 0.0)
    assert stage.said == ["Wave canary: 1 gate to update", "Wave everyone else: 2 gates to update"]


def test_what_is_left_is_told_with_an_estimate(stage: Stage) -> None:
    plan = upgrade()
    (canary,), others = (wave.steps for wave in plan.waves)
    stage.takes(canary)
    stage.comes_to(canary, looks=2)
    for _ in others:
        stage.stub.add_response("update_stack_set", {"OperationId": "op"}, PREVIOUS)
    for step in others:
        stage.comes_to(step)
    run(stage, plan)
    assert stage.seen[0] == Progress("canary", 0, 0, 3, None)
    assert [each.to_go for each in stage.seen] == [3, 3, 2, 1, 0]
    assert stage.seen[2] == Progress("canary", 1, 0, 2, 20.0)  # ten seconds for one of three


def test_a_failure_stops_before_the_next_wave_and_says_what_was_not_begun(stage: Stage) -> None:
    plan = upgrade()
    (canary,) = plan.waves[0].steps
    stage.takes(canary)
    stage.comes_to(canary, failed=[(A, HOME)])
    with pytest.raises(StoppedError) as stopped:
        run(stage, plan)
    assert str(stopped.value).splitlines() == [
        "1 of 1 gates of the wave 'canary' are not as they should be; the others are.",
        f"  denied: {A}/{HOME}",
        "Not begun: the wave 'everyone else'. Mend the reasons and run again: what is done stays done.",
    ]
    assert stage.seen[-1].failed == 1


def test_a_gate_that_moved_out_meanwhile_is_not_missed(stage: Stage) -> None:
    plan = upgrade()
    (canary,), others = (wave.steps for wave in plan.waves)
    stage.takes(canary)
    stage.comes_to(canary, failed=[(A, HOME)])
    for _ in others:
        stage.stub.add_response("update_stack_set", {"OperationId": "op"}, PREVIOUS)
    for step in others:
        stage.comes_to(step)
    stack_set = StackSet(stage.client, "org-gate-member", lambda: "f" * 32)
    roll_out(stack_set, plan, stage.hands(), lambda: frozenset({(B, HOME), (C, HOME)}))


def test_an_operation_that_was_stopped_is_no_success(stage: Stage) -> None:
    plan = upgrade()
    stage.takes(plan.waves[0].steps[0])
    stage.comes_to(plan.waves[0].steps[0], status="STOPPED")
    with pytest.raises(MembersError, match="ended as STOPPED, before it came to any account"):
        run(stage, plan)


def test_removals_that_fail_are_told(stage: Stage) -> None:
    known = Known(organization(HOMES))
    for _ in range(2):
        known.carry_out(known.plan(settings(**ONE_REGION)))
    plan = known.plan(settings(gates={"regions": [HOME], "without": {"ous": ["Dev"]}}))
    (step,) = plan.removals
    stage.takes(step)
    stage.comes_to(step, failed=[(C, HOME)])
    stack_set = StackSet(stage.client, "org-gate-member", lambda: "f" * 32)
    with pytest.raises(StoppedError, match="Not all gates that are to go could be removed"):
        remove(stack_set, plan, stage.hands())
