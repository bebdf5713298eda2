"""Very many deployments that wait when an incident ends: until the last one goes on, in calls, minutes and waves.

The real resumer over a table in memory, and queues, sessions and pipelines of member accounts that are written by
hand; every call that it makes to AWS is counted, and nobody else's. Minutes are simulated: a poll, a look, its messages
in batches of ten, and what the gates make of each retry, as in service. Deployments are two to an account.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from org_gate.central.budget import ENDLESS, Budget
from tests.bench.measure import Result, at_most, no_more_than, shown
from tests.bench.metered import MeteredDynamoDb
from tests.bench.prices import PRICES
from tests.unit.central.resuming import Yard, at, deployment
from tests.unit.central.support import RULES
from tests.unit.store.tables import TableClient

PER_ACCOUNT: Final = 2
WAVE: Final = 20
"""The policy's default, with five minutes without a break before the first one and a minute between two."""
SETTLE: Final = 5
_MOST_MINUTES: Final = 24 * 60
_KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    "reads of the table": ("get_item", "query", "batch_get_item"),
    "writes of the table": ("put_item", "update_item", "delete_item", "batch_write_item", "transact_write_items"),
    "messages sent, ten in a call": ("send_message_batch", "send_message"),
    "sessions in member accounts": ("assume_role",),
    "states of pipelines read": ("get_pipeline_state",),
    "stages retried": ("retry_stage_execution",),
}


@dataclass(frozen=True, slots=True)
class Storm:
    """What it came to. ``minutes`` are those from the incident's end to the last retry; ``calls`` by operation."""

    resumed: int
    twice: int
    minutes: int
    largest_wave: int
    calls: Counter[str]
    most_calls: int
    """Of the table, by one look with its news."""
    reads: int
    """Units, and so are writes."""
    writes: int

    @property
    def dollars(self) -> float:
        """For what it reads and writes."""
        return self.reads * PRICES["read units"][0] + self.writes * PRICES["write units"][0]

    def of(self, operations: tuple[str, ...]) -> int:
        return sum(self.calls[operation] for operation in operations)


class CountedYard(Yard):
    """Counts what the resumer calls, by operation, and the units of the table that it uses."""

    def __init__(self, policy: Mapping[str, Any]) -> None:
        self.counted: Counter[str] = Counter()
        self.most_calls = self.reads = self.writes = 0
        self._resuming = False
        self._table = MeteredDynamoDb()
        super().__init__(policy, TableClient(self._table))
        self.client.before = self.called

    def called(self, operation: str) -> None:
        self.counted[operation] += self._resuming
        super().called(operation)

    def take(self, *records: dict[str, Any], budget: Budget = ENDLESS) -> list[str]:
        self._resuming = True
        meter = self._table.meter
        meter.clear()
        failed = super().take(*records, budget=budget)
        self._resuming = False
        self.most_calls = max(self.most_calls, meter.calls.total())
        self.reads += meter.reads
        self.writes += meter.writes
        return failed


def storms(size: int, wave: int) -> Iterator[Result]:
    """So many that wait, and a policy that resumes so many a minute."""
    came = storm(size, wave)
    least = SETTLE + -(-size // wave)
    what = f"{size:,} deployments wait, waves of {wave}"
    yield at_most(
        f"{what}: the last goes on after", came.minutes, "min", baseline=least, times=1, of="what the policy asks"
    )
    yield no_more_than("  the largest wave", came.largest_wave, "", most=wave)
    yield no_more_than("  not resumed, or twice", size - came.resumed + came.twice, "", most=0)
    for name, operations in _KINDS.items():
        yield shown(f"  {name}, for each deployment", came.of(operations) / size, "calls")
    yield shown("  calls to the table of one look with its news, at most", came.most_calls, "calls")
    yield shown("  what all of it reads and writes in the table, at list prices", came.dollars, "$")


def storm(size: int, wave: int) -> Storm:
    """From the incident's end until none waits any more."""
    yard = CountedYard(RULES | {"resume": {"wave_size": wave}})
    incident = yard.incident()
    for number in range(size):
        yard.ask(deployment(f"p{number}", account=f"{number // PER_ACCOUNT + 1:012d}"))
    yard.over(incident)
    minute = 0
    while yard.store.waiting.count():
        minute += 1
        assert minute < _MOST_MINUTES, "it never comes to its end"
        yard.minute(minute)
    waves = Counter(moment for moment, _, _ in yard.retried)
    resumed = Counter(one.pipeline for _, one, _ in yard.retried)
    minutes = (max(waves) - at(0)) // timedelta(minutes=1)
    return Storm(
        resumed=len(resumed),
        twice=sum(resumed.values()) - len(resumed),
        minutes=minutes,
        largest_wave=max(waves.values()),
        calls=yard.counted,
        most_calls=yard.most_calls,
        reads=yard.reads,
        writes=yard.writes,
    )
