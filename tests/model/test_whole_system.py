"""The whole system against random worlds, as a state machine: whatever happens, these hold.

*No unsafe pass.* A deployment passes its gate only if nothing stands against it that was knowable for longer than the
promised delay, or if an override, an exemption, a mode or a fallback of the policy says so. The promised delay: what
AWS Health shows is known after the next whole poll, which begins every minute; what it shows with a time well in the
past, or without moving the time, after the next look at everything, within five minutes. What people declare counts at
once, and so does an update of that moment of which central took every notification. While polls fail, knowledge grows
old, and says so: once it is older than ``max_age``, ``on_stale`` decides (D13); where central does not answer, the gate
looks for itself; and where that fails too, ``on_unknown`` decides (D14).
*No false block.* A block names what was there: an event that was open and concerned the target at some time since the
last whole poll, a freeze in force, knowledge that may be stale, a look that failed.
*One final answer a job*, however often it is invoked, and whatever answer of AWS gets lost.
*One resume an execution* for each decision that failed it, never into what surely blocks it, settled, in waves; and
asked for once for each handing out, whoever is given its message as well meanwhile.
*Nothing lost, nothing invented.* What AWS Health shows is what central shows, once everything works again.
*It goes on.* What surely waits is resumed once nothing blocks it.
*Nothing unhandled* is raised by a function, or logged.

A short budget runs in every test run, always the same. ``ORG_GATE_RUNS`` asks for so many more, each set of 250 from a
seed of its own, which a failure names; ``ORG_GATE_SEED`` is the first.
"""

import os
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule, run_state_machine_as_test

from tests.model import happenings as h
from tests.model.ending import mend, nothing_is_lost_or_invented, what_waits_goes_on
from tests.model.faults import Fault
from tests.model.organization import ACCOUNTS, CENTRAL, PIPELINES
from tests.model.policies import Spec
from tests.model.scenes import BUSES, Scenes
from tests.model.watch import Watch, watching
from tests.model.world import NOON, World

RUNS: Final = int(os.environ.get("ORG_GATE_RUNS", "0"))
FIRST_SEED: Final = int(os.environ.get("ORG_GATE_SEED", "1"))
SET: Final = 250
SHORT: Final = 40
OFTEN: Final = ("passed", "held", "failed", "resumed", "known", "blocked by event")
SELDOM: Final = ("resumed, crossed", "went on", "passed stale", "blocked by unknown")
"""What runs have to come to: some of a short budget, and of a set."""
SEEN: Final[Counter[str]] = Counter()
"""What was judged, over all runs of this process."""


