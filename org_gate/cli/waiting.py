"""Asking until it is no longer blocked, or the time is up (C1)."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, Final

from org_gate.cli.surroundings import Surroundings
from org_gate.client.errors import NoAnswer
from org_gate.model.decision import RETRY_AFTER_SECONDS
from org_gate.model.times import describe_duration

_SHORTEST_PAUSE: Final = 1
_LONGEST_PAUSE: Final = 3600


def ask_until(
    ask: Callable[[], dict[str, Any]],
    timeout: timedelta,
    surroundings: Surroundings,
    say: Callable[[str], None],
) -> dict[str, Any]:
    """The first decision that does not block or, when the time is up, the last one.

    An API that does not answer is asked again as well; raises its NoAnswer where it never did. What is refused is
    refused at once (Refused).
    """
    deadline = surroundings.seconds() + timeout.total_seconds()
    last: dict[str, Any] | None = None
    while True:
        left = deadline - surroundings.seconds()
        try:
            last = ask()
        except NoAnswer as error:
            if last is None and left <= 0:
                raise
            news = str(error)
        else:
            news = f"Still blocked: {last['summary']}"
            if last["verdict"] != "block":
                return last
        if last is not None and left <= 0:
            return last
        pause = min(_pause(last), max(left, 0.0))
        say(f"{news} Asking again in {describe_duration(timedelta(seconds=pause))}.")
        surroundings.sleep(pause)


def _pause(last: Mapping[str, Any] | None) -> float:
    asked_for = RETRY_AFTER_SECONDS if last is None else last["retry_after_seconds"]
    return float(min(max(asked_for, _SHORTEST_PAUSE), _LONGEST_PAUSE))
