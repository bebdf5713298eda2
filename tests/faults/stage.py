"""The organization on which faults are played one after the other: a home cell, a standby, gates, two pipelines.

One world serves many faults, each in a stretch of simulated time of its own: it begins when nothing is open, waits or
is stale, and its alarms are worked out of what was emitted since. A test turns a part hostile from outside (AWS Health
behind a twist, the decision API behind a front, the simulator's own faults); no code of ours is touched.
"""

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from org_gate.model.times import format_time
from org_gate.rollout.outputs import read_outputs
from org_gate.simulator.base import Call
from org_gate.simulator.faults import Fault
from org_gate.simulator.health.service import HealthService
from org_gate.simulator.play import instant
from org_gate.simulator.scenario.checks import health_update
from org_gate.simulator.scenario.model import Entry, HealthSpec, PipelineSpec
from org_gate.simulator.world import World
from tests.e2e.rollouts import settings, team
from tests.e2e.support import CENTRAL, ISSUE, ORDERS, PAYMENTS, Quiet
from tests.faults.alarms import TEMPLATE, Metric, Metrics, alarms, ringing
from tests.faults.front import Front, front

HOME: Final = "eu-west-1"
STANDBY: Final = "eu-central-1"
GATES: Final = "us-east-1"
MINUTE: Final = timedelta(minutes=1)
_TO_RESUME: Final = 4
"""Minutes: a poll that reads the end of an event, a look, the time to settle, and the look after that."""
POLICY: Final[dict[str, Any]] = {
    "version": 1,
    "resume": {"settle": "1m"},
    "rules": [{"name": "open-issues", "match": {"categories": ["issue"], "statuses": ["open"]}, "verdict": "block"}],
}
PIPELINES: Final = [PipelineSpec(name=name, account=ORDERS, region=GATES) for name in ("orders", "invoices")]
_FUNCTIONS: Final = ("org-gate-collector", "org-gate-resumer")
_FAILED: Final = ("[ERROR] ", "Task timed out", "Runtime.ExitError", "RequestId: ")
"""How the log of an invocation that failed begins."""

Line = Mapping[str, Any]
Answer = Callable[[Call], dict[str, Any]]


@dataclass
class Twisted:
    """AWS Health, each of whose answers a test may bend: ``twist`` gets the call and what would answer it."""

    real: HealthService
    operations: frozenset[str] = HealthService.operations
    twist: Callable[[Call, Answer], dict[str, Any]] | None = None

    def handle(self, call: Call) -> dict[str, Any]:
        return self.real.handle(call) if self.twist is None else self.twist(call, self.real.handle)


