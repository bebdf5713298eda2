"""Runs in the copy: every mutant of the given modules against the tests, on all cores, and notes what came of each.

    python -m tests.mutants.work NOTES FILE ...

NOTES is a file of JSON lines; what it holds of the same code and tests is not run again, so a run that was ended goes
on where it was, and a new test meets the survivors alone. Of other code it says which test is likely to kill, no more.
"""

import hashlib
import json
import os
import pickle
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.mutants.accepted import Place
from tests.mutants.fresh import failing
from tests.mutants.generate import Mutant, mutants
from tests.mutants.trial import Order, confine, end, files, load_libraries, run
from tests.mutants.warm import Killers, Survey, Surveyor, Warm, forked, limit

CODE: Final = ("org_gate/decision", "org_gate/policy", "org_gate/model")
HELPERS: Final = ("tests/unit/decision/builders.py", "tests/unit/decision/oracle.py")
_PATIENCE: Final = 300
"""Seconds that all tests may take with one mutant."""


@dataclass(frozen=True, slots=True)
class Note:
    """What came of a mutant. ``killed_by`` is None where it survived."""

    digest: str
    file: str
    function: str
    change: str
    nth: int
    killed_by: str | None
    seconds: float

    @property
    def place(self) -> Place:
        return Place(self.file, self.function, self.change)


class Digests:
    """Of what a note rests on: the code, and the tests that ran. Taken where we are."""

    def __init__(self) -> None:
        code = [str(path) for folder in CODE for path in sorted(Path(folder).rglob("*.py"))]
        self._code = _digest([*code, *(one for one in HELPERS if Path(one).exists())])
        self._tests = {file: _digest([file]) for file in files()}
        self._all = _digest(self._tests)

    def of(self, killed_by: str | None) -> str:
        """What a test has killed other tests cannot bring back; what is alive all of them have seen."""
        return f"{self._code}-{self._tests.get((killed_by or '').partition('::')[0], self._all)}"

    @property
    def all(self) -> str:
        return self.of(None)


def _digest(names: Iterable[str]) -> str:
    found = hashlib.sha256()
    for name in names:
        found.update(f"{name}\0{Path(name).read_text()}\0".encode())
    return found.hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Run:
    """What all processes of one run share. ``notes`` is only ever added to."""

    digests: Digests
    notes: Path
    cores: int
    main: int = field(default_factory=os.getpid)
    """The process that started it; those that it has started end with it, for the copy they work on may be gone."""

    def told(self, mutant: Mutant, killed_by: str | None, seconds: float) -> None:
        """Called by those."""
        if os.getppid() != self.main:
            os._exit(1)
        line = json.dumps([self.digests.of(killed_by), *mutant.place, mutant.nth, killed_by, round(seconds, 3)]) + "\n"
        with self.notes.open("a") as output:
            output.write(line)

    def left(self, every: Sequence[Mutant]) -> list[Mutant]:
        done = holding(self.notes, self.digests)
        return [one for one in every if (*one.place, one.nth) not in done]

    def warmly(self, wanted: Sequence[Mutant], survey: Survey, killers: Killers) -> None:
        """Those that can be swapped in; the others are left."""

        def all_at_once(share: Sequence[Mutant]) -> None:
            code = run(Warm(share, survey, killers, self.told))
            if code:
                raise RuntimeError(f"pytest ended with {code}")

        self._shared(wanted, all_at_once)

    def freshly(self, wanted: Sequence[Mutant], survey: Survey, killers: Killers) -> None:
        """Each with an import of its own."""

        def one_by_one(share: Sequence[Mutant]) -> None:
            for mutant in share:
                began = time.monotonic()
                likely = killers.files(mutant)
                killed_by = forked(partial(_failing, mutant, survey, killers, likely)) if likely else None
                killed_by = killed_by or forked(partial(_failing, mutant, survey, killers, []))
                killers.remember(mutant, killed_by)
                self.told(mutant, killed_by, time.monotonic() - began)

        self._shared(wanted, one_by_one)

    def _shared(self, wanted: Sequence[Mutant], work: Callable[[Sequence[Mutant]], object]) -> None:
        """Among as many processes as there are cores. Raises SystemExit where one of them fails."""
        children = {self._begun(wanted[core :: self.cores], work) for core in range(min(self.cores, len(wanted)))}
        try:
            while children:
                pid, status = os.wait()
                children.discard(pid)
                if status:
                    raise SystemExit("The run ended early: see what is written above.")
        finally:
            for pid in children:
                end(pid)

    def _begun(self, share: Sequence[Mutant], work: Callable[[Sequence[Mutant]], object]) -> int:
        pid = os.fork()
        if pid:
            return pid
        with tempfile.TemporaryDirectory() as folder:
            said = os.dup(2)
            log = Path(folder) / "log"
            confine(log)
            try:
                work(share)
            except BaseException as error:  # noqa: BLE001  the edge of this process
                os.write(said, f"{error!r}\n{log.read_text()[-4000:]}\n".encode())
                os._exit(1)
        os._exit(0)


