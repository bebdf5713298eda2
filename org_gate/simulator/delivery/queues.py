"""SQS event source mappings: a queue's visible messages, carried to the function in batches.

What the function does not take becomes visible again after the queue's visibility timeout, in simulated time, and
goes to the dead-letter queue once it was received too often.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from moto.awslambda.models import EventSourceMapping, lambda_backends
from moto.sqs.models import Message, Queue, sqs_backends

from org_gate.model.times import from_epoch
from org_gate.simulator.base import InvocationResult, Invoker, SimClock

_BATCH_LIMIT: Final = 10_000


class EventSourceMappings:
    """Polls every enabled mapping, when asked to."""

    def __init__(self, clock: SimClock, invoker: Invoker) -> None:
        self._clock = clock
        self._invoker = invoker

    def next_due(self) -> datetime | None:
        """When a message that waits becomes visible; now or earlier where one is already."""
        due = [
            max(message.visible_at, message.delayed_until)
            for _, queue in _mapped_queues()
            for message in queue._messages
        ]
        # a time in the past means now, and the clock has whole seconds
        return from_epoch(-(-min(due) // 1000)) if due else None

    def run_one(self) -> bool:
        """Invokes one function with one batch; False where no message is visible."""
        for mapping, queue in _mapped_queues():
            self._redrive(queue)
            batch = self._visible(queue)[: min(int(mapping.batch_size), _BATCH_LIMIT)]
            if batch:
                self._invoke(mapping, queue, batch)
                return True
        return False

    def _invoke(self, mapping: EventSourceMapping, queue: Queue, batch: Sequence[Message]) -> None:
        for message in batch:
            message.mark_received(visibility_timeout=int(queue.visibility_timeout))
            queue.pending_messages.add(message)
        account, region, function = _function_of(mapping)
        event = {"Records": [_record(message, queue) for message in batch]}
        result = self._invoker.invoke(account, region, function, event)
        failed = _failed_ids(mapping, result, {message.id for message in batch})
        for message in batch:
            if message.id not in failed:
                queue.delete_message(message.receipt_handle)

    def _redrive(self, queue: Queue) -> None:
        if queue.dead_letter_queue is None or not queue.redrive_policy:
            return
        for message in self._visible(queue):
            if message.approximate_receive_count >= queue.redrive_policy["maxReceiveCount"]:
                queue._messages.remove(message)
                queue.pending_messages.discard(message)
                queue.dead_letter_queue.add_message(message)

    def _visible(self, queue: Queue) -> list[Message]:
        now = self._clock.now().timestamp() * 1000
        return [message for message in queue._messages if max(message.visible_at, message.delayed_until) <= now]


def _mapped_queues() -> Iterator[tuple[EventSourceMapping, Queue]]:
    for account in sorted(lambda_backends):
        regions = lambda_backends[account]
        for region in sorted(regions):
            for mapping in list(regions[region]._event_source_mappings.values()):
                name = mapping.event_source_arn.rsplit(":", 1)[-1]
                queue = sqs_backends[account][region].queues.get(name)
                if str(mapping.enabled).lower() != "false" and queue is not None:
                    yield mapping, queue


def _function_of(mapping: EventSourceMapping) -> tuple[str, str, str]:
    parts = mapping.function_arn.split(":")
    return parts[4], parts[3], parts[6]


def _record(message: Message, queue: Queue) -> dict[str, Any]:
    return {
        "messageId": message.id,
        "receiptHandle": message.receipt_handle,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.approximate_receive_count),
            "SentTimestamp": str(message.sent_timestamp),
            "SenderId": message.sender_id,
            "ApproximateFirstReceiveTimestamp": str(message.approximate_first_receive_timestamp),
        },
        "messageAttributes": {name: _attribute(value) for name, value in message.message_attributes.items()},
        "md5OfBody": message.body_md5,
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.queue_arn,
        "awsRegion": queue.region,
    }


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value.get("DataType")}
    if "StringValue" in value:
        shown["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        shown["binaryValue"] = value["BinaryValue"]
    return shown


def _failed_ids(mapping: EventSourceMapping, result: InvocationResult, batch: set[str]) -> set[str]:
    """What stays in the queue: the whole batch where the function failed or named what it was not given."""
    if result.error is not None:
        return batch
    if "ReportBatchItemFailures" not in (mapping.function_response_types or []):
        return set()
    answer = result.payload or {}
    try:
        named = {failure["itemIdentifier"] for failure in (answer.get("batchItemFailures") or [])}
    except (AttributeError, KeyError, TypeError):  # an answer that is not in the form counts as a failure
        return batch
    return batch if named - batch else named
