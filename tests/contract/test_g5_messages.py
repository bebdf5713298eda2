"""G5, G6, W3: what a person reads in the CodePipeline console, word for word.

Each tells what is going on, where and since when, why this deployment is concerned, by which rule, what happens next,
and the decision's id. Central's part of the words is as `org_gate.decision` writes it.
"""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from org_gate.member import gate
from tests.contract.test_g4_targets import DETAILS, action, stages
from tests.unit.member.support import (
    CENTRAL,
    OTHER,
    World,
    decision,
    event_json,
    fault,
    issue,
    problem,
    reason,
    reply,
    settings,
)

Data = dict[str, Any]

SEEN = "RDS in us-east-1: issue, open since 2026-03-02T12:00:00Z"
WHY = (
    f"{SEEN}. It concerns 111122223333/us-east-1/RDS: the target lists RDS. Rule open-issues says block: An open "
    "incident makes a deployment end half-way."
)
TARGETS = {"targets": ["/us-east-1/RDS"]}
SILENT = {CENTRAL: [reply({}, 503)]}


def central(verdict: str, summary: str, *reasons: Data, **more: Any) -> Data:
    return {"central": {CENTRAL: [reply(decision(verdict, summary=summary, reasons=list(reasons), **more))]}}


BLOCKED = central("block", f"Blocked: {SEEN} (rule open-issues).", reason(explanation=WHY))
DRILL = reason(
    rule="drills", event=event_json(drill=True), explanation="drill: " + WHY.replace("open-issues", "drills")
)
DRILLED = central("block", f"Blocked: drill: {SEEN} (rule drills).", DRILL)
MISSING = (
    f"Account 111122223333 may not ask about {OTHER}. Ask with credentials of the account that is deployed to; or have "
    "the platform team add this entry to delegates in the policy: "
    f'{{account: "111122223333", may_ask_for: {{accounts: ["{OTHER}"]}}}}'
)


class Message(NamedTuple):
    """The world, the gate's UserParameters, and what CodePipeline shows."""

    world: Data
    parameters: Data
    said: str


MESSAGES = {
    "blocked, resumes by itself": Message(
        BLOCKED,
        TARGETS,
        f"org-gate stopped this deployment. Blocked: {SEEN} (rule open-issues). [1] {WHY} What now: when this is over, "
        "org-gate retries this stage by itself, unless the policy has resume off; or choose Retry in the CodePipeline "
        "console at any time. To go on before that: org-gate override create. Decision d-1, at 2026-03-02T12:30:00Z.",
    ),
    "held": Message(
        BLOCKED,
        {**TARGETS, "on_block": "hold", "hold_for": "2h"},
        f"org-gate holds this deployment since 2026-03-02T12:30:00Z. Blocked: {SEEN} (rule open-issues). [1] {WHY} "
        "What now: it goes on by itself when this is over, and fails at 2026-03-02T14:30:00Z. To go on before that: "
        "org-gate override create; to give up: stop the execution. Decision d-1, at 2026-03-02T12:30:00Z.",
    ),
    "blocked by a drill": Message(
        DRILLED,
        TARGETS,
        f"DRILL: org-gate stopped this deployment. Blocked: drill: {SEEN} (rule drills). [1] drill: "
        f"{WHY.replace('open-issues', 'drills')} What now: when this is over, org-gate retries this stage by itself, "
        "unless the policy has resume off; or choose Retry in the CodePipeline console at any time. To go on before "
        "that: org-gate override create. Decision d-1, at 2026-03-02T12:30:00Z.",
    ),
    "lifted by an override": Message(
        central(
            "warn",
            f"Allowed with a warning: {SEEN} (rule open-issues).",
            reason(explanation=WHY, override_id="o-7"),
        ),
        TARGETS,
        f"Allowed with a warning: {SEEN} (rule open-issues). Lifted by override o-7. Decision d-1, at "
        "2026-03-02T12:30:00Z.",
    ),
    "watched only": Message(
        central(
            "warn",
            f"Allowed with a warning: {SEEN} (rule open-issues). The mode is shadow; enforce would block.",
            reason(explanation=WHY),
            would_be="block",
            mode="shadow",
        ),
        {},
        f"Allowed with a warning: {SEEN} (rule open-issues). The mode is shadow; enforce would block. Targets read "
        "from the pipeline: 111122223333/us-east-1/ECS. Decision d-1, at 2026-03-02T12:30:00Z.",
    ),
    "refused for want of an entry in delegates": Message(
        {"central": {CENTRAL: [problem(403, MISSING, mode="enforce")]}},
        TARGETS,
        f"org-gate could not decide. {MISSING}. What now: when that is done, choose Retry on this stage in the "
        "CodePipeline console; the gate then asks again.",
    ),
    "refused, and only watched": Message(
        {"central": {CENTRAL: [problem(403, MISSING, mode="shadow")]}},
        TARGETS,
        f"org-gate could not decide. {MISSING}. This account is in mode shadow: the deployment goes on without a "
        "verdict.",
    ),
    "nothing could be found out": Message(
        {"central": SILENT, "health": [fault("ThrottlingException")], "settings": settings()},
        TARGETS,
        "org-gate stopped this deployment. block: Nothing could be found out: no central URL answered (central in "
        "eu-west-1: answered 503), and AWS Health in this account could not be asked (ThrottlingException). What now: "
        "when it can be found out again (if this lasts, tell the platform team), choose Retry on this stage in the "
        "CodePipeline console; the gate then asks again. No central decision, at 2026-03-02T12:30:00Z.",
    ),
    "the gate looked for itself": Message(
        {"central": SILENT, "health": [[issue()]]},
        TARGETS,
        "org-gate stopped this deployment. block: AWS_RDS_OPERATIONAL_ISSUE (RDS) in us-east-1, open since "
        "2026-03-02T12:00:00Z, rule local; the gate looked for itself as no central URL answered (central in "
        "eu-west-1: answered 503). [1] AWS Health in account 111122223333 shows AWS_RDS_OPERATIONAL_ISSUE (RDS) in "
        "us-east-1, open since 2026-03-02T12:00:00Z. It concerns 111122223333/us-east-1. What now: when this is over, "
        "choose Retry on this stage in the CodePipeline console; the gate then asks again. No central decision, at "
        "2026-03-02T12:30:00Z.",
    ),
}


