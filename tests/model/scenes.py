"""Scenes of the whole system's machine: what has to come together, in order, before some defects can show at all.

Drawn one by one, the steps of these would meet too seldom. Each scene only plays what could happen anyway; what may
come of it is judged as ever.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from tests.model import happenings as h
from tests.model.ending import mend
from tests.model.faults import Fault
from tests.model.organization import ACCOUNTS, CENTRAL, EAST, PIPELINES, WEST
from tests.model.policies import OPEN_ISSUES, Spec
from tests.model.truth import Key, Made
from tests.model.world import World

ASKING = st.lists(h.PIPELINE, unique=True, min_size=1, max_size=3)
FAILING_IN_EAST = ("orders", "payments", "platform")
"""Pipelines whose gates fail at once, and deploy there."""
BUSES = st.sampled_from(["eu-west-1", EAST, "us-west-2"])


class Scenes(RuleBasedStateMachine):
    """The world, and what is played in it; ``WholeSystem`` has the single steps."""

    world: World

    def key(self, which: int) -> Key:
        keys = sorted(self.world.truth.shown)
        return keys[which % len(keys)]

    def update(self, key: Key, change: h.Change) -> None:
        """AWS Health shows it from now on."""
        before = self.world.truth.present(key)
        fields, slow = change.fields(self.world.now, before)
        accounts = sorted(before.accounts) if change.accounts is None else change.accounts
        self.world.show(fields, accounts, slow=slow)

    def start(self, names: Iterable[str]) -> None:
        for name in names:
            self.world.start(PIPELINES[name])

    @rule(
        faults=h.BLINDING,
        more=st.sampled_from([0, 1, 60, 120]),
        opening=st.one_of(st.none(), h.OPENINGS),
        mended=st.booleans(),
        asking=ASKING,
    )
    def knowledge_grows_old(
        self, *, faults: Sequence[Fault], more: int, opening: Any, mended: bool, asking: list[str]
    ) -> None:
        """Something cannot be read any more, for longer than the policy bears; then some ask."""
        self.world.faults.on += faults
        if opening is not None:
            self.shows(opening)
        self.world.advance(self.world.truth.policy.max_age + more)
        self.start(asking)
        if mended:
            mend(self.world)

    @rule(region=st.sampled_from([EAST, WEST]), seconds=st.sampled_from([0, 1, 29, 31, 90]), dark=st.booleans())
    def a_hold_comes_to_its_end(self, *, region: str, seconds: int, dark: bool) -> None:
        """What holds is blocked until then; ``dark``: and nobody answers at its end."""
        self.world.start(PIPELINES["web"])
        self.blocked(region, 240)
        self.world.advance(210)
        if dark:
            self.world.faults.on += [Fault(who, service) for who, service, _ in h.DARK["central is dark"]]
        self.world.advance(30 + seconds)

    @precondition(lambda self: self.world.truth.shown)
    @rule(
        which=st.integers(0, 9),
        changes=st.lists(h.CHANGES, min_size=1, max_size=2),
        seconds=st.sampled_from([5, 60, 120]),
        bus=BUSES,
        told=st.booleans(),
        asking=ASKING,
    )
    def is_heard_late(
        self, *, which: int, changes: list[h.Change], seconds: int, bus: str, told: bool, asking: list[str]
    ) -> None:
        """A notification is overtaken by updates of its event; when it arrives, some ask."""
        key = self.key(which)
        self.world.notify(key, seconds * len(changes), 1, bus)
        for change in changes:
            self.update(key, change)
            if told:
                self.world.notify(key, 0, 1, bus)
            self.world.advance(seconds)
        self.start(asking)

    @rule(
        opening=h.OPENINGS,
        faults=h.HALF_READING,
        minutes=st.integers(1, 4),
        change=st.one_of(st.none(), h.CHANGES),
        asking=ASKING,
    )
    def is_half_read(
        self, *, opening: h.Opening, faults: Sequence[Fault], minutes: int, change: Any, asking: list[str]
    ) -> None:
        """AWS Health lists an update for minutes, and tells nothing more of it."""
        self.world.faults.on += faults
        self.shows(opening)
        self.world.advance(60 * minutes)
        if change is not None:
            self.update(opening.key, change)
            self.world.advance(60)
        self.start(asking)

    @rule(at=h.CALLS_OF_RESUMER, steps=h.STEPS, wave_size=st.sampled_from([1, 2, 20]), more=st.sampled_from([90, 240]))
    def resumers_cross(self, *, at: tuple[str, int], steps: Any, wave_size: int, more: int) -> None:
        """What was blocked is to go on, and while a resumer is at it, others do something."""
        mend(self.world)
        self.world.publish(Spec((OPEN_ISSUES,), settle=60, wave_size=wave_size))
        made = self.blocked(EAST, 240)
        self.start(FAILING_IN_EAST)
        self.world.advance(60)
        self.over(made)
        self.world.cross("resumer", *at, steps)
        self.world.advance(60 + more)

    @rule(seconds=st.sampled_from([20, 60, 80]), settle=st.sampled_from([120, 300]), wave_size=st.sampled_from([2, 20]))
    def it_flaps(self, *, seconds: int, settle: int, wave_size: int) -> None:
        """What blocks is over, comes back, and is over again."""
        mend(self.world)
        self.world.publish(Spec((OPEN_ISSUES,), settle=settle, wave_size=wave_size))
        first = self.blocked(EAST, 240)
        self.start(FAILING_IN_EAST)
        self.world.advance(60)
        self.over(first)
        self.world.advance(seconds)
        second = self.blocked(EAST, 240)
        self.world.advance(60)
        self.over(second)
        self.world.advance(settle)

    @rule(minutes=st.sampled_from([1, 5]), revoked=st.booleans(), asking=ASKING)
    def an_override_does_not_last(self, *, minutes: int, revoked: bool, asking: list[str]) -> None:
        """It lifts what blocks, and then it is revoked or ends by itself; some ask before and after."""
        for region in (EAST, WEST):
            self.blocked(region, 15)
        before = set(self.world.truth.lifts)
        self.world.override(CENTRAL, h.override_body((ACCOUNTS, ()), "all", minutes))
        self.start(asking)
        for id_ in self.world.truth.lifts.keys() - before:
            if revoked:
                self.world.revoke(self.world.truth.lifts[id_])
            else:
                self.world.advance(60 * minutes)
        self.start(asking)

    @rule(opening=h.OPENINGS, change=h.CHANGES, bus=BUSES, asking=ASKING)
    def is_heard_at_once(self, *, opening: h.Opening, change: h.Change, bus: str, asking: list[str]) -> None:
        """Some ask before an event is told of, after that, and after an update of it."""
        self.start(asking)
        self.shows(opening)
        self.world.notify(opening.key, 0, 1, bus)
        self.start(asking)
        self.update(opening.key, change)
        self.world.notify(opening.key, 0, 1, bus)
        self.start(asking)

    @precondition(lambda self: self.world.truth.shown)
    @rule(
        which=st.integers(0, 9),
        first=h.CHANGES,
        second=h.CHANGES,
        at=h.CALLS_OF_POLL,
        bus=BUSES,
        asking=ASKING,
    )
    def a_poll_is_overtaken(
        self, *, which: int, first: h.Change, second: h.Change, at: tuple[str, int], bus: str, asking: list[str]
    ) -> None:
        """What a poll has read is older than what a notification tells meanwhile; then some ask."""
        key = self.key(which)

        def is_told(world: World) -> None:
            self.update(key, second)
            world.notify(key, 0, 1, bus)

        self.update(key, first)
        self.world.cross("collector", *at, (is_told,))
        self.world.advance(60)
        self.start(asking)

    def shows(self, opening: h.Opening) -> None:
        """A new event, unless it was shown before."""
        if opening.key not in self.world.truth.shown:
            fields, slow = opening.fields(self.world.now)
            self.world.show(fields, opening.change.accounts or (), slow=slow)

    def blocked(self, region: str, minutes: int) -> Made | None:
        """An incident in a Region that concerns all; None where central did not take it."""
        before = set(self.world.truth.made)
        self.world.declare("declared-events", (), region, "MULTIPLE_SERVICES", minutes)
        return next((one for id_, one in self.world.truth.made.items() if id_ not in before), None)

    def over(self, made: Made | None) -> None:
        if made is not None:
            self.world.end_made(made)
