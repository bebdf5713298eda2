"""Creating, changing and deleting pipelines, and what CodePipeline refuses."""

from typing import Any

import pytest

from org_gate.simulator.base import AwsError
from tests.unit.simulator.api import user
from tests.unit.simulator.pipelines.world import ACCOUNT, World, action, declaration, deploy, gate, source, stage


def test_a_pipeline_is_shown_with_its_defaults_and_does_not_run_by_itself() -> None:
    world = World()
    created = world.api("CreatePipeline", pipeline=declaration("orders"), tags=[{"key": "team", "value": "a"}])
    shown = world.api("GetPipeline", name="orders")
    assert created["pipeline"] == shown["pipeline"]
    assert (shown["pipeline"]["version"], shown["pipeline"]["executionMode"]) == (1, "SUPERSEDED")
    assert shown["pipeline"]["stages"][1]["actions"][0]["runOrder"] == 1
    arn = shown["metadata"]["pipelineArn"]
    assert arn == f"arn:aws:codepipeline:us-east-1:{ACCOUNT}:orders"
    assert world.api("ListTagsForResource", resourceArn=arn)["tags"] == [{"key": "team", "value": "a"}]
    world.service.drain()
    assert not world.service.is_busy()
    assert world.asked == []


def test_pipelines_are_of_one_account_and_region() -> None:
    world = World()
    world.create()
    for api in (world.as_(user("111122224444")), world.as_(user(ACCOUNT), "eu-west-1")):
        assert api("ListPipelines")["pipelines"] == []
        with pytest.raises(AwsError, match="PipelineNotFoundException"):
            api("GetPipeline", name="orders")
    with pytest.raises(AwsError, match="PipelineNameInUseException"):
        world.create()


def test_versions_pages_and_deletion() -> None:
    world = World()
    for name in ("a", "b", "c"):
        world.create(name)
    world.api("UpdatePipeline", pipeline=declaration("a", pipelineType="V2"))
    assert world.api("GetPipeline", name="a")["pipeline"]["version"] == 2
    assert world.api("GetPipeline", name="a", version=1)["pipeline"]["pipelineType"] == "V1"
    with pytest.raises(AwsError, match="PipelineVersionNotFoundException"):
        world.api("GetPipeline", name="a", version=3)
    first = world.api("ListPipelines", maxResults=2)
    rest = world.api("ListPipelines", maxResults=2, nextToken=first["nextToken"])
    assert [one["name"] for one in first["pipelines"] + rest["pipelines"]] == ["a", "b", "c"]
    with pytest.raises(AwsError, match="InvalidNextTokenException"):
        world.api("ListPipelines", nextToken="garbage")
    world.api("DeletePipeline", name="a")
    world.api("DeletePipeline", name="a")
    with pytest.raises(AwsError, match="PipelineNotFoundException"):
        world.api("GetPipelineState", name="a")
    with pytest.raises(AwsError, match="ResourceNotFoundException"):
        world.api("UpdatePipeline", pipeline=declaration("a"))


def test_a_deleted_pipeline_s_run_ends_without_a_trace() -> None:
    world = World()
    world.create()
    world.start()
    world.api("DeletePipeline", name="orders")
    world.service.drain()
    assert not world.service.is_busy()
    assert (world.asked, world.answers) == ([], [])


@pytest.mark.parametrize(
    ("code", "pipeline"),
    [
        ("InvalidStructureException", declaration("p", stages=[source()])),
        (
            "InvalidStructureException",
            declaration("p", stages=[source(), stage("Gate", gate()), stage("Gate", gate())]),
        ),
        ("InvalidStructureException", declaration("p", stages=[deploy(), source()])),
        ("InvalidStructureException", declaration("p", stages=[source(), stage("Gate", gate(), gate())])),
        ("InvalidStructureException", declaration("p", artifactStores={})),
        ("InvalidStageDeclarationException", declaration("p", stages=[source(), stage("Gate")])),
        (
            "InvalidActionDeclarationException",
            declaration("p", stages=[source(), stage("Gate", action("HealthCheck", "Invoke", "Lambda"))]),
        ),
        ("ValidationException", declaration("p", stages=[source(), stage("Gate", gate(parameters="x" * 1001))])),
        ("ValidationException", declaration("p", pipelineType="V3")),
    ],
)
def test_what_codepipeline_refuses(code: str, pipeline: dict[str, Any]) -> None:
    world = World()
    with pytest.raises(AwsError) as error:
        world.api("CreatePipeline", pipeline=pipeline)
    assert error.value.code == code
    assert world.api("ListPipelines")["pipelines"] == []
