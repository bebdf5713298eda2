"""AWS Health's organization view as a boto3 client gives it, over events held here. Written by hand, for tests."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError


def client_error(code: str, status: int = 400) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "as AWS says it"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "Describe")


@dataclass
class Shown:
    """An event as AWS Health has it."""

    event: dict[str, Any]
    zone: str | None = None
    description: str = "It is being looked into."
    accounts: list[str] = field(default_factory=list)
    entities: dict[str, list[str]] = field(default_factory=dict)
    """By account."""

    @property
    def is_public(self) -> bool:
        return self.event.get("eventScopeCode") == "PUBLIC" or not self.accounts

    def answers(self, account: str | None) -> bool:
        """The scope rule: a public event is asked for without an account, another with one it affects."""
        return self.is_public if account is None else not self.is_public and account in self.accounts


class FakeHealth:
    """``fail`` maps an operation to what it raises, ``broken`` an ARN to the error of its details.

    A call that names an ARN of ``refused`` is not accepted.
    """

    def __init__(self, page: int = 100, before_call: Callable[[str], None] = lambda _operation: None) -> None:
        self.shown: dict[tuple[str, str], Shown] = {}
        self.calls: Counter[str] = Counter()
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.fail: dict[str, Exception] = {}
        self.broken: dict[str, str] = {}
        self.refused: set[str] = set()
        self.no_detail_of: set[str] = set()
        self.no_entities_of: set[str] = set()
        self.forget_tokens = 0
        self.before_call = before_call
        self._page = page

    def show(self, arn: str, updated: datetime, **told: Any) -> None:
        """A new event, or an update of it: fields as AWS Health spells them, and those of ``Shown``."""
        own = {name: told.pop(name) for name in ("zone", "description", "accounts", "entities") if name in told}
        region = told.get("region", "us-east-1")
        held = self.shown.setdefault((arn, region), Shown({"arn": arn, "region": region, "statusCode": "open"}))
        held.event |= {"lastUpdatedTime": updated, "eventTypeCategory": "issue", **told}
        held.event = {name: value for name, value in held.event.items() if value is not None}
        for name, value in own.items():
            setattr(held, name, value)

    def hide(self, arn: str, region: str = "us-east-1") -> None:
        del self.shown[arn, region]

    def describe_events_for_organization(self, **request: Any) -> dict[str, Any]:
        self._count("describe_events_for_organization", request)
        chosen = request["filter"]
        events = [shown.event for shown in self.shown.values() if _fits(shown.event, chosen)]
        events.sort(key=lambda event: event["lastUpdatedTime"], reverse=True)
        return self._paged("events", events, request)

    def describe_event_details_for_organization(self, **request: Any) -> dict[str, Any]:
        self._count("describe_event_details_for_organization", request)
        filters = request["organizationEventDetailFilters"]
        assert 1 <= len(filters) <= 10
        good: list[dict[str, Any]] = []
        bad: list[dict[str, Any]] = []
        for asked in filters:
            found = self._details(asked)
            (bad if isinstance(found, str) else good).extend(
                [{**asked, "errorName": found, "errorMessage": "as AWS says it"}] if isinstance(found, str) else found
            )
        return {"successfulSet": good, "failedSet": bad}

    def describe_affected_accounts_for_organization(self, **request: Any) -> dict[str, Any]:
        self._count("describe_affected_accounts_for_organization", request)
        shown = [found for (arn, _region), found in self.shown.items() if arn == request["eventArn"]]
        first = next((found for found in shown if not found.is_public), shown[0] if shown else None)
        scope = first.event.get("eventScopeCode") if first else "NONE"
        accounts = sorted({account for found in shown if not found.is_public for account in found.accounts})
        return {**self._paged("affectedAccounts", accounts, request), **({"eventScopeCode": scope} if scope else {})}

    def describe_affected_entities_for_organization(self, **request: Any) -> dict[str, Any]:
        """The page size is shared by all that is asked for."""
        self._count("describe_affected_entities_for_organization", request)
        filters = request["organizationEntityFilters"]
        assert 1 <= len(filters) <= 10
        failed = [
            {**asked, "errorName": "InternalFailure"}
            for asked in filters
            if asked["awsAccountId"] in self.no_entities_of
        ]
        entities = [
            {**asked, "entityValue": value, "statusCode": "IMPAIRED"}
            for asked in filters
            if asked["awsAccountId"] not in self.no_entities_of
            for (arn, _region), shown in self.shown.items()
            if arn == asked["eventArn"]
            for value in shown.entities.get(asked["awsAccountId"], ())
        ]
        return {**self._paged("entities", entities, request), "failedSet": failed}

    def _details(self, asked: dict[str, Any]) -> list[dict[str, Any]] | str:
        arn, account = asked["eventArn"], asked.get("awsAccountId")
        shown = [found for (name, _region), found in self.shown.items() if name == arn and found.answers(account)]
        if arn in self.broken:
            return self.broken[arn]
        if account in self.no_detail_of or not shown:
            return "EventNotFoundException"
        return [
            {
                "event": found.event | ({"availabilityZone": found.zone} if found.zone else {}),
                "eventDescription": {"latestDescription": found.description},
            }
            for found in shown
        ]

    def _paged(self, name: str, items: list[Any], request: dict[str, Any]) -> dict[str, Any]:
        assert 10 <= request["maxResults"] <= 100
        start = int(request.get("nextToken", "0"))
        if start and self.forget_tokens:
            self.forget_tokens -= 1
            raise client_error("InvalidPaginationToken")
        more = {"nextToken": str(start + self._page)} if start + self._page < len(items) else {}
        return {name: items[start : start + self._page], **more}

    def _count(self, operation: str, request: dict[str, Any]) -> None:
        self.calls[operation] += 1
        self.asked.append((operation, request))
        self.before_call(operation)
        named = request.get("organizationEventDetailFilters", request.get("organizationEntityFilters", [request]))
        if any(asked.get("eventArn") in self.refused for asked in named):
            raise client_error("ValidationException")
        if (fault := self.fail.get(operation) or self.fail.get("*")) is not None:
            raise fault


def _fits(event: dict[str, Any], chosen: dict[str, Any]) -> bool:
    since = chosen.get("lastUpdatedTime", {}).get("from")
    statuses = chosen.get("eventStatusCodes")
    return (since is None or event["lastUpdatedTime"] >= since) and (
        statuses is None or event.get("statusCode") in statuses
    )
