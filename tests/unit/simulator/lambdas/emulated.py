"""AWS's Runtime Interface Emulator, on functions in a folder: ``index.handler``."""

import json
import os
import platform
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from org_gate.rollout.files import cache_folder, shipped
from org_gate.rollout.install import installed
from org_gate.rollout.lambda_platform import this_machine


@contextmanager
def emulator(task: Path, environment: Mapping[str, str]) -> Iterator[str]:
    """Its address, where it listens. The function starts with the first event, in such an environment."""
    cache = cache_folder()
    runtime = installed(shipped("requirements/runtime.txt"), cache, this_machine())
    wheel = installed(shipped("requirements/rie.txt"), cache, this_machine())
    machine = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
    binary = wheel / "samcli" / "local" / "rapid" / f"aws-lambda-rie-{machine}"
    binary.chmod(0o755)
    address, runtime_address = (f"127.0.0.1:{_free_port()}" for _ in range(2))
    command = [str(binary), "--runtime-interface-emulator-address", address, "--runtime-api-address", runtime_address]
    interpreter = getattr(sys, "_base_executable", sys.executable)
    process = subprocess.Popen(
        [*command, interpreter, "-S", "-s", "-P", "-m", "awslambdaric", "index.handler"],
        env={
            **environment,
            "PYTHONPATH": f"{task}{os.pathsep}{runtime}",
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
        },
        cwd=task,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait_for(address)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def invoke(address: str, event: Mapping[str, Any]) -> Any:
    request = urllib.request.Request(
        f"http://{address}/2015-03-31/functions/function/invocations", data=json.dumps(event).encode()
    )
    try:
        with urllib.request.urlopen(request) as answer:
            return json.load(answer)
    except urllib.error.HTTPError as error:
        with error:
            return json.load(error)


def _wait_for(address: str) -> None:
    """It tells nobody when it listens. Raises TimeoutError."""
    host, port = address.split(":")
    for _ in range(200):
        try:
            socket.create_connection((host, int(port))).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(address)


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
