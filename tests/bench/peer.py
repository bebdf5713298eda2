"""A poll of the collector against a round of another team's AWS Health client: calls to AWS Health, and wall time.

Both read one simulated organization, one after the other, in the same state of it: the collector on its deployed
table, the peer unchanged, neither with the time limit of a function. Calls are counted where they come in.

Half of the events are public, half of one account each. Before anything changes all of them were last updated between
20 and 50 minutes ago: within the hours that the peer is set to look back, since it reads nothing else; and before the
quarter of an hour of which the collector lists again what it knows. AWS answers at once, so the wall time is what the
two do themselves and the simulated AWS takes; with AWS's own time for a call, the number of calls decides.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from statistics import mean, median
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Final

from org_gate.central.collector import Collector
from org_gate.health.view import OrganizationView
from org_gate.model.times import format_time
from org_gate.simulator.health.events import HealthUpdate
from org_gate.simulator.world import World
from org_gate.store import Store
from tests.bench.calls import Calls, watched
from tests.bench.measure import Result, at_most, compared, no_more_than, shown
from tests.bench.peer_client import HOME, Peer, Round, is_here
from tests.bench.worlds import SEED
from tests.e2e.support import CENTRAL, ORDERS, PAYMENTS, scenario, world
from tests.unit.central.collecting import Told

COLLECTOR: Final = "org-gate-collector"
NOTHING, PART, ALL = "nothing changed", "1 % changed", "all changed"
GOALS: Final = {NOTHING: 0.01, PART: 0.05}
"""How many times the peer's calls, at most."""
_MINUTE: Final = timedelta(minutes=1)
_FULL_EVERY: Final = 5
"""Polls, of which one looks at everything."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What the collector and, where it is here, the peer did in each state of the organization."""

    ours: Mapping[str, Round]
    full: Round
    """The collector's when it looks at everything."""
    theirs: Mapping[str, Round]
    unseen: Round | None
    """The peer's, where no event was updated as lately as it looks back."""


def polls(sizes: tuple[int, ...], goal_at: int) -> Iterator[Result]:
    """``goal_at`` is the size that the goals are for."""
    if not is_here():
        yield shown("(the peer's client is not on this machine: nothing is compared with it)", 0, "calls")
    for size in sizes:
        measured = _measured(size)
        for state in (NOTHING, PART, ALL):
            yield from _told(measured, state, size, goals=size == goal_at)
        yield from _told_besides(measured, size)


def _told(measured: Measured, state: str, size: int, *, goals: bool) -> Iterator[Result]:
    ours, theirs = measured.ours[state], measured.theirs.get(state)
    name = f"a poll's calls to AWS Health, {state}: {size:>5,} open events"
    calls = ours.calls.total()
    if theirs is None:
        yield shown(name, calls, "calls")
        yield shown("  its wall time", ours.taken, "ms")
    else:
        baseline = theirs.calls.total()
        if goals and state in GOALS:
            yield at_most(name, calls, "calls", baseline=baseline, times=GOALS[state], of="the peer's")
        else:
            yield compared(name, calls, "calls", baseline=baseline)
        yield compared("  its wall time", ours.taken, "ms", baseline=theirs.taken)
    if goals and state == NOTHING:
        yield no_more_than("  on the common path, which is all but one of five polls", calls, "calls", most=1)
    if goals:
        yield from _by_operation("of these", ours.calls)
        yield from _by_operation("of the peer's", theirs.calls if theirs else Counter())


def _by_operation(whose: str, calls: Counter[str]) -> Iterator[Result]:
    for operation, count in sorted(calls.items()):
        yield shown(f"  {whose}: {operation}", count, "calls")


def _told_besides(measured: Measured, size: int) -> Iterator[Result]:
    """What the common path leaves out."""
    quiet, full = measured.ours[NOTHING].calls.total(), measured.full.calls.total()
    average = mean([full, *[quiet] * (_FULL_EVERY - 1)])
    looks = f"one poll of five, which looks at everything, nothing changed: {size:>5,} open events"
    averages = f"a poll on the average of five, nothing changed: {size:>5,} open events"
    if NOTHING in measured.theirs:
        baseline = measured.theirs[NOTHING].calls.total()
        yield compared(looks, full, "calls", baseline=baseline)
        yield compared(averages, average, "calls", baseline=baseline)
    else:
        yield shown(looks, full, "calls")
        yield shown(averages, average, "calls")
    if measured.unseen is not None:
        name = f"the peer, no event updated in the time it looks back: {size:>5,} open events"
        yield shown(name, measured.unseen.calls.total(), "calls")


