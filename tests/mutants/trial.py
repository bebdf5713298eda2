"""pytest as mutants need it: which tests, in which order, ended by the first that fails, and no slow ones in full.

Random tests run the same few examples every time and do not shrink what they find. Must not import ``org_gate``: a
process that is to see a changed module has to import it itself.
"""

import importlib
import os
import resource
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import hypothesis
import pytest

TESTS: Final = ("tests/unit/decision", "tests/unit/policy", "tests/contract/test_d*.py", "tests/contract/test_p*.py")
SLOW: Final = {
    *("test_d13_complete_poll.py", "test_d3_events.py", "test_d4_over.py"),  # through the collector and the store
    *("test_explain.py", "test_policy_page.py"),  # of what is left alone here
    *("test_cases.py", "test_diff.py", "test_warnings.py"),  # likewise
}
"""No better for what is looked for here."""
IN_OTHER_PROCESSES: Final = (
    "test_d15_the_same_byte_for_byte_in_every_process",
    "test_policies_as_data_need_no_yaml",
)
"""Where no mutant is."""
EXAMPLES: Final = 12
MEMORY: Final = 4 * 1024**3
LIBRARIES: Final = ("dateutil.rrule", "hypothesis.strategies", "jsonschema", "pydantic", "yaml", "zoneinfo")
_ARGUMENTS: Final = (
    *("-q", "-s", "--no-header", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cacheprovider"),
    *("-k", " and ".join(f"not {name}" for name in IN_OTHER_PROCESSES)),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # hypothesis is loaded before the fork
)
_RANDOM: Final[dict[str, Any]] = {
    "phases": (hypothesis.Phase.explicit, hypothesis.Phase.generate),
    "derandomize": True,
    "database": None,
    "deadline": None,
    "suppress_health_check": list(hypothesis.HealthCheck),  # how busy this machine is kills no mutant
}
_SETTINGS: Final = "_hypothesis_internal_use_settings"


class Order:
    """A pytest plugin: likely killers first, then the quick tests; keeps which one failed first."""

    def __init__(self, first: Sequence[str] = (), seconds: Mapping[str, float] | None = None) -> None:
        self.failed: str | None = None
        self._rank = {name: place for place, name in enumerate(first)}
        self._seconds = seconds or {}

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        last = len(self._rank)
        items.sort(key=lambda item: (self._rank.get(item.nodeid, last), self._seconds.get(item.nodeid, 0.0)))
        for item in items:
            _with_few_examples(item)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.failed is None:
            self.failed = report.nodeid

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and self.failed is None:
            self.failed = report.nodeid


def files() -> list[str]:
    """Those of the tests, from where we are."""
    found = [path for glob in TESTS for path in sorted(Path().glob(glob))]
    every = [file for path in found for file in (sorted(path.rglob("test_*.py")) if path.is_dir() else [path])]
    return [str(file) for file in every if file.name not in SLOW]


def load_libraries() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)


def run(plugin: object, *arguments: str, tests: Sequence[str] = ()) -> int:
    """pytest's exit code, of all tests unless some files are named. Only in a child: it keeps what it imports."""
    return int(pytest.main([*_ARGUMENTS, *arguments, *(tests or files())], plugins=[plugin]))


def confine(log: Path) -> None:
    """This process from now on: its own group, bounded memory, and what it writes goes to ``log``."""
    os.setpgid(0, 0)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    with log.open("w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)


def end(pid: int) -> None:
    """With all that it started."""
    os.killpg(pid, signal.SIGKILL)


def _with_few_examples(item: pytest.Item) -> None:
    function: Any = getattr(item, "obj", None)
    was = getattr(function, _SETTINGS, None)
    if was is not None:
        few = min(was.max_examples, EXAMPLES)
        setattr(function, _SETTINGS, hypothesis.settings(was, max_examples=few, **_RANDOM))
