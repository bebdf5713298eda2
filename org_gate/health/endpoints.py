"""Where AWS Health answers now: it has one active and one passive Region, and a name that tells which.

``global.health.amazonaws.com`` is an alias of the active endpoint. Requests have to be signed for the active
Region, so it is looked up for every poll and never kept. The Region of the Lambda function is not asked:
AWS Health has no endpoint there. A look-up that hangs must not hang the poll.
"""

import re
import socket
from collections.abc import Callable
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final

GLOBAL_NAME: Final = "global.health.amazonaws.com"
FALLBACK_REGIONS: Final = ("us-east-1", "us-east-2")
LOOKUP_SECONDS: Final = 1.0
_ENDPOINT: Final = re.compile(r"^health\.([a-z]{2}(?:-[a-z]+)+-[0-9]{1,2})\.amazonaws\.com\.?$")

Resolver = Callable[[str], list[str]]
"""The names a name leads to, itself among them. Raises OSError where there is none."""


def resolve(name: str) -> list[str]:
    """By the machine's resolver."""
    canonical, aliases, _addresses = socket.gethostbyname_ex(name)
    return [canonical, *aliases]


def candidate_regions(resolver: Resolver = resolve, timeout: float = LOOKUP_SECONDS) -> tuple[str, ...]:
    """The active Region; the fallbacks in order where the look-up fails or takes too long.

    Where the look-up tells, no other Region is asked: the passive one might answer with what was.
    """
    names = _within(timeout, resolver)
    found = [match[1] for name in names if (match := _ENDPOINT.match(name.lower())) is not None]
    return tuple(found[:1]) or FALLBACK_REGIONS


def _within(timeout: float, resolver: Resolver) -> list[str]:
    """A resolver cannot be interrupted, so it runs in a thread that is left behind where it hangs."""
    answers: SimpleQueue[list[str]] = SimpleQueue()
    Thread(target=_answer, args=(resolver, answers), daemon=True, name="health-endpoint-lookup").start()
    try:
        return answers.get(timeout=timeout)
    except Empty:
        return []


def _answer(resolver: Resolver, answers: SimpleQueue[list[str]]) -> None:
    try:
        answers.put(resolver(GLOBAL_NAME))
    except OSError:
        answers.put([])
