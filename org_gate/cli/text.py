"""Words for a terminal: what strangers wrote made harmless, colour only where somebody can see it.

Event texts come from AWS, names from whoever asks: neither may move the cursor, start a line of its own, turn the
direction of what follows, or command the CI system that reads the log.
"""

import json
import os
import re
import sys
from typing import Final

import click

from org_gate.report.plain import one_line

_CI_COMMAND: Final = re.compile(r"(##\w*)\[")
"""GitHub, Azure Pipelines and TeamCity obey ``##[x]``, ``##vso[x]``, ``##teamcity[x]`` wherever it stands in a line."""
COLOURS: Final = {"allow": "green", "warn": "yellow", "block": "red"}


def harmless(text: object) -> str:
    """The text on one line, with control and direction characters and CI commands shown as escapes."""
    return _CI_COMMAND.sub(r"\1\\x5b", one_line(text))


def harmless_json(data: object) -> str:
    """The same JSON, spelled so that a log that shows it commands nobody. ``##`` stands in strings only."""
    return _CI_COMMAND.sub(r"\1\\u005b", json.dumps(data, indent=2))


def styled(text: str, verdict: str) -> str:
    """The text in its verdict's colour, on a terminal that wants colour."""
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return click.style(text, fg=COLOURS.get(verdict), bold=True)
