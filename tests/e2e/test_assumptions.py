"""The way through where AWS behaves otherwise than the simulator assumes (docs/assumptions.md)."""

from pathlib import Path

import pytest

from org_gate.simulator.play import play
from tests.e2e.support import ISSUE, ORDERS, Quiet, issue, scenario, take_rights, world

BY_PIPELINE = {
    "version": 1,
    "rules": [
        {"name": "mine", "match": {"services": ["RDS"]}, "targets": {"pipelines": ["told"]}, "verdict": "block"},
        {"name": "others", "match": {"services": ["RDS"]}, "verdict": "warn"},
    ],
}


@pytest.mark.contract("G3")
@pytest.mark.aws_unverified("GetJobDetails answers for jobs of Lambda invoke actions")
def test_without_job_details_the_pipeline_is_the_one_of_user_parameters(tmp_path: Path) -> None:
    given = {"pipeline": "told", "execution_id": "#{codepipeline.PipelineExecutionId}"}
    pipelines = [{"name": "orders", "account": ORDERS, "region": "us-east-1", "user_parameters": given}]
    data = scenario(issue("1m"), {"at": "2m", "run": "orders"}, pipelines=pipelines, policy=BY_PIPELINE)
    with world(tmp_path, data) as opened:
        take_rights(opened, ORDERS, "org-gate-gate-us-east-1", "codepipeline:GetJobDetails")
        play(opened, Quiet())
        (line,) = opened.aws.recorder.lines
    assert (line["verdict"], line["pipeline_result"]) == ("block", "failed")
    assert [reason["rule"] for reason in line["reasons"]] == ["mine"]
    assert line["reasons"][0]["event"]["arn"] == ISSUE
