"""Every statement of the templates is needed: taken away, one at a time, something that org-gate does is denied.

Minutes of work, so it runs by `make soak` alone. What no run here can use is named in ``rights.NOT_JUDGED``.
"""

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

import pytest

from org_gate.rollout.render import central_template, member_template
from org_gate.simulator.play import Asked, play
from org_gate.simulator.scenario.model import Entry
from org_gate.simulator.world import World
from tests.e2e.rights import (
    ACCESS,
    API,
    COLLECTOR,
    DATA,
    GATE,
    HOME,
    NOT_JUDGED,
    READ,
    REPORTER,
    RESUMER,
    look_around,
    policies,
    with_every_option,
)
from tests.e2e.support import CENTRAL, Quiet, world
from tests.unit.rollout.templates import actions, properties, statements

pytestmark = pytest.mark.skipif(os.environ.get("ORG_GATE_SOAK") != "1", reason="takes minutes: make soak")

ROLES: Final = {"CollectorRole": COLLECTOR, "ApiRole": API, "ResumerRole": RESUMER, "ReporterRole": REPORTER}
MEMBER_ROLES: Final = {"Role": GATE, "AccessRole": ACCESS, "ReadRole": READ}
STATEMENTS: Final = [
    (arn, statement["Sid"], actions(statement))
    for template, roles in ((central_template(), ROLES), (member_template(), MEMBER_ROLES))
    for logical_id, arn in roles.items()
    for statement in statements(template, logical_id)
    if not all((arn, statement["Sid"], action) in NOT_JUDGED for action in actions(statement))
]


Denied = set[tuple[str, str]]
"""(Who, which action.)"""


class _Enough(Exception):  # noqa: N818  it is no error
    """What is looked for has been seen."""


class _Watching(Quiet):
    """Ends the play at the first entry by which something wanted was denied: the rest would only add minutes."""

    def __init__(self, opened: World, wanted: Denied) -> None:
        super().__init__()
        self._opened = opened
        self._wanted = wanted

    def note(self, entry: Entry) -> None:  # noqa: ARG002  a listener's signature
        self._look()

    def asked(self, asked: Asked) -> None:  # noqa: ARG002  a listener's signature
        self._look()

    def _look(self) -> None:
        if denials(self._opened) & self._wanted:
            raise _Enough


def denials(opened: World) -> Denied:
    return {(use.principal, use.action) for use in opened.aws.door.guard.ledger.denials()}


def denied_without(folder: Path, taken: Callable[[World], None], wanted: Denied) -> Denied:
    """What was denied once ``taken`` took something from a rollout that is complete, until any of ``wanted`` was."""
    with world(folder, DATA) as opened:
        with_every_option(opened)
        taken(opened)
        try:
            with suppress(_Enough):
                play(opened, _Watching(opened, wanted))
                list(look_around(opened))
        finally:
            opened.aws.door.failures.clear()
        return denials(opened)


def without_statement(opened: World, role: str, sid: str) -> None:
    """The role's policy but for one statement."""
    account, name = role.split(":")[4], role.rpartition("/")[2]
    iam = opened.sessions.client("iam", account, HOME)
    for policy, document in policies(role).items():
        kept = [one for one in document["Statement"] if one["Sid"] != sid]
        assert len(kept) == len(document["Statement"]) - 1
        if kept:
            changed = json.dumps({**document, "Statement": kept})
            iam.put_role_policy(RoleName=name, PolicyName=policy, PolicyDocument=changed)
        else:
            iam.delete_role_policy(RoleName=name, PolicyName=policy)


@pytest.mark.parametrize(
    ("role", "sid", "needed"), STATEMENTS, ids=[f"{arn.rpartition('/')[2]} {sid}" for arn, sid, _ in STATEMENTS]
)
def test_a_role_without_one_of_its_statements_is_denied_what_it_needs(
    tmp_path: Path, role: str, sid: str, needed: list[str]
) -> None:
    wanted = {(role, action) for action in needed}
    denied = denied_without(tmp_path, lambda opened: without_statement(opened, role, sid), wanted)
    assert denied & wanted


@pytest.mark.parametrize("sid", ["LookWhenSomethingChanged", "LookEveryMinute"])
def test_the_resumers_queue_without_one_of_its_statements_is_closed(tmp_path: Path, sid: str) -> None:
    document = properties(central_template(), "AWS::SQS::QueuePolicy")["ResumeQueuePolicy"]["PolicyDocument"]
    (service,) = [one["Principal"]["Service"] for one in document["Statement"] if one["Sid"] == sid]

    def without(opened: World) -> None:
        sqs = opened.sessions.client("sqs", CENTRAL, HOME)
        url = sqs.get_queue_url(QueueName="org-gate-resume")["QueueUrl"]
        policy: Any = json.loads(
            sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]["Policy"]
        )
        policy["Statement"] = [one for one in policy["Statement"] if one["Sid"] != sid]
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": json.dumps(policy)})

    wanted = {(service, "sqs:SendMessage")}
    assert denied_without(tmp_path, without, wanted) & wanted


@pytest.mark.parametrize(
    ("logical_id", "denied"),
    [
        ("EveryMinutePermission", ("events.amazonaws.com", "lambda:InvokeFunction")),
        ("HealthNotificationsPermission", ("events.amazonaws.com", "lambda:InvokeFunction")),
        ("ApiUrlPermission", (GATE, "lambda:InvokeFunctionUrl")),
        ("ApiInvokePermission", (GATE, "lambda:InvokeFunction")),
        ("ReportTimePermission", ("events.amazonaws.com", "lambda:InvokeFunction")),
    ],
)
def test_a_function_without_one_of_its_permissions_is_closed(
    tmp_path: Path, logical_id: str, denied: tuple[str, str]
) -> None:
    function = properties(central_template(), "AWS::Lambda::Permission")[logical_id]["FunctionName"]["Ref"]

    def without(opened: World) -> None:
        client = opened.sessions.client("lambda", CENTRAL, HOME)
        name = f"org-gate-{function.lower()}"
        (sid,) = [
            one["Sid"]
            for one in json.loads(client.get_policy(FunctionName=name)["Policy"])["Statement"]
            if f"-{logical_id}-" in one["Sid"]
        ]
        client.remove_permission(FunctionName=name, StatementId=sid)

    assert denied in denied_without(tmp_path, without, {denied})
