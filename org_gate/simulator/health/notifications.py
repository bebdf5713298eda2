"""An event as EventBridge brings it: "AWS Health Event" notifications with the envelope of a bus.

One for a public event, one for each affected account otherwise, and as many pages as the entities need.
"""

import hashlib
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from email.utils import format_datetime
from typing import Any, Final

from org_gate.model.times import format_time, whole
from org_gate.simulator.health.events import ShownEvent

ENTITIES_PER_PAGE: Final = 50
_BACKUP, _BACKUP_OF_BACKUP = "us-west-2", "us-east-1"
_DETAIL_FIELDS: Final = {
    "eventArn": "arn",
    "service": "service",
    "eventTypeCode": "eventTypeCode",
    "eventTypeCategory": "eventTypeCategory",
    "eventScopeCode": "eventScopeCode",
    "startTime": "startTime",
    "endTime": "endTime",
    "lastUpdatedTime": "lastUpdatedTime",
    "statusCode": "statusCode",
    "eventRegion": "region",
    "actionability": "actionability",
    "personas": "personas",
}


def notifications(event: ShownEvent, *, receiver: str, bus_region: str, now: datetime) -> list[dict[str, Any]]:
    """The envelopes that the receiver's bus in that Region gets for the event as it stands."""
    affected = [receiver] if event.is_public else sorted(event.accounts)
    return [
        _envelope(detail, receiver, bus_region, now)
        for account in affected
        for detail in _details(event, account, bus_region)
    ]


def _envelope(detail: Mapping[str, Any], receiver: str, bus_region: str, now: datetime) -> dict[str, Any]:
    identity = _digest(detail["communicationId"], detail["affectedAccount"], receiver, bus_region)
    return {
        "version": "0",
        "id": str(uuid.UUID(bytes=identity[:16], version=4)),
        "detail-type": "AWS Health Event",
        "source": "aws.health",
        "account": receiver,
        "time": format_time(now),
        "region": bus_region,
        "resources": [entity["entityValue"] for entity in detail["affectedEntities"]],
        "detail": dict(detail),
    }


def _details(event: ShownEvent, account: str, bus_region: str) -> Iterator[dict[str, Any]]:
    own = [_entity(entity) for entity in event.entities if entity["accountId"] == account]
    pages = _pages([] if event.is_public else own)
    communication = _digest(event.arn, event.region, str(event.revision), account).hex()[:40]
    fields = {name: _spelled(event.fields[field]) for name, field in _DETAIL_FIELDS.items() if field in event.fields}
    for number, entities in enumerate(pages, start=1):
        yield {
            **fields,
            "communicationId": f"{communication}-{number}",
            "eventDescription": [{"language": "en_US", "latestDescription": event.description}],
            "affectedEntities": entities,
            "affectedAccount": account,
            "page": str(number),
            "totalPages": str(len(pages)),
            "backupEvent": "true" if _is_backup(event.region, bus_region) else "false",
        }


def _pages(entities: Sequence[Any]) -> list[list[Any]]:
    starts = range(0, len(entities), ENTITIES_PER_PAGE) or (0,)
    return [list(entities[start : start + ENTITIES_PER_PAGE]) for start in starts]


def _entity(entity: Mapping[str, Any]) -> dict[str, Any]:
    names = {"entityValue": "entityValue", "status": "statusCode", "lastUpdatedTime": "lastUpdatedTime", "tags": "tags"}
    return {name: _spelled(entity[field]) for name, field in names.items() if field in entity}


def _is_backup(event_region: str, bus_region: str) -> bool:
    backup = _BACKUP_OF_BACKUP if event_region == _BACKUP else _BACKUP
    return bus_region == backup and bus_region != event_region


def _spelled(value: Any) -> Any:
    """Times as EventBridge spells them: ``Fri, 27 Jan 2023 06:02:51 GMT``."""
    if isinstance(value, datetime):
        return format_datetime(whole(value), usegmt=True)
    return list(value) if isinstance(value, tuple) else value


def _digest(*parts: str) -> bytes:
    return hashlib.sha256("\n".join(parts).encode()).digest()
