"""A cold start of the gate, from the start of its process to the answer of its first job.

Against a floor, which is a handler that imports botocore and makes one signed call, and against the handler of the
published pattern: boto3, two clients, DescribeEvents and the job's answer. All three as Lambda would start them: the
runtime's own packages compiled ahead, the function's code not; AWS is a server on this machine that answers at once.
What is left out of the comparison is what Lambda does before there is a process.
"""

import json
import shutil
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final

from org_gate.rollout.files import PACKAGE, cache_folder, shipped
from org_gate.rollout.inline import inlined
from org_gate.rollout.install import installed
from org_gate.rollout.lambda_platform import this_machine
from org_gate.simulator.lambdas.functions import DeployedFunction
from org_gate.simulator.lambdas.processes import FunctionProcess
from tests.bench.measure import Result, at_most, shown
from tests.serving import Heard
from tests.unit.member.support import ACCOUNT, REGION, decision, http_world, job_event
from tests.unit.simulator.lambdas.emulated import emulator, invoke

FLOOR: Final = """
import os
import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.httpsession import URLLib3Session

def handler(event, context):
    session = botocore.session.get_session()
    request = AWSRequest("POST", os.environ["ORG_GATE_URLS"] + "v1/decisions", {}, b"{}")
    SigV4Auth(session.get_credentials().get_frozen_credentials(), "lambda", "eu-west-1").add_auth(request)
    return URLLib3Session().send(request.prepare()).status_code
"""
SEED: Final = """
import boto3

codepipeline = boto3.client("codepipeline")
health = boto3.client("health", region_name="us-east-1")

def handler(event, context):
    job = event["CodePipeline.job"]["id"]
    wanted = {"regions": ["us-east-1"], "eventStatusCodes": ["open"], "eventTypeCategories": ["issue"]}
    if health.describe_events(filter=wanted)["events"]:
        codepipeline.put_job_failure_result(jobId=job, failureDetails={"type": "JobFailed", "message": "No."})
    else:
        codepipeline.put_job_success_result(jobId=job)
"""
TIMES: Final = 1.3
_DECISIONS: Final = "/lambda-url/eu-west-1/abc/v1/decisions"
_ECS: Final = {"category": "Deploy", "owner": "AWS", "provider": "ECS", "version": "1"}
_STAGES: Final = [
    {"name": "Gate", "actions": []},
    {"name": "Deploy", "actions": [{"name": "Deploy", "actionTypeId": _ECS}]},
]
_STORE: Final = {"type": "S3", "location": "artifacts"}
_CONTEXT: Final = {
    "pipelineName": "orders",
    "pipelineArn": f"arn:aws:codepipeline:{REGION}:{ACCOUNT}:orders",
    "pipelineExecutionId": "11111111-2222-3333-4444-666666666666",
    "stage": {"name": "Gate"},
    "action": {"name": "HealthCheck"},
}
_ANSWERS: Final[Mapping[str, Any]] = {
    "GetJobDetails": {"jobDetails": {"data": {"pipelineContext": _CONTEXT}}},
    "GetPipeline": {
        "pipeline": {
            "name": "orders",
            "roleArn": f"arn:aws:iam::{ACCOUNT}:role/orders",
            "artifactStore": _STORE,
            "stages": _STAGES,
        }
    },
    "DescribeEvents": {"events": []},
    "PutJobSuccessResult": {},
}
Start = Callable[[Path, Mapping[str, str]], float]
"""Starts the function in a folder with an environment; the seconds until it has answered its first job."""


def cold_starts(repeats: int) -> Iterator[Result]:
    """Under our Runtime API, and under AWS's emulator where it is installed."""
    with TemporaryDirectory() as folder, http_world(_answer) as aws:
        tasks = dict(_tasks(Path(folder)))
        environment = _environment(aws.url)
        for name, start in _runtimes():
            yield from _compared(name, _times(start, tasks, environment, repeats))


def _tasks(folder: Path) -> Iterator[tuple[str, Path]]:
    gate = inlined((PACKAGE / "member" / "gate.py").read_text(encoding="utf-8"))
    for name, code in {"floor": FLOOR, "seed": SEED, "gate": gate}.items():
        task = folder / name
        task.mkdir()
        (task / "index.py").write_text(code, encoding="utf-8")
        yield name, task


def _runtimes() -> Iterator[tuple[str, Start]]:
    yield "our Runtime API", _by_our_runtime_api
    if any(cache_folder().glob("rie-*/samcli")):
        yield "AWS's emulator", _by_the_emulator


def _times(
    start: Start, tasks: Mapping[str, Path], environment: Mapping[str, str], repeats: int
) -> dict[str, list[float]]:
    """In milliseconds, in turns, so that what else the machine does falls on all alike."""
    for task in tasks.values():
        start(task, environment)  # compiles what the runtime has
        shutil.rmtree(task / "__pycache__", ignore_errors=True)
    uncompiled = {**environment, "PYTHONDONTWRITEBYTECODE": "1"}
    times: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(repeats):
        for name, task in tasks.items():
            times[name].append(start(task, uncompiled) * 1000)
    return times


def _compared(runtime: str, times: Mapping[str, list[float]]) -> Iterator[Result]:
    floor, seed, gate = (median(times[name]) for name in ("floor", "seed", "gate"))
    name = f"a cold start of the gate, {runtime}"
    yield at_most(name, gate, "ms", baseline=floor, times=TIMES, of="the floor")
    yield at_most("  the same", gate, "ms", baseline=seed, times=1, of="the published handler")
    yield shown("  the floor: botocore and one signed call", floor, "ms")
    yield shown("  the published handler: boto3 and two clients", seed, "ms")


def _by_our_runtime_api(task: Path, environment: Mapping[str, str]) -> float:
    """In seconds."""
    runtime = installed(shipped("requirements/runtime.txt"), cache_folder(), this_machine())
    function = DeployedFunction(ACCOUNT, REGION, "org-gate", "index.handler", "", 60, 256, {}, "", b"")
    event = json.dumps(job_event()).encode()
    began = time.perf_counter()
    process = FunctionProcess(function, environment, task, runtime)
    try:
        answer = process.invoke("1", event)
        taken = time.perf_counter() - began
        assert answer.error is None, answer
    finally:
        process.close()
    return taken


def _by_the_emulator(task: Path, environment: Mapping[str, str]) -> float:
    """In seconds; it starts the process with the first event."""
    with emulator(task, environment) as address:
        began = time.perf_counter()
        answer = invoke(address, job_event())
        taken = time.perf_counter() - began
    assert "errorType" not in (answer if isinstance(answer, dict) else {}), answer
    return taken


def _environment(url: str) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
        "AWS_DEFAULT_REGION": REGION,
        "AWS_ENDPOINT_URL": url,
        "AWS_LAMBDA_FUNCTION_NAME": "org-gate",
        "AWS_REGION": REGION,
        "AWS_SECRET_ACCESS_KEY": "not-a-secret",
        "ORG_GATE_ACCOUNT": ACCOUNT,
        "ORG_GATE_MODE": "enforce",
        "ORG_GATE_ON_UNKNOWN": "block",
        "ORG_GATE_URLS": url + _DECISIONS.removesuffix("v1/decisions"),
        "TZ": "UTC",
    }


def _answer(heard: Heard) -> tuple[int, Mapping[str, str], bytes]:
    """AWS by its target header, central by its path."""
    if heard.path == _DECISIONS:
        return 200, {"Content-Type": "application/json"}, json.dumps(decision()).encode()
    operation = heard.headers["X-Amz-Target"].rpartition(".")[2]
    return 200, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(_ANSWERS[operation]).encode()
