"""Resource types that carry messages, which moto cannot update in place: a topic would lose its subscriptions."""

from collections.abc import Mapping
from typing import Any, Final

from moto.sns.models import Topic as MotoTopic
from moto.sqs.models import Queue as MotoQueue

from org_gate.simulator.cloudformation.kinds import MotoKind, Place, same_name


class Topic(MotoKind):
    """AWS::SNS::Topic."""

    type = "AWS::SNS::Topic"
    model = MotoTopic
    properties = frozenset(("DisplayName", "KmsMasterKeyId", "Tags", "TopicName"))

    def changed(self, place: Place, resource: Any, properties: Mapping[str, Any]) -> Any:
        del place
        same_name(self, resource.name, properties, "TopicName")
        resource.display_name = properties.get("DisplayName", "")
        resource.kms_master_key_id = properties.get("KmsMasterKeyId", "")
        return resource


_QUEUE_DEFAULTS: Final[Mapping[str, Any]] = {
    "DelaySeconds": 0,
    "KmsDataKeyReusePeriodSeconds": 300,
    "KmsMasterKeyId": None,
    "MessageRetentionPeriod": 345_600,
    "ReceiveMessageWaitTimeSeconds": 0,
    "RedrivePolicy": None,
    "SqsManagedSseEnabled": True,
    "VisibilityTimeout": 30,
}


class Queue(MotoKind):
    """AWS::SQS::Queue."""

    type = "AWS::SQS::Queue"
    model = MotoQueue
    properties = frozenset(_QUEUE_DEFAULTS) | frozenset(("QueueName", "Tags"))

    def changed(self, place: Place, resource: Any, properties: Mapping[str, Any]) -> Any:
        del place
        same_name(self, resource.name, properties, "QueueName")
        wanted = {name: properties.get(name, default) for name, default in _QUEUE_DEFAULTS.items()}
        resource._set_attributes({**wanted, "Policy": resource.policy})
        if wanted["RedrivePolicy"] is None:
            resource.redrive_policy = resource.dead_letter_queue = None
        return resource
