"""The events that the simulated AWS Health shows, and how an update changes one (S1, S2).

An event is one ARN in one Region. Values are AWS Health's, unknown ones included; whether a scenario makes sense
is judged here only as far as AWS Health could not show it. Nothing here answers an API call.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

from org_gate.model.event import EventKey
from org_gate.model.request import ACCOUNT_ID

TEXT_FIELDS: Final = (
    "arn",
    "service",
    "eventTypeCode",
    "eventTypeCategory",
    "region",
    "availabilityZone",
    "statusCode",
    "eventScopeCode",
    "actionability",
)
TIME_FIELDS: Final = ("startTime", "endTime", "lastUpdatedTime")
LIST_FIELDS: Final = ("personas",)
REQUIRED_FIELDS: Final = ("arn", "region", "service", "eventTypeCode")
ENTITY_FIELDS: Final = (
    "accountId",
    "entityValue",
    "entityArn",
    "entityUrl",
    "statusCode",
    "lastUpdatedTime",
    "tags",
    "entityMetadata",
)
_PUBLIC, _ACCOUNT_SPECIFIC = "PUBLIC", "ACCOUNT_SPECIFIC"


class HealthUpdateError(ValueError):
    """An update that AWS Health could not show; ``field`` is where."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field


@dataclass(frozen=True, slots=True)
class HealthUpdate:
    """What an update names; None is left as it was, and an event field that is None is taken away.

    ``event`` has AWS Health's field names, times as aware datetimes. An entity has ``accountId`` and
    ``entityValue``, and further members of AWS Health's AffectedEntity.
    """

    event: Mapping[str, Any]
    description: str | None = None
    affected_accounts: Sequence[str] | None = None
    entities: Sequence[Mapping[str, Any]] | None = None


@dataclass(frozen=True, slots=True)
class ShownEvent:
    """An event as it stands. ``revision`` counts its updates."""

    fields: Mapping[str, Any]
    description: str = ""
    accounts: tuple[str, ...] = ()
    entities: tuple[Mapping[str, Any], ...] = ()
    """By account, then value; each once."""
    revision: int = 1

    @property
    def arn(self) -> str:
        return str(self.fields["arn"])

    @property
    def region(self) -> str:
        return str(self.fields["region"])

    @property
    def updated(self) -> datetime:
        moment: datetime = self.fields["lastUpdatedTime"]
        return moment

    @property
    def is_public(self) -> bool:
        """Where the scope is absent or unheard of: public if it lists no account."""
        scope = self.fields.get("eventScopeCode")
        return scope == _PUBLIC or (scope != _ACCOUNT_SPECIFIC and not self.accounts)

    def seen_by(self, account: str) -> "ShownEvent | None":
        """The event as an account sees it by itself: with its own entities; None where it does not see it."""
        if not self.is_public and account not in self.accounts:
            return None
        own = tuple(entity for entity in self.entities if entity["accountId"] == account)
        return replace(self, accounts=(account,) if account in self.accounts else (), entities=own)


def statuses_of(entities: Collection[Mapping[str, Any]]) -> dict[str, int]:
    """How many entities have which status; those without one are not counted."""
    return dict(Counter(entity["statusCode"] for entity in entities if entity.get("statusCode")))


class Events:
    """All shown events as they stood at one time: in the order in which they are listed, and by ARN."""

    def __init__(self, events: Iterable[ShownEvent]) -> None:
        self._listed = tuple(sorted(events, key=newest_first))
        self._by_arn: dict[str, list[ShownEvent]] = {}
        for event in self._listed:
            self._by_arn.setdefault(event.arn, []).append(event)

    def all(self) -> Sequence[ShownEvent]:
        """Newest first by last update."""
        return self._listed

    def of_arn(self, arn: str) -> Sequence[ShownEvent]:
        """One for each Region that the ARN is an event in, newest first."""
        return self._by_arn.get(arn, ())


class EventBook:
    """The events that are shown. Not safe by itself for several threads: its owner holds a lock."""

    def __init__(self) -> None:
        self._events: dict[EventKey, ShownEvent] = {}
        self._now: Events | None = None
        """Until the next update: every call of the API asks for them."""

    def now(self) -> Events:
        """As they stand; a later update changes nothing in what was given."""
        if self._now is None:
            self._now = Events(self._events.values())
        return self._now

    def show(self, update: HealthUpdate, now: datetime) -> ShownEvent:
        """Takes the update in. Raises HealthUpdateError, and then changes nothing."""
        _check_fields(update.event)
        before = self._before(update.event)
        event = _updated(before, update, now)
        self._events[EventKey(event.arn, event.region)] = event
        self._now = None
        return event

    def one(self, arn: str, region: str | None) -> ShownEvent:
        """The event of that ARN. Raises HealthUpdateError where there is none, or several to choose from."""
        found = [event for event in self._events.values() if event.arn == arn and region in (None, event.region)]
        if not found:
            where = f" in {region}" if region else ""
            raise HealthUpdateError("arn", f"AWS Health shows no event {arn!r}{where} at that time")
        if len(found) > 1:
            raise HealthUpdateError("region", _ambiguous(arn, found))
        return found[0]

    def _before(self, named: Mapping[str, Any]) -> ShownEvent | None:
        arn, region = named["arn"], named.get("region")
        if region is not None:
            return self._events.get(EventKey(arn, region))
        found = [event for event in self._events.values() if event.arn == arn]
        if len(found) > 1:
            raise HealthUpdateError("event.region", _ambiguous(arn, found))
        return found[0] if found else None


