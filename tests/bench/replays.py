"""The backtest, against reading its lines and against deciding anew with nothing around it.

Recorded decisions are replayed by the engine that took them; what comes beside that is how long each blocked one would
have been held. The shipped history is tried with synthetic deployments; what it saves is deciding at every step.
"""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from org_gate.cli.backtest_sources import Source, from_scenario
from org_gate.model.event import Knowledge
from org_gate.model.request import Target
from org_gate.model.times import parse_time
from org_gate.policy.load import load_policy, policy_from_data
from org_gate.policy.model import Policy
from org_gate.report.backtest import Steps, decided
from org_gate.report.backtest_incidents import Synthetic, courses, incidents, request_to
from org_gate.report.backtest_recorded import history_from, replayed
from org_gate.report.exported import Recorded, read_export
from org_gate.report.exporting import decision_line
from org_gate.rollout.files import shipped
from tests.bench.measure import Result, at_most, compared, milliseconds, shown
from tests.unit.report.worlds import DAY, END, POLICY, START, World

EVERY: Final = timedelta(minutes=15)
MONTH: Final = (parse_time("2021-11-25T00:00:00Z"), parse_time("2021-12-25T00:00:00Z"))
"""With the incident of 2021-12-07 in it."""
SERVICES: Final = ("ECS", "RDS")


def recorded(decisions: int) -> Iterator[Result]:
    """An export of so many decisions of a small organization, each with the events that concerned it."""
    lines = list(_lines(decisions))
    policy = policy_from_data(POLICY)
    _events, read = read_export(lines, "export")
    floor = milliseconds(partial(_parsed, lines), repeats=3)
    deciding = milliseconds(partial(_decided_alone, read, policy), repeats=3)
    yield shown(f"{len(lines):,} lines of an export, parsed as JSON", floor, "ms")
    reading = milliseconds(partial(read_export, lines, "export"), repeats=3)
    yield compared("  read and checked", reading, "ms", baseline=floor)
    yield shown("  decided anew, and nothing else", deciding, "ms")
    replay = milliseconds(partial(_replay, read, policy), repeats=3)
    yield compared("  replayed, and how long each would have been held", replay, "ms", baseline=deciding)
    yield shown("  decisions replayed in a second", len(read) * 1000 / replay, "1/s")


def history(accounts: int, step: timedelta = EVERY) -> Iterator[Result]:
    """The incidents on record, by the policy that ships, with a deployment to each account and Region at each step."""
    source = from_scenario(None, "text")
    policy = load_policy(shipped("config/policy.yaml").read_text(encoding="utf-8"), "policy.yaml")
    begin, end = MONTH
    here = _asked(source, 1, begin, end, step)
    naive = milliseconds(partial(_step_by_step, here, source, policy), repeats=1)
    spans = milliseconds(partial(_courses, here, source, policy), repeats=1)
    places = f"{len(here.targets)} Regions for a month"
    yield shown(f"synthetic deployments to {places}, decided at every step", naive, "ms")
    yield at_most("  tried by the backtest", spans, "ms", baseline=naive, times=1, of="that")
    first, last = source.begin, source.end
    assert first is not None
    assert last is not None
    whole = _asked(source, accounts, first, last, step)
    taken = milliseconds(partial(_courses, whole, source, policy), repeats=1)
    number = len(whole.targets) * whole.steps.within(first, last)
    name = f"the shipped history: {len(source.history.events)} incidents, {len(whole.targets):,} places"
    yield shown(f"{name}, {number:,} deployments", taken, "ms")


def _lines(decisions: int) -> Iterator[bytes]:
    store = World(1, decisions=decisions).store
    found = [one.id for one in store.past.decisions(START - DAY, END + DAY)]
    for start in range(0, len(found), 100):
        for record in store.several_decisions(found[start : start + 100]):
            yield decision_line(record).encode()


def _parsed(lines: list[bytes]) -> None:
    for line in lines:
        json.loads(line)


def _decided_alone(read: list[Recorded], policy: Policy) -> None:
    for one in read:
        decided(one.request, one.knowledge, policy, one.at)


def _replay(read: list[Recorded], policy: Policy) -> None:
    assert len(list(replayed(read, history_from(read, ()), policy, END))) == len(read)


def _asked(source: Source, accounts: int, begin: datetime, end: datetime, step: timedelta) -> Synthetic:
    targets = tuple(
        Target(f"{account:012d}", region, SERVICES) for account in range(1, accounts + 1) for region in source.regions
    )
    return Synthetic(targets=targets, steps=Steps(begin, step), begin=begin, end=end)


def _courses(asked: Synthetic, source: Source, policy: Policy) -> None:
    found = dict(courses(asked, source.history, policy))
    assert incidents(asked, source.history, policy, found)


def _step_by_step(asked: Synthetic, source: Source, policy: Policy) -> None:
    past = source.history
    for target in asked.targets:
        moment = asked.begin
        while moment < asked.end:
            knowledge = Knowledge(moment, past.known(moment), past.accounts)
            decided(request_to(target), knowledge, policy, moment)
            moment += asked.steps.every
