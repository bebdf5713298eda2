"""Plans of gates: pure, carried out on a StackSet in memory, whole or cut short."""

from typing import Any

import pytest

from org_gate.rollout.deployment_targets import ACCOUNTS_PER_CALL, single, whole
from org_gate.rollout.marks import PLAIN, UNKNOWN, Mark, mark_of, settings_mark
from org_gate.rollout.plan_model import Action, Does, Plan, Targets
from tests.unit.rollout.planning import HOME, MANAGEMENT, POLICY, Known, joined, newer, organization, settings

A, B, C, D = "111111111111", "222222222222", "333333333333", "444444444444"
HOMES = {A: "Prod", B: "Prod/Core", C: "Dev", D: "Platform"}
WAVES = [{"name": "canary", "accounts": [A, C]}, {"name": "dev", "ous": ["Dev", "Platform"]}]
EVERYTHING: dict[str, Any] = {"waves": WAVES}
REGIONS = (HOME, "us-east-1")


def both(*accounts: str) -> tuple[tuple[str, str], ...]:
    return tuple((account, region) for account in accounts for region in REGIONS)


def rolled_out(**changes: Any) -> Known:
    known = Known(organization(HOMES))
    for _ in range(2):
        known.carry_out(known.plan(settings(**changes)))
    assert known.plan(settings(**changes)).stack_set is not None
    return known


def counts(plan: Plan) -> list[dict[str, int]]:
    return [{does.value: len(wave.places(does)) for does in Does if wave.places(does)} for wave in plan.waves]


def test_a_first_rollout_targets_each_ou_as_a_whole_in_its_last_wave() -> None:
    plan = Known(organization(HOMES)).plan(settings(**EVERYTHING))
    assert [(wave.name, wave.accounts) for wave in plan.waves] == [("canary", 2), ("dev", 1), ("everyone else", 1)]
    creations = [[step for step in wave.steps if step.does is Does.CREATE] for wave in plan.waves]
    alone = [sorted(str(step.targets.accounts) for step in steps) for steps in creations]
    assert alone == [[f"('{A}',)", f"('{C}',)"], [f"('{D}',)"], ["None"]]
    assert all(account != MANAGEMENT for wave in plan.waves for account, _ in wave.gates)


@pytest.mark.parametrize("resets", [False, True])
@pytest.mark.parametrize("wanted", [{}, EVERYTHING, {"gates": {"regions": [HOME], "ous": ["Prod", "Dev"]}}])
def test_cut_short_after_any_step_the_next_plan_goes_on_from_there(wanted: dict[str, Any], *, resets: bool) -> None:
    """First a rollout from nothing, then an upgrade with another policy; every gate ends as it is to be."""
    shadow = {**POLICY, "mode": "warn"}
    for first in range(8):
        for second in range(8):
            known = Known(organization(HOMES), resets=resets)
            plan = known.plan(settings(**wanted))
            known.carry_out(plan, [*plan.steps()][:first])
            known.carry_out(known.plan(settings(**wanted)))
            plan = known.plan(settings(**wanted), shadow, newer())
            known.carry_out(plan, [*plan.steps()][:second])
            for _ in range(2):
                known.carry_out(known.plan(settings(**wanted), shadow, newer()))
            done = known.plan(settings(**wanted), shadow, newer())
            assert not done.changes_gates
            for place, gate in known.gates.items():
                assert known.settings_of(place) == known.wanted_of(place[0], shadow)
                assert (gate.content, gate.current) == (known.content, True)


def test_a_new_version_is_brought_wave_by_wave_and_what_was_written_stays() -> None:
    known = rolled_out(**EVERYTHING)
    plan = known.plan(settings(**EVERYTHING), parts=newer())
    assert (plan.stack_set and plan.stack_set.action, plan.stack_set and plan.stack_set.differs) == (
        Action.UPDATE,
        ("template",),
    )
    assert counts(plan) == [{"update": 4}, {"update": 2}, {"update": 2}]
    assert {step.mark.settings for step in plan.waves[0].steps} == {PLAIN, settings_mark(known.wanted_of(C))}


def test_who_joined_by_itself_is_written_once() -> None:
    known = rolled_out()
    other = "555555555555"
    joined(known, other, {**HOMES, other: "Dev"})
    plan = known.plan(settings())
    assert counts(plan) == [{"settings": 2}]
    known.carry_out(plan)
    assert known.settings_of((other, HOME))["Mode"] == "shadow"
    assert not known.plan(settings()).changes_gates


