"""What a preflight finds, as data: what is so, what it means, and what mends it, by whom.

One finding is one thing to do. Nothing is looked up here, and nothing is printed.
"""

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from botocore.exceptions import ClientError

from org_gate.inventory.errors import AwsRefusedError

_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"})
_NOT_ALLOWED: Final = re.compile(r"is not authorized to perform: ([a-z0-9-]+:[A-Za-z0-9]+)")
_BY_POLICY: Final = re.compile(r"polic(y|ies) allows?|explicit deny|permissions boundary")


class Severity(StrEnum):
    """A note asks for nothing."""

    STOPS = "stops"
    WARNS = "warns"
    NOTE = "note"


class Who(StrEnum):
    """Whose credentials the mending takes."""

    MANAGEMENT = "management account"
    CENTRAL = "central account"
    YOU = "you"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """``code`` names the kind. ``commands`` are lines for a shell, in their order, complete as they are."""

    code: str
    severity: Severity
    found: str
    means: str
    mend: str
    who: Who
    commands: tuple[str, ...] = ()

    def data(self) -> dict[str, Any]:
        """JSON-able, by field name."""
        return {
            "code": self.code,
            "severity": str(self.severity),
            "found": self.found,
            "means": self.means,
            "mend": self.mend,
            "who": str(self.who),
            "commands": list(self.commands),
        }


def command(*words: str) -> str:
    """One line for a shell."""
    return shlex.join(words)


def listed(words: Iterable[object], most: int = 10) -> str:
    """The words in a sentence; how many more there are where there are many."""
    given = [str(word) for word in words]
    more = f" and {len(given) - most} more" if len(given) > most else ""
    return ", ".join(given[:most]) + more


@dataclass(frozen=True, slots=True)
class Refusal:
    """What AWS said where it did not answer."""

    code: str
    message: str

    @property
    def is_denial(self) -> bool:
        return self.code in _DENIED

    @property
    def is_by_policy(self) -> bool:
        """Whether it says that a policy is the reason: what an account is or has not is another."""
        return self.is_denial and _BY_POLICY.search(self.message) is not None

    @property
    def action(self) -> str | None:
        """The action that the caller's policies do not allow, where that is it."""
        found = _NOT_ALLOWED.search(self.message)
        return found.group(1) if found and self.is_denial else None


def refusal_of(error: AwsRefusedError) -> Refusal:
    """In AWS's own words, without our advice behind them."""
    cause = error.__cause__
    if isinstance(cause, ClientError):
        return Refusal(error.code, cause.response.get("Error", {}).get("Message", ""))
    return Refusal(error.code, str(cause))


def could_not_look(subjects: Sequence[str], refusal: Refusal) -> Finding:
    """Checks that AWS did not let run, for one reason."""
    allow = "" if refusal.action is None else f"Allow these credentials {refusal.action}, and run again."
    return Finding(
        code="not-looked-at",
        severity=Severity.WARNS,
        found=f"Not looked at: {listed(subjects)}. AWS said {refusal.code}: {refusal.message}",
        means="What is wrong there would show only during the rollout.",
        mend=allow or "Run again; where AWS says the same, mend what it says.",
        who=Who.YOU,
    )


def not_yet_seen(subjects: Sequence[str]) -> Finding:
    """Checks that wait for the central account to be made a delegated administrator, which is found by itself."""
    return Finding(
        code="not-yet-seen",
        severity=Severity.NOTE,
        found=f"Not looked at: {listed(subjects)}. AWS shows that to delegated administrators only.",
        means="There may be more to mend than what is above.",
        mend="Mend what is above and run again; credentials of the management account see it now.",
        who=Who.YOU,
    )
