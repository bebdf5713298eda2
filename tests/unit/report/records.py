"""Decision records as the table keeps them, made by the code that makes them."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from org_gate.central.records import decision_record
from org_gate.decision.concern import concerning_events
from org_gate.decision.engine import decide
from org_gate.model.decision import decision_json
from org_gate.model.event import Event
from org_gate.model.override import Override
from org_gate.model.request import Pipeline, Request
from org_gate.policy.model import Policy
from tests.unit.decision.builders import BLOCK_ALL, PROD, knowledge
from tests.unit.decision.builders import request as asked

ORDERS = Pipeline(name="orders", region="us-east-1", stage="Gate", action="Check", execution_id="e-1")


def record(
    now: datetime,
    *events: Event,
    number: int = 1,
    policy: Policy = BLOCK_ALL,
    request: Request | None = None,
    overrides: Iterable[Override] = (),
) -> dict[str, Any]:
    """What is kept of a decision about orders' deployment of RDS to us-east-1, but for what is said."""
    request = request or asked(f"{PROD}/us-east-1/RDS", pipeline=ORDERS)
    known = knowledge(*events, as_of=now, overrides=overrides)
    decision = decide(request, known, policy, policy_version=3, now=now)
    return decision_record(
        request,
        known,
        concerning_events(request, known, policy, now),
        decision_json(decision, f"d-{number:032x}"),
        revision=1,
        gate=None,
    )