def _failing(mutant: Mutant, survey: Survey, killers: Killers, tests: list[str]) -> str | None:
    limit(_PATIENCE)
    quick = sorted(survey.seconds, key=lambda name: (survey.seconds[name], name))
    return failing(mutant.place.file, mutant.source, Order(killers.first(mutant, quick), survey.seconds), tests)


def surveyed() -> Survey:
    """Raises SystemExit where a test fails without any mutant."""
    with tempfile.NamedTemporaryFile() as answer, tempfile.NamedTemporaryFile("r") as log:

        def work() -> str | None:
            confine(Path(log.name))
            surveyor = Surveyor(CODE)
            code = run(surveyor)
            Path(answer.name).write_bytes(pickle.dumps(surveyor.survey))
            return f"{surveyor.failed}: pytest ended with {code}" if code else None

        failed = forked(work)
        if failed is not None:
            raise SystemExit(f"The tests fail without any mutant: {failed}\n{log.read()[-4000:]}")
        survey = pickle.loads(Path(answer.name).read_bytes())  # noqa: S301  our child's
        assert isinstance(survey, Survey)
        return survey


def _killers(notes: Path) -> Killers:
    killers = Killers()
    for note in read_notes(notes):
        killers.remember(note, note.killed_by)
    return killers


def _surveyed_before(kept: Path) -> Survey:
    if kept.exists():
        survey = pickle.loads(kept.read_bytes())  # noqa: S301  written below
        assert isinstance(survey, Survey)
        return survey
    survey = surveyed()
    for old in kept.parent.glob("survey-*"):
        old.unlink()
    kept.write_bytes(pickle.dumps(survey))
    return survey


def main(notes: Path, wanted: list[str]) -> None:
    this = Run(Digests(), notes, os.cpu_count() or 1)
    every = [one for file in wanted for one in mutants(file, Path(file).read_text())]
    left = this.left(every)
    _say(f"{len(left)} mutants to run; {len(every) - len(left)} are done")
    load_libraries()
    survey = _surveyed_before(notes.with_name(f"survey-{this.digests.all}"))
    this.warmly(left, survey, _killers(notes))
    left = this.left(every)
    _say(f"{len(left)} are left that need an import of their own")
    this.freshly(left, survey, _killers(notes))


def read_notes(notes: Path) -> Iterator[Note]:
    """A last line that was cut off is left out."""
    for line in notes.read_text().splitlines() if notes.exists() else ():
        told: Any = json.loads(line) if line.endswith("]") else None
        if told is not None:
            yield Note(*told)


def holding(notes: Path, digests: Digests) -> dict[tuple[str, str, str, int], Note]:
    """The notes that hold for the code and the tests as they are, by mutant."""
    found = (note for note in read_notes(notes) if note.digest == digests.of(note.killed_by))
    return {(*note.place, note.nth): note for note in found}


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201  progress


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
