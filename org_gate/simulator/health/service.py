"""AWS Health of the simulated organization: what the world makes it show, and its API (``OwnService``).

An organization's view is for the management account and for delegated administrators, once it is enabled. Nothing
is forgotten: AWS keeps 90 days, which a scenario of hours does not reach.
"""

import threading
from collections.abc import Callable
from typing import Any, Final

from org_gate.model.event import EventKey
from org_gate.simulator.base import AwsError, Call, OrgView, SimClock
from org_gate.simulator.health import account, organization
from org_gate.simulator.health.account import AccountEvents
from org_gate.simulator.health.events import EventBook, HealthUpdate
from org_gate.simulator.health.notifications import notifications
from org_gate.simulator.health.organization import NO_SUPPORT_PLAN, OrganizationEvents

HEALTH_PRINCIPAL: Final = "health.amazonaws.com"

_ACCOUNT_OPERATIONS: Final[dict[str, Callable[[AccountEvents, Call], dict[str, Any]]]] = {
    "DescribeAffectedEntities": account.describe_affected_entities,
    "DescribeEntityAggregates": account.describe_entity_aggregates,
    "DescribeEventAggregates": account.describe_event_aggregates,
    "DescribeEventDetails": account.describe_event_details,
    "DescribeEventTypes": account.describe_event_types,
    "DescribeEvents": account.describe_events,
}
_ORGANIZATION_OPERATIONS: Final[dict[str, Callable[[OrganizationEvents, Call], dict[str, Any]]]] = {
    "DescribeAffectedAccountsForOrganization": organization.describe_affected_accounts,
    "DescribeAffectedEntitiesForOrganization": organization.describe_affected_entities,
    "DescribeEntityAggregatesForOrganization": organization.describe_entity_aggregates,
    "DescribeEventDetailsForOrganization": organization.describe_event_details,
    "DescribeEventsForOrganization": organization.describe_events,
}
_MANAGEMENT_OPERATIONS: Final = (
    "DescribeHealthServiceStatusForOrganization",
    "DisableHealthServiceAccessForOrganization",
    "EnableHealthServiceAccessForOrganization",
)


class HealthService:
    """Safe for several threads. ``without_support_plan`` are accounts whose plan has no AWS Health API."""

    operations: frozenset[str] = frozenset((*_ACCOUNT_OPERATIONS, *_ORGANIZATION_OPERATIONS, *_MANAGEMENT_OPERATIONS))

    def __init__(self, clock: SimClock, org: OrgView, without_support_plan: frozenset[str] = frozenset()) -> None:
        self._clock = clock
        self._org = org
        self._without_support_plan = without_support_plan
        self._lock = threading.Lock()
        self._book = EventBook()
        self._enabled = False

    def show(self, update: HealthUpdate) -> EventKey:
        """Shows an event or an update of it from now on. Raises HealthUpdateError, and then changes nothing."""
        with self._lock:
            event = self._book.show(update, self._clock.now())
        return EventKey(event.arn, event.region)

    def notifications(
        self, arn: str, region: str | None = None, *, receiver: str | None = None, bus_region: str | None = None
    ) -> list[dict[str, Any]]:
        """EventBridge's envelopes of an event as it stands, for a bus of the receiver.

        ``region`` is the event's, needed where its ARN is in several. The receiver is the management account, and
        the bus that of the event's Region, unless they are given. Raises HealthUpdateError for an unknown event.
        """
        with self._lock:
            event = self._book.one(arn, region)
        return notifications(
            event,
            receiver=receiver or self._org.management,
            bus_region=bus_region or event.region,
            now=self._clock.now(),
        )

    def handle(self, call: Call) -> dict[str, Any]:
        _check_locale(call)
        self._check_plan(call)
        if call.operation in _MANAGEMENT_OPERATIONS:
            return self._manage(call)
        with self._lock:
            events, enabled = self._book.now(), self._is_open()
        if call.operation in _ORGANIZATION_OPERATIONS:
            self._check_organization_access(call, enabled=enabled)
            view = OrganizationEvents(events, self._without_support_plan)
            return _ORGANIZATION_OPERATIONS[call.operation](view, call)
        return _ACCOUNT_OPERATIONS[call.operation](AccountEvents(events, call.caller.account), call)

    def _manage(self, call: Call) -> dict[str, Any]:
        if call.caller.account != self._org.management:
            raise _denied(call, "only the management account of the organization may do this")
        with self._lock:
            if call.operation == "DescribeHealthServiceStatusForOrganization":
                return {"healthServiceAccessStatusForOrganization": "ENABLED" if self._is_open() else "DISABLED"}
            self._enabled = call.operation == "EnableHealthServiceAccessForOrganization"
            if self._enabled:
                self._org.enable_trusted_access(HEALTH_PRINCIPAL)  # on the management account's behalf
        return {}

    def _is_open(self) -> bool:
        """Whether there is a view of the organization: without trusted access AWS Health sees no accounts."""
        return self._enabled and self._org.has_trusted_access(HEALTH_PRINCIPAL)

    def _check_plan(self, call: Call) -> None:
        if call.caller.account in self._without_support_plan:
            raise AwsError(*NO_SUPPORT_PLAN)

    def _check_organization_access(self, call: Call, *, enabled: bool) -> None:
        caller = call.caller.account
        if caller != self._org.management and not self._org.is_delegated(caller, HEALTH_PRINCIPAL):
            raise _denied(call, f"the account is neither the management account nor registered for {HEALTH_PRINCIPAL}")
        if not enabled:
            raise _denied(call, "AWS Health's view of the organization is not enabled")


def _denied(call: Call, why: str) -> AwsError:
    message = f"User: {call.caller.arn} is not authorized to perform: health:{call.operation}: {why}"
    return AwsError("AccessDeniedException", message)


def _check_locale(call: Call) -> None:
    locale = call.params.get("locale")
    if locale is not None and locale != "en":
        raise AwsError("UnsupportedLocale", f"The locale {locale!r} is not supported; English (en) is the only one.")
