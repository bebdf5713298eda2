"""Which events fit a filter of DescribeEvents, DescribeEventAggregates or DescribeEventsForOrganization.

All filters given must fit; within a list any value does. Ranges of time include both ends. Filters by tag are
refused rather than ignored: the simulated organization has not turned tags on.
"""

from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

from org_gate.simulator.base import AwsError
from org_gate.simulator.health.events import ShownEvent

_VALUES: Final = {
    "actionabilities": "actionability",
    "availabilityZones": "availabilityZone",
    "eventArns": "arn",
    "eventStatusCodes": "statusCode",
    "eventTypeCategories": "eventTypeCategory",
    "eventTypeCodes": "eventTypeCode",
    "regions": "region",
    "services": "service",
}
_RANGES: Final = {
    "startTime": "startTime",
    "startTimes": "startTime",
    "endTime": "endTime",
    "endTimes": "endTime",
    "lastUpdatedTime": "lastUpdatedTime",
    "lastUpdatedTimes": "lastUpdatedTime",
}
_UPDATES: Final = ("lastUpdatedTime", "lastUpdatedTimes")
_ENTITIES: Final = {"entityArns": "entityArn", "entityValues": "entityValue"}


def fitting(events: Sequence[ShownEvent], wanted: Mapping[str, Any]) -> list[ShownEvent]:
    """``wanted`` is an EventFilter or an OrganizationEventFilter. Raises ValidationException for one by tag.

    The events are newest first, so what is older than is asked for is not looked at.
    """
    refuse_tags(wanted)
    given = {name: value for name, value in wanted.items() if value is not None}
    late = events[: _how_many_since(events, given)]
    return [event for event in late if all(_fits(event, name, value) for name, value in given.items())]


def refuse_tags(wanted: Mapping[str, Any]) -> None:
    if wanted.get("tags"):
        message = "Filters by tag need tags to be turned on for AWS Health, which they are not here."
        raise AwsError("ValidationException", message)


def in_a_range(moment: datetime | None, ranges: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the moment is in one of the ranges, both ends included."""
    return moment is not None and any(
        (one.get("from") is None or utc(one["from"]) <= moment) and (one.get("to") is None or moment <= utc(one["to"]))
        for one in ranges
    )


def utc(moment: datetime) -> datetime:
    """Parsed requests hold times in UTC without saying so."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _how_many_since(events: Sequence[ShownEvent], given: Mapping[str, Any]) -> int:
    """Of the first ones: those that were updated since the earliest time that is asked for, or all."""
    asked = [one for name in _UPDATES if name in given for one in _ranges(given[name])]
    if not asked or any(one.get("from") is None for one in asked):
        return len(events)
    since = min(utc(one["from"]) for one in asked)
    return bisect_right(events, -since.timestamp(), key=lambda event: -event.updated.timestamp())


def _ranges(value: Any) -> Sequence[Mapping[str, Any]]:
    """The organization's view takes one, an account's own a list."""
    return [value] if isinstance(value, Mapping) else value


def _fits(event: ShownEvent, name: str, value: Any) -> bool:
    if name in _VALUES:
        return event.fields.get(_VALUES[name]) in value
    if name in _RANGES:
        return in_a_range(event.fields.get(_RANGES[name]), _ranges(value))
    if name in _ENTITIES:
        return any(entity.get(_ENTITIES[name]) in value for entity in event.entities)
    if name == "awsAccountIds":
        return any(account in value for account in event.accounts)
    if name == "personas":
        return any(persona in value for persona in event.fields.get("personas", ()))
    return name == "tags"  # an empty one; others are refused
