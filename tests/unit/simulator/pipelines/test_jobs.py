"""A Lambda action as a job: its event, its details, its answers."""

from datetime import timedelta
from typing import Any

import pytest

from org_gate.simulator.base import AwsError
from tests.unit.simulator.api import user
from tests.unit.simulator.pipelines.world import (
    ACCOUNT,
    RETURNED,
    START,
    World,
    action,
    break_down,
    deploy,
    fail,
    gate,
    hold,
    source,
    stage,
    stay_silent,
    succeed,
)


def _code(world: World, operation: str, **params: Any) -> str:
    with pytest.raises(AwsError) as error:
        world.api(operation, **params)
    return error.value.code


def _event(world: World, number: int = 0) -> Any:
    return world.asked[number][2]["CodePipeline.job"]


def test_the_event_is_codepipeline_s_and_names_neither_pipeline_nor_execution() -> None:
    world = World()
    parameters = '{"execution_id": "#{codepipeline.PipelineExecutionId}"}'
    artifacts: dict[str, Any] = {"inputArtifacts": [{"name": "source"}]}
    world.create(stages=[source(), stage("Gate", gate(parameters=parameters, **artifacts)), deploy()])
    execution_id = world.run()
    assert world.asked[0][1] == f"{ACCOUNT}/us-east-1/org-gate"
    event = _event(world)
    assert set(event) == {"id", "accountId", "data"}
    assert event["accountId"] == ACCOUNT
    data = event["data"]
    assert data["actionConfiguration"]["configuration"] == {
        "FunctionName": "org-gate",
        "UserParameters": f'{{"execution_id": "{execution_id}"}}',
    }
    [artifact] = data["inputArtifacts"]
    assert (artifact["name"], artifact["revision"], artifact["location"]["type"]) == ("source", None, "S3")
    assert artifact["location"]["s3Location"]["bucketName"] == "artifacts"
    assert data["outputArtifacts"] == []
    secrets = data["artifactCredentials"]
    assert [len(secrets[name]) for name in ("accessKeyId", "secretAccessKey")] == [20, 40]
    assert "continuationToken" not in data


@pytest.mark.aws_unverified("GetJobDetails answers for Lambda actions too, with the pipeline's context")
def test_details_tell_the_pipeline_to_the_job_s_account_and_region_only() -> None:
    seen: list[Any] = []

    def look(world: World, job: Any) -> Any:
        seen.append(world.api("GetJobDetails", jobId=job["id"])["jobDetails"])
        return succeed(world, job)

    world = World(look)
    world.create()
    execution_id = world.run()
    [details] = seen
    context = details["data"]["pipelineContext"]
    assert (context["pipelineName"], context["pipelineExecutionId"]) == ("orders", execution_id)
    assert (context["stage"]["name"], context["action"]["name"]) == ("Gate", "HealthCheck")
    assert context["pipelineArn"].endswith(":orders")
    assert details["data"]["artifactCredentials"] == _event(world)["data"]["artifactCredentials"]
    for api in (world.as_(user("111122224444")), world.as_(user(ACCOUNT), "eu-west-1")):
        with pytest.raises(AwsError, match="JobNotFoundException"):
            api("GetJobDetails", jobId=details["id"])


def test_success_lets_the_pipeline_go_on_and_is_told() -> None:
    world = World(succeed)
    world.create()
    execution_id = world.run()
    assert world.status(execution_id) == "Succeeded"
    shown = world.action()
    assert (shown["status"], shown["summary"], shown["externalExecutionId"]) == ("Succeeded", "fine", "d-1")
    [answer] = world.answers
    assert (answer.at, answer.account, answer.region, answer.pipeline) == (START, ACCOUNT, "us-east-1", "orders")
    assert (answer.execution_id, answer.stage, answer.action) == (execution_id, "Gate", "HealthCheck")
    assert (answer.attempt, answer.trigger, answer.result, answer.message) == (1, "run", "succeeded", "fine")
    assert answer.returned == RETURNED


