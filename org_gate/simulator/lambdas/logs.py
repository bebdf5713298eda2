"""What functions write to stdout and stderr, put into CloudWatch Logs as Lambda does: with the function's own role.

A function whose role may not write its log runs all the same, and leaves none. That an invocation ended in an error is
told by Python's ``logging``, too: whoever runs the simulator sees it, with or without a log group.
"""

import logging
from collections.abc import Mapping
from threading import Lock
from typing import Any

from moto.logs.models import logs_backends

from org_gate.simulator.base import InvocationResult, Invoker, SimClock
from org_gate.simulator.iam.guard import Guard
from org_gate.simulator.lambdas.environment import log_group, log_stream
from org_gate.simulator.lambdas.functions import DeployedFunction, deployed_function

_told = logging.getLogger(__name__)


class LoggedInvoker:
    """``base.Invoker`` that keeps the logs of another one's functions. The log group has to be there."""

    def __init__(self, invoker: Invoker, guard: Guard, clock: SimClock) -> None:
        self._invoker = invoker
        self._guard = guard
        self._clock = clock
        self._lock = Lock()

    def invoke(self, account: str, region: str, function_name: str, payload: Mapping[str, Any]) -> InvocationResult:
        """Raises KeyError where there is no such function."""
        function = deployed_function(account, region, function_name)
        result = self._invoker.invoke(account, region, function_name, payload)
        if result.failure is not None:
            whose = f"{function.name} of account {function.account} in {function.region}"
            _told.error("%s ended in an error: %r", whose, result.failure)
        if result.log:
            with self._lock:
                self._write(function, result.log.splitlines())
        return result

    def _write(self, function: DeployedFunction, lines: list[str]) -> None:
        group = logs_backends[function.account][function.region].groups.get(log_group(function))
        stream = log_stream(function)
        if group is None or not self._may(function, "logs:PutLogEvents"):
            return
        if stream not in group.streams:
            if not self._may(function, "logs:CreateLogStream"):
                return
            group.create_log_stream(stream)
        now = int(self._clock.now().timestamp() * 1000)
        group.put_log_events(stream, [{"timestamp": now, "message": line} for line in lines])

    def _may(self, function: DeployedFunction, action: str) -> bool:
        stream = f"{log_group(function)}:log-stream:{log_stream(function)}"
        arn = f"arn:aws:logs:{function.region}:{function.account}:log-group:{stream}"
        return self._guard.allows_role(function.role, action, arn, region=function.region, session=function.name)
