"""Whether a pipeline's definition has a gate, and whether it stands where it protects something: pure.

A gate is a Lambda action of the function ``org-gate``, or a LambdaInvoke rule of that function in a stage's entry
condition. Deployments are the actions of category Deploy; builds, tests and approvals may come before the gate. The
function alone counts: whether it is there is for others to find out.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

FUNCTION: Final = "org-gate"
_HARMLESS: Final = ("Source", "Approval")

Definition = Mapping[str, Any]
"""A pipeline as GetPipeline gives it."""
_Position = tuple[int, int]
"""A stage's index, and the runOrder in it; 0 is the entry into the stage."""


class Standing(StrEnum):
    """How a pipeline stands to the gate."""

    GATED = "gated"
    LATE = "late"
    """It has a gate, which does not come before all deployments."""
    UNGATED = "without a gate"


@dataclass(frozen=True, slots=True)
class GatePlace:
    """``stage`` is the one of the first gate, None without one; ``reason`` says in words what is wrong, else empty."""

    standing: Standing
    stage: str | None = None
    reason: str = ""


def gate_place(definition: Definition) -> GatePlace:
    """Where the first gate of a pipeline stands, and whether a deployment comes before it or beside it."""
    first = min(_gates(definition), default=None)
    if first is None:
        return GatePlace(Standing.UNGATED, None, "no stage has a gate")
    stage = definition["stages"][first[0]]["name"]
    deployed = min((each for each in _deployments(definition) if each[0] <= first), default=None)
    if deployed is not None:
        (index, order), name = deployed
        beside = (index, order) == first
        where = f"action {name} in stage {definition['stages'][index]['name']}"
        reason = f"the gate comes beside a deployment, not before it: {where}"
        return GatePlace(Standing.LATE, stage, reason if beside else f"the gate comes after a deployment: {where}")
    if not any(each > first for each in _protected(definition)):
        return GatePlace(Standing.LATE, stage, "the gate comes last: nothing that could deploy stands after it")
    return GatePlace(Standing.GATED, stage)


def _gates(definition: Definition) -> Iterator[_Position]:
    for index, stage in enumerate(definition["stages"]):
        conditions = stage.get("beforeEntry", {}).get("conditions", ())
        if any(_is_rule(rule) for condition in conditions for rule in condition.get("rules", ())):
            yield index, 0
        yield from ((index, _order(action)) for action in stage["actions"] if _is_gate(action))


def _deployments(definition: Definition) -> Iterator[tuple[_Position, str]]:
    for position, action in _actions(definition):
        if action["actionTypeId"]["category"] == "Deploy":
            yield position, action["name"]


def _protected(definition: Definition) -> Iterator[_Position]:
    """What may deploy, by any provider."""
    for position, action in _actions(definition):
        if action["actionTypeId"]["category"] not in _HARMLESS and not _is_gate(action):
            yield position


def _actions(definition: Definition) -> Iterator[tuple[_Position, Mapping[str, Any]]]:
    for index, stage in enumerate(definition["stages"]):
        for action in stage["actions"]:
            yield (index, _order(action)), action


def _order(action: Mapping[str, Any]) -> int:
    return int(action.get("runOrder") or 1)


def _is_gate(action: Mapping[str, Any]) -> bool:
    return action["actionTypeId"]["provider"] == "Lambda" and _calls_it(action)


def _is_rule(rule: Mapping[str, Any]) -> bool:
    return rule["ruleTypeId"]["provider"] == "LambdaInvoke" and _calls_it(rule)


def _calls_it(declared: Mapping[str, Any]) -> bool:
    return bool(declared.get("configuration", {}).get("FunctionName") == FUNCTION)
