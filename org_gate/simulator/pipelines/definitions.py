"""CodePipeline's operations on pipelines themselves.

Creating one does not run it, though AWS would: a scenario says when pipelines run.
"""

import copy
from typing import Any

from org_gate.simulator.base import AwsError, Call
from org_gate.simulator.paging import page
from org_gate.simulator.pipelines.declaration import completed
from org_gate.simulator.pipelines.engine import Engine
from org_gate.simulator.pipelines.state import Pipeline, Transition

_INVALID_TOKEN = "InvalidNextTokenException"  # noqa: S105  an error code


def create_pipeline(engine: Engine, call: Call) -> dict[str, Any]:
    declaration = completed(call.params["pipeline"], 1)
    key = (call.caller.account, call.region, declaration["name"])
    if key in engine.pipelines:
        message = f"A pipeline with the name {key[2]!r} already exists in account {key[0]}, {key[1]}"
        raise AwsError("PipelineNameInUseException", message)
    now, tags = engine.clock.now(), call.params.get("tags") or []
    pipeline = Pipeline(key[0], key[1], declaration, now, now, {1: declaration})
    pipeline.tags = {tag["key"]: tag["value"] for tag in tags}
    engine.pipelines[key] = pipeline
    return {"pipeline": copy.deepcopy(declaration), "tags": _tags(pipeline)}


def update_pipeline(engine: Engine, call: Call) -> dict[str, Any]:
    """What runs goes on by the declaration it began with."""
    pipeline = _resource(engine, call, call.params["pipeline"]["name"])
    declaration = completed(call.params["pipeline"], pipeline.version + 1)
    pipeline.declaration = pipeline.versions[declaration["version"]] = declaration
    pipeline.updated = engine.clock.now()
    return {"pipeline": copy.deepcopy(declaration)}


def get_pipeline(engine: Engine, call: Call) -> dict[str, Any]:
    pipeline = find(engine, call, call.params["name"])
    version = call.params.get("version") or pipeline.version
    if version not in pipeline.versions:
        message = f"Pipeline {pipeline.name!r} has no version {version}"
        raise AwsError("PipelineVersionNotFoundException", message)
    metadata = {"pipelineArn": pipeline.arn, "created": pipeline.created, "updated": pipeline.updated}
    return {"pipeline": copy.deepcopy(dict(pipeline.versions[version])), "metadata": metadata}


def list_pipelines(engine: Engine, call: Call) -> dict[str, Any]:
    place = (call.caller.account, call.region)
    found = sorted(name for account, region, name in engine.pipelines if (account, region) == place)
    part, more = page(call, found, lambda name: (name,), _INVALID_TOKEN)
    return {"pipelines": [_summary(engine.pipelines[*place, name]) for name in part], **more}


def delete_pipeline(engine: Engine, call: Call) -> dict[str, Any]:
    pipeline = engine.pipelines.get((call.caller.account, call.region, call.params["name"]))
    if pipeline is not None:
        engine.forget(pipeline)
    return {}


def list_tags_for_resource(engine: Engine, call: Call) -> dict[str, Any]:
    return {"tags": _tags(_tagged(engine, call))}


def tag_resource(engine: Engine, call: Call) -> dict[str, Any]:
    _tagged(engine, call).tags.update({tag["key"]: tag["value"] for tag in call.params["tags"]})
    return {}


def untag_resource(engine: Engine, call: Call) -> dict[str, Any]:
    tags = _tagged(engine, call).tags
    for key in call.params["tagKeys"]:
        tags.pop(key, None)
    return {}


def disable_stage_transition(engine: Engine, call: Call) -> dict[str, Any]:
    stage = _stage_entered(engine, call)
    if stage is not None:
        pipeline = find(engine, call, call.params["pipelineName"])
        pipeline.slot(stage).disabled = Transition(call.params["reason"], call.caller.arn, engine.clock.now())
    return {}


def enable_stage_transition(engine: Engine, call: Call) -> dict[str, Any]:
    stage = _stage_entered(engine, call)
    if stage is not None:
        engine.open_transition(find(engine, call, call.params["pipelineName"]).slot(stage))
    return {}


def find(engine: Engine, call: Call, name: str) -> Pipeline:
    """The caller's pipeline of that name. Raises PipelineNotFoundException."""
    pipeline = engine.pipelines.get((call.caller.account, call.region, name))
    if pipeline is None:
        message = f"Account {call.caller.account!r} does not have a pipeline with name {name!r} in {call.region}"
        raise AwsError("PipelineNotFoundException", message)
    return pipeline


def check_stage(pipeline: Pipeline, name: str) -> int:
    """The index of the stage. Raises StageNotFoundException."""
    names = [stage["name"] for stage in pipeline.declaration["stages"]]
    if name not in names:
        message = f"Pipeline {pipeline.name!r} does not have a stage with name {name!r}"
        raise AwsError("StageNotFoundException", message)
    return names.index(name)


def _stage_entered(engine: Engine, call: Call) -> str | None:
    """The stage that a transition leads to, None behind the last one."""
    pipeline = find(engine, call, call.params["pipelineName"])
    index = check_stage(pipeline, call.params["stageName"])
    stages = pipeline.declaration["stages"]
    index += call.params["transitionType"] == "Outbound"
    return str(stages[index]["name"]) if index < len(stages) else None


def _resource(engine: Engine, call: Call, name: str) -> Pipeline:
    """As ``find``, for the operations that know no PipelineNotFoundException."""
    pipeline = engine.pipelines.get((call.caller.account, call.region, name))
    if pipeline is None:
        message = f"The account with id {call.caller.account!r} does not include a pipeline with the name {name!r}"
        raise AwsError("ResourceNotFoundException", message)
    return pipeline


def _tagged(engine: Engine, call: Call) -> Pipeline:
    return _resource(engine, call, call.params["resourceArn"].rpartition(":")[2])


def _tags(pipeline: Pipeline) -> list[dict[str, str]]:
    return [{"key": key, "value": value} for key, value in sorted(pipeline.tags.items())]


def _summary(pipeline: Pipeline) -> dict[str, Any]:
    declaration = pipeline.declaration
    return {
        "name": pipeline.name,
        "version": pipeline.version,
        "pipelineType": declaration["pipelineType"],
        "executionMode": declaration["executionMode"],
        "created": pipeline.created,
        "updated": pipeline.updated,
    }
