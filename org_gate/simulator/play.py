"""The one loop that drives the simulator: advance to the next due instant, deliver, drain until idle, advance (S3, S5).

It acts on the organization as AWS and people would: AWS Health shows events, EventBridge delivers, people start,
retry and stop pipelines through CodePipeline's API. It knows nothing of verdicts.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, Protocol

from botocore.exceptions import ClientError

from org_gate.client.errors import ApiError
from org_gate.inventory.errors import RolloutError
from org_gate.simulator.record import Line
from org_gate.simulator.scenario.checks import health_update
from org_gate.simulator.scenario.model import Entry, PipelineSpec
from org_gate.simulator.world import World


@dataclass(frozen=True, slots=True)
class Asked:
    """What a ``run`` or ``retry`` came to: of the gates it asked the one that stopped it, else the last.

    ``line`` is None where none has answered, be it that the execution ``waits`` for its stage.
    """

    at: datetime
    entry: Entry
    pipeline: PipelineSpec
    line: Line | None
    refused: str | None = None
    execution_id: str | None = None
    waits: bool = False

    @property
    def as_stated(self) -> bool:
        """Whether the verdict is the one that the scenario states; true where it states none.

        Of a hold it is the verdict with which it began, of an execution that waited the one when its turn came.
        """
        return self.entry.expect is None or (self.line is not None and self.line["verdict"] == self.entry.expect)


class NotRunYetError(Exception):
    """A retry or stop of a pipeline that never ran."""

    def __init__(self, name: str) -> None:
        super().__init__(f"pipeline {name} has not run yet, so there is nothing to retry or stop")


class Listener(Protocol):
    """Told of what happens, as it happens."""

    def note(self, entry: Entry) -> None:
        """An entry is about to be played."""

    def happened(self, at: datetime, entry: Entry) -> None:
        """An entry that is not a run or a retry has been played."""

    def refused(self, at: datetime, entry: Entry, why: str) -> None:
        """AWS, or the decision API, would not do what the entry says; it is skipped."""

    def asked(self, asked: Asked) -> None:
        """A run or retry has been played."""

    def went_on(self, line: Line) -> None:
        """A gate has answered whom nobody made ask now: a hold ended, a stage became free, it was resumed."""


def play(world: World, listener: Listener) -> list[Asked]:
    """The whole scenario, from its start to its end; the clock stands at the end afterwards."""
    scenario = world.scenario
    entries = scenario.entries()
    last = scenario.start + (entries[-1].at if entries else timedelta(0))
    instants = {scenario.start + at: list(same) for at, same in groupby(entries, key=lambda entry: entry.at)}
    asked: list[Asked] = []
    now: datetime | None = scenario.start
    while now is not None:
        world.clock.advance_to(now)
        asked += instant(world, instants.pop(now, []), listener)
        now = _next_instant(world, instants, last)
    return [_answered_later(one, world.aws.recorder.lines) for one in asked]


def instant(world: World, entries: Sequence[Entry], listener: Listener) -> list[Asked]:
    """What is due now, in S3's order."""
    acts, before = _Acts(world, listener), len(world.aws.recorder.lines)
    for entry in entries:
        acts.by_aws_and_platform_team(entry)
    world.aws.delivery.fire_due()
    world.settle()
    for entry in entries:
        acts.deliver(entry)
    for entry in entries:
        acts.by_people(entry)
    world.drain()
    for line in world.aws.recorder.lines[before:]:
        if not any(line is answer for answer in acts.answers):
            listener.went_on(line)
    return acts.asked


def _next_instant(world: World, instants: dict[datetime, list[Entry]], last: datetime) -> datetime | None:
    """None when it is over: after the last entry nothing runs, is held or waits, or the tail has passed."""
    if not instants and not world.is_busy():
        return None
    due = (min(instants, default=None), world.aws.delivery.next_due(), world.aws.pipelines.next_due())
    moment = min((moment for moment in due if moment is not None), default=None)
    return None if moment is None or moment > last + world.scenario.tail else moment


