"""The policy as frozen data (P1-P6): what may be written in it, and the defaults of what is left out.

A filter's empty tuple means that the field was left out, and so fits anything: written out, an empty list is an
error (D6). Knows no YAML and judges no deployment.

The texts below the fields and the classes go into the JSON Schema: editors show them to whoever writes a policy.
"""

from datetime import timedelta
from typing import Annotated, Any, Literal, Self

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

from org_gate.model.decision import Mode, OnStale, Verdict
from org_gate.policy.among import incomplete_freeze, repeated_names, unclear_aliases
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
    GlobOrNone,
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
)
from org_gate.policy.mistakes import Strict, as_init, refusal


class _Part(Strict):
    """A part of the policy whose fields are described where they stand."""

    model_config = ConfigDict(use_attribute_docstrings=True)


class _Filter(_Part):
    """All of its fields have to fit; a field that was left out is left out again when written."""

    @model_serializer(mode="wrap")
    def _only_what_was_named(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value not in (None, (), [], {})}


class Match(_Filter):
    """Which events: all fields have to fit, of a list any entry. A field that is left out fits anything."""

    categories: Annotated[tuple[Category, ...], AtLeastOne()] = ()
    """What kind of event: incidents are issue, and investigation while AWS looks; maintenance is scheduledChange."""
    statuses: Annotated[tuple[Status, ...], AtLeastOne()] = ()
    """open (now), upcoming (announced), closed. Closed events are over and concern nobody."""
    services: Annotated[tuple[ServiceCode, ...], AtLeastOne()] = ()
    """The event's own service code, such as RDS. Name MULTIPLE_SERVICES too: the largest outages come under it."""
    regions: Annotated[tuple[RegionName, ...], AtLeastOne()] = ()
    """The event's own Region, such as eu-west-1; global fits only where it is named."""
    scopes: Annotated[tuple[Scope, ...], AtLeastOne()] = ()
    """PUBLIC: everybody's event. ACCOUNT_SPECIFIC: that of the accounts it lists. NONE: neither was said."""
    type_codes: Annotated[tuple[Glob, ...], AtLeastOne()] = ()
    """Globs over the type code, for example AWS_EC2_*."""
    availability_zones: Annotated[tuple[ZoneName, ...], AtLeastOne()] = ()
    """The event's zone: an id (euw1-az1) or a name (eu-west-1a); the two cannot be compared with each other."""
    actionabilities: Annotated[tuple[Actionability, ...], AtLeastOne()] = ()
    """Whether AWS wants something done about the event."""
    personas: Annotated[tuple[Persona, ...], AtLeastOne()] = ()
    """Whom AWS means by the event."""
    entities: Annotated[tuple[Glob, ...], AtLeastOne()] = ()
    """Globs over the affected entities (ids, ARNs) of the target's account. Add scopes: [ACCOUNT_SPECIFIC]: PUBLIC
    events mostly list none."""
    starts_within: DurationIfAny = None
    """It starts in less than that, or has started: 2h."""
    open_for_at_least: DurationIfAny = None
    """It started that long ago or longer: 10m."""
    updated_within: DurationIfAny = None
    """Its last update is younger than that: 1h."""
    drill: FlagIfAny = None
    """true: drills only (`org-gate drill start`). false: real events only. Left out: both."""


class TargetFilter(_Filter):
    """Which deployments: all fields have to fit, of a list any entry. A field that is left out fits anything."""

    accounts: Annotated[tuple[AccountId, ...], AtLeastOne()] = ()
    """The account that is deployed to: 12 digits in quotes."""
    ous: Annotated[tuple[OuPattern, ...], AtLeastOne()] = ()
    """The path of its OU below the root, such as Workloads/Prod/** (`*` within one name, `**` any number of names,
    none included), or an OU's id (ou-…, r-…) with all below it."""
    tags: Annotated[dict[TagKey, Annotated[tuple[TagValue, ...], AtLeastOne()]], AtLeastOne()] = Field(
        default_factory=dict
    )
    """Tags of the account, each with a list of values: all keys, any of a key's values. {tier: ["1", "2"]}"""
    regions: Annotated[tuple[RegionName, ...], AtLeastOne()] = ()
    """The Region that is deployed to, such as eu-west-1."""
    services: Annotated[tuple[ServiceCode, ...], AtLeastOne()] = ()
    """A service code that the deployment lists; where it lists none, it is not known whether this fits."""
    pipelines: Annotated[tuple[Glob, ...], AtLeastOne()] = ()
    """Globs over the name of the pipeline that asks. The name is the caller's word: where it softens a verdict,
    name accounts or ous beside it."""


