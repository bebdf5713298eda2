"""The policy as frozen data (P1-P6): what may be written in it, and the defaults of what is left out.

A filter's empty tuple means that the field was left out, and so fits anything: written out, an empty list is an
error (D6). Knows no YAML and judges no deployment.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    ModelWrapValidatorHandler,
    SerializerFunctionWrapHandler,
    ValidationError,
    WithJsonSchema,
    model_serializer,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import InitErrorDetails, PydanticCustomError

from org_gate.model.decision import Mode, OnStale, Verdict
from org_gate.model.event import MULTIPLE_SERVICES
from org_gate.model.times import format_time, parse_duration, parse_time
from org_gate.policy.fields import (
    AccountId,
    Actionability,
    AtLeastOne,
    Category,
    Duration,
    DurationIfAny,
    Flag,
    FlagIfAny,
    Glob,
    Moment,
    MomentIfAny,
    Name,
    OuPattern,
    Persona,
    RegionName,
    RruleIfAny,
    Scope,
    ServiceCode,
    Status,
    TagKey,
    TagValue,
    TimeZone,
    Words,
    ZoneName,
    duration_text,
)
from org_gate.policy.mistakes import Strict, as_init, refusal
from org_gate.policy.services import resolved_aliases

# Fields that come with a later version, by the model they belong to. Refused by name until then.
_NOT_YET: Final = {
    "Policy": frozenset({"override_grants", "max_override"}),
}
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_OCCURRENCE: Final = timedelta(days=366)
"""So that a look at what is in force now looks back a year at most."""


class _Filter(Strict):
    """All of its fields have to fit; a field that was left out is left out again when written."""

    @model_serializer(mode="wrap")
    def _only_what_was_named(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value not in (None, (), [], {})}


class Match(_Filter):
    """Which events a rule is about (P2)."""

    categories: Annotated[tuple[Category, ...], AtLeastOne()] = ()
    statuses: Annotated[tuple[Status, ...], AtLeastOne()] = ()
    services: Annotated[tuple[ServiceCode, ...], AtLeastOne()] = ()
    regions: Annotated[tuple[RegionName, ...], AtLeastOne()] = ()
    scopes: Annotated[tuple[Scope, ...], AtLeastOne()] = ()
    type_codes: Annotated[tuple[Glob, ...], AtLeastOne()] = ()
    availability_zones: Annotated[tuple[ZoneName, ...], AtLeastOne()] = ()
    actionabilities: Annotated[tuple[Actionability, ...], AtLeastOne()] = ()
    personas: Annotated[tuple[Persona, ...], AtLeastOne()] = ()
    entities: Annotated[tuple[Glob, ...], AtLeastOne()] = ()
    starts_within: DurationIfAny = None
    open_for_at_least: DurationIfAny = None
    updated_within: DurationIfAny = None
    drill: FlagIfAny = None


class TargetFilter(_Filter):
    """Which targets are meant (P3); ``pipelines`` are globs over the name of the pipeline that asks."""

    accounts: Annotated[tuple[AccountId, ...], AtLeastOne()] = ()
    ous: Annotated[tuple[OuPattern, ...], AtLeastOne()] = ()
    tags: Annotated[dict[TagKey, Annotated[tuple[TagValue, ...], AtLeastOne()]], AtLeastOne()] = Field(
        default_factory=dict
    )
    regions: Annotated[tuple[RegionName, ...], AtLeastOne()] = ()
    services: Annotated[tuple[ServiceCode, ...], AtLeastOne()] = ()
    pipelines: Annotated[tuple[Glob, ...], AtLeastOne()] = ()


class Rule(Strict):
    """What the first rule that fits says of a target and an event (D6)."""

    name: Name
    match: Match = Match()
    targets: TargetFilter = TargetFilter()
    verdict: Verdict
    why: Words = ""


class TargetMode(Strict):
    """The mode of the targets that fit (D12)."""

    targets: TargetFilter = TargetFilter()
    mode: Mode


def _named(value: Any) -> Any:
    if value is None:
        raise refusal("a mapping of fields; leave the field out to except nothing")
    return value


def _not_allow(verdict: Verdict) -> Verdict:
    if verdict is Verdict.ALLOW:
        raise refusal("'warn' or 'block'")
    return verdict


class Freeze(Strict):
    """A time in which nothing is deployed (D8): once, from ``from`` up to ``to``; or recurring, by ``rrule`` (P5).

    One that recurs takes its ``duration`` each time, and begins no more at or after ``to``.
    """

    model_config = ConfigDict(serialize_by_alias=True)

    name: Name
    start: Annotated[Moment, Field(alias="from")]
    end: Annotated[MomentIfAny, Field(alias="to")] = None
    rrule: RruleIfAny = None
    duration: DurationIfAny = None
    timezone: TimeZone = "UTC"
    targets: TargetFilter = TargetFilter()
    excepted: Annotated[TargetFilter | SkipJsonSchema[None], BeforeValidator(_named), Field(alias="except")] = None
    verdict: Annotated[
        Verdict, AfterValidator(_not_allow), WithJsonSchema({"type": "string", "enum": ["warn", "block"]})
    ] = Verdict.BLOCK

    @model_serializer(mode="wrap")
    def _only_what_was_named(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value is not None}

    @model_validator(mode="wrap")
    @classmethod
    def _is_whole(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Looked for in what was written, as in ``Policy``."""
        wrong = list(_incomplete(data)) if isinstance(data, dict) else []
        try:
            freeze = handler(data)
        except ValidationError as error:
            wrong = [*map(as_init, error.errors(include_url=False)), *wrong]
        if wrong:
            raise ValidationError.from_exception_data(cls.__name__, wrong)
        return freeze


