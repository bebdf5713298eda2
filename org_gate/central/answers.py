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
    tree_as_of: str | None = Field(description="When the organization tree was last read whole; null: never.")
    tree_age_seconds: int | None
    overrides_in_force: int
    drills_in_force: int
    declared_in_force: int
    waiting: int = Field(description="Deployments that were blocked and go on by themselves once nothing blocks them.")
    evaluated_at: str


class PublishedAnswer(_Answer):
    """The version that a policy became."""

    policy_version: int
    announced: bool = Field(description="Whether the notification topic took the message.")


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


class PipelineAnswer(_Answer):
    """The pipeline that asked."""

    name: str | None
    region: str | None


class DecisionEntryAnswer(_Answer):
    """A decision in a list."""

    decision_id: str
    account: str = Field(description="Who asked.")
    at: str
    pipeline: PipelineAnswer | None
    verdict: VerdictName
    would_be: VerdictName
    mode: ModeName
    exempt: bool
    summary: str
    policy_version: int
    ous: list[str] = Field(description="OU paths of its targets' accounts; ? for one that was not in the tree.")


class DecisionsAnswer(_Answer):
    """A page of decisions, the newest first."""

    decisions: list[DecisionEntryAnswer]
    next: str | None = Field(description="Asks for the next page; null: this was the last.")


class ExplanationAnswer(_Answer):
    """A decision and its whole why."""

    decision: DecisionAnswer
    explanation: dict[str, Any]


class OutcomeAnswer(_Answer):
    """What a decision said."""

    verdict: VerdictName
    would_be: VerdictName


class ChangedAnswer(_Answer):
    """A decision that would have come out otherwise."""

    decision_id: str
    at: str
    account: str
    pipeline: PipelineAnswer | None
    before: OutcomeAnswer
    after: OutcomeAnswer
    because: str = Field(description="One line for a person.")


class ComparisonAnswer(_Answer):
    """What a policy would have changed, as far as the recorded events show."""

    compared: int
    unreadable: int = Field(description="Decisions that another version recorded and this one cannot read.")
    not_reached: int = Field(description="Older decisions that there was no time for.")
    policy_version: int = Field(description="The present one.")
    changed: list[ChangedAnswer] = Field(description="The newest first; at most 100.")
    changed_omitted: int


class OverrideEntryAnswer(_Answer):
    """An override: who lifted what, why, from when to when."""

    override_id: str
    accounts: list[str] = Field(description="Of the targets, the first 100 that the caller may see. None named: any.")
    accounts_omitted: int = Field(description="How many more it names.")
    pipelines: list[str] = Field(description="Globs; empty: any.")
    events: list[str] = Field(description="Event ARNs, freeze:NAME, or all.")
    reason: str
    ticket: str | None
    account: str = Field(description="The account that made it.")
    who: str = Field(description="The ARN of the user or role that signed.")
    created_at: str
    expires_at: str
    revoked_at: str | None
    revoked_by: str | None


class OverrideAnswer(OverrideEntryAnswer):
    """The override after the change."""

    announced: bool = Field(description="Whether the notification topic took a message; false, too, where it was over.")


class OverridesAnswer(_Answer):
    """Overrides, the newest first."""

    overrides: list[OverrideEntryAnswer]
    overrides_omitted: int = Field(description="How many more there are than limit, or than fit into an answer.")
    evaluated_at: str


class SyntheticEntryAnswer(_Answer):
    """A drill or a declared event."""

    id: str
    kind: Literal["drill", "declared"]
    public: bool
    accounts: list[str] = Field(description="The affected ones, those of the OUs among them; the first 100.")
    accounts_omitted: int = Field(description="How many more are affected.")
    ous: list[str]
    regions: list[str] = Field(description="Empty: global, which counts everywhere.")
    services: list[str] = Field(description="Empty: MULTIPLE_SERVICES.")
    reason: str
    who: str = Field(description="The ARN of the user or role that signed.")
    created_at: str
    ends_at: str
    stopped_at: str | None
    stopped_by: str | None


class SyntheticAnswer(SyntheticEntryAnswer):
    """The drill or declared event after the change."""

    announced: bool = Field(description="Whether the notification topic took a message; false, too, where it was over.")


class DrillsAnswer(_Answer):
    """Drills, the newest first."""

    drills: list[SyntheticEntryAnswer]
    drills_omitted: int = Field(description="How many more there are than limit, or than fit into an answer.")
    evaluated_at: str


class DeclaredEventsAnswer(_Answer):
    """Declared events, the newest first."""

    declared_events: list[SyntheticEntryAnswer]
    declared_events_omitted: int = Field(description="How many more there are than limit, or than fit into an answer.")
    evaluated_at: str


class ProblemAnswer(BaseModel):
    """A problem (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = Field(description="What happened and what to do.")
    errors: list[dict[str, Any]] | None = Field(default=None, description="All that is wrong with the request.")
    mode: ModeName | None = Field(default=None, description="The mode of the caller's account, where it is known.")
