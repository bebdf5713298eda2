"""How far work has come: a line on stderr that is written over, on a terminal alone; gone at the end."""

import sys
from types import TracebackType
from typing import Self

import click

_CLEAR = "\r\x1b[K"


class Counting:
    """``tell(done, of)`` shows it; ``what`` is what is counted, in the plural."""

    def __init__(self, doing: str, what: str) -> None:
        self._doing = doing
        self._what = what

    def __enter__(self) -> Self:
        return self

    def tell(self, done: int, of: int) -> None:
        self.show(f"{self._doing}: {done} of {of} {self._what}")

    def show(self, line: str) -> None:
        """Where nobody knows of how many."""
        if sys.stderr.isatty():
            click.echo(f"{_CLEAR}{line}", err=True, nl=False)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if sys.stderr.isatty():
            click.echo(_CLEAR, err=True, nl=False)
