"""Reads AWS Health's EventBridge notifications, old and new, leniently.

A notification is faster than the API and never the truth: it may lack fields, spell them differently, come
twice, from the backup Region, or page by page. All that can be understood becomes a `Reading`; what names no
event at all becomes an `Unreadable` with the reason, so that whoever reads it can keep it and look at AWS
Health itself. Nothing is raised for what AWS sent, and nothing is guessed beyond the fields' meaning.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from org_gate.health.reading import (
    ACCOUNT_ID,
    Entity,
    Reading,
    Source,
    arn_region,
    is_event_arn,
    lenient_time,
    service_code,
    spelled,
)
from org_gate.health.zones import text_zones
from org_gate.model.event import EventKey
from org_gate.model.record import PUBLIC, Value
from org_gate.model.times import text_if_any

_ACCOUNT_SPECIFIC: Final = "ACCOUNT_SPECIFIC"
_ARN: Final = ("eventarn", "arn")
_REGION: Final = ("eventregion", "region")
_UPDATED: Final = ("lastupdatedtime",)
_STATUS: Final = ("statuscode", "status", "eventstatuscode")
_TEXT_FIELDS: Final = {
    "category": ("eventtypecategory", "category"),
    "status": _STATUS,
    "scope": ("eventscopecode", "scope"),
    "actionability": ("actionability",),
}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A notification that names no event, or no time, with the reason."""

    reason: str


def parse_notification(envelope: Any, received: datetime | None = None) -> Reading | Unreadable:
    """What an EventBridge envelope tells of one event.

    ``received`` stands in where neither the update nor the envelope carries a time (D3).
    """
    outer = _lowered(envelope)
    if outer is None:
        return Unreadable("it is not a JSON object")
    detail = _detail(outer.get("detail"))
    if detail is None:
        return Unreadable("its detail is not a JSON object")
    arn = _first_text(detail, _ARN)
    if arn is None or not is_event_arn(arn):
        return Unreadable(f"its eventArn is {arn!r:.200}, which is not the ARN of an AWS Health event")
    sent = lenient_time(outer.get("time")) or received
    updated = lenient_time(_first(detail, _UPDATED)) or sent
    if updated is None:
        return Unreadable("neither the update nor its envelope has a time that can be read")
    region = _first_text(detail, _REGION) or arn_region(arn) or _first_text(outer, ("region",))
    if region is None:
        return Unreadable("neither the update, its ARN nor its envelope names a Region")
    key, receiver = EventKey(arn, region.lower()), _account(outer.get("account"))
    return _reading(key, detail, receiver, updated=updated, sent=sent or updated)


def _reading(
    key: EventKey, detail: Mapping[str, Any], receiver: str | None, *, updated: datetime, sent: datetime
) -> Reading:
    values = _values(detail)
    description = _description(detail.get("eventdescription"))
    if description is not None:
        values["text_zones"] = text_zones(description)
    account = _account(detail.get("affectedaccount"))
    entities = _entities(detail.get("affectedentities"), account)
    return Reading(
        key=key,
        source=Source.NOTIFICATION,
        last_updated=updated,
        read_at=sent,
        values=values,
        description=description,
        accounts=_affected(values, account, entities, receiver),
        entities=entities,
    )


def _values(detail: Mapping[str, Any]) -> dict[str, Value]:
    """Only what is there, but for the end: where an update has none, there is none."""
    values: dict[str, Value] = {"end": text_if_any(lenient_time(detail.get("endtime")))}
    for name, spellings in _TEXT_FIELDS.items():
        if (text := _first_text(detail, spellings)) is not None:
            values[name] = spelled(name, text)
    if (service := _first_text(detail, ("service",))) is not None:
        values["service"] = service_code(service)
    if (type_code := _first_text(detail, ("eventtypecode",))) is not None:
        values["type_code"] = type_code
    if (start := text_if_any(lenient_time(detail.get("starttime")))) is not None:
        values["start"] = start
    if personas := _personas(detail.get("personas")):
        values["personas"] = personas
    return values


def _affected(
    values: Mapping[str, Value], account: str | None, entities: tuple[Entity, ...], receiver: str | None
) -> frozenset[str]:
    """A PUBLIC event concerns everybody: the account its notification names is only one that was told.

    So may be the receiver's own where the scope is not known: taken for affected, it would hide the event from all
    others until the next poll.
    """
    scope = values.get("scope")
    if scope == PUBLIC:
        return frozenset()
    named = {entity.account for entity in entities}
    only_told = account == receiver and scope != _ACCOUNT_SPECIFIC
    return frozenset(named if account is None or only_told else named | {account})


def _entities(found: Any, account: str | None) -> tuple[Entity, ...]:
    """Those whose account is known; in order, each once."""
    entities: dict[Entity, None] = {}
    for item in found if isinstance(found, list) else ():
        entity = _lowered(item) or {}
        value = _first_text(entity, ("entityvalue",))
        owner = _account(entity.get("awsaccountid")) or account
        if value is not None and owner is not None:
            entities[Entity(owner, value, _first_text(entity, ("status", "statuscode")))] = None
    return tuple(entities)


def _personas(found: Any) -> tuple[str, ...]:
    listed = found if isinstance(found, list) else [found]
    return tuple(sorted({spelled("personas", item) for item in listed if isinstance(item, str) and item.strip()}))


def _description(found: Any) -> str | None:
    """The English text where there are several languages, else the first."""
    texts = [item for entry in (found if isinstance(found, list) else [found]) if (item := _lowered(entry)) is not None]
    texts.sort(key=lambda item: not str(item.get("language", "en")).lower().startswith("en"))
    for item in texts:
        if (text := _first_text(item, ("latestdescription",))) is not None:
            return text
    return found if isinstance(found, str) and found.strip() else None


def _account(value: Any) -> str | None:
    """Twelve digits; a number has lost its leading zeros."""
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    text = text.zfill(12) if isinstance(value, int) else text
    return text if ACCOUNT_ID.match(text) else None


def _detail(found: Any) -> dict[str, Any] | None:
    """An object, or the text of one as PutEvents takes it."""
    if isinstance(found, str):
        try:
            found = json.loads(found)
        except (ValueError, RecursionError):
            return None
    return _lowered(found)


def _lowered(found: Any) -> dict[str, Any] | None:
    """Keys without regard to case and hyphens: ``detail-type``, ``DetailType``, ``lastupdatedTime``."""
    if not isinstance(found, Mapping):
        return None
    return {str(key).lower().replace("-", ""): value for key, value in found.items()}


def _first(found: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((found[name] for name in names if found.get(name) not in (None, "")), None)


def _first_text(found: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    value = _first(found, names)
    return value.strip() or None if isinstance(value, str) else None
