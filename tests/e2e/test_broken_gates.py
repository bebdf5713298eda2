"""Gates that no stack status shows to be broken: what the test call and the status make of them."""

import json
from pathlib import Path

import pytest

from org_gate.simulator.play import play
from org_gate.simulator.scenario.model import FaultSpec
from tests.e2e.support import CENTRAL, ORDERS, PAYMENTS, Quiet, scenario, world
from tests.e2e.test_status_and_coverage import REGIONS, checked, config, does


def test_what_was_broken_is_seen_by_the_test_call_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A function and rights that somebody took away, and at last central itself."""
    with world(tmp_path, scenario({"at": "1m", "run": "orders"}, tail="0m")) as broken:
        play(broken, Quiet())
        broken.sessions.client("lambda", ORDERS, "us-east-1").delete_function(FunctionName="org-gate")
        iam = broken.sessions.client("iam", PAYMENTS, "us-east-1")
        for region in REGIONS:
            iam.delete_role_policy(RoleName=f"org-gate-read-{region}", PolicyName="org-gate")
        assert does(broken, "rollout", "status", "--config", config(tmp_path)) == 0
        assert "drift never looked for" in capsys.readouterr().out
        (denied, those), (missing, that) = checked(broken)
        assert denied.startswith("the function org-gate cannot be called: not allowed")
        assert those == [(PAYMENTS, region) for region in sorted(REGIONS)]
        assert missing.startswith("the function org-gate is not there")
        assert that == [(ORDERS, "us-east-1")]
        assert (
            does(broken, "rollout", "status", "--config", config(tmp_path), "--detect-drift", "--format", "json") == 1
        )
        told = json.loads(capsys.readouterr().out)
        assert told["drift_checked"] == "2026-03-02T12:01:00Z"
        drifted = [(each["account"], each["region"]) for each in told["gates"] if each["drift"] == "DRIFTED"]
        assert drifted == [(ORDERS, "us-east-1"), *those]
        broken.add_fault(FaultSpec(service="central", kind="down"))
        ((silent, where),) = checked(broken, [(CENTRAL, "us-east-1"), (ORDERS, "eu-west-1")])
        assert silent == "no central URL answers it: central in eu-west-1: answered 503"
        assert where == [(ORDERS, "eu-west-1"), (CENTRAL, "us-east-1")]
        assert does(broken, "rollout", "status", "--config", config(tmp_path)) == 1
        assert "no answer: No decision API answered" in capsys.readouterr().out