class _Acts:
    """Plays single entries, and keeps what the runs and retries came to."""

    def __init__(self, world: World, listener: Listener) -> None:
        self._world = world
        self._listener = listener
        self._now = world.clock.now()
        self.asked: list[Asked] = []
        self.answers: list[Line] = []
        """What the gates said to those."""

    def by_aws_and_platform_team(self, entry: Entry) -> None:
        if entry.pipeline_name is None and entry.deliver is None:
            self._listener.note(entry)
        if entry.health is not None:
            self._world.aws.health.show(health_update(self._world.scenario, entry.health))
        elif entry.fault is not None:
            self._world.add_fault(entry.fault)
        elif entry.policy is not None or entry.override is not None:
            try:
                self._platform_team(entry)
            except (RolloutError, ApiError) as error:
                self._listener.refused(self._now, entry, str(error))
                return
        else:
            return
        self._listener.happened(self._now, entry)

    def _platform_team(self, entry: Entry) -> None:
        """Asks the decision API from the central account. Raises RolloutError or ApiError where it does not do it."""
        if isinstance(entry.policy, dict):
            self._world.publish(entry.policy)
        elif entry.override is not None:
            self._world.override(entry.override)

    def deliver(self, entry: Entry) -> None:
        if entry.deliver is None:
            return
        self._listener.note(entry)
        self._world.notify(entry.deliver.arn, entry.deliver.region)
        self._world.settle()
        self._listener.happened(self._now, entry)

    def by_people(self, entry: Entry) -> None:
        if entry.pipeline_name is None:
            return
        self._listener.note(entry)
        pipeline = self._world.scenario.pipeline(entry.pipeline_name, entry.account)
        try:
            execution_id = self._person(entry, pipeline)
        except (ClientError, NotRunYetError) as error:
            self._skipped(entry, pipeline, str(error))
            return
        if entry.stop is not None:
            self._listener.happened(self._now, entry)
            return
        before = len(self._world.aws.recorder.lines)
        self._world.settle()
        answers = [line for line in self._world.aws.recorder.lines[before:] if line["execution_id"] == execution_id]
        self.answers += answers
        waits = not answers and self._waits(pipeline, execution_id)
        self._note(Asked(self._now, entry, pipeline, _telling(answers), execution_id=execution_id, waits=waits))

    def _person(self, entry: Entry, pipeline: PipelineSpec) -> str:
        """Presses the console's button; the id of the execution it acts on.

        Raises ClientError or NotRunYetError where CodePipeline refuses.
        """
        client = self._client(pipeline)
        if entry.run is not None:
            return str(client.start_pipeline_execution(name=pipeline.name)["pipelineExecutionId"])
        execution_id = _latest_execution(client, pipeline)
        if entry.stop is not None:
            client.stop_pipeline_execution(
                pipelineName=pipeline.name, pipelineExecutionId=execution_id, abandon=True, reason="stopped by a person"
            )
            return execution_id
        client.retry_stage_execution(
            pipelineName=pipeline.name,
            stageName=_failed_stage(client, pipeline, execution_id),
            pipelineExecutionId=execution_id,
            retryMode="FAILED_ACTIONS",
        )
        return execution_id

    def _waits(self, pipeline: PipelineSpec, execution_id: str) -> bool:
        """Whether an execution whose gates have not been asked is still on its way."""
        answer = self._client(pipeline).get_pipeline_execution(
            pipelineName=pipeline.name, pipelineExecutionId=execution_id
        )
        return bool(answer["pipelineExecution"]["status"] == "InProgress")

    def _client(self, pipeline: PipelineSpec) -> Any:
        return self._world.sessions.client("codepipeline", pipeline.account, pipeline.region)

    def _skipped(self, entry: Entry, pipeline: PipelineSpec, why: str) -> None:
        self._listener.refused(self._now, entry, why)
        if entry.stop is None:
            self.asked.append(Asked(self._now, entry, pipeline, None, refused=why))

    def _note(self, asked: Asked) -> None:
        self.asked.append(asked)
        self._listener.asked(asked)


def _latest_execution(client: Any, pipeline: PipelineSpec) -> str:
    """Raises NotRunYetError where the pipeline never ran."""
    answer = client.list_pipeline_executions(pipelineName=pipeline.name, maxResults=1)
    for execution in answer["pipelineExecutionSummaries"]:
        return str(execution["pipelineExecutionId"])
    raise NotRunYetError(pipeline.name)


def _failed_stage(client: Any, pipeline: PipelineSpec, execution_id: str) -> str:
    """The stage in which the execution failed; where it did not, one for CodePipeline to refuse."""
    stages = client.get_pipeline_state(name=pipeline.name)["stageStates"]
    failed = {"pipelineExecutionId": execution_id, "status": "Failed"}
    found = [stage for stage in stages if failed.items() <= stage.get("latestExecution", {}).items()]
    return str((found or stages)[-1]["stageName"])


def _telling(answers: Sequence[Line]) -> Line | None:
    """Of the answers of an execution's gates the one that stopped it, else the last."""
    stopped = [line for line in answers if line["pipeline_result"] != "succeeded"]
    return next(iter(stopped), answers[-1] if answers else None)


def _answered_later(asked: Asked, lines: Sequence[Line]) -> Asked:
    """With the answer that an execution got when its stage was free."""
    if not asked.waits:
        return asked
    return replace(asked, line=_telling([line for line in lines if line["execution_id"] == asked.execution_id]))
