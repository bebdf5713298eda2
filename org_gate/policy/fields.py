"""The kinds of values that formats of ours are made of: account ids, Regions, times, durations, patterns.

pydantic types that refuse with words for people, and that write themselves into a JSON Schema. Null never stands
for "left out": a field that was named and forgotten must not fit everything. No model lives here.
"""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated, Any, Final, TypeVar

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    PlainSerializer,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from org_gate.model.event import ACTIONABILITIES, CATEGORIES, PERSONAS, SCOPES, STATUSES
from org_gate.model.request import ACCOUNT_ID, REGION
from org_gate.model.times import format_time, parse_duration, parse_time, whole
from org_gate.policy.mistakes import nearest, refusal
from org_gate.policy.rrule import parse_rrule
from org_gate.policy.timezones import zone_names

_DURATION: Final = "^[1-9][0-9]*(s|m|h|d)$"
_REGION: Final = "^" + REGION.pattern.removeprefix("^").removesuffix("$").removesuffix(r"\Z") + "$"
_DURATION_SCHEMA: Final = {"type": "string", "pattern": _DURATION}
_UNITS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


_Many = TypeVar("_Many", tuple[Any, ...], dict[str, Any])


class AtLeastOne:
    """Marks a list or mapping that must not be written out empty; pydantic's own minimum counts valid entries only."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(self._check, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        described = handler(schema)
        return described | {"minProperties" if described.get("type") == "object" else "minItems": 1}

    @staticmethod
    def _check(values: _Many) -> _Many:
        if not values:
            raise refusal("at least one entry; leave the field out to mean any")
        return values


def duration_text(duration: timedelta) -> str:
    """As P5 spells it, in the largest unit that keeps it whole: ``90m``, ``1d``."""
    seconds = int(duration.total_seconds())
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return f"{seconds // size}{unit}"


def _duration(value: Any) -> timedelta:
    if isinstance(value, timedelta):
        return value
    if not isinstance(value, str) or not re.fullmatch(_DURATION, value):
        raise refusal("a whole number and s, m, h or d, for example 90s, 5m, 2h or 1d")
    try:
        return parse_duration(value)
    except ValueError:
        raise refusal("at most 100 years") from None


def _moment(value: Any) -> datetime:
    expected = "a time with an offset, for example 2026-03-02T12:00:00Z"
    if isinstance(value, datetime):
        return whole(value)
    if not isinstance(value, str):
        raise refusal(expected)
    try:
        return parse_time(value)
    except ValueError:
        raise refusal(expected) from None


def _account_id(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        raise refusal('12 digits in quotes: YAML reads them as a number otherwise, for example "111122223333"')
    if not isinstance(value, str) or not ACCOUNT_ID.fullmatch(value):
        raise refusal('12 digits in quotes, for example "111122223333"')
    return value


def _region(value: str) -> str:
    if not REGION.fullmatch(value):
        raise refusal("a Region such as eu-west-1, or global")
    return value


def _ou(value: str) -> str:
    """The empty path is the root (P4). What could fit nothing is refused: an empty name, an id with more behind it."""
    if value.startswith(("ou-", "r-")) and "/" in value:
        raise refusal("an ou-… or r-… id alone, which stands for all below it (an OU's name: write [o]u-… or [r]-…)")
    if value and not all(value.split("/")):
        raise refusal("OU names joined by single slashes, for example Workloads/Prod/**, or an ou-… or r-… id")
    return value


def _zone(value: str) -> str:
    if value not in zone_names():
        example = nearest(value, sorted(zone_names())) or "Europe/Berlin"
        raise refusal(f"the IANA name of a time zone, for example {example!r}")
    return value


def _rrule(value: str) -> str:
    try:
        parse_rrule(value)
    except ValueError as error:
        raise refusal(str(error)) from None
    return value


def _text(value: Any) -> Any:
    if value is None:
        raise refusal("a text; leave the field out to mean none")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise refusal("true or false")
    return value


def _one_of(known: tuple[str, ...]) -> Callable[[str], str]:
    expected = f"one of {', '.join(repr(word) for word in known)}"

    def check(value: str) -> str:
        if value not in known:
            raise refusal(expected)
        return value

    return check


def _printable(value: str) -> str:
    if not value.strip() or not value.isprintable():
        raise refusal("a text that is not empty, without control characters")
    return value


def _printable_or_none(value: str) -> str:
    return _printable(value) if value else value


Duration = Annotated[
    timedelta,
    BeforeValidator(_duration),
    PlainSerializer(duration_text, when_used="json"),
    WithJsonSchema(_DURATION_SCHEMA),
]
"""A ``timedelta``; ``5m`` in JSON and YAML (P5)."""

DurationIfAny = Annotated[
    timedelta | None,
    BeforeValidator(_duration),
    PlainSerializer(duration_text, when_used="json-unless-none"),
    WithJsonSchema(_DURATION_SCHEMA),
]
"""A ``Duration`` that is None where it was left out; null cannot be written."""

Moment = Annotated[
    datetime,
    BeforeValidator(_moment),
    PlainSerializer(format_time, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""Whole seconds in UTC; a text with an offset in JSON and YAML (D17)."""

