"""CodePipeline of the simulated organization: its API (``OwnService``), and the loop's side of its jobs.

Calls come from server threads, the loop from another one. One lock guards the state; it is never held while a
function runs, because the function asks for its job's details and answers it through this very service, and never
while an observer is told.
"""

import threading
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any, Final

from org_gate.simulator.base import Call, Invoker, SimClock
from org_gate.simulator.pipelines import definitions, executions, jobs
from org_gate.simulator.pipelines.answers import JobAnswer, Observer, Told, UnansweredObserver
from org_gate.simulator.pipelines.engine import Engine
from org_gate.simulator.pipelines.ids import Ids
from org_gate.simulator.pipelines.state import Job

_OPERATIONS: Final[dict[str, Callable[[Engine, Call], dict[str, Any]]]] = {
    "CreatePipeline": definitions.create_pipeline,
    "DeletePipeline": definitions.delete_pipeline,
    "DisableStageTransition": definitions.disable_stage_transition,
    "EnableStageTransition": definitions.enable_stage_transition,
    "GetJobDetails": jobs.get_job_details,
    "GetPipeline": definitions.get_pipeline,
    "GetPipelineExecution": executions.get_pipeline_execution,
    "GetPipelineState": executions.get_pipeline_state,
    "ListActionExecutions": executions.list_action_executions,
    "ListPipelineExecutions": executions.list_pipeline_executions,
    "ListPipelines": definitions.list_pipelines,
    "ListTagsForResource": definitions.list_tags_for_resource,
    "PutJobFailureResult": jobs.put_job_failure_result,
    "PutJobSuccessResult": jobs.put_job_success_result,
    "RetryStageExecution": executions.retry_stage_execution,
    "StartPipelineExecution": executions.start_pipeline_execution,
    "StopPipelineExecution": executions.stop_pipeline_execution,
    "TagResource": definitions.tag_resource,
    "UntagResource": definitions.untag_resource,
    "UpdatePipeline": definitions.update_pipeline,
}


def _ignore(_: object) -> None:
    """Nobody watches."""


class CodePipelineService:
    """Every pipeline lives in an account and a Region.

    ``observer`` is told of each job that was answered finally or began to be held, ``unanswered`` of each action
    that failed without an answer. ``functions`` are the function names whose Lambda actions are acted on; those of
    others succeed at once, as all other actions do. None means all. Ids follow from ``seed``.
    """

    operations: frozenset[str] = frozenset(_OPERATIONS)

    def __init__(
        self,
        clock: SimClock,
        invoker: Invoker,
        observer: Observer,
        *,
        unanswered: UnansweredObserver = _ignore,
        functions: Collection[str] | None = None,
        seed: str = "org-gate",
    ) -> None:
        self._invoker = invoker
        self._observer = observer
        self._unanswered = unanswered
        self._lock = threading.Lock()
        self._engine = Engine(clock, Ids(seed), functions)

    def handle(self, call: Call) -> dict[str, Any]:
        with self._lock:
            output = _OPERATIONS[call.operation](self._engine, call)
            told = self._engine.actions.take_told()
        self._tell(told)
        return output

    def drain(self, *, held: bool = True) -> bool:
        """Asks the functions of all jobs due now, one after another, until none is due; whether anything was done.

        First askings come before held ones; without ``held`` those are left for later at the same instant (S3).
        """
        done = False
        while self._step(held=held):
            done = True
        return done

    def next_due(self) -> datetime | None:
        """When the next job is due, or a silent function is waited for no longer."""
        with self._lock:
            return self._engine.actions.next_due()

    def is_busy(self) -> bool:
        """Whether an execution runs, is held or waits for a stage."""
        with self._lock:
            return self._engine.is_busy

    def _step(self, *, held: bool) -> bool:
        with self._lock:
            gave_up = self._engine.actions.give_up()
            told = self._engine.actions.take_told()
            job = self._engine.actions.due_job(held=held)
            if job is not None:
                self._engine.actions.asking(job)
        self._tell(told)
        if job is None:
            return gave_up
        self._ask(job)
        return True

    def _ask(self, job: Job) -> None:
        pipeline, actions = job.action.execution.pipeline, self._engine.actions
        name = job.action.configuration["FunctionName"]
        try:
            result = self._invoker.invoke(pipeline.account, pipeline.region, name, jobs.job_event(job))
        except KeyError:
            with self._lock:
                actions.missing(job)
                told = actions.take_told()
        else:
            with self._lock:
                actions.returned(job, result.payload, result.error)
                told = actions.take_told()
        self._tell(told)

    def _tell(self, told: list[Told]) -> None:
        for one in told:
            if isinstance(one, JobAnswer):
                self._observer(one)
            else:
                self._unanswered(one)
