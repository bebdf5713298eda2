"""HTTP as AWS speaks it: a request parsed once by botocore's model, an answer or an error in the service's protocol.

Knows formats, not services: who calls and whether they may is decided elsewhere. The parsing checks the form of a
request only; ``shapes`` checks its values.
"""

import gzip
import io
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, Final, Self
from xml.sax.saxutils import escape

from botocore.exceptions import UnknownServiceError
from botocore.utils import parse_timestamp
from moto.core.parse import PROTOCOL_PARSERS, RequestParserError
from moto.core.request import Request, determine_request_protocol
from moto.core.routing import get_service_router
from moto.core.serialize import get_serializer_class
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from org_gate.simulator import cbor
from org_gate.simulator.base import AwsError

CBOR: Final = "smithy-rpc-v2-cbor"
_UNSAID: Final = 400
_SCOPE_NAMES: Final = {
    "monitoring": "cloudwatch",
    "states": "stepfunctions",
    "email": "ses",
    "servicequotas": "service-quotas",
    "tagging": "resourcegroupstaggingapi",
    "aws-marketplace": "marketplace-catalog",
}
"""Names in a credential scope that are not botocore's own."""


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as it came: ``raw_path`` still percent-encoded, header names in lower case, the whole body."""

    method: str
    raw_path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes
    environ: Mapping[str, Any]

    @classmethod
    def read(cls, environ: Mapping[str, Any]) -> Self:
        """Takes the body from the WSGI environment; ``wsgi_environ`` gives it back to whoever is next."""
        raw_path, _, query = str(environ["RAW_URI"]).partition("?")
        headers = {
            name.removeprefix("HTTP_").replace("_", "-").lower(): _utf8(value)
            for name, value in environ.items()
            if name.startswith("HTTP_") or name in ("CONTENT_TYPE", "CONTENT_LENGTH")
        }
        return cls(environ["REQUEST_METHOD"], raw_path, query, headers, _body(environ), environ)

    def wsgi_environ(self, changes: Mapping[str, str]) -> dict[str, Any]:
        """A fresh WSGI environment with the body unread, for the next application."""
        environ = {**self.environ, **changes, "wsgi.input": io.BytesIO(self.body)}
        environ["CONTENT_LENGTH"] = str(len(self.body))
        for name in ("HTTP_TRANSFER_ENCODING", "wsgi.input_terminated"):
            environ.pop(name, None)
        return environ


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. The simulated ``Date`` and the length are added by the front door."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Operation:
    """A parsed call: botocore's service and operation, the protocol it came in, its parameters."""

    service: str
    name: str
    protocol: str
    params: Mapping[str, Any]
    model: Any = field(repr=False)


def service_of_scope(scope_name: str, headers: Mapping[str, str]) -> str:
    """The name botocore has for the service of a credential scope. Raises AwsError where it has none."""
    name = _SCOPE_NAMES.get(scope_name, scope_name)
    if name == "dynamodb" and headers.get("x-amz-target", "").startswith("DynamoDBStreams"):
        name = "dynamodbstreams"
    try:
        get_service_model(name)
    except UnknownServiceError as error:
        message = f"The credential scope names the service {scope_name!r}, which botocore does not know."
        raise AwsError("SignatureDoesNotMatch", message, 403) from error
    return name


def protocol_of(service: str, headers: Mapping[str, str]) -> str:
    """The protocol a request came in, as well as its headers tell it."""
    model = get_service_model(service)
    if headers.get("smithy-protocol") == "rpc-v2-cbor":
        return CBOR
    try:
        protocol = str(determine_request_protocol(model, headers.get("content-type")))
    except NotImplementedError:
        return str(model.protocol)
    return protocol if headers.get("content-type") or protocol != CBOR else "json"


