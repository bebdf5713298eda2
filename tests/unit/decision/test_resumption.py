"""W1, W2: who goes on at a look, who waits, who is given up."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org_gate.decision.resumption import Seen, look, superseded, without_gate
from org_gate.model.decision import OnStale
from org_gate.model.request import Request, Target
from org_gate.model.waiting import Deployment, Waiting
from org_gate.policy.model import Resume
from tests.unit.decision.builders import policy

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
POLICY = Resume(settle=timedelta(minutes=5), within=timedelta(hours=24), wave_size=2, wave_pause=MINUTE)


def ago(minutes: float) -> datetime:
    return NOW - minutes * MINUTE


def waiting(name: str = "orders", **changes: object) -> Waiting:
    deployment = Deployment("111122223333", "us-east-1", name, "Gate", "e-1")
    request = Request("111122223333", (Target("111122223333", "us-east-1"),))
    told = {"decision_id": f"d-{name}", "failed_at": ago(60), "since": ago(60), "request": request}
    return Waiting(**{"deployment": deployment, **told, **changes})  # type: ignore[arg-type]  # fields by name


def of(execution: str, stage: str = "Gate") -> Deployment:
    return Deployment("111122223333", "us-east-1", "orders", stage, execution)


def names(found: tuple[Waiting, ...]) -> list[str]:
    return [one.deployment.pipeline for one in found]


@pytest.mark.contract("W1")
def test_the_first_look_that_does_not_block_begins_the_settling() -> None:
    found = look([Seen(waiting(), blocked=False)], [], POLICY, NOW)
    assert names(found.cleared) == ["orders"]
    assert found.resumed == found.blocked_again == ()
    assert found.given_up == ()


@pytest.mark.contract("W1")
@pytest.mark.parametrize(("minutes", "resumed"), [(5, True), (5 - 1 / 60, False), (6, True)])
def test_it_is_resumed_once_it_was_clear_for_settle(minutes: float, resumed: bool) -> None:  # noqa: FBT001  a case
    found = look([Seen(waiting(clear_since=ago(minutes)), blocked=False)], [], POLICY, NOW)
    assert bool(found.resumed) is resumed
    assert found.cleared == ()


@pytest.mark.contract("W1")
def test_a_look_that_blocks_it_again_breaks_the_settling() -> None:
    found = look([Seen(waiting(clear_since=ago(10)), blocked=True)], [], POLICY, NOW)
    assert names(found.blocked_again) == ["orders"]
    assert found.resumed == ()


@pytest.mark.contract("W1")
@pytest.mark.parametrize(("hours", "over"), [(24, True), (24 - 1 / 3600, False)])
def test_after_within_it_is_given_up(hours: float, over: bool) -> None:  # noqa: FBT001  a case
    found = look([Seen(waiting(failed_at=ago(60 * hours), clear_since=ago(10)), blocked=False)], [], POLICY, NOW)
    assert bool(found.given_up) is over
    assert bool(found.resumed) is not over
    assert not over or found.given_up[0][1].startswith("it was blocked more than 1 d ago, and the policy resumes")


@pytest.mark.contract("W2")
def test_those_that_wait_longest_come_first_and_no_more_than_a_wave() -> None:
    all_of_them = [waiting(f"p{number}", since=ago(100 - number), clear_since=ago(9)) for number in (3, 1, 2)]
    found = look([Seen(one, blocked=False) for one in all_of_them], [], POLICY, NOW)
    assert names(found.resumed) == ["p1", "p2"]


@pytest.mark.contract("W2")
@pytest.mark.parametrize(("recent", "free"), [([0.5, 0.9], 0), ([0.5, 1], 1), ([1, 1], 2), ([0, 0, 0], 0)])
def test_a_wave_counts_for_as_long_as_its_pause(recent: list[float], free: int) -> None:
    found = look(
        [Seen(waiting(f"p{n}", clear_since=ago(9)), blocked=False) for n in range(5)],
        [ago(minutes) for minutes in recent],
        POLICY,
        NOW,
    )
    assert len(found.resumed) == free


@pytest.mark.contract("W2")
def test_one_that_was_resumed_and_blocked_again_stops_all_until_it_is_allowed() -> None:
    again = waiting("again", resumed_at=ago(1))
    ready = Seen(waiting("ready", clear_since=ago(9)), blocked=False)
    stopped = look([Seen(again, blocked=True), ready], [], POLICY, NOW)
    assert (names(stopped.stopped_by), stopped.resumed) == (["again"], ())
    assert names(look([Seen(again, blocked=False), ready], [], POLICY, NOW).resumed) == ["ready"]


def test_what_was_handed_out_is_handed_out_again_only_after_a_while() -> None:
    handed = waiting(clear_since=ago(9), handed_at=ago(2) + timedelta(seconds=1))
    assert look([Seen(handed, blocked=False)], [], POLICY, NOW).resumed == ()
    assert look([Seen(handed, blocked=False)], [], POLICY, NOW + timedelta(seconds=1)).resumed == (handed,)


def test_where_resuming_is_off_nobody_goes_on() -> None:
    off = POLICY.model_copy(update={"enabled": False})
    found = look([Seen(waiting(clear_since=ago(9)), blocked=False)], [], off, NOW)
    assert (found.resumed, found.stopped_by) == ((), ())


@given(
    st.lists(
        st.tuples(st.integers(0, 2000), st.integers(0, 20) | st.none(), st.booleans(), st.booleans()), max_size=30
    ),
    st.lists(st.integers(0, 5), max_size=5),
)
def test_nobody_is_in_two_places_and_no_wave_is_too_large(
    people: list[tuple[int, int | None, bool, bool]], recent: list[int]
) -> None:
    seen = [
        Seen(
            waiting(
                f"p{number}",
                failed_at=ago(failed),
                since=ago(failed),
                clear_since=None if clear is None else ago(clear),
                resumed_at=ago(3) if again else None,
            ),
            blocked,
        )
        for number, (failed, clear, blocked, again) in enumerate(people)
    ]
    found = look(seen, [ago(minutes) for minutes in recent], POLICY, NOW)
    placed = [*names(found.cleared), *names(found.blocked_again), *names(found.resumed)]
    placed += names(tuple(one for one, _ in found.given_up))
    assert len(placed) == len(set(placed))
    assert len(found.resumed) + sum(minutes < 1 for minutes in recent) <= max(POLICY.wave_size, len(recent))
    blocked_now = {one.waiting.deployment for one in seen if one.blocked}
    assert not blocked_now & {one.deployment for one in (*found.resumed, *found.cleared)}


@pytest.mark.contract("W2")
@pytest.mark.contract("D13")
@pytest.mark.parametrize("on_unknown", ["allow", "warn", "block"])
@pytest.mark.parametrize("on_stale", list(OnStale))
def test_who_has_no_gate_to_look_with_goes_by_on_unknown_where_knowledge_is_stale(
    on_stale: OnStale, on_unknown: str
) -> None:
    before = policy(defaults={"on_stale": on_stale.value, "on_unknown": on_unknown, "max_age": "7m"})
    after = without_gate(before)
    assert after.defaults.on_stale == (on_unknown if on_stale is OnStale.LOCAL else on_stale)
    assert after.defaults.max_age == timedelta(minutes=7)
    assert after.model_copy(update={"defaults": before.defaults}) == before


def test_of_executions_at_the_same_stage_only_the_latest_waits() -> None:
    first = [waiting(failed_at=ago(60 - number), deployment=of(f"e-{number}")) for number in (2, 1, 3)]
    others = [waiting("web"), waiting(deployment=of("e-9", stage="Later"))]
    found = {one.deployment.execution_id: why for one, why in superseded([*first, *others])}
    assert found == {
        "e-1": "superseded: execution e-2 came after it",
        "e-2": "superseded: execution e-3 came after it",
    }


def test_of_two_that_were_failed_in_the_same_second_neither_counts_as_superseded() -> None:
    """It took the one whose execution id sorts last for the latest, and the one that really was never went on."""
    tied = [waiting(failed_at=ago(60), deployment=of(f"e-{number}")) for number in (2, 1)]
    assert list(superseded(tied)) == []
    later = waiting(failed_at=ago(59), deployment=of("e-0"))
    assert {one.deployment.execution_id for one, _ in superseded([later, *tied])} == {"e-1", "e-2"}


@pytest.mark.contract("W2")
def test_what_was_refused_is_left_alone_for_its_time() -> None:
    ready = waiting(clear_since=ago(9), held_until=ago(0) + MINUTE)
    assert look([Seen(ready, blocked=False)], [], POLICY, NOW).resumed == ()
    assert look([Seen(ready, blocked=False)], [], POLICY, NOW + MINUTE).resumed == (ready,)
