"""A collector over a fake AWS Health and a table in moto, driven by schedule events as EventBridge sends them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from org_gate.central.collector import Collector
from org_gate.central.poll import Limits
from org_gate.health.view import OrganizationView
from org_gate.model.event import Event
from org_gate.model.times import format_time
from org_gate.store import Store
from tests.unit.health.fake_health import FakeHealth
from tests.unit.store.tables import TABLE, TableClient, store_on

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ORDERS, WEB = "111122223333", "444455556666"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def arn(number: int, region: str = "us-east-1") -> str:
    return f"arn:aws:health:{region}::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/A_{number}"


class FakeOrganizations:
    """A root with one OU and two accounts; ``fault`` is raised instead of an answer."""

    def __init__(self) -> None:
        self.fault: Exception | None = None
        self.reads = 0
        self.children: dict[str, list[dict[str, str]]] = {"r-1": [{"Id": "ou-1", "Name": "Workloads"}], "ou-1": []}
        self.accounts: dict[str, list[dict[str, str]]] = {"r-1": [{"Id": WEB}], "ou-1": [{"Id": ORDERS}]}

    def get_paginator(self, operation: str) -> "FakeOrganizations":
        self.operation = operation
        return self

    def paginate(self, **request: str) -> list[dict[str, Any]]:
        self.reads += 1
        if self.fault is not None:
            raise self.fault
        if self.operation == "list_roots":
            return [{"Roots": [{"Id": "r-1"}]}]
        if self.operation == "list_accounts_for_parent":
            return [{"Accounts": []}, {"Accounts": self.accounts[request["ParentId"]]}]
        return [{"OrganizationalUnits": self.children[request["ParentId"]]}]


@dataclass
class World:
    """What the tests hold of it all."""

    client: TableClient
    health: FakeHealth
    organizations: FakeOrganizations
    limits: Limits = field(default_factory=Limits)

    @property
    def store(self) -> Store:
        """Anew each time: what is kept in a process does not help."""
        return store_on(self.client)

    def collector(self) -> Collector:
        view = OrganizationView(lambda _region: self.health, ["us-east-1"])
        return Collector(Store(self.client, TABLE), lambda: view, self.organizations, self.limits)

    def poll(self, minutes: float, id_: str | None = None) -> dict[str, Any]:
        event = {"source": "aws.events", "id": id_ or f"poll-{minutes}", "time": format_time(at(minutes))}
        return self.collector().handle(event)

    def notify(self, minutes: float, **detail: Any) -> dict[str, Any]:
        event = {"source": "aws.health", "id": "n", "time": format_time(at(minutes)), "region": "us-east-1"}
        return self.collector().handle({**event, "detail": {"eventArn": arn(1), **detail}})

    def known(self, *accounts: str, minutes: float = 0) -> dict[str, Event]:
        """The events that are not over, by ARN, as a decision about these accounts sees them."""
        events = self.store.knowledge(accounts or (ORDERS, WEB), self.store.state()).events
        now = at(minutes)
        return {
            event.arn: event
            for event in events
            if not (event.status == "closed" or event.vanished or (event.end is not None and event.end <= now))
        }


def world_on(client: TableClient) -> World:
    return World(client, FakeHealth(), FakeOrganizations())
