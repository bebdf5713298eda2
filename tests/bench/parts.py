"""The parts of `make bench`, in the order of its table, and how much there is of what they measure."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tests.bench import checks, engine, load, peer, polls, replays, reports, resumes, starts, table
from tests.bench.measure import Result
from tests.bench.reports import LARGE as LARGE_ORGANIZATION
from tests.bench.reports import USUAL, Organization


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is."""

    runtime: str = "processes"
    checks: int = 15
    peer: tuple[int, ...] = (50, 500, 5_000)
    peer_goal: int = 500
    poll: tuple[int, ...] = (100, 1_000, 10_000)
    events: int = 10_000
    rules: int = 200
    targets: int = 10
    here: int = 100
    elsewhere: tuple[int, ...] = (100, 1_000, 10_000, 100_000)
    starts: int = 9
    api: tuple[int, int] = (10_000, 2_000)
    """Accounts, and checks in a minute."""
    collector: tuple[int, int] = (5_000, 10_000)
    """Open events, and accounts affected by one of them."""
    storms: tuple[tuple[int, int], ...] = ((1_000, 20), (10_000, 500))
    """Deployments that wait, and how large a wave is: each look reads all that wait, so small waves take long."""
    storms_large: tuple[tuple[int, int], ...] = ((10_000, 20),)
    report: Organization = LARGE_ORGANIZATION
    report_growth: Organization = USUAL
    recorded: int = 1_000
    history_accounts: int = 1_000


@dataclass(frozen=True, slots=True)
class Part:
    """``key`` is its name on the command line, ``title`` what it measures."""

    key: str
    title: str
    run: Callable[[Sizes], Iterator[Result]]


def _checks(sizes: Sizes) -> Iterator[Result]:
    yield from checks.gate_checks(sizes.runtime, sizes.checks)


def _polls(sizes: Sizes) -> Iterator[Result]:
    yield from peer.polls(sizes.peer, sizes.peer_goal)


def _growth_of_polls(sizes: Sizes) -> Iterator[Result]:
    yield from polls.unchanged(sizes.poll)


def _decision(sizes: Sizes) -> Iterator[Result]:
    yield from table.one_decision(events=sizes.events, rules=sizes.rules, targets=sizes.targets)
    yield from table.growth("of other accounts", sizes.elsewhere, here=sizes.here, rules=sizes.rules)
    yield from table.growth("public in other Regions", sizes.elsewhere, here=sizes.here, rules=sizes.rules)


def _engine(sizes: Sizes) -> Iterator[Result]:
    rules, targets, here = sizes.rules, sizes.targets, sizes.here
    yield from engine.growth("of other accounts", sizes.elsewhere, here=here, rules=rules, targets=targets)
    yield from engine.growth("public in other Regions", sizes.elsewhere, here=here, rules=rules, targets=targets)


def _starts(sizes: Sizes) -> Iterator[Result]:
    yield from starts.cold_starts(sizes.starts)


def _load(sizes: Sizes) -> Iterator[Result]:
    yield from load.api(*sizes.api)
    yield from load.collector(*sizes.collector)


def _resumes(sizes: Sizes) -> Iterator[Result]:
    for waiting, wave in sizes.storms:
        yield from resumes.storms(waiting, wave)


def _resumes_large(sizes: Sizes) -> Iterator[Result]:
    for waiting, wave in sizes.storms_large:
        yield from resumes.storms(waiting, wave)


def _report(sizes: Sizes) -> Iterator[Result]:
    yield from reports.large(sizes.report)
    yield from reports.growth(sizes.report_growth)


def _backtest(sizes: Sizes) -> Iterator[Result]:
    yield from replays.recorded(sizes.recorded)
    yield from replays.history(sizes.history_accounts)


_ALL: Final = (
    Part("checks", "A gate check, against the published pattern's handler", _checks),
    Part("polls", "A poll of the collector, against another team's AWS Health client", _polls),
    Part("unchanged", "A poll where nothing has changed, as the number of open events grows", _growth_of_polls),
    Part("decision", "A decision with what it reads from the table", _decision),
    Part("engine", "The decision alone, given every event there is", _engine),
    Part("starts", "A cold start of the gate", _starts),
    Part("load", "A minute in which an incident touches every account", _load),
    Part("resumes", "Deployments that go on when an incident ends", _resumes),
    Part("resumes-large", "The same with the policy's default waves", _resumes_large),
    Part("report", "The organization health report", _report),
    Part("backtest", "The backtest", _backtest),
)
PARTS: Final[Mapping[str, Part]] = {part.key: part for part in _ALL}
LARGE: Final = ("resumes-large",)
"""Measured when asked for: they take many minutes."""


def measured(sizes: Sizes) -> Iterator[Result]:
    """All parts, one after the other."""
    for part in PARTS.values():
        yield from part.run(sizes)
