"""How a rollout gets on: one line that is written over on a terminal, else a line where there is news."""

import sys
from typing import Final

import click

from org_gate.cli.text import harmless
from org_gate.rollout.apply_gates import Progress

_CLEAR: Final = "\r\x1b[K"
_TENTH: Final = 10
_MINUTE: Final = 60


class Watch:
    """Tells on stdout. Without a terminal: what happens, and how far it is at every tenth of the way."""

    def __init__(self) -> None:
        self._live = sys.stdout.isatty()
        self._told = -1

    def say(self, line: str) -> None:
        """Something happened; it gets a line of its own."""
        click.echo(f"{_CLEAR if self._live else ''}{harmless(line)}")

    def moved(self, progress: Progress) -> None:
        if self._live:
            click.echo(f"{_CLEAR}  {progress_text(progress)}", nl=False)
            return
        tenth = self._tenth(progress)
        if tenth != self._told:
            self._told = tenth
            click.echo(f"  {progress_text(progress)}")

    def end(self) -> None:
        if self._live:
            click.echo(_CLEAR, nl=False)

    @staticmethod
    def _tenth(progress: Progress) -> int:
        all_of_them = progress.done + progress.failed + progress.to_go
        return (progress.done + progress.failed) * _TENTH // all_of_them if all_of_them else _TENTH


def progress_text(progress: Progress) -> str:
    """As ``12 done, 1 failed, 30 to go, about 4 minutes left``."""
    failed = f", {progress.failed} failed" if progress.failed else ""
    left = f", {_about(progress.left)} left" if progress.left and progress.to_go else ""
    return f"{progress.done} done{failed}, {progress.to_go} to go{left} ({harmless(progress.wave)})"


def _about(seconds: float) -> str:
    if seconds < _MINUTE:
        return "less than a minute"
    minutes = round(seconds / _MINUTE)
    return f"about {minutes} minute{'' if minutes == 1 else 's'}"
