"""The lines of ``decisions.jsonl`` (S6): one for each gate invocation that answered finally or began to hold."""

import json
from collections.abc import Mapping
from typing import Any, Final

from org_gate.model.times import format_time
from org_gate.simulator.pipelines.answers import JobAnswer

Line = Mapping[str, Any]

NO_DECISION: Final[Mapping[str, Any]] = {
    "decision_id": None,
    "verdict": None,
    "would_be": None,
    "mode": None,
    "exempt": False,
    "summary": "",
    "targets": [],
    "reasons": [],
    "reasons_omitted": 0,
    "knowledge": None,
    "policy_version": None,
    "evaluated_at": None,
    "retry_after_seconds": None,
}
"""What a line says where the gate's function returned nothing that could be read as a decision."""


def decision_line(answer: JobAnswer) -> dict[str, Any]:
    """One line: the decision as A2, and what CodePipeline made of it."""
    returned = answer.returned if isinstance(answer.returned, Mapping) and "verdict" in answer.returned else {}
    return {
        **NO_DECISION,
        **returned,
        "at": format_time(answer.at),
        "pipeline_account": answer.account,
        "pipeline_name": answer.pipeline,
        "execution_id": answer.execution_id,
        "attempt": answer.attempt,
        "trigger": answer.trigger,
        "pipeline_result": answer.result,
        "message": answer.message,
    }


class Recorder:
    """Keeps the lines as they happen: an observer of CodePipeline's jobs."""

    def __init__(self) -> None:
        self.lines: list[Line] = []

    def __call__(self, answer: JobAnswer) -> None:
        self.lines.append(decision_line(answer))

    def jsonl(self) -> str:
        """One JSON object a line, in order."""
        return "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in self.lines)
