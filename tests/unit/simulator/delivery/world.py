"""A Delivery over moto with functions, rules, topics and queues in it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.events.models import events_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from org_gate.simulator.base import SimClock
from org_gate.simulator.delivery import Delivery
from org_gate.simulator.iam.guard import Guard
from org_gate.simulator.iam.ledger import Ledger
from org_gate.simulator.organization import AccountSpec, Organization
from tests.unit.simulator.lambdas.deployed import (
    ACCOUNT,
    CENTRAL,
    MANAGEMENT,
    OTHER,
    REGION,
    START,
    RecordingInvoker,
    deploy,
    make_role,
)

FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"


class Wired:
    """Function ``f`` in ACCOUNT and REGION, and what the tests do around it."""

    def __init__(self, clock: SimClock, *answers: Any) -> None:
        self.clock = clock
        self.invoker = RecordingInvoker(*answers)
        self.delivery = Delivery(clock, self.invoker, Guard(clock, organization(), Ledger()))
        self.events = events_backends[ACCOUNT][REGION]
        self.sns = sns_backends[ACCOUNT][REGION]
        self.sqs = sqs_backends[ACCOUNT][REGION]
        self.functions = lambda_backends[ACCOUNT][REGION]
        self.function = deploy("f", "", role=make_role())

    def after(self, **duration: int) -> None:
        self.clock.advance_to(self.clock.now() + timedelta(**duration))

    def rule(self, name: str, *, schedule: str | None = None, pattern: Any = None, **target: Any) -> str:
        self.events.put_rule(
            name, scheduled_expression=schedule, event_pattern=None if pattern is None else json.dumps(pattern)
        )
        self.events.put_targets(name, "default", [{"Id": "1", "Arn": FUNCTION_ARN, **target}])
        return f"arn:aws:events:{REGION}:{ACCOUNT}:rule/{name}"

    def allow(self, service: str, source: str) -> None:
        statement = {
            "Action": "lambda:InvokeFunction", "Principal": service, "SourceArn": source, "StatementId": source[-20:],
        }  # fmt: skip
        self.function.policy.add_statement(json.dumps(statement))

    def queue(self, name: str, **attributes: Any) -> Any:
        return self.sqs.create_queue(name, **attributes)

    def map(self, queue: Any, **more: Any) -> Any:
        spec = {"EventSourceArn": queue.queue_arn, "FunctionName": "f", **more}
        return self.functions.create_event_source_mapping(spec)


def organization() -> Organization:
    return Organization.build(
        management=MANAGEMENT,
        ou_paths=(),
        accounts=[AccountSpec(account, account) for account in (ACCOUNT, OTHER, CENTRAL)],
        delegated_administrator=CENTRAL,
        start=START,
    )


@contextmanager
def wired(clock: SimClock, *answers: Any) -> Iterator[Wired]:
    made = Wired(clock, *answers)
    with made.delivery.wired():
        yield made


def policy_for(service: str, action: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": service}, "Action": action, "Resource": "*"}
    return json.dumps({"Statement": [statement]})
