"""The policy as frozen data (P1-P6): what may be written in it, and the defaults of what is left out.

A filter's empty tuple means that the field was left out, and so fits anything: written out, an empty list is an
error (D6). Knows no YAML and judges no deployment.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Any, ClassVar, Final, Literal, Self

from pydantic import (
    BeforeValidator,
    Field,
    ModelWrapValidatorHandler,
    SerializerFunctionWrapHandler,
    ValidationError,
    model_serializer,
    model_validator,
)
from pydantic_core import InitErrorDetails

from org_gate.model.decision import Mode, OnStale, Verdict
from org_gate.model.event import MULTIPLE_SERVICES
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
    Name,
    OuPattern,
    Persona,
    RegionName,
    Scope,
    ServiceCode,
    Status,
    Words,
    ZoneName,
)
from org_gate.policy.mistakes import Strict, as_init, refusal
from org_gate.policy.services import resolved_aliases

# Fields that come with a later version, by the model they belong to. Refused by name until then.
_NOT_YET: Final = {
    "Policy": frozenset({"modes", "exempt", "override_grants", "max_override", "zones_from_text", "freezes"}),
    "Match": frozenset({"entities"}),
    "TargetFilter": frozenset({"tags"}),
}


class _Filter(Strict):
    """All of its fields have to fit; a field that was left out is left out again when written."""

    @model_serializer(mode="wrap")
    def _only_what_was_named(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value not in (None, (), [])}


class Match(_Filter):
    """Which events a rule is about (P2)."""

    not_yet: ClassVar[frozenset[str]] = _NOT_YET["Match"]

    categories: Annotated[tuple[Category, ...], AtLeastOne()] = ()
    statuses: Annotated[tuple[Status, ...], AtLeastOne()] = ()
    services: Annotated[tuple[ServiceCode, ...], AtLeastOne()] = ()
    regions: Annotated[tuple[RegionName, ...], AtLeastOne()] = ()
    scopes: Annotated[tuple[Scope, ...], AtLeastOne()] = ()
    type_codes: Annotated[tuple[Glob, ...], AtLeastOne()] = ()
    availability_zones: Annotated[tuple[ZoneName, ...], AtLeastOne()] = ()
    actionabilities: Annotated[tuple[Actionability, ...], AtLeastOne()] = ()
    personas: Annotated[tuple[Persona, ...], AtLeastOne()] = ()
    starts_within: DurationIfAny = None
    open_for_at_least: DurationIfAny = None
    updated_within: DurationIfAny = None
    drill: FlagIfAny = None


class TargetFilter(_Filter):
    """Which targets are meant (P3); ``pipelines`` are globs over the name of the pipeline that asks."""

    not_yet: ClassVar[frozenset[str]] = _NOT_YET["TargetFilter"]

    accounts: Annotated[tuple[AccountId, ...], AtLeastOne()] = ()
    ous: Annotated[tuple[OuPattern, ...], AtLeastOne()] = ()
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
    defaults: Defaults = Defaults()
    platform_services: tuple[ServiceCode, ...] = ("CODEPIPELINE", "CLOUDFORMATION", "STS")
    global_services: tuple[ServiceCode, ...] = ("IAM", "ORGANIZATIONS", "ROUTE53", "CLOUDFRONT")
    depends_on: dict[ServiceCode, tuple[ServiceCode, ...]] = Field(default_factory=dict)
    service_aliases: dict[ServiceCode, ServiceCode] = Field(default_factory=dict)
    delegates: tuple[Delegate, ...] = ()
    resume: Resume = Resume()
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="wrap")
    @classmethod
    def _names_are_clear(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Looked for in what was written, so that it is told together with all other mistakes."""
        unclear = [*_repeated_names(data), *_unclear_aliases(data)] if isinstance(data, dict) else []
        try:
            policy = handler(data)
        except ValidationError as error:
            unclear = [*map(as_init, error.errors(include_url=False)), *unclear]
        if unclear:
            raise ValidationError.from_exception_data(cls.__name__, unclear)
        return policy


def _repeated_names(data: dict[str, Any]) -> Iterator[InitErrorDetails]:
    rules = data.get("rules")
    if not isinstance(rules, list | tuple):
        return
    names = [rule.get("name") if isinstance(rule, dict) else None for rule in rules]
    reason = refusal("a name that no other rule has")
    for index, name in enumerate(names):
        if isinstance(name, str) and name in names[:index]:
            yield InitErrorDetails(type=reason, loc=("rules", index, "name"), input=name)


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
