"""One mutant put to the tests, in a process of its own that is forked from one where the libraries are loaded.

The changed module exists in the child's memory only: no file is ever changed. A mutant is killed by the first test
that fails, by an import that fails, or by the time that is up. Must not import ``org_gate``: what is imported before
the fork is what it was.
"""

import importlib.abc
import importlib.util
import os
import resource
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType
from typing import Any, Final

import hypothesis
import pytest

LIBRARIES: Final = ("dateutil.rrule", "hypothesis.strategies", "jsonschema", "pydantic", "yaml", "zoneinfo")
MEMORY: Final = 4 * 1024**3
_ARGUMENTS: Final = (
    *("-x", "-q", "--no-header", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # hypothesis is loaded before the fork
)
hypothesis.settings.register_profile("mutants", database=None, derandomize=True)


@dataclass(frozen=True, slots=True)
class Changed:
    """A module's source as it is to be imported."""

    file: str
    source: str

    @property
    def module(self) -> str:
        return self.file.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


class Order:
    """A pytest plugin: likely killers first, then the quick tests; notes how long each took and which one failed."""

    def __init__(self, first: Sequence[str], seconds: dict[str, float]) -> None:
        self.failed: str | None = None
        self.seconds: dict[str, float] = {}
        self._rank = {name: place for place, name in enumerate(first)}
        self._known = seconds

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        last = len(self._rank)
        items.sort(key=lambda item: (self._rank.get(item.nodeid, last), self._known.get(item.nodeid, 0.0)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] = self.seconds.get(report.nodeid, 0.0) + report.duration
        if report.failed and self.failed is None:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and self.failed is None:
            self.failed = report.nodeid


def load_libraries() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)


def tested(changed: Changed | None, tests: Sequence[str], order: Order, log: Path) -> int:
    """pytest's exit code. Only in a child: it replaces what is imported, and stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with log.open("w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    if changed is not None:
        sys.dont_write_bytecode = True
        sys.meta_path.insert(0, _Finder(changed))
    hypothesis.settings.load_profile("mutants")
    code = int(pytest.main([*_ARGUMENTS, *tests], plugins=[order]))
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def end(pid: int) -> None:
    """With all that it started."""
    os.killpg(pid, signal.SIGKILL)


class _Finder(importlib.abc.MetaPathFinder):
    def __init__(self, changed: Changed) -> None:
        self._changed = changed

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> ModuleSpec | None:  # noqa: ARG002  importlib's
        if fullname != self._changed.module:
            return None
        loader = _Loader(fullname, str(Path(self._changed.file).resolve()), self._changed.source)
        return importlib.util.spec_from_file_location(fullname, loader.path, loader=loader)


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, source: str) -> None:
        super().__init__(name, path)
        self._source = source

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002  importlib's
        return compile(self._source, self.path, "exec", dont_inherit=True)
