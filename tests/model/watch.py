"""Reads what the central functions log while the model runs, and tells what may not be there.

A deliberate fault is logged in a person's words. A traceback is right only where the table, or the queue of what people
have to see, did not do what was asked, and only while a fault strikes it.
"""

import contextlib
import io
import logging
from collections.abc import Callable, Iterator
from typing import Final

from org_gate.central.resuming_queue import NotSentError
from org_gate.store.errors import StoreError
from tests.model.cell import LOGGERS
from tests.model.faults import Faults

NEVER: Final = ("could not be understood", "ran out of time")


class Watch(logging.Handler):
    """``unexpected`` is told each line that may not be there."""

    def __init__(self, faults: Faults, unexpected: Callable[[str], None]) -> None:
        super().__init__(logging.WARNING)
        self._faults = faults
        self._unexpected = unexpected

    def emit(self, record: logging.LogRecord) -> None:
        message = record.getMessage()
        error = record.exc_info[1] if record.exc_info else None
        if any(words in message for words in NEVER):
            self._unexpected(f"logged: {message}")
        if error is not None and not self._is_of_a_fault(error):
            self._unexpected(f"logged: {message}: {type(error).__name__}: {error}")

    def _is_of_a_fault(self, error: BaseException) -> bool:
        services = {service for _, service in self._faults.struck}
        return (isinstance(error, StoreError) and "dynamodb" in services) or (
            isinstance(error, NotSentError) and "sqs" in services
        )


@contextlib.contextmanager
def watching(watch: Watch) -> Iterator[None]:
    """What is logged goes to the watch alone, and metrics nowhere."""
    names = [logging.getLogger(logger.service) for logger in LOGGERS]
    before = [(list(one.handlers), one.level, one.propagate) for one in names]
    try:
        for one in names:
            one.handlers[:], one.propagate = [watch], False
            one.setLevel(logging.WARNING)
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        for one, (handlers, level, propagate) in zip(names, before, strict=True):
            one.handlers[:], one.propagate = handlers, propagate
            one.setLevel(level)
