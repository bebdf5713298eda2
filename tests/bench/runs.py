"""What `make bench` keeps: a file for each part with its results, when and where they came to be, and all results.

A part that is measured again replaces its own file only. `results.json` is the results of all parts, in order.
"""

import json
import os
import platform
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.bench.measure import Result
from tests.bench.parts import PARTS, Part


@dataclass(frozen=True, slots=True)
class Run:
    """One part as it was measured: on which day and machine, how many seconds it took, and what came out."""

    part: Part
    day: str
    machine: str
    seconds: float
    results: tuple[Result, ...]


def keep(part: Part, results: Iterable[Result], seconds: float, folder: Path) -> None:
    """Of a part that was measured now, on this machine."""
    told = {
        "part": part.key,
        "day": datetime.now(UTC).date().isoformat(),
        "machine": machine(),
        "seconds": round(seconds, 1),
        "results": [asdict(result) for result in results],
    }
    _write(folder / "parts" / f"{part.key}.json", told)


def runs(folder: Path) -> Iterator[Run]:
    """Of the parts that have been measured, in the order of the table."""
    for part in PARTS.values():
        file = folder / "parts" / f"{part.key}.json"
        if file.is_file():
            told = json.loads(file.read_text(encoding="utf-8"))
            results = tuple(Result(**result) for result in told["results"])
            yield Run(part, told["day"], told["machine"], told["seconds"], results)


def written(folder: Path) -> list[Result]:
    """All results that there are, into ``results.json``."""
    results = [result for run in runs(folder) for result in run.results]
    _write(folder / "results.json", [asdict(result) for result in results])
    return results


def machine() -> str:
    """This one, in words."""
    pages, size = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    memory = f"{pages * size / 2**30:.0f} GiB of memory"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{_processor()}, {os.cpu_count()} processors, {memory}, {platform.system()}, {python}"


def _processor() -> str:
    """Its name where Linux tells it."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8").splitlines() if told.is_file() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(iter(names), platform.machine())


def _write(file: Path, told: Any) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
