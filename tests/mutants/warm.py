"""Mutants put to the tests in forks of a process in which everything is imported and collected.

Most mutants change the inside of one function. A fork swaps that function's code and runs the tests that ever ran the
function, the likely killers and the quick ones first, until one fails: milliseconds each.
"""

import gc
import os
import pickle
import signal
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final

import pytest

from tests.mutants.generate import Mutant
from tests.mutants.swap import Function, Swapper, clear_caches, enclosing, swap
from tests.mutants.trial import Order

_PATIENCE: Final = 10
"""How many times as long as it took without a mutant a test may take, before the mutant counts as killed."""
_FILES: Final = 2
_QUICK: Final = 0.1
TIME_IS_UP: Final = "time is up"

Told = Callable[[Mutant, str | None, float], None]
"""What came of a mutant: what killed it, and the seconds it took."""


@dataclass
class Survey:
    """Which functions each test runs, and how long it takes; taken once, of the code as it is."""

    seconds: dict[str, float] = field(default_factory=dict)
    tests: defaultdict[Function, set[str]] = field(default_factory=lambda: defaultdict(set))
    at_import: set[Function] = field(default_factory=set)
    """What runs while modules and tests are imported: its effects are there before any swap."""

    def of(self, functions: Sequence[Function]) -> list[str]:
        """The quick ones first."""
        found = set().union(*(self.tests[function] for function in functions))
        return sorted(found, key=lambda name: (self.seconds[name], name))


class Surveyor(Order):
    """The plugin that takes it."""

    def __init__(self, folders: Sequence[str]) -> None:
        super().__init__()
        self.survey = Survey()
        self._prefixes = tuple(f"{Path(folder).resolve()}/" for folder in folders)
        self._seen = self.survey.at_import
        self._watch()

    def pytest_collection_finish(self) -> None:
        sys.settrace(None)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        clear_caches()
        self._seen = set()
        began = time.process_time()
        self._watch()
        result = yield
        sys.settrace(None)
        self.survey.seconds[item.nodeid] = time.process_time() - began
        for function in self._seen:
            self.survey.tests[function].add(item.nodeid)
        return result

    def _watch(self) -> None:
        sys.settrace(self._called)

    def _called(self, frame: FrameType, _event: str, _argument: Any) -> None:
        if frame.f_code.co_filename.startswith(self._prefixes):
            self._seen.add(enclosing(frame.f_code))


class Warm:
    """The plugin that runs mutants in place of the tests. Leaves out, and does not tell of, what needs an import."""

    def __init__(self, wanted: Sequence[Mutant], survey: Survey, killers: "Killers", told: Told) -> None:
        self._wanted, self._survey, self._killers, self._told = wanted, survey, killers, told
        self._items: dict[str, pytest.Item] = {}
        self._order = Order()
        self._swappers: dict[str, Swapper] = {}
        """By file."""

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        self._order.pytest_collection_modifyitems(items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._order.pytest_runtest_logreport(report)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self._items = {item.nodeid: item for item in session.items}
        self._swappers = {file: Swapper(file) for file in {mutant.place.file for mutant in self._wanted}}
        clear_caches()
        gc.freeze()  # forks share what is never looked at
        for mutant in self._wanted:
            self._try(mutant)
        return True

    def _try(self, mutant: Mutant) -> None:
        changes = self._swappers[mutant.place.file].changed(mutant.source)
        if changes is None:
            return
        functions = [enclosing(function.__code__) for function, _ in changes]
        again = not self._survey.at_import.isdisjoint(functions)
        names = self._killers.first(mutant, self._survey.of(functions))
        if again:  # with an import of its own, if none of the quick ones kills it
            names = [name for name in names if self._survey.seconds[name] < _QUICK]
        began = time.monotonic()
        killed_by = forked(lambda: self._failing(changes, names))
        if killed_by is None and again:
            return
        self._killers.remember(mutant, killed_by)
        self._told(mutant, killed_by, time.monotonic() - began)

    def _failing(self, changes: Any, names: Sequence[str]) -> str | None:
        swap(changes)
        for name in names:
            limit(_PATIENCE * self._survey.seconds[name] + 2)
            item = self._items[name]
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            if self._order.failed:
                return self._order.failed
        return None


class Killers:
    """What killed a mutant before, and what killed others in the same function lately: tried first."""

    def __init__(self) -> None:
        self._of: dict[tuple[Any, ...], str] = {}
        self._lately: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
        self._files: defaultdict[str, Counter[str]] = defaultdict(Counter)

    def remember(self, mutant: Any, killed_by: str | None) -> None:
        """``mutant`` has a place and is the nth there."""
        if killed_by is None or "::" not in killed_by:
            return
        place = mutant.place
        self._of[(*place, mutant.nth)] = killed_by
        lately = self._lately[place.file, place.function]
        if killed_by in lately:
            lately.remove(killed_by)
        lately.insert(0, killed_by)
        self._files[place.file][killed_by.partition("::")[0]] += 1

    def first(self, mutant: Mutant, names: Sequence[str]) -> list[str]:
        """``names`` in a better order; none is added."""
        place = mutant.place
        before = [self._of.get((*place, mutant.nth), ""), *self._lately[place.file, place.function]]
        known = set(names)
        return list(dict.fromkeys([*(name for name in before if name in known), *names]))

    def files(self, mutant: Mutant) -> list[str]:
        """The test files that killed most in the mutant's module, and the one that killed the mutant itself."""
        own = self._of.get((*mutant.place, mutant.nth), "").partition("::")[0]
        most = [file for file, _ in self._files[mutant.place.file].most_common(_FILES)]
        return [file for file in dict.fromkeys([own, *most]) if Path(file).is_file()]


def forked(work: Callable[[], str | None]) -> str | None:
    """What ``work`` answers in a fork of this process; its error, or TIME_IS_UP where it came to none."""
    reading, writing = os.pipe()
    pid = os.fork()
    if not pid:
        os.setpgid(0, 0)
        try:
            answer = work()
        except BaseException as error:  # noqa: BLE001  whatever it is, it has killed the mutant
            answer = repr(error)[:200]
        os.write(writing, pickle.dumps(answer))
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        told = pipe.read()
    os.waitpid(pid, 0)
    return pickle.loads(told) if told else TIME_IS_UP  # noqa: S301  our child's


def limit(seconds: float) -> None:
    """Ends this process after so many seconds of work, or ten times as many of waiting."""
    signal.setitimer(signal.ITIMER_PROF, seconds)
    signal.setitimer(signal.ITIMER_REAL, 10 * seconds)
