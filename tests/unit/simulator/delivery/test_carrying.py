"""Asynchronous calls with Lambda's retries, topics, and queues with their batches and redrives."""

import json
from datetime import timedelta

import pytest

from org_gate.simulator.base import SimClock
from tests.unit.simulator.delivery.world import FUNCTION_ARN, policy_for, wired
from tests.unit.simulator.lambdas.deployed import ACCOUNT, REGION, START

NO = ValueError("no")
MINUTE = timedelta(minutes=1)


def test_an_asynchronous_call_is_tried_three_times_and_then_given_up(aws: SimClock) -> None:
    with wired(aws, NO, NO, NO) as it:
        it.delivery.enqueue(ACCOUNT, REGION, "f", {"a": 1})
        for wait in (MINUTE, 2 * MINUTE):
            assert it.delivery.drain()
            due = it.delivery.next_due()
            assert due == it.clock.now() + wait
            it.clock.advance_to(due)
        it.delivery.drain()
        assert it.invoker.payloads == [{"a": 1}] * 3
        assert it.delivery.next_due() is None
        assert "ValueError: no" in it.delivery.given_up[0].why


@pytest.mark.parametrize(
    ("config", "calls", "why"),
    [
        ({"MaximumRetryAttempts": 0}, 1, "ValueError: no"),
        ({"MaximumRetryAttempts": 2, "MaximumEventAgeInSeconds": 60}, 2, "older than 0:01:00"),
    ],
)
def test_the_functions_own_configuration_of_retries_holds(
    aws: SimClock, config: dict[str, int], calls: int, why: str
) -> None:
    with wired(aws, NO, NO, NO) as it:
        it.functions.put_function_event_invoke_config("f", config)
        it.delivery.enqueue(ACCOUNT, REGION, "f", {})
        while it.delivery.drain():
            it.clock.advance_to(it.delivery.next_due() or it.clock.now())
        assert len(it.invoker.calls) == calls
        assert why in it.delivery.given_up[0].why


def test_a_function_that_is_gone_is_told(aws: SimClock) -> None:
    with wired(aws) as it:
        it.delivery.enqueue(ACCOUNT, REGION, "gone", {})
        assert it.delivery.drain()
        assert "gone" in it.delivery.given_up[0].why


def test_a_topic_reaches_functions_and_queues_that_let_it_in(aws: SimClock) -> None:
    with wired(aws) as it:
        topic = it.sns.create_topic("t")
        queue, raw, closed = it.queue("q"), it.queue("raw"), it.queue("closed")
        queue.policy = raw.policy = policy_for("sns.amazonaws.com", "sqs:SendMessage")
        for endpoint, protocol in [(FUNCTION_ARN, "lambda"), (queue.queue_arn, "sqs"), (closed.queue_arn, "sqs")]:
            it.sns.subscribe(topic.arn, endpoint, protocol)
        subscription = it.sns.subscribe(topic.arn, raw.queue_arn, "sqs")
        it.sns.set_subscription_attributes(subscription.arn, "RawMessageDelivery", "true")
        it.allow("sns.amazonaws.com", topic.arn)
        it.sns.publish("hello", topic.arn, subject="s")
        it.delivery.drain()
        sns = it.invoker.payloads[0]["Records"][0]["Sns"]
        assert (sns["TopicArn"], sns["Message"], sns["Subject"]) == (topic.arn, "hello", "s")
        assert sns["Timestamp"] == "2026-03-02T12:00:00.000Z"
        assert json.loads(queue.messages[0].body)["Message"] == "hello"
        assert [message.body for message in raw.messages] == ["hello"]
        assert closed.messages == []
        assert closed.queue_arn in it.delivery.given_up[0].what


