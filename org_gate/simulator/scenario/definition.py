"""Pipeline definitions: the one that stands for a pipeline without its own, and which ones can be played.

A definition is the ``pipeline`` structure of CodePipeline's API. This version judges Source → Gate → Deploy only.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from org_gate.policy.mistakes import refusal

GATE_FUNCTION: Final = "org-gate"
_STAGES: Final = 3


def default_stages(user_parameters: Mapping[str, Any] | str | None) -> list[dict[str, Any]]:
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
    name: str, account: str, definition: Mapping[str, Any] | None, user_parameters: Mapping[str, Any] | str | None
) -> dict[str, Any]:
    """The pipeline as CreatePipeline takes it."""
    stages = (
        default_stages(user_parameters) if definition is None else stages_with_parameters(definition, user_parameters)
    )
    return {
        "name": name,
        "roleArn": f"arn:aws:iam::{account}:role/pipeline",
        "artifactStore": {"type": "S3", "location": f"artifacts-{account}"},
        "stages": stages,
    }


def stages_with_parameters(definition: Mapping[str, Any], user_parameters: Mapping[str, Any] | str | None) -> list[Any]:
    """The definition's stages, ``user_parameters`` put into its gate action."""
    stages: list[Any] = json.loads(json.dumps(definition["stages"]))
    if user_parameters is not None:
        for action in _gate_actions(stages):
            action["configuration"]["UserParameters"] = parameters_text(user_parameters)
    return stages


def gate_parameters(definition: Mapping[str, Any]) -> str | None:
    """The UserParameters that the definition's gate action has of its own."""
    found = (action["configuration"].get("UserParameters") for action in _gate_actions(definition["stages"]))
    return next((text for text in found if text is not None), None)


def refuse_wider_definition(definition: Mapping[str, Any]) -> None:
    """Raises a validation error for a definition that this version of the gate would judge wrongly."""
    try:
        stages = [(stage["actions"], len(stage["actions"])) for stage in definition["stages"]]
        categories = [action["actionTypeId"]["category"] for actions, _ in stages for action in actions]
        gates = _gate_actions(definition["stages"])
    except (KeyError, TypeError) as error:
        found = f"a definition in which {error} is missing or wrong"
        raise refusal("stages and actions as CodePipeline spells them", found=found) from error
    plain = len(stages) == _STAGES and all(count == 1 for _, count in stages)
    deploy = definition["stages"][-1]["actions"][0] if plain else {}
    elsewhere = "region" in deploy or "roleArn" in deploy
    narrow = deploy.get("actionTypeId", {}).get("provider") != "CloudFormation"
    if not plain or categories[0] != "Source" or len(gates) != 1 or elsewhere or narrow:
        raise refusal(
            "Source, Gate, Deploy with one action each, the last CloudFormation in the pipeline's own account and "
            "Region: this version judges no other",
            found="a definition beyond that",
        )


def _gate_actions(stages: Any) -> list[Any]:
    actions = [action for stage in stages for action in stage["actions"]]
    return [
        action
        for action in actions
        if action["actionTypeId"]["provider"] == "Lambda"
        and action.get("configuration", {}).get("FunctionName") == GATE_FUNCTION
    ]


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
