"""What a poll of the collector costs where nothing has changed, in calls."""

from collections.abc import Iterator

from tests.bench.measure import Result, at_most
from tests.unit.central.collecting import ORDERS, arn, at, world_on
from tests.unit.store.tables import fake_table


def unchanged(sizes: tuple[int, ...]) -> Iterator[Result]:
    first: list[int] = []
    for size in sizes:
        calls = _calls(size)
        first = first or calls
        for what, number, baseline in zip(("the table", "AWS Health"), calls, first, strict=True):
            name = f"an unchanged poll's calls to {what}: {size:>6,} open events"
            yield at_most(name, number, "calls", baseline=baseline, times=1, of=f"that at {sizes[0]}")


def _calls(events: int) -> list[int]:
    world = world_on(fake_table())
    for number in range(events):
        accounts = {} if number % 2 else {"eventScopeCode": "ACCOUNT_SPECIFIC", "accounts": [ORDERS]}
        world.health.show(arn(number), at(-60 - number), **({"eventScopeCode": "PUBLIC"} | accounts))
    for minute in (0, 1):
        assert world.poll(minute)["poll"] == "complete"
    world.client.reset()
    world.health.calls.clear()
    world.poll(2)
    return [world.client.calls.total(), world.health.calls.total()]
