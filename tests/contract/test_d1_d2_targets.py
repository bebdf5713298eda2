"""D1 and D2: what is decided about, and the pipeline's own ground."""

import pytest

from org_gate.model.decision import Decision, decision_json
from org_gate.model.request import Pipeline
from tests.unit.decision.builders import PROD, decided, event, policy, request

pytestmark = pytest.mark.contract("D2")


def targets(decision: Decision) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(each.target.account, each.target.region, each.target.services) for each in decision.targets]


def test_d2_the_pipelines_own_ground_is_decided_last() -> None:
    asked = request("/us-east-1/RDS", "/eu-west-1", pipeline=Pipeline(name="orders", region="sa-east-1"))
    decision = decided(asked, event(region="sa-east-1", service="CODEPIPELINE"))
    assert targets(decision) == [
        (PROD, "us-east-1", ("RDS",)),
        (PROD, "eu-west-1", ()),
        (PROD, "sa-east-1", ("CODEPIPELINE", "CLOUDFORMATION", "STS")),
    ]
    assert [reason.target for reason in decision.reasons] == [2]


def test_d2_other_services_do_not_shake_the_pipelines_ground() -> None:
    asked = request("/us-east-1/RDS", pipeline=Pipeline(region="sa-east-1"))
    assert decided(asked, event(region="sa-east-1", service="RDS")).verdict == "allow"


@pytest.mark.parametrize("pipeline", [None, Pipeline(name="orders"), Pipeline(region="")])
def test_d2_without_a_pipeline_region_there_is_no_such_target(pipeline: Pipeline | None) -> None:
    assert len(decided(request("/us-east-1", pipeline=pipeline), ()).targets) == 1


def test_d2_without_platform_services_there_is_no_such_target() -> None:
    asked = request("/us-east-1", pipeline=Pipeline(region="sa-east-1"))
    assert len(decided(asked, (), policy(platform_services=[])).targets) == 1


def test_d5c_the_answer_shows_resolved_targets() -> None:
    rules = policy(service_aliases={"alb": "ELASTICLOADBALANCING"})
    body = decision_json(decided("/us-east-1/rds+ALB+Alb/use1-az4", (), rules), "d-1")
    assert body["targets"] == [
        {
            "account": PROD,
            "region": "us-east-1",
            "services": ["RDS", "ELASTICLOADBALANCING"],
            "availability_zones": ["use1-az4"],
            "mode": "enforce",
            "overridden": False,
        }
    ]
