"""CodePipeline's operations on executions: start, stop, retry, and what became of them."""

from typing import Any, Final

from org_gate.simulator.base import AwsError, Call
from org_gate.simulator.paging import page
from org_gate.simulator.pipelines import views
from org_gate.simulator.pipelines.definitions import check_stage, find
from org_gate.simulator.pipelines.engine import Engine
from org_gate.simulator.pipelines.state import Execution, Pipeline, StageRun, Status

_INVALID_TOKEN: Final = "InvalidNextTokenException"  # noqa: S105  an error code
_CONFLICT_STATUS: Final = 409


def start_pipeline_execution(engine: Engine, call: Call) -> dict[str, Any]:
    pipeline = find(engine, call, call.params["name"])
    token = call.params.get("clientRequestToken")
    known = pipeline.started_by_token.get(token) if token else None
    if known is not None:
        return {"pipelineExecutionId": known}
    execution = engine.start(pipeline, call.caller.arn, _variables(pipeline, call))
    if token:
        pipeline.started_by_token[token] = execution.id
    return {"pipelineExecutionId": execution.id}


def stop_pipeline_execution(engine: Engine, call: Call) -> dict[str, Any]:
    """An abandoning stop also takes what failed and may still be retried: nothing resumes it then (S2)."""
    pipeline = find(engine, call, call.params["pipelineName"])
    execution = pipeline.executions.get(call.params["pipelineExecutionId"])
    abandon = bool(call.params.get("abandon"))
    if execution is None or not (execution.runs or (abandon and _may_be_retried(execution))):
        message = f"The execution {call.params['pipelineExecutionId']} cannot be stopped: it is not in progress"
        raise AwsError("PipelineExecutionNotStoppableException", message)
    if execution.status is Status.STOPPING and not abandon:
        message = f"The execution {execution.id} is being stopped already; it can still be abandoned"
        raise AwsError("DuplicatedStopRequestException", message)
    engine.stop(execution, call.params.get("reason"), abandon=abandon)
    return {"pipelineExecutionId": execution.id}


def retry_stage_execution(engine: Engine, call: Call) -> dict[str, Any]:
    """By an assumed role it counts as a resumption, by a user as a person's retry."""
    pipeline = find(engine, call, call.params["pipelineName"])
    run = _retryable(pipeline, call.params["stageName"], call.params["pipelineExecutionId"])
    everything = call.params["retryMode"] == "ALL_ACTIONS"
    engine.retry(run, "resume" if call.caller.role_arn else "retry", everything=everything)
    return {"pipelineExecutionId": run.execution.id}


def get_pipeline_execution(engine: Engine, call: Call) -> dict[str, Any]:
    pipeline = find(engine, call, call.params["pipelineName"])
    return {"pipelineExecution": views.execution(_execution(pipeline, call.params["pipelineExecutionId"]))}


def list_pipeline_executions(engine: Engine, call: Call) -> dict[str, Any]:
    """Newest first."""
    pipeline = find(engine, call, call.params["pipelineName"])
    wanted = (call.params.get("filter") or {}).get("succeededInStage") or {}
    stage = wanted.get("stageName")
    rows = [
        (-number, one)
        for number, one in enumerate(pipeline.executions.values())
        if stage is None or _passed(one, stage)
    ]
    part, more = page(call, rows[::-1], lambda row: (row[0],), _INVALID_TOKEN)
    return {"pipelineExecutionSummaries": [views.execution_summary(one) for _, one in part], **more}


def list_action_executions(engine: Engine, call: Call) -> dict[str, Any]:
    """Newest first."""
    pipeline = find(engine, call, call.params["pipelineName"])
    wanted = call.params.get("filter") or {}
    latest = wanted.get("latestInPipelineExecution") or {}
    only = wanted.get("pipelineExecutionId") or latest.get("pipelineExecutionId")
    executions = [_execution(pipeline, only)] if only else list(pipeline.executions.values())
    rows = [(-number, action) for number, action in enumerate(a for one in executions for a in one.history)]
    part, more = page(call, rows[::-1], lambda row: (row[0],), _INVALID_TOKEN)
    return {"actionExecutionDetails": [views.action_detail(action) for _, action in part], **more}


def get_pipeline_state(engine: Engine, call: Call) -> dict[str, Any]:
    return views.pipeline_state(find(engine, call, call.params["name"]))


def _retryable(pipeline: Pipeline, stage: str, execution_id: str) -> StageRun:
    """The failed stage to run again. Raises AwsError where CodePipeline would not."""
    check_stage(pipeline, stage)
    execution = pipeline.executions.get(execution_id)
    run = None if execution is None else execution.stages.get(stage)
    if execution is None or (run is not pipeline.slot(stage).latest and execution.mode != "PARALLEL"):
        message = f"The execution {execution_id} is not the latest one of stage {stage!r}"
        raise AwsError("NotLatestPipelineExecutionException", message)
    if run is not None and run.status in (Status.IN_PROGRESS, Status.STOPPING):
        message = f"Stage {stage!r} is in progress in execution {execution_id}; try again when it is over"
        raise AwsError("ConflictException", message, _CONFLICT_STATUS)
    if run is None or run.status is not Status.FAILED:
        raise _not_retryable(f"Stage {stage!r} has no failed actions in execution {execution_id}")
    if execution.declaration is not pipeline.declaration:
        raise _not_retryable(f"The pipeline has been changed since stage {stage!r} failed in execution {execution_id}")
    return run


def _not_retryable(why: str) -> AwsError:
    return AwsError("StageNotRetryableException", f"Unable to retry. {why}")


def _may_be_retried(execution: Execution) -> bool:
    run = execution.current
    return execution.status is Status.FAILED and run is not None and run.slot.latest is run


def _execution(pipeline: Pipeline, execution_id: str) -> Execution:
    execution = pipeline.executions.get(execution_id)
    if execution is None:
        message = f"Pipeline {pipeline.name!r} does not have an execution with id {execution_id!r}"
        raise AwsError("PipelineExecutionNotFoundException", message)
    return execution


def _passed(execution: Execution, stage: str) -> bool:
    run = execution.stages.get(stage)
    return run is not None and run.status is Status.SUCCEEDED


def _variables(pipeline: Pipeline, call: Call) -> dict[str, str]:
    declared = {one["name"]: one.get("defaultValue") for one in pipeline.declaration.get("variables") or ()}
    given = {one["name"]: one["value"] for one in call.params.get("variables") or ()}
    unknown = sorted(set(given) - set(declared))
    if unknown:
        raise AwsError("ValidationException", f"The pipeline declares no variable {unknown[0]!r}")
    values = {**declared, **given}
    missing = sorted(name for name, value in values.items() if value is None)
    if missing:
        raise AwsError("ValidationException", f"The variable {missing[0]!r} has no default; give it a value")
    return {name: value for name, value in values.items() if value is not None}
