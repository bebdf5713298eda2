"""What subscribers of the notification topic get: mail, queues and chats, filtered by what a message carries."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from org_gate.central.announce import TopicAnnouncer
from org_gate.central.news import News
from org_gate.model.event import Account
from tests.unit.central.resuming import Yard, at, deployment
from tests.unit.central.support import ME, NOW, OTHER, Topic


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA0000000000000000")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "-")
    with mock_aws():
        yield {name: boto3.client(name, region_name="eu-west-1") for name in ("sns", "sqs")}


class Subscribers:
    """Queues on one topic, each with its filter policy."""

    def __init__(self, aws: dict[str, Any], filters: dict[str, dict[str, Any] | None]) -> None:
        self._sqs = aws["sqs"]
        self.topic = aws["sns"].create_topic(Name="org-gate-notifications")["TopicArn"]
        self._queues = {}
        for name, policy in filters.items():
            url = self._queues[name] = self._sqs.create_queue(QueueName=name)["QueueUrl"]
            arn = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
            attributes = {"RawMessageDelivery": "true"}
            if policy is not None:
                attributes["FilterPolicy"] = json.dumps(policy)
            aws["sns"].subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=arn, Attributes=attributes)
        self.people = TopicAnnouncer(aws["sns"], self.topic)

    def heard(self) -> dict[str, list[dict[str, Any]]]:
        found: dict[str, list[dict[str, Any]]] = {}
        for name, url in self._queues.items():
            answer = self._sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"])
            found[name] = [json.loads(message["Body"]) for message in answer.get("Messages", ())]
            assert all(len(message["MessageAttributes"]) <= 10 for message in answer.get("Messages", ()))
        return found


@pytest.mark.aws_unverified("SNS filters by attributes where a message has a form for each protocol")
def test_subscribers_hear_what_their_filters_name(aws: dict[str, Any]) -> None:
    subscribers = Subscribers(
        aws,
        {
            "everything": None,
            "mine": {"account": [ME]},
            "others": {"account": [OTHER]},
            "workloads": {"ou": ["Workloads"]},
            "team": {"tags": ["team=orders"]},
            "resumed-only": {"kind": ["resumed"]},
            "no-drills": {"drill": ["false"]},
            "urgent": {"severity": ["critical"]},
        },
    )
    yard = Yard()
    yard.store.accounts.refresh([Account(ME, "Workloads/Prod", ("r-1",))])
    yard.store.accounts.keep_tags(yard.store.accounts.all(), {ME: {"team": "orders"}})
    News(yard.store, Topic(), lambda: True).tell(NOW)
    yard.now = at(0.5)
    yard.incident()
    yard.ask(deployment())
    News(yard.store, subscribers.people, lambda: True).tell(at(1))
    heard = subscribers.heard()
    assert {name: len(messages) for name, messages in heard.items()} == {
        "everything": 1,
        "mine": 1,
        "others": 0,
        "workloads": 1,
        "team": 1,
        "resumed-only": 0,
        "no-drills": 1,
        "urgent": 0,
    }
    (message,) = heard["everything"]
    assert (message["version"], message["source"], message["content"]["textType"]) == (
        "1.0",
        "custom",
        "client-markdown",
    )
    assert "1 deployment blocked, in 1 account" in message["content"]["description"]
    assert f"- {ME}/us-east-1/orders" in message["content"]["description"]
    assert message["metadata"]["eventType"] == "blocked"