def _measured(size: int) -> Measured:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        opened = stack.enter_context(world(folder, scenario(pipelines=[])))
        calls = stack.enter_context(watched(opened))
        sky = Sky(opened, calls, size)
        peer = Peer(opened, calls, folder) if is_here() else None
        return _through(sky, peer)


def _through(sky: "Sky", peer: Peer | None) -> Measured:
    """One state after the other; before each, both know all there is."""
    sky.until_full()
    quiet = [sky.poll() for _ in range(_FULL_EVERY)]
    assert [poll.full for poll in quiet] == [False] * (_FULL_EVERY - 1) + [True], quiet
    plain = [poll.round for poll in quiet[:-1]]
    assert all(one.calls == plain[0].calls for one in plain), plain
    ours = {NOTHING: Round(plain[0].calls, median(one.taken for one in plain))}
    theirs: dict[str, Round] = {}
    unseen = None
    if peer is not None:
        peer.round()
        assert peer.stored() == sky.size, "it knows of them all"
        theirs[NOTHING] = peer.round()
        unseen = peer.round(0)
    for state, number in ((PART, -(-sky.size // 100)), (ALL, sky.size)):
        sky.update(number)
        ours[state] = sky.poll().round
        if peer is not None:
            theirs[state] = peer.round()
        sky.until_full()
    return Measured(ours, quiet[-1].round, theirs, unseen)


@dataclass(frozen=True, slots=True)
class _Poll:
    """``full``: everything was looked at."""

    round: Round
    full: bool


class Sky:
    """``size`` open events of one world, and the collector that reads them."""

    def __init__(self, opened: World, calls: Calls, size: int) -> None:
        self.size = size
        self._opened = opened
        self._calls = calls
        self._collector = _collector(opened)
        start = opened.clock.now()
        for number in range(size):
            opened.aws.health.show(_event(number, start - timedelta(seconds=1200 + number * 1800 // size)))

    def update(self, number: int) -> None:
        """So many of the events, any of them, change now."""
        chosen = Random(SEED).sample(range(self.size), number)  # noqa: S311  the same in every run is what is wanted
        for index in chosen:
            event = _event(index, self._opened.clock.now())
            text = f"It goes on at {format_time(self._opened.clock.now())}."
            self._opened.aws.health.show(HealthUpdate(event.event, text))

    def until_full(self) -> None:
        """The next poll is then the first of five."""
        for _ in range(_FULL_EVERY):
            if self.poll().full:
                return
        message = f"none of {_FULL_EVERY} polls looked at everything"
        raise AssertionError(message)

    def poll(self) -> "_Poll":
        """A minute after the last one."""
        now = self._opened.clock.now() + _MINUTE
        self._opened.clock.advance_to(now)
        event = {"source": "aws.events", "id": format_time(now), "time": format_time(now)}
        self._calls.forget()
        began = perf_counter()
        said = self._collector.handle(event)
        taken = (perf_counter() - began) * 1000
        assert said["poll"] == "complete", said
        return _Poll(Round(self._calls.of("health"), taken), said["full"])


def _collector(opened: World) -> Collector:
    """As its function makes it, with the central account's clients."""
    client = partial(opened.sessions.client, account=CENTRAL, region=HOME)
    function = client("lambda").get_function_configuration(FunctionName=COLLECTOR)
    table = function["Environment"]["Variables"]["ORG_GATE_TABLE"]
    health = opened.sessions.client("health", CENTRAL, "us-east-1")
    return Collector(
        store=Store(client("dynamodb"), table),
        view=lambda budget: OrganizationView(lambda _: health, ["us-east-1"], budget.may_ask),
        organizations=client("organizations"),
        changes=Told(),
    )


def _event(number: int, updated: datetime) -> HealthUpdate:
    public = number % 2 == 0
    event = {
        "arn": f"arn:aws:health:us-east-1::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/B_{number}",
        "service": "RDS",
        "eventTypeCode": "AWS_RDS_OPERATIONAL_ISSUE",
        "eventTypeCategory": "issue",
        "region": "us-east-1",
        "startTime": updated,
        "lastUpdatedTime": updated,
        "statusCode": "open",
        "eventScopeCode": "PUBLIC" if public else "ACCOUNT_SPECIFIC",
    }
    accounts = None if public else [(ORDERS, PAYMENTS)[number // 2 % 2]]
    return HealthUpdate(event, "Something is wrong.", accounts)
