"""Hands a verified call on to moto and brings back its answer, or one clear error where moto cannot do it.

moto finds the account in a header that anybody could send; here it is set from the verified caller, and what a client
sent is dropped. Presigned calls get the header that moto reads service and Region from.
"""

from collections.abc import Iterable
from functools import cache
from io import BytesIO
from typing import Any, Final

from moto.backends import list_of_moto_modules
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from org_gate.simulator.base import AwsError, Call
from org_gate.simulator.wire import Answer, HttpRequest

_MOTO_NAMES: Final = {"lambda": "awslambda", "dynamodbstreams": "dynamodbstreams"}
_USER_AGENT: Final = "org-gate-simulator"
_OWN_HEADERS: Final = ("date", "content-length", "connection", "server", "transfer-encoding")
_OF_HEAD: Final = ("content-length",)
"""There it is the length of what GET would send, which only moto knows."""


class _Dispatcher(DomainDispatcherApplication):  # type: ignore[misc]  # moto is untyped
    """moto's way to the service of a host, found once for each: moto looks through its own folders every time."""

    def __init__(self) -> None:
        super().__init__(create_backend_app)
        self._found: dict[str | None, Any] = {}

    def get_backend_for_host(self, host: str | None) -> Any:
        if host not in self._found:
            self._found[host] = super().get_backend_for_host(host)
        return self._found[host]


class Forward:
    """moto as the last application."""

    def __init__(self) -> None:
        self._application = _Dispatcher()

    def __call__(self, call: Call, request: HttpRequest, account: str) -> Answer:
        """The answer of moto, as ``account``. Raises AwsError where moto has no such service or fails on the call."""
        if _MOTO_NAMES.get(call.service, call.service) not in _moto_modules():
            raise _not_simulated(call, f"there is no {call.service} in it")
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, headers: list[tuple[str, str]], _exc_info: Any = None) -> None:
            started.append((status, headers))

        environ = request.wsgi_environ(_changes(call, account))
        try:
            body = _read(self._application(environ, start_response))
        except Exception as error:  # the edge to moto: whatever it raises becomes one error
            raise _not_simulated(call, f"moto failed on it: {type(error).__name__}: {error}") from error
        status, headers = started[-1]
        dropped = set(_OWN_HEADERS).difference(_OF_HEAD if request.method == "HEAD" else ())
        kept = tuple((name, value) for name, value in headers if name.lower() not in dropped)
        return Answer(int(status.split()[0]), kept, body)


def _changes(call: Call, account: str) -> dict[str, str]:
    scope = f"{call.caller.access_key_id}/20000101/{call.region}/{_scope(call)}/aws4_request"
    return {
        "HTTP_X_MOTO_ACCOUNT_ID": account,
        "HTTP_USER_AGENT": _USER_AGENT,  # moto would look for a Region in it first
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=verified",
    }


def _scope(call: Call) -> str:
    return {"cloudwatch": "monitoring", "dynamodbstreams": "dynamodb", "stepfunctions": "states"}.get(
        call.service,
        call.service,
    )


def _read(chunks: Iterable[bytes]) -> bytes:
    gathered = BytesIO()
    try:
        for chunk in chunks:
            gathered.write(chunk)
    finally:
        close = getattr(chunks, "close", None)
        if close is not None:
            close()
    return gathered.getvalue()


@cache
def _moto_modules() -> frozenset[str]:
    return frozenset(list_of_moto_modules())


def _not_simulated(call: Call, why: str) -> AwsError:
    """501: SDKs do not try it again."""
    message = f"The simulator cannot answer {call.service}:{call.operation}: {why}."
    return AwsError("NotSimulated", message, 501)
