"""What the decision API says of itself: one structured line and one metric for each decision and each failure.

Only what is named here is ever written: no request, no header, no credential.
"""

from collections.abc import Mapping
from typing import Any, Final

from aws_lambda_powertools import Logger

from org_gate.central.metrics import count
from org_gate.central.problems import Problem

_FAULTS_FROM: Final = 500

logger = Logger(service="org-gate-api")


def tell_decision(decision: Mapping[str, Any], caller: str) -> None:
    """One line, and the metric ``Decisions`` by verdict."""
    logger.info(
        "decided",
        decision_id=decision["decision_id"],
        caller=caller,
        verdict=decision["verdict"],
        would_be=decision["would_be"],
        policy_version=decision["policy_version"],
        knowledge_age_seconds=decision["knowledge"]["age_seconds"],
        reasons=len(decision["reasons"]) + decision["reasons_omitted"],
        targets=len(decision["targets"]),
    )
    count("Decisions", verdict=decision["verdict"])


def tell_problem(problem: Problem, caller: str | None) -> None:
    """One line, and the metric ``Problems`` by status. A fault of ours is logged with its cause."""
    fault = problem.status >= _FAULTS_FROM
    log = logger.error if fault else logger.info
    log("not answered", caller=caller, status=problem.status.value, detail=problem.detail, exc_info=fault)
    count("Problems", status=str(problem.status.value))


def tell_unannounced(kind: str, subject: str, error: Exception) -> None:
    """One line, and the metric ``Unannounced``: the change stands, but nobody was told."""
    logger.error("not announced", kind=kind, subject=subject, error=str(error))
    count("Unannounced", kind=kind)
