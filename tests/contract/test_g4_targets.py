"""G4: without targets in UserParameters, the gate reads them from its pipeline's definition."""

from typing import Any

import pytest

from tests.unit.member.support import ACCOUNT, CENTRAL, OTHER, World, decision, fault, reason, reply

Data = dict[str, Any]

THIRD = "777788889999"
DETAILS = {
    "pipelineName": "orders",
    "pipelineArn": f"arn:aws:codepipeline:us-east-1:{ACCOUNT}:orders",
    "stage": {"name": "Gate"},
    "action": {"name": "HealthCheck"},
    "pipelineExecutionId": "e-1",
}


def action(provider: str, name: str = "A", category: str = "Deploy", **more: Any) -> Data:
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, "configuration": {}, **more}


def gate_action(name: str = "HealthCheck", **more: Any) -> Data:
    return action("Lambda", name, "Invoke", **{"configuration": {"FunctionName": "org-gate"}, **more})


def role(account: str, partition: str = "aws") -> str:
    return f"arn:{partition}:iam::{account}:role/path/deployer"


def stages(*more: list[Data], own: tuple[Data, ...] = ()) -> Data:
    """Source, the gate's stage (with ``own`` beside the gate), then those given."""
    found = [("Source", [action("S3", category="Source", region="eu-north-1")]), ("Gate", [gate_action(), *own])]
    found += [(f"Stage{number}", actions) for number, actions in enumerate(more)]
    return {"name": "orders", "stages": [{"name": name, "actions": actions} for name, actions in found]}


def asked(pipeline: object, parameters: object = None, **given: Any) -> list[str]:
    """The targets that central is asked about, in their short form."""
    world = World(**{"details": DETAILS, "pipeline": pipeline, **given})
    world.run(parameters)
    (_, question), *_ = world.asked
    return [
        "/".join((t["account"], t["region"], *(["+".join(t["services"])] * bool(t["services"]))))
        for t in question["targets"]
    ]


@pytest.mark.contract("G4")
@pytest.mark.parametrize(
    ("provider", "service"),
    [
        ("ECS", "ECS"),
        ("S3", "S3"),
        ("EKS", "EKS"),
        ("ElasticBeanstalk", "ELASTICBEANSTALK"),
        ("AppConfig", "APPCONFIG"),
    ],
)
def test_a_provider_bound_to_one_service_lists_it(provider: str, service: str) -> None:
    assert asked(stages([action(provider)])) == [f"{ACCOUNT}/us-east-1/{service}"]


@pytest.mark.contract("G4")
@pytest.mark.parametrize(
    "provider",
    [
        *("CloudFormation", "CloudFormationStackSet", "CodeBuild", "Commands", "Lambda", "StepFunctions"),
        *("ServiceCatalog", "Jenkins", "MyOwn", "CodeDeploy", "CodeDeployToECS", "ecs", "NewIn2027"),
    ],
)
def test_a_provider_that_can_deploy_anything_or_is_not_known_lists_none(provider: str) -> None:
    assert asked(stages([action(provider)])) == [f"{ACCOUNT}/us-east-1"]


@pytest.mark.contract("G4")
@pytest.mark.parametrize("owner", ["Custom", "ThirdParty"])
def test_a_custom_action_may_deploy_anything_whatever_its_name(owner: str) -> None:
    own = action("ECS")
    own["actionTypeId"]["owner"] = owner
    assert asked(stages([own])) == [f"{ACCOUNT}/us-east-1"]


@pytest.mark.contract("G4")
def test_an_actions_region_and_the_account_of_its_role_count() -> None:
    deploys = [
        action("ECS", region="eu-west-1"),
        action("S3", roleArn=role(OTHER)),
        action("EKS", region="cn-north-1", roleArn=role(THIRD, "aws-cn")),
        action("AppConfig", roleArn="nonsense"),
    ]
    assert asked(stages(deploys)) == [
        f"{ACCOUNT}/eu-west-1/ECS",
        f"{ACCOUNT}/us-east-1/APPCONFIG",
        f"{OTHER}/us-east-1/S3",
        f"{THIRD}/cn-north-1/EKS",
    ]


@pytest.mark.contract("G4")
def test_services_of_one_place_join_and_one_that_lists_none_stands_for_all() -> None:
    ecs, s3, build = action("ECS"), action("S3"), action("CodeBuild", category="Build")
    assert asked(stages([s3, ecs], [ecs])) == [f"{ACCOUNT}/us-east-1/ECS+S3"]
    for order in ([ecs, build], [build, ecs], [ecs, build, s3], [build, ecs, s3]):
        assert asked(stages(order)) == [f"{ACCOUNT}/us-east-1"]