@dataclass
class Stage:
    """``began`` is when the present fault's stretch of time did."""

    world: World
    front: Front
    health: Twisted
    began: datetime
    open: set[str] = field(default_factory=set)
    """The ARNs of the events that are open."""
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    depths: dict[int, int] = field(default_factory=dict)
    """Messages in the home cell's dead-letter queue, by minute."""

    @property
    def now(self) -> datetime:
        return self.world.clock.now()

    @property
    def minute(self) -> int:
        """Since the world's start."""
        return (self.now - self.world.scenario.start) // MINUTE

    def client(self, service: str, account: str = CENTRAL, region: str = HOME) -> Any:
        return self.world.sessions.client(service, account, region)

    def calm(self) -> None:
        """Ends what is left of the fault before, until nothing waits and everything is known anew."""
        self.front.behaves.clear()
        self.front.released.clear()
        self.health.twist = None
        for region in (HOME, STANDBY):
            for name in ("org-gate-resume", "org-gate-resume-dead"):
                self.client("sqs", CENTRAL, region).purge_queue(QueueUrl=self.queue(name, region))
        something_waits = bool(self.open)
        for arn in list(self.open):
            self.close(arn)
        self.pass_minutes(_TO_RESUME if something_waits else 1)
        self.began = self.now

    def fault(self, service: str, kind: str, minutes: int, **where: str) -> None:
        """One of the simulator's, from now on for so long."""
        self.world.aws.faults.add(Fault(service, kind, self.now, self.now + minutes * MINUTE, **where))

    def show(self, **event: Any) -> str:
        """A new PUBLIC issue of RDS, open in the gates' Region, unless told otherwise; its ARN."""
        told = {
            "arn": f"{ISSUE}{next(self.numbers)}",
            "service": "RDS",
            "eventTypeCode": "AWS_RDS_OPERATIONAL_ISSUE",
            "eventTypeCategory": "issue",
            "region": GATES,
            "startTime": format_time(self.now),
            "statusCode": "open",
            "eventScopeCode": "PUBLIC",
            **event,
        }
        self.tell(told)
        arn: str = told["arn"]
        self.open.add(arn)
        return arn

    def close(self, arn: str) -> None:
        self.tell({"arn": arn, "statusCode": "closed", "endTime": format_time(self.now)})
        self.open.remove(arn)

    def tell(self, event: Mapping[str, Any]) -> None:
        """An update as AWS Health shows it."""
        spec = HealthSpec.model_validate({"event": event, "description": "Something is wrong."})
        self.world.aws.health.show(health_update(self.world.scenario, spec))

    def pass_minutes(self, minutes: int, run: str | None = None) -> list[Line]:
        """The lines of what ran; each minute's poll comes first, and then the pipeline, where one is to run."""
        lines = []
        for _ in range(minutes):
            lines += self.here(run)
            self.world.clock.advance_to(self.now + MINUTE)
        return lines

    def skip_minutes(self, minutes: int, step: int) -> list[Line]:
        """The same, but only each so many minutes something happens: no alarm can be worked out of that."""
        lines = []
        for _ in range(0, minutes, step):
            self.world.clock.advance_to(self.now + step * MINUTE)
            lines += self.here()
        return lines

    def here(self, run: str | None = None) -> list[Line]:
        """The same without going on: what is due now."""
        before = len(self.world.aws.recorder.lines)
        entries = [] if run is None else [Entry.model_validate({"at": "0m", "run": run})]
        instant(self.world, entries, Quiet())
        self.depths[self.minute] = self._depth()
        return self.world.aws.recorder.lines[before:]

    def asks(self, run: str = "orders") -> Line:
        """What the gate says to a deployment that starts now."""
        lines = [line for line in self.here(run) if line["pipeline_name"] == run]
        return lines[-1]

    def queue(self, name: str, region: str = HOME) -> str:
        return str(self.client("sqs", CENTRAL, region).get_queue_url(QueueName=name)["QueueUrl"])

    def schedules(self, region: str, *, on: bool) -> None:
        """Whether a cell's schedules run it. The standby's stand still but where it is played: they cost time."""
        rules = self.client("events", CENTRAL, region)
        for rule in ("org-gate-every-minute", "org-gate-look"):
            (rules.enable_rule if on else rules.disable_rule)(Name=rule)

    def _depth(self) -> int:
        url, name = self.queue("org-gate-resume-dead"), "ApproximateNumberOfMessages"
        told = self.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        return int(told["Attributes"][name])

    def rung(self, region: str = HOME) -> dict[str, int]:
        """The alarms of a cell since the fault began, and after how many minutes."""
        return ringing(alarms(TEMPLATE.read_text(encoding="utf-8")), self._metrics(region), self._minutes())

    def _minutes(self) -> range:
        start = (self.began - self.world.scenario.start) // MINUTE
        return range(start, self.minute)

    def _metrics(self, region: str) -> Metrics:
        metrics = Metrics()
        for function in (*_FUNCTIONS, "org-gate-api"):
            self._from_log(metrics, function, region)
        for name, minute, value in self._from_lambda(region):
            metrics.add(_lambda_metric(name, "org-gate-api"), minute, value)
        if region == HOME:
            visible = ("AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "org-gate-resume-dead")
            for minute, depth in self.depths.items():
                metrics.add(_metric(*visible), minute, depth)
        return metrics

    def _from_lambda(self, region: str) -> Iterator[tuple[str, int, float]]:
        for counted in self.front.counted:
            if counted.region != region:
                continue
            yield "UrlRequestLatency", counted.minute, counted.milliseconds
            yield "Url5xxCount", counted.minute, float(counted.status >= 500)
            yield "Throttles", counted.minute, float(counted.status == 429)

    def _from_log(self, metrics: Metrics, function: str, region: str) -> None:
        since = int(self.began.timestamp() * 1000)
        pages = self.client("logs", CENTRAL, region).get_paginator("filter_log_events")
        for page in pages.paginate(logGroupName=f"/aws/lambda/{function}", startTime=since):
            for event in page["events"]:
                minute = self._minute_of(event["timestamp"])
                if event["message"].startswith(_FAILED):
                    metrics.add(_lambda_metric("Errors", function), minute, 1)
                for metric, value in emitted(event["message"]):
                    metrics.add(metric, minute, value)

    def _minute_of(self, milliseconds: int) -> int:
        return int(milliseconds / 1000 - self.world.scenario.start.timestamp()) // 60


def emitted(line: str) -> Iterator[tuple[Metric, float]]:
    """The metrics in a line of the embedded metric format; none in any other line."""
    if '"_aws"' not in line:
        return
    told = json.loads(line)
    for group in told["_aws"]["CloudWatchMetrics"]:
        for names in group["Dimensions"]:
            dimensions = frozenset((name, str(told[name])) for name in names)
            for definition in group["Metrics"]:
                values = told[definition["Name"]]
                for value in values if isinstance(values, list) else [values]:
                    yield Metric(group["Namespace"], definition["Name"], dimensions), float(value)


def _metric(namespace: str, name: str, dimension: str, value: str) -> Metric:
    return Metric(namespace, name, frozenset({(dimension, value)}))


def _lambda_metric(name: str, function: str) -> Metric:
    return _metric("AWS/Lambda", name, "FunctionName", function)


@contextmanager
def stage(folder: Path) -> Iterator[Stage]:
    """Rolled out by a platform team; the gate's URLs lead through the front."""
    with team(folder) as people:
        central = {"account": CENTRAL, "region": HOME, "standby": [STANDBY]}
        people.apply(settings(central=central, gates={"regions": [GATES], "ous": ["Workloads"]}), policy=POLICY)
        home = read_outputs(people.world.sessions.client("cloudformation", CENTRAL, HOME), "org-gate-central", HOME)
        scenario = people.world.scenario.model_copy(update={"pipelines": PIPELINES})
        world = replace(people.world, central=home, scenario=scenario)
        for pipeline in PIPELINES:
            client = world.sessions.client("codepipeline", pipeline.account, pipeline.region)
            client.create_pipeline(pipeline=pipeline.declaration)
        twisted = Twisted(world.aws.health)
        world.aws.door.register("health", twisted)
        yield from _staged(world, twisted)


def _staged(world: World, twisted: Twisted) -> Iterator[Stage]:
    start = world.scenario.start
    with front(world.aws.server.endpoint, lambda: (world.clock.now() - start) // MINUTE) as before:
        made = Stage(world, before, twisted, world.clock.now())
        lead_through(made, ORDERS)
        made.schedules(STANDBY, on=False)
        yield made


def lead_through(made: Stage, account: str, timeout: int = 30) -> None:
    """The account's gate asks at the front from now on, in a function that may take so many seconds."""
    functions = made.client("lambda", account, GATES)
    known = functions.get_function_configuration(FunctionName="org-gate")["Environment"]["Variables"]
    urls = ",".join(made.front.url(url) for url in known["ORG_GATE_URLS"].split(","))
    variables = {**known, "ORG_GATE_URLS": urls}
    functions.update_function_configuration(
        FunctionName="org-gate", Environment={"Variables": variables}, Timeout=timeout
    )


__all__ = ["CENTRAL", "GATES", "HOME", "ISSUE", "MINUTE", "ORDERS", "PAYMENTS", "STANDBY", "Stage", "stage"]