def test_failure_fails_the_stage_with_the_message() -> None:
    world = World(fail)
    world.create()
    execution_id = world.run()
    assert world.status(execution_id) == "Failed"
    assert world.stage()["latestExecution"]["status"] == "Failed"
    assert "latestExecution" not in world.stage("Deploy")
    shown = world.action()
    assert shown["errorDetails"] == {"code": "JobFailed", "message": "blocked"}
    assert shown["externalExecutionId"] == "d-2"
    assert (world.told(), world.answers[0].message) == ([(1, "run", "failed")], "blocked")


def test_a_job_takes_one_answer() -> None:
    def twice(world: World, job: Any) -> Any:
        succeed(world, job)
        assert _code(world, "PutJobSuccessResult", jobId=job["id"]) == "InvalidJobStateException"
        details = {"type": "JobFailed", "message": "x"}
        assert (
            _code(world, "PutJobFailureResult", jobId=job["id"], failureDetails=details) == "InvalidJobStateException"
        )

    world = World(twice)
    world.create()
    world.run()
    assert world.told() == [(1, "run", "succeeded")]
    unknown = "00000000-0000-0000-0000-000000000000"
    assert _code(world, "PutJobSuccessResult", jobId=unknown) == "JobNotFoundException"


@pytest.mark.parametrize(
    ("code", "operation", "params"),
    [
        ("ValidationException", "PutJobSuccessResult", {"continuationToken": "t" * 2049}),
        ("ValidationException", "PutJobSuccessResult", {"continuationToken": "t", "outputVariables": {"a": "b"}}),
        ("ValidationException", "PutJobSuccessResult", {"executionDetails": {"summary": "s" * 2049}}),
        ("ValidationException", "PutJobSuccessResult", {"executionDetails": {"percentComplete": 101}}),
        ("ValidationException", "PutJobSuccessResult", {"outputVariables": {"no spaces": "b"}}),
        ("OutputVariablesSizeExceededException", "PutJobSuccessResult", {"outputVariables": {"a": "b" * 122_880}}),
        (
            "ValidationException",
            "PutJobFailureResult",
            {"failureDetails": {"type": "JobFailed", "message": "m" * 5001}},
        ),
        ("ValidationException", "PutJobFailureResult", {"failureDetails": {"type": "Blocked", "message": "m"}}),
    ],
)
def test_an_answer_beyond_the_limits_is_refused_and_the_job_stays_open(
    code: str, operation: str, params: dict[str, Any]
) -> None:
    def answer(world: World, job: Any) -> Any:
        assert _code(world, operation, jobId=job["id"], **params) == code
        return succeed(world, job)

    world = World(answer)
    world.create()
    assert world.status(world.run()) == "Succeeded"


@pytest.mark.aws_unverified("a job with a continuation token is asked again every 30 seconds")
def test_a_hold_is_asked_again_every_30_seconds_with_a_new_job_and_told_twice() -> None:
    world = World(hold, hold, hold, succeed)
    world.create()
    execution_id = world.run()
    assert world.status(execution_id) == "InProgress"
    shown = world.action()
    assert (shown["status"], shown["summary"], shown["percentComplete"]) == ("InProgress", "held", 10)
    assert world.service.next_due() == START + timedelta(seconds=30)
    world.go_on_for(minutes=5)
    assert [moment - START for moment, _, _ in world.asked] == [timedelta(seconds=30 * n) for n in range(4)]
    tokens = [_event(world, number)["data"].get("continuationToken") for number in range(4)]
    assert tokens == [None, "since-noon", "since-noon", "since-noon"]
    assert len({_event(world, number)["id"] for number in range(4)}) == 4
    assert world.told() == [(1, "run", "held"), (1, "hold", "succeeded")]
    assert world.status(execution_id) == "Succeeded"
    assert _code(world, "PutJobSuccessResult", jobId=_event(world, 1)["id"]) == "InvalidJobStateException"


def test_a_function_that_fails_is_invoked_twice_more_with_the_same_job() -> None:
    world = World(break_down, break_down, succeed)
    world.create()
    execution_id = world.run()
    world.go_on_for(minutes=3)
    assert [moment - START for moment, _, _ in world.asked] == [timedelta(minutes=n) for n in (0, 1, 3)]
    assert len({_event(world, number)["id"] for number in range(3)}) == 1
    assert world.status(execution_id) == "Succeeded"
    assert world.told() == [(1, "run", "succeeded")]


