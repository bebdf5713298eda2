"""Functions inside this process (S7): the same code and answers, without a process each, for large runs.

Each instance has its modules, environment, log and boto3 session to itself; libraries are this interpreter's, and
a timeout is told to the function but not enforced.
"""

import inspect
import json
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from decimal import Decimal
from itertools import count
from types import TracebackType
from typing import Any, Final, Self

from org_gate.simulator.base import InvocationResult
from org_gate.simulator.lambdas.environment import (
    EXITED,
    RESPONSE_LIMIT,
    TOO_LARGE,
    VERSION,
    error_payload,
    function_environment,
    log_group,
    log_stream,
    too_large_message,
)
from org_gate.simulator.lambdas.functions import DeployedFunction, deployed_function
from org_gate.simulator.lambdas.modules import OwnModules
from org_gate.simulator.lambdas.pool import Pool
from org_gate.simulator.lambdas.processes import RequestIds
from org_gate.simulator.lambdas.surroundings import Surroundings, separate_surroundings, within
from org_gate.simulator.lambdas.tasks import TaskFolders

_KEPT: Final = 10_000
_instances: Final = count(1)


class Context:
    """Lambda's context object."""

    client_context = None
    identity = None
    function_version = VERSION

    def __init__(self, function: DeployedFunction, request_id: str) -> None:
        self.aws_request_id = request_id
        self.function_name = function.name
        self.invoked_function_arn = function.arn
        self.memory_limit_in_mb = str(function.memory)
        self.log_group_name = log_group(function)
        self.log_stream_name = log_stream(function)
        self._deadline = time.monotonic() + function.timeout

    def get_remaining_time_in_millis(self) -> int:
        return max(0, int((self._deadline - time.monotonic()) * 1000))


class FunctionInstance:
    """One loaded copy of a function."""

    def __init__(self, function: DeployedFunction, modules: OwnModules, environment: dict[str, str]) -> None:
        self._function = function
        self._modules = modules
        self._surroundings = Surroundings(environment)
        self._handler: Callable[[Any, Context], Any] | None = None
        self._usable = True

    def invoke(self, request_id: str, payload: str) -> InvocationResult:
        with within(self._surroundings):
            answer, error = self._answer(Context(self._function, request_id), payload)
        self._usable = self._usable and error != EXITED
        return InvocationResult(answer, error, self._surroundings.take_log())

    def usable(self) -> bool:
        return self._usable and self._handler is not None

    def close(self) -> None:
        self._modules.forget()

    def _answer(self, context: Context, payload: str) -> tuple[Any, str | None]:
        try:
            handler = self._load()
            result = handler(json.loads(payload), context)
        except SystemExit as error:
            return error_payload(EXITED, f"Error: Runtime exited with error: exit status {error.code or 0}"), EXITED
        except Exception as error:  # noqa: BLE001  the edge of the function: Lambda answers whatever it raises
            return _failure(error, context.aws_request_id), _error_type(error)
        return _marshalled(result, context.aws_request_id)

    def _load(self) -> Callable[[Any, Context], Any]:
        if self._handler is None:
            module, _, name = self._function.handler.rpartition(".")
            self._handler = _HandlerFinder(self._modules).find(module.replace("/", "."), name)
        return self._handler


class InProcessRunner:
    """``base.Invoker`` within this process. A context manager: what it replaces comes back at the end."""

    runtime: Final = "inprocess"

    def __init__(self, endpoint: str) -> None:
        self._endpoint = endpoint
        self._tasks = TaskFolders()
        self._requests = RequestIds()
        self._pool: Pool[FunctionInstance] = Pool(self._start, _KEPT)
        self._stack = ExitStack()
        self._stack.enter_context(separate_surroundings())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def invoke(self, account: str, region: str, function_name: str, payload: Mapping[str, Any]) -> InvocationResult:
        """Raises KeyError where there is no such function."""
        function = deployed_function(account, region, function_name)
        request_id = self._requests.next(function)
        return self._pool.run(function, lambda instance: instance.invoke(request_id, json.dumps(payload)))

    def close(self) -> None:
        self._pool.close()
        self._tasks.close()
        self._stack.close()

    def _start(self, function: DeployedFunction) -> FunctionInstance:
        environment = function_environment(function, self._endpoint)
        task = self._tasks.folder(function)
        environment["LAMBDA_TASK_ROOT"] = str(task)
        modules = OwnModules(task, f"lambda_instance_{next(_instances)}", function.handler.replace("/", "."))
        return FunctionInstance(function, modules, environment)


class _InitError(Exception):
    """The handler could not be loaded; ``kind`` is the Runtime's error type."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


class _HandlerFinder:
    """The Runtime's words for what may be wrong with a handler."""

    def __init__(self, modules: OwnModules) -> None:
        self._modules = modules

    def find(self, module: str, name: str) -> Callable[[Any, Context], Any]:
        if not module:
            raise _InitError("Runtime.MalformedHandlerName", f"Bad handler '{name}'")
        try:
            loaded = self._modules.load(module)
        except ImportError as error:
            raise _InitError("Runtime.ImportModuleError", f"Unable to import module '{module}': {error}") from error
        except SyntaxError as error:
            raise _InitError("Runtime.UserCodeSyntaxError", f"Syntax error in module '{module}': {error}") from error
        handler: Callable[[Any, Context], Any] | None = getattr(loaded, name, None)
        if handler is None:
            raise _InitError("Runtime.HandlerNotFound", f"Handler '{name}' missing on module '{module}'")
        return handler


def _error_type(error: Exception) -> str:
    return error.kind if isinstance(error, _InitError) else type(error).__name__


def _failure(error: Exception, request_id: str) -> dict[str, Any]:
    own_file = inspect.getsourcefile(FunctionInstance)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != own_file]
    payload = {
        "errorMessage": str(error),
        "errorType": _error_type(error),
        "requestId": request_id,
        "stackTrace": traceback.format_list(frames),
    }
    print(f"[ERROR] {payload['errorType']}: {error}\n{''.join(payload['stackTrace'])}")  # noqa: T201  into the log
    return payload


def _marshalled(result: Any, request_id: str) -> tuple[Any, str | None]:
    try:
        text = json.dumps(result, default=_decimal)
    except (TypeError, ValueError) as error:
        kind = "Runtime.MarshalError"
        message = f"Unable to marshal response: {error}"
        return {**error_payload(kind, message), "requestId": request_id, "stackTrace": []}, kind
    if len(text.encode()) > RESPONSE_LIMIT:
        return error_payload(TOO_LARGE, too_large_message()), TOO_LARGE
    return json.loads(text), None


def _decimal(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    msg = f"Object of type {type(value).__name__} is not JSON serializable"
    raise TypeError(msg)
