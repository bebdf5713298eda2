"""A pipeline with a gate for tests, a function that does what a test says, and who watches."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from org_gate.simulator.base import Caller, InvocationResult, SimClock
from org_gate.simulator.pipelines.service import CodePipelineService
from tests.unit.simulator.api import Api, user

if TYPE_CHECKING:
    from org_gate.simulator.pipelines.answers import JobAnswer, Unanswered

START: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACCOUNT: Final = "111122223333"
RETURNED: Final = {"verdict": "allow"}

Behaviour = Callable[["World", Mapping[str, Any]], Any]


class BrokenFunctionError(Exception):
    """The function raised."""


def succeed(world: "World", job: Mapping[str, Any]) -> Any:
    details = {"summary": "fine", "externalExecutionId": "d-1"}
    world.api("PutJobSuccessResult", jobId=job["id"], executionDetails=details, outputVariables={"verdict": "allow"})
    return RETURNED


def fail(world: "World", job: Mapping[str, Any]) -> Any:
    details = {"type": "JobFailed", "message": "blocked", "externalExecutionId": "d-2"}
    world.api("PutJobFailureResult", jobId=job["id"], failureDetails=details)
    return {"verdict": "block"}


def hold(world: "World", job: Mapping[str, Any]) -> Any:
    details = {"summary": "held", "percentComplete": 10}
    world.api("PutJobSuccessResult", jobId=job["id"], continuationToken="since-noon", executionDetails=details)
    return {"verdict": "block"}


def stay_silent(world: "World", job: Mapping[str, Any]) -> Any:  # noqa: ARG001  a behaviour
    return None


def break_down(world: "World", job: Mapping[str, Any]) -> Any:  # noqa: ARG001  a behaviour
    raise BrokenFunctionError


class World:
    """CodePipeline with one account; each asking of the function does the next of ``behaviours``, at last the last."""

    def __init__(self, *behaviours: Behaviour, functions: set[str] | None = None, missing: bool = False) -> None:
        self.clock = SimClock(START)
        self.behaviours = list(behaviours) or [succeed]
        self.missing = missing
        self.asked: list[tuple[datetime, str, Mapping[str, Any]]] = []
        self.answers: list[JobAnswer] = []
        self.unanswered: list[Unanswered] = []
        self.service = CodePipelineService(
            self.clock, self, self.answers.append, unanswered=self.unanswered.append, functions=functions
        )
        self.api = self.as_(user(ACCOUNT))

    def as_(self, caller: Caller, region: str = "us-east-1") -> Api:
        return Api(self.service, "codepipeline", caller, region)

    def invoke(self, account: str, region: str, function_name: str, payload: Mapping[str, Any]) -> InvocationResult:
        """As an ``Invoker``."""
        if self.missing:
            raise KeyError(function_name)
        self.asked.append((self.clock.now(), f"{account}/{region}/{function_name}", payload))
        behaviour = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        try:
            return InvocationResult(behaviour(self, payload["CodePipeline.job"]), None, "")
        except BrokenFunctionError:
            return InvocationResult({"errorMessage": "broken"}, "Unhandled", "")

    def create(self, name: str = "orders", **pipeline: Any) -> None:
        self.api("CreatePipeline", pipeline=declaration(name, **pipeline))

    def start(self, name: str = "orders") -> str:
        return str(self.api("StartPipelineExecution", name=name)["pipelineExecutionId"])

    def run(self, name: str = "orders") -> str:
        """Starts the pipeline and lets its functions be asked."""
        execution_id = self.start(name)
        self.service.drain()
        return execution_id

    def go_on_for(self, **duration: float) -> None:
        """Plays what is due until then, as the loop does."""
        end = self.clock.now() + timedelta(**duration)
        while (due := self.service.next_due()) is not None and due <= end:
            self.clock.advance_to(due)
            self.service.drain()
        self.clock.advance_to(end)
        self.service.drain()

    def retry(
        self, execution_id: str, mode: str = "FAILED_ACTIONS", stage: str = "Gate", by: Caller | None = None
    ) -> None:
        self.as_(by or user(ACCOUNT))(
            "RetryStageExecution",
            pipelineName="orders",
            stageName=stage,
            pipelineExecutionId=execution_id,
            retryMode=mode,
        )

    def stop(self, execution_id: str, *, abandon: bool) -> None:
        self.api("StopPipelineExecution", pipelineName="orders", pipelineExecutionId=execution_id, abandon=abandon)

    def status(self, execution_id: str, name: str = "orders") -> str:
        answer = self.api("GetPipelineExecution", pipelineName=name, pipelineExecutionId=execution_id)
        return str(answer["pipelineExecution"]["status"])

    def stage(self, name: str = "Gate") -> dict[str, Any]:
        stages = self.api("GetPipelineState", name="orders")["stageStates"]
        return next(stage for stage in stages if stage["stageName"] == name)

    def action(self, name: str = "HealthCheck", stage: str = "Gate") -> dict[str, Any]:
        states = self.stage(stage)["actionStates"]
        found: dict[str, Any] = next(state for state in states if state["actionName"] == name)["latestExecution"]
        return found

    def told(self) -> list[tuple[int, str, str]]:
        return [(answer.attempt, answer.trigger, answer.result) for answer in self.answers]


def action(name: str, category: str, provider: str, **more: Any) -> dict[str, Any]:
    kind = {"category": category, "owner": "AWS", "provider": provider, "version": "1"}
    return {"name": name, "actionTypeId": kind, **more}


def gate(name: str = "HealthCheck", function: str = "org-gate", parameters: str = "", **more: Any) -> dict[str, Any]:
    configuration = {"FunctionName": function, **({"UserParameters": parameters} if parameters else {})}
    return action(name, "Invoke", "Lambda", configuration=configuration, **more)


def stage(name: str, *actions: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "actions": list(actions)}


def source() -> dict[str, Any]:
    return stage("Source", action("Source", "Source", "S3", outputArtifacts=[{"name": "source"}]))


def deploy() -> dict[str, Any]:
    return stage("Deploy", action("Deploy", "Deploy", "CloudFormation", inputArtifacts=[{"name": "source"}]))


def declaration(name: str, *, stages: list[dict[str, Any]] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "roleArn": f"arn:aws:iam::{ACCOUNT}:role/pipeline",
        "artifactStore": {"type": "S3", "location": "artifacts"},
        "stages": stages or [source(), stage("Gate", gate()), deploy()],
        **more,
    }
