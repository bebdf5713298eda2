"""The resumer's Lambda, behind its queue: looks at all deployments that wait, and resumes those that go on (W1, W2).

The edge: reads each batch, and names the messages that have to come again, so that one never holds up the others. A
message that is none of ours comes again until its queue gives it up. *Now* is when the queue took a message, or the
last poll where that is later (D17): what comes late decides nothing in the past.
After a look people are told the news of the minute, whatever came of it.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, Final

import boto3
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.config import Config

from org_gate.central.announce import Announcer, TopicAnnouncer
from org_gate.central.budget import Budget
from org_gate.central.news import News
from org_gate.central.notices import TELLING
from org_gate.central.resuming import Resuming
from org_gate.central.resuming_look import Looking
from org_gate.central.resuming_member import ClientOf, Members
from org_gate.central.resuming_messages import LookMessage, ResumeMessage, UnknownMessageError, read_message
from org_gate.central.resuming_queue import Queues
from org_gate.central.resuming_telemetry import logger
from org_gate.central.settings import resumer_settings
from org_gate.store import Store

_BOUNDS: Final = Config(connect_timeout=2, read_timeout=5)
_ONCE: Final = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 1})
"""A retry of a stage that was asked for twice could be two."""


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A batch of the queue's messages; the answer names those that failed."""
    return _resumer().handle(event, Budget(lambda: context.get_remaining_time_in_millis() / 1000))


@dataclass(frozen=True, slots=True)
class Resumer:
    """``sts`` is a boto3 client; ``client_of`` makes the others (``resuming_member``)."""

    store: Store
    queues: Queues
    sts: Any
    client_of: ClientOf
    partition: str
    people: Announcer
    central_account: str

    def handle(self, event: Mapping[str, Any], budget: Budget) -> dict[str, Any]:
        batch = _Batch(event)
        members = Members(self.sts, self.client_of, self.partition)
        resuming = Resuming(self.store, self.queues, members, self.central_account)
        for name, message in batch.resumptions.items():
            if budget.may_ask():
                batch.attempt([name], partial(resuming.take, message))
            else:
                batch.failed.append(name)
        if batch.looks:
            looking = Looking(self.store, self.queues, members, self.central_account, budget.may_ask)
            sent = max(message.sent for message in batch.looks.values())
            batch.attempt([*batch.looks], partial(looking.take, sent))
            news = News(self.store, self.people, budget.may_ask)
            batch.attempt([], partial(news.tell, sent))  # no message comes again for its sake
        return {"batchItemFailures": [{"itemIdentifier": name} for name in batch.failed]}


class _Batch:
    """Messages by their ids. Of several looks one is enough: the latest."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        self.looks: dict[str, LookMessage] = {}
        self.resumptions: dict[str, ResumeMessage] = {}
        self.failed: list[str] = []
        for record in event["Records"]:
            self._sort(record["messageId"], record)

    def _sort(self, name: str, record: Mapping[str, Any]) -> None:
        try:
            message = read_message(record)
        except UnknownMessageError as error:
            logger.error("a message could not be understood", message_id=name, error=str(error))
            self.failed.append(name)
            return
        match message:
            case LookMessage():
                self.looks[name] = message
            case ResumeMessage():
                self.resumptions[name] = message

    def attempt(self, names: list[str], work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:  # noqa: BLE001  the process edge: others of the batch go on, and the log gets the cause
            logger.exception("a message failed; it comes again", message_ids=names)
            self.failed += names


@cache
def _resumer() -> Resumer:
    """Once per process. How often botocore tries is its own environment's business, but for retries of stages."""
    settings = resumer_settings(os.environ)
    session = boto3.session.Session()
    return Resumer(
        store=Store(boto3.client("dynamodb", config=_BOUNDS), settings.table),
        queues=Queues(boto3.client("sqs", config=_BOUNDS), settings.queue, settings.dead_queue),
        sts=boto3.client("sts", config=_BOUNDS),
        client_of=_pipelines,
        partition=session.get_partition_for_region(session.region_name),
        people=TopicAnnouncer(boto3.client("sns", config=TELLING), settings.topic),
        central_account=settings.central_account,
    )


def _pipelines(credentials: Mapping[str, str], region: str) -> Any:
    return boto3.client(
        "codepipeline",
        region_name=region,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
        config=_ONCE,
    )
