"""What was asked of IAM and which statements answered: so that a test can show every statement used and needed."""

from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True, slots=True)
class Use:
    """One statement that decided one action. ``policy`` and ``statement`` are empty where none allowed it.

    ``principal`` is the ARN of the role (not of its session), of the user, or the name of a service.
    """

    principal: str
    policy: str
    statement: str
    action: str
    resource: str
    allowed: bool


class Ledger:
    """All uses of one simulator, each once, in the order of their first time."""

    def __init__(self) -> None:
        self._uses: dict[Use, int] = {}
        self._lock = Lock()

    def add(self, use: Use) -> None:
        with self._lock:
            self._uses[use] = self._uses.get(use, 0) + 1

    def uses(self) -> tuple[Use, ...]:
        with self._lock:
            return tuple(self._uses)

    def denials(self) -> tuple[Use, ...]:
        return tuple(use for use in self.uses() if not use.allowed)
