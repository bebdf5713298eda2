"""Runs in the copy: every mutant of the given modules against the tests, on all cores, and notes what came of each.

    python -m tests.mutants.work NOTES FILE ...

NOTES is a file of JSON lines; what it holds of the same code and tests is not run again, so a run that was ended goes
on where it was. Of other code or tests it says which test is likely to kill, no more.
"""

import hashlib
import json
import os
import pickle
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from tests.mutants.accepted import Place
from tests.mutants.generate import Mutant, mutants
from tests.mutants.trial import Changed, Order, end, load_libraries, tested

TESTS: Final = {
    "org_gate/decision": ("tests/unit/decision", "tests/contract/test_d*.py"),
    "org_gate/policy": (
        *("tests/unit/policy", "tests/contract/test_p*.py"),
        *("tests/unit/decision", "tests/contract/test_d*.py"),
    ),
}
"""By package; a decision rests on a policy, a policy on no decision."""
JUDGED: Final = (*TESTS, "org_gate/model", "tests/unit/decision", "tests/unit/policy", "tests/contract")
_KILLERS: Final = 12
_PATIENCE: Final = 10
"""How many times as long as all tests take a mutant may take, before it counts as killed."""


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


@dataclass
class Child:
    """A process at work. Its answer is read from ``answer`` when it has ended."""

    pid: int
    mutant: Mutant | None
    began: float
    answer: Path


@dataclass
class Bench:
    """How many processes may run at a time, how long, and which tests have killed what so far."""

    folder: Path
    cores: int
    patience: float = 600
    seconds: dict[str, float] = field(default_factory=dict)
    killers: defaultdict[str, list[str]] = field(default_factory=lambda: defaultdict(list))

    def run(self, wanted: Iterable[Mutant | None]) -> Iterator[tuple[Mutant | None, str | None, float]]:
        """Each as it ends: the mutant, what killed it and how long that took. None is the code as it is."""
        waiting = iter(wanted)
        running: list[Child] = []
        try:
            while True:
                running += map(self._begun, islice(waiting, self.cores - len(running)))
                if not running:
                    return
                ended = self._next(running)
                running.remove(ended)
                yield ended.mutant, self._judged(ended), time.monotonic() - ended.began
        finally:
            for child in running:
                end(child.pid)

    def _begun(self, mutant: Mutant | None) -> Child:
        handle, name = tempfile.mkstemp(dir=self.folder)
        os.close(handle)
        pid = os.fork()
        if pid:
            return Child(pid, mutant, time.monotonic(), Path(name))
        os.setpgid(0, 0)
        self._child(mutant, Path(name))
        os._exit(0)

    def _child(self, mutant: Mutant | None, answer: Path) -> None:
        killers = [] if mutant is None else self.killers[mutant.place.file]
        order = Order(killers, self.seconds)
        changed = None if mutant is None else Changed(mutant.place.file, mutant.source)
        try:
            code = tested(changed, list(_tests(changed)), order, answer.with_suffix(".log"))
        except BaseException as error:  # noqa: BLE001  whatever it is, it has killed the mutant
            code, order.failed = 1, order.failed or repr(error)
        answer.write_bytes(pickle.dumps((code, order.failed, order.seconds)))

    def _next(self, running: list[Child]) -> Child:
        """The first that ends; one that takes too long is ended."""
        while True:
            for child in running:
                if os.waitpid(child.pid, os.WNOHANG)[0]:
                    return child
                if time.monotonic() - child.began > self.patience:
                    end(child.pid)
                    os.waitpid(child.pid, 0)
                    return child
            time.sleep(0.01)

    def _judged(self, child: Child) -> str | None:
        told = child.answer.read_bytes()
        code, failed, seconds = pickle.loads(told) if told else (1, "time or memory is up", {})  # noqa: S301  our child's
        if child.mutant is None:
            if code:
                raise SystemExit(
                    f"The tests fail without any mutant: {failed}\n{child.answer.with_suffix('.log').read_text()}"
                )
            self.seconds = seconds
            self.patience = _PATIENCE * (time.monotonic() - child.began) + _PATIENCE
        child.answer.unlink()
        child.answer.with_suffix(".log").unlink(missing_ok=True)
        if code and child.mutant is not None:
            self.remember(child.mutant.place.file, failed)
        return (failed or f"pytest ended with {code}") if code else None

    def remember(self, file: str, killer: str | None) -> None:
        """The newest first."""
        if killer is not None and "::" in killer:
            kept = [one for one in self.killers[file] if one != killer]
            self.killers[file] = [killer, *kept][:_KILLERS]


def _tests(changed: Changed | None) -> Iterator[str]:
    """Those that may kill the mutant; all of them for the code as it is."""
    package = "org_gate/policy" if changed is None else changed.file.rpartition("/")[0]
    for glob in TESTS[package]:
        yield from sorted(map(str, Path().glob(glob)))


def digest(copy: Path) -> str:
    """Of the code and the tests that decide what becomes of a mutant."""
    found = hashlib.sha256()
    for folder in JUDGED:
        for path in sorted((copy / folder).rglob("*.py")):
            found.update(f"{path.relative_to(copy)}\0{path.read_text()}\0".encode())
    return found.hexdigest()[:16]


def main(notes: Path, files: list[str]) -> None:
    now = digest(Path())
    old = list(read_notes(notes))
    done = {(*note.place, note.nth) for note in old if note.digest == now}
    every = [one for file in files for one in mutants(file, Path(file).read_text())]
    wanted = [one for one in every if (*one.place, one.nth) not in done]
    print(f"{len(wanted)} mutants to run; {len(every) - len(wanted)} are done", flush=True)  # noqa: T201  progress
    load_libraries()
    with tempfile.TemporaryDirectory() as folder, notes.open("a") as output:
        bench = Bench(Path(folder), os.cpu_count() or 1)
        for note in old:
            bench.remember(note.file, note.killed_by)
        list(bench.run([None]))
        for number, (mutant, killed_by, seconds) in enumerate(bench.run(wanted), 1):
            assert mutant is not None
            output.write(json.dumps([now, *mutant.place, mutant.nth, killed_by, round(seconds, 2)]) + "\n")
            output.flush()
            if number % 50 == 0:
                print(f"  {number} of {len(wanted)}", flush=True)  # noqa: T201  progress


def read_notes(notes: Path) -> Iterator[Note]:
    """A last line that was cut off is left out."""
    for line in notes.read_text().splitlines() if notes.exists() else ():
        told: Any = json.loads(line) if line.endswith("]") else None
        if told is not None:
            yield Note(*told)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
