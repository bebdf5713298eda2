"""Pipeline declarations: what CodePipeline refuses, and the defaults it fills in.

Types, lengths and patterns are held by botocore's model before. Stage conditions, triggers and artifact contents
are taken as they are and not acted on.
"""

import copy
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from org_gate.simulator.base import AwsError
from org_gate.simulator.shapes import misfits, service_model

_CREATE: Final = "CreatePipeline"
_FEWEST_STAGES: Final = 2


def completed(declaration: Mapping[str, Any], version: int) -> dict[str, Any]:
    """A copy as GetPipeline shows it. Raises AwsError for a structure that CodePipeline refuses."""
    _check(declaration)
    whole = copy.deepcopy(dict(declaration))
    for stage in whole["stages"]:
        for action in stage["actions"]:
            action.update({**_action_defaults(), **action})
    return {"pipelineType": "V1", "executionMode": "SUPERSEDED", **whole, "version": version}


def refused_declaration(declaration: Mapping[str, Any]) -> str | None:
    """Why CreatePipeline would refuse it, None where it would not."""
    shape = service_model("codepipeline").operation_model(_CREATE).input_shape
    problems = misfits({"pipeline": dict(declaration)}, shape)
    if problems:
        return "; ".join(problems)
    try:
        completed(declaration, 1)
    except AwsError as error:
        return error.message
    return None


def is_job(action: Mapping[str, Any]) -> bool:
    """Whether it is a Lambda Invoke action."""
    kind = action["actionTypeId"]
    return (kind["category"], kind["owner"], kind["provider"]) == ("Invoke", "AWS", "Lambda")


def run_orders(stage: Mapping[str, Any]) -> list[list[Mapping[str, Any]]]:
    """The actions of a stage in groups that run at once, in order."""
    orders = sorted({action["runOrder"] for action in stage["actions"]})
    return [[action for action in stage["actions"] if action["runOrder"] == order] for order in orders]


def _action_defaults() -> dict[str, Any]:
    return {"runOrder": 1, "configuration": {}, "inputArtifacts": [], "outputArtifacts": []}


def _check(declaration: Mapping[str, Any]) -> None:
    stages = declaration["stages"]
    if len(stages) < _FEWEST_STAGES:
        raise _structure(f"Pipeline has only {len(stages)} stage(s). There should be a minimum of 2 stages")
    if ("artifactStore" in declaration) == ("artifactStores" in declaration):
        raise _structure("Pipeline needs either artifactStore or artifactStores, and not both")
    _once("stage", (stage["name"] for stage in stages))
    for index, stage in enumerate(stages):
        _check_stage(stage, first=index == 0)


def _check_stage(stage: Mapping[str, Any], *, first: bool) -> None:
    if not stage["actions"]:
        message = f"Stage {stage['name']!r} has no actions; it needs at least one"
        raise AwsError("InvalidStageDeclarationException", message)
    _once(f"action in stage {stage['name']!r}", (action["name"] for action in stage["actions"]))
    for action in stage["actions"]:
        if (action["actionTypeId"]["category"] == "Source") != first:
            raise _structure(
                f"Action {action['name']!r} in stage {stage['name']!r}: the first stage has Source actions, "
                "and no other stage has one"
            )
        if is_job(action) and not action.get("configuration", {}).get("FunctionName"):
            message = f"Action configuration for action {action['name']!r} is missing required key 'FunctionName'"
            raise AwsError("InvalidActionDeclarationException", message)


def _once(what: str, names: Iterable[str]) -> None:
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise _structure(f"There is more than one {what} named {twice[0]!r}")


def _structure(message: str) -> AwsError:
    return AwsError("InvalidStructureException", message)
