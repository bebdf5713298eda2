"""AWS Health's operations for an account's own view: public events, and those that name the account.

Each takes the events that the account sees (with its own entities only) and the call. An ARN that is an event in
several Regions stands for all of them.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from org_gate.simulator.base import Call
from org_gate.simulator.health.events import Events, ShownEvent, newest_first, statuses_of
from org_gate.simulator.health.filters import fitting, in_a_range, refuse_tags
from org_gate.simulator.health.shapes import affected_entity, detailed_event, listed_event
from org_gate.simulator.paging import page

_UNKNOWN_EVENT: Final = {
    "errorName": "EventNotFoundException",
    "errorMessage": "There is no event of this ARN that your account can see.",
}


@dataclass(frozen=True, slots=True)
class AccountEvents:
    """What an account sees of all events. Asked for by ARN, no more is looked at."""

    events: Events
    account: str

    def all(self) -> list[ShownEvent]:
        """Newest first by last update."""
        return self._seen(self.events.all())

    def of_arn(self, arn: str) -> list[ShownEvent]:
        return self._seen(self.events.of_arn(arn))

    def _seen(self, events: Iterable[ShownEvent]) -> list[ShownEvent]:
        return [own for event in events if (own := event.seen_by(self.account))]


def describe_events(events: AccountEvents, call: Call) -> dict[str, Any]:
    part, more = page(call, _filtered(events, call), newest_first)
    return {"events": [listed_event(event) for event in part], **more}


def describe_event_details(events: AccountEvents, call: Call) -> dict[str, Any]:
    successful, failed = [], []
    for arn in call.params["eventArns"]:
        found = events.of_arn(arn)
        successful += [detailed_event(event) for event in found]
        if not found:
            failed.append({"eventArn": arn, **_UNKNOWN_EVENT})
    return {"successfulSet": successful, "failedSet": failed}


def describe_affected_entities(events: AccountEvents, call: Call) -> dict[str, Any]:
    wanted = call.params["filter"]
    refuse_tags(wanted)
    found = [
        ((index, entity["entityValue"], event.region), affected_entity(event, entity))
        for index, arn in enumerate(dict.fromkeys(wanted["eventArns"]))
        for event in events.of_arn(arn)
        for entity in event.entities
    ]
    ordered = sorted(((key, entity) for key, entity in found if _entity_fits(entity, wanted)), key=lambda pair: pair[0])
    part, more = page(call, ordered, lambda pair: pair[0])
    return {"entities": [entity for _, entity in part], **more}


def describe_entity_aggregates(events: AccountEvents, call: Call) -> dict[str, Any]:
    refuse_tags(call.params.get("filter") or {})
    return {"entityAggregates": [_aggregate(events, arn) for arn in call.params.get("eventArns") or ()]}


def describe_event_aggregates(events: AccountEvents, call: Call) -> dict[str, Any]:
    counts = Counter(event.fields.get("eventTypeCategory") for event in _filtered(events, call))
    known = sorted((category, count) for category, count in counts.items() if category is not None)
    part, more = page(call, known, lambda pair: (pair[0],))
    return {"eventAggregates": [{"aggregateValue": value, "count": count} for value, count in part], **more}


def describe_event_types(events: AccountEvents, call: Call) -> dict[str, Any]:
    """The types of the events there are: the simulator knows no others."""
    found = {_type_key(event): event for event in _filtered(events, call)}
    part, more = page(call, sorted(found), lambda key: key)
    return {"eventTypes": [_event_type(found[key]) for key in part], **more}


def _filtered(events: AccountEvents, call: Call) -> list[ShownEvent]:
    return fitting(events.all(), call.params.get("filter") or {})


def _entity_fits(entity: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    lists = (("entityArns", "entityArn"), ("entityValues", "entityValue"), ("statusCodes", "statusCode"))
    if not all(entity.get(field) in wanted[name] for name, field in lists if wanted.get(name)):
        return False
    times = wanted.get("lastUpdatedTimes")
    return not times or in_a_range(entity.get("lastUpdatedTime"), times)


def _aggregate(events: AccountEvents, arn: str) -> dict[str, Any]:
    entities = [entity for event in events.of_arn(arn) for entity in event.entities]
    return {"eventArn": arn, "count": len(entities), "statuses": statuses_of(entities)}


def _type_key(event: ShownEvent) -> tuple[str, str, str]:
    return (
        event.fields["service"],
        event.fields["eventTypeCode"],
        event.fields.get("eventTypeCategory", ""),
    )


def _event_type(event: ShownEvent) -> dict[str, Any]:
    service, code, category = _type_key(event)
    return {"service": service, "code": code, **({"category": category} if category else {})}
