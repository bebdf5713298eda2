"""W1, W2: what waits goes on once nothing blocks it, in waves, exactly once for each failing decision."""

from typing import Any

import pytest

from org_gate.decision.engine import decide
from org_gate.decision.resumption import without_gate
from org_gate.model.event import Knowledge
from org_gate.model.override import Override
from org_gate.model.request import Request, Target
from org_gate.policy.load import policy_from_data
from tests.unit.central.resuming import Yard, at, deployment, retries
from tests.unit.central.support import ME, NOW, RULES, Api

FREEZE = {"name": "night", "from": "2026-03-02T12:04:00Z", "to": "2026-03-02T13:00:00Z"}


def blocked(policy: dict[str, Any] = RULES, *names: str) -> tuple[Yard, str]:
    """Deployments that wait for the end of an incident, which ends in the first minute."""
    yard = Yard(policy)
    incident = yard.incident()
    decisions = [yard.ask(deployment(name)) for name in names or ("orders",)]
    yard.now = at(1)
    yard.over(incident)
    return yard, decisions[0]


def went_on(yard: Yard, *minutes: float) -> dict[float, list[str]]:
    """What was retried at which of these minutes."""
    found = {minute: yard.minute(minute) for minute in minutes}
    return {minute: names for minute, names in found.items() if names}


@pytest.mark.contract("W1")
def test_it_goes_on_at_the_first_look_after_it_has_settled() -> None:
    yard, decision = blocked()
    assert went_on(yard, *range(2, 12)) == {7: ["orders"]}
    assert retries(yard) == {decision: 1}


@pytest.mark.contract("W1")
def test_what_was_blocked_in_between_settles_anew() -> None:
    yard, _ = blocked()
    assert went_on(yard, 2, 3) == {}
    again = yard.incident("2")
    assert went_on(yard, 4) == {}
    yard.over(again)
    assert went_on(yard, *range(5, 15)) == {10: ["orders"]}


@pytest.mark.contract("W1")
def test_a_change_is_looked_at_before_the_minute() -> None:
    yard, _ = blocked()
    yard.now = at(1.5)
    assert yard.take(yard.changed()) == []
    assert yard.waiting()["orders"].clear_since == at(1.5)
    assert went_on(yard, *range(2, 8)) == {7: ["orders"]}


@pytest.mark.contract("W1")
def test_never_into_a_freeze_that_blocks_it() -> None:
    yard, _ = blocked(RULES | {"freezes": [FREEZE]})
    assert went_on(yard, *range(2, 65)) == {}
    assert went_on(yard, 65) == {65: ["orders"]}


@pytest.mark.contract("W1")
def test_not_into_a_freeze_that_begins_between_the_look_and_the_resumption() -> None:
    begins = FREEZE | {"from": "2026-03-02T12:07:30Z"}
    yard, _ = blocked(RULES | {"freezes": [begins]})
    went_on(yard, *range(2, 7))
    yard.now = at(7)
    yard.take(yard.look())
    (message,) = yard.queue
    late = yard.message(message["body"], at(7.5))
    assert yard.take(late) == []
    assert yard.retried == []
    assert "orders" in yard.waiting()


@pytest.mark.contract("W1")
@pytest.mark.parametrize(("within", "resumed"), [("8m", True), ("7m", False)])
def test_only_within_the_time_that_the_policy_gives(within: str, resumed: bool) -> None:  # noqa: FBT001  a case
    yard, decision = blocked(RULES | {"resume": {"within": within}})
    assert bool(went_on(yard, *range(2, 12))) is resumed
    assert yard.outcome(decision) == ("resumed" if resumed else "given_up")
    assert yard.waiting() == {}


@pytest.mark.contract("W1")
def test_a_policy_that_resumes_nothing_leaves_it_to_people() -> None:
    yard, _ = blocked(RULES | {"resume": {"enabled": False}})
    assert went_on(yard, *range(2, 20)) == {}
    assert list(yard.waiting()) == ["orders"]


@pytest.mark.contract("W1")
def test_it_goes_on_when_a_policy_or_an_override_lets_it() -> None:
    yard = Yard()
    yard.incident()
    yard.ask(deployment())
    yard.now = at(1)
    yard.publish({"version": 1, "rules": []})
    assert went_on(yard, *range(2, 9)) == {7: ["orders"]}
    yard = Yard()
    yard.incident()
    yard.ask(deployment())
    yard.store.overrides.create(
        Override(
            id="o-" + "1" * 32,
            accounts=(ME,),
            events=("all",),
            reason="…",
            account=ME,
            who="somebody",
            created_at=at(1),
            expires_at=at(60),
        )
    )
    assert went_on(yard, *range(2, 9)) == {7: ["orders"]}


@pytest.mark.contract("W1")
def test_a_person_who_retries_is_asked_again_and_it_waits_on_once() -> None:
    yard = Yard()
    incident = yard.incident()
    first = yard.ask(deployment())
    yard.now = at(1)
    second = yard.ask(deployment())
    yard.over(incident)
    assert went_on(yard, *range(2, 12)) == {7: ["orders"]}
    assert retries(yard) == {second: 1}
    assert yard.outcome(first) is None


