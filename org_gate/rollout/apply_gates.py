"""The gates' part of a plan, carried out: wave by wave, the next only once the gates of the one before answer.

A wave is begun as a whole (CloudFormation queues what cannot run together) and then waited for. Whatever fails stops
the rollout before the next wave; what is done stays done, and the next run goes on from there.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from org_gate.inventory.errors import InstanceResult, StoppedError
from org_gate.inventory.installed import Place
from org_gate.rollout.operations import FAILED, StackSet
from org_gate.rollout.plan_model import Action, Does, Plan, SetPlan, Step, WavePlan
from org_gate.rollout.waiting import Sleep


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the gates are: each counts once for everything that is to be done to it. ``left`` is in seconds."""

    wave: str
    done: int
    failed: int
    to_go: int
    left: float | None


Check = Callable[[Sequence[Place]], Sequence[InstanceResult]]
"""The gates among these that do not answer a test call as they should, with the reason."""
StillWanted = Callable[[], frozenset[Place]]
"""The gates that are wanted now: accounts may have moved out meanwhile."""


@dataclass(frozen=True, slots=True)
class Hands:
    """What carrying out needs from outside. ``seconds`` only goes forward; it tells how long something took."""

    sleep: Sleep
    seconds: Callable[[], float]
    new_id: Callable[[], str]
    check: Check
    say: Callable[[str], None]
    moved: Callable[[Progress], None]


def roll_out(stack_set: StackSet, plan: Plan, hands: Hands, still_wanted: StillWanted) -> None:
    """All waves. Raises StoppedError where gates failed or do not answer."""
    wish = _set_of(plan)
    changes = wish.action is Action.UPDATE
    if wish.action is Action.CREATE:
        hands.say(f"Creating the StackSet {wish.wish.name}")
        stack_set.create(wish.wish)
    elif changes and not any(step.does is Does.UPDATE for step in plan.steps()):
        stack_set.wait(stack_set.change(wish), hands.sleep)
    run = _Run(stack_set, wish, hands, _Tally(plan.steps(), hands.seconds), changes)
    for number, wave in enumerate(plan.waves):
        if wave.steps:
            _check_those_before(plan, number, hands)
            failures = run.wave(wave)
            _stop_at(_failed_still(failures, still_wanted), plan, number)
            _check_gates(wave, plan, number, hands)


def remove(stack_set: StackSet, plan: Plan, hands: Hands) -> None:
    """The gates that are not wanted any more. Raises StoppedError where some stay."""
    tally = _Tally(plan.removals, hands.seconds)
    run = _Run(stack_set, _set_of(plan), hands, tally, changes=False)
    failures = run.steps("removals", plan.removals)
    if failures:
        raise StoppedError("Not all gates that are to go could be removed.", failures, "Run again to go on removing.")


def _set_of(plan: Plan) -> SetPlan:
    if plan.stack_set is None:
        raise ValueError("a plan without a StackSet cannot be carried out")
    return plan.stack_set


class _Tally:
    """Counts what is done of all that is to be done."""

    def __init__(self, steps: Iterable[Step], seconds: Callable[[], float]) -> None:
        self._total = sum(len(step.places) for step in steps)
        self._seconds = seconds
        self._began = seconds()
        self._done = 0
        self._failed = 0

    def seen(self, wave: str, step: Step, results: Sequence[InstanceResult], *, over: bool = False) -> Progress:
        """With what the step's operation has come to; ``over`` counts it for good."""
        places = set(step.places)
        ours = [each for each in results if (each.account, each.region) in places]
        failed = self._failed + sum(each.status in FAILED for each in ours)
        done = self._done + (len(places) - failed + self._failed if over else _succeeded(ours))
        if over:
            self._done, self._failed = done, failed
        to_go = self._total - done - failed
        took = self._seconds() - self._began
        return Progress(wave, done, failed, to_go, took / (done + failed) * to_go if done + failed else None)