@pytest.mark.contract("G4")
def test_sources_approvals_and_gates_give_none() -> None:
    nothing = [
        action("Manual", category="Approval", region="eu-west-1"),
        action("CodeStarSourceConnection", category="Source", region="eu-west-1"),
        gate_action("Again", region="eu-west-1"),
    ]
    assert asked(stages([*nothing, action("ECS")])) == [f"{ACCOUNT}/us-east-1/ECS"]
    other = action("Lambda", category="Invoke", configuration={"FunctionName": "org-gate-2"}, region="eu-west-1")
    assert asked(stages([other])) == [f"{ACCOUNT}/eu-west-1"]


@pytest.mark.contract("G4")
def test_of_its_own_stage_only_later_actions_count_and_of_earlier_stages_none() -> None:
    own = (
        action("S3", "Same", region="eu-north-1"),
        action("S3", "SameToo", region="eu-north-1", runOrder=1),
        action("ECS", "Later", region="eu-west-1", runOrder=2),
    )
    assert asked(stages(own=own)) == [f"{ACCOUNT}/eu-west-1/ECS"]
    late = stages(own=(action("S3", "Before", region="eu-north-1", runOrder=2),))
    late["stages"][1]["actions"][0]["runOrder"] = 3
    assert asked(late) == [f"{ACCOUNT}/us-east-1"]


@pytest.mark.contract("G4")
def test_where_the_action_is_not_told_the_first_gate_of_the_stage_counts() -> None:
    own = (gate_action("Second", runOrder=3), action("ECS", "Between", runOrder=2))
    details = {**DETAILS, "action": {}}
    assert asked(stages(own=own), details=details) == [f"{ACCOUNT}/us-east-1/ECS"]


@pytest.mark.contract("G3")
def test_pipeline_and_stage_of_user_parameters_serve_where_details_give_none() -> None:
    given = {"pipeline": "orders", "stage": "Gate"}
    assert asked(stages([action("ECS")]), given, details={}) == [f"{ACCOUNT}/us-east-1/ECS"]


@pytest.mark.contract("G4")
def test_targets_given_are_taken_and_the_pipeline_is_not_read() -> None:
    world = World(details=DETAILS, pipeline=stages([action("ECS")]))
    world.run({"targets": ["/eu-west-1"]})
    assert world.asked[0][1]["targets"][0]["region"] == "eu-west-1"
    assert world.read == []


@pytest.mark.contract("G4")
@pytest.mark.parametrize(
    ("pipeline", "details", "why"),
    [
        (fault("AccessDeniedException"), DETAILS, "GetPipeline: AccessDeniedException"),
        (fault("X", 503), DETAILS, "GetPipeline: X"),
        (TimeoutError(), DETAILS, "no answer in time"),
        (stages(), DETAILS, "nothing after the gate deploys"),
        (stages([action("ECS")]), {**DETAILS, "stage": {"name": "Renamed"}}, "it has no stage Renamed"),
        (stages([action("ECS")]), {}, "neither AWS nor UserParameters tell the pipeline"),
        ({}, DETAILS, "cannot be read"),
        ({"stages": [{"name": "Gate"}]}, DETAILS, "cannot be read"),
        ({"stages": [{"name": "Gate", "actions": [{"name": "x"}]}]}, DETAILS, "cannot be read"),
        ({"stages": None}, DETAILS, "cannot be read"),
    ],
)
def test_what_cannot_be_read_leaves_the_own_account_and_region_and_says_so(
    pipeline: object, details: Data, why: str
) -> None:
    world = World(details=details, pipeline=pipeline)
    world.run()
    (_, question), *_ = world.asked
    assert [(t["account"], t["region"], t["services"]) for t in question["targets"]] == [(ACCOUNT, "us-east-1", [])]
    said = world.answer[1]["executionDetails"]["summary"]
    assert "No targets are given" in said
    assert why in said


@pytest.mark.contract("G4")
@pytest.mark.parametrize("verdict", ["allow", "block"])
def test_the_message_tells_what_was_read(verdict: str) -> None:
    told = reply(decision(verdict, reasons=[reason()] if verdict == "block" else []))
    world = World(
        details=DETAILS,
        pipeline=stages([action("ECS", region="eu-west-1")]),
        central={CENTRAL: [told]},
    )
    world.run()
    _, params = world.answer
    said = params["failureDetails"]["message"] if verdict == "block" else params["executionDetails"]["summary"]
    assert f"Targets read from the pipeline: {ACCOUNT}/eu-west-1/ECS." in said


def test_many_targets_are_all_asked_and_some_are_told() -> None:
    deploys = [action("ECS", region=f"eu-west-{number}") for number in range(1, 31)]
    world = World(details=DETAILS, pipeline=stages(deploys))
    world.run()
    assert len(world.asked[0][1]["targets"]) == 30
    assert "and 18 more" in world.answer[1]["executionDetails"]["summary"]
