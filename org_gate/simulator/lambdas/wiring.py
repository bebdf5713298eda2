"""Makes moto's ways into a function end in our invoker: the Invoke API, and whatever of moto calls a function."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

from moto.awslambda.models import LambdaFunction

from org_gate.simulator.base import Invoker
from org_gate.simulator.rebind import all_rebound

_LOG_TAIL: Final = 4096

Enqueue = Callable[[str, str, str, Mapping[str, Any]], None]
"""Takes account, Region, function name and payload of an asynchronous invocation."""


@contextmanager
def wired_lambda(invoker: Invoker, enqueue: Enqueue) -> Iterator[None]:
    """Inside the block, moto's functions run; an Event invocation is only enqueued."""

    def run(function: Any, event: Any = None) -> tuple[str, bool, str]:
        payload = {} if event is None else event
        result = invoker.invoke(function.account_id, function.region, function.function_name, payload)
        return json.dumps(result.payload), result.error is not None, result.log

    def invoke(function: Any, body: Any, request_headers: Any, response_headers: Any) -> str | bytes:
        payload = json.loads(body) if body else {}
        kind = request_headers.get("x-amz-invocation-type", "RequestResponse")
        if kind == "Event":
            enqueue(function.account_id, function.region, function.function_name, payload)
        if kind != "RequestResponse":
            return ""
        text, failed, log = run(function, payload)
        if failed:
            response_headers["x-amz-function-error"] = "Unhandled"
        response_headers["x-amz-log-result"] = base64.b64encode(log.encode()[-_LOG_TAIL:]).decode()
        return text.encode()

    with all_rebound(LambdaFunction, {"_invoke_lambda": run, "invoke": invoke}):
        yield
