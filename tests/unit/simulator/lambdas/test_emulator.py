"""The official check: AWS's Runtime Interface Emulator gives the same answers as our Runtime API."""

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
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from org_gate.rollout.files import cache_folder, shipped
from org_gate.rollout.install import installed
from org_gate.rollout.lambda_platform import this_machine
from org_gate.simulator.lambdas.processes import ProcessRunner
from tests.unit.simulator.lambdas.deployed import ACCOUNT, REGION, deploy, make_role

CODE = """
import os
import boto3


def handler(event, context):
    if event.get("fail"):
        raise ValueError(event["fail"])
    if event.get("set"):
        return {1, 2}
    if event.get("big"):
        return "x" * 6_300_000
    if event.get("exit"):
        os._exit(3)
    names = ("AWS_LAMBDA_FUNCTION_NAME", "AWS_REGION", "OWN", "TZ")
    return {"got": event, "env": {name: os.environ[name] for name in names}, "boto3": boto3.__version__,
            "left": context.get_remaining_time_in_millis() > 1000}
"""
ENVIRONMENT = {"OWN": "ü", "AWS_LAMBDA_FUNCTION_NAME": "checked", "AWS_REGION": REGION, "TZ": "UTC"}


@pytest.mark.skipif(sys.platform != "linux", reason="the emulator is a Linux binary")
@pytest.mark.parametrize(
    "event", [{"a": [1, 2.5, None, "ü"]}, {"fail": "no"}, {"set": True}, {"big": True}, {"exit": True}], ids=str
)
def test_the_emulator_gives_the_same_answer(processes: ProcessRunner, tmp_path: Path, event: dict[str, Any]) -> None:
    deploy("checked", CODE, role=make_role(), environment={"OWN": "ü"})
    ours = processes.invoke(ACCOUNT, REGION, "checked", event).payload
    (tmp_path / "index.py").write_text(CODE)
    with emulator(tmp_path) as address:
        official = invoke(address, event)
    assert told(official) == told(ours)


def told(answer: Any) -> Any:
    """The answer without what names the place and the request."""
    if isinstance(answer, dict) and "errorType" in answer:
        message = answer["errorMessage"].rsplit("Error: ", 1)[-1]
        return answer["errorType"], message, len(answer.get("stackTrace", []))
    return answer


@contextmanager
def emulator(task: Path) -> Iterator[str]:
    cache = cache_folder()
    runtime = installed(shipped("requirements/runtime.txt"), cache, this_machine())
    wheel = installed(shipped("requirements/rie.txt"), cache, this_machine())
    machine = {"aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), "x86_64")
    binary = wheel / "samcli" / "local" / "rapid" / f"aws-lambda-rie-{machine}"
    binary.chmod(0o755)
    address, runtime_address = (f"127.0.0.1:{free_port()}" for _ in range(2))
    command = [str(binary), "--runtime-interface-emulator-address", address, "--runtime-api-address", runtime_address]
    interpreter = getattr(sys, "_base_executable", sys.executable)
    process = subprocess.Popen(
        [*command, interpreter, "-S", "-s", "-P", "-m", "awslambdaric", "index.handler"],
        env={
            **ENVIRONMENT,
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
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def invoke(address: str, event: dict[str, Any]) -> Any:
    request = urllib.request.Request(
        f"http://{address}/2015-03-31/functions/function/invocations", data=json.dumps(event).encode()
    )
    for _ in range(200):
        try:
            with urllib.request.urlopen(request) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return json.load(error)
        except urllib.error.URLError:
            time.sleep(0.05)  # it tells nobody when it listens
    pytest.fail("the emulator does not answer")


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])