def test_a_filter_policy_is_heard(aws: SimClock) -> None:
    with wired(aws) as it:
        topic = it.sns.create_topic("t")
        subscription = it.sns.subscribe(topic.arn, FUNCTION_ARN, "lambda")
        it.sns.set_subscription_attributes(subscription.arn, "FilterPolicy", '{"kind": ["wanted"]}')
        it.allow("sns.amazonaws.com", topic.arn)
        for kind in ("wanted", "other"):
            it.sns.publish(kind, topic.arn, message_attributes={"kind": {"Type": "String", "Value": kind}})
        it.delivery.drain()
        assert [payload["Records"][0]["Sns"]["Message"] for payload in it.invoker.payloads] == ["wanted"]


def test_a_queue_is_carried_in_batches_with_its_attributes_and_emptied(aws: SimClock) -> None:
    with wired(aws) as it:
        queue = it.queue("q")
        it.map(queue, BatchSize=2)
        for body in "abc":
            it.sqs.send_message("q", body, message_attributes={"n": {"DataType": "Number", "StringValue": "1"}})
        assert it.invoker.calls == []  # sending does not invoke
        assert it.delivery.next_due() == START
        assert it.delivery.drain()
        batches = [[record["body"] for record in payload["Records"]] for payload in it.invoker.payloads]
        assert batches == [["a", "b"], ["c"]]
        record = it.invoker.payloads[0]["Records"][0]
        assert record["attributes"]["SentTimestamp"] == "1772452800000"
        assert record["attributes"]["ApproximateReceiveCount"] == "1"
        assert record["messageAttributes"]["n"]["stringValue"] == "1"
        assert (record["eventSource"], record["eventSourceARN"]) == ("aws:sqs", queue.queue_arn)
        assert queue._messages == []
        assert it.delivery.next_due() is None


def test_a_failed_batch_comes_again_after_the_visibility_timeout_and_ends_in_the_dead_letter_queue(
    aws: SimClock,
) -> None:
    with wired(aws, NO, NO, NO) as it:
        dead = it.queue("dead")
        redrive = json.dumps({"deadLetterTargetArn": dead.queue_arn, "maxReceiveCount": 2})
        it.map(it.queue("q", VisibilityTimeout=40, RedrivePolicy=redrive))
        it.sqs.send_message("q", "a")
        for _ in range(3):
            it.delivery.drain()
            due = it.delivery.next_due()
            if due is not None:
                assert due == it.clock.now() + timedelta(seconds=40)
                it.clock.advance_to(due)
        counts = [p["Records"][0]["attributes"]["ApproximateReceiveCount"] for p in it.invoker.payloads]
        assert counts == ["1", "2"]
        assert [message.body for message in dead.messages] == ["a"]


@pytest.mark.parametrize(("named", "left"), [(None, []), ("b", ["b"]), ("stranger", ["a", "b"])])
def test_what_a_function_reports_as_failed_stays(aws: SimClock, named: str | None, left: list[str]) -> None:
    with wired(aws) as it:
        queue = it.queue("q")
        it.map(queue, FunctionResponseTypes=["ReportBatchItemFailures"])
        ids = {body: it.sqs.send_message("q", body).id for body in "ab"}
        failures = [] if named is None else [{"itemIdentifier": ids.get(named, named)}]
        it.invoker._answers.append({"batchItemFailures": failures})
        it.delivery.drain()
        assert [message.body for message in queue._messages] == left


def test_a_disabled_mapping_carries_nothing(aws: SimClock) -> None:
    with wired(aws) as it:
        it.map(it.queue("q"), Enabled=False)
        it.sqs.send_message("q", "a")
        assert not it.delivery.drain()
        assert it.delivery.next_due() is None


@pytest.mark.contract("S3")
def test_without_queues_what_is_in_one_stays_there_for_the_end_of_the_instant(aws: SimClock) -> None:
    with wired(aws) as it:
        it.map(it.queue("q"))
        it.sqs.send_message("q", "a")
        it.delivery.enqueue(ACCOUNT, REGION, "f", {"n": 1})
        assert it.delivery.drain(queues=False)
        assert it.invoker.payloads == [{"n": 1}]
        assert it.delivery.next_due() == START
        assert it.delivery.drain()
        assert it.invoker.payloads[1]["Records"][0]["body"] == "a"
