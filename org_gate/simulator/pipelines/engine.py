"""Moves executions through pipelines: stages in order, actions by run order, one execution in a stage (S2, S3).

Not safe for several threads: its owner holds a lock around every call. A stage is locked while an execution is in
it; a newer one waits at its door, and a still newer one supersedes that (execution mode SUPERSEDED, the default).
"""

from collections.abc import Collection, Mapping

from org_gate.simulator.base import SimClock
from org_gate.simulator.pipelines.actions import Actions
from org_gate.simulator.pipelines.answers import Trigger
from org_gate.simulator.pipelines.declaration import run_orders
from org_gate.simulator.pipelines.ids import Ids
from org_gate.simulator.pipelines.state import Execution, Pipeline, Slot, StageRun, Status


class Engine:
    """All pipelines of the organization, by account, Region and name."""

    def __init__(self, clock: SimClock, ids: Ids, functions: Collection[str] | None) -> None:
        self.clock = clock
        self.pipelines: dict[tuple[str, str, str], Pipeline] = {}
        self.actions = Actions(clock, ids, functions, self._proceed)
        self._ids = ids
        self._running: dict[str, Execution] = {}

    @property
    def is_busy(self) -> bool:
        """Whether an execution runs, is held or waits for a stage."""
        return bool(self._running)

    def start(self, pipeline: Pipeline, by: str, variables: Mapping[str, str]) -> Execution:
        now = self.clock.now()
        execution = Execution(
            id=self._ids.new("execution", pipeline.arn),
            pipeline=pipeline,
            declaration=pipeline.declaration,
            started=now,
            updated=now,
            started_by=by,
            variables=variables,
        )
        pipeline.executions[execution.id] = execution
        self._running[execution.id] = execution
        self._arrive(execution)
        return execution

    def retry(self, run: StageRun, trigger: Trigger, *, everything: bool) -> None:
        """Runs the failed actions of a failed stage again, or all of its actions."""
        kept = {name: action for name, action in run.actions.items() if action.status is Status.SUCCEEDED}
        run.actions = {} if everything else kept
        run.trigger = trigger
        run.retries += 1
        run.status = Status.IN_PROGRESS
        self._set(run.execution, Status.IN_PROGRESS)
        self._proceed(run)

    def stop(self, execution: Execution, reason: str | None, *, abandon: bool) -> None:
        """Ends an execution now, or, where not abandoned, after the actions that run."""
        execution.stop_reason = reason
        run = execution.current
        if run is not None and run.status is Status.IN_PROGRESS and not abandon:
            run.status = Status.STOPPING
            self._set(execution, Status.STOPPING)
            return
        self._abandon(execution)
        self._set(execution, Status.STOPPED)
        slot = execution.slot
        if slot is not None:
            self._admit(slot)

    def forget(self, pipeline: Pipeline) -> None:
        """The pipeline is deleted, and what it does ends without a trace."""
        del self.pipelines[pipeline.account, pipeline.region, pipeline.name]
        for execution in [one for one in pipeline.executions.values() if one.runs]:
            self._abandon(execution)
            self._set(execution, Status.STOPPED)
        self.actions.forget(pipeline)

    def open_transition(self, slot: Slot) -> None:
        slot.disabled = None
        self._admit(slot)

    def _abandon(self, execution: Execution) -> None:
        run, slot = execution.current, execution.slot
        if slot is not None and execution in slot.waiting:
            slot.waiting.remove(execution)
        if run is None:
            return
        run.status = Status.STOPPED
        self.actions.abandon(run)

    def _arrive(self, execution: Execution) -> None:
        """At the door of the stage at its position: in, or waiting for it."""
        slot = execution.slot
        if slot is None:
            self._set(execution, Status.SUCCEEDED)
        elif _may_enter(slot, execution):
            self._enter(execution, slot)
        else:
            if execution.mode == "SUPERSEDED":
                for older in slot.waiting:
                    self._set(older, Status.SUPERSEDED)
                slot.waiting.clear()
            slot.waiting.append(execution)

    def _admit(self, slot: Slot) -> None:
        while slot.waiting and _may_enter(slot, slot.waiting[0]):
            self._enter(slot.waiting.pop(0), slot)

    def _enter(self, execution: Execution, slot: Slot) -> None:
        run = StageRun(execution, execution.declaration["stages"][execution.position], "run")
        execution.stages[run.name] = slot.latest = run
        self._proceed(run)

    def _proceed(self, run: StageRun) -> None:
        """Begins what can begin; ends the stage where all has ended."""
        for group in run_orders(run.declaration):
            for action in group:
                if action["name"] not in run.actions:
                    self.actions.begin(run, action)
            statuses = {run.actions[action["name"]].status for action in group}
            if Status.IN_PROGRESS in statuses:
                return
            if Status.FAILED in statuses:
                self._leave(run, Status.FAILED)
                return
            if run.status is Status.STOPPING:
                self._leave(run, Status.STOPPED)
                return
        self._leave(run, Status.SUCCEEDED)

    def _leave(self, run: StageRun, status: Status) -> None:
        execution, slot = run.execution, run.slot
        run.status = status
        if status is Status.SUCCEEDED:
            execution.position += 1
            self._arrive(execution)
        else:
            self._set(execution, status)
        self._admit(slot)

    def _set(self, execution: Execution, status: Status) -> None:
        execution.status, execution.updated = status, self.clock.now()
        if execution.runs:
            self._running[execution.id] = execution
        else:
            self._running.pop(execution.id, None)


def _may_enter(slot: Slot, execution: Execution) -> bool:
    return slot.disabled is None and (execution.mode == "PARALLEL" or not slot.locked)
