"""Words for a terminal: what strangers wrote made harmless, colour only where somebody can see it.

Event texts come from AWS, names from whoever asks: neither may move the cursor, start a line of its own, or turn
the direction of what follows.
"""

import os
import sys
import unicodedata
from typing import Final

import click

_UNSAFE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
COLOURS: Final = {"allow": "green", "warn": "yellow", "block": "red"}


def harmless(text: object) -> str:
    """The text on one line, with control and direction characters shown as escapes."""
    return "".join(
        letter.encode("unicode_escape").decode() if unicodedata.category(letter) in _UNSAFE else letter
        for letter in str(text)
    )


def styled(text: str, verdict: str) -> str:
    """The text in its verdict's colour, on a terminal that wants colour."""
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return click.style(text, fg=COLOURS.get(verdict), bold=True)
