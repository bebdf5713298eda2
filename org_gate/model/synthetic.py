"""Events that people put in by hand: drills, and incidents declared before AWS posts them.

One of them stands for an event in each of its Regions and of each of its services, until it ends: by itself, or
because it was stopped. They look like AWS Health's own to the policy, but say what they are.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

from org_gate.model.event import GLOBAL, MULTIPLE_SERVICES, Event
from org_gate.model.times import format_time, parse_time, text_if_any, time_if_any

Kind = Literal["drill", "declared"]
TYPE_CODES: Final = {"drill": "ORG_GATE_DRILL", "declared": "ORG_GATE_DECLARED_ISSUE"}


@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticEvent:
    """``regions`` empty: Region ``global``, which counts everywhere; ``services`` empty: ``MULTIPLE_SERVICES``."""

    id: str
    kind: Kind
    public: bool
    accounts: tuple[str, ...] = ()
    """The affected accounts, those of ``ous`` among them; none where it is public."""
    ous: tuple[str, ...] = ()
    """The OUs that were named, for those who read it."""
    regions: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    reason: str
    who: str
    """The ARN of the user or role that signed."""
    created_at: datetime
    ends_at: datetime
    stopped_at: datetime | None = None
    stopped_by: str | None = None

    def in_force(self, now: datetime) -> bool:
        """``now`` is in whole seconds."""
        return self.stopped_at is None and self.created_at <= now < self.ends_at


def events_of(synthetic: SyntheticEvent, accounts: frozenset[str]) -> Iterator[Event]:
    """As a decision sees it; ``accounts`` are those that the question is about."""
    for region in synthetic.regions or (GLOBAL,):
        for service in synthetic.services or (MULTIPLE_SERVICES,):
            yield _event(synthetic, region, service, accounts.intersection(synthetic.accounts))


def _event(synthetic: SyntheticEvent, region: str, service: str, accounts: frozenset[str]) -> Event:
    code = TYPE_CODES[synthetic.kind]
    return Event(
        arn=f"arn:aws:health:{region}::event/{service}/{code}/{synthetic.id}",
        region=region,
        service=service,
        type_code=code,
        category="issue",
        status="open" if synthetic.stopped_at is None else "closed",
        scope="PUBLIC" if synthetic.public else "ACCOUNT_SPECIFIC",
        start=synthetic.created_at,
        end=synthetic.stopped_at or synthetic.ends_at,
        last_updated=synthetic.stopped_at or synthetic.created_at,
        drill=synthetic.kind == "drill",
        declared=synthetic.kind == "declared",
        lists_accounts=bool(synthetic.accounts),
        accounts=accounts,
    )


def synthetic_json(synthetic: SyntheticEvent) -> dict[str, Any]:
    """As the API shows it and the table keeps it."""
    return {
        "id": synthetic.id,
        "kind": synthetic.kind,
        "public": synthetic.public,
        "accounts": list(synthetic.accounts),
        "ous": list(synthetic.ous),
        "regions": list(synthetic.regions),
        "services": list(synthetic.services),
        "reason": synthetic.reason,
        "who": synthetic.who,
        "created_at": format_time(synthetic.created_at),
        "ends_at": format_time(synthetic.ends_at),
        "stopped_at": text_if_any(synthetic.stopped_at),
        "stopped_by": synthetic.stopped_by,
    }


def synthetic_of(data: Mapping[str, Any]) -> SyntheticEvent:
    """The inverse of ``synthetic_json``. Raises KeyError or ValueError where it is nothing of the kind."""
    return SyntheticEvent(
        id=data["id"],
        kind=data["kind"],
        public=data["public"],
        accounts=tuple(data["accounts"]),
        ous=tuple(data["ous"]),
        regions=tuple(data["regions"]),
        services=tuple(data["services"]),
        reason=data["reason"],
        who=data["who"],
        created_at=parse_time(data["created_at"]),
        ends_at=parse_time(data["ends_at"]),
        stopped_at=time_if_any(data["stopped_at"]),
        stopped_by=data["stopped_by"],
    )
