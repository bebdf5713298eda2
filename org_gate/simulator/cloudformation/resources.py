"""The other resource types that moto lacks or gets wrong, and the list of all of ours."""

import json
from collections.abc import Mapping
from typing import Any, Final

from moto.cloudformation.exceptions import ValidationError
from moto.cloudwatch.models import Dashboard as MotoDashboard
from moto.cloudwatch.models import cloudwatch_backends
from moto.dynamodb.models import Table as MotoTable
from moto.dynamodb.models import dynamodb_backends
from moto.logs.models import LogGroup as MotoLogGroup
from moto.sns.models import sns_backends

from org_gate.simulator.cloudformation import buckets, functions, identity, messaging
from org_gate.simulator.cloudformation.kinds import Kind, Made, MotoKind, OwnKind, Place, same_name


class Table(MotoKind):
    """AWS::DynamoDB::Table, with TTL, point-in-time recovery and encryption; it can be updated, not replaced."""

    type = "AWS::DynamoDB::Table"
    model = MotoTable
    properties = frozenset(
        ("AttributeDefinitions", "BillingMode", "DeletionProtectionEnabled", "GlobalSecondaryIndexes", "KeySchema")
    ) | frozenset(("LocalSecondaryIndexes", "PointInTimeRecoverySpecification", "ProvisionedThroughput"))
    properties |= frozenset(("SSESpecification", "StreamSpecification", "TableName", "Tags", "TimeToLiveSpecification"))
    required = frozenset(("KeySchema",))

    def prepared(self, properties: dict[str, Any]) -> dict[str, Any]:
        encryption = properties.get("SSESpecification")
        if encryption is None:
            return properties
        as_the_api = {"Enabled": _true(encryption.get("SSEEnabled")), "SSEType": encryption.get("SSEType", "KMS")}
        key = {"KMSMasterKeyId": encryption["KMSMasterKeyId"]} if "KMSMasterKeyId" in encryption else {}
        return {**properties, "SSESpecification": {**as_the_api, **key}}

    def made(self, place: Place, resource: Any, properties: Mapping[str, Any]) -> None:
        backend = dynamodb_backends[place.account][place.region]
        expiry = properties.get("TimeToLiveSpecification")
        if expiry is not None:
            backend.update_time_to_live(resource.name, {**expiry, "Enabled": _true(expiry["Enabled"])})
        recovery = properties.get("PointInTimeRecoverySpecification")
        if recovery is not None:
            enabled = _true(recovery["PointInTimeRecoveryEnabled"])
            backend.update_continuous_backups(resource.name, {"PointInTimeRecoveryEnabled": enabled})
        resource.deletion_protection_enabled = _true(properties.get("DeletionProtectionEnabled", False))

    def changed(self, place: Place, resource: Any, properties: Mapping[str, Any]) -> Any:
        same_name(self, resource.name, properties, "TableName")
        resource.billing_mode = properties.get("BillingMode", "PROVISIONED")
        resource.sse_specification = properties.get("SSESpecification")
        self.made(place, resource, properties)
        return resource


class LogGroup(MotoKind):
    """AWS::Logs::LogGroup, which moto cannot update."""

    type = "AWS::Logs::LogGroup"
    model = MotoLogGroup
    properties = frozenset(("KmsKeyId", "LogGroupClass", "LogGroupName", "RetentionInDays", "Tags"))

    def changed(self, place: Place, resource: Any, properties: Mapping[str, Any]) -> Any:
        del place
        same_name(self, resource.name, properties, "LogGroupName")
        resource.retention_in_days = properties.get("RetentionInDays")
        resource.kms_key_id = properties.get("KmsKeyId")
        return resource


class Dashboard(MotoKind):
    """AWS::CloudWatch::Dashboard, with the check that AWS makes of its text."""

    type = "AWS::CloudWatch::Dashboard"
    model = MotoDashboard
    properties = frozenset(("DashboardBody", "DashboardName"))
    required = frozenset(("DashboardBody",))

    def prepared(self, properties: dict[str, Any]) -> dict[str, Any]:
        try:
            json.loads(properties["DashboardBody"])
        except ValueError as error:
            raise ValidationError(message=f"The field DashboardBody must be a valid JSON object: {error}") from error
        return properties

    def changed(self, place: Place, resource: Any, properties: Mapping[str, Any]) -> Any:
        del place
        same_name(self, resource.name, properties, "DashboardName")
        resource.body = properties["DashboardBody"]
        return resource