def test_one_that_is_missing_in_a_large_ou_is_made_alone() -> None:
    homes = {f"{number:012}": "Prod" for number in range(2, 30)}
    known = Known(organization(homes))
    for _ in range(2):
        known.carry_out(known.plan(settings()))
    known.organization = organization({**homes, A: "Prod"})
    (step,) = known.plan(settings()).steps()
    assert (step.does, step.targets.accounts) == (Does.CREATE, (A,))


def test_gates_of_a_new_account_wait_for_the_sets_new_content() -> None:
    """A canary that has no gates yet must not come up with the old version."""
    known = rolled_out()
    known.organization = organization({**HOMES, "555555555555": "Prod"})
    plan = known.plan(settings(waves=[{"name": "first", "accounts": ["555555555555"]}]), parts=newer())
    assert [step.does for step in plan.waves[0].steps] == []
    assert next(step.does for step in plan.waves[1].steps) is Does.UPDATE
    known.carry_out(plan)
    assert {gate.content for gate in known.gates.values()} == {known.content}


def test_suspended_accounts_and_the_management_account_are_told_of() -> None:
    known = Known(organization(HOMES, suspended=[B]))
    plan = known.plan(settings())
    assert B not in {account for wave in plan.waves for account, _ in wave.gates}
    assert any(
        warning.startswith(f"Suspended, so without a gate until they are active again: {B}")
        for warning in plan.warnings
    )
    assert any("--management" in warning for warning in plan.warnings)


def test_what_is_not_wanted_any_more_is_removed_whole_ous_as_such() -> None:
    known = rolled_out(gates={"regions": list(REGIONS), "ous": ["Prod", "Dev", "Platform"]})
    less = settings(gates={"regions": [HOME], "ous": ["Prod", "Dev"]})
    plan = known.plan(less)
    removed = {place for step in plan.removals for place in step.places}
    assert removed == {(A, "us-east-1"), (B, "us-east-1"), (C, "us-east-1"), *both(D)}
    assert [step.places for step in plan.removals if step.targets.accounts is None] == [both(D)]
    assert plan.losing == ("Platform",)
    known.carry_out(plan, plan.removals)
    assert known.plan(less).removals == ()
    assert not known.plan(less).changes_gates


def test_leaving_something_out_later_says_what_does_not_happen_by_itself() -> None:
    known = rolled_out()
    plan = known.plan(settings(gates={"regions": list(REGIONS), "without": {"ous": ["Dev"]}}))
    assert {place for step in plan.removals for place in step.places} == set(both(C))
    assert any("was given the root as a whole once" in warning for warning in plan.warnings)


def test_targets_stay_within_what_a_call_takes() -> None:
    many = [(f"ou-{number:03}", f"{number:012}") for number in range(120)]
    assert [len(each.ou_ids) for each in single(many)] == [50, 50, 20]
    one = [("ou-1", f"{number:012}") for number in range(ACCOUNTS_PER_CALL + 1)]
    assert [len(each.accounts or ()) for each in single(one)] == [ACCOUNTS_PER_CALL, 1]
    assert [len(each.ou_ids) for each in whole(f"ou-{number}" for number in range(51))] == [50, 1]
    assert next(whole(["ou-1"])) == Targets(("ou-1",), None)


@pytest.mark.aws_unverified("ListStackInstances tells the id of each instance's last operation, as it was given")
def test_a_mark_is_read_from_the_id_that_it_gave_and_from_no_other() -> None:
    for mark in (Mark("0123456789ab", PLAIN), Mark("0123456789ab", settings_mark({"Mode": "warn"})), Mark()):
        assert mark_of(mark.operation_id("f" * 32)) == mark
    for other in ("", "5d2a7f4e-1c8b-4f6a-9f5e-0a1b2c3d4e5f", "org-gate-of-somebody"):
        assert mark_of(other) == Mark(UNKNOWN, UNKNOWN)


def test_what_was_written_when_it_was_the_sets_own_follows_when_that_changes() -> None:
    """Even where a whole OU's creation passed it and the run was interrupted right then."""
    known = rolled_out()
    same = {"version": 1}
    known.carry_out(known.plan(settings(), same))
    assert known.gates[C, HOME].written["Mode"] == "enforce"
    known.organization = organization({**HOMES, "555555555555": "Prod"})
    plan = known.plan(settings(), same)
    known.carry_out(plan, [*plan.steps()][:1])
    warn = {"version": 1, "mode": "warn"}
    for _ in range(2):
        known.carry_out(known.plan(settings(), warn))
    assert not known.plan(settings(), warn).changes_gates
    assert {known.settings_of(place)["Mode"] for place in known.gates} == {"warn"}
