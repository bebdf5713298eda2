"""Resource types of Lambda: functions with all their properties, permissions, URLs, retries."""

import base64
import io
import json
import zipfile
from collections.abc import Mapping
from typing import Any, ClassVar, Final

from moto.awslambda.models import LambdaFunction, lambda_backends
from moto.cloudformation.exceptions import ValidationError

from org_gate.simulator.cloudformation.kinds import Made, MotoKind, OwnKind, Place, same_name

_INLINE_LIMIT: Final = 4 * 1024 * 1024
_ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)


class Function(MotoKind):
    """AWS::Lambda::Function."""

    type = "AWS::Lambda::Function"
    model = LambdaFunction
    properties = frozenset(
        ("Architectures", "Code", "DeadLetterConfig", "Description", "Environment", "EphemeralStorage", "FunctionName")
    ) | frozenset(("Handler", "LoggingConfig", "MemorySize", "PackageType", "ReservedConcurrentExecutions", "Role"))
    properties |= frozenset(("Runtime", "Tags", "Timeout", "TracingConfig"))
    required = frozenset(("Code", "Handler", "Role", "Runtime"))

    def prepared(self, properties: dict[str, Any]) -> dict[str, Any]:
        code = dict(properties["Code"])
        if "ZipFile" in code:
            # moto's own packing leaves the time of day in the zip, and is skipped in an update
            code["ZipFile"] = base64.b64encode(_inline_zip(code["ZipFile"])).decode()
        return {**properties, "Code": code}

    def create_from_cloudformation_json(
        self, resource_name: str, cloudformation_json: Mapping[str, Any], account_id: str, region_name: str, **_: Any
    ) -> Any:
        properties = self.prepared(dict(cloudformation_json["Properties"]))
        tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags", [])}
        spec = {**properties, "FunctionName": resource_name, "Tags": tags}
        for name in ("Timeout", "MemorySize", "ReservedConcurrentExecutions"):
            if name in spec:
                spec[name] = int(spec[name])
        backend = lambda_backends[account_id][region_name]
        if resource_name in {function.function_name for function in backend.list_functions()}:
            raise ValidationError(message=f"{resource_name} already exists in {region_name}")
        return backend.create_function(spec)

    def changed(self, place: Place, resource: Any, properties: Mapping[str, Any]) -> Any:
        del place
        same_name(self, resource.function_name, properties, "FunctionName")
        resource.update_configuration({"Environment": {"Variables": {}}, **properties})
        resource.timeout = int(properties.get("Timeout", 3))
        resource.memory_size = int(properties.get("MemorySize", 128))
        resource.architectures = properties.get("Architectures", ["x86_64"])
        reserved = properties.get("ReservedConcurrentExecutions")
        resource.reserved_concurrency = None if reserved is None else int(reserved)
        resource.tracing_config = properties.get("TracingConfig", {"Mode": "PassThrough"})
        resource.update_function_code(properties["Code"])
        return resource


class Permission(OwnKind):
    """AWS::Lambda::Permission: one statement of the function's policy, gone with the resource."""

    type = "AWS::Lambda::Permission"
    properties = frozenset(
        ("Action", "EventSourceToken", "FunctionName", "FunctionUrlAuthType", "InvokedViaFunctionUrl", "Principal")
    ) | frozenset(("PrincipalOrgID", "SourceAccount", "SourceArn"))
    required = frozenset(("Action", "FunctionName", "Principal"))
    attributes = frozenset(("Id",))

    def make(self, place: Place, name: str, properties: Mapping[str, Any]) -> Made:
        function = lambda_backends[place.account][place.region].get_function(properties["FunctionName"])
        function.policy.add_statement(raw=json.dumps({**properties, "StatementId": name}))

        def undo() -> None:
            statements = function.policy.statements
            statements[:] = [statement for statement in statements if statement.get("Sid") != name]

        return Made(name, undo, {"Id": name})


class Url(OwnKind):
    """AWS::Lambda::Url."""

    type = "AWS::Lambda::Url"
    properties = frozenset(("AuthType", "Cors", "InvokeMode", "TargetFunctionArn"))
    required = frozenset(("AuthType", "TargetFunctionArn"))
    attributes = frozenset(("FunctionArn", "FunctionUrl"))

    def make(self, place: Place, name: str, properties: Mapping[str, Any]) -> Made:
        del name
        backend = lambda_backends[place.account][place.region]
        target = properties["TargetFunctionArn"]
        if backend.get_function(target).url_config is not None:
            raise ValidationError(message=f"A Function URL for {target} already exists")
        config = backend.create_function_url_config(
            target, {key: value for key, value in properties.items() if key != "TargetFunctionArn"}
        )
        function = config.function

        def undo() -> None:
            function.delete_url_config()

        return Made(function.function_arn, undo, {"FunctionArn": function.function_arn, "FunctionUrl": config.url})


class EventInvokeConfig(OwnKind):
    """AWS::Lambda::EventInvokeConfig."""

    type = "AWS::Lambda::EventInvokeConfig"
    properties = frozenset(
        ("DestinationConfig", "FunctionName", "MaximumEventAgeInSeconds", "MaximumRetryAttempts", "Qualifier")
    )
    required = frozenset(("FunctionName", "Qualifier"))
    _config: ClassVar = ("DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts")

    def make(self, place: Place, name: str, properties: Mapping[str, Any]) -> Made:
        backend = lambda_backends[place.account][place.region]
        function = backend.get_function(properties["FunctionName"], properties["Qualifier"])
        config = {key: properties[key] for key in self._config if key in properties}
        for key in ("MaximumEventAgeInSeconds", "MaximumRetryAttempts"):
            if key in config:
                config[key] = int(config[key])
        function.event_invoke_config = []
        backend.put_function_event_invoke_config(function.function_name, config)

        def undo() -> None:
            function.event_invoke_config = []

        return Made(name, undo)


def _inline_zip(code: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("index.py", _ZIP_TIME), code)
    if len(packed.getvalue()) > _INLINE_LIMIT:
        raise ValidationError(message=f"The inline code is larger than {_INLINE_LIMIT} bytes as a zip")
    return packed.getvalue()
