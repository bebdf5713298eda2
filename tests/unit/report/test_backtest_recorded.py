"""Recorded decisions under another policy, and the history that they and exported events make together."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from org_gate.model.decision import Verdict
from org_gate.policy.model import Policy
from org_gate.report.backtest_recorded import Replayed, history_from, replayed
from org_gate.report.exported import Recorded, recorded_of
from tests.unit.decision.builders import BLOCK_ALL, DEV, PROD, event, override, policy
from tests.unit.report.histories import at
from tests.unit.report.records import record

WARN_ALL = policy({"verdict": "warn"})
OPEN = event(start=at(-30), last_updated=at(-10))
CLOSED = event(start=at(-30), last_updated=at(500), status="closed", end=at(490))


def recorded(seconds: int = 0, *events: object, **told: object) -> Recorded:
    return recorded_of(record(at(seconds), *(events or (OPEN,)), **told))  # type: ignore[arg-type]


def again(decisions: list[Recorded], by: Policy, *events: object) -> list[Replayed]:
    return list(replayed(decisions, history_from(decisions, events), by, at(10_000)))  # type: ignore[arg-type]


def test_each_is_decided_by_what_was_known_with_it() -> None:
    (one,) = again([recorded()], WARN_ALL)
    assert (one.recorded.verdict, one.outcome.verdict) == (Verdict.BLOCK, Verdict.WARN)
    (same,) = again([recorded()], BLOCK_ALL)
    assert same.outcome.verdict is Verdict.BLOCK


def test_overrides_of_the_time_hold_and_others_do_not() -> None:
    lifted = recorded(overrides=[override(accounts=(PROD,))])
    plain = recorded(10, number=2)
    assert [one.outcome.verdict for one in again([lifted, plain], BLOCK_ALL)] == [Verdict.WARN, Verdict.BLOCK]


def test_how_long_it_would_have_been_held() -> None:
    (held,) = again([recorded()], BLOCK_ALL, CLOSED)
    assert held.free == at(500)
    (unknown,) = again([recorded()], BLOCK_ALL)
    assert unknown.free is None


def test_a_later_reading_counts_from_its_update_on() -> None:
    later = event(start=at(-30), last_updated=at(100), end=at(150))
    decisions = [recorded(), recorded(120, later, number=2)]
    assert [one.free for one in again(decisions, BLOCK_ALL)] == [at(150), at(150)]


def test_staleness_of_the_time_is_not_how_long_aws_failed() -> None:
    stale = record(at(0))
    stale["decision"]["knowledge"]["as_of"] = "2026-03-01T00:00:00Z"
    (one,) = again([recorded_of(stale)], policy(defaults={"on_stale": "block"}))
    assert (one.outcome.verdict, one.free) == (Verdict.BLOCK, None)


def test_an_event_known_by_its_end_alone_is_taken_to_have_been_open_since_its_start() -> None:
    (one,) = history_from([], [CLOSED]).events
    assert (one.assumed, one.shown, one.over()) == (True, at(-30), at(500))
    (seen,) = history_from([recorded()], [CLOSED]).events
    assert (seen.assumed, seen.shown, seen.over()) == (False, at(-10), at(500))
    (never,) = history_from([], [event(start=None, status="closed")]).events
    assert not never.assumed


def test_accounts_and_affected_ones_are_put_together() -> None:
    scope = {"scope": "ACCOUNT_SPECIFIC", "start": at(-30), "last_updated": at(-10)}
    decisions = [
        recorded(0, event(accounts=frozenset({PROD}), **scope)),
        recorded(5, event(accounts=frozenset({DEV, PROD}), **scope), number=2),
    ]
    past = history_from(decisions, [])
    assert past.events[0].versions[0].event.accounts == {PROD, DEV}
    assert {PROD, DEV} <= past.accounts.keys()


def test_an_event_that_is_still_open_frees_nobody_it_affects() -> None:
    """The table's own record of it names no accounts; the decision does."""
    scope = {"scope": "ACCOUNT_SPECIFIC", "start": at(-30), "lists_accounts": True}
    held = recorded(0, event(accounts=frozenset({PROD}), last_updated=at(-10), **scope))
    (one,) = again([held], BLOCK_ALL, event(last_updated=at(50), **scope))
    assert (one.outcome.verdict, one.free) == (Verdict.BLOCK, None)


def test_a_long_hold_is_found_whatever_lies_between() -> None:
    far = event(start=at(-30), last_updated=at(90_000), status="closed", end=at(90_000))
    decisions = [recorded()]
    (held,) = replayed(decisions, history_from(decisions, [far]), BLOCK_ALL, at(0) + timedelta(days=30))
    assert held.free == at(90_000)


@pytest.mark.parametrize("seed", range(6))
def test_what_is_worked_out_once_is_what_each_decision_by_itself_would_find(seed: int) -> None:
    """However often a question is asked, and in whatever order: by its course, and by one of its own."""
    chance = random.Random(seed)  # noqa: S311  a test's chance is to be the same again
    known, ends, decisions = [], [], []
    for number in range(6):
        begin, length = chance.randrange(500 * number, 500 * number + 200), chance.randrange(50, 400)
        known.append((begin, begin + length, event(arn=f"{OPEN.arn}{number}", start=at(begin), last_updated=at(begin))))
        over = at(begin + length)
        ends.append(replace(known[-1][2], last_updated=over, end=over, status="closed"))
    for number, moment in enumerate(chance.sample(range(3000), 60)):
        open_now = [one for begin, end, one in known if begin <= moment < end]
        decisions.append(recorded_of(record(at(moment), *open_now, number=number)))
    history, until = history_from(decisions, ends), at(10_000)
    together = list(replayed(decisions, history, BLOCK_ALL, until))
    alone = [one for decision in decisions for one in replayed([decision], history, BLOCK_ALL, until)]
    assert together == alone
    assert len({one.free for one in together}) > 2
