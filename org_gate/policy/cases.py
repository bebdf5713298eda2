"""Example cases of a policy: what is asked, what is known, and the decision that is meant to come of it.

The format of the file kept beside a policy (``cases_name``). Fields of an event are spelled as AWS Health spells
them; what is left out of one is not known. Says nothing about what the engine makes of a case: whoever tests a
policy brings both together. Only ``load_cases`` needs PyYAML, and fetches it when called.
"""

from datetime import datetime, timedelta
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, ModelWrapValidatorHandler, ValidationError, model_validator

from org_gate.model.request import MAX_TARGETS, Pipeline, Request, parse_short_target
from org_gate.model.times import parse_duration, parse_time
from org_gate.policy.among import repeated_names
from org_gate.policy.fields import AccountId, AtLeastOne, Flag, Moment, Name, RegionName, Words
from org_gate.policy.mistakes import Strict, as_init, refusal

NEVER: Final = "never"
_CALLER: Final = "0" * 12  # stands for an account that was left out
_TIME: Final = "a time with an offset, or one from the case's now: now, -10m, +2h"

VerdictOrRefusal = Literal["allow", "warn", "block", "refused"]
"""``refused``: the policy does not let the caller ask (its ``delegates``)."""


def cases_name(policy_name: str) -> str:
    """``policy.yaml`` → ``policy.cases.yaml``."""
    stem, dot, suffix = policy_name.rpartition(".")
    return f"{stem}.cases.{suffix}" if dot and suffix in {"yaml", "yml", "json"} else f"{policy_name}.cases.yaml"


def _moment(value: Any) -> datetime | timedelta:
    """A time, or how far it is from the case's ``now``."""
    if not isinstance(value, str):
        raise refusal(_TIME)
    try:
        if value == "now":
            return timedelta(0)
        if value[:1] in {"+", "-"}:
            return parse_duration(value[1:]) * (-1 if value[0] == "-" else 1)
        return parse_time(value)
    except ValueError:
        raise refusal(_TIME) from None


def _moment_or_never(value: Any) -> datetime | timedelta | str:
    return NEVER if value == NEVER else _moment(value)


def _target(value: str) -> str:
    try:
        parse_short_target(value, _CALLER)
    except ValueError as error:
        raise refusal("ACCOUNT/REGION[/SERVICE+SERVICE[/ZONE+ZONE]]", found=str(error)) from None
    return value


def _some(targets: tuple[str, ...]) -> tuple[str, ...]:
    if not targets:
        raise refusal("at least one target")
    return targets


When = Annotated[datetime | timedelta, BeforeValidator(_moment)]
AsOf = Annotated[datetime | timedelta | Literal["never"], BeforeValidator(_moment_or_never)]
ShortTarget = Annotated[str, AfterValidator(_target)]
Text = Annotated[str, Field(strict=True, min_length=1, max_length=2000)]


class CasePipeline(Strict):
    """The pipeline that asks; its account is the caller's."""

    name: Text | None = None
    region: RegionName | None = None


class CaseRequest(Strict):
    """The question (D1). ``caller`` left out: the account of the first target, which may ask about all."""

    targets: Annotated[tuple[ShortTarget, ...], Field(max_length=MAX_TARGETS), AfterValidator(_some)]
    pipeline: CasePipeline | None = None
    caller: AccountId | None = None

    @model_validator(mode="after")
    def _somebody_asks(self) -> Self:
        if self.caller is None and self.targets[0].startswith("/"):
            raise refusal("a caller, or an account in the first target", found="neither")
        return self

    def request(self) -> Request:
        caller = self.caller or self.targets[0].partition("/")[0]
        pipeline = None if self.pipeline is None else Pipeline(self.pipeline.name, self.pipeline.region)
        return Request(caller, tuple(parse_short_target(target, caller) for target in self.targets), pipeline)


