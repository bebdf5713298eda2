"""SNS: a published message, carried to the functions and queues that are subscribed.

Mail, text messages and other people's HTTP endpoints are outside of the simulated world: moto's topic keeps what was
sent to them.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from moto.awslambda.models import lambda_backends
from moto.sns.models import Subscription
from moto.sqs.models import sqs_backends

from org_gate.simulator.base import SimClock
from org_gate.simulator.delivery.asynchronous import GivenUp
from org_gate.simulator.iam.guard import Guard

SNS: Final = "sns.amazonaws.com"
_UNSIGNED: Final = "simulated"
Enqueue = Callable[[str, str, str, Mapping[str, Any]], None]


class Notifications:
    """Takes moto's place between a topic and one of its subscriptions."""

    def __init__(self, clock: SimClock, guard: Guard, enqueue: Enqueue, given_up: list[GivenUp]) -> None:
        self._clock = clock
        self._guard = guard
        self._enqueue = enqueue
        self._given_up = given_up

    def deliver(
        self,
        subscription: Subscription,
        message: str,
        message_id: str,
        subject: str | None,
        attributes: Mapping[str, Any] | None,
    ) -> None:
        matcher = subscription._filter_policy_matcher
        if matcher is not None and not matcher.matches(attributes, message):
            return
        if subscription.protocol == "lambda":
            self._to_function(subscription, self._body(subscription, message, message_id, subject, attributes))
        elif subscription.protocol == "sqs":
            self._to_queue(subscription, message, self._body(subscription, message, message_id, subject, attributes))

    def _to_function(self, subscription: Subscription, body: dict[str, Any]) -> None:
        account, region, name = _account_region_name(subscription.endpoint, 6)
        if name not in {each.function_name for each in lambda_backends[account][region].list_functions()}:
            self._give_up(subscription, "there is no such function")
        elif not self._may(subscription, "lambda:InvokeFunction"):
            self._give_up(subscription, f"its policy does not let {SNS} invoke it for this topic")
        else:
            record = {"EventSource": "aws:sns", "EventVersion": "1.0", "EventSubscriptionArn": subscription.arn}
            sent = {key: value for key, value in body.items() if key not in {"SigningCertURL", "UnsubscribeURL"}}
            urls = {"SigningCertUrl": body["SigningCertURL"], "UnsubscribeUrl": body["UnsubscribeURL"]}
            defaults: dict[str, Any] = {"Subject": None, "MessageAttributes": {}}
            self._enqueue(account, region, name, {"Records": [{**record, "Sns": {**defaults, **sent, **urls}}]})

    def _to_queue(self, subscription: Subscription, message: str, body: dict[str, Any]) -> None:
        account, region, name = _account_region_name(subscription.endpoint, 5)
        backend = sqs_backends[account][region]
        if name not in backend.queues:
            self._give_up(subscription, "there is no such queue")
        elif not self._may(subscription, "sqs:SendMessage"):
            self._give_up(subscription, f"its policy does not let {SNS} send messages for this topic")
        elif str(subscription.attributes.get("RawMessageDelivery")).lower() == "true":
            backend.send_message(name, message, message_attributes=_queue_attributes(body.get("MessageAttributes")))
        else:
            backend.send_message(name, json.dumps(body))

    def _body(
        self,
        subscription: Subscription,
        message: str,
        message_id: str,
        subject: str | None,
        attributes: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        region = subscription.topic_arn.split(":")[3]
        host = f"https://sns.{region}.amazonaws.com"
        return {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": subscription.topic_arn,
            **({} if subject is None else {"Subject": subject}),
            "Message": message,
            "Timestamp": self._clock.now().strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            "SignatureVersion": "1",
            "Signature": _UNSIGNED,
            "SigningCertURL": f"{host}/{_UNSIGNED}.pem",
            "UnsubscribeURL": f"{host}/?Action=Unsubscribe&SubscriptionArn={subscription.arn}",
            **({"MessageAttributes": dict(attributes)} if attributes else {}),
        }

    def _may(self, subscription: Subscription, action: str) -> bool:
        topic = subscription.topic_arn
        return self._guard.allows_service(
            SNS, action, subscription.endpoint, source_arn=topic, source_account=topic.split(":")[4]
        )

    def _give_up(self, subscription: Subscription, why: str) -> None:
        what = f"a message of topic {subscription.topic_arn} for {subscription.endpoint}"
        self._given_up.append(GivenUp(self._clock.now(), what, why))


def _account_region_name(arn: str, name_at: int) -> tuple[str, str, str]:
    parts = arn.split(":")
    return parts[4], parts[3], parts[name_at]


def _queue_attributes(attributes: Mapping[str, Any] | None) -> dict[str, dict[str, str]]:
    return {
        name: {"DataType": value["Type"], "StringValue": str(value["Value"])}
        for name, value in (attributes or {}).items()
    }
