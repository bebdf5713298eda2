"""Lambda Function URLs, served by path: ``http://127.0.0.1:PORT/lambda-url/REGION/ID/``.

The front door has verified signature and permissions before ``serve`` is called; this maps HTTP to the payload
format 2.0 and back. The id of a URL comes from the function's ARN, so that it is the same in every run.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qsl
from uuid import NAMESPACE_URL, uuid5

from moto.awslambda.models import FunctionUrlConfig, LambdaFunction, lambda_backends

from org_gate.simulator.base import Caller, Invoker, OrgView, SimClock
from org_gate.simulator.rebind import rebound

_ID_LENGTH: Final = 32
_ERROR_BODY: Final = b'{"Message":"Internal Server Error"}'
_TEXTUAL: Final = ("text/", "application/json", "application/xml", "application/javascript", "application/problem+json")

HttpAnswer = tuple[int, dict[str, str], bytes]


class UrlTarget(NamedTuple):
    """What is behind a URL. ``auth_type`` is AWS_IAM or NONE."""

    account: str
    function_arn: str
    auth_type: str


@dataclass(frozen=True, slots=True)
class _Request:
    """An HTTP request as it came. ``headers`` have lower-case names."""

    url_id: str
    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes
    caller: Caller | None


class FunctionUrls:
    """All URLs of one simulator. ``endpoint`` is its address, without a slash at the end."""

    def __init__(self, clock: SimClock, invoker: Invoker, org: OrgView, endpoint: str) -> None:
        self._clock = clock
        self._invoker = invoker
        self._org = org
        self._endpoint = endpoint
        self._configs: dict[tuple[str, str], Any] = {}
        self._requests = count(1)

    @contextmanager
    def registered(self) -> Iterator[None]:
        """Inside the block, every URL that moto makes (by API or by stack) is one of ours."""

        def create(function: Any, config: dict[str, Any]) -> Any:
            made = FunctionUrlConfig(function=function, config=config)
            url_id = _url_id(function.function_arn)
            made.url = f"{self._endpoint}/lambda-url/{function.region}/{url_id}/"
            function.url_config = made
            self._configs[function.region, url_id] = made
            return made

        with rebound(LambdaFunction, "create_url_config", create):
            yield

    def lookup(self, region: str, url_id: str) -> UrlTarget | None:
        """None where there is no such URL, or no longer."""
        config = self._configs.get((region, url_id))
        if config is None or config.function.url_config is not config or not _is_deployed(config.function):
            return None
        function = config.function
        return UrlTarget(function.account_id, function.function_arn, config.config.get("AuthType") or "NONE")

    def function_arn(self, region: str, url_id: str) -> str | None:
        """The ARN (without qualifier) of the function whose URL this is; None where there is no such URL."""
        target = self.lookup(region, url_id)
        return None if target is None else target.function_arn

    def serve(  # noqa: PLR0917  the parts of a request, in the order in which HTTP has them
        self,
        region: str,
        url_id: str,
        method: str,
        path: str,
        query: str,
        headers: Mapping[str, str],
        body: bytes,
        caller: Caller | None,
    ) -> HttpAnswer:
        """``path`` is what follows the id, as it was sent. Raises KeyError where there is no such URL."""
        target = self.lookup(region, url_id)
        if target is None:
            msg = f"no Function URL {url_id} in {region}"
            raise KeyError(msg)
        raw_path = path if path.startswith("/") else f"/{path}"
        request = _Request(url_id, method, raw_path, query, _lower_case(headers), body, caller)
        function_name = target.function_arn.rsplit(":", 1)[-1]
        result = self._invoker.invoke(target.account, region, function_name, self._event(target, request))
        if result.error is not None:
            return 502, {"Content-Type": "application/json"}, _ERROR_BODY
        return _http_answer(result.payload)

    def _event(self, target: UrlTarget, request: _Request) -> dict[str, Any]:
        headers = {name: value for name, value in request.headers.items() if name != "cookie"}
        cookies = [each.strip() for each in request.headers.get("cookie", "").split(";") if each.strip()]
        text, is_base64 = _body_text(request.body, headers.get("content-type", ""))
        return {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": request.path,
            "rawQueryString": request.query,
            **({"cookies": cookies} if cookies else {}),
            "headers": headers,
            **({"queryStringParameters": _query(request.query)} if request.query else {}),
            "requestContext": self._context(target, request),
            **({"body": text} if request.body else {}),
            "isBase64Encoded": is_base64,
        }

    def _context(self, target: UrlTarget, request: _Request) -> dict[str, Any]:
        now = self._clock.now()
        return {
            "accountId": target.account,
            "apiId": request.url_id,
            "authentication": None,
            **({} if request.caller is None else {"authorizer": {"iam": self._iam(request.caller)}}),
            "domainName": request.headers.get("host", ""),
            "domainPrefix": request.url_id,
            "http": {
                "method": request.method,
                "path": request.path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": request.headers.get("user-agent", ""),
            },
            "requestId": str(uuid5(NAMESPACE_URL, f"{target.function_arn}/url#{next(self._requests)}")),
            "routeKey": "$default",
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now.timestamp() * 1000),
        }

    def _iam(self, caller: Caller) -> dict[str, Any]:
        member = any(account.id == caller.account for account in self._org.accounts())
        return {
            "accessKey": caller.access_key_id,
            "accountId": caller.account,
            "callerId": caller.user_id,
            "cognitoIdentity": None,
            "principalOrgId": self._org.id if member else None,
            "userArn": caller.arn,
            "userId": caller.user_id,
        }


def _is_deployed(function: Any) -> bool:
    functions = lambda_backends[function.account_id][function.region].list_functions()
    return any(each is function for each in functions)


def _url_id(function_arn: str) -> str:
    digest = hashlib.sha256(function_arn.encode()).digest()
    return base64.b32encode(digest).decode().lower()[:_ID_LENGTH]


def _lower_case(headers: Mapping[str, str]) -> dict[str, str]:
    lowered: dict[str, str] = {}
    for name, value in headers.items():
        key = name.lower()
        lowered[key] = f"{lowered[key]},{value}" if key in lowered else value
    return lowered


def _query(query: str) -> dict[str, str]:
    joined: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        joined[name] = f"{joined[name]},{value}" if name in joined else value
    return joined


def _body_text(body: bytes, content_type: str) -> tuple[str, bool]:
    if content_type.startswith(_TEXTUAL) or not content_type:
        try:
            return body.decode(), False
        except UnicodeDecodeError:  # then it travels as what it is, bytes
            pass
    return base64.b64encode(body).decode(), bool(body)


def _http_answer(payload: Any) -> HttpAnswer:
    if not isinstance(payload, Mapping) or "statusCode" not in payload:
        return 200, {"Content-Type": "application/json"}, _bare(payload)
    headers = {name: str(value) for name, value in (payload.get("headers") or {}).items()}
    if not any(name.lower() == "content-type" for name in headers):
        headers["Content-Type"] = "application/json"
    body = payload.get("body") or ""
    if payload.get("isBase64Encoded"):
        return int(payload["statusCode"]), headers, base64.b64decode(body)
    return int(payload["statusCode"]), headers, _bare(body)


def _bare(value: Any) -> bytes:
    return value.encode() if isinstance(value, str) else json.dumps(value, separators=(",", ":")).encode()
