"""Waiting for AWS without a clock of our own: look, sleep as told, look again."""

from collections.abc import Callable
from typing import Final, TypeVar

from org_gate.inventory.errors import TookTooLongError

Sleep = Callable[[float], None]
Found = TypeVar("Found")

_EVERY_SECONDS: Final = 5.0


def wait_for(look: Callable[[], Found | None], sleep: Sleep, *, what: str, minutes: int) -> Found:
    """The first answer of ``look`` that is not None. Raises TookTooLongError after about ``minutes``."""
    for _ in range(int(minutes * 60 / _EVERY_SECONDS)):
        found = look()
        if found is not None:
            return found
        sleep(_EVERY_SECONDS)
    msg = f"{what} was not done after {minutes} minutes. It goes on in AWS; run again to wait for it further."
    raise TookTooLongError(msg)