class Defaults(Strict):
    """What holds where no rule speaks, and where knowledge is old or missing (D6, D13, D14)."""

    verdict: Verdict = Verdict.ALLOW
    on_stale: OnStale = OnStale.LOCAL
    on_unknown: Verdict = Verdict.BLOCK
    max_age: Duration = timedelta(minutes=10)


class Delegate(Strict):
    """An account that may ask about accounts not its own."""

    account: AccountId
    may_ask_for: TargetFilter


class Resume(Strict):
    """When what was blocked goes on by itself (W1, W2)."""

    enabled: Flag = True
    settle: Duration = timedelta(minutes=5)
    within: Duration = timedelta(hours=24)
    wave_size: Annotated[int, Field(strict=True, ge=1)] = 20
    wave_pause: Duration = timedelta(minutes=1)


def _format_version(version: Any) -> Any:
    """``True`` is 1 to Python, and ``1.0`` too."""
    if type(version) is not int or version != 1:
        raise refusal("1, the version of the format")
    return version


class Policy(Strict):
    """What the organization wants of its deployments."""

    not_yet: ClassVar[frozenset[str]] = _NOT_YET["Policy"]

    version: Annotated[Literal[1], BeforeValidator(_format_version)]
    mode: Mode = Mode.ENFORCE
    modes: tuple[TargetMode, ...] = ()
    defaults: Defaults = Defaults()
    platform_services: tuple[ServiceCode, ...] = ("CODEPIPELINE", "CLOUDFORMATION", "STS")
    global_services: tuple[ServiceCode, ...] = ("IAM", "ORGANIZATIONS", "ROUTE53", "CLOUDFRONT")
    depends_on: dict[ServiceCode, tuple[ServiceCode, ...]] = Field(default_factory=dict)
    service_aliases: dict[ServiceCode, ServiceCode] = Field(default_factory=dict)
    zones_from_text: Flag = False
    exempt: tuple[TargetFilter, ...] = ()
    delegates: tuple[Delegate, ...] = ()
    resume: Resume = Resume()
    rules: tuple[Rule, ...] = ()
    freezes: tuple[Freeze, ...] = ()

    @model_validator(mode="wrap")
    @classmethod
    def _names_are_clear(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Looked for in what was written, so that it is told together with all other mistakes."""
        unclear = (
            [*_repeated_names(data, "rules"), *_repeated_names(data, "freezes"), *_unclear_aliases(data)]
            if isinstance(data, dict)
            else []
        )
        try:
            policy = handler(data)
        except ValidationError as error:
            unclear = [*map(as_init, error.errors(include_url=False)), *unclear]
        if unclear:
            raise ValidationError.from_exception_data(cls.__name__, unclear)
        return policy


def _incomplete(data: dict[str, Any]) -> Iterator[InitErrorDetails]:
    """What is wrong with a freeze's fields among themselves."""
    recurs, start, end = "rrule" in data, _moment_in(data, "from"), _moment_in(data, "to")
    if not recurs and "to" not in data:
        expected = "a time: a freeze without an rrule needs its end"
        yield _wrong(refusal(expected, found="nothing", blames="absence"), "to", data)
    if recurs and "duration" not in data:
        expected = "how long each occurrence lasts: a freeze with an rrule needs it"
        yield _wrong(refusal(expected, found="nothing", blames="absence"), "duration", data)
    if not recurs and "duration" in data:
        reason = refusal("from and to alone, or an rrule", found="a duration without an rrule", blames="key")
        yield _wrong(reason, "duration", data)
    if start and end and end <= start:
        yield _wrong(refusal(f"a time after from, which is {format_time(start)}"), "to", data)
    if recurs and start and start < _EARLIEST:
        yield _wrong(refusal("a time from 1970 on"), "from", data)
    if recurs and (_duration_in(data) or timedelta()) > _LONGEST_OCCURRENCE:
        yield _wrong(refusal(f"at most {duration_text(_LONGEST_OCCURRENCE)} where it recurs"), "duration", data)


def _wrong(reason: PydanticCustomError, field: str, data: dict[str, Any]) -> InitErrorDetails:
    return InitErrorDetails(type=reason, loc=(field,), input=data.get(field))


def _moment_in(data: dict[str, Any], field: str) -> datetime | None:
    """None where it is not there or not a time, which is told elsewhere."""
    try:
        return parse_time(data[field])
    except (KeyError, TypeError, ValueError):
        return None


def _duration_in(data: dict[str, Any]) -> timedelta | None:
    try:
        return parse_duration(data["duration"])
    except (KeyError, TypeError, ValueError):
        return None


def _repeated_names(data: dict[str, Any], field: str) -> Iterator[InitErrorDetails]:
    entries = data.get(field)
    if not isinstance(entries, list | tuple):
        return
    names = [entry.get("name") if isinstance(entry, dict) else None for entry in entries]
    reason = refusal(f"a name that no other {field.removesuffix('s')} has")
    for index, name in enumerate(names):
        if isinstance(name, str) and name in names[:index]:
            yield InitErrorDetails(type=reason, loc=(field, index, "name"), input=name)


def _unclear_aliases(data: dict[str, Any]) -> Iterator[InitErrorDetails]:
    aliases = data.get("service_aliases")
    if not isinstance(aliases, dict):
        return
    written = {name: code for name, code in aliases.items() if isinstance(name, str) and isinstance(code, str)}
    names, ends = [name.upper() for name in written], resolved_aliases(written)
    for index, name in enumerate(written):
        upper = names[index]
        if upper in names[:index]:
            reason = refusal("each alias once, whatever its case", found=f"{upper} again", blames="key")
        elif upper == MULTIPLE_SERVICES:
            found = f"{upper} as an alias, which would hide the largest outages"
            reason = refusal("aliases of single services", found=found, blames="key")
        elif ends[upper] is None:
            found = f"{upper}, whose aliases lead round in a circle"
            reason = refusal("aliases that end at a service code", found=found, blames="key")
        else:
            continue
        yield InitErrorDetails(type=reason, loc=("service_aliases", name), input=name)
