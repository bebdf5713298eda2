"""Reads AWS Health's organization view over a boto3 client, page by page, into readings.

It asks, it does not keep: whoever calls it stores what comes, so that a fault half-way loses nothing. Partial
failures (``failedSet``) are handed on item by item. Few calls, full pages, and no retries beyond botocore's:
the next poll is the retry.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from org_gate.health.errors import (
    HealthError,
    HealthOutOfTimeError,
    HealthRefusedError,
    HealthUnreachableError,
    health_error,
)
from org_gate.health.reading import (
    ACCOUNT_ID,
    Entity,
    Reading,
    Source,
    arn_region,
    lenient_time,
    service_code,
    spelled,
)
from org_gate.health.zones import text_zones
from org_gate.model.event import EventKey
from org_gate.model.record import Value
from org_gate.model.times import text_if_any

PAGE: Final = 100
DETAILS_PER_CALL: Final = 10
ACCOUNTS_PER_CALL: Final = 10
"""Whose entities are asked for together."""
RESTARTS: Final = 2
LISTED_STATUSES: Final = ("open", "upcoming")
"""The statuses that the full look asks for."""
_BAD_TOKEN: Final = "InvalidPaginationToken"  # noqa: S105  an error code
_DETAILS_STEP: Final = 1
_GARBLED: Final = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
"""What comes of an answer that is not of its operation's shape: in botocore's parser, or where an item is read."""

_Read = TypeVar("_Read")

ClientFactory = Callable[[str], Any]
"""Makes a boto3 ``health`` client for a Region."""


class Wanted(NamedTuple):
    """Details to read: ``account`` is None for a PUBLIC event, else one that it affects (facts: scope rule)."""

    arn: str
    account: str | None


@dataclass(frozen=True, slots=True)
class Failed:
    """One item of a ``failedSet``."""

    arn: str
    account: str | None
    error: str


@dataclass(frozen=True, slots=True)
class Details:
    """What a call for details came to. An ARN in several Regions has several readings."""

    readings: tuple[Reading, ...]
    failed: tuple[Failed, ...]


@dataclass(frozen=True, slots=True)
class AffectedAccounts:
    """``scope`` is AWS Health's answer; NONE means that it does not know the ARN (any more)."""

    scope: str | None
    accounts: frozenset[str]


@dataclass(frozen=True, slots=True)
class AffectedEntities:
    """All pages' entities and failures; ``cut`` where there were more entities than were asked for."""

    entities: tuple[Entity, ...]
    failed: tuple[Failed, ...]
    cut: bool = False


def _always() -> bool:
    return True


