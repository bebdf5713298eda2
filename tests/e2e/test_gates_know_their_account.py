"""What the rollout writes into each account's gate holds when nothing else answers: D11, D12, D14, end to end."""

from pathlib import Path
from typing import Any

import pytest

from org_gate.policy.load import policy_from_data
from org_gate.rollout.deploy import deploy_members
from org_gate.rollout.lambda_platform import this_machine
from org_gate.rollout.operations import AS_ADMINISTRATOR
from org_gate.rollout.spec import DeploymentSpec
from org_gate.simulator.world import World
from tests.e2e.support import CENTRAL, ORDERS, PAYMENTS, played, scenario, world

POLICY: dict[str, Any] = {
    "version": 1,
    "modes": [{"targets": {"ous": ["Workloads/Dev/**"]}, "mode": "shadow"}],
    "exempt": [{"pipelines": ["*-failover"], "ous": ["Workloads/**"]}],
}
PIPELINES: list[dict[str, Any]] = [
    {"name": "orders", "account": ORDERS, "region": "us-east-1"},
    {
        "name": "orders-failover",
        "account": ORDERS,
        "region": "us-east-1",
        "user_parameters": {"targets": [f"{ORDERS}/eu-west-1"]},
    },
    {"name": "payments", "account": PAYMENTS, "region": "eu-west-1"},
    {"name": "platform-failover", "account": CENTRAL, "region": "eu-west-1"},
]


@pytest.mark.contract("D11", "D14")
def test_in_the_dark_each_account_does_what_the_policy_says_of_it(tmp_path: Path) -> None:
    dark = [{"at": "2m", "fault": {"service": service, "kind": "down"}} for service in ("central", "health")]
    runs = [{"at": "3m", "run": pipeline["name"]} for pipeline in PIPELINES]
    lines, quiet = played(tmp_path, scenario(*dark, *runs, pipelines=PIPELINES, policy=POLICY))
    assert quiet.refusals == []
    found = {line["pipeline_name"]: line for line in lines}
    assert {
        name: (line["verdict"], line["would_be"], line["mode"], line["exempt"]) for name, line in found.items()
    } == {
        "orders": ("block", "block", "enforce", False),
        "orders-failover": ("allow", "allow", "enforce", True),
        "payments": ("allow", "allow", "shadow", False),
        "platform-failover": ("block", "block", "enforce", False),
    }
    assert all([reason["kind"] for reason in line["reasons"]] == ["unknown"] for line in lines)
    assert "could not be asked" in found["orders-failover"]["message"]


def operations(opened: World) -> list[tuple[str, int]]:
    """Action of each StackSet operation so far and how many gates it came to, oldest first."""
    client = opened.sessions.client("cloudformation", CENTRAL, "eu-west-1")
    told = client.list_stack_set_operations(**AS_ADMINISTRATOR)["Summaries"]
    results = {
        each["OperationId"]: client.list_stack_set_operation_results(
            **AS_ADMINISTRATOR, OperationId=each["OperationId"]
        )
        for each in told
    }
    return [(each["Action"], len(results[each["OperationId"]]["Summaries"])) for each in reversed(told)]


def roll_out_again(opened: World, policy: dict[str, Any]) -> int:
    central = opened.scenario.central
    spec = DeploymentSpec(
        organization_id=opened.organization.id,
        central_account=central.account,
        central_region=central.region,
        gate_regions=tuple(opened.scenario.gate_regions),
        gate_ous=tuple(opened.scenario.gate_ous or ()),
        policy=policy_from_data(policy),
        platform=this_machine(),
        max_attempts=1,
    )
    session = opened.sessions.session(central.account, central.region)
    return len(deploy_members(session, spec, [opened.central], sleep=lambda _: None))


def gate_variables(opened: World, account: str) -> dict[str, str]:
    client = opened.sessions.client("lambda", account, "eu-west-1")
    variables: dict[str, str] = client.get_function_configuration(FunctionName="org-gate")["Environment"]["Variables"]
    return variables


def test_a_rollout_run_again_changes_what_the_policy_changes(tmp_path: Path) -> None:
    with world(tmp_path, scenario(policy=POLICY)) as opened:
        first = [("CREATE", 6), ("UPDATE", 2), ("UPDATE", 2)]
        assert operations(opened) == first
        assert roll_out_again(opened, POLICY) == 0
        assert len(operations(opened)) == len(first)
        assert roll_out_again(opened, {**POLICY, "modes": []}) == 2
        assert operations(opened)[len(first) :] == [("UPDATE", 2)]
        known = gate_variables(opened, PAYMENTS)
        assert (known["ORG_GATE_MODE"], known["ORG_GATE_ON_UNKNOWN"]) == ("enforce", "block")
        assert known["ORG_GATE_EXEMPT_PIPELINES"] == '{"*":["*-failover"]}'
        assert gate_variables(opened, CENTRAL)["ORG_GATE_EXEMPT_PIPELINES"] == "{}"