def said_by(message: Message) -> str:
    world = World(**{"details": DETAILS, "pipeline": stages([action("ECS")]), **message.world})
    world.run(message.parameters)
    _, params = world.answer
    details = params.get("failureDetails") or params["executionDetails"]
    return str(details.get("message") or details["summary"])


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_word_for_word(message: Message) -> None:
    assert said_by(message) == message.said


def test_a_hold_that_ran_out_says_since_when_it_was_held() -> None:
    world = World(details=DETAILS, **BLOCKED)
    world.run({**TARGETS, "on_block": "hold", "hold_for": "2h"}, json.dumps({"since": "2026-03-02T10:30:00Z"}))
    assert "It was held since 2026-03-02T10:30:00Z. What now:" in world.answer[1]["failureDetails"]["message"]


def test_a_conditions_message_names_the_button_and_promises_no_resumption() -> None:
    world = World(details=DETAILS, category="Rule", **BLOCKED)
    with pytest.raises(gate.ConditionFailedError) as raised:
        world.run(TARGETS)
    assert str(raised.value).endswith(
        "What now: when this is over, choose Retry on this stage in the CodePipeline console; the gate then asks "
        "again. To go on before that: Override the condition there. org-gate does not resume a failed condition. "
        "Decision d-1, at 2026-03-02T12:30:00Z."
    )


WHERE_A_DRILL_IS_TOLD: dict[str, Callable[[], Message]] = {
    "held": lambda: Message(DRILLED, {**TARGETS, "on_block": "hold"}, "DRILL: org-gate holds"),
    "beside a real event": lambda: Message(
        central("block", "Blocked.", reason(explanation=WHY), DRILL), TARGETS, "In part a DRILL: org-gate stopped"
    ),
    "a warning": lambda: Message(
        central("warn", "Allowed with a warning.", {**DRILL, "verdict": "warn"}), TARGETS, "DRILL: Allowed"
    ),
    "exempt": lambda: Message(central("allow", "Allowed.", DRILL, exempt=True), TARGETS, "DRILL: Allowed"),
}


@pytest.mark.parametrize("where", WHERE_A_DRILL_IS_TOLD)
def test_a_drill_is_told_at_once(where: str) -> None:
    message = WHERE_A_DRILL_IS_TOLD[where]()
    assert said_by(message).startswith(message.said)
