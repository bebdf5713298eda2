"""Messages of waves that come late: retries, too, are at most ``wave_size`` in any time of ``wave_pause`` (W2)."""

import random
from collections import Counter
from datetime import datetime, timedelta
from typing import Any

import pytest

from org_gate.central.resuming import PROMPT
from org_gate.central.resuming_messages import read_message
from tests.unit.central.resuming import Yard, at, deployment, retries
from tests.unit.central.support import RULES

MANY = 14
SECOND = timedelta(seconds=1)


def settled(pause: str, size: int) -> Yard:
    """So many that wait, and are to be handed out from minute 2 on."""
    yard = Yard(RULES | {"resume": {"wave_size": size, "wave_pause": pause, "settle": "1m"}})
    incident = yard.incident()
    for number in range(MANY):
        yard.ask(deployment(f"p{number:02d}"))
    yard.over(incident)
    yard.minute(1)
    return yard


def delivered(yard: Yard, record: dict[str, Any]) -> None:
    yard.take(yard.received(record))
    yard.gates()


class Post:
    """Looks every minute and now and then in between; each message comes so many seconds after it was sent."""

    def __init__(self, yard: Yard, mix: random.Random, late: int) -> None:
        self._yard = yard
        self._mix = mix
        self._late = late
        self._on_its_way: list[tuple[datetime, dict[str, Any]]] = []

    def run(self, minutes: int) -> None:
        for second in range(120, minutes * 60):
            self._yard.now = at(second / 60)
            if second % 60 == 0:
                self._yard.poll()
                self._look(self._yard.look())
            elif self._late and self._mix.random() < 0.01:
                self._look(self._yard.changed())
            self._deliver()

    def _look(self, record: dict[str, Any]) -> None:
        assert self._yard.take(record) == []
        for message in self._yard.queue:
            self._on_its_way.append((self._yard.now + self._mix.randint(0, self._late) * SECOND, message))
        self._yard.queue = []

    def _deliver(self) -> None:
        due = [message for when, message in self._on_its_way if when == self._yard.now]
        self._on_its_way = [(when, message) for when, message in self._on_its_way if when > self._yard.now]
        for message in due:
            delivered(self._yard, message)


def most_within(moments: list[datetime], pause: timedelta) -> int:
    return max(sum(begin <= moment < begin + pause for moment in moments) for begin in moments)


@pytest.mark.contract("W2")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize(("seconds", "late"), [(20, 19), (20, 59), (60, 59), (60, 80), (90, 89), (150, 149)])
def test_no_time_of_a_pause_sees_more_retries_than_a_wave_has(seconds: int, late: int, size: int, seed: int) -> None:
    yard = settled(f"{seconds}s", size)
    Post(yard, random.Random(seed), late).run(150)  # noqa: S311  not for secrets
    assert most_within([moment for moment, _, _ in yard.retried], seconds * SECOND - PROMPT) <= size
    assert Counter(retries(yard).values()) == {1: MANY}
    assert yard.waiting() == {}


@pytest.mark.contract("W2")
@pytest.mark.parametrize(("seconds", "minutes"), [(20, 1), (60, 1), (90, 2), (150, 3)])
def test_where_messages_are_prompt_waves_follow_each_other_at_the_first_look_after_the_pause(
    seconds: int, minutes: int
) -> None:
    yard = settled(f"{seconds}s", 4)
    Post(yard, random.Random(0), 0).run(20)  # noqa: S311  not for secrets
    waves = Counter(moment for moment, _, _ in yard.retried)
    assert waves == {at(2 + minutes * number): size for number, size in enumerate((4, 4, 4, 2))}


@pytest.mark.contract("W2")
def test_messages_that_take_their_usual_way_slow_no_wave_down() -> None:
    yard = settled("1m", 4)
    Post(yard, random.Random(0), int(PROMPT.total_seconds())).run(20)  # noqa: S311  not for secrets
    waves = Counter(moment.replace(second=0) for moment, _, _ in yard.retried)
    assert waves == {at(2 + number): size for number, size in enumerate((4, 4, 4, 2))}


@pytest.mark.contract("W2")
def test_what_was_retried_late_takes_its_place_until_its_own_pause_is_over() -> None:
    yard = settled("1m", 2)
    late, prompt = _handed_out(yard, 2)
    delivered(yard, prompt)
    yard.now = at(2.9)
    delivered(yard, late)
    (third,) = _handed_out(yard, 3)
    delivered(yard, third)
    for message in _handed_out(yard, 4):
        delivered(yard, message)
    assert [moment for moment, _, _ in yard.retried] == [at(2), at(2.9), at(3), at(4), at(4)]


@pytest.mark.contract("W2")
def test_it_counts_though_it_was_blocked_again_meanwhile() -> None:
    yard = settled("1m", 1)
    (late,) = _handed_out(yard, 2)
    yard.now = at(2.9)
    yard.take(yard.received(late))
    again = yard.incident("2")
    yard.gates()
    yard.over(again)
    assert yard.waiting()["p00"].resumed_at == at(2)
    assert _handed_out(yard, 3) == []
    assert len(_handed_out(yard, 4)) == 1


@pytest.mark.contract("W2")
def test_a_retry_that_a_look_overtakes_to_which_its_wave_is_over_is_left_to_a_later_look() -> None:
    yard = settled("1m", 1)
    (late,) = _handed_out(yard, 2)
    yard.now = at(3)
    assert yard.take(yard.changed()) == []
    (prompt,) = yard.queue
    yard.queue = []
    yard.take(yard.received(late, at(2.9)))  # by a slower process
    delivered(yard, prompt)
    assert [one.pipeline for _, one, _ in yard.retried] == ["p01"]
    assert "p00" in [name for minute in range(4, 10) for name in yard.minute(minute)]


@pytest.mark.contract("D17")
def test_it_is_when_the_queue_took_a_message_or_first_gave_it_to_somebody() -> None:
    yard = Yard()
    for record in (yard.look(), yard.changed()):
        assert read_message(record).sent == at(0)
        assert read_message(yard.received(record, at(3))).sent == at(3)
        assert read_message(yard.received(record, at(-3))).sent == at(0)


def _handed_out(yard: Yard, minute: int) -> list[dict[str, Any]]:
    """The messages of this minute's look, not yet delivered."""
    yard.now = at(minute)
    yard.poll()
    assert yard.take(yard.look()) == []
    records, yard.queue = yard.queue, []
    return records