class CaseEntity(Strict):
    """An affected entity, as AWS Health spells it."""

    accountId: AccountId  # noqa: N815  AWS Health's spelling
    entityValue: Text  # noqa: N815


class CaseEvent(Strict):
    """An event as AWS Health spells it. ``lastUpdatedTime`` left out is the case's ``now``."""

    region: Annotated[str, Field(strict=True, min_length=1)]
    arn: Text | None = None
    service: Text | None = None
    eventTypeCode: Text | None = None  # noqa: N815
    eventTypeCategory: Text | None = None  # noqa: N815
    eventScopeCode: Text | None = None  # noqa: N815
    availabilityZone: Text | None = None  # noqa: N815
    startTime: When | None = None  # noqa: N815
    endTime: When | None = None  # noqa: N815
    lastUpdatedTime: When = timedelta(0)  # noqa: N815
    statusCode: Text | None = None  # noqa: N815
    actionability: Text | None = None
    personas: tuple[Text, ...] = ()
    description: Words = ""
    affectedAccounts: tuple[AccountId, ...] = ()  # noqa: N815
    entities: tuple[CaseEntity, ...] = ()
    drill: Flag = False
    declared: Flag = False


class CaseAccount(Strict):
    """An account of the organization tree; ``ou`` is the path of its OU, empty for the root."""

    ou: Annotated[str, Field(strict=True)]
    ou_ids: tuple[Text, ...] = ()
    tags: dict[Text, Annotated[str, Field(strict=True)]] = Field(default_factory=dict)


class Expected(Strict):
    """What is left out may be anything. ``rule`` and ``freeze`` are of a reason with the most severe verdict."""

    verdict: VerdictOrRefusal
    would_be: Literal["allow", "warn", "block"] | None = None
    mode: Literal["enforce", "warn", "shadow"] | None = None
    rule: Name | None = None
    freeze: Name | None = None


class Case(Strict):
    """One example. ``as_of`` is when the knowledge is from; ``never``: AWS Health was never read completely."""

    name: Name
    now: Moment
    request: CaseRequest
    events: tuple[CaseEvent, ...] = ()
    accounts: dict[AccountId, CaseAccount] = Field(default_factory=dict)
    as_of: AsOf = timedelta(0)
    expect: Expected

    def at(self, when: datetime | timedelta) -> datetime:
        """A time of the case, absolute. Raises OverflowError where it is beyond the calendar."""
        return self.now + when if isinstance(when, timedelta) else when

    def knowledge_from(self) -> datetime | None:
        """When the last complete poll began; None where there was none."""
        return None if isinstance(self.as_of, str) else self.at(self.as_of)

    @model_validator(mode="after")
    def _within_the_calendar(self) -> Self:
        times = [time for event in self.events for time in (event.startTime, event.endTime, event.lastUpdatedTime)]
        try:
            self.knowledge_from()
            for time in times:
                self.at(time or timedelta(0))
        except OverflowError:
            raise refusal("times between the years 1 and 9999", found="a time beyond the calendar") from None
        return self


class Cases(Strict):
    """The whole file."""

    cases: Annotated[tuple[Case, ...], AtLeastOne()]

    @model_validator(mode="wrap")
    @classmethod
    def _names_are_clear(cls, data: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        """Looked for in what was written, so that it is told together with all other mistakes."""
        again = list(repeated_names(data, "cases")) if isinstance(data, dict) else []
        try:
            cases = handler(data)
        except ValidationError as error:
            again = [*map(as_init, error.errors(include_url=False)), *again]
        if again:
            raise ValidationError.from_exception_data(cls.__name__, again)
        return cases


def load_cases(text: str | bytes, name: str) -> tuple[Case, ...]:
    """The cases in a YAML text; ``name`` is what problems call the file. Raises ``document.DocumentError``."""
    from org_gate.policy.document import load_document  # noqa: PLC0415  needs PyYAML (see above)

    return load_document(text, name, Cases.model_validate).cases
