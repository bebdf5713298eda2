"""No function of a simulated organization ends in an exception that nobody meant, whatever a test looks at.

The simulator tells each end in an error by Python's ``logging``; where it runs in a process of its own, on its stderr,
which ``tests.e2e.simulated`` looks at.
"""

import logging
from collections.abc import Iterator

import pytest

from tests.ends import unmeant


class Told(logging.Handler):
    """Keeps what it is told until somebody takes it."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self._lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())

    def take(self) -> list[str]:
        lines, self._lines = self._lines, []
        return lines


@pytest.fixture(name="told_by_functions", scope="session")
def _told_by_functions() -> Iterator[Told]:
    handler, logger = Told(), logging.getLogger("org_gate.simulator.lambdas.logs")
    logger.addHandler(handler)
    yield handler
    logger.removeHandler(handler)


@pytest.fixture(autouse=True)
def _no_function_fails_unseen(told_by_functions: Told) -> Iterator[None]:
    yield
    assert unmeant(told_by_functions.take()) == []