def _succeeded(results: Iterable[InstanceResult]) -> int:
    return sum(each.status not in (*FAILED, "PENDING", "RUNNING") for each in results)


@dataclass
class _Run:
    stack_set: StackSet
    plan: SetPlan
    hands: Hands
    tally: _Tally
    changes: bool
    """Whether the next update has to bring the set's new content."""

    def wave(self, wave: WavePlan) -> list[InstanceResult]:
        self.hands.say(f"Wave {wave.name}: {_counted(wave)}")
        return self.steps(wave.name, wave.steps)

    def steps(self, wave: str, steps: Sequence[Step]) -> list[InstanceResult]:
        """What failed. Steps of one kind run side by side, as far as CloudFormation lets them."""
        results: dict[Place, InstanceResult] = {}
        for _, alike in groupby(steps, key=lambda step: step.does):
            begun = [(step, self._begin(step)) for step in alike]
            for step, operation in begun:
                for result in self._finish(wave, step, operation):
                    results[result.account, result.region] = result
        return [result for result in results.values() if result.status in FAILED]

    def _begin(self, step: Step) -> str:
        operation = self.stack_set.begin(step, self.plan, changes=self.changes)
        if step.does is Does.UPDATE:
            self.changes = False
        return operation

    def _finish(self, wave: str, step: Step, operation: str) -> list[InstanceResult]:
        def seen(results: Sequence[InstanceResult]) -> None:
            self.hands.moved(self.tally.seen(wave, step, results))

        results = self.stack_set.wait(operation, self.hands.sleep, seen, gates=len(step.places))
        self.hands.moved(self.tally.seen(wave, step, results, over=True))
        return results


def _counted(wave: WavePlan) -> str:
    numbers = {does: len(wave.places(does)) for does in Does}
    words = {Does.UPDATE: "to update", Does.CREATE: "to create", Does.SETTINGS: "to write settings into"}
    said = [f"{numbers[does]} {_gates(numbers[does])} {text}" for does, text in words.items() if numbers[does]]
    return ", ".join(said) or "OUs that have no accounts yet"


def _gates(number: int) -> str:
    return "gate" if number == 1 else "gates"


def _failed_still(failures: Sequence[InstanceResult], still_wanted: StillWanted) -> list[InstanceResult]:
    """An account that moved out meanwhile is not missed."""
    if not failures:
        return []
    wanted = still_wanted()
    return [each for each in failures if (each.account, each.region) in wanted]


def _check_those_before(plan: Plan, number: int, hands: Hands) -> None:
    """Where a run goes on from an earlier one, that one may have stopped because gates did not answer."""
    if any(step.does is not Does.SETTINGS for step in plan.waves[number].steps):
        for before in range(number):
            if not plan.waves[before].steps:
                _check_gates(plan.waves[before], plan, number - 1, hands)


def _check_gates(wave: WavePlan, plan: Plan, number: int, hands: Hands) -> None:
    gates = wave.gates
    problems = hands.check(gates) if gates else ()
    if problems:
        raise StoppedError(
            f"{len(problems)} of {len(gates)} gates of the wave {wave.name!r} do not answer a test call as they "
            "should.",
            problems,
            _left(plan, number),
        )


def _stop_at(failures: Sequence[InstanceResult], plan: Plan, number: int) -> None:
    if failures:
        wave = plan.waves[number]
        gates = len(wave.places(*Does))
        raise StoppedError(
            f"{len(failures)} of {gates} gates of the wave {wave.name!r} are not as they should be; the others are.",
            failures,
            _left(plan, number),
        )


def _left(plan: Plan, number: int) -> str:
    """What was not begun."""
    waiting = [f"{wave.name!r}" for wave in plan.waves[number + 1 :] if wave.steps]
    if not waiting:
        return "Mend the reasons and run again: what is done stays done."
    later = "wave" if len(waiting) == 1 else "waves"
    return f"Not begun: the {later} {', '.join(waiting)}. Mend the reasons and run again: what is done stays done."
