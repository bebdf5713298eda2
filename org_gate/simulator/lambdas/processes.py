"""Functions in processes of their own: awslambdaric of this interpreter's version, on the very zip that is deployed.

A process sees its task directory, awslambdaric and boto3, and an environment built from nothing: never our virtual
environment. It answers on our Runtime API, is replaced when it times out or breaks, and dies with the simulator.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryFile
from threading import Lock, Thread
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from org_gate.rollout.files import cache_folder, shipped
from org_gate.rollout.install import installed
from org_gate.rollout.lambda_platform import this_machine
from org_gate.simulator.base import InvocationResult
from org_gate.simulator.lambdas.environment import (
    TIMED_OUT,
    error_payload,
    function_environment,
)
from org_gate.simulator.lambdas.functions import DeployedFunction, deployed_function
from org_gate.simulator.lambdas.pool import Pool
from org_gate.simulator.lambdas.runtime_api import READY, Answer, Invocation, RuntimeApi
from org_gate.simulator.lambdas.tasks import TaskFolders

KEPT_PROCESSES: Final = 12
_START_SECONDS: Final = 60.0
_LAUNCH: Final = Path(__file__).with_name("launch.py")


class FunctionProcess:
    """One running runtime. Start it in a thread that lives as long as it: Linux ends it with that thread."""

    def __init__(self, function: DeployedFunction, environment: Mapping[str, str], task: Path, runtime: Path) -> None:
        self._function = function
        self._api = RuntimeApi()
        self._usable = True
        self._log = TemporaryFile()  # noqa: SIM115  closed with the process
        self._log_read = 0
        interpreter = getattr(sys, "_base_executable", sys.executable)  # not the virtual environment's
        self._process = subprocess.Popen(  # noqa: S603  our own interpreter and file
            [interpreter, "-S", "-s", "-P", str(_LAUNCH), str(os.getpid()), function.handler],
            env=_process_environment(environment, task, runtime, self._api.address),
            cwd=task,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,
        )
        Thread(target=self._watch, daemon=True).start()

    def invoke(self, request_id: str, payload: bytes) -> Answer:
        """Runs one event. Afterwards ``usable`` says whether there can be another."""
        answer = self._answer(request_id, payload)
        self._usable = self._usable and not answer.final
        return answer

    def take_log(self) -> str:
        """What was written since the last time."""
        file = self._log.fileno()
        written = os.pread(file, os.fstat(file).st_size - self._log_read, self._log_read)  # the offset is the writer's
        self._log_read += len(written)
        return written.decode(errors="replace")

    def usable(self) -> bool:
        return self._usable and self._process.poll() is None

    def close(self) -> None:
        self._usable = False
        if self._process.poll() is None:
            with suppress(ProcessLookupError):  # it ended by itself just now
                os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._api.close()
        self._log.close()

    def _answer(self, request_id: str, payload: bytes) -> Answer:
        try:
            started = self._api.wait(_START_SECONDS)
        except TimeoutError:
            return _timed_out(request_id, _START_SECONDS)
        if started != READY:
            return started if isinstance(started, Answer) else _timed_out(request_id, _START_SECONDS)
        seconds = self._function.timeout
        deadline = int((time.time() + seconds) * 1000)
        self._api.send(Invocation(request_id, self._function.arn, deadline, payload))
        try:
            answer = self._api.wait(seconds)
        except TimeoutError:
            return _timed_out(request_id, seconds)
        return answer if isinstance(answer, Answer) else Answer(None, "Runtime.Unknown", final=True)

    def _watch(self) -> None:
        self._api.process_ended(self._process.wait())


class ProcessRunner:
    """``base.Invoker`` by processes. ``endpoint`` is where the functions' AWS calls go."""

    runtime: Final = "processes"

    def __init__(self, endpoint: str, *, kept: int = KEPT_PROCESSES, cache: Path | None = None) -> None:
        self._endpoint = endpoint
        runtime = shipped("requirements/runtime.txt")  # awslambdaric and boto3, which Lambda brings
        self._runtime_folder = installed(runtime, cache or cache_folder(), this_machine())
        self._tasks = TaskFolders()
        self._requests = RequestIds()
        self._spawner = ThreadPoolExecutor(max_workers=1, thread_name_prefix="lambda-spawner")
        self._pool: Pool[FunctionProcess] = Pool(self._start, kept)

    def invoke(self, account: str, region: str, function_name: str, payload: Mapping[str, Any]) -> InvocationResult:
        """Raises KeyError where there is no such function."""
        function = deployed_function(account, region, function_name)
        request_id = self._requests.next(function)

        def invocation(process: FunctionProcess) -> InvocationResult:
            answer = process.invoke(request_id, json.dumps(payload).encode())
            return InvocationResult(answer.payload, answer.error, process.take_log())

        return self._pool.run(function, invocation)

    def close(self) -> None:
        """Ends every process."""
        self._pool.close()
        self._spawner.shutdown()
        self._tasks.close()

    def _start(self, function: DeployedFunction) -> FunctionProcess:
        environment = function_environment(function, self._endpoint)
        task = self._tasks.folder(function)
        return self._spawner.submit(FunctionProcess, function, environment, task, self._runtime_folder).result()


class RequestIds:
    """Request ids that are the same in every run: the how-manieth invocation of which function."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._lock = Lock()

    def next(self, function: DeployedFunction) -> str:
        with self._lock:
            self._counts[function.arn] += 1
            return str(uuid5(NAMESPACE_URL, f"{function.arn}#{self._counts[function.arn]}"))


def _process_environment(environment: Mapping[str, str], task: Path, runtime: Path, address: str) -> dict[str, str]:
    return {
        **environment,
        "AWS_LAMBDA_RUNTIME_API": address,
        "LAMBDA_RUNTIME_DIR": str(runtime),
        "LAMBDA_TASK_ROOT": str(task),
        "LANG": "C.UTF-8",
        "PATH": "/usr/local/bin:/usr/bin:/bin",
        "PYTHONPATH": f"{task}{os.pathsep}{runtime}",
    }


def _timed_out(request_id: str, seconds: float) -> Answer:
    message = f"RequestId: {request_id} Error: Task timed out after {seconds:.2f} seconds"
    return Answer(error_payload(TIMED_OUT, message), TIMED_OUT, final=True)
