"""An override: a person's word, with a name, a reason and an end, that lifts what would block (D10).

Immutable but for its revocation. Whether it names a target is the engine's business, whether its maker may make it
is ``decision.grants``'.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from org_gate.model.times import format_time, parse_time, text_if_any, time_if_any

ALL: Final = "all"
FREEZE_PREFIX: Final = "freeze:"


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """``accounts`` (of the target) and ``pipelines`` (globs): one of them is named; where both are, both must fit.

    ``events`` are event ARNs, ``freeze:NAME``, or ``all``: events, freezes and staleness.
    """

    id: str
    accounts: tuple[str, ...] = ()
    pipelines: tuple[str, ...] = ()
    events: tuple[str, ...]
    reason: str
    ticket: str | None = None
    account: str
    """The account that made it."""
    who: str
    """The ARN of the user or role that signed."""
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None
    revoked_by: str | None = None

    def in_force(self, now: datetime) -> bool:
        """``now`` is in whole seconds. From its making on, up to its end; not once it is revoked."""
        return self.revoked_at is None and self.created_at <= now < self.expires_at


def override_json(override: Override) -> dict[str, Any]:
    """As the API shows it and the table keeps it."""
    return {
        "override_id": override.id,
        "accounts": list(override.accounts),
        "pipelines": list(override.pipelines),
        "events": list(override.events),
        "reason": override.reason,
        "ticket": override.ticket,
        "account": override.account,
        "who": override.who,
        "created_at": format_time(override.created_at),
        "expires_at": format_time(override.expires_at),
        "revoked_at": text_if_any(override.revoked_at),
        "revoked_by": override.revoked_by,
    }


def override_of(data: Mapping[str, Any]) -> Override:
    """The inverse of ``override_json``. Raises KeyError or ValueError where it is nothing of the kind."""
    return Override(
        id=data["override_id"],
        accounts=tuple(data["accounts"]),
        pipelines=tuple(data["pipelines"]),
        events=tuple(data["events"]),
        reason=data["reason"],
        ticket=data["ticket"],
        account=data["account"],
        who=data["who"],
        created_at=parse_time(data["created_at"]),
        expires_at=parse_time(data["expires_at"]),
        revoked_at=time_if_any(data["revoked_at"]),
        revoked_by=data["revoked_by"],
    )