def parse(request: HttpRequest, service: str) -> Operation:
    """Operation and parameters. Raises AwsError where the service has no such operation or the form is broken."""
    protocol = protocol_of(service, request.headers)
    if protocol == CBOR:
        return _parse_cbor(request, service)
    wrapped = Request(request.wsgi_environ({}) if service == "s3" else _inflated(request))
    try:
        model, uri_params = get_service_router(service).match(wrapped)
    except (HTTPException, NotImplementedError) as error:
        raise _unknown_operation(request, service) from error
    try:
        if protocol == "json":
            json.loads(wrapped.data or b"{}")  # moto's parser takes what is not JSON for a message
        params = PROTOCOL_PARSERS[protocol](model, timestamp_parser=_moment).parse(
            {
                "method": wrapped.method,
                "values": wrapped.values,
                "headers": wrapped.headers,
                "body": wrapped.data,
                "url_path": wrapped.path,
                "url_params": uri_params,
            },
        )
    except (RequestParserError, ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise AwsError("SerializationException", f"The request's body cannot be read: {error}") from error
    return Operation(service, str(model.name), protocol, params, model)


def success(operation: Operation, output: Mapping[str, Any]) -> Answer:
    """An output shape in the operation's protocol."""
    if operation.protocol == CBOR:
        return Answer(200, _cbor_headers(), cbor.encode(output, operation.model.output_shape))
    serializer = get_serializer_class(operation.service, operation.protocol)(operation.model)
    made = serializer.serialize(dict(output))
    body = made["body"] if isinstance(made["body"], bytes) else str(made["body"]).encode()
    headers = {**made["headers"], **_envelope(operation.service, operation.protocol)}
    return Answer(int(made["status_code"]), tuple((name, str(value)) for name, value in headers.items()), body)


def failure(error: AwsError, service: str, protocol: str) -> Answer:
    """An error in the protocol of the service, so that any SDK names it as it would AWS's."""
    headers = _envelope(service, protocol)
    status = _status(error, service)
    if protocol == CBOR:
        return Answer(status, _cbor_headers(), cbor.encode_error(error.code, error.message))
    if protocol in ("json", "rest-json"):
        headers["x-amzn-ErrorType"] = error.code
        if "awsQueryCompatible" in get_service_model(service).metadata:
            headers["x-amzn-query-error"] = f"{error.code};{_fault(error)}"
        text = json.dumps({"__type": error.code, "message": error.message})
    else:
        text = _xml_error(error, service, headers["x-amzn-RequestId"])
    return Answer(status, tuple(headers.items()), text.encode())


def _status(error: AwsError, service: str) -> int:
    """The model's, where it has that error and whoever raised it left the status open."""
    shape = get_service_model(service).shape_for_error_code(error.code)
    modelled = {} if shape is None else shape.metadata.get("error", {})
    return int(modelled.get("httpStatusCode", error.status)) if error.status == _UNSAID else error.status


def retyped(answer: Answer, operation: Operation) -> Answer:
    """An answer of moto with the content type of the protocol: it calls most of its JSON and XML HTML."""
    if operation.protocol not in ("json", "query"):
        return answer
    kind = _content_type(operation.service, operation.protocol)
    kept = tuple((name, value) for name, value in answer.headers if name.lower() != "content-type")
    return replace(answer, headers=(*kept, ("Content-Type", kind)))


def _xml_error(error: AwsError, service: str, request_id: str) -> str:
    code, message = escape(error.code), escape(error.message)
    if service == "s3":
        inner = f"<Code>{code}</Code><Message>{message}</Message><RequestId>{request_id}</RequestId>"
        return f'<?xml version="1.0" encoding="UTF-8"?>\n<Error>{inner}</Error>'
    inner = f"<Error><Type>{_fault(error)}</Type><Code>{code}</Code><Message>{message}</Message></Error>"
    namespace = get_service_model(service).metadata.get("xmlNamespace", "")
    attribute = f' xmlns="{escape(namespace)}"' if namespace else ""
    return f"<ErrorResponse{attribute}>{inner}<RequestId>{request_id}</RequestId></ErrorResponse>"


def _fault(error: AwsError) -> str:
    return "Sender" if error.status < 500 else "Receiver"  # noqa: PLR2004  HTTP's own line between the two sides


def _envelope(service: str, protocol: str) -> dict[str, str]:
    """Content type and request id, which moto's serializers leave out."""
    return {"Content-Type": _content_type(service, protocol), "x-amzn-RequestId": str(uuid.uuid4())}


def _content_type(service: str, protocol: str) -> str:
    if protocol == "json":
        version = get_service_model(service).metadata.get("jsonVersion", "1.1")
        return f"application/x-amz-json-{version}"
    return {"rest-json": "application/json", "rest-xml": "application/xml"}.get(protocol, "text/xml")


def _cbor_headers() -> tuple[tuple[str, str], ...]:
    return (
        ("Content-Type", "application/cbor"),
        ("smithy-protocol", "rpc-v2-cbor"),
        ("x-amzn-RequestId", str(uuid.uuid4())),
    )


def _parse_cbor(request: HttpRequest, service: str) -> Operation:
    """``POST /service/NAME/operation/OPERATION``."""
    name = request.raw_path.rpartition("/operation/")[2]
    service_model = get_service_model(service)
    if "/operation/" not in request.raw_path or name not in service_model.operation_names:
        raise _unknown_operation(request, service)
    model = service_model.operation_model(name)
    try:
        params = cbor.decode(request.body, model.input_shape)
    except (ValueError, TypeError, AttributeError) as error:
        raise AwsError("SerializationException", f"The request's CBOR cannot be read: {error}") from error
    return Operation(service, name, CBOR, params, model)


def _unknown_operation(request: HttpRequest, service: str) -> AwsError:
    asked = request.headers.get("x-amz-target") or f"{request.method} {request.raw_path}"
    if "query" in protocol_of(service, request.headers):
        return AwsError("InvalidAction", f"{service} has no such action.")
    return AwsError("UnknownOperationException", f"{service} has no operation for {asked!r}.")


def _inflated(request: HttpRequest) -> dict[str, Any]:
    environ = request.wsgi_environ({})
    if request.headers.get("content-encoding") == "gzip":
        try:
            body = gzip.decompress(request.body)
        except (OSError, EOFError) as error:
            raise AwsError("SerializationException", f"The request's body is not gzip: {error}") from error
        environ |= {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
    return environ


def _moment(value: Any) -> datetime:
    """Aware, in UTC; moto's own parser gives naive ones."""
    return parse_timestamp(value).astimezone(UTC)


def _body(environ: Mapping[str, Any]) -> bytes:
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated"):
        return bytes(stream.read())
    length = str(environ.get("CONTENT_LENGTH") or 0)
    return bytes(stream.read(int(length) if length.isdecimal() else 0))


def _utf8(value: str) -> str:
    """WSGI hands header bytes over as latin-1."""
    return value.encode("latin-1").decode("utf-8", "replace")