MomentIfAny = Annotated[
    datetime | None,
    BeforeValidator(_moment),
    PlainSerializer(format_time, when_used="json-unless-none"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A ``Moment`` that is None where it was left out; null cannot be written."""

Flag = Annotated[bool, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
FlagIfAny = Annotated[bool | None, BeforeValidator(_flag), WithJsonSchema({"type": "boolean"})]
"""A ``Flag`` that is None where it was left out; null cannot be written."""

AccountId = Annotated[str, BeforeValidator(_account_id), WithJsonSchema({"type": "string", "pattern": "^[0-9]{12}$"})]
Name = Annotated[str, Field(max_length=100, json_schema_extra={"minLength": 1}), AfterValidator(_printable)]
Glob = Annotated[str, Field(max_length=256, json_schema_extra={"minLength": 1}), AfterValidator(_printable)]
GlobOrNone = Annotated[str, Field(max_length=256), AfterValidator(_printable_or_none)]
"""A ``Glob``; the empty text means that there is none."""
Words = Annotated[str, Field(max_length=10_000)]
TagKey = Annotated[str, Field(max_length=128, json_schema_extra={"minLength": 1}), AfterValidator(_printable)]
TagValue = Annotated[str, Field(max_length=256)]
"""May be empty, as AWS's may."""
TimeZone = Annotated[str, AfterValidator(_zone)]
Rrule = Annotated[str, Field(max_length=500), AfterValidator(_rrule)]
RruleIfAny = Annotated[Rrule | None, BeforeValidator(_text), WithJsonSchema({"type": "string", "maxLength": 500})]
"""A recurrence rule (P5) that is None where it was left out; null cannot be written."""
ServiceCode = Name
ZoneName = Name
RegionName = Annotated[str, AfterValidator(_region), Field(json_schema_extra={"pattern": _REGION})]
OuPattern = Annotated[str, Field(max_length=1024), AfterValidator(_ou)]

Category = Annotated[str, AfterValidator(_one_of(CATEGORIES)), Field(json_schema_extra={"enum": [*CATEGORIES]})]
Status = Annotated[str, AfterValidator(_one_of(STATUSES)), Field(json_schema_extra={"enum": [*STATUSES]})]
Scope = Annotated[str, AfterValidator(_one_of(SCOPES)), Field(json_schema_extra={"enum": [*SCOPES]})]
Actionability = Annotated[
    str, AfterValidator(_one_of(ACTIONABILITIES)), Field(json_schema_extra={"enum": [*ACTIONABILITIES]})
]
Persona = Annotated[str, AfterValidator(_one_of(PERSONAS)), Field(json_schema_extra={"enum": [*PERSONAS]})]
