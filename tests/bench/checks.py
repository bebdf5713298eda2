"""One gate check, warm: org-gate's gate against the handler of the published pattern, in one simulated organization.

Both are Lambda actions of pipelines whose Region has no incident, from the job to its answer. The simulated AWS answers
each call as late to one as to the other, by ``LATE``; the gate's call of the decision API takes what that API and its
reads of the table take. How long AWS really takes is for AWS to say: the numbers of calls are exact, the times are not
more than these assumptions make of them.
"""

import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

from org_gate.simulator.play import play
from org_gate.simulator.scenario.definition import GATE_FUNCTION
from org_gate.simulator.world import World
from tests.bench.calls import Calls, watched
from tests.bench.measure import Result, at_most, compared, shown
from tests.bench.starts import SEED
from tests.e2e.support import ORDERS, SANDBOX, Quiet, issue, scenario, world

LATE: Final = {"health": 0.1, "codepipeline": 0.03, "dynamodb": 0.005}
"""Seconds that each call takes longer than the simulator does: assumed, the same for both."""
REGION: Final = "us-east-1"
_OTHERS: Final = (
    ("codepipeline", "AWS CodePipeline"),
    ("dynamodb", "DynamoDB"),
)
_ROLE: Final = "published-pattern"
_MAY: Final = ["health:DescribeEvents", "codepipeline:PutJobSuccessResult", "codepipeline:PutJobFailureResult"]


@dataclass(frozen=True, slots=True)
class Check:
    """What one check came to: its wall time in milliseconds, and its calls by service."""

    taken: float
    calls: Mapping[str, int]


def gate_checks(runtime: str, repeats: int) -> Iterator[Result]:
    """``runtime`` is the simulator's: where the functions run."""
    with TemporaryDirectory() as folder, world(Path(folder), _organization(), runtime) as opened:
        _deploy_the_pattern(opened)
        play(opened, Quiet())
        with watched(opened, LATE) as calls:
            ours = _measured(opened, calls, "orders", ORDERS, repeats)
            theirs = _measured(opened, calls, "pattern", SANDBOX, repeats)
    yield from _compared(ours, theirs)


def _compared(ours: Check, theirs: Check) -> Iterator[Result]:
    health, pattern = ours.calls["health"], theirs.calls["health"]
    late = ", ".join(f"{service} {round(seconds * 1000)} ms" for service, seconds in LATE.items())
    yield at_most("a gate check's calls to AWS Health", health, "calls", baseline=pattern, times=0, of="the pattern's")
    yield compared(f"  its wall time; each call late by: {late}", ours.taken, "ms", baseline=theirs.taken)
    for service, name in _OTHERS:
        yield shown(f"  its calls to {name}", ours.calls[service], "calls")
    yield shown("  the pattern's calls to AWS Health", pattern, "calls")
    yield shown("  the pattern's calls to AWS CodePipeline", theirs.calls["codepipeline"], "calls")
    yield shown("  the pattern's wall time", theirs.taken, "ms")


def _organization() -> dict[str, Any]:
    """The sandbox is no gate's, so its function of the gate's name, which is what the simulator asks, is free."""
    names = {"orders": ORDERS, "pattern": SANDBOX}
    pipelines = [{"name": name, "account": account, "region": REGION} for name, account in names.items()]
    return scenario(issue("1m", region="ap-southeast-2"), pipelines=pipelines)


def _measured(opened: World, calls: Calls, pipeline: str, account: str, repeats: int) -> Check:
    """The median of warm checks; each makes the same calls."""
    checks = [_check(opened, calls, pipeline, account) for _ in range(repeats + 2)][2:]
    assert all(check.calls == checks[0].calls for check in checks), checks
    return Check(median(check.taken for check in checks), checks[0].calls)


def _check(opened: World, calls: Calls, pipeline: str, account: str) -> Check:
    client = opened.sessions.client("codepipeline", account, REGION)
    execution = client.start_pipeline_execution(name=pipeline)["pipelineExecutionId"]
    calls.forget()
    began = perf_counter()
    opened.settle()
    taken = (perf_counter() - began) * 1000
    line = opened.aws.recorder.lines[-1]
    assert (line["execution_id"], line["pipeline_result"]) == (execution, "succeeded"), line
    return Check(taken, {service: calls.number(service) for service in LATE})


def _deploy_the_pattern(opened: World) -> None:
    """By AWS's APIs, as its readers do."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    rights = {"Effect": "Allow", "Action": _MAY, "Resource": "*"}
    iam = opened.sessions.client("iam", SANDBOX, REGION)
    role = iam.create_role(RoleName=_ROLE, AssumeRolePolicyDocument=_policy(trust))["Role"]["Arn"]
    iam.put_role_policy(RoleName=_ROLE, PolicyName=_ROLE, PolicyDocument=_policy(rights))
    opened.sessions.client("lambda", SANDBOX, REGION).create_function(
        FunctionName=GATE_FUNCTION,
        Role=role,
        Runtime="python3.13",
        Handler="index.handler",
        Timeout=60,
        Code={"ZipFile": _zipped(SEED)},
    )


def _policy(statement: Mapping[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def _zipped(code: str) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("index.py", code)
    return file.getvalue()
