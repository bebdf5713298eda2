"""CodePipeline's operations on jobs, and the event a job is for its function.

The event and GetJobDetails hold credentials: nobody logs them.
"""

from collections.abc import Mapping
from typing import Any, Final

from org_gate.simulator.base import AwsError, Call
from org_gate.simulator.pipelines.engine import Engine
from org_gate.simulator.pipelines.ids import credentials
from org_gate.simulator.pipelines.state import Job, Pipeline

MOST_OUTPUT_BYTES: Final = 122_880


def job_event(job: Job) -> dict[str, Any]:
    """What the function is invoked with. It names neither pipeline nor execution."""
    data = _data(job)
    for artifact in (*data["inputArtifacts"], *data["outputArtifacts"]):
        artifact["revision"] = None
    account = job.action.execution.pipeline.account
    return {"CodePipeline.job": {"id": job.id, "accountId": account, "data": data}}


def get_job_details(engine: Engine, call: Call) -> dict[str, Any]:
    job = _job(engine, call)
    action, execution = job.action, job.action.execution
    context = {
        "pipelineName": execution.pipeline.name,
        "pipelineArn": execution.pipeline.arn,
        "pipelineExecutionId": execution.id,
        "stage": {"name": action.stage.name},
        "action": {"name": action.name, "actionExecutionId": action.id},
    }
    data = {**_data(job), "actionTypeId": dict(action.declaration["actionTypeId"]), "pipelineContext": context}
    return {"jobDetails": {"id": job.id, "accountId": execution.pipeline.account, "data": data}}


def put_job_success_result(engine: Engine, call: Call) -> dict[str, Any]:
    job = _open_job(engine, call)
    token, outputs = call.params.get("continuationToken"), call.params.get("outputVariables") or {}
    details = call.params.get("executionDetails") or {}
    if token and outputs:
        message = "A job that goes on has no output variables: give continuationToken or outputVariables"
        raise AwsError("ValidationException", message)
    if sum(len(name.encode()) + len(value.encode()) for name, value in outputs.items()) > MOST_OUTPUT_BYTES:
        message = f"The output variables are larger than {MOST_OUTPUT_BYTES} bytes"
        raise AwsError("OutputVariablesSizeExceededException", message)
    if token:
        engine.actions.hold(job, details, token)
    else:
        engine.actions.succeed(job, details, outputs)
    return {}


def put_job_failure_result(engine: Engine, call: Call) -> dict[str, Any]:
    job, details = _open_job(engine, call), call.params["failureDetails"]
    engine.actions.fail(job, details["type"], details["message"], details.get("externalExecutionId"))
    return {}


def artifacts(pipeline: Pipeline, declared: Any, execution_id: str) -> list[dict[str, Any]]:
    """The artifacts of an action, by name and the place of their S3 objects, which nobody has put there."""
    return [
        {
            "name": one["name"],
            "bucket": _bucket(pipeline),
            "key": f"{pipeline.name}/{one['name']}/{execution_id[:7]}"[-100:],
        }
        for one in declared
    ]


def _data(job: Job) -> dict[str, Any]:
    action, execution = job.action, job.action.execution
    data: dict[str, Any] = {
        "actionConfiguration": {"configuration": dict(action.configuration)},
        "artifactCredentials": credentials(job.id),
    }
    for name in ("inputArtifacts", "outputArtifacts"):
        found = artifacts(execution.pipeline, action.declaration[name], execution.id)
        data[name] = [_artifact(one) for one in found]
    if job.token is not None:
        data["continuationToken"] = job.token
    key = _store(execution.pipeline).get("encryptionKey")
    if key is not None:
        data["encryptionKey"] = dict(key)
    return data


def _artifact(found: Mapping[str, Any]) -> dict[str, Any]:
    place = {"bucketName": found["bucket"], "objectKey": found["key"]}
    return {"name": found["name"], "location": {"type": "S3", "s3Location": place}}


def _store(pipeline: Pipeline) -> Mapping[str, Any]:
    declaration = pipeline.declaration
    stores: Mapping[str, Any] = declaration.get("artifactStores") or {}
    store: Mapping[str, Any] = declaration.get("artifactStore") or stores.get(pipeline.region) or {}
    return store


def _bucket(pipeline: Pipeline) -> str:
    return str(_store(pipeline).get("location", f"codepipeline-{pipeline.region}-{pipeline.account}"))


def _open_job(engine: Engine, call: Call) -> Job:
    job = _job(engine, call)
    if not job.is_open:
        message = f"The job {job.id} takes no answer: it has been answered already, or its action is over"
        raise AwsError("InvalidJobStateException", message)
    return job


def _job(engine: Engine, call: Call) -> Job:
    job = engine.actions.job(call.params["jobId"])
    place = None if job is None else job.action.execution.pipeline
    if job is None or place is None or (place.account, place.region) != (call.caller.account, call.region):
        message = f"There is no job {call.params['jobId']} in account {call.caller.account}, {call.region}"
        raise AwsError("JobNotFoundException", message)
    return job