def newest_first(event: ShownEvent) -> tuple[float, str, str]:
    """The order in which AWS Health lists events."""
    return -event.updated.timestamp(), event.arn, event.region


def _ambiguous(arn: str, found: Sequence[ShownEvent]) -> str:
    regions = ", ".join(sorted(event.region for event in found))
    return f"{arn!r} is an event in several Regions ({regions}); say which one is meant"


def _updated(before: ShownEvent | None, update: HealthUpdate, now: datetime) -> ShownEvent:
    base = before or ShownEvent({}, revision=0)
    named = {"lastUpdatedTime": now, **{k: v for k, v in update.event.items() if (k, v) != ("lastUpdatedTime", None)}}
    fields = {name: value for name, value in {**base.fields, **named}.items() if value is not None}
    missing = [name for name in REQUIRED_FIELDS if name not in fields]
    if missing:
        why = "is new, so it needs it" if before is None else "cannot be without it"
        raise HealthUpdateError(f"event.{missing[0]}", f"is missing; the event {fields.get('arn')!r} {why}")
    accounts = base.accounts if update.affected_accounts is None else _accounts(update.affected_accounts)
    return ShownEvent(
        fields=fields,
        description=base.description if update.description is None else update.description,
        accounts=accounts,
        entities=_entities(base, update, accounts),
        revision=base.revision + 1,
    )


def _entities(base: ShownEvent, update: HealthUpdate, accounts: Sequence[str]) -> tuple[Mapping[str, Any], ...]:
    if update.entities is None:
        # Entities of an account that is no longer affected go with it.
        return tuple(entity for entity in base.entities if entity["accountId"] in accounts)
    for index, entity in enumerate(update.entities):
        _check_entity(f"entities[{index}]", entity, accounts)
    known = {(entity["accountId"], entity["entityValue"]): entity for entity in update.entities}
    return tuple({k: v for k, v in known[key].items() if v is not None} for key in sorted(known))


def _check_entity(path: str, entity: Mapping[str, Any], accounts: Sequence[str]) -> None:
    for name in entity:
        if name not in ENTITY_FIELDS:
            raise HealthUpdateError(f"{path}.{name}", f"is no field of an entity; those are {', '.join(ENTITY_FIELDS)}")
    value = entity.get("entityValue")
    if not isinstance(value, str) or not value:
        raise HealthUpdateError(f"{path}.entityValue", f"is {value!r}; an entity needs its value, for example i-0abc")
    if entity.get("accountId") not in accounts:
        known = ", ".join(accounts) or "none"
        found = entity.get("accountId")
        raise HealthUpdateError(f"{path}.accountId", f"{found!r} is not among the affected accounts ({known})")
    _check_time(f"{path}.lastUpdatedTime", entity.get("lastUpdatedTime"))


def _accounts(named: Sequence[Any]) -> tuple[str, ...]:
    for index, account in enumerate(named):
        if not isinstance(account, str) or not ACCOUNT_ID.match(account):
            raise HealthUpdateError(f"affectedAccounts[{index}]", f"{account!r} is not an account id of 12 digits")
    return tuple(dict.fromkeys(named))


def _check_fields(named: Mapping[str, Any]) -> None:
    known = (*TEXT_FIELDS, *TIME_FIELDS, *LIST_FIELDS)
    for name, value in named.items():
        path = f"event.{name}"
        if name not in known:
            raise HealthUpdateError(path, f"is no field of an AWS Health event; those are {', '.join(known)}")
        if name in TEXT_FIELDS and value is not None and (not isinstance(value, str) or not value):
            raise HealthUpdateError(path, f"is {value!r}; it has to be text")
        if name in TIME_FIELDS:
            _check_time(path, value)
        if name in LIST_FIELDS and value is not None:
            _check_texts(path, value)
    if not named.get("arn"):
        raise HealthUpdateError("event.arn", "is missing; an update names its event by its ARN")


def _check_texts(path: str, value: Any) -> None:
    if not isinstance(value, Sequence) or isinstance(value, str) or not all(isinstance(item, str) for item in value):
        raise HealthUpdateError(path, f"is {value!r}; it has to be a list of texts")


def _check_time(path: str, value: Any) -> None:
    if value is not None and (not isinstance(value, datetime) or value.tzinfo is None):
        raise HealthUpdateError(path, f"is {value!r}; it has to be a time with an offset")
