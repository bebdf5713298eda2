"""The organization health report at the large organization, against reading the same rows and writing them as JSON.

The rows come from the generator behind the report's reader, so none of it is the table's time. Each run has a process
of its own, whose peak memory is its own: Python's, the libraries' and the generator's are in it, for the floor too.
Seconds are the processor's. The goals are a Lambda's limits: one with 1,769 MB has a processor to itself. How the
report grows is shown with one number ten times as large, the others as they are.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, astuple, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from org_gate.model.times import format_time
from org_gate.report.as_csv import write_csv
from org_gate.report.as_json import as_json
from org_gate.report.as_md import as_md
from org_gate.report.build import build
from org_gate.report.html import html
from org_gate.report.model import Report
from tests.bench.measure import Result, compared
from tests.unit.report.large import LargeReader

MOST_MEGABYTES: Final = 1769
MOST_SECONDS: Final = 300
MOST_PAGE: Final = 10
RENDERINGS: Final = ("html", "json", "csv", "md")
_MEGABYTE: Final = 1_000_000
_KIBIBYTE: Final = 1024
"""What Linux tells peak memory in."""


@dataclass(frozen=True, slots=True)
class Organization:
    """How much there is of everything that a report reads."""

    accounts: int
    events: int
    entities: int
    decisions: int

    def reader(self) -> LargeReader:
        return LargeReader(**asdict(self))


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one process: seconds for reading, counting and writing; its peak memory and what it wrote, in megabytes."""

    seconds: float
    memory: float
    written: float


LARGE: Final = Organization(accounts=10_000, events=5_000, entities=1_000_000, decisions=200_000)
USUAL: Final = Organization(accounts=1_000, events=500, entities=100_000, decisions=20_000)


def large(organization: Organization, kinds: tuple[str, ...] = RENDERINGS) -> Iterator[Result]:
    """Each rendering with the reading and counting that it needs, as the command makes it."""
    floor = cost_of("floor", organization)
    yield Result(name="the floor: the same rows read, and written as JSON", value=floor.seconds, unit="s")
    yield Result(name="  its peak memory", value=floor.memory, unit="MB")
    yield Result(name="  what it wrote", value=floor.written, unit="MB")
    for kind in kinds:
        cost = cost_of(kind, organization)
        yield _within(f"the report as {kind}", cost.seconds, "s", floor.seconds, MOST_SECONDS)
        yield _within("  its peak memory", cost.memory, "MB", floor.memory, MOST_MEGABYTES)
        if kind == "html":
            yield _within("  the page", cost.written, "MB", floor.written, MOST_PAGE)
        else:
            yield compared("  what it wrote", cost.written, "MB", baseline=floor.written)


def growth(organization: Organization, times: int = 10) -> Iterator[Result]:
    """Of the page, each number in turn that many times as large."""
    first = cost_of("html", organization)
    yield Result(name=f"the report as html: {_told(organization)}", value=first.seconds, unit="s")
    yield Result(name="  its peak memory", value=first.memory, unit="MB")
    for name, number in asdict(organization).items():
        cost = cost_of("html", replace(organization, **{name: number * times}))
        yield compared(f"  {times} × as many {name}", cost.seconds, "s", baseline=first.seconds)
        yield compared("  its peak memory", cost.memory, "MB", baseline=first.memory)


def cost_of(kind: str, organization: Organization) -> Cost:
    """In a process of its own. Raises CalledProcessError where that fails."""
    numbers = map(str, astuple(organization))
    ran = subprocess.run([sys.executable, "-m", __name__, kind, *numbers], check=True, stdout=subprocess.PIPE)
    return Cost(*json.loads(ran.stdout))


def _told(organization: Organization) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in asdict(organization).items())


def _within(name: str, value: float, unit: str, baseline: float, most: int) -> Result:
    """Beside the floor, and held against a limit."""
    return Result(
        name=name,
        value=value,
        unit=unit,
        baseline=baseline,
        ratio=value / baseline,
        goal=f"at most {most} {unit}",
        holds=value <= most,
    )


def _floor(reader: LargeReader, out: Path) -> None:
    """Nothing is kept: each row is written as it comes."""
    options = reader.options()
    with out.open("w", encoding="utf-8") as file:
        for row in _rows(reader, options.since, options.until):
            file.write(json.dumps(row, default=_plain) + "\n")


def _rows(reader: LargeReader, since: Any, until: Any) -> Iterator[Any]:
    yield asdict(reader.state())
    yield from reader.policies()
    yield from map(asdict, reader.accounts().values())
    for record in reader.events(since, until):
        yield {"key": record.key, "values": dict(record.values), "text": reader.texts([record.key])[record.key]}
        yield list(reader.affected(record.key))
        yield from reader.entities(record.key)
    yield from map(asdict, reader.decisions(since, until))


def _plain(value: Any) -> Any:
    return sorted(value) if isinstance(value, frozenset) else format_time(value)


def _rendered(rendering: Callable[[Report], str]) -> Callable[[LargeReader, Path], None]:
    def run(reader: LargeReader, out: Path) -> None:
        out.write_text(rendering(build(reader, reader.options())), encoding="utf-8")

    return run


def _tables(reader: LargeReader, out: Path) -> None:
    write_csv(reader, reader.options(), out)


_KINDS: Final[Mapping[str, Callable[[LargeReader, Path], None]]] = {
    "floor": _floor,
    "html": _rendered(html),
    "json": _rendered(as_json),
    "csv": _tables,
    "md": _rendered(as_md),
}


def _measured(kind: str, organization: Organization) -> Cost:
    """In this process, which is to do nothing else."""
    with TemporaryDirectory() as folder:
        out = Path(folder) / "out.zip"
        began = time.process_time()
        _KINDS[kind](organization.reader(), out)
        seconds = time.process_time() - began
        size = out.stat().st_size
    return Cost(seconds, _peak() / _MEGABYTE, size / _MEGABYTE)


def _peak() -> int:
    """In bytes. Of this program only: ``getrusage`` counts what the process was before it became this program."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM:")) * _KIBIBYTE


if __name__ == "__main__":
    print(json.dumps(astuple(_measured(sys.argv[1], Organization(*map(int, sys.argv[2:]))))))  # noqa: T201  the answer