def test_a_function_that_fails_after_its_answer_is_left_alone_and_has_returned_nothing() -> None:
    def answer_and_break(world: World, job: Any) -> Any:
        fail(world, job)
        break_down(world, job)

    world = World(answer_and_break)
    world.create()
    world.run()
    assert len(world.asked) == 1
    assert world.answers[0].returned is None


@pytest.mark.parametrize(("behaviour", "askings"), [(stay_silent, 1), (break_down, 3)])
def test_a_job_without_an_answer_hangs_for_20_minutes_and_is_no_answer(behaviour: Any, askings: int) -> None:
    world = World(behaviour)
    world.create()
    execution_id = world.run()
    world.go_on_for(minutes=19, seconds=59)
    assert len(world.asked) == askings
    assert world.service.next_due() == START + timedelta(minutes=20)
    assert world.status(execution_id) == "InProgress"
    world.go_on_for(seconds=1)
    assert world.status(execution_id) == "Failed"
    assert world.answers == []
    [silent] = world.unanswered
    assert "did not return a result" in silent.message
    assert world.action()["errorDetails"]["message"] == silent.message
    assert _code(world, "PutJobSuccessResult", jobId=_event(world)["id"]) == "InvalidJobStateException"


def test_a_continuation_starts_the_20_minutes_again() -> None:
    world = World(*[hold] * 50, stay_silent)
    world.create()
    execution_id = world.run()
    world.go_on_for(minutes=44)
    assert world.status(execution_id) == "InProgress"
    world.go_on_for(minutes=1)
    assert world.status(execution_id) == "Failed"  # the 50th answer was at 24:30


def test_no_action_lasts_longer_than_a_day() -> None:
    world = World(hold)
    world.create()
    execution_id = world.run()
    world.go_on_for(hours=24)
    assert world.status(execution_id) == "Failed"
    assert world.asked[-1][0] == START + timedelta(hours=24) - timedelta(seconds=30)
    assert world.told() == [(1, "run", "held")]


def test_an_answer_may_come_after_the_function_has_returned() -> None:
    world = World(stay_silent)
    world.create()
    execution_id = world.run()
    succeed(world, _event(world))
    assert world.status(execution_id) == "Succeeded"
    assert world.told() == [(1, "run", "succeeded")]


def test_where_the_function_is_missing_the_action_fails_without_an_answer() -> None:
    world = World(missing=True)
    world.create()
    execution_id = world.run()
    assert world.status(execution_id) == "Failed"
    assert world.answers == []
    [lost] = world.unanswered
    assert (lost.pipeline, lost.execution_id, lost.stage) == ("orders", execution_id, "Gate")
    assert world.action()["errorDetails"] == {"code": "ConfigurationError", "message": lost.message}
    world.missing = False
    world.retry(execution_id)
    world.service.drain()
    assert world.told() == [(1, "retry", "succeeded")]


def test_output_variables_reach_later_actions_and_a_variable_without_a_value_fails_its_action() -> None:
    world = World()
    later = gate("Later", parameters="#{Gate.verdict} #{variables.tier}")
    stages = [source(), stage("Gate", gate(namespace="Gate")), stage("Next", later)]
    world.create(stages=stages, pipelineType="V2", variables=[{"name": "tier", "defaultValue": "1"}])
    world.run()
    assert _event(world, 1)["data"]["actionConfiguration"]["configuration"]["UserParameters"] == "allow 1"

    world.create("lost", stages=[source(), stage("Gate", gate(parameters="#{Nowhere.verdict}")), deploy()])
    assert world.status(world.run("lost"), "lost") == "Failed"
    assert "#{Nowhere.verdict}" in world.unanswered[0].message


def test_other_actions_and_functions_that_are_not_acted_on_succeed_at_once() -> None:
    world = World(functions={"org-gate"})
    approval = stage("Approve", action("Approve", "Approval", "Manual"), gate("Other", function="migrate"))
    world.create(stages=[source(), approval, deploy()])
    assert world.status(world.start()) == "Succeeded"
    assert not world.service.drain()
