"""A small organization and its AWS Health for tests."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from org_gate.simulator.base import Caller, OrgAccount, SimClock
from org_gate.simulator.health.events import HealthUpdate
from org_gate.simulator.health.service import HEALTH_PRINCIPAL, HealthService
from tests.unit.simulator.api import Api, user

START: Final = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MANAGEMENT, CENTRAL = "100000000001", "999988887777"
ORDERS, WEB, BROKE = "111122223333", "111122224444", "111122225555"


def arn(name: str, region: str = "us-east-1") -> str:
    return f"arn:aws:health:{region}::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/AWS_RDS_OPERATIONAL_ISSUE_{name}"


class Organization:
    """An ``OrgView`` whose delegated administrator of AWS Health is CENTRAL."""

    id = "o-abcdefghij"
    management = MANAGEMENT
    root_id = "r-abcd"

    def __init__(self) -> None:
        self.trusted: set[str] = set()

    def accounts(self) -> tuple[OrgAccount, ...]:
        return tuple(OrgAccount(id_, id_, "ACTIVE", self.root_id) for id_ in (MANAGEMENT, ORDERS, WEB, BROKE, CENTRAL))

    def accounts_below(self, parent_id: str) -> tuple[str, ...]:
        return tuple(account.id for account in self.accounts() if account.parent_id == parent_id)

    def is_active(self, account: str) -> bool:
        return any(one.id == account for one in self.accounts())

    def is_delegated(self, account: str, service_principal: str) -> bool:
        return account == CENTRAL and service_principal == HEALTH_PRINCIPAL

    def has_trusted_access(self, service_principal: str) -> bool:
        return service_principal in self.trusted

    def enable_trusted_access(self, service_principal: str) -> None:
        self.trusted.add(service_principal)

    def disable_trusted_access(self, service_principal: str) -> None:
        self.trusted.discard(service_principal)


class World:
    """AWS Health, its clock, and who asks."""

    def __init__(self, *, enabled: bool = True) -> None:
        self.clock = SimClock(START)
        self.org = Organization()
        self.health = HealthService(self.clock, self.org, frozenset({BROKE}))
        self.central = self.as_(user(CENTRAL))
        if enabled:
            self.as_(user(MANAGEMENT))("EnableHealthServiceAccessForOrganization")

    def as_(self, caller: Caller) -> Api:
        return Api(self.health, "health", caller)

    def pass_time(self, **duration: int) -> None:
        self.clock.advance_to(self.clock.now() + timedelta(**duration))

    def public(self, name: str, region: str = "us-east-1", **fields: Any) -> str:
        """Shows a new public event and gives its ARN."""
        event = {"arn": arn(name, region), **issue(region), "eventScopeCode": "PUBLIC", **fields}
        self.health.show(HealthUpdate(event))
        return str(event["arn"])

    def specific(self, name: str, accounts: list[str], **fields: Any) -> str:
        """Shows a new account-specific event with one entity for each account and gives its ARN."""
        event = {"arn": arn(name), **issue("us-east-1"), "eventScopeCode": "ACCOUNT_SPECIFIC", **fields}
        entities = [{"accountId": id_, "entityValue": f"db-{id_}", "statusCode": "IMPAIRED"} for id_ in accounts]
        self.health.show(HealthUpdate(event, "It is yours.", accounts, entities))
        return str(event["arn"])


def issue(region: str) -> dict[str, Any]:
    return {
        "service": "RDS",
        "eventTypeCode": "AWS_RDS_OPERATIONAL_ISSUE",
        "eventTypeCategory": "issue",
        "region": region,
        "startTime": START,
        "statusCode": "open",
    }
