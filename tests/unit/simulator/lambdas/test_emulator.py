"""The official check: AWS's Runtime Interface Emulator gives the same answers as our Runtime API."""

import sys
from pathlib import Path
from typing import Any

import pytest

from org_gate.simulator.lambdas.processes import ProcessRunner
from tests.unit.simulator.lambdas.deployed import ACCOUNT, REGION, deploy, make_role
from tests.unit.simulator.lambdas.emulated import emulator, invoke

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
    with emulator(tmp_path, ENVIRONMENT) as address:
        official = invoke(address, event)
    assert told(official) == told(ours)


def told(answer: Any) -> Any:
    """The answer without what names the place and the request."""
    if isinstance(answer, dict) and "errorType" in answer:
        message = answer["errorMessage"].rsplit("Error: ", 1)[-1]
        return answer["errorType"], message, len(answer.get("stackTrace", []))
    return answer
