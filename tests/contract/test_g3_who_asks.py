"""G3: pipeline, stage and execution come from the job's details, UserParameters only where those give none."""

from typing import Any

import pytest

from org_gate.member import gate
from tests.unit.member.support import SECRET, World, fault, settings

GIVEN = {"pipeline": "given", "stage": "GivenStage", "execution_id": "given-1"}
DETAILS = {
    "pipelineName": "orders",
    "pipelineArn": "arn:aws:codepipeline:eu-west-1:111122223333:orders",
    "stage": {"name": "Gate"},
    "action": {"name": "HealthCheck", "actionExecutionId": "a-1"},
    "pipelineExecutionId": "e-1",
}
OWN = {"region": "us-east-1"}
FROM_PARAMETERS = {"name": "given", "stage": "GivenStage", "execution_id": "given-1", **OWN}
FROM_DETAILS = {
    "name": "orders",
    "region": "eu-west-1",
    "stage": "Gate",
    "action": "HealthCheck",
    "execution_id": "e-1",
}


@pytest.mark.contract("G3")
@pytest.mark.parametrize(
    ("details", "parameters", "asked"),
    [
        (DETAILS, GIVEN, FROM_DETAILS),
        ({}, GIVEN, FROM_PARAMETERS),
        ({}, None, OWN),
        ({"pipelineName": "orders", "stage": {}}, GIVEN, {**FROM_PARAMETERS, "name": "orders"}),
        ({"pipelineArn": "nonsense", "stage": "text", "action": None}, None, OWN),
        (fault("AccessDeniedException"), GIVEN, FROM_PARAMETERS),
        (fault("JobNotFoundException"), None, OWN),
        (TimeoutError(), GIVEN, FROM_PARAMETERS),
    ],
)
@pytest.mark.aws_unverified("GetJobDetails gives a Lambda action its pipelineContext")
def test_the_pipeline_is_asked_for_as_far_as_it_is_known(details: Any, parameters: Any, asked: Any) -> None:
    world = World(details=details)
    world.run(parameters)
    (_, question), *_ = world.asked
    assert question["pipeline"] == asked
    assert question["source"] == "codepipeline"
    assert question["gate"] == {"version": gate.VERSION, "on_block": "fail"}


def test_nothing_of_the_details_but_the_context_gets_anywhere() -> None:
    world = World(details=DETAILS, settings=settings(urls=()))
    line = world.run()
    assert SECRET not in str((line, world.log, world.answers))