class WholeSystem(Scenes):
    """One organization, from noon on."""

    def __init__(self) -> None:
        super().__init__()
        self._stack = ExitStack()

    @initialize(
        policy=h.policies(NOON), mix=st.integers(0, 999), before=st.lists(h.OPENINGS, max_size=2), polled=st.booleans()
    )
    def begins(self, policy: Spec, mix: int, before: list[h.Opening], polled: bool) -> None:  # noqa: FBT001  drawn
        self.world = World(policy, Random(mix))  # noqa: S311  no secret
        self._stack.enter_context(watching(Watch(self.world.faults, self.world.crashes.append)))
        for opening in before:
            self.opens(opening)
        if polled:
            self.world.instant()

    # AWS Health

    @rule(opening=h.OPENINGS)
    def opens(self, opening: h.Opening) -> None:
        self.shows(opening)

    @precondition(lambda self: self.world.truth.shown)
    @rule(which=st.integers(0, 9), change=h.CHANGES, told=st.booleans())
    def changes(self, which: int, change: h.Change, told: bool) -> None:  # noqa: FBT001  drawn
        self.update(self.key(which), change)
        if told:
            self.world.notify(self.key(which), 0, 1, "eu-west-1")

    @precondition(lambda self: self.world.truth.shown)
    @rule(
        which=st.integers(0, 9),
        delay=st.sampled_from([0, 0, 1, 20, 90, 600]),
        copies=st.integers(1, 2),
        bus=BUSES,
    )
    def notifies(self, which: int, delay: int, copies: int, bus: str) -> None:
        self.world.notify(self.key(which), delay, copies, bus)

    # deployments

    @rule(names=st.lists(h.PIPELINE, unique=True, min_size=1))
    def run(self, names: list[str]) -> None:
        self.start(names)

    @rule()
    def all_run(self) -> None:
        self.start(PIPELINES)

    @rule(name=h.PIPELINE, retries=st.booleans())
    def is_retried_or_stopped(self, name: str, retries: bool) -> None:  # noqa: FBT001  drawn
        (self.world.retry if retries else self.world.stop)(PIPELINES[name])

    # time

    @rule(seconds=st.sampled_from([1, 7, 30, 60]))
    def a_moment_passes(self, seconds: int) -> None:
        self.world.advance(seconds)

    @rule(seconds=st.sampled_from([60, 90, 180, 300, 660]))
    def minutes_pass(self, seconds: int) -> None:
        self.world.advance(seconds)

    # what goes wrong

    @rule(fault=h.FAULTS)
    def breaks(self, fault: Fault) -> None:
        self.world.faults.on.append(fault)

    @rule(what=st.sampled_from(sorted(h.DARK)), kind=st.sampled_from(["down", "throttle", "timeout"]))
    def gets_dark(self, what: str, kind: str) -> None:
        self.world.faults.on += h.outage(what, kind)

    @rule()
    def works_again(self) -> None:
        mend(self.world)

    @rule(
        kill=st.one_of(st.none(), h.KILLS),
        lost=st.integers(0, 4),
        twice=st.booleans(),
        late=st.sampled_from([0, 0, 20, 70, 200]),
        replaced=st.booleans(),
    )
    def goes_wrong_once(self, kill: Any, lost: int, twice: bool, late: int, replaced: bool) -> None:  # noqa: FBT001  drawn
        """A process ends at a call; polls are lost; jobs, schedules and messages come twice, and messages late."""
        world = self.world
        world.faults.kill, world.lost_polls = kill, lost
        world.twice = world.queue.doubles = world.doubled_poll = twice
        world.queue.held_until = world.now + timedelta(seconds=late)
        if replaced:
            world.cell.restart()

    # people

    @rule(data=st.data(), rolled_out=st.booleans())
    def a_policy_is_published(self, data: Any, rolled_out: bool) -> None:  # noqa: FBT001  drawn
        self.world.publish(data.draw(h.policies(self.world.now)))
        if rolled_out:
            self.world.roll_out()

    @rule(
        who=st.sampled_from([CENTRAL, CENTRAL, *ACCOUNTS]),
        whose=h.WHOSE,
        event=st.integers(0, 11),
        minutes=h.DURATIONS,
    )
    def overrides(self, who: str, whose: Any, event: int, minutes: int) -> None:
        events = ["all", "all", "freeze:quiet", *(arn for arn, _ in sorted(self.world.truth.shown))]
        self.world.override(who, h.override_body(whose, events[event % len(events)], minutes))

    @precondition(lambda self: self.world.truth.lifts)
    @rule(which=st.integers(0, 9))
    def revokes(self, which: int) -> None:
        lifts = list(self.world.truth.lifts.values())
        self.world.revoke(lifts[which % len(lifts)])

    @rule(
        drill=st.booleans(),
        accounts=h.SOME,
        region=st.sampled_from(h.REGIONS),
        service=st.sampled_from(h.SERVICES),
        minutes=h.DURATIONS,
    )
    def is_declared(self, drill: bool, accounts: tuple[str, ...], region: str, service: str, minutes: int) -> None:  # noqa: FBT001  drawn
        kind = "drills" if drill else "declared-events"
        self.world.declare(kind, accounts, region, service, minutes)

    @precondition(lambda self: self.world.truth.made)
    @rule(which=st.integers(0, 9))
    def is_over(self, which: int) -> None:
        made = list(self.world.truth.made.values())
        self.world.end_made(made[which % len(made)])

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                nothing_is_lost_or_invented(self.world)
                what_waits_goes_on(self.world)
                SEEN.update(self.world.judge.seen)
        finally:
            self._stack.close()


def _settings(runs: int, steps: int) -> settings:
    return settings(
        max_examples=runs,
        stateful_step_count=steps,
        deadline=None,
        database=None,
        print_blob=True,
        verbosity=Verbosity.normal,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )


def _were_seen(*kinds: str) -> None:
    missing = [what for what in kinds if not SEEN[what]]
    assert not missing, f"no run came to: {missing}: {SEEN}"


def test_whatever_happens() -> None:
    SEEN.clear()
    run_state_machine_as_test(seed(12)(WholeSystem), settings=_settings(SHORT, 25))
    _were_seen(*OFTEN)  # hypothesis learns from what else is imported, so the runs are not the same everywhere


@pytest.mark.skipif(not RUNS, reason="a soak: set ORG_GATE_RUNS to how many runs there are to be")
@pytest.mark.parametrize("number", range(FIRST_SEED, FIRST_SEED + max(1, -(-RUNS // SET))))
def test_whatever_happens_for_long(number: int) -> None:
    """The seed is the test's number."""

    class Seeded(WholeSystem):
        pass

    SEEN.clear()
    run_state_machine_as_test(seed(number)(Seeded), settings=_settings(min(SET, RUNS), 30))
    _were_seen(*OFTEN)
    if RUNS >= SET:
        _were_seen(*SELDOM)
