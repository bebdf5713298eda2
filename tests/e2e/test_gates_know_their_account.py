"""What the rollout writes into each account's gate holds when nothing else answers: D11, D12, D14, end to end."""

from pathlib import Path
from typing import Any

import pytest

from tests.e2e.support import CENTRAL, ORDERS, PAYMENTS, played, scenario

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
