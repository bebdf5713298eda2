"""The collector's process is killed at any moment, and the next minute's poll makes it good: the real thing.

The deployed zip in a process of its own, killed as the n-th request of its run comes to AWS's front door, before or
after the request has had its effect. Decisions in between are asked of the real decision API.
"""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from boto3.dynamodb.types import TypeDeserializer
from botocore.credentials import Credentials

from org_gate.client.api import DecisionApi
from org_gate.simulator.base import AwsError, Call
from org_gate.simulator.faults import Faults
from org_gate.simulator.scenario.checks import health_update
from org_gate.simulator.scenario.model import HealthSpec
from org_gate.simulator.world import World
from tests.e2e.support import CENTRAL, ISSUE, ORDERS, PAYMENTS, issue, scenario, world

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")

COLLECTOR = "org-gate-collector"
HOME = "eu-west-1"
MINUTE = timedelta(minutes=1)
SMALL = scenario(gate_regions=["us-east-1"], gate_ous=["Sandbox"], pipelines=[])
_TIMES = frozenset(
    {
        "rev",
        "revision",
        "account_changes",
        "episode",
        "stamps",
        "stamp",
        "accounts_stamp",
        "accounts_read_at",
        "expires",
        "full_at",
        "tree_at",
        "ou_ids",
    }
)
"""What counts writes or says when something was read, as a run that was killed and made good writes more and reads
later; and the simulator's OU ids, which are other ones in every organization."""


class Killer:
    """Sees every request before it is served, and kills the collector's process at one of them."""

    def __init__(self, faults: Faults) -> None:
        self._check = faults.check
        self.requests = 0
        self.at: int | None = None
        self.before = True
        self.killed = 0

    def check(self, call: Call, protocol: str) -> None:
        self._check(call, protocol)
        if call.caller.role_arn is None or COLLECTOR not in call.caller.role_arn:
            return
        self.requests += 1
        if self.requests != self.at:
            return
        for process in _processes_of(COLLECTOR):
            os.killpg(process, signal.SIGKILL)
            self.killed += 1
        if self.before:
            raise AwsError("ServiceUnavailable", "nobody hears this", 503)

    def aim(self, at: int | None, *, before: bool = True) -> None:
        self.requests, self.at, self.before = 0, at, before


@dataclass
class Run:
    opened: World
    killer: Killer

    def show(self, told: dict[str, Any]) -> None:
        spec = HealthSpec.model_validate(told["health"])
        self.opened.aws.health.show(health_update(self.opened.scenario, spec))

    def minute(self) -> None:
        """The schedule fires, and its poll runs to its end."""
        self.opened.aws.delivery.fire_due()
        self.opened.drain()
        self.opened.clock.advance_to(self.opened.clock.now() + MINUTE)

    def verdict(self, account: str, region: str = "us-east-1") -> Any:
        api = DecisionApi(
            [self.opened.cell().decision_url], Credentials(*self.opened.organization.access_keys[account])
        )
        return api.decide({"targets": [f"{account}/{region}"]})["verdict"]


@contextmanager
def running(folder: Path, runtime: str) -> Iterator[Run]:
    with world(folder, SMALL, runtime) as opened:
        killer = Killer(opened.aws.faults)
        opened.aws.faults.check = killer.check  # type: ignore[method-assign]
        yield Run(opened, killer)


def _processes_of(function: str) -> list[int]:
    """Those that this process started for the function."""
    named = f"AWS_LAMBDA_FUNCTION_NAME={function}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            parent = folder.joinpath("stat").read_text().rsplit(")", 1)[1].split()[1]
            if int(parent) == os.getpid() and named in folder.joinpath("environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
        except (FileNotFoundError, PermissionError, ProcessLookupError):  # it has just ended, or is not ours
            continue
    return found


def arn(number: int) -> str:
    return f"{ISSUE}_{number}"


def _play(run: Run, moments: list[tuple[int, bool]]) -> list[Any]:
    """In each round something opens, something changes, something closes, and its poll is killed at a moment.

    The verdicts after the kill and after the next minute's poll.
    """
    run.minute()
    seen: list[Any] = []
    for number, (at, before) in enumerate(moments):
        now = f"{run.opened.clock.now().isoformat()}"
        run.show(issue("0m", arn(number), startTime=now))
        run.show(issue("0m", arn(1000 + number), accounts=[ORDERS] if number % 2 else [PAYMENTS], startTime=now))
        if number:
            run.show({"health": {"event": {"arn": arn(number - 1), "statusCode": "closed", "endTime": now}}})
            more = {"affectedAccounts": [ORDERS, PAYMENTS]}
            run.show({"health": {"event": {"arn": arn(999 + number), "statusCode": "open"}, **more}})
        run.killer.aim(at or None, before=before)
        run.minute()
        run.killer.aim(None)
        between = run.verdict(ORDERS)
        run.minute()
        seen.append((between, run.verdict(ORDERS), run.verdict(PAYMENTS), run.verdict(ORDERS, "eu-west-1")))
    run.show({"health": {"event": {"arn": arn(len(moments) - 1), "statusCode": "closed"}}})
    for number in range(len(moments)):
        run.show({"health": {"event": {"arn": arn(1000 + number), "statusCode": "closed"}}})
    for _ in range(6):
        run.minute()
    seen.append((run.verdict(ORDERS), run.verdict(PAYMENTS)))
    return seen


def _content(run: Run) -> dict[tuple[str, str], Any]:
    """The table, but for decisions, what counts, and whose turn it was last to be read again."""
    plain = TypeDeserializer().deserialize
    pages = run.opened.sessions.client("dynamodb", CENTRAL, HOME).get_paginator("scan").paginate(TableName="org-gate")
    items = [{name: plain(value) for name, value in item.items()} for page in pages for item in page["Items"]]
    return {
        (item["pk"], item["sk"]): {name: value for name, value in item.items() if name not in _TIMES}
        for item in items
        if not item["pk"].startswith(("DECISION", "DAY", "TURN"))
    }


def test_nothing_is_lost_and_nothing_doubled(tmp_path: Path) -> None:
    moments = [(1, True), (3, False), (5, True), (8, False), (11, True), (14, False), (17, True)]
    with running(tmp_path, "processes") as run:
        seen = _play(run, moments)
        killed, table = run.killer.killed, _content(run)
        assert run.opened.aws.delivery.given_up[0].why.startswith("Runtime.ExitError")
    with running(tmp_path, "inprocess") as run:
        undisturbed = _play(run, [(0, True)] * len(moments))
        assert run.killer.killed == 0
        assert run.opened.aws.delivery.given_up == []
        assert table == _content(run)
    assert killed >= len(moments) - 2, "a poll of little may end before its moment comes"
    assert [after for _between, *after in seen] == [after for _between, *after in undisturbed]
    assert {between for between, *_ in seen[1:-1]} == {"block"}, "something has been open all the time"
    assert seen[-1] == ("allow", "allow")