class Rule(_Part):
    """What is decided for a deployment and an event that both fit. The first rule that fits decides."""

    name: Name
    """A name of its own; decisions name the rule."""
    match: Match = Match()
    """Which events the rule is about; left out: all."""
    targets: TargetFilter = TargetFilter()
    """Which deployments the rule is about; left out: all."""
    verdict: Verdict
    """allow, warn or block. The most severe of all that is found stands."""
    why: Words = ""
    """A sentence for whoever is held back."""


class TargetMode(_Part):
    """The mode of the deployments that fit. The first entry that fits holds."""

    targets: TargetFilter = TargetFilter()
    """Which deployments; left out: all."""
    mode: Mode
    """enforce: what is blocked stops. warn and shadow: it goes on, and the decision says what enforce would do."""


def _named(value: Any) -> Any:
    if value is None:
        raise refusal("a mapping of fields; leave the field out to except nothing")
    return value


def _not_allow(verdict: Verdict) -> Verdict:
    if verdict is Verdict.ALLOW:
        raise refusal("'warn' or 'block'")
    return verdict


class Freeze(_Part):
    """A time in which nothing is deployed: once, from `from` up to `to`; or again and again, by `rrule`."""

    model_config = ConfigDict(serialize_by_alias=True)

    name: Name
    """A name of its own; decisions and overrides (freeze:NAME) name the freeze."""
    start: Annotated[Moment, Field(alias="from")]
    """The begin, with an offset: 2026-11-26T00:00:00Z. Where it recurs: the first, and the time of day of all."""
    end: Annotated[MomentIfAny, Field(alias="to")] = None
    """The end, that second not included. Where it recurs, optional: no occurrence begins at or after it."""
    rrule: RruleIfAny = None
    """When it recurs (RFC 5545): FREQ=WEEKLY;BYDAY=FR. FREQ is DAILY, WEEKLY, MONTHLY or YEARLY."""
    duration: DurationIfAny = None
    """How long each occurrence lasts: 8h. Only with rrule."""
    timezone: TimeZone = "UTC"
    """In whose local time it recurs, summer and winter: an IANA name such as Europe/Berlin."""
    targets: TargetFilter = TargetFilter()
    """Which deployments are held back; left out: all."""
    excepted: Annotated[TargetFilter | SkipJsonSchema[None], BeforeValidator(_named), Field(alias="except")] = None
    """Deployments among them that are free."""
    verdict: Annotated[
        Verdict, AfterValidator(_not_allow), WithJsonSchema({"type": "string", "enum": ["warn", "block"]})
    ] = Verdict.BLOCK
    """warn or block."""

    @model_serializer(mode="wrap")
    def _only_what_was_named(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if value is not None}

    @model_validator(mode="wrap")
    @classmethod
    def _is_whole(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Looked for in what was written, as in ``Policy``."""
        wrong = list(incomplete_freeze(data)) if isinstance(data, dict) else []
        try:
            freeze = handler(data)
        except ValidationError as error:
            wrong = [*map(as_init, error.errors(include_url=False)), *wrong]
        if wrong:
            raise ValidationError.from_exception_data(cls.__name__, wrong)
        return freeze


class Defaults(_Part):
    """What holds where no rule speaks, and where knowledge is old or missing."""

    verdict: Verdict = Verdict.ALLOW
    """For an event that concerns a deployment and that no rule speaks about."""
    on_stale: OnStale = OnStale.LOCAL
    """When knowledge is older than max_age: allow, warn, block; local: each gate looks at AWS Health in its account."""
    on_unknown: Verdict = Verdict.BLOCK
    """When nothing at all can be found out."""
    max_age: Duration = timedelta(minutes=10)
    """How old knowledge of AWS Health may be: 10m."""


class Delegate(_Part):
    """An account that may ask about accounts not its own, such as one with a deployment tool."""

    account: AccountId
    """The account that asks: 12 digits in quotes."""
    may_ask_for: TargetFilter
    """Which deployments it may ask about."""


class OverrideGrant(_Part):
    """Which accounts may override for themselves, and for how long. The central account may override anything."""

    model_config = ConfigDict(serialize_by_alias=True)

    targets: TargetFilter = TargetFilter()
    """Which accounts: name accounts, ous or tags. An override names no Region and no service."""
    longest: Annotated[Duration, Field(alias="max")]
    """The longest that one may last: 1h. No override lasts longer than max_override."""


class Resume(_Part):
    """When blocked deployments go on by themselves."""

    enabled: Flag = True
    """false: people press Retry."""
    settle: Duration = timedelta(minutes=5)
    """How long nothing may have blocked a deployment, without a break, before it goes on: incidents flap."""
    within: Duration = timedelta(hours=24)
    """How long after its blocked decision a deployment may still be resumed."""
    wave_size: Annotated[int, Field(strict=True, ge=1)] = 20
    """How many go on at once at most, those that wait longest first."""
    wave_pause: Duration = timedelta(minutes=1)
    """How long to wait between two waves."""


def _format_version(version: Any) -> Any:
    """``True`` is 1 to Python, and ``1.0`` too."""
    if type(version) is not int or version != 1:
        raise refusal("1, the version of the format")
    return version


class Policy(_Part):
    """What the organization wants of its deployments: which AWS Health events and times hold back which of them."""

    version: Annotated[Literal[1], BeforeValidator(_format_version)]
    """Of the format, always 1. Published policies are counted by org-gate."""
    mode: Mode = Mode.ENFORCE
    """enforce: what is blocked stops. warn and shadow: it goes on, and the decision says what enforce would do."""
    modes: tuple[TargetMode, ...] = ()
    """The mode by target; the first entry that fits holds, else `mode`."""
    defaults: Defaults = Defaults()
    """The verdict where no rule speaks, where knowledge is old, and where nothing is known."""
    platform_services: tuple[ServiceCode, ...] = ("CODEPIPELINE", "CLOUDFORMATION", "STS")
    """Service codes that every deployment needs, whatever it lists; and the ground that its pipeline runs on."""
    global_services: tuple[ServiceCode, ...] = ("IAM", "ORGANIZATIONS", "ROUTE53", "CLOUDFRONT")
    """Service codes whose events count in every Region."""
    depends_on: dict[ServiceCode, tuple[ServiceCode, ...]] = Field(default_factory=dict)
    """What a service cannot do without, one step: {ECS: [EC2, ECR]}. A deployment of ECS waits for EC2 as well."""
    service_aliases: dict[ServiceCode, ServiceCode] = Field(default_factory=dict)
    """Names that your teams use, each with AWS Health's code: {ALB: ELASTICLOADBALANCING}."""
    zones_from_text: Flag = False
    """true: takes the zone ids in an event's description for its zones, so that other zones may go on."""
    exempt: tuple[TargetFilter, ...] = ()
    """Deployments that are always allowed, such as a failover. Name accounts or ous beside pipelines."""
    delegates: tuple[Delegate, ...] = ()
    """Accounts that may ask about accounts not their own; each may ask about itself, the central one about all."""
    override_grants: tuple[OverrideGrant, ...] = ()
    """Who may break the glass for itself, and for how long. None: only the central account overrides."""
    max_override: Duration = timedelta(hours=4)
    """No override lasts longer, not even the central account's: 4h."""
    override_ticket: GlobOrNone = ""
    """A glob that the ticket of each override has to match, such as CHG-*; "" asks for no ticket."""
    resume: Resume = Resume()
    """Whether, when and how many at a time blocked deployments go on by themselves."""
    rules: tuple[Rule, ...] = ()
    """Tried from top to bottom for each pair of a deployment and an event; the first that fits decides. Exceptions
    first, the general rule last."""
    freezes: tuple[Freeze, ...] = ()
    """Times in which nothing is deployed, event or not."""

    @model_validator(mode="wrap")
    @classmethod
    def _names_are_clear(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Looked for in what was written, so that it is told together with all other mistakes."""
        unclear = (
            [*repeated_names(data, "rules"), *repeated_names(data, "freezes"), *unclear_aliases(data)]
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
