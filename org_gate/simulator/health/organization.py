"""AWS Health's operations for the organization's view: all events of all accounts.

The scope rule: a public event is asked for without an account, an account-specific one with an account. What does
not fit, and an account without a support plan, comes back item by item in ``failedSet``. An ARN that is an event in
several Regions stands for all of them. Who may call is decided before.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from org_gate.simulator.base import AwsError, Call
from org_gate.simulator.health.events import Events, ShownEvent, newest_first, statuses_of
from org_gate.simulator.health.filters import fitting, refuse_tags
from org_gate.simulator.health.shapes import affected_entity, detailed_event, organization_event
from org_gate.simulator.paging import Key, page

_NO_PUBLIC_EVENT: Final = (
    "EventNotFoundException",
    (
        "We couldn't find a public event that matches your request. "
        "To find an event that is account specific, you must enter an AWS account ID in the request."
    ),
)
_NO_ACCOUNT_EVENT: Final = (
    "EventNotFoundException",
    (
        "We couldn't find an account specific event for the specified AWS account. "
        "To find an event that is public, you must enter a null value for the AWS account ID in the request."
    ),
)
NO_SUPPORT_PLAN: Final = (
    "SubscriptionRequiredException",
    (
        "Your AWS account doesn't include the AWS Support plan required to use the AWS Health API. You must have "
        "either an AWS Business Support+, AWS Enterprise Support, or AWS Unified Operations plan."
    ),
)


@dataclass(frozen=True, slots=True)
class OrganizationEvents:
    """What there is to see: the events, and the accounts whose support plan shows nothing."""

    events: Events
    without_support_plan: frozenset[str] = frozenset()


def describe_events(view: OrganizationEvents, call: Call) -> dict[str, Any]:
    part, more = page(call, fitting(view.events.all(), call.params.get("filter") or {}), newest_first)
    return {"events": [organization_event(event) for event in part], **more}


def describe_event_details(view: OrganizationEvents, call: Call) -> dict[str, Any]:
    successful, failed = [], []
    for wanted in call.params["organizationEventDetailFilters"]:
        found, error = _by_scope(view, wanted)
        successful += [{**_named_account(wanted), **detailed_event(event)} for event in found]
        failed += [error] if error else []
    return {"successfulSet": successful, "failedSet": failed}


def describe_affected_accounts(view: OrganizationEvents, call: Call) -> dict[str, Any]:
    refuse_tags(call.params.get("filter") or {})
    found = view.events.of_arn(call.params["eventArn"])
    accounts = sorted({account for event in found if not event.is_public for account in event.accounts})
    part, more = page(call, accounts, lambda account: (account,))
    return {"affectedAccounts": part, **_scope(found), **more}


def describe_affected_entities(view: OrganizationEvents, call: Call) -> dict[str, Any]:
    """A page holds entities of several events, and the failures of the filters that it has come to."""
    rows = [
        row for index, wanted in enumerate(_entity_filters(call.params)) for row in _entity_rows(view, index, wanted)
    ]
    part, more = page(call, sorted(rows, key=lambda row: row.key), lambda row: row.key)
    return {
        "entities": [row.entity for row in part if row.entity is not None],
        "failedSet": [row.error for row in part if row.error is not None],
        **more,
    }


def describe_entity_aggregates(view: OrganizationEvents, call: Call) -> dict[str, Any]:
    refuse_tags(call.params.get("filter") or {})
    asked = call.params.get("awsAccountIds")
    return {"organizationEntityAggregates": [_aggregate(view, arn, asked) for arn in call.params["eventArns"]]}


class _Row(NamedTuple):
    """What one filter came to: an entity, or its failure."""

    key: Key
    entity: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


def _entity_rows(view: OrganizationEvents, index: int, wanted: Mapping[str, Any]) -> Iterator[_Row]:
    found, error = _by_scope(view, wanted)
    if error:
        yield _Row((index, "", "", ""), error=error)
    for event in found:
        for entity in event.entities:
            if _entity_fits(entity, wanted):
                key = (index, entity["accountId"], entity["entityValue"], event.region)
                yield _Row(key, entity=affected_entity(event, entity))


def _by_scope(view: OrganizationEvents, wanted: Mapping[str, Any]) -> tuple[list[ShownEvent], dict[str, Any] | None]:
    account = wanted.get("awsAccountId")
    found = view.events.of_arn(wanted["eventArn"])
    if account is None:
        seen_events, error = [event for event in found if event.is_public], _NO_PUBLIC_EVENT
    else:
        seen_events = [seen for event in found if not event.is_public and (seen := event.seen_by(account))]
        error = _NO_ACCOUNT_EVENT
    if account in view.without_support_plan:
        seen_events, error = [], NO_SUPPORT_PLAN
    if seen_events:
        return seen_events, None
    name, message = error
    return [], {
        **_named_account(wanted),
        "eventArn": wanted["eventArn"],
        "errorName": name,
        "errorMessage": message,
    }


def _named_account(wanted: Mapping[str, Any]) -> dict[str, Any]:
    account = wanted.get("awsAccountId")
    return {} if account is None else {"awsAccountId": account}


def _scope(found: Sequence[ShownEvent]) -> dict[str, str]:
    """NONE where there is no such event; left out where the event has none."""
    if not found:
        return {"eventScopeCode": "NONE"}
    first = next((event for event in found if not event.is_public), found[0])
    scope = first.fields.get("eventScopeCode")
    return {} if scope is None else {"eventScopeCode": scope}


def _entity_filters(params: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    old, new = params.get("organizationEntityFilters"), params.get("organizationEntityAccountFilters")
    if bool(old) == bool(new):
        message = "Give exactly one of organizationEntityAccountFilters and organizationEntityFilters."
        raise AwsError("ValidationException", message)
    filters: list[Mapping[str, Any]] = list(old or new or ())
    for wanted in filters:
        refuse_tags(wanted)
    return filters


def _entity_fits(entity: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    return not wanted.get("statusCodes") or entity.get("statusCode") in wanted["statusCodes"]


def _aggregate(view: OrganizationEvents, arn: str, asked: Sequence[str] | None) -> dict[str, Any]:
    by_account: dict[str, list[Mapping[str, Any]]] = {account: [] for account in asked or ()}
    for event in view.events.of_arn(arn):
        for entity in event.entities:
            if asked is None or entity["accountId"] in asked:
                by_account.setdefault(entity["accountId"], []).append(entity)
    everything = [entity for entities in by_account.values() for entity in entities]
    accounts = [
        {"accountId": account, "count": len(entities), "statuses": statuses_of(entities)}
        for account, entities in sorted(by_account.items())
    ]
    return {"eventArn": arn, "count": len(everything), "statuses": statuses_of(everything), "accounts": accounts}