@pytest.mark.contract("W1")
def test_one_that_a_person_got_through_is_left_alone() -> None:
    yard, decision = blocked()
    went_on(yard, 2, 3)
    yard.ask(deployment())
    assert yard.waiting() == {}
    assert went_on(yard, *range(4, 12)) == {}
    assert yard.outcome(decision) is None


@pytest.mark.contract("W1")
@pytest.mark.contract("D13")
def test_with_knowledge_too_old_for_anybody_to_rely_on_nothing_goes_on() -> None:
    yard, _ = blocked()
    went_on(yard, *range(2, 7))
    yard.now = at(17)  # nobody polled for eleven minutes
    yard.take(yard.look())
    assert yard.queue == []
    assert yard.waiting()["orders"].clear_since is None
    assert went_on(yard, 18) == {}
    assert went_on(yard, 22, 23) == {23: ["orders"]}


@pytest.mark.contract("D13")
@pytest.mark.parametrize(
    ("defaults", "mode", "held"),
    [
        ({"on_stale": "local", "on_unknown": "block"}, "enforce", True),
        ({"on_stale": "local", "on_unknown": "block"}, "shadow", False),
        ({"on_stale": "local", "on_unknown": "warn"}, "enforce", False),
        ({"on_stale": "block", "on_unknown": "allow"}, "enforce", True),
        ({"on_stale": "allow", "on_unknown": "block"}, "enforce", False),
    ],
)
def test_what_is_stale_and_left_to_gates_counts_as_unknown(defaults: dict[str, str], mode: str, held: bool) -> None:  # noqa: FBT001  a case
    policy = policy_from_data({"version": 1, "rules": [], "mode": mode, "defaults": defaults})
    request = Request(ME, (Target(ME, "us-east-1"),))
    old, fresh = Knowledge(at(-20), (), {}), Knowledge(at(-1), (), {})
    said = [decide(request, known, without_gate(policy), policy_version=1, now=NOW).verdict for known in (old, fresh)]
    assert [verdict == "block" for verdict in said] == [held, False]


@pytest.mark.contract("W2")
def test_waves_are_no_larger_than_the_policy_says_and_those_that_wait_longest_come_first() -> None:
    yard = Yard(RULES | {"resume": {"wave_size": 2, "wave_pause": "2m", "settle": "1m"}})
    incident = yard.incident()
    for minute, name in enumerate(("c", "a", "e", "b", "d")):
        yard.now = at(minute / 10)
        yard.ask(deployment(name))
    yard.over(incident)
    found = went_on(yard, *range(1, 12))
    assert {minute: sorted(names) for minute, names in found.items()} == {2: ["a", "c"], 4: ["b", "e"], 6: ["d"]}


@pytest.mark.contract("W2")
def test_a_wave_that_is_blocked_again_stops_the_next_until_it_is_allowed() -> None:
    yard = Yard(RULES | {"resume": {"wave_size": 1, "settle": "1m"}})
    incident = yard.incident()
    yard.ask(deployment("a"))
    yard.now = at(0.1)
    yard.ask(deployment("b", account="444455556666"))
    yard.over(incident)
    assert went_on(yard, 1) == {}
    yard.now = at(2)
    yard.poll()
    yard.take(yard.look())
    yard.take(*yard.queue)
    yard.queue = []
    again = yard.incident("2", (ME,))
    yard.gates()
    assert yard.waiting()["a"].resumed_at == at(2)
    assert went_on(yard, *range(3, 10)) == {}, "b would pass, but nobody knows what came of the wave"
    yard.over(again)
    assert went_on(yard, *range(10, 20)) == {10: ["b"], 11: ["a"]}
    assert set(retries(yard).values()) == {1}


@pytest.mark.contract("W2")
def test_executions_that_came_before_the_latest_are_done_at_once_and_take_no_place_in_a_wave() -> None:
    yard = Yard(RULES | {"resume": {"wave_size": 1, "settle": "1m"}})
    incident = yard.incident()
    decisions = []
    for number in range(4):
        yard.now = at(number / 10)
        decisions.append(yard.ask(deployment(execution=f"e-{number}")))
    assert went_on(yard, 1) == {}
    assert [yard.outcome(decision) for decision in decisions] == ["skipped"] * 3 + [None]
    yard.over(incident)
    assert went_on(yard, 2, 3) == {3: ["orders"]}
    assert retries(yard) == {decisions[-1]: 1}


@pytest.mark.contract("W2")
def test_each_failing_decision_is_one_resumption() -> None:
    yard = Yard(RULES | {"resume": {"settle": "1m"}})
    incident = yard.incident("1")
    decisions = [yard.ask(deployment())]
    for number in range(2, 5):
        yard.over(incident)
        assert went_on(yard, 10 * number) == {}
        yard.now = at(10 * number + 1)
        yard.poll()
        yard.take(yard.look())
        yard.take(*yard.queue, *yard.queue)
        yard.queue = []
        incident = yard.incident(str(number))
        yard.gates()
        decisions.append(yard.waiting()["orders"].decision_id)
    assert retries(yard) == dict.fromkeys(decisions[:-1], 1)
    assert yard.waiting()["orders"].since == NOW


@pytest.mark.contract("A3")
def test_the_status_says_how_many_wait() -> None:
    yard, _ = blocked(RULES, "a", "b")
    status = Api(yard.store).request("GET", "/v1/status").body
    assert status["waiting"] == 2
