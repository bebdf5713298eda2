"""Many that wait, messages twice and out of order, a process that ends anywhere: each goes on exactly once."""

import random
from collections import Counter

import pytest

from org_gate.central.budget import Budget
from tests.unit.central.resuming import Yard, at, deployment, retries, stamp
from tests.unit.central.support import RULES
from tests.unit.store.tables import Killed

FEW = RULES | {"resume": {"wave_size": 2, "settle": "2m"}}


def _settled(number: int = 3) -> Yard:
    """So many that wait and are handed out at the next look, two of them first."""
    yard = Yard(FEW)
    incident = yard.incident()
    for each in range(number):
        yard.ask(deployment(f"p{each}"))
    yard.over(incident)
    yard.minute(1)
    yard.minute(2)
    assert yard.retried == []
    return yard


def test_ended_at_any_call_each_is_retried_once() -> None:
    whole = _settled()
    whole.calls = 0
    assert whole.minute(3) == ["p0", "p1"]
    calls = whole.calls
    assert calls > 40
    for call in range(1, calls + 1):
        yard = _settled()
        yard.calls, yard.kill_at = 0, call
        with pytest.raises(Killed):
            yard.minute(3)
        yard.kill_at = None
        left, yard.queue = yard.queue, []
        yard.take(*left, *left)  # what was not deleted comes again
        yard.gates()
        for minute in range(4, 10):
            yard.minute(minute)
        assert Counter(retries(yard).values()) == {1: 3}, call
        assert {one.pipeline for _, one, _ in yard.retried} == {"p0", "p1", "p2"}, call
        assert yard.waiting() == {}, call
        assert max(Counter(moment for moment, _, _ in yard.retried).values()) <= 2, call


def test_a_storm_that_flaps_with_messages_twice_and_out_of_order() -> None:
    mix = random.Random(5)  # noqa: S311  not for secrets
    yard = Yard(RULES | {"resume": {"wave_size": 20, "settle": "3m", "wave_pause": "1m"}})
    incident = yard.incident("1")
    decisions = [yard.ask(deployment(f"p{number:03d}")) for number in range(120)]
    yard.minute(1, mix=mix)
    yard.over(incident)
    yard.minute(2, mix=mix)
    yard.minute(3, mix=mix)
    again = yard.incident("2")
    yard.minute(4, mix=mix)
    assert yard.retried == [], "it flapped while it settled"
    yard.over(again)
    for minute in range(5, 20):
        yard.minute(minute, mix=mix)
    assert retries(yard) == dict.fromkeys(decisions, 1)
    waves = Counter(stamp(moment) for moment, _, _ in yard.retried)
    assert waves == {stamp(at(minute)): 20 for minute in range(8, 14)}
    assert [yard.outcome(decision) for decision in decisions] == ["resumed"] * 120
    assert yard.waiting() == {}


def test_an_incident_that_comes_back_in_the_middle_of_a_storm_stops_it_until_they_pass() -> None:
    mix = random.Random(6)  # noqa: S311  not for secrets
    yard = Yard(RULES | {"resume": {"wave_size": 20, "settle": "2m"}})
    incident = yard.incident("1")
    for number in range(60):
        yard.ask(deployment(f"p{number:03d}"))
    yard.over(incident)
    for minute in (1, 2):
        yard.minute(minute, mix=mix)
    assert len(yard.minute(3, mix=mix)) == 20
    again = yard.incident("2")
    for minute in (4, 5, 6):
        assert yard.minute(minute, mix=mix) == []
    yard.over(again)
    for minute in range(7, 20):
        yard.minute(minute, mix=mix)
    assert set(retries(yard).values()) == {1}
    assert yard.waiting() == {}
    assert {stage.status for stage in yard.stages.values()} == {"Succeeded"}


def test_a_look_over_a_thousand_in_two_hundred_accounts_reads_each_account_once() -> None:
    yard = Yard()
    incident = yard.incident()
    accounts = [f"{number:012d}" for number in range(1, 201)]
    for number in range(1000):
        yard.ask(deployment(f"p{number}", account=accounts[number % 200]))
    yard.over(incident)
    yard.now = at(1)
    yard.client.reset()
    assert yard.take(yard.look()) == []
    assert yard.client.reads <= 200 + 16 + 10 + 30, "the last for the news of the minute"
    assert yard.client.calls["transact_write_items"] == 1000 // 25


def test_a_look_that_runs_out_of_time_knows_who_stops_the_next_wave() -> None:
    """Accounts are read in their order, and that of the one that was blocked again is the last."""
    yard = Yard(RULES | {"resume": {"settle": "1m", "wave_size": 1}})
    incident, last = yard.incident(), "999999999999"
    yard.ask(deployment("first", account=last))
    yard.now = at(0.1)
    for number in range(1, 6):
        yard.ask(deployment(f"p{number}", account=f"{number:012d}"))
    yard.over(incident)
    yard.minute(1)
    yard.wave(2)
    again = yard.incident("2", (last,))
    yard.gates()
    yard.now = at(4)
    yard.poll()
    left = iter([50.0] * 3)
    assert yard.take(yard.look(), budget=Budget(lambda: next(left, 10.0))) == []
    assert yard.queue == []
    yard.over(again)
    assert [yard.minute(minute) for minute in (5, 6)] == [["p1"], ["first"]]
