"""Survivors held against ``accepted.toml``: one that is not listed is missing a test, one that is gone is a stale line.

An entry has ``file``, ``function``, ``reason`` and ``changes``; a change is its lines as they went and came, so that
it does not matter where in the file they are. A change that several mutants make is listed once.
"""

import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class Place(NamedTuple):
    """What is changed. ``function`` is qualified by its class, ``change`` is the lines that went and came."""

    file: str
    function: str
    change: str


@dataclass(frozen=True, slots=True)
class Comparison:
    unlisted: list[Place]
    gone: list[Place]

    @property
    def holds(self) -> bool:
        return not self.unlisted and not self.gone


def accepted(path: Path) -> dict[Place, str]:
    """Each with its reason. Raises ValueError where an entry has none, or is there twice."""
    found: dict[Place, str] = {}
    for entry in tomllib.loads(path.read_text()).get("accepted", []):
        if not entry["reason"].strip():
            raise ValueError(f"{path}: {entry['file']} {entry['function']}: an accepted survivor without a reason")
        for change in entry["changes"]:
            place = Place(entry["file"], entry["function"], change.strip())
            if place in found:
                raise ValueError(f"{path}: {place.file} {place.function}: this change is listed twice:\n{change}")
            found[place] = entry["reason"]
    return found


def compared(survivors: Iterable[Place], listed: Iterable[Place], files: Iterable[str]) -> Comparison:
    """Of ``files`` alone: what was not run is not gone."""
    alive, run, known = set(survivors), set(files), set(listed)
    return Comparison(sorted(alive - known), sorted(place for place in known - alive if place.file in run))


def entries(places: Iterable[Place]) -> Iterator[str]:
    """As they would be written in the list, without a reason."""
    for place in places:
        change = place.change.replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
        yield f'[[accepted]]\nfile = "{place.file}"\nfunction = "{place.function}"\nreason = ""\n'
        yield f'changes = ["""\n{change}"""]\n'
