"""Runs single actions: which job is due, what an answer or a silence makes of it, who is told (S3, S6).

Not safe for several threads: its owner holds a lock around every call. It invokes nothing itself. Only actions that
ask a function take time; all others succeed at once, approvals included. What follows from an action's end is the
engine's business.
"""

import itertools
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from org_gate.simulator.base import SimClock
from org_gate.simulator.pipelines.answers import JobAnswer, Result, Told, Trigger, Unanswered
from org_gate.simulator.pipelines.declaration import is_job
from org_gate.simulator.pipelines.ids import Ids
from org_gate.simulator.pipelines.state import (
    ASK_AGAIN,
    ActionRun,
    Answer,
    Declaration,
    Job,
    Pipeline,
    StageRun,
    Status,
)
from org_gate.simulator.pipelines.variables import UnresolvedVariableError, resolved

TRY_AGAIN: Final = (timedelta(minutes=1), timedelta(minutes=2))
"""How long Lambda waits before it runs an asynchronous invocation again that failed, and once more."""


class Actions:
    """The actions of all pipelines. ``functions`` are those that are really asked; None means all.

    ``ended`` is called with the stage of an action that has ended after it began.
    """

    def __init__(
        self, clock: SimClock, ids: Ids, functions: Collection[str] | None, ended: Callable[[StageRun], None]
    ) -> None:
        self._clock = clock
        self._ids = ids
        self._functions = functions
        self._ended = ended
        self._jobs: dict[str, Job] = {}
        self._numbers = itertools.count()
        self._asking: dict[str, ActionRun] = {}
        self._told: list[Told] = []

    def job(self, job_id: str) -> Job | None:
        return self._jobs.get(job_id)

    def next_due(self) -> datetime | None:
        """When a function is to be asked next, or waited for no longer."""
        moments = [action.gives_up for action in self._asking.values()]
        moments += [job.due for action in self._asking.values() if (job := action.job) and job.due]
        return min(moments, default=None)

    def due_job(self, *, held: bool) -> Job | None:
        """The next job to invoke now: first askings before held ones, which come only if ``held``."""
        jobs = [action.job for action in self._asking.values() if action.job]
        now = self._clock.now()
        due = [job for job in jobs if job.due and job.due <= now and (held or job.token is None)]
        return min(due, key=lambda job: (job.token is not None, job.due, job.number), default=None)

    def give_up(self) -> bool:
        """Fails the actions whose functions have been silent for too long; whether there were any."""
        silent = [action for action in self._asking.values() if action.gives_up <= self._clock.now()]
        for action in silent:
            name = action.configuration["FunctionName"]
            message = f"The AWS Lambda function {name} did not return a result in time. Look into its log."
            self._fail_unanswered(action, "JobFailed", message)
        return bool(silent)

    def take_told(self) -> list[Told]:
        """What there is to tell since the last call."""
        told, self._told = self._told, []
        return told

    def begin(self, run: StageRun, declaration: Declaration) -> None:
        now, execution = self._clock.now(), run.execution
        action = ActionRun(
            id=self._ids.new("action", execution.pipeline.arn),
            stage=run,
            declaration=declaration,
            trigger=run.trigger,
            began=now,
            changed=now,
            heard=now,
            configuration=declaration["configuration"],
        )
        run.actions[action.name] = run.slot.actions[action.name] = action
        execution.history.append(action)
        if not self._is_acted_on(declaration):
            action.status = Status.SUCCEEDED
            return
        try:
            action.configuration = resolved(declaration["configuration"], execution)
        except UnresolvedVariableError as error:
            self._note_unanswered(action, "ConfigurationError", str(error))
            return
        self._asking[action.id] = action
        self._ask(action, due=now, token=None)

    def abandon(self, run: StageRun) -> None:
        """Ends what runs in a stage, without a word to anybody."""
        for action in run.actions.values():
            if action.status is Status.IN_PROGRESS:
                self._close(action, Status.ABANDONED)

    def forget(self, pipeline: Pipeline) -> None:
        """Its jobs are known no longer."""
        self._jobs = {id_: job for id_, job in self._jobs.items() if job.action.execution.pipeline is not pipeline}

    def asking(self, job: Job) -> None:
        """The job is being invoked."""
        job.due, job.invoking = None, True
        job.tries += 1

    def returned(self, job: Job, payload: Any, error: str | None) -> None:
        """An invocation has ended. Where it failed and left the job unanswered, Lambda runs it again later."""
        job.invoking = False
        job.returned = None if error else payload
        _number(job.action)
        if job.answer is not None:
            self._tell(job, job.answer)
        elif error and job.tries <= len(TRY_AGAIN) and job.is_open:
            job.due = self._clock.now() + TRY_AGAIN[job.tries - 1]

    def missing(self, job: Job) -> None:
        """There is no such function."""
        job.invoking = False
        if job.is_open:
            name, pipeline = job.action.configuration["FunctionName"], job.action.execution.pipeline
            message = (
                f"The AWS Lambda function {name} cannot be found in account {pipeline.account}, {pipeline.region}. "
                "Check the action's FunctionName, and that it is deployed."
            )
            self._fail_unanswered(job.action, "ConfigurationError", message)

    def succeed(self, job: Job, details: Mapping[str, Any], outputs: Mapping[str, str]) -> None:
        self._answer(job, "succeeded", details.get("summary") or "")
        action = job.action
        _show(action, details)
        action.outputs = outputs
        namespace = action.declaration.get("namespace")
        if namespace:
            action.execution.outputs[namespace] = outputs
        self._end_action(action, Status.SUCCEEDED)

    def hold(self, job: Job, details: Mapping[str, Any], token: str) -> None:
        """The job is answered with a continuation token: another one is due later, in the action's rhythm."""
        self._answer(job, "held", details.get("summary") or "")
        action, now = job.action, self._clock.now()
        _show(action, details)
        action.held, action.heard, action.changed = True, now, now
        rounds = (now - action.began) // ASK_AGAIN + 1
        self._ask(action, due=action.began + rounds * ASK_AGAIN, token=token)

    def fail(self, job: Job, code: str, message: str, external_id: str | None) -> None:
        self._answer(job, "failed", message)
        job.action.error = (code, message)
        job.action.external_id = external_id or job.action.external_id
        self._end_action(job.action, Status.FAILED)

    def _is_acted_on(self, declaration: Declaration) -> bool:
        if not is_job(declaration):
            return False
        return self._functions is None or declaration["configuration"]["FunctionName"] in self._functions

    def _ask(self, action: ActionRun, *, due: datetime, token: str | None) -> None:
        job_id = self._ids.new("job", action.execution.pipeline.arn)
        action.job = Job(job_id, next(self._numbers), action, due, token)
        self._jobs[job_id] = action.job

    def _answer(self, job: Job, result: Result, message: str) -> None:
        trigger: Trigger = "hold" if job.action.held else job.action.trigger
        job.answer, job.due = Answer(self._clock.now(), result, trigger, message), None
        if not job.invoking:
            self._tell(job, job.answer)

    def _tell(self, job: Job, answer: Answer) -> None:
        if (answer.trigger, answer.result) == ("hold", "held"):
            return
        action, pipeline = job.action, job.action.execution.pipeline
        self._told.append(
            JobAnswer(
                at=answer.at,
                account=pipeline.account,
                region=pipeline.region,
                pipeline=pipeline.name,
                execution_id=action.execution.id,
                stage=action.stage.name,
                action=action.name,
                attempt=_number(action),
                trigger=answer.trigger,
                result=answer.result,
                message=answer.message,
                returned=job.returned,
            )
        )

    def _fail_unanswered(self, action: ActionRun, code: str, message: str) -> None:
        self._note_unanswered(action, code, message)
        self._end_action(action, Status.FAILED)

    def _note_unanswered(self, action: ActionRun, code: str, message: str) -> None:
        action.status, action.error = Status.FAILED, (code, message)
        pipeline = action.execution.pipeline
        self._told.append(
            Unanswered(
                at=self._clock.now(),
                account=pipeline.account,
                region=pipeline.region,
                pipeline=pipeline.name,
                execution_id=action.execution.id,
                stage=action.stage.name,
                action=action.name,
                message=message,
            )
        )

    def _end_action(self, action: ActionRun, status: Status) -> None:
        self._close(action, status)
        action.execution.updated = action.changed
        self._ended(action.stage)

    def _close(self, action: ActionRun, status: Status) -> None:
        action.status, action.changed = status, self._clock.now()
        self._asking.pop(action.id, None)


def _number(action: ActionRun) -> int:
    """The number of this asking in its execution, given once the function was really asked."""
    if action.attempt is None:
        action.execution.asked += 1
        action.attempt = action.execution.asked
    return action.attempt


def _show(action: ActionRun, details: Mapping[str, Any]) -> None:
    action.summary = details.get("summary", action.summary)
    action.external_id = details.get("externalExecutionId", action.external_id)
    action.percent = details.get("percentComplete", action.percent)
