"""The world of the model: AWS Health, pipelines with real gates, and a real central cell, in one process.

It moves time, and everything that is due happens in the order in which AWS would let it happen: polls on whole
minutes, what EventBridge delivers, gates, then the resumer's queue. What there is to happen at random is the machine's
business, what may come of it the judge's.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from botocore.exceptions import ClientError

from org_gate.model.event import Account
from org_gate.model.times import parse_time
from org_gate.policy.load import policy_from_data
from org_gate.rollout.gates import gate_settings
from org_gate.simulator.base import Call, InvocationResult, OwnService, SimClock
from org_gate.simulator.health.events import HealthUpdate
from org_gate.simulator.health.service import HealthService
from org_gate.simulator.pipelines.service import CodePipelineService
from tests.model.cell import Cell
from tests.model.doors import Aws, Members, Message, Queue, caller_of
from tests.model.faults import Between, Faults
from tests.model.gates import Asking
from tests.model.judge import Judge, Rolled
from tests.model.organization import ACCOUNTS, CENTRAL, MANAGEMENT, PIPELINES, Pipeline, tree
from tests.model.policies import Spec
from tests.model.post import Post
from tests.model.truth import MINUTE, Key, Lift, Made, Poll, Truth

NOON: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
GATE_STAGE: Final = "Gate"
LOOK: Final = json.dumps({"source": "aws.events", "detail-type": "Scheduled Event"})


class Watched:
    """CodePipeline, and which answers of jobs and retries it took."""

    operations = CodePipelineService.operations

    def __init__(self, real: CodePipelineService, world: "World") -> None:
        self.real = real
        self.world = world
        self.taken: dict[str, list[tuple[str, Mapping[str, Any]]]] = {}

    def handle(self, call: Call) -> dict[str, Any]:
        resumes = call.operation == "RetryStageExecution" and call.caller.role_arn is not None
        failed_by = self.world.failed_by(call) if resumes else ""
        if resumes:
            self.world.asked(call.params["pipelineExecutionId"])
        answer = self.real.handle(call)
        if call.operation.startswith("PutJob"):
            self.taken.setdefault(call.params["jobId"], []).append((call.operation, call.params))
        if resumes:
            pipeline = PIPELINES[call.params["pipelineName"]]
            execution = call.params["pipelineExecutionId"]
            self.world.resumed(pipeline, execution, failed_by)
        return answer


class World:
    """``mix`` decides the order of what has none."""

    def __init__(self, policy: Spec, mix: Random) -> None:
        self.clock = SimClock(NOON)
        self.faults = Faults()
        self.truth = Truth(policy)
        self.judge = Judge(self.truth)
        self.queue = Queue(self.clock, mix)
        self.crashes: list[str] = []
        self.mix = mix
        members = Members(MANAGEMENT, ACCOUNTS, CENTRAL)
        self.health = HealthService(self.clock, members)
        self.health.handle(_enabling())
        self.pipelines = CodePipelineService(self.clock, self, lambda _: None, functions={"org-gate"})
        self.watched = Watched(self.pipelines, self)
        services: dict[str, OwnService] = {"health": self.health, "codepipeline": self.watched}
        self.aws = Aws(self.clock, self.faults, services)
        self.cell = Cell(self.aws, CENTRAL, tree(), self.queue, self.crash)
        self.post = Post(self.cell, self.faults, self.truth, mix)
        self.lost_polls = 0
        self.doubled_poll = False
        self.twice = False
        self._polled_at: datetime | None = None
        self._batch: list[Message] = []
        self._undisturbed = 0
        for pipeline in PIPELINES.values():
            self._person(pipeline).create_pipeline(pipeline=pipeline.declaration())
        self.publish(policy)
        self.roll_out()

    @property
    def now(self) -> datetime:
        return self.clock.now()

    def crash(self, who: str, error: BaseException) -> None:
        """What no function may raise; told at the next look at it."""
        self.crashes.append(f"{who}: {type(error).__name__}: {error}")

    def asked(self, execution_id: str) -> None:
        """As ``resumed``."""
        messages = [one.body for one in sorted(self._batch, key=lambda one: one.sent)]
        with self._told_later():
            self.judge.asked(execution_id, messages, self.now)

    def resumed(self, pipeline: Pipeline, execution_id: str, decision_id: str) -> None:
        """Within the resumer, which would take the judge's word for a fault of CodePipeline's."""
        crossed = self.faults.crossed > self._undisturbed
        with self._told_later():
            self.judge.resumed(pipeline, execution_id, decision_id, self.now, crossed=crossed)

    @contextmanager
    def _told_later(self) -> Iterator[None]:
        try:
            yield
        except AssertionError as error:
            self.crashes.append(str(error))

    # what happens in AWS Health

    def show(self, fields: Mapping[str, Any], accounts: Sequence[str], *, slow: bool = False) -> None:
        self.health.show(HealthUpdate(fields, "Something is wrong.", affected_accounts=list(accounts)))
        if self.truth.last_poll(whole=True) is None and fields.get("statusCode") not in {"open", "upcoming"}:
            slow = True  # no look lists it, and until the first complete poll none reaches back to it
        self.truth.show({"lastUpdatedTime": self.now, **fields}, accounts, self.now, slow=slow)

    def notify(self, key: Key, delay: int, copies: int, bus: str) -> None:
        """As the event stands now; it arrives so many seconds later, so often.

        Only of events whose scope is told, as AWS's notifications do: until the next poll central takes one that does
        not tell it to be everybody's or its receiver's, whichever was heard first, and the truth knows neither.
        """
        if self.truth.present(key).fields.get("eventScopeCode") is None:
            return
        for _ in range(copies):
            envelopes = self.health.notifications(*key, receiver=CENTRAL, bus_region=bus)
            self.post.send(key, list(envelopes), self.now, delay)
        self.instant()

    # what people do

    def publish(self, policy: Spec) -> bool:
        """Whether central took it."""
        status, _ = self.cell.ask(CENTRAL, "POST", "/v1/policies", {"policy": policy.told()})
        assert status in {200, 502, 503}, status
        if status == 200:
            self.truth.policy = policy
        return status == 200

    def override(self, who: str, body: Mapping[str, Any]) -> None:
        """Whoever may make it; nothing of it holds unless central takes it."""
        status, told = self.cell.ask(who, "POST", "/v1/overrides", body)
        assert status in {200, 403, 422, 503}, (status, told)
        if status == 200:
            begins, ends = parse_time(told["created_at"]), parse_time(told["expires_at"])
            named = (tuple(body["accounts"]), tuple(body["pipelines"]), tuple(body["events"]))
            self.truth.lifts[told["override_id"]] = Lift(told["override_id"], *named, begins, ends)

    def revoke(self, lift: Lift) -> None:
        status, told = self.cell.ask(CENTRAL, "DELETE", f"/v1/overrides/{lift.id}")
        assert status in {200, 503}, (status, told)
        if status == 200:
            lift.ends = min(lift.ends, self.now)

    def declare(self, kind: str, accounts: tuple[str, ...], region: str, service: str, minutes: int) -> None:
        """A drill, or an incident that AWS Health has not posted."""
        public = {"public": not accounts} if kind == "drills" else {}
        body = {"accounts": list(accounts), "regions": [region], "services": [service], **public}
        status, told = self.cell.ask(CENTRAL, "POST", f"/v1/{kind}", {**body, "reason": "to see", "for": f"{minutes}m"})
        assert status in {200, 422, 503}, (status, told)
        if status == 200:
            begins, ends = parse_time(told["created_at"]), parse_time(told["ends_at"])
            self.truth.made[told["id"]] = Made(told["id"], frozenset(accounts), (region,), (service,), begins, ends)

    def end_made(self, made: Made) -> None:
        kind = "drills" if made.id.startswith("drill") else "declared-events"
        status, told = self.cell.ask(CENTRAL, "DELETE", f"/v1/{kind}/{made.id}")
        assert status in {200, 503}, (status, told)
        if status == 200:
            made.ends = min(made.ends, self.now)

    def roll_out(self) -> None:
        """The policy's words are written into all gates."""
        policy = policy_from_data(self.truth.policy.told())
        self.gates = {one: gate_settings(policy, Account(one, "", ("r-1",))) for one in ACCOUNTS}
        self.rolled = {one: Rolled.of(self.truth.policy, one) for one in ACCOUNTS}

    def start(self, pipeline: Pipeline) -> None:
        self.forget_waiting(pipeline)
        self._person(pipeline).start_pipeline_execution(name=pipeline.name)
        self.instant()

    def retry(self, pipeline: Pipeline) -> None:
        """The console's button, where CodePipeline shows it."""
        execution = self.latest(pipeline)
        if execution is None:
            return
        try:
            self._person(pipeline).retry_stage_execution(
                pipelineName=pipeline.name,
                stageName=GATE_STAGE,
                pipelineExecutionId=execution,
                retryMode="FAILED_ACTIONS",
            )
        except ClientError:
            return
        self.forget_waiting(pipeline)
        self.instant()

    def stop(self, pipeline: Pipeline) -> None:
        execution = self.latest(pipeline)
        if execution is None:
            return
        try:
            self._person(pipeline).stop_pipeline_execution(
                pipelineName=pipeline.name, pipelineExecutionId=execution, abandon=True
            )
        except ClientError:
            return
        self.forget_waiting(pipeline)

    def forget_waiting(self, pipeline: Pipeline) -> None:
        """A person took it over, or another execution comes after it."""
        for place in [place for place in self.judge.waits if place[0] == pipeline.name]:
            del self.judge.waits[place]

    # time

    def advance(self, seconds: int) -> None:
        end = self.now + timedelta(seconds=seconds)
        while self.now < end:
            due = [end, _next_minute(self.now), self.pipelines.next_due(), self.queue.next_due()]
            due.append(self.post.next_due())
            self.clock.advance_to(min(max(one, self.now + timedelta(seconds=1)) for one in due if one is not None))
            self.instant()

    def instant(self) -> None:
        """All that is due now."""
        if self.now.second == 0 and self._polled_at != self.now:
            self._polled_at = self.now
            self._minute()
        self.post.deliver(self.now)
        while self.pipelines.drain() or self._drain_queue():
            pass
        assert not self.crashes, self.crashes

    def _minute(self) -> None:
        if self.lost_polls > 0:
            self.lost_polls -= 1
        else:
            for _ in range(2 if self.doubled_poll else 1):
                self.poll()
            self.doubled_poll = False
        self.queue.put(LOOK)
        self._look()

    def poll(self) -> None:
        """The schedule's event of this minute; what came of it is told to the truth by what struck it alone."""
        before = self.faults.number("collector", "health", "dynamodb"), self.faults.crossed
        number, possible = self.truth.number, self._may_be_complete()
        at = self.now.replace(second=0)
        self.cell.poll(at, f"poll-{at:%H%M}")
        possible = self._may_be_complete() or possible  # it may have read what was shown while it ran
        whole = before == (self.faults.number("collector", "health", "dynamodb"), self.faults.crossed)
        self.truth.polled(Poll(at, number, whole, possible))

    def _may_be_complete(self) -> bool:
        """Whether no fault is on that surely keeps a poll from what a complete one has to read (D13)."""
        if self._surely_fails("dynamodb", "get_item") or self._surely_fails("health", "DescribeEventsForOrganization"):
            return False
        self.truth.read |= {one for one in self.truth.unread() if not self._surely_fails("health", one[1])}
        return not self.truth.unread()

    def _surely_fails(self, service: str, operation: str) -> bool:
        """Whether such a call of the collector does, as things are now."""
        fault = self.faults.striking("collector", service, operation)
        return fault is not None and fault.times is None

    def _look(self) -> None:
        """The resumer's look of the minute; what surely blocked meanwhile is noted, if the look surely was made."""
        before = self.faults.number("resumer", "dynamodb"), self.faults.crossed
        while self._drain_queue():
            pass
        held = self.queue.held_until is not None and self.now < self.queue.held_until
        if held or before != (self.faults.number("resumer", "dynamodb"), self.faults.crossed):
            return
        for pipeline in PIPELINES.values():
            if self.truth.against(pipeline.question, self.now):
                self.judge.blocked_at[pipeline.name] = self.now

    def _drain_queue(self) -> bool:
        batch = self.queue.receive()
        if batch:
            self._take(batch)
        return bool(batch)

    def _take(self, batch: list[Message], *, beside: bool = False) -> None:
        """May come within another one, whose own is kept; what another process is given as well is old by then."""
        outer = self._batch, self._undisturbed
        self._batch, self._undisturbed = batch, -1 if beside else self.faults.crossed
        try:
            self.cell.take(batch, beside=beside)
        finally:
            self._batch, self._undisturbed = outer

    # what happens in the midst of it

    def cross(self, who: str, operation: str, number: int, steps: Sequence[Callable[["World"], None]]) -> None:
        """These happen after the n-th such call of somebody from now on."""

        def do() -> None:
            for step in steps:
                step(self)

        self.faults.between = Between(who, operation, number, do)

    def take_again(self) -> None:
        """SQS gives to somebody else what is being worked on."""
        if self._batch:
            self._take(list(self._batch), beside=True)

    def ask_for_look(self) -> None:
        self.queue.put(LOOK)
        self.instant()

    # gates: ``base.Invoker``

    def invoke(self, account: str, region: str, function_name: str, payload: Mapping[str, Any]) -> InvocationResult:
        assert function_name == "org-gate"
        job = payload["CodePipeline.job"]["id"]
        asked = Asking(self, account, region)
        decision, error = asked.run(payload)
        taken = self.watched.taken.get(job, [])
        assert len(taken) <= 1, f"TWO ANSWERS of job {job}: {taken}"
        if "codepipeline" not in asked.struck():
            assert len(taken) == 1, f"no answer of job {job}, and no fault"
        if taken:
            self.judge.answered(asked.answer(job, taken[0], decision))
        if self.twice:
            self.twice = False
            Asking(self, account, region).run(payload)
            assert self.watched.taken.get(job, taken) == taken or not taken, f"TWO ANSWERS of job {job}"
        return InvocationResult(decision, error, "")

    def failed_by(self, call: Call) -> str:
        """The decision that the failed action carries which this call is to retry."""
        state = self.pipelines.handle(
            Call("codepipeline", "GetPipelineState", {"name": call.params["pipelineName"]}, call.region, call.caller)
        )
        (stage,) = [one for one in state["stageStates"] if one["stageName"] == call.params["stageName"]]
        return str(stage["actionStates"][0]["latestExecution"].get("externalExecutionId"))

    def latest(self, pipeline: Pipeline) -> str | None:
        listed = self._person(pipeline).list_pipeline_executions(pipelineName=pipeline.name, maxResults=1)
        return next((str(one["pipelineExecutionId"]) for one in listed["pipelineExecutionSummaries"]), None)

    def status(self, pipeline: Pipeline) -> str | None:
        """Of its latest execution."""
        listed = self._person(pipeline).list_pipeline_executions(pipelineName=pipeline.name, maxResults=1)
        return next((str(one["status"]) for one in listed["pipelineExecutionSummaries"]), None)

    def _person(self, pipeline: Pipeline) -> Any:
        return self.aws.door("person", "codepipeline", pipeline.region, caller_of(pipeline.account))


def _next_minute(now: datetime) -> datetime:
    return now.replace(second=0) + MINUTE


def _enabling() -> Call:
    return Call("health", "EnableHealthServiceAccessForOrganization", {}, "us-east-1", caller_of(MANAGEMENT))
