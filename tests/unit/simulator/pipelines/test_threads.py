"""Calls come from server threads while the loop asks functions: nothing blocks, nothing is lost."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tests.unit.simulator.pipelines.world import World, succeed


def test_other_threads_are_served_while_a_function_runs() -> None:
    answered: list[Any] = []

    def from_another_thread(world: World, job: Any) -> Any:
        thread = threading.Thread(target=lambda: answered.append(succeed(world, job)))
        thread.start()
        thread.join(timeout=10)
        assert not thread.is_alive()
        return "returned"

    world = World(from_another_thread)
    world.create()
    assert world.status(world.run()) == "Succeeded"
    assert world.answers[0].returned == "returned"


def test_many_starts_at_once_lose_nothing() -> None:
    world = World()
    names = [f"p{number}" for number in range(20)]
    for name in names:
        world.create(name)
    with ThreadPoolExecutor(8) as pool:
        ids = dict(zip(names, pool.map(world.start, names), strict=True))
    world.service.drain()
    assert {answer.pipeline: answer.execution_id for answer in world.answers} == ids
    assert not world.service.is_busy()
