"""An AWS Health event as a decision sees it, whichever source it came from.

One event is one ARN in one Region (D3). A field is ``None`` (or empty) where no source has told it; a value
that this version has never heard of is kept as it came, and D7 treats it as not known. Values are AWS
Health's own spelling (facts: enums), services in upper case, Regions in lower case.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, NamedTuple

from org_gate.model.override import Override

CATEGORIES: Final = ("issue", "accountNotification", "scheduledChange", "investigation")
STATUSES: Final = ("open", "closed", "upcoming")
SCOPES: Final = ("PUBLIC", "ACCOUNT_SPECIFIC", "NONE")
ACTIONABILITIES: Final = ("ACTION_REQUIRED", "ACTION_MAY_BE_REQUIRED", "INFORMATIONAL")
PERSONAS: Final = ("OPERATIONS", "SECURITY", "BILLING")

MULTIPLE_SERVICES: Final = "MULTIPLE_SERVICES"
GLOBAL: Final = "global"


class EventKey(NamedTuple):
    """What makes an event one: its ARN is not unique to a Region (facts)."""

    arn: str
    region: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What is known of one event, at whole seconds."""

    arn: str
    region: str
    service: str | None = None
    type_code: str | None = None
    category: str | None = None
    status: str | None = None
    scope: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    last_updated: datetime | None = None
    availability_zone: str | None = None
    actionability: str | None = None
    personas: tuple[str, ...] = ()
    drill: bool = False
    declared: bool = False
    """The platform team put it in, before AWS Health posts it."""
    vanished: bool = False
    """Two complete full readings in a row no longer listed it (D4)."""
    lists_accounts: bool = False
    """At least one affected account is known, whether or not it is among ``accounts``."""
    accounts: frozenset[str] = frozenset()
    """The affected accounts among those the question is about."""
    text_zones: tuple[str, ...] = ()
    """The zone ids that its description names, in lower case; they count where the policy says so (D5d)."""
    entities: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Affected entities by account, for the accounts the question is about; an account that is missing: not known."""

    @property
    def key(self) -> EventKey:
        return EventKey(self.arn, self.region)


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the organization tree. ``ou_path`` is names below the root joined by ``/``; the root is ``""``."""

    id: str
    ou_path: str
    ou_ids: tuple[str, ...]
    """From the root's id (``r-…``) down to the account's own OU (``ou-…``)."""
    tags: Mapping[str, str] | None = None
    """None where they were not read."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """All that a decision knows of the world. ``as_of`` is None where no poll was ever complete (D13)."""

    as_of: datetime | None
    events: tuple[Event, ...]
    accounts: Mapping[str, Account]
    overrides: tuple[Override, ...] = ()
    """Those that may be in force; ``now`` says which are."""