class Subscription(OwnKind):
    """AWS::SNS::Subscription."""

    type = "AWS::SNS::Subscription"
    properties = frozenset(
        ("Endpoint", "FilterPolicy", "FilterPolicyScope", "Protocol", "RawMessageDelivery", "RedrivePolicy", "TopicArn")
    )
    required = frozenset(("Endpoint", "Protocol", "TopicArn"))

    def make(self, place: Place, name: str, properties: Mapping[str, Any]) -> Made:
        del name
        backend = sns_backends[place.account][place.region]
        arn = backend.subscribe(properties["TopicArn"], properties["Endpoint"], properties["Protocol"]).arn
        for key in ("FilterPolicyScope", "RedrivePolicy", "FilterPolicy"):
            if key in properties:
                value = properties[key]
                text = value if isinstance(value, str) else json.dumps(value)
                backend.set_subscription_attributes(arn, key, text)
        if "RawMessageDelivery" in properties:
            raw = _true(properties["RawMessageDelivery"])
            backend.set_subscription_attributes(arn, "RawMessageDelivery", "true" if raw else "false")
        return Made(arn, lambda: backend.unsubscribe(arn), {"Arn": arn})


class Alarm(OwnKind):
    """AWS::CloudWatch::Alarm on one metric."""

    type = "AWS::CloudWatch::Alarm"
    properties = frozenset(
        ("ActionsEnabled", "AlarmActions", "AlarmDescription", "AlarmName", "ComparisonOperator", "DatapointsToAlarm")
    ) | frozenset(("Dimensions", "EvaluationPeriods", "ExtendedStatistic", "InsufficientDataActions", "MetricName"))
    properties |= frozenset(("Namespace", "OKActions", "Period", "Statistic", "Tags", "Threshold", "TreatMissingData"))
    properties |= frozenset(("Unit",))
    required = frozenset(("ComparisonOperator", "EvaluationPeriods", "MetricName", "Namespace", "Period", "Threshold"))
    attributes = frozenset(("Arn",))

    def make(self, place: Place, name: str, properties: Mapping[str, Any]) -> Made:
        backend = cloudwatch_backends[place.account][place.region]
        name = properties.get("AlarmName", name)
        alarm = backend.put_metric_alarm(
            name=name,
            namespace=properties["Namespace"],
            metric_name=properties["MetricName"],
            comparison_operator=properties["ComparisonOperator"],
            evaluation_periods=int(properties["EvaluationPeriods"]),
            period=int(properties["Period"]),
            threshold=float(properties["Threshold"]),
            statistic=properties.get("Statistic"),
            extended_statistic=properties.get("ExtendedStatistic"),
            description=properties.get("AlarmDescription", ""),
            dimensions=properties.get("Dimensions", []),
            alarm_actions=properties.get("AlarmActions", []),
            ok_actions=properties.get("OKActions", []),
            insufficient_data_actions=properties.get("InsufficientDataActions", []),
            datapoints_to_alarm=int(properties.get("DatapointsToAlarm", properties["EvaluationPeriods"])),
            treat_missing_data=properties.get("TreatMissingData", "missing"),
            actions_enabled=_true(properties.get("ActionsEnabled", True)),
            unit=properties.get("Unit"),
            tags=properties.get("Tags", []),
        )
        return Made(name, lambda: backend.delete_alarms([name]), {"Arn": alarm.alarm_arn})


OWN_KINDS: Final[Mapping[str, Kind]] = {
    kind.type: kind
    for kind in (
        Alarm(),
        Dashboard(),
        LogGroup(),
        Subscription(),
        Table(),
        buckets.Bucket(),
        functions.EventInvokeConfig(),
        functions.Function(),
        functions.Permission(),
        functions.Url(),
        identity.BucketPolicy(),
        identity.EventBusPolicy(),
        identity.QueuePolicy(),
        identity.Role(),
        identity.TopicPolicy(),
        messaging.Queue(),
        messaging.Topic(),
    )
}


def _true(value: Any) -> bool:
    return str(value).lower() == "true"
