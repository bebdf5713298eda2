"""Pipeline declarations: what CodePipeline refuses, and the defaults it fills in.

Types, lengths and patterns are held by botocore's model before. Stage conditions, triggers and artifact contents
are taken as they are and not acted on.
"""

import copy
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from org_gate.simulator.base import AwsError
from org_gate.simulator.shapes import misfits, service_model

_CREATE: Final = "CreatePipeline"
_FEWEST_STAGES: Final = 2
_NAMED: Final = re.compile(r"(?<=pipeline)(\[[0-9]+\]|\.\w+)+")
_PART: Final = re.compile(r"\[([0-9]+)\]|\.([0-9]+)\.member|\.(\w+)")

Path = tuple[str | int, ...]


class Refused(NamedTuple):
    """One thing that CodePipeline does not take; ``path`` is where in the pipeline, ``code`` AWS's word for it."""

    path: Path
    code: str
    message: str


def completed(declaration: Mapping[str, Any], version: int) -> dict[str, Any]:
    """A copy as GetPipeline shows it. Raises AwsError for a structure that CodePipeline refuses."""
    _check(declaration)
    whole = copy.deepcopy(dict(declaration))
    for stage in whole["stages"]:
        for action in stage["actions"]:
            action.update({**_action_defaults(), **action})
    return {"pipelineType": "V1", "executionMode": "SUPERSEDED", **whole, "version": version}


def refused_declaration(declaration: Mapping[str, Any]) -> list[Refused]:
    """Why CreatePipeline would refuse it: all that is wrong with it, each at its place."""
    shape = service_model("codepipeline").operation_model(_CREATE).input_shape
    problems = misfits({"pipeline": dict(declaration)}, shape)
    if problems:
        return [Refused(_place(problem), "ValidationException", problem) for problem in problems]
    return list(_refused(declaration))


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
    for refused in _refused(declaration):
        raise AwsError(refused.code, refused.message)


def _refused(declaration: Mapping[str, Any]) -> Iterator[Refused]:
    stages = declaration["stages"]
    if len(stages) < _FEWEST_STAGES:
        message = f"Pipeline has only {len(stages)} stage(s). There should be a minimum of 2 stages"
        yield _structure(("stages",), message)
    if ("artifactStore" in declaration) == ("artifactStores" in declaration):
        yield _structure((), "Pipeline needs either artifactStore or artifactStores, and not both")
    for index in _repeated(stages):
        yield _structure(("stages", index, "name"), f"There is more than one stage named {stages[index]['name']!r}")
    for index, stage in enumerate(stages):
        yield from _refused_of_stage(stage, ("stages", index))


def _refused_of_stage(stage: Mapping[str, Any], path: Path) -> Iterator[Refused]:
    name, actions = stage["name"], stage["actions"]
    if not actions:
        message = f"Stage {name!r} has no actions; it needs at least one"
        yield Refused((*path, "actions"), "InvalidStageDeclarationException", message)
    for index in _repeated(actions):
        message = f"There is more than one action in stage {name!r} named {actions[index]['name']!r}"
        yield _structure((*path, "actions", index, "name"), message)
    for index, action in enumerate(actions):
        yield from _refused_of_action(action, name, (*path, "actions", index))


def _refused_of_action(action: Mapping[str, Any], stage: str, path: Path) -> Iterator[Refused]:
    if (action["actionTypeId"]["category"] == "Source") != (path[1] == 0):
        message = (
            f"Action {action['name']!r} in stage {stage!r}: the first stage has Source actions, "
            "and no other stage has one"
        )
        yield _structure((*path, "actionTypeId", "category"), message)
    if is_job(action) and not action.get("configuration", {}).get("FunctionName"):
        message = f"Action configuration for action {action['name']!r} is missing required key 'FunctionName'"
        yield Refused((*path, "configuration"), "InvalidActionDeclarationException", message)


def _repeated(named: Sequence[Mapping[str, Any]]) -> Iterator[int]:
    """The indexes of those whose name has been given before."""
    names = [one["name"] for one in named]
    return (index for index, name in enumerate(names) if name in names[:index])


def _structure(path: Path, message: str) -> Refused:
    return Refused(path, "InvalidStructureException", message)


def _place(problem: str) -> Path:
    """Where in the pipeline a problem is, read off its text: botocore's words give no other way."""
    named = _NAMED.search(problem)
    parts = _PART.findall(named[0]) if named else []
    return tuple(int(index) if index else int(item) - 1 if item else name for index, item, name in parts)
