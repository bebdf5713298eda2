"""Events and entities in the shapes of AWS Health's answers."""

from collections.abc import Mapping
from typing import Any

from org_gate.simulator.health.events import ShownEvent


def listed_event(event: ShownEvent) -> dict[str, Any]:
    """An event as an account's own view lists it, and as details of both views hold it."""
    return {name: list(value) if name == "personas" else value for name, value in event.fields.items()}


def organization_event(event: ShownEvent) -> dict[str, Any]:
    """An event as the organization's view lists it: without its zone, which only details hold."""
    return {name: value for name, value in listed_event(event).items() if name != "availabilityZone"}


def detailed_event(event: ShownEvent) -> dict[str, Any]:
    return {"event": listed_event(event), "eventDescription": {"latestDescription": event.description}}


def affected_entity(event: ShownEvent, entity: Mapping[str, Any]) -> dict[str, Any]:
    """An entity as both views list it. Where it has no ARN of its own it gets the kind AWS Health gives."""
    account, value = entity["accountId"], entity["entityValue"]
    rest = {name: member for name, member in entity.items() if name != "accountId"}
    return {
        "entityArn": f"arn:aws:health:{event.region}:{account}:entity/{value}",
        "lastUpdatedTime": event.updated,
        **rest,
        "eventArn": event.arn,
        "awsAccountId": account,
    }
