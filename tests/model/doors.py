"""AWS in this process, as boto3's clients and the gate's own sender see it: the simulator's services without HTTP.

Each door belongs to one caller in one Region. Requests are held against botocore's model, as AWS does; faults come
first. Queues and topics are lists here. Nothing in it knows verdicts.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from functools import cache
from random import Random
from typing import Any, Final

from botocore import xform_name

from org_gate.simulator.base import AwsError, Call, Caller, OrgAccount, OwnService, SimClock
from org_gate.simulator.shapes import misfits, service_model
from tests.model.faults import Faults, client_error

QUEUE, DEAD, CHANGES, PEOPLE = "https://sqs/resume", "https://sqs/dead", "arn:changes", "arn:people"
VISIBLE_AGAIN: Final = timedelta(minutes=6)
COMES_TWICE: Final = timedelta(seconds=30)
MOST_RECEIVES: Final = 3


@cache
def _operation(service: str, method: str) -> str:
    names = service_model(service).operation_names
    return next(name for name in names if method in {name, xform_name(name)})


@dataclass(frozen=True)
class Aws:
    """What there is to call, for everybody."""

    clock: SimClock
    faults: Faults
    services: Mapping[str, OwnService]
    slow_clocks: frozenset[str] = frozenset({"codepipeline"})
    """Services whose answers' Date is a second behind: AWS's clocks differ by as much."""

    def door(self, who: str, service: str, region: str, caller: Caller) -> "Door":
        return Door(self, who, service, region, caller)

    def date(self, service: str = "") -> str:
        behind = timedelta(seconds=1 if service in self.slow_clocks else 0)
        return format_datetime(self.clock.now() - behind, usegmt=True)


@dataclass(frozen=True)
class Door:
    """A client of one service; its methods are boto3's, or AWS's own names."""

    aws: Aws
    who: str
    service: str
    region: str
    caller: Caller

    def __getattr__(self, method: str) -> Any:
        if method.startswith("__"):
            raise AttributeError(method)
        operation = _operation(self.service, method)
        return lambda **params: self.aws.faults.call(
            self.who, self.service, operation, lambda: self._serve(operation, params)
        )

    def _serve(self, operation: str, params: Mapping[str, Any]) -> dict[str, Any]:
        wrong = misfits(params, service_model(self.service).operation_model(operation).input_shape)
        assert not wrong, f"{self.who} sent what {self.service} does not take: {wrong}"
        date = self.aws.date(self.service)
        try:
            answer = self.aws.services[self.service].handle(
                Call(self.service, operation, params, self.region, self.caller)
            )
        except AwsError as error:
            raise client_error(error, operation, date) from error
        return {**answer, "ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {"date": date}}}


def caller_of(account: str, role: str | None = None) -> Caller:
    """A person's user in an account, or a role."""
    if role is None:
        return Caller(account, f"arn:aws:iam::{account}:user/somebody", "AKIA", account)
    arn = f"arn:aws:iam::{account}:role/{role}"
    return Caller(account, f"arn:aws:sts::{account}:assumed-role/{role}/x", "ASIA", account, role_arn=arn)


@dataclass
class Message:
    """One in the queue; ``visible`` is when it may be given to somebody next."""

    body: str
    sent: datetime
    visible: datetime
    id: str
    received: datetime | None = None
    receives: int = 0

    def record(self) -> dict[str, Any]:
        """As Lambda is given it."""
        times = {"SentTimestamp": self.sent, "ApproximateFirstReceiveTimestamp": self.received or self.sent}
        attributes = {name: str(int(moment.timestamp() * 1000)) for name, moment in times.items()}
        return {"messageId": self.id, "body": self.body, "attributes": attributes}


