"""Pipelines, their executions, stages, actions and jobs as they stand. Data only: ``engine`` moves it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from org_gate.simulator.pipelines.answers import Result, Trigger

ASK_AGAIN: Final = timedelta(seconds=30)
SILENCE: Final = timedelta(minutes=20)
LONGEST: Final = timedelta(hours=24)

Declaration = Mapping[str, Any]


class Status(StrEnum):
    """Of executions, stages and actions, as CodePipeline spells them."""

    IN_PROGRESS = "InProgress"
    STOPPING = "Stopping"
    STOPPED = "Stopped"
    SUCCEEDED = "Succeeded"
    SUPERSEDED = "Superseded"
    FAILED = "Failed"
    ABANDONED = "Abandoned"


@dataclass(slots=True, eq=False)
class Pipeline:
    """A pipeline of one account in one Region. ``executions`` are in the order in which they began."""

    account: str
    region: str
    declaration: Declaration
    created: datetime
    updated: datetime
    versions: dict[int, Declaration] = field(default_factory=dict)
    executions: dict[str, "Execution"] = field(default_factory=dict)
    slots: dict[str, "Slot"] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    started_by_token: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.declaration["name"])

    @property
    def version(self) -> int:
        return int(self.declaration["version"])

    @property
    def arn(self) -> str:
        return f"arn:aws:codepipeline:{self.region}:{self.account}:{self.name}"

    def slot(self, stage: str) -> "Slot":
        return self.slots.setdefault(stage, Slot())


@dataclass(slots=True, eq=False)
class Transition:
    """Why nothing may enter a stage."""

    reason: str
    by: str
    at: datetime


@dataclass(slots=True, eq=False)
class Slot:
    """A stage's place: what was in it last, who waits for it, and the last run of each of its actions."""

    latest: "StageRun | None" = None
    waiting: list["Execution"] = field(default_factory=list)
    disabled: Transition | None = None
    actions: dict[str, "ActionRun"] = field(default_factory=dict)

    @property
    def locked(self) -> bool:
        return self.latest is not None and self.latest.status in (Status.IN_PROGRESS, Status.STOPPING)


@dataclass(slots=True, eq=False)
class Execution:
    """One run of a pipeline, by the declaration that it began with. ``position`` is the index of its stage."""

    id: str
    pipeline: Pipeline
    declaration: Declaration
    started: datetime
    updated: datetime
    started_by: str
    variables: Mapping[str, str]
    status: Status = Status.IN_PROGRESS
    position: int = 0
    stages: dict[str, "StageRun"] = field(default_factory=dict)
    history: list["ActionRun"] = field(default_factory=list)
    outputs: dict[str, Mapping[str, str]] = field(default_factory=dict)
    asked: int = 0
    stop_reason: str | None = None

    @property
    def runs(self) -> bool:
        return self.status in (Status.IN_PROGRESS, Status.STOPPING)

    @property
    def mode(self) -> str:
        return str(self.declaration["executionMode"])

    @property
    def slot(self) -> Slot | None:
        """The place of the stage it is in or waits for, None where it is through all."""
        stages = self.declaration["stages"]
        return self.pipeline.slot(stages[self.position]["name"]) if self.position < len(stages) else None

    @property
    def current(self) -> "StageRun | None":
        """Its run of the stage at its position, None where it has not entered that."""
        stages = self.declaration["stages"]
        return self.stages.get(stages[self.position]["name"]) if self.position < len(stages) else None


@dataclass(slots=True, eq=False)
class StageRun:
    """A stage in one execution. ``actions`` are their latest runs by name; a retry replaces those it runs again."""

    execution: Execution
    declaration: Declaration
    trigger: Trigger
    status: Status = Status.IN_PROGRESS
    actions: dict[str, "ActionRun"] = field(default_factory=dict)
    retries: int = 0

    @property
    def name(self) -> str:
        return str(self.declaration["name"])

    @property
    def slot(self) -> Slot:
        return self.execution.pipeline.slot(self.name)


@dataclass(slots=True, eq=False)
class ActionRun:
    """One run of an action. ``attempt`` is None until its function was asked."""

    id: str
    stage: StageRun
    declaration: Declaration
    trigger: Trigger
    began: datetime
    changed: datetime
    heard: datetime
    """When its function last said something, or was first asked: what silence is measured from."""
    status: Status = Status.IN_PROGRESS
    configuration: Mapping[str, str] = field(default_factory=dict)
    """Variables resolved."""
    attempt: int | None = None
    held: bool = False
    job: "Job | None" = None
    summary: str | None = None
    error: tuple[str, str] | None = None
    external_id: str | None = None
    percent: int | None = None
    outputs: Mapping[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return str(self.declaration["name"])

    @property
    def execution(self) -> Execution:
        return self.stage.execution

    @property
    def gives_up(self) -> datetime:
        """When CodePipeline waits no longer."""
        return min(self.heard + SILENCE, self.began + LONGEST)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a job was answered with. ``trigger`` is why it was asked."""

    at: datetime
    result: Result
    trigger: Trigger
    message: str


@dataclass(slots=True, eq=False)
class Job:
    """One asking of a function. ``due`` is when it is to be invoked, None where it is not (any more)."""

    id: str
    number: int
    action: ActionRun
    due: datetime | None
    token: str | None = None
    tries: int = 0
    invoking: bool = False
    returned: Any = None
    answer: Answer | None = None

    @property
    def is_open(self) -> bool:
        """Whether an answer is still taken."""
        return self.answer is None and self.action.job is self and self.action.status is Status.IN_PROGRESS