class OrganizationView:
    """AWS Health as the delegated administrator sees it, for the length of one poll.

    ``regions`` are tried in order: where one cannot be reached, the next stands in for the rest of the poll.
    ``may_ask`` is looked at before each call. Every method raises HealthError.
    """

    def __init__(
        self, client_for: ClientFactory, regions: Sequence[str], may_ask: Callable[[], bool] = _always
    ) -> None:
        self._client_for = client_for
        self._regions = list(regions)
        self._may_ask = may_ask
        self.unusable: list[str] = []
        """ARNs of listed items, or what stood in their place, that could not be understood."""

    def changed(self, since: datetime, read_at: datetime) -> Iterator[list[Reading]]:
        """Pages of everything updated since then, whatever its category or status, the newest first."""
        yield from self._events({"lastUpdatedTime": {"from": since}}, read_at)

    def listed(self, read_at: datetime) -> Iterator[list[Reading]]:
        """Pages of everything open or upcoming."""
        yield from self._events({"eventStatusCodes": list(LISTED_STATUSES)}, read_at)

    def details(self, wanted: Iterable[Wanted], read_at: datetime) -> Details:
        """Details in as few calls as there can be."""
        filters = [_detail_filter(item) for item in dict.fromkeys(wanted)]
        readings: list[Reading] = []
        failed: list[Failed] = []
        for start in range(0, len(filters), DETAILS_PER_CALL):
            batch = filters[start : start + DETAILS_PER_CALL]
            answer = self._call("describe_event_details_for_organization", organizationEventDetailFilters=batch)
            readings += self._understood(answer.get("successfulSet", ()), partial(_detail_reading, read_at=read_at))
            failed += self._understood(answer.get("failedSet", ()), _failed)
        return Details(tuple(readings), tuple(failed))

    def accounts(self, arn: str) -> AffectedAccounts:
        """Every account that an event affects: a complete reading (D3)."""
        accounts: set[str] = set()
        scope: str | None = None
        for page in self._pages("describe_affected_accounts_for_organization", eventArn=arn, maxResults=PAGE):
            accounts.update(self._understood(page.get("affectedAccounts", ()), _account))
            told = page.get("eventScopeCode")
            scope = spelled("scope", str(told)) if told else scope
        return AffectedAccounts(scope, frozenset(accounts))

    def entities(self, arn: str, accounts: Sequence[str], most: int) -> AffectedEntities:
        """Every entity of at most ``ACCOUNTS_PER_CALL`` accounts that an event affects.

        An account that a page does not name may come on the next one, so all pages are read; but no further than to
        more than ``most`` entities.
        """
        entities: dict[Entity, None] = {}
        failed: dict[Failed, None] = {}
        filters = [{"eventArn": arn, "awsAccountId": account} for account in accounts]
        operation = "describe_affected_entities_for_organization"
        for page in self._pages(operation, organizationEntityFilters=filters, maxResults=PAGE):
            owned = (item for item in page.get("entities", ()) if not _is_nobodys(item))
            entities |= dict.fromkeys(self._understood(owned, _entity))
            failed |= dict.fromkeys(self._understood(page.get("failedSet", ()), _failed))
            if len(entities) > most:
                return AffectedEntities(tuple(entities), tuple(failed), cut=True)
        return AffectedEntities(tuple(entities), tuple(failed))

    def _events(self, chosen: Mapping[str, Any], read_at: datetime) -> Iterator[list[Reading]]:
        for page in self._pages("describe_events_for_organization", filter=chosen, maxResults=PAGE):
            yield self._understood(page.get("events", ()), partial(_reading, read_at=read_at))

    def _understood(self, items: Iterable[Any], read: Callable[[Any], _Read | None]) -> list[_Read]:
        """What is read of each item; what cannot be read is told in ``unusable``."""
        found = []
        for item in items:
            try:
                one = read(item)
            except _GARBLED:
                one = None
            if one is None:
                self.unusable.append(str(item)[:1000])
            else:
                found.append(one)
        return found

    def _pages(self, operation: str, **params: Any) -> Iterator[Mapping[str, Any]]:
        """All pages; from page one again where AWS Health forgot its token. Pages may then come twice."""
        for _attempt in range(RESTARTS + 1):
            try:
                yield from self._once_through(operation, params)
            except _TokenForgottenError:
                continue
            return
        raise HealthRefusedError(operation, _BAD_TOKEN, f"it forgot its place {RESTARTS + 1} times")

    def _once_through(self, operation: str, params: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
        token: str | None = None
        while True:
            page = self._page(operation, params, token)
            yield page
            token = page.get("nextToken")
            if not token:
                return

    def _page(self, operation: str, params: Mapping[str, Any], token: str | None) -> Mapping[str, Any]:
        if token is None:
            return self._call(operation, **params)
        try:
            return self._call(operation, **params, nextToken=token)
        except HealthRefusedError as error:
            if error.code == _BAD_TOKEN:
                raise _TokenForgottenError from error
            raise

    def _call(self, operation: str, **params: Any) -> Mapping[str, Any]:
        """One call; in the next Region where this one cannot be reached."""
        while True:
            if not self._may_ask():
                raise HealthOutOfTimeError(operation)
            try:
                answer: Mapping[str, Any] = getattr(self._client_for(self._regions[0]), operation)(**params)
            except (ClientError, BotoCoreError, *_GARBLED) as error:
                found = _as_health_error(operation, error)
                if not isinstance(found, HealthUnreachableError) or len(self._regions) == 1:
                    raise found from error
                self._regions.pop(0)
            else:
                return answer


class _TokenForgottenError(Exception):
    """AWS Health answered InvalidPaginationToken."""


def _as_health_error(operation: str, error: Exception) -> HealthError:
    if isinstance(error, ClientError):
        told = error.response.get("Error", {})
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return health_error(operation, told.get("Code", "Unknown"), told.get("Message", ""), status)
    if isinstance(error, _GARBLED):
        return HealthUnreachableError(operation, type(error).__name__, "what answered has not the shape of an answer")
    return HealthUnreachableError(operation, type(error).__name__, str(error))


def _detail_reading(item: Mapping[str, Any], read_at: datetime) -> Reading | None:
    event = item.get("event") or {}
    text = (item.get("eventDescription") or {}).get("latestDescription") or None
    more: dict[str, Value] = {"availability_zone": event.get("availabilityZone") or None}
    if text is not None:
        more["text_zones"] = text_zones(text)
    return _reading(event, read_at, step=_DETAILS_STEP, more=more, description=text)


def _reading(
    item: Mapping[str, Any],
    read_at: datetime,
    *,
    step: int = 0,
    more: Mapping[str, Value] | None = None,
    description: str | None = None,
) -> Reading | None:
    """None where it has no ARN or no Region, so that nobody can say which event it is, or where a text is none.

    The list never has a zone, so it leaves the zone as it was: only details tell ``more``.
    """
    arn = item.get("arn")
    region = item.get("region") or (arn_region(arn) if arn else None)
    values = {**_values(item), **(more or {})}
    if not arn or not region or not all(_is_text(told) for told in (arn, region, description, *values.values())):
        return None
    return Reading(
        key=EventKey(arn, region.lower()),
        source=Source.API,
        last_updated=lenient_time(item.get("lastUpdatedTime")) or read_at,
        read_at=read_at,
        step=step,
        values=values,
        description=description,
    )


def _values(item: Mapping[str, Any]) -> dict[str, Value]:
    """The API carries all of these, but leaves out what it does not know; that does not unsay what was told.

    The end is different: where there is none now, the event goes on.
    """
    values: dict[str, Value] = {"end": text_if_any(lenient_time(item.get("endTime")))}
    for name, key in (("category", "eventTypeCategory"), ("status", "statusCode"), ("scope", "eventScopeCode")):
        if told := item.get(key):
            values[name] = spelled(name, told)
    if told := item.get("actionability"):
        values["actionability"] = spelled("actionability", told)
    if told := item.get("service"):
        values["service"] = service_code(told)
    if told := item.get("eventTypeCode"):
        values["type_code"] = told
    if start := text_if_any(lenient_time(item.get("startTime"))):
        values["start"] = start
    if personas := item.get("personas"):
        values["personas"] = tuple(sorted({spelled("personas", told) for told in personas}))
    return values


def _is_text(told: object) -> bool:
    return isinstance(told, str | tuple | None)


def _detail_filter(wanted: Wanted) -> dict[str, str]:
    if wanted.account is None:
        return {"eventArn": wanted.arn}
    return {"eventArn": wanted.arn, "awsAccountId": wanted.account}


def _failed(item: Mapping[str, Any]) -> Failed:
    error = f"{item.get('errorName') or 'an error without a name'}: {item.get('errorMessage') or 'no message'}"
    return Failed(item.get("eventArn", ""), item.get("awsAccountId"), error)


def _account(item: Any) -> str | None:
    return item if ACCOUNT_ID.match(item) else None


def _is_nobodys(item: Any) -> bool:
    """AWS Health names entities without an account or a value, too: they are of no use, and nothing is wrong."""
    return isinstance(item, dict) and not (item.get("awsAccountId") and item.get("entityValue"))


def _entity(item: Mapping[str, Any]) -> Entity | None:
    account, value, status = item["awsAccountId"], item["entityValue"], item.get("statusCode")
    texts = isinstance(value, str) and isinstance(status, str | None)
    return Entity(account, value, status) if texts and ACCOUNT_ID.match(account) else None
