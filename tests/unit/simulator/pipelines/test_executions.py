"""Executions: stage locks, superseding, retry, resume, stop, transitions, and what is listed of them (S2, S3)."""

from datetime import timedelta
from typing import Any

import pytest

from org_gate.simulator.base import AwsError
from tests.unit.simulator.api import role
from tests.unit.simulator.pipelines.world import (
    ACCOUNT,
    START,
    World,
    action,
    declaration,
    deploy,
    fail,
    gate,
    hold,
    source,
    stage,
    stay_silent,
    succeed,
)


def _refusal(call: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(AwsError) as error:
        call(*args, **kwargs)
    return error.value.code


def test_a_stage_takes_one_execution_a_newer_one_waits_and_a_still_newer_one_supersedes_that() -> None:
    world = World(hold, hold, succeed)
    world.create()
    first, second = world.run(), world.run()
    assert len(world.asked) == 1
    assert world.stage()["inboundExecution"]["pipelineExecutionId"] == second
    third = world.run()
    assert [world.status(one) for one in (first, second, third)] == ["InProgress", "Superseded", "InProgress"]
    assert world.stage()["inboundExecution"]["pipelineExecutionId"] == third
    world.go_on_for(minutes=1)
    assert [world.status(one) for one in (first, second, third)] == ["Succeeded", "Superseded", "Succeeded"]
    assert [(answer.execution_id, answer.attempt, answer.trigger, answer.result) for answer in world.answers] == [
        (first, 1, "run", "held"),
        (first, 1, "hold", "succeeded"),
        (third, 1, "run", "succeeded"),
    ]
    assert not world.service.is_busy()


def test_a_failed_stage_is_free_and_its_execution_is_no_longer_the_latest() -> None:
    world = World(fail)
    world.create()
    first, second = world.run(), world.run()
    assert len(world.asked) == 2
    assert _refusal(world.retry, first) == "NotLatestPipelineExecutionException"
    world.retry(second)


def test_queued_executions_wait_for_each_other_and_parallel_ones_do_not() -> None:
    world = World(hold, hold, succeed)
    world.create(pipelineType="V2", executionMode="QUEUED")
    ids = [world.run() for _ in range(3)]
    assert [world.status(one) for one in ids] == ["InProgress"] * 3
    assert len(world.asked) == 1
    world.go_on_for(minutes=1)
    assert [world.status(one) for one in ids] == ["Succeeded"] * 3

    parallel = World(hold)
    parallel.create(pipelineType="V2", executionMode="PARALLEL")
    parallel.run()
    parallel.run()
    assert len(parallel.asked) == 2


def test_a_retry_asks_again_with_the_next_number_and_says_who_retried() -> None:
    world = World(fail, fail, succeed)
    world.create()
    execution_id = world.run()
    world.retry(execution_id, by=role(ACCOUNT))
    assert world.status(execution_id) == "InProgress"
    assert _refusal(world.retry, execution_id) == "ConflictException"
    world.service.drain()
    world.retry(execution_id)
    world.service.drain()
    assert world.told() == [(1, "run", "failed"), (2, "resume", "failed"), (3, "retry", "succeeded")]
    assert world.status(execution_id) == "Succeeded"
    assert world.stage()["retryStageMetadata"]["manualStageRetryAttempt"] == 2
    assert _refusal(world.retry, execution_id) == "StageNotRetryableException"


def test_what_cannot_be_retried() -> None:
    world = World(fail)
    world.create()
    execution_id = world.run()
    assert _refusal(world.retry, execution_id, stage="Nowhere") == "StageNotFoundException"
    assert _refusal(world.retry, "00000000-0000-0000-0000-000000000000") == "NotLatestPipelineExecutionException"
    assert _refusal(world.retry, execution_id, stage="Source") == "StageNotRetryableException"
    assert _refusal(world.retry, execution_id, mode="SOME_ACTIONS") == "ValidationException"
    world.api("UpdatePipeline", pipeline=declaration("orders"))
    assert _refusal(world.retry, execution_id) == "StageNotRetryableException"
    world.api("DeletePipeline", name="orders")
    assert _refusal(world.retry, execution_id) == "PipelineNotFoundException"


def _by_name(world: World, job: Any) -> Any:
    name = world.api("GetJobDetails", jobId=job["id"])["jobDetails"]["data"]["pipelineContext"]["action"]["name"]
    return fail(world, job) if name == "Second" and len(world.asked) <= 2 else succeed(world, job)


@pytest.mark.parametrize(("mode", "names"), [("FAILED_ACTIONS", ["Second"]), ("ALL_ACTIONS", ["First", "Second"])])
def test_a_retry_runs_the_failed_actions_or_all_of_them(mode: str, names: list[str]) -> None:
    world = World(_by_name)
    world.create(stages=[source(), stage("Gate", gate("First"), gate("Second")), deploy()])
    execution_id = world.run()
    before = {name: world.action(name)["actionExecutionId"] for name in ("First", "Second")}
    world.retry(execution_id, mode)
    world.service.drain()
    assert world.status(execution_id) == "Succeeded"
    assert [name for name in before if world.action(name)["actionExecutionId"] != before[name]] == names


def test_actions_run_by_run_order_and_those_of_one_order_at_once() -> None:
    world = World(stay_silent)
    actions = [gate("A", runOrder=1), gate("B", runOrder=1), action("C", "Test", "CodeBuild", runOrder=2)]
    world.create(stages=[source(), stage("Gate", *actions), deploy()])
    execution_id = world.run()
    assert len(world.asked) == 2
    assert "latestExecution" not in world.stage()["actionStates"][2]
    succeed(world, world.asked[0][2]["CodePipeline.job"])
    assert world.status(execution_id) == "InProgress"
    succeed(world, world.asked[1][2]["CodePipeline.job"])
    assert world.action("C")["status"] == "Succeeded"
    assert world.status(execution_id) == "Succeeded"


def test_abandoning_ends_a_hold_without_a_word_and_lets_the_next_one_in() -> None:
    world = World(hold, succeed)
    world.create()
    first = world.run()
    second = world.start()
    world.stop(first, abandon=True)
    assert (world.status(first), world.action()["status"]) == ("Stopped", "InProgress")
    world.go_on_for(hours=1)
    assert world.status(second) == "Succeeded"
    assert [(answer.execution_id, answer.result) for answer in world.answers] == [
        (first, "held"),
        (second, "succeeded"),
    ]
    assert _refusal(world.stop, first, abandon=True) == "PipelineExecutionNotStoppableException"


def test_an_abandoned_action_takes_no_answer() -> None:
    world = World(stay_silent)
    world.create()
    first = world.run()
    world.stop(first, abandon=True)
    assert world.action()["status"] == "Abandoned"
    job = world.asked[0][2]["CodePipeline.job"]
    assert _refusal(succeed, world, job) == "InvalidJobStateException"
    assert _refusal(world.retry, first) == "StageNotRetryableException"
    assert not world.service.is_busy()


def test_stopping_waits_for_what_runs_unless_it_is_abandoned_after_all() -> None:
    world = World(hold, succeed, hold)
    world.create()
    first = world.run()
    world.stop(first, abandon=False)
    assert (world.status(first), world.stage()["latestExecution"]["status"]) == ("Stopping", "Stopping")
    assert _refusal(world.stop, first, abandon=False) == "DuplicatedStopRequestException"
    world.go_on_for(seconds=30)
    assert world.status(first) == "Stopped"
    assert "latestExecution" not in world.stage("Deploy")
    second = world.run()
    world.stop(second, abandon=False)
    world.stop(second, abandon=True)
    assert world.status(second) == "Stopped"


def test_a_stop_also_takes_one_that_waits_for_its_stage() -> None:
    world = World(hold)
    world.create()
    world.run()
    second = world.run()
    world.stop(second, abandon=False)
    assert world.status(second) == "Stopped"
    assert "inboundExecution" not in world.stage()


@pytest.mark.aws_unverified("CodePipeline may refuse to stop an execution that has failed")
def test_abandoning_what_failed_ends_its_wait_for_a_retry() -> None:
    world = World(fail)
    world.create()
    execution_id = world.run()
    assert _refusal(world.stop, execution_id, abandon=False) == "PipelineExecutionNotStoppableException"
    world.stop(execution_id, abandon=True)
    assert world.status(execution_id) == "Stopped"
    assert _refusal(world.retry, execution_id) == "StageNotRetryableException"


def test_a_disabled_transition_keeps_executions_out_of_a_stage() -> None:
    world = World()
    world.create()
    place = {"pipelineName": "orders", "stageName": "Source", "transitionType": "Outbound"}
    world.api("DisableStageTransition", reason="peak season", **place)
    execution_id = world.run()
    state = world.stage()
    assert state["inboundTransitionState"]["enabled"] is False
    assert state["inboundTransitionState"]["disabledReason"] == "peak season"
    assert state["inboundExecution"]["pipelineExecutionId"] == execution_id
    assert world.asked == []
    world.api("EnableStageTransition", **{**place, "stageName": "Gate", "transitionType": "Inbound"})
    world.service.drain()
    assert world.status(execution_id) == "Succeeded"


def test_first_askings_come_before_held_ones() -> None:
    world = World(hold)
    world.create()
    world.create("web")
    world.run()
    world.clock.advance_to(START + timedelta(seconds=30))
    world.start("web")
    world.service.drain()
    tokens = [payload["CodePipeline.job"]["data"].get("continuationToken") for _, _, payload in world.asked]
    assert tokens == [None, None, "since-noon"]


def test_held_askings_can_be_left_for_later_at_the_same_instant() -> None:
    world = World(hold)
    world.create()
    world.create("web")
    held = world.run()
    world.clock.advance_to(START + timedelta(seconds=30))
    fresh = world.start("web")
    world.service.drain(held=False)
    assert [answer.execution_id for answer in world.answers] == [held, fresh]
    assert len(world.asked) == 2
    assert world.service.drain()
    assert len(world.asked) == 3
    assert not world.service.drain()


def test_what_runs_goes_on_by_the_declaration_it_began_with() -> None:
    world = World(stay_silent)
    world.create()
    execution_id = world.run()
    world.api("UpdatePipeline", pipeline=declaration("orders", stages=[source(), deploy()]))
    succeed(world, world.asked[0][2]["CodePipeline.job"])
    assert world.status(execution_id) == "Succeeded"


def test_the_same_request_token_starts_once_and_variables_have_to_be_declared() -> None:
    world = World()
    world.create(pipelineType="V2", variables=[{"name": "tier"}])
    tier = [{"name": "tier", "value": "1"}]
    first = world.api("StartPipelineExecution", name="orders", clientRequestToken="once", variables=tier)
    again = world.api("StartPipelineExecution", name="orders", clientRequestToken="once", variables=tier)
    assert first == again
    unknown = [*tier, {"name": "colour", "value": "red"}]
    assert _refusal(world.api, "StartPipelineExecution", name="orders", variables=unknown) == "ValidationException"
    assert _refusal(world.api, "StartPipelineExecution", name="orders") == "ValidationException"


def test_lists_are_newest_first_in_pages() -> None:
    world = World(fail, succeed, succeed)
    world.create()
    ids = [world.run() for _ in range(3)]
    first = world.api("ListPipelineExecutions", pipelineName="orders", maxResults=2)
    rest = world.api("ListPipelineExecutions", pipelineName="orders", maxResults=2, nextToken=first["nextToken"])
    listed = first["pipelineExecutionSummaries"] + rest["pipelineExecutionSummaries"]
    assert [one["pipelineExecutionId"] for one in listed] == ids[::-1]
    passed = {"succeededInStage": {"stageName": "Gate"}}
    answer = world.api("ListPipelineExecutions", pipelineName="orders", filter=passed)
    assert [one["pipelineExecutionId"] for one in answer["pipelineExecutionSummaries"]] == ids[:0:-1]

    wanted = {"pipelineExecutionId": ids[0]}
    actions = world.api("ListActionExecutions", pipelineName="orders", filter=wanted)["actionExecutionDetails"]
    assert [(one["actionName"], one["status"]) for one in actions] == [
        ("HealthCheck", "Failed"),
        ("Source", "Succeeded"),
    ]
    result = actions[0]["output"]["executionResult"]
    assert (result["errorDetails"]["message"], result["externalExecutionId"]) == ("blocked", "d-2")
    everything = world.api("ListActionExecutions", pipelineName="orders")["actionExecutionDetails"]
    assert len(everything) == 2 + 3 + 3
    assert everything[1]["output"]["outputVariables"] == {"verdict": "allow"}


def test_ids_are_the_same_in_every_run_whatever_other_pipelines_do() -> None:
    worlds = [World(), World()]
    worlds[1].create("other")
    worlds[1].run("other")
    for world in worlds:
        world.create()
    assert worlds[0].run() == worlds[1].run()
    assert worlds[0].asked[0][2] == worlds[1].asked[1][2]
