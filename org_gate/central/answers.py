"""What the decision API answers, as models: they are the OpenAPI document's schemas, and what tests hold answers to.

Answers are composed by ``org_gate.model.decision`` and ``desk``; nothing is built from these models.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

VerdictName = Literal["allow", "warn", "block"]
ModeName = Literal["enforce", "warn", "shadow"]


class _Answer(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class TargetAnswer(_Answer):
    """A target as it was decided: services in upper case, aliases resolved."""

    account: str
    region: str
    services: list[str] = Field(description="Empty: all.")
    availability_zones: list[str] = Field(description="Empty: all.")
    mode: ModeName
    overridden: bool


class EventAnswer(_Answer):
    """What AWS Health says of an event; null where it does not say."""

    arn: str
    service: str | None
    region: str
    scope: str | None
    category: str | None
    type_code: str | None
    status: str | None
    start: str | None
    last_updated: str | None
    drill: bool


class FreezeAnswer(_Answer):
    """The freeze behind a reason; ``to`` is the end of its present occurrence."""

    name: str
    from_: str = Field(alias="from")
    to: str


class ReasonAnswer(_Answer):
    """One reason. ``target`` is an index into ``targets``, null for stale and unknown."""

    kind: Literal["event", "freeze", "stale", "unknown", "hint"]
    verdict: VerdictName
    rule: str | None
    target: int | None
    event: EventAnswer | None
    freeze: FreezeAnswer | None
    override_id: str | None
    explanation: str


class KnowledgeAnswer(_Answer):
    """How old the knowledge is, and what the policy says where it is too old or missing."""

    as_of: str | None = Field(description="When the last complete poll of AWS Health began; null: never.")
    age_seconds: int | None
    stale: bool
    on_stale: Literal["allow", "warn", "block", "local"]
    on_unknown: VerdictName
    source: Literal["central", "local"]


class DecisionAnswer(_Answer):
    """What to do now, and why."""

    decision_id: str
    verdict: VerdictName = Field(description="What to do now.")
    would_be: VerdictName = Field(description="What mode enforce would say.")
    mode: ModeName
    exempt: bool
    summary: str
    targets: list[TargetAnswer]
    reasons: list[ReasonAnswer]
    reasons_omitted: int
    knowledge: KnowledgeAnswer
    policy_version: int
    evaluated_at: str
    retry_after_seconds: int


class EventsAnswer(_Answer):
    """The events that are not over: public ones, and those that affect the account."""

    account: str | None = Field(description="Null: all accounts, which the central account may ask for.")
    region: str | None = Field(description="Only events of this Region; null: of all.")
    as_of: str | None
    events: list[EventAnswer]
    events_omitted: int


class StatusAnswer(_Answer):
    """How fresh the knowledge is, and which policy holds."""

    version: str
    as_of: str | None
    age_seconds: int | None
    stale: bool
    policy_version: int = Field(description="0: none was published yet, so nothing can be decided.")
    mode: ModeName | None
    revision: int = Field(description="Grows with every change of the open public events.")
    evaluated_at: str


class PublishedAnswer(_Answer):
    """The version that a policy became."""

    policy_version: int


class PolicyVersionAnswer(_Answer):
    """What is known of one version."""

    version: int
    at: str
    who: str = Field(description="The ARN of the user or role that signed the request.")
    note: str


class PolicyDocumentAnswer(PolicyVersionAnswer):
    """One version, whole."""

    policy: dict[str, Any] = Field(description="As it was published, defaults written out.")


class PoliciesAnswer(_Answer):
    """The present policy, and all versions, the oldest first."""

    policy_version: int = Field(description="The present one; 0: none was published yet.")
    policy: dict[str, Any] | None
    policies: list[PolicyVersionAnswer]


class ProblemAnswer(BaseModel):
    """A problem (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description="What happened and what to do.")
    errors: list[dict[str, Any]] | None = Field(default=None, description="All that is wrong with the request.")
    mode: ModeName | None = Field(default=None, description="The mode of the caller's account, where it is known.")
