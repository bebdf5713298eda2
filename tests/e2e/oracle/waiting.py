"""Who waits for a better time, and when who is resumed (W1, W2)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from tests.e2e.oracle.decision import Question
from tests.e2e.oracle.executions import Execution, Track, Where
from tests.e2e.oracle.policy import Policy


@dataclass(eq=False)
class Waiting:
    """An execution that central's last decision blocked and its gate failed; gone as soon as it is asked again."""

    track: Track
    execution: Execution
    question: Question
    since: int
    decided: int
    clear_since: int | None = None
    again: bool = False
    """Blocked again after a resumption."""

    @property
    def place(self) -> tuple[int, str, str, str, int]:
        return self.since, *self.track.key, self.execution.stage or 0

    @property
    def resumable(self) -> bool:
        """Whether CodePipeline would take a retry of it."""
        return self.execution.where is Where.FAILED and self.track.latest_in_its_stage(self.execution)


@dataclass
class Room:
    """All that wait."""

    waiting: list[Waiting] = field(default_factory=list)
    resumed_at: list[int] = field(default_factory=list)
    resuming: Waiting | None = None

    def asked(self, track: Track, execution: Execution, blocked: Question | None, now: int) -> None:
        """A gate was asked; ``blocked`` is its question where central blocked it and it failed."""
        before = next((one for one in self.waiting if one.execution is execution), None)
        self.waiting = [one for one in self.waiting if one is not before]
        if blocked is None:
            return
        mine = self.resuming is not None and self.resuming.execution is execution
        kept = before or (self.resuming if mine else None)
        same = kept is not None and kept.question.stage == blocked.stage
        since = kept.since if kept is not None and same else now
        self.waiting.append(Waiting(track, execution, blocked, since, now, again=mine and same))

    def look(self, policy: Policy, blocks: Callable[[Question], bool], now: int) -> Iterator[Waiting]:
        """Everybody is decided again; those to be resumed now, in order."""
        self.waiting = sorted((one for one in self.waiting if one.resumable), key=lambda one: one.place)
        for one in self.waiting:
            if blocks(one.question):
                one.clear_since = None
            elif one.clear_since is None:
                one.clear_since = now
        stopped = any(one.again and one.clear_since is None for one in self.waiting)
        recently = sum(now - at < policy.resume_wave_pause for at in self.resumed_at)
        left = 0 if stopped or not policy.resumes else max(0, policy.resume_wave_size - recently)
        wave = [one for one in self.waiting if self._is_due(one, policy, now)][:left]
        for one in wave:
            self.waiting.remove(one)
            self.resumed_at.append(now)
            self.resuming = one
            yield one
            self.resuming = None

    def _is_due(self, one: Waiting, policy: Policy, now: int) -> bool:
        settled = one.clear_since is not None and now - one.clear_since >= policy.resume_settle
        return settled and now - one.decided <= policy.resume_within
