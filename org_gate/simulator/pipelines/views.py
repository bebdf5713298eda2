"""Pipelines as CodePipeline shows them: executions, actions and the state of a pipeline."""

from collections.abc import Mapping
from typing import Any

from org_gate.simulator.pipelines.jobs import artifacts
from org_gate.simulator.pipelines.state import ActionRun, Declaration, Execution, Pipeline, Slot, Status


def execution(one: Execution) -> dict[str, Any]:
    """A PipelineExecution."""
    variables = [{"name": name, "resolvedValue": value} for name, value in sorted(one.variables.items())]
    return {
        "pipelineName": one.pipeline.name,
        "pipelineVersion": one.declaration["version"],
        "pipelineExecutionId": one.id,
        "status": one.status.value,
        "artifactRevisions": [],
        "variables": variables,
        "trigger": _trigger(one),
        "executionMode": one.mode,
        "executionType": "STANDARD",
    }


def execution_summary(one: Execution) -> dict[str, Any]:
    """A PipelineExecutionSummary."""
    return {
        "pipelineExecutionId": one.id,
        "status": one.status.value,
        "startTime": one.started,
        "lastUpdateTime": one.updated,
        "sourceRevisions": [],
        "trigger": _trigger(one),
        "executionMode": one.mode,
        "executionType": "STANDARD",
        **_given({"stopTrigger": {"reason": one.stop_reason} if one.stop_reason else None}),
    }


def action_detail(action: ActionRun) -> dict[str, Any]:
    """An ActionExecutionDetail."""
    one = action.execution
    result = {
        "externalExecutionId": action.external_id,
        "externalExecutionSummary": action.summary,
        "errorDetails": _error(action),
    }
    output: dict[str, Any] = {
        "outputArtifacts": _artifacts(action, "outputArtifacts"),
        "executionResult": _given(result),
    }
    if action.outputs:
        output["outputVariables"] = dict(action.outputs)
    return {
        "pipelineExecutionId": one.id,
        "actionExecutionId": action.id,
        "pipelineVersion": one.declaration["version"],
        "stageName": action.stage.name,
        "actionName": action.name,
        "startTime": action.began,
        "lastUpdateTime": action.changed,
        "status": action.status.value,
        "input": _input(action),
        "output": output,
    }


def pipeline_state(pipeline: Pipeline) -> dict[str, Any]:
    """The answer of GetPipelineState."""
    return {
        "pipelineName": pipeline.name,
        "pipelineVersion": pipeline.version,
        "stageStates": [_stage_state(stage, pipeline.slot(stage["name"])) for stage in pipeline.declaration["stages"]],
        "created": pipeline.created,
        "updated": pipeline.updated,
    }


def _stage_state(stage: Declaration, slot: Slot) -> dict[str, Any]:
    inbound = [_stage_execution(one.id, Status.IN_PROGRESS) for one in slot.waiting]
    latest = slot.latest
    return {
        "stageName": stage["name"],
        "inboundExecutions": inbound,
        "inboundTransitionState": _transition(slot),
        "actionStates": [_action_state(action, slot) for action in stage["actions"]],
        **_given(
            {
                "inboundExecution": inbound[-1] if inbound else None,
                "latestExecution": latest and _stage_execution(latest.execution.id, latest.status),
                "retryStageMetadata": _retries(latest.retries) if latest and latest.retries else None,
            }
        ),
    }


def _stage_execution(execution_id: str, status: Status) -> dict[str, Any]:
    return {"pipelineExecutionId": execution_id, "status": status.value, "type": "STANDARD"}


def _retries(count: int) -> dict[str, Any]:
    return {"manualStageRetryAttempt": count, "latestRetryTrigger": "ManualStageRetry"}


def _transition(slot: Slot) -> dict[str, Any]:
    disabled = slot.disabled
    if disabled is None:
        return {"enabled": True}
    return {
        "enabled": False,
        "lastChangedBy": disabled.by,
        "lastChangedAt": disabled.at,
        "disabledReason": disabled.reason,
    }


def _action_state(declaration: Declaration, slot: Slot) -> dict[str, Any]:
    action = slot.actions.get(declaration["name"])
    if action is None:
        return {"actionName": declaration["name"]}
    shown = {
        "actionExecutionId": action.id,
        "status": action.status.value,
        "lastStatusChange": action.changed,
        "summary": action.summary,
        "externalExecutionId": action.external_id,
        "percentComplete": action.percent,
        "errorDetails": _error(action),
    }
    return {"actionName": action.name, "latestExecution": _given(shown)}


def _error(action: ActionRun) -> dict[str, str] | None:
    return None if action.error is None else {"code": action.error[0], "message": action.error[1]}


def _input(action: ActionRun) -> dict[str, Any]:
    declaration = action.declaration
    return {
        "actionTypeId": dict(declaration["actionTypeId"]),
        "configuration": dict(declaration["configuration"]),
        "resolvedConfiguration": dict(action.configuration),
        "region": declaration.get("region") or action.execution.pipeline.region,
        "inputArtifacts": _artifacts(action, "inputArtifacts"),
        **_given({"roleArn": declaration.get("roleArn"), "namespace": declaration.get("namespace")}),
    }


def _artifacts(action: ActionRun, name: str) -> list[dict[str, Any]]:
    one = action.execution
    return [
        {"name": found["name"], "s3location": {"bucket": found["bucket"], "key": found["key"]}}
        for found in artifacts(one.pipeline, action.declaration[name], one.id)
    ]


def _trigger(one: Execution) -> dict[str, str]:
    return {"triggerType": "StartPipelineExecution", "triggerDetail": one.started_by}


def _given(members: Mapping[str, Any]) -> dict[str, Any]:
    """Without what there is nothing to say of."""
    return {name: value for name, value in members.items() if value not in (None, "")}
