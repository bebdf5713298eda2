"""Resource types that say who may do what: roles, and the policies of queues, topics, buckets and event buses."""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from moto.cloudformation.exceptions import ValidationError
from moto.events.models import EventBusPolicyStatement, events_backends
from moto.iam.models import Role as MotoRole
from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.utilities.utils import get_partition

from org_gate.simulator.cloudformation.kinds import Made, MotoKind, OwnKind, Place, same_name


class Role(MotoKind):
    """AWS::IAM::Role: moto drops managed policies, and in an update everything but the description."""

    type = "AWS::IAM::Role"
    model = MotoRole
    properties = frozenset(
        ("AssumeRolePolicyDocument", "Description", "ManagedPolicyArns", "MaxSessionDuration", "Path", "Policies")
    ) | frozenset(("PermissionsBoundary", "RoleName", "Tags"))
    required = frozenset(("AssumeRolePolicyDocument",))

    def create_from_cloudformation_json(
        self, resource_name: str, cloudformation_json: Mapping[str, Any], account_id: str, region_name: str, **more: Any
    ) -> Any:
        _check_boundary(Place(account_id, region_name), cloudformation_json["Properties"])
        return super().create_from_cloudformation_json(
            resource_name, cloudformation_json, account_id, region_name, **more
        )

    def made(self, place: Place, resource: Any, properties: Mapping[str, Any]) -> None:
        _attach(place, resource, properties.get("ManagedPolicyArns", ()))

    def changed(self, place: Place, resource: Any, properties: Mapping[str, Any]) -> Any:
        same_name(self, resource.name, properties, "RoleName")
        _check_boundary(place, properties)
        document = properties["AssumeRolePolicyDocument"]
        resource.assume_role_policy_document = document if isinstance(document, str) else json.dumps(document)
        resource.description = properties.get("Description", "")
        resource.max_session_duration = properties.get("MaxSessionDuration", 3600)
        resource.permissions_boundary_arn = properties.get("PermissionsBoundary", "")
        resource.policies.clear()
        for policy in properties.get("Policies", []):
            resource.put_policy(policy["PolicyName"], policy["PolicyDocument"])
        _detach_all(place, resource)
        _attach(place, resource, properties.get("ManagedPolicyArns", ()))
        return resource

    def delete_from_cloudformation_json(
        self, resource_name: str, cloudformation_json: Mapping[str, Any], account_id: str, region_name: str
    ) -> None:
        place = Place(account_id, region_name)
        _detach_all(place, _iam(place).get_role(resource_name))
        super().delete_from_cloudformation_json(resource_name, cloudformation_json, account_id, region_name)


class QueuePolicy(OwnKind):
    """AWS::SQS::QueuePolicy."""

    type = "AWS::SQS::QueuePolicy"
    properties = frozenset(("PolicyDocument", "Queues"))
    required = properties

    def make(self, place: Place, name: str, properties: Mapping[str, Any]) -> Made:
        backend = sqs_backends[place.account][place.region]
        queues = [backend.get_queue(url.rsplit("/", 1)[-1]) for url in properties["Queues"]]
        _set_policies(queues, json.dumps(properties["PolicyDocument"]))
        return Made(name, lambda: _set_policies(queues, None))


class TopicPolicy(OwnKind):
    """AWS::SNS::TopicPolicy. Without it a topic has its owner's default policy."""

    type = "AWS::SNS::TopicPolicy"
    properties = frozenset(("PolicyDocument", "Topics"))
    required = properties

    def make(self, place: Place, name: str, properties: Mapping[str, Any]) -> Made:
        backend = sns_backends[place.account][place.region]
        topics = [backend.get_topic(arn) for arn in properties["Topics"]]
        before = topics[0].policy if topics else None
        _set_policies(topics, json.dumps(properties["PolicyDocument"]))
        return Made(name, lambda: _set_policies(topics, before))


class BucketPolicy(OwnKind):
    """AWS::S3::BucketPolicy."""

    type = "AWS::S3::BucketPolicy"
    properties = frozenset(("Bucket", "PolicyDocument"))
    required = properties

    def make(self, place: Place, name: str, properties: Mapping[str, Any]) -> Made:
        del name
        backend = s3_backends[place.account][get_partition(place.region)]
        bucket = properties["Bucket"]
        backend.put_bucket_policy(bucket, json.dumps(properties["PolicyDocument"]).encode())

        def undo() -> None:
            if bucket in backend.buckets:  # moto deletes in any order
                backend.delete_bucket_policy(bucket)

        return Made(bucket, undo)


class EventBusPolicy(OwnKind):
    """AWS::Events::EventBusPolicy: one statement of a bus's policy, in either of its two spellings."""

    type = "AWS::Events::EventBusPolicy"
    properties = frozenset(("Action", "Condition", "EventBusName", "Principal", "Statement", "StatementId"))
    required = frozenset(("StatementId",))

    def make(self, place: Place, name: str, properties: Mapping[str, Any]) -> Made:
        bus = events_backends[place.account][place.region].describe_event_bus(properties.get("EventBusName", "default"))
        sid = properties["StatementId"]
        bus._statements[sid] = _bus_statement(sid, bus.arn, properties)
        return Made(name, lambda: bus._statements.pop(sid, None) and None)


def _bus_statement(sid: str, bus_arn: str, properties: Mapping[str, Any]) -> Any:
    written = properties.get("Statement") or {}
    condition = properties.get("Condition")
    asked = {condition["Type"]: {condition["Key"]: condition["Value"]}} if condition else None
    principal = written.get("Principal", properties.get("Principal"))
    if isinstance(principal, str) and principal != "*":
        principal = {"AWS": f"arn:aws:iam::{principal}:root"}
    return EventBusPolicyStatement(
        sid=sid,
        principal=principal,
        action=written.get("Action", properties.get("Action", "events:PutEvents")),
        resource=written.get("Resource", bus_arn),
        effect=written.get("Effect", "Allow"),
        condition=written.get("Condition", asked),
    )


def _set_policies(owners: Iterable[Any], policy: str | None) -> None:
    for owner in owners:
        owner.policy = policy


def _iam(place: Place) -> Any:
    return iam_backends[place.account][get_partition(place.region)]


def _check_boundary(place: Place, properties: Mapping[str, Any]) -> None:
    """Raises ValidationError where the policy is not there."""
    arn = properties.get("PermissionsBoundary")
    if arn and arn not in _iam(place).managed_policies:
        raise ValidationError(message=f"Scope ARN: {arn} does not exist or is not attachable.")


def _attach(place: Place, role: Any, arns: Iterable[str]) -> None:
    for arn in arns:
        _iam(place).attach_role_policy(arn, role.name)


def _detach_all(place: Place, role: Any) -> None:
    for arn in list(role.managed_policies):
        _iam(place).detach_role_policy(arn, role.name)
