"""`make bench`: measures, prints a table, writes `bench-out/results.json`. Says which goals hold; fails for none."""

import logging
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.bench import engine, polls, starts, table
from tests.bench.measure import Result, heading, line, written


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much there is."""

    events: int = 10_000
    rules: int = 200
    targets: int = 10
    here: int = 100
    elsewhere: tuple[int, ...] = (100, 1_000, 10_000, 100_000)
    poll: tuple[int, ...] = (100, 1_000, 10_000)
    starts: int = 9


def measured(sizes: Sizes) -> Iterator[Result]:
    rules, targets, here = sizes.rules, sizes.targets, sizes.here
    yield from table.one_decision(events=sizes.events, rules=rules, targets=targets)
    yield from table.growth("of other accounts", sizes.elsewhere, here=here, rules=rules)
    yield from table.growth("public in other Regions", sizes.elsewhere, here=here, rules=rules)
    yield from engine.growth("of other accounts", sizes.elsewhere, here=here, rules=rules, targets=targets)
    yield from engine.growth("public in other Regions", sizes.elsewhere, here=here, rules=rules, targets=targets)
    yield from polls.unchanged(sizes.poll)
    yield from starts.cold_starts(sizes.starts)


def main(folder: Path) -> None:
    logging.disable(logging.INFO)  # the collector's
    results: list[Result] = []
    print(heading())  # noqa: T201  the table
    for result in measured(Sizes()):
        print(line(result), flush=True)  # noqa: T201  likewise
        results.append(result)
    missed = sum(result.holds is False for result in results)
    print(f"\n{len(results)} results in {written(results, folder)}; {missed} goals missed")  # noqa: T201  likewise


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "bench-out"))
