"""A reading: what one source said of one event at one time, in the words of `model.event`.

Enumerated values are brought to AWS Health's own spelling without regard to case; what is unknown stays as it
came, so that D7 can treat it as not known. Dates come in many spellings and are read leniently. Nothing here
decides which reading wins: that is `merge`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz
from enum import StrEnum
from typing import Any, Final

from org_gate.model.event import ACTIONABILITIES, CATEGORIES, PERSONAS, SCOPES, STATUSES, EventKey
from org_gate.model.record import Value
from org_gate.model.times import from_epoch, whole

ACCOUNT_ID: Final = re.compile(r"^[0-9]{12}$")
_ARN: Final = re.compile(r"^arn:[^:]+:health:(?P<region>[^:]*):[^:]*:event/(?P<rest>.+)$", re.DOTALL)
_NUMBER: Final = re.compile(r"^[0-9]+(\.[0-9]+)?$")
_MILLISECONDS_FROM: Final = 100_000_000_000
_PERSONA_ALIASES: Final = {"OPERATIONAL": "OPERATIONS"}

_SPELLING: Final = {
    name: {known.upper(): known for known in values}
    for name, values in {
        "category": CATEGORIES,
        "status": STATUSES,
        "scope": SCOPES,
        "actionability": ACTIONABILITIES,
        "personas": PERSONAS,
    }.items()
}


class Source(StrEnum):
    """Who said it. On a tie the API beats a notification (D3)."""

    API = "api"
    NOTIFICATION = "notification"


@dataclass(frozen=True, slots=True)
class Entity:
    """An affected entity of an account; ``status`` is None where none is told."""

    account: str
    value: str
    status: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One source's report of one event. ``values`` has only the fields that the source carried."""

    key: EventKey
    source: Source
    last_updated: datetime
    read_at: datetime
    values: Mapping[str, Value]
    step: int = 0
    """The order of readings within one poll: details are read after the list."""
    description: str | None = None
    accounts: frozenset[str] = frozenset()
    """Affected accounts that a notification names."""
    entities: tuple[Entity, ...] = ()


def spelled(name: str, value: str) -> str:
    """The value in AWS Health's spelling, or as it came where it is not known."""
    text = value.strip()
    upper = text.upper()
    if name == "personas":
        upper = _PERSONA_ALIASES.get(upper, upper)
    return _SPELLING[name].get(upper, text)


def arn_region(arn: str) -> str | None:
    """The Region an event's ARN names; None where it is no ARN of an event."""
    found = _ARN.match(arn)
    return (found["region"].lower() or None) if found else None


def is_event_arn(arn: str) -> bool:
    return _ARN.match(arn) is not None


def lenient_time(value: Any) -> datetime | None:
    """Whole seconds in UTC; None where it cannot be read as a time.

    Takes datetimes, Unix times (numbers or text, seconds or milliseconds), ISO 8601 and RFC 1123-like dates
    with wrong weekdays or single-digit days. A time without an offset is UTC, as AWS writes it.
    """
    try:
        if isinstance(value, datetime):
            return whole(value if value.tzinfo else value.replace(tzinfo=UTC))
        if isinstance(value, int | float) and not isinstance(value, bool):
            return _from_number(float(value))
        if isinstance(value, str):
            return _from_text(value.strip())
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _from_number(number: float) -> datetime:
    return from_epoch(number / 1000 if number >= _MILLISECONDS_FROM else number)


def _from_text(text: str) -> datetime | None:
    if _NUMBER.match(text):
        return _from_number(float(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return _from_rfc_date(text)
    return whole(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _from_rfc_date(text: str) -> datetime | None:
    parts = parsedate_tz(text)
    if parts is None:
        return None
    offset = timezone(timedelta(seconds=parts[9] or 0))
    return whole(datetime(*parts[:6], tzinfo=offset))


def service_code(value: str) -> str:
    return value.strip().upper()
