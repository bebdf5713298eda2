"""What the resumer says of itself: a structured line for each thing that comes of a deployment, and metrics.

Only what is named here is written: no session, no credential, nothing that a pipeline's state holds besides.
"""

from typing import Final

from aws_lambda_powertools import Logger

from org_gate.central import metrics
from org_gate.model.waiting import Waiting

SERVICE: Final = "resumer"
WAITING: Final = "Waiting"
_METRICS: Final = {
    "resumed": "Resumed",
    "skipped": "ResumeSkipped",
    "given_up": "ResumeGivenUp",
    "denied": "ResumeDenied",
    "blocked": "ResumeBlocked",
    "later": "ResumeFailed",
}
"""By outcome; what is ``dropped`` is only told."""

logger = Logger(service="org-gate-resumer")


def tell_outcome(waiting: Waiting, outcome: str, why: str) -> None:
    log = logger.warning if outcome in {"denied", "later"} else logger.info
    told = waiting.deployment._asdict()
    log("resumption", decision_id=waiting.decision_id, deployment=told, outcome=outcome, why=why)
    if outcome in _METRICS:
        count(_METRICS[outcome], 1)


def count(name: str, value: int) -> None:
    metrics.count(name, value, service=SERVICE)
