"""Pipeline definitions: the one that stands for a pipeline without its own, and those that a scenario spells out.

A definition is the ``pipeline`` structure of CodePipeline's API, its stages above all; what it leaves out is filled
in here. Whether CodePipeline would take it is not judged here, so it may be of any shape.
"""

import copy
import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

GATE_FUNCTION: Final = "org-gate"
_MODE: Final = "SUPERSEDED"

Path = tuple[str | int, ...]
Parameters = Mapping[str, Any] | str | None


class GateAction(NamedTuple):
    """Where a gate stands in a definition, and its configuration."""

    path: Path
    configuration: dict[str, Any]


def default_stages(user_parameters: Parameters) -> list[dict[str, Any]]:
    """Source → Gate → Deploy, the last a CloudFormation action in the pipeline's own account and Region (S2)."""
    gate = {"FunctionName": GATE_FUNCTION}
    if user_parameters is not None:
        gate["UserParameters"] = parameters_text(user_parameters)
    stack = {"ActionMode": "CREATE_UPDATE", "StackName": "app", "TemplatePath": "source::template.yaml"}
    return [
        _stage("Source", "Source", "S3", {"S3Bucket": "source", "S3ObjectKey": "app.zip"}, outputs=["source"]),
        _stage("Gate", "Invoke", "Lambda", gate, action="HealthCheck"),
        _stage("Deploy", "Deploy", "CloudFormation", stack, inputs=["source"]),
    ]


def parameters_text(user_parameters: Mapping[str, Any] | str) -> str:
    """The gate's UserParameters as CodePipeline holds them: text, as it stands or as JSON."""
    return user_parameters if isinstance(user_parameters, str) else json.dumps(user_parameters)


def declaration(
    name: str, account: str, region: str, definition: Mapping[str, Any] | None, user_parameters: Parameters
) -> dict[str, Any]:
    """The pipeline as CreatePipeline takes it; what is wrong with a definition stays wrong.

    Its execution mode is not acted on: an execution that waits is superseded by a newer one (S2, S3).
    """
    if definition is None:
        given: dict[str, Any] = {"stages": default_stages(user_parameters)}
    else:
        given = _with_parameters(definition, user_parameters)
    role = {"roleArn": f"arn:aws:iam::{account}:role/pipeline"}
    stores = {} if {"artifactStore", "artifactStores"} & set(given) else _stores(given, account, region)
    return {**role, **stores, **given, "name": name, "executionMode": _MODE}


def gate_actions(definition: Mapping[str, Any]) -> Iterator[GateAction]:
    """Its gates: Lambda invocations of org-gate."""
    for path, action in _actions(definition):
        kind, configuration = action.get("actionTypeId"), action.get("configuration")
        if not isinstance(kind, dict) or not isinstance(configuration, dict):
            continue
        if (kind.get("provider"), configuration.get("FunctionName")) == ("Lambda", GATE_FUNCTION):
            yield GateAction((*path, "configuration"), configuration)


def _with_parameters(definition: Mapping[str, Any], user_parameters: Parameters) -> dict[str, Any]:
    """A copy, ``user_parameters`` put into all its gates."""
    given = copy.deepcopy(dict(definition))
    if user_parameters is not None:
        for gate in gate_actions(given):
            gate.configuration["UserParameters"] = parameters_text(user_parameters)
    return given


def _actions(definition: Mapping[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Each action with its path, as far as there are any."""
    for number, stage in enumerate(_listed(definition.get("stages"))):
        for index, action in enumerate(_listed(stage.get("actions") if isinstance(stage, dict) else None)):
            if isinstance(action, dict):
                yield ("stages", number, "actions", index), action


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _stores(definition: Mapping[str, Any], account: str, region: str) -> dict[str, Any]:
    """A bucket of artifacts in each Region in which the pipeline acts, as CodePipeline wants it."""
    used = {region, *(str(action["region"]) for _, action in _actions(definition) if action.get("region"))}
    if len(used) == 1:
        return {"artifactStore": {"type": "S3", "location": f"artifacts-{account}"}}
    stores = {each: {"type": "S3", "location": f"artifacts-{each}-{account}"} for each in sorted(used)}
    return {"artifactStores": stores}


def _stage(
    name: str,
    category: str,
    provider: str,
    configuration: Mapping[str, str],
    *,
    action: str | None = None,
    inputs: list[str] | None = None,
    outputs: list[str] | None = None,
) -> dict[str, Any]:
    return {
        "name": name,
        "actions": [
            {
                "name": action or name,
                "actionTypeId": {"category": category, "owner": "AWS", "provider": provider, "version": "1"},
                "runOrder": 1,
                "configuration": dict(configuration),
                "inputArtifacts": [{"name": artifact} for artifact in inputs or []],
                "outputArtifacts": [{"name": artifact} for artifact in outputs or []],
            }
        ],
    }
