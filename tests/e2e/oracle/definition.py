"""What a pipeline's definition says: where its gates stand, and what lies behind each of them (S2, G4)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.e2e.oracle.fits import Aim

BOUND = {
    "ECS": "ECS",
    "S3": "S3",
    "EKS": "EKS",
    "ElasticBeanstalk": "ELASTICBEANSTALK",
    "AppConfig": "APPCONFIG",
}
"""AWS's own providers that deploy to one service and nothing else."""
_Action = Mapping[str, Any]


@dataclass(frozen=True)
class GateAction:
    """A gate in its stage; ``behind`` is what it asks about where nothing else is given."""

    stage: int
    parameters: Any
    behind: tuple[Aim, ...]


def gates(pipeline: Mapping[str, Any]) -> tuple[GateAction, ...]:
    """All of a scenario's pipeline, in the order in which an execution meets them."""
    stages = [stage["actions"] for stage in _stages(pipeline)]
    return tuple(
        GateAction(
            number,
            action["configuration"].get("UserParameters", pipeline.get("user_parameters")),
            _behind([*_later(action, actions), *(one for later in stages[number + 1 :] for one in later)], pipeline),
        )
        for number, actions in enumerate(stages)
        for action in sorted(actions, key=_order)
        if _is_gate(action)
    )


def _stages(pipeline: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    if "definition" in pipeline:
        return list(pipeline["definition"]["stages"])
    gate = {"actionTypeId": {"category": "Invoke", "owner": "AWS", "provider": "Lambda"}}
    deploy = {"actionTypeId": {"category": "Deploy", "owner": "AWS", "provider": "CloudFormation"}}
    return [
        {"actions": []},
        {"actions": [{**gate, "configuration": {"FunctionName": "org-gate"}}]},
        {"actions": [deploy]},
    ]


def _order(action: _Action) -> int:
    return int(action.get("runOrder", 1))


def _later(gate: _Action, actions: Iterable[_Action]) -> Iterator[_Action]:
    return (action for action in actions if _order(action) > _order(gate))


def _is_gate(action: _Action) -> bool:
    function = action.get("configuration", {}).get("FunctionName")
    return bool(action["actionTypeId"]["provider"] == "Lambda" and function == "org-gate")


def _behind(actions: Iterable[_Action], pipeline: Mapping[str, Any]) -> tuple[Aim, ...]:
    services: dict[tuple[str, str], list[str | None]] = {}
    for action in actions:
        if action["actionTypeId"]["category"] not in ("Source", "Approval") and not _is_gate(action):
            account = action["roleArn"].split(":")[4] if "roleArn" in action else pipeline["account"]
            place = account, action.get("region", pipeline["region"])
            services.setdefault(place, []).append(_service(action["actionTypeId"]))
    found = tuple(Aim(*place, _joined(named)) for place, named in sorted(services.items()))
    return found or (Aim(pipeline["account"], pipeline["region"]),)


def _service(kind: Mapping[str, str]) -> str | None:
    """None for whatever can deploy anything, custom actions among them, or is not named in the contract."""
    return BOUND.get(kind["provider"]) if kind["owner"] == "AWS" else None


def _joined(services: Iterable[str | None]) -> tuple[str, ...]:
    named = {service for service in services if service is not None}
    return () if None in services else tuple(sorted(named))
