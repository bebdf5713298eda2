"""What a plan costs: calls that grow with pages, never with accounts; and that it only reads."""

from collections.abc import Mapping
from typing import Any

import pytest

from org_gate.inventory.errors import MismatchError
from org_gate.inventory.settings import Settings
from org_gate.policy.model import Policy
from org_gate.rollout.build import Artifact
from org_gate.rollout.files import shipped
from org_gate.rollout.marks import digest
from org_gate.rollout.plan_facts import Wanted, look
from org_gate.rollout.plan_model import Does, Plan
from tests.unit.rollout.accounts import CENTRAL, Aws, refused
from tests.unit.rollout.organizations import instance, member, organization
from tests.unit.rollout.planning import PARTS

ACCOUNTS = 2_000
REGIONS = ("eu-west-1", "us-east-1", "us-west-2")
SETTINGS = Settings.model_validate(
    {
        "central": {"account": CENTRAL, "region": "eu-west-1"},
        "gates": {"regions": list(REGIONS)},
        "waves": [{"name": "canary", "accounts": [member(number) for number in range(20)]}],
    }
)


def planned(accounts: int, gates: int) -> tuple[Plan, Aws]:
    def no_cell(*_: Any) -> Mapping[str, Any]:
        raise refused("ValidationError", "Stack with id org-gate-central does not exist")

    places = [(member(number), region) for number in range(accounts) for region in REGIONS][:gates]
    operation = f"org-gate-{digest('of before')}-plain-abc"
    instances = [instance(*place, LastOperationId=operation) for place in places]
    aws = organization(accounts, instances, {"cloudformation.describe_stacks": no_cell})
    policy = Policy.model_validate({"version": 1, "modes": [{"targets": {"accounts": [member(7)]}, "mode": "shadow"}]})
    artifact = Artifact(shipped("config/policy.yaml"), "0" * 64)
    return look(aws.session, Wanted(SETTINGS, policy, PARTS, artifact)), aws


def test_two_thousand_accounts_in_three_regions_are_planned_by_pages() -> None:
    plan, aws = planned(ACCOUNTS, 5_990)
    assert [len(wave.places(Does.UPDATE)) for wave in plan.waves] == [60, 5_930]
    assert sum(len(wave.places(Does.CREATE)) for wave in plan.waves) == 10
    written = {place for wave in plan.waves for place in wave.places(Does.SETTINGS)}
    assert written == {(member(7), region) for region in REGIONS}
    assert sum(len(wave.steps) for wave in plan.waves) < 10
    paged = {"organizations.list_accounts_for_parent": 101, "cloudformation.list_stack_instances": 60}
    assert {name: aws.calls[name] for name in paged} == paged
    assert sum(aws.calls.values()) - sum(paged.values()) < 12
    assert all(name.split(".")[1].startswith(("describe_", "list_", "get_")) for name in aws.calls)


def test_ten_times_the_accounts_are_ten_times_the_pages_and_nothing_else() -> None:
    small, large = (planned(number, number * 3)[1].calls for number in (100, 1_000))
    assert {name: large[name] - small[name] for name in large if large[name] != small[name]} == {
        "organizations.list_accounts_for_parent": 45,
        "cloudformation.list_stack_instances": 27,
    }


def test_credentials_of_another_account_are_refused_before_anything_is_read() -> None:
    aws = organization(1, [])
    aws.answers["sts.get_caller_identity"] = lambda *_: {"Account": "111111111111"}
    want = Wanted(SETTINGS, Policy(version=1), PARTS, Artifact(shipped("config/policy.yaml"), "0" * 64))
    with pytest.raises(MismatchError, match=f"of account 111111111111, the central account is {CENTRAL}"):
        look(aws.session, want)
    assert list(aws.calls) == ["sts.get_caller_identity"]