@dataclass
class Queue:
    """SQS's standard queue: at least once, in any order. ``mix`` says which come twice and in which order."""

    clock: SimClock
    mix: Random
    messages: list[Message] = field(default_factory=list)
    buried: list[str] = field(default_factory=list)
    given_up: list[Message] = field(default_factory=list)
    held_until: datetime | None = None
    doubles: bool = False
    _sent: int = 0

    def put(self, body: str) -> None:
        self._sent += 1
        now = self.clock.now()
        self.messages.append(Message(body, now, now, f"m-{self._sent}"))

    def receive(self) -> list[Message]:
        """At most ten that are visible, of which some are given to somebody else once more later."""
        now = self.clock.now()
        if self.held_until is not None and now < self.held_until:
            return []
        due = [one for one in self.messages if one.visible <= now]
        self.mix.shuffle(due)
        for message in due[:10]:
            message.receives += 1
            message.received = message.received or now
            message.visible = now + VISIBLE_AGAIN
        return due[:10]

    def finish(self, batch: list[Message], failed: list[str]) -> None:
        """What did not fail is removed, unless it comes twice."""
        for message in batch:
            twice = self.doubles and message.receives == 1 and self.mix.random() < 0.5
            if message not in self.messages:
                continue  # somebody else was given it as well, and was done with it first
            if message.id not in failed and not twice:
                self.messages.remove(message)
            elif twice:
                message.visible = self.clock.now() + COMES_TWICE
            elif message.receives >= MOST_RECEIVES:
                self.messages.remove(message)
                self.given_up.append(message)

    def next_due(self) -> datetime | None:
        return min((max(one.visible, self.held_until or one.visible) for one in self.messages), default=None)


@dataclass(frozen=True)
class Sqs:
    """The resumer's client."""

    faults: Faults
    queue: Queue

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        assert request["QueueUrl"] == QUEUE
        return self.faults.call("resumer", "sqs", "SendMessageBatch", lambda: self._batch(request["Entries"]))

    def send_message(self, **request: Any) -> dict[str, Any]:
        assert request["QueueUrl"] == DEAD
        return self.faults.call("resumer", "sqs", "SendMessage", lambda: self._bury(request["MessageBody"]))

    def _batch(self, entries: list[dict[str, Any]]) -> dict[str, Any]:
        assert 1 <= len(entries) <= 10
        for entry in entries:
            self.queue.put(entry["MessageBody"])
        return {"Successful": []}

    def _bury(self, body: str) -> dict[str, Any]:
        self.queue.buried.append(body)
        return {}


@dataclass(frozen=True)
class Sns:
    """A client of one function; ``told`` is what people heard."""

    faults: Faults
    who: str
    queue: Queue
    told: list[dict[str, Any]]

    def publish(self, **request: Any) -> dict[str, Any]:
        return self.faults.call(self.who, "sns", "Publish", lambda: self._publish(request))

    def _publish(self, request: dict[str, Any]) -> dict[str, Any]:
        if request["TopicArn"] == CHANGES:
            json.loads(request["Message"])
            self.queue.put(request["Message"])
        else:
            self.told.append(request)
        return {}


@dataclass(frozen=True)
class Sts:
    """Gives the access role's credentials: the account, in our case."""

    faults: Faults

    def assume_role(self, **request: Any) -> dict[str, Any]:
        account = request["RoleArn"].split(":")[4]
        keys = {"AccessKeyId": account, "SecretAccessKey": "-", "SessionToken": "-"}
        return self.faults.call("resumer", "sts", "AssumeRole", lambda: {"Credentials": keys})


@dataclass
class Members:
    """``base.OrgView`` of an organization whose health service access is on: all that AWS Health asks."""

    management: str
    members: tuple[str, ...]
    delegated: str
    id: str = "o-model"
    root_id: str = "r-1"

    def accounts(self) -> tuple[OrgAccount, ...]:
        return tuple(OrgAccount(one, one, "ACTIVE", self.root_id) for one in sorted((self.management, *self.members)))

    def accounts_below(self, parent_id: str) -> tuple[str, ...]:
        assert parent_id == self.root_id
        return tuple(one.id for one in self.accounts())

    def is_active(self, account: str) -> bool:
        return account in {self.management, *self.members}

    def is_delegated(self, account: str, service_principal: str) -> bool:
        return account == self.delegated and bool(service_principal)

    def has_trusted_access(self, service_principal: str) -> bool:
        return bool(service_principal)

    def enable_trusted_access(self, service_principal: str) -> None: ...

    def disable_trusted_access(self, service_principal: str) -> None: ...
