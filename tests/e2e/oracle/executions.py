"""Executions on their way through their pipelines: stages, locks, holds, and what a person presses (S2, S3, G6).

Only gates take time here, so an execution is always at a gate, before the door of a locked stage, or at its end.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from tests.e2e.oracle.decision import Decision, Question
from tests.e2e.oracle.definition import GateAction, gates

ASKED_AGAIN_AFTER = 30
Key = tuple[str, str, str]


@dataclass(frozen=True)
class Expected:
    """One line of ``decisions.jsonl``; ``decision`` is None where there is no verdict."""

    at: int
    account: str
    pipeline: str
    trigger: str
    attempt: int
    result: str
    by_central: bool
    decision: Decision | None


class Where(Enum):
    """How it is with an execution."""

    ON_ITS_WAY = auto()
    AT_THE_DOOR = auto()
    HELD = auto()
    FAILED = auto()
    OVER = auto()
    """Succeeded, stopped, superseded: nothing more comes of it."""


@dataclass(eq=False)
class Execution:
    """``position`` counts the gates it has passed; ``asked`` how often one of them was asked."""

    trigger: str
    position: int = 0
    stage: int | None = None
    """That of the gate it went to last."""
    where: Where = Where.ON_ITS_WAY
    asked: int = 0
    held_since: int = 0


@dataclass(frozen=True)
class Answer:
    """What a gate came to: ``passes``, ``holds`` or neither; ``blocked`` is what central asked to wait for."""

    by_central: bool
    decision: Decision | None
    passes: bool
    holds: bool = False
    blocked: Question | None = None


@dataclass(eq=False)
class Track:
    """A pipeline and all that is in it."""

    spec: Mapping[str, Any]
    has_gate: bool
    executions: list[Execution] = field(default_factory=list)
    doors: dict[int, Execution] = field(default_factory=dict)
    """Who waits for a locked stage."""
    inside: dict[int, Execution] = field(default_factory=dict)
    """Who entered a stage last."""

    def __post_init__(self) -> None:
        self.gates = gates(self.spec)

    @property
    def key(self) -> Key:
        return self.spec["account"], self.spec["region"], self.spec["name"]

    def latest_in_its_stage(self, execution: Execution) -> bool:
        return execution.stage is not None and self.inside.get(execution.stage) is execution


Ask = Callable[[Track, Execution, GateAction, int], Answer]
Settled = Callable[[Track, Execution, Answer, int], None]


@dataclass
class Traffic:
    """All pipelines. ``ask`` answers for a gate, ``settled`` is told of each answer that did not begin a hold."""

    ask: Ask
    settled: Settled
    held: list[tuple[Track, Execution]] = field(default_factory=list)

    def run(self, track: Track, now: int) -> Iterator[Expected]:
        execution = Execution("run")
        track.executions.append(execution)
        yield from self._go_on(track, execution, now)

    def retry(self, track: Track, execution: Execution | None, now: int, trigger: str = "retry") -> Iterator[Expected]:
        """Its failed gate is asked again; nothing where it has not failed."""
        if execution is not None and execution.where is Where.FAILED:
            execution.trigger, execution.where = trigger, Where.ON_ITS_WAY
            yield from self._go_on(track, execution, now)

    def stop(self, track: Track) -> None:
        """A held or a failed one goes nowhere any more; nobody waits behind the latest."""
        execution = track.executions[-1] if track.executions else None
        if execution is not None:
            execution.where = Where.OVER
            track.doors = {stage: one for stage, one in track.doors.items() if one is not execution}
            self.held = [one for one in self.held if one[1] is not execution]

    def ask_held(self, now: int) -> Iterator[Expected]:
        """All holds that are due, those that began first first."""
        for track, execution in list(self.held):
            since = now - execution.held_since
            if since > 0 and since % ASKED_AGAIN_AFTER == 0:
                yield from self._ask_held(track, execution, now)

    def _ask_held(self, track: Track, execution: Execution, now: int) -> Iterator[Expected]:
        answer = self.ask(track, execution, track.gates[execution.position], now)
        if answer.holds:
            return
        self.held.remove((track, execution))
        execution.where = Where.ON_ITS_WAY
        yield self._line(track, execution, answer, "hold", now)
        left = execution.stage
        yield from self._after(track, execution, answer, now)
        if left is not None:
            yield from self._open(track, left, now)

    def _open(self, track: Track, stage: int, now: int) -> Iterator[Expected]:
        """Whoever waits for that stage enters it, where it is free."""
        if stage in track.doors and not self._locked(track, stage):
            yield from self._go_on(track, track.doors.pop(stage), now)

    def _locked(self, track: Track, stage: int) -> bool:
        return any(one is track and execution.stage == stage for one, execution in self.held)

    def _go_on(self, track: Track, execution: Execution, now: int) -> Iterator[Expected]:
        """From where it stands to its next end, hold or door."""
        if execution.position == len(track.gates):
            execution.where = Where.OVER
            return
        gate = track.gates[execution.position]
        if not self._entered(track, execution, gate.stage):
            return
        if not track.has_gate:
            execution.where = Where.FAILED
            return
        execution.asked += 1
        execution.held_since = now
        answer = self.ask(track, execution, gate, now)
        yield self._line(track, execution, answer, execution.trigger, now)
        yield from self._after(track, execution, answer, now)

    def _after(self, track: Track, execution: Execution, answer: Answer, now: int) -> Iterator[Expected]:
        self.settled(track, execution, answer, now)
        if answer.passes:
            execution.position += 1
            yield from self._go_on(track, execution, now)
        elif answer.holds:
            execution.where = Where.HELD
            self.held.append((track, execution))
        else:
            execution.where = Where.FAILED

    def _entered(self, track: Track, execution: Execution, stage: int) -> bool:
        """Whether it is in that stage now; else it waits there, instead of whoever waited before."""
        if execution.stage == stage:
            return True
        if self._locked(track, stage):
            if stage in track.doors:
                track.doors[stage].where = Where.OVER
            execution.where = Where.AT_THE_DOOR
            track.doors[stage] = execution
            return False
        if execution.stage is not None:
            execution.trigger = "run"  # a retry is one of a stage; what comes after it goes on as ever
        execution.stage, execution.where = stage, Where.ON_ITS_WAY
        track.inside[stage] = execution
        return True

    def _line(self, track: Track, execution: Execution, answer: Answer, trigger: str, now: int) -> Expected:
        result = "succeeded" if answer.passes else "held" if answer.holds else "failed"
        account, _, name = track.key
        return Expected(now, account, name, trigger, execution.asked, result, answer.by_central, answer.decision)
