"""A scenario as data (S1, S2, S4). Field names are the format's own."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from org_gate.model.override import ALL, FREEZE_PREFIX
from org_gate.model.request import ACCOUNT_ID
from org_gate.model.times import format_time, parse_duration, parse_time, whole
from org_gate.policy.mistakes import Strict, nearest, refusal
from org_gate.simulator.regions import known_regions
from org_gate.simulator.scenario.definition import declaration

DEFAULT_MANAGEMENT: Final = "100000000001"
_ZERO: Final = ("0s", "0m", "0h", "0d")
_EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)


def _account_id(value: object) -> object:
    if isinstance(value, int):
        raise refusal('an account id of 12 digits in quotes, such as "111122223333"')
    if not isinstance(value, str) or not ACCOUNT_ID.fullmatch(value):
        raise refusal("an account id: text of 12 digits")
    return value


def _region(value: str) -> str:
    if value not in known_regions():
        raise refusal(f"a Region that the SDK knows, such as {nearest(value, known_regions()) or 'eu-west-1'}")
    return value


def _duration(value: object) -> timedelta:
    if isinstance(value, timedelta):
        return value
    try:
        return parse_duration(value if isinstance(value, str) else "")
    except ValueError:
        raise refusal("a duration, such as 90s, 5m, 2h or 1d") from None


def _offset(value: object) -> timedelta:
    return timedelta(0) if value in _ZERO else _duration(value)


def _moment(value: object) -> datetime:
    if isinstance(value, datetime):
        return whole(value)
    try:
        return parse_time(value if isinstance(value, str) else "")
    except ValueError:
        raise refusal("a time with an offset, such as 2026-03-02T12:00:00Z") from None


def _start(value: object) -> datetime:
    """Far enough from the ends of the calendar for everything that is counted from it."""
    start = _moment(value)
    if not _EARLIEST <= start < _LATEST:
        raise refusal(f"a time between {format_time(_EARLIEST)} and {format_time(_LATEST)}")
    return start


def _given(parameters: dict[str, Any] | str | None) -> dict[str, Any] | str | None:
    """CodePipeline has no empty UserParameters: they are left out."""
    return None if parameters == "" else parameters


def _moment_or_offset(value: object) -> datetime | timedelta:
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str) and value.startswith("+"):
        return _offset(value[1:])
    try:
        return _moment(value)
    except PydanticCustomError:
        raise refusal("a time with an offset, or one from the start, such as +5m") from None


def _lifted(value: str) -> str:
    if value != ALL and not value.startswith((FREEZE_PREFIX, "arn:")):
        raise refusal(f"'{ALL}', the ARN of an event, or {FREEZE_PREFIX} and the name of a freeze")
    return value


AccountId = Annotated[str, BeforeValidator(_account_id)]
Region = Annotated[str, Field(strict=True), AfterValidator(_region)]
Offset = Annotated[timedelta, BeforeValidator(_offset)]
Duration = Annotated[timedelta, BeforeValidator(_duration)]
Start = Annotated[datetime, BeforeValidator(_start)]
MomentOrOffset = Annotated[datetime | timedelta, BeforeValidator(_moment_or_offset)]
Text = Annotated[str, Field(strict=True, min_length=1)]


class AccountSpec(Strict):
    """An account of the organization; ``ou`` left out means directly below the root."""

    id: AccountId
    name: Text
    ou: str = ""
    tags: dict[Text, str] = Field(default_factory=dict)
    status: Literal["ACTIVE", "SUSPENDED"] = "ACTIVE"


class OrganizationSpec(Strict):
    """``ous`` nests OU names; the management account comes on top of ``accounts``."""

    management: AccountId = DEFAULT_MANAGEMENT
    ous: dict[str, Any] = Field(default_factory=dict)
    accounts: list[AccountSpec] = Field(min_length=1)


class CentralSpec(Strict):
    """Where the central stack goes."""

    account: AccountId
    region: Region


class PipelineSpec(Strict):
    """A pipeline; without ``definition`` it is Source → Gate → Deploy by CloudFormation (S2).

    With one, ``user_parameters`` are those of its gates, none of which has its own.
    """

    name: Annotated[str, Field(strict=True, pattern=r"^[A-Za-z0-9.@_-]{1,100}$")]
    account: AccountId
    region: Region
    user_parameters: Annotated[dict[str, Any] | str | None, AfterValidator(_given)] = None
    definition: dict[str, Any] | None = None

    @property
    def declaration(self) -> dict[str, Any]:
        """As CreatePipeline takes it."""
        return declaration(self.name, self.account, self.region, self.definition, self.user_parameters)


class HealthEventSpec(Strict):
    """Fields of an event as AWS Health spells them; what is left out stays as it was (S2)."""

    arn: Text
    service: Text | None = None
    eventTypeCode: Text | None = None  # noqa: N815  AWS Health's spelling
    eventTypeCategory: Text | None = None  # noqa: N815
    eventScopeCode: Text | None = None  # noqa: N815
    region: Text | None = None
    availabilityZone: Text | None = None  # noqa: N815
    startTime: MomentOrOffset | None = None  # noqa: N815
    endTime: MomentOrOffset | None = None  # noqa: N815
    lastUpdatedTime: MomentOrOffset | None = None  # noqa: N815
    statusCode: Text | None = None  # noqa: N815
    actionability: Text | None = None
    personas: list[Text] | None = None


class EntitySpec(Strict):
    """An affected entity as AWS Health spells it."""

    accountId: AccountId  # noqa: N815
    entityValue: Text  # noqa: N815
    statusCode: Text | None = None  # noqa: N815
    entityArn: Text | None = None  # noqa: N815
    entityMetadata: dict[Text, str] | None = None  # noqa: N815
    entityUrl: Text | None = None  # noqa: N815
    lastUpdatedTime: MomentOrOffset | None = None  # noqa: N815
    tags: dict[Text, str] | None = None


class HealthSpec(Strict):
    """One ``health`` entry."""

    event: HealthEventSpec
    description: str | None = None
    affectedAccounts: list[AccountId] | None = None  # noqa: N815
    entities: list[EntitySpec] | None = None


class DeliverSpec(Strict):
    """An event to deliver as notifications, ahead of the poll."""

    arn: Text
    region: Text | None = None


class FaultSpec(Strict):
    """S4. Without ``for`` it lasts to the end."""

    service: Literal["health", "central", "dynamodb", "sts", "codepipeline", "sns", "sqs"]
    kind: Literal["down", "throttle", "slow", "denied"]
    region: Region | None = None
    account: AccountId | None = None
    lasts: Duration | None = Field(default=None, alias="for")


class OverrideSpec(Strict):
    """What a person in the central account sends to ``POST /v1/overrides``; the API judges whether it may be."""

    accounts: list[AccountId] = Field(default_factory=list)
    pipelines: list[Text] = Field(default_factory=list)
    events: list[Annotated[Text, AfterValidator(_lifted)]] = Field(min_length=1)
    reason: Text
    ticket: Text | None = None
    lasts: Duration = Field(alias="for")


class Entry(Strict):
    """One entry of the timeline: ``at`` and exactly one thing that happens."""

    at: Offset
    health: HealthSpec | None = None
    deliver: DeliverSpec | None = None
    fault: FaultSpec | None = None
    policy: dict[str, Any] | str | None = None
    override: OverrideSpec | None = None
    run: Text | None = None
    retry: Text | None = None
    stop: Text | None = None
    account: AccountId | None = None
    expect: Literal["allow", "warn", "block"] | None = None
    """The verdict that this run or retry must give; the demo fails where it does not."""
    note: Text | None = None
    """What a reader of the story should know here."""

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        things = [name for name in THINGS if getattr(self, name) is not None]
        if len(things) != 1:
            raise refusal(f"exactly one of {', '.join(THINGS)}", found=", ".join(things) or "none of them")
        if self.account is not None and self.pipeline_name is None:
            raise refusal("account only with run, retry or stop", found="account")
        if self.expect is not None and self.run is None and self.retry is None:
            raise refusal("expect only with run or retry", found="expect")
        return self

    @property
    def pipeline_name(self) -> str | None:
        return self.run or self.retry or self.stop


THINGS: Final = ("health", "deliver", "fault", "policy", "override", "run", "retry", "stop")


class Scenario(Strict):
    """A whole scenario. ``policy`` is data or a path beside the file; left out, it is the shipped one."""

    start: Start
    organization: OrganizationSpec
    central: CentralSpec
    gate_regions: list[Region] = Field(min_length=1)
    gate_ous: list[str] | None = Field(default=None, min_length=1)
    tail: Offset = timedelta(hours=1)
    policy: dict[str, Any] | str | None = None
    pipelines: list[PipelineSpec] = Field(default_factory=list)
    timeline: list[Entry] = Field(default_factory=list)

    def moment(self, value: datetime | timedelta) -> datetime:
        """An absolute time for one that may be an offset from the start."""
        return self.start + value if isinstance(value, timedelta) else value

    def entries(self) -> list[Entry]:
        """The timeline by time; entries of one instant stay in file order."""
        return sorted(self.timeline, key=lambda entry: entry.at)

    def pipeline(self, name: str, account: str | None) -> PipelineSpec:
        """The pipeline that an entry means. Raises ValueError where there is none, or more than one."""
        found = [p for p in self.pipelines if p.name == name and account in (None, p.account)]
        if len(found) == 1:
            return found[0]
        where = f" in account {account}" if account else ""
        if not found:
            known = ", ".join(sorted({p.name for p in self.pipelines})) or "none"
            msg = f"there is no pipeline {name!r}{where}; the scenario has: {known}"
        else:
            accounts = ", ".join(f"{p.account} ({p.region})" for p in found)
            msg = f"{name!r}{where} is not one pipeline but {len(found)}: {accounts}; say which by account"
        raise ValueError(msg)


def event_fields(scenario: Scenario, spec: HealthSpec) -> Mapping[str, Any]:
    """The event fields that an entry names, times absolute."""
    fields = spec.event.model_dump(exclude_unset=True)
    return {name: scenario.moment(v) if isinstance(v, datetime | timedelta) else v for name, v in fields.items()}
