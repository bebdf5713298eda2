"""What only real runtime processes show: a cold start, a process that dies in a request, and what it writes."""

import io
import os
import signal
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from org_gate.simulator.base import Call
from org_gate.simulator.lambdas.functions import deployed_function
from org_gate.simulator.play import instant
from org_gate.simulator.scenario.checks import health_update
from org_gate.simulator.scenario.model import Entry, HealthSpec
from org_gate.simulator.world import World
from tests.e2e.support import CENTRAL, ORDERS, Quiet, issue, scenario, update, world
from tests.e2e.test_collector_killed import _processes_of
from tests.faults import watched
from tests.faults.playing import gate_seconds, hold
from tests.faults.stage import GATES, HOME, MINUTE, Line
from tests.faults.table import BY_ID
from tests.unit.member.faulty import Step

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")

PLACES = [(CENTRAL, HOME, f"org-gate-{name}") for name in ("collector", "api", "resumer")] + [
    (ORDERS, GATES, "org-gate")
]
QUICK: dict[str, Any] = {"version": 1, "resume": {"settle": "1m"}}
RULE = {"name": "open-issues", "match": {"categories": ["issue"], "statuses": ["open"]}, "verdict": "block"}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One gate; functions in processes of their own."""
    data = scenario(gate_regions=[GATES], gate_ous=["Workloads/Prod"], policy={**QUICK, "rules": [RULE]})
    data["pipelines"] = data["pipelines"][:1]
    with world(tmp_path_factory.mktemp("processes"), data, "processes") as ready:
        instant(ready, [], Quiet())
        yield ready


def asks(opened: World) -> Line:
    before = len(opened.aws.recorder.lines)
    instant(opened, [Entry.model_validate({"at": "0m", "run": "orders"})], Quiet())
    return opened.aws.recorder.lines[before:][-1]


def end(function: str) -> int:
    """Kills all processes of a function; how many there were."""
    found = _processes_of(function)
    for process in found:
        os.killpg(process, signal.SIGKILL)
    return len(found)


@pytest.mark.contract("G8")
def test_cold(opened: World) -> None:
    record = BY_ID["api-cold"]
    end("org-gate-api")
    line = asks(opened)
    hold(record, line, {})
    assert line["knowledge"]["source"] == "central", "the gate has waited for it, as long as it waits for anybody"


@pytest.mark.contract("G8")
def test_killed_in_a_request(opened: World) -> None:
    """As it asks the table, its process is gone; the answer to the table's call goes nowhere."""
    record, killed = BY_ID["api-killed"], list[int]()

    def kill_once(call: Call) -> None:
        if not killed and "org-gate-api" in (call.caller.role_arn or ""):
            killed.append(end("org-gate-api"))

    opened.aws.door.watchers.append(kill_once)
    try:
        line = asks(opened)
    finally:
        opened.aws.door.watchers.remove(kill_once)
    assert sum(killed) >= 1
    hold(record, line, {})
    assert gate_seconds([Step("5xx"), Step("allow")]) == record.seconds


def test_nothing_is_ever_written_to_a_functions_disk(opened: World) -> None:
    """A blocked deployment and its resumption, with a watch in each function's process from its first import on."""
    for place in PLACES:
        put_watch(opened, *place)
    opened.clock.advance_to(opened.clock.now() + 2 * MINUTE)
    show(opened, issue("0m"))
    assert asks(opened)["verdict"] == "block"
    show(opened, update("0m", statusCode="closed", endTime=opened.clock.now().isoformat()))
    for _ in range(4):
        opened.clock.advance_to(opened.clock.now() + MINUTE)
        instant(opened, [], Quiet())
    assert opened.aws.recorder.lines[-1]["trigger"] == "resume"
    for account, region, name in PLACES:
        text = "\n".join(log(opened, account, region, name))
        assert watched.WATCHING in text, f"{name} ran without a watch"
        assert watched.MARK not in text, text


def put_watch(opened: World, account: str, region: str, name: str) -> None:
    """Into the deployed code, in front of its handler."""
    function, client = deployed_function(account, region, name), opened.sessions.client("lambda", account, region)
    buffer = io.BytesIO(function.code)
    with zipfile.ZipFile(buffer, "a") as code:
        code.writestr("watched.py", Path(watched.__file__).read_bytes())
    client.update_function_code(FunctionName=name, ZipFile=buffer.getvalue())
    variables = {**function.environment, "WATCHED": function.handler}
    client.update_function_configuration(
        FunctionName=name, Handler="watched.handler", Environment={"Variables": variables}
    )


def show(opened: World, told: dict[str, Any]) -> None:
    opened.aws.health.show(health_update(opened.scenario, HealthSpec.model_validate(told["health"])))


def log(opened: World, account: str, region: str, name: str) -> list[str]:
    client = opened.sessions.client("logs", account, region)
    pages = client.get_paginator("filter_log_events").paginate(logGroupName=f"/aws/lambda/{name}")
    return [event["message"] for page in pages for event in page["events"]]


@pytest.mark.parametrize(
    ("code", "tells"),
    [
        ("open('x', 'w').close()", True),
        ("import tempfile; tempfile.mkdtemp(dir='.')", True),
        ("import os; os.close(os.open('x', os.O_CREAT | os.O_WRONLY))", True),
        ("import pathlib; pathlib.Path('x').write_text('')", True),
        ("open(__import__('os').devnull, 'w').close(); open('/etc/hostname').close()", False),
    ],
)
def test_the_watch_tells_of_whatever_writes(tmp_path: Path, code: str, *, tells: bool) -> None:
    tmp_path.joinpath("victim.py").write_text(f"def handler(event, context): pass\n{code}\n", encoding="utf-8")
    tmp_path.joinpath("watched.py").write_bytes(Path(watched.__file__).read_bytes())
    environment = {"WATCHED": "victim.handler", "PATH": os.environ["PATH"]}
    command = [sys.executable, "-c", "import watched"]
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True)
    assert (watched.MARK in ran.stderr) == tells
