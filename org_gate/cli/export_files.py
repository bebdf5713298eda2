"""The files of an export: each takes its name once it is whole, so that whatever ends it leaves none half written."""

import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TextIO

from org_gate.model.event import Event
from org_gate.report import archive
from org_gate.report.exporting import decision_line, event_line
from org_gate.store import Store


class Sink(Protocol):
    """What takes an export, one thing after the other. Raises OSError."""

    def decision(self, record: Mapping[str, Any]) -> None:
        """As the table keeps it."""
        ...

    def event(self, event: Event) -> None: ...


class JsonLines(NamedTuple):
    """All in one file."""

    file: TextIO

    def decision(self, record: Mapping[str, Any]) -> None:
        self.file.write(decision_line(record))

    def event(self, event: Event) -> None:
        self.file.write(event_line(event))


class Written(NamedTuple):
    """Files that an export by day wrote, and those that were there."""

    new: int
    kept: int


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Another path to write to; what is there takes the name, in place of what had it, unless that failed.

    It is beside the path, and hidden: nobody who reads all files of the folder reads half of one.
    """
    part = path.with_name(f".{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def json_lines(out: Path) -> Iterator[JsonLines]:
    """Standard output where that is ``-``."""
    if str(out) == "-":
        yield JsonLines(sys.stdout)
        return
    with whole(out) as part, part.open("w", encoding="utf-8") as file:
        yield JsonLines(file)


def by_day(store: Store, folder: Path, days: Iterable[date]) -> Written:
    """A file for each day and kind that has anything, named as in S3. Those that are there stay: they may know more.

    Raises StoreError, OSError.
    """
    new = kept = 0
    for day in days:
        for kind in archive.KINDS:
            path = folder / archive.key(kind, day)
            if path.exists():
                kept += 1
            else:
                new += _written(path, archive.lines(store, kind, day))
    return Written(new, kept)


def _written(path: Path, lines: Iterator[str]) -> bool:
    first = next(lines, None)
    if first is None:
        return False
    with whole(path) as part, part.open("wb") as file:
        archive.pack(chain([first], lines), file)
    return True
