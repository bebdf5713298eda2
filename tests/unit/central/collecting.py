"""A collector over a fake AWS Health and a table in moto, driven by schedule events as EventBridge sends them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from org_gate.central.budget import ENDLESS, Budget
from org_gate.central.collector import Collector
from org_gate.central.poll import Limits
from org_gate.health.view import OrganizationView
from org_gate.model.event import Event
from org_gate.model.times import format_time
from org_gate.store import Store
from tests.unit.health.fake_health import FakeHealth
from tests.unit.store.tables import TableClient, fake_table, store_on

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ORDERS, WEB = "111122223333", "444455556666"


def at(minutes: float) -> datetime:
    return NOON + timedelta(minutes=minutes)


def arn(number: int, region: str = "us-east-1") -> str:
    return f"arn:aws:health:{region}::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/A_{number}"


class FakeOrganizations:
    """A root with one OU and two accounts; ``fault`` is raised instead of an answer."""

    def __init__(self, page: int = 20) -> None:
        self.fault: Exception | None = None
        self.reads = 0
        self.before_call: Any = lambda: None
        self.children: dict[str, list[dict[str, str]]] = {"r-1": [{"Id": "ou-1", "Name": "Workloads"}], "ou-1": []}
        self.accounts: dict[str, list[dict[str, str]]] = {"r-1": [{"Id": WEB}], "ou-1": [{"Id": ORDERS}]}
        self.tags: dict[str, dict[str, str]] = {}
        self.tags_asked: list[str] = []
        self.tags_fault: dict[str, Exception] = {}
        """By account."""
        self._page = page

    def list_roots(self, **request: str) -> dict[str, Any]:
        return self._answer("Roots", [{"Id": "r-1"}], request)

    def list_accounts_for_parent(self, **request: str) -> dict[str, Any]:
        return self._answer("Accounts", self.accounts.get(request["ParentId"], []), request)

    def list_organizational_units_for_parent(self, **request: str) -> dict[str, Any]:
        return self._answer("OrganizationalUnits", self.children.get(request["ParentId"], []), request)

    def list_tags_for_resource(self, **request: str) -> dict[str, Any]:
        """One tag a page."""
        account, start = request["ResourceId"], int(request.get("NextToken", "0"))
        self.tags_asked += [account] if not start else []
        self.before_call()
        if account in self.tags_fault:
            raise self.tags_fault[account]
        tags = [{"Key": key, "Value": value} for key, value in self.tags.get(account, {}).items()]
        more = {"NextToken": str(start + 1)} if start + 1 < len(tags) else {}
        return {"Tags": tags[start : start + 1], **more}

    def _answer(self, listed: str, items: list[dict[str, str]], request: dict[str, str]) -> dict[str, Any]:
        """The first page is empty, as AWS's may be."""
        self.reads += 1
        self.before_call()
        if self.fault is not None:
            raise self.fault
        start = int(request.get("NextToken", "-1"))
        if start < 0:
            return {listed: [], "NextToken": "0"}
        more = {"NextToken": str(start + self._page)} if start + self._page < len(items) else {}
        return {listed: items[start : start + self._page], **more}


@dataclass
class Told:
    """Hears that what is known has changed."""

    heard: list[str] = field(default_factory=list)

    def tell(self, changed: str) -> None:
        self.heard.append(changed)


@dataclass
class World:
    """What the tests hold of it all."""

    client: TableClient
    health: FakeHealth
    organizations: FakeOrganizations
    limits: Limits = field(default_factory=Limits)
    told: Told = field(default_factory=Told)

    @property
    def store(self) -> Store:
        """Anew each time: what is kept in a process does not help."""
        return store_on(self.client)

    def collector(self) -> Collector:
        def view(budget: Budget) -> OrganizationView:
            return OrganizationView(lambda _region: self.health, ["us-east-1"], budget.may_ask)

        return Collector(store_on(self.client), view, self.organizations, self.told, self.limits)

    def poll(self, minutes: float, id_: str | None = None, budget: Budget = ENDLESS) -> dict[str, Any]:
        event = {"source": "aws.events", "id": id_ or f"poll-{minutes}", "time": format_time(at(minutes))}
        return self.collector().handle(event, budget)

    def notify(self, minutes: float, **detail: Any) -> dict[str, Any]:
        event = {"source": "aws.health", "id": "n", "time": format_time(at(minutes)), "region": "us-east-1"}
        return self.collector().handle({**event, "detail": {"eventArn": arn(1), **detail}})

    def publish(self, *rules: dict[str, Any]) -> None:
        """A policy of these rules, each with a name and a verdict."""
        told = [{"name": f"rule-{number}", "verdict": "block", **rule} for number, rule in enumerate(rules)]
        data = {"version": 1, "rules": told}
        self.store.publish_policy(data, who="somebody", note="", now=NOON, expected_version=None)

    def known(self, *accounts: str, minutes: float = 0) -> dict[str, Event]:
        """The events that are not over, by ARN, as a decision about these accounts sees them."""
        asked = accounts or (ORDERS, WEB)
        events = self.store.knowledge(asked, self.store.state(), with_entities=True).events
        now = at(minutes)
        return {
            event.arn: event
            for event in events
            if not (event.status == "closed" or event.vanished or (event.end is not None and event.end <= now))
        }


def world_on(client: TableClient) -> World:
    return World(client, FakeHealth(), FakeOrganizations())


def about_to_change() -> World:
    """Events of every kind, polled once, that a poll at minute five has something to do with."""
    world = world_on(fake_table())
    world.health.show(arn(1), at(-1), service="RDS", eventScopeCode="PUBLIC")
    world.health.show(arn(2), at(-1), service="EC2", eventScopeCode="ACCOUNT_SPECIFIC", accounts=[ORDERS])
    world.health.show(arn(3), at(-1), service="ECS", eventScopeCode="ACCOUNT_SPECIFIC", accounts=[ORDERS])
    world.poll(0)
    world.health.show(arn(1), at(4), statusCode="closed", endTime=at(4))
    world.health.show(arn(2), at(4), accounts=[WEB], zone="use1-az4")
    world.health.show(arn(3), at(4), statusCode="closed")
    world.health.show(arn(4), at(4), service="SQS", eventScopeCode="ACCOUNT_SPECIFIC", accounts=[ORDERS, WEB])
    world.client.reset()
    return world
