"""What a pipeline's state says of a deployment that waits (W1, W2). Pure: reads an answer of GetPipelineState."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from org_gate.model.waiting import Waiting

_DECISION: Final = re.compile(r"d-[0-9a-f]{32}")
_FAILED: Final = "Failed"
_STOPPED: Final = frozenset({"Stopped", "Stopping", "Cancelled"})


@dataclass(frozen=True, slots=True)
class Standing:
    """Where the deployment stands. ``ended`` is None where its stage may be retried, else why there is no need."""

    ended: str | None = None
    went_on: bool = False
    """Its stage was retried since, by whomever; or its gate has not answered yet."""


def standing(state: Mapping[str, Any], waiting: Waiting) -> Standing:
    stage = next(
        (one for one in state.get("stageStates", ()) if one.get("stageName") == waiting.deployment.stage), None
    )
    if stage is None:
        return Standing("the pipeline has no such stage any more")
    latest = stage.get("latestExecution") or {}
    if latest.get("pipelineExecutionId") != waiting.deployment.execution_id:
        return Standing(f"superseded: execution {latest.get('pipelineExecutionId')} is the latest in the stage")
    status = latest.get("status")
    if status in _STOPPED:
        return Standing("somebody stopped the execution")
    if status != _FAILED:
        return Standing(f"its stage was retried by somebody, and is {status}", went_on=True)
    return _of_failed([one.get("latestExecution") or {} for one in stage.get("actionStates", ())], waiting)


def _of_failed(actions: Sequence[Mapping[str, Any]], waiting: Waiting) -> Standing:
    failed = [str(one.get("externalExecutionId") or "") for one in actions if one.get("status") == _FAILED]
    if {waiting.decision_id, *waiting.earlier}.isdisjoint(failed):
        return Standing("its stage was retried, or its failed action is another one", went_on=True)
    if not all(map(_DECISION.fullmatch, failed)):
        return Standing("another action of its stage failed too, for reasons of its own: a person has to decide")
    return Standing()
