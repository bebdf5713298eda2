"""The organization health report as data: what every rendering shows, and nothing of how it looks.

Frozen and strict; its JSON Schema is what `config/report.schema.json` holds. Texts are plain and come from strangers
(AWS Health, account names, reasons): whoever renders them escapes them. Every text is bounded, and so is every list
of rows: ``rows_omitted`` says how many more there are, which are in the tables (CSV) whole. Counts are of everything,
whether its row is shown or not. Times are UTC in whole seconds, durations whole seconds.

An account counts a decision where the decision has a target in it or the account asked. An OU counts what counts for
an account in it or below it, once; the root is the empty path, and ``?`` stands for accounts that are not in the tree.
A deployment is a decision that names a pipeline.
"""

from datetime import datetime
from typing import Annotated, Any, Final, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field

FORMAT: Final = 1
UNKNOWN_OU: Final = "?"

Count = Annotated[int, Field(ge=0)]
Seconds = Annotated[int, Field(ge=0)]
AccountId = str
EventId = Annotated[int, Field(ge=0)]
"""Of a row in ``events.rows``: its ``id``, good in this report alone."""
Word = Literal["allow", "warn", "block"]
CameOf = Literal["resumed", "skipped", "given_up"]
GapKind = Literal[
    "account without a gate",
    "region without a gate",
    "pipeline without a gate",
    "late gate",
    "outdated gate",
    "not read",
]


class Part(BaseModel):
    """Fields are described where they stand."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", use_attribute_docstrings=True)


Row = TypeVar("Row", bound=Part)


class Rows(Part, Generic[Row]):
    """As many rows as a page can hold, in the order that matters most first."""

    rows: tuple[Row, ...] = ()
    rows_omitted: Count = 0
    """How many more there are; all of them are in the tables (CSV)."""


class Scope(Part):
    """What the report is about."""

    since: datetime
    until: datetime
    """Not included. Decisions are those of ``[since, until)``, events those that were not over before it and began
    before its end, and all that are not over now."""
    ou: str | None = None
    """The OU that it is limited to, with all below it; None is the whole organization."""


class Meta(Part):
    """Where the report comes from."""

    org_gate: str
    """The version that made it."""
    generated_at: datetime
    """*Now* of everything in the report that depends on it."""
    scope: Scope
    organization: str | None = None
    """Its id, None where it could not be read."""
    region: str
    """The Region of the cell whose table was read."""
    accounts: Count
    """In scope, by the tree in the table."""


class Outcomes(Part):
    """What came of decisions. ``allowed + warned + blocked == decisions``; the others are among these."""

    decisions: Count = 0
    allowed: Count = 0
    warned: Count = 0
    blocked: Count = 0
    held: Count = 0
    """Blocked, and the gate held its deployment instead of failing it. A gate asks again about every minute."""
    resumed: Count = 0
    """Blocked, and the deployment was retried for them when the way was clear."""
    skipped: Count = 0
    """Blocked, and the deployment was not to be resumed any more: superseded, changed, deleted, or too late."""
    overridden: Count = 0
    """Some reason was lifted by an override."""
    shadow: Count = 0
    """Not blocked, because the mode there is shadow or warn; enforced, they would have been."""
    exempt: Count = 0
    stale: Count = 0
    """Made on stale knowledge."""


class Spread(Part):
    """How durations are spread; all but ``count`` are None where there are none."""

    count: Count = 0
    least: Seconds | None = None
    median: Seconds | None = None
    p90: Seconds | None = None
    most: Seconds | None = None


class EventRow(Part):
    """An AWS Health event in one Region; accounts are those in scope."""

    id: EventId
    arn: str
    region: str
    service: str | None
    type_code: str | None
    category: str | None
    status: str | None
    """As AWS Health told it; ``open`` below is what counts."""
    scope: str | None
    """``PUBLIC``, ``ACCOUNT_SPECIFIC``, ``NONE``; None where it was not told."""
    public: bool
    """Everybody's: its scope says so, or says nothing and it lists no account."""
    start: datetime | None
    end: datetime | None
    last_updated: datetime | None
    availability_zone: str | None = None
    actionability: str | None = None
    personas: tuple[str, ...] = ()
    open: bool
    """Not over now (its end has not come, it is not closed, and AWS Health still lists it)."""
    description: str | None = None
    """Cut where it is long, and left out of those that matter least."""
    account_count: Count = 0
    """Affected accounts in scope."""
    accounts: tuple[AccountId, ...] = ()
    """The first of them, by id."""
    resource_count: Count = 0
    """Affected entities in scope."""
    blocked: Count = 0
    """Decisions of the range that it blocked."""
    warned: Count = 0
    """Decisions of the range that it gave a reason to warn or block, and that did not hang on it."""
    blocked_deployments: Count = 0
    """Different runs of pipelines (account, Region, name, execution) that it blocked."""
    first_block: datetime | None = None
    """The first of the range."""
    seconds_to_first_block: Seconds | None = None
    """From its start; None where nothing was blocked, or it began before the range."""


class ResourceRow(Part):
    """An affected entity of an account-specific event that is open, or was in the range."""

    event: EventId
    account: AccountId
    value: str
    status: str | None


class WaitingRow(Part):
    """A deployment whose gate failed it, and that will be resumed when the way is clear."""

    account: AccountId
    region: str
    pipeline: str
    stage: str
    execution_id: str
    decision_id: str
    since: datetime


class Freshness(Part):
    """How old the knowledge is."""

    as_of: datetime | None
    """When the last complete poll began; None where none ever was."""
    age_seconds: Seconds | None
    stale: bool
    """Older than the policy allows (``defaults.max_age``), or never read."""
    max_age_seconds: Seconds | None
    """None where no policy was published."""
    full_look_at: datetime | None
    tree_at: datetime | None
    """When the organization's tree was read."""


class Now(Part):
    """The state of things at ``generated_at``."""

    freshness: Freshness
    warnings: tuple[str, ...] = ()
    """What is wrong with the knowledge or the gate's ground: a sentence each, with what it means."""
    open_events: Count = 0
    """In scope: public ones, and those that affect an account in scope."""
    hitting: tuple[EventId, ...] = ()
    """The open events by how much they hit: blocked deployments, then accounts, then start (the newest first)."""
    hitting_omitted: Count = 0
    waiting: Rows[WaitingRow] = Rows[WaitingRow]()
    """The longest waiting first."""


class OuRow(Part):
    """An OU with all below it."""

    path: str
    accounts: Count
    direct_accounts: Count
    """Directly in it."""
    events: Count
    """Account-specific events of the range that affect an account in it."""
    outcomes: Outcomes


class AccountRow(Part):
    """An account of the tree in scope, or one that decisions or events name and the tree does not."""

    id: AccountId
    name: str = ""
    """Empty where it could not be read."""
    ou: str
    """``?`` where it is not in the tree."""
    outcomes: Outcomes
    event_count: Count = 0
    """Events of the range that list it as affected."""
    open_event_count: Count = 0
    resource_count: Count = 0
    """Affected entities in these events."""
    events: tuple[EventId, ...] = ()
    """The first of these events, open ones first."""


class PipelineRow(Part):
    """A pipeline that was asked for."""

    account: AccountId
    region: str | None
    name: str
    outcomes: Outcomes
    last_at: datetime
    """Of the last decision of the range."""


class RuleOutcomes(Part):
    """What decided: a rule that gave a reason, whatever its verdict."""

    kind: Literal["event", "freeze", "stale", "unknown", "hint"]
    name: str | None
    """The rule's or freeze's name; None for stale, unknown and hints, and for ``defaults.verdict`` among events."""
    outcomes: Outcomes


class ServiceOutcomes(Part):
    """Decisions with a reason (warn or block) that is an event of this service."""

    service: str | None
    outcomes: Outcomes


class RegionOutcomes(Part):
    """Decisions with a target in this Region."""

    region: str
    outcomes: Outcomes


class DecisionRow(Part):
    """A decision of the range."""

    id: str
    at: datetime
    account: AccountId
    """That asked."""
    accounts: tuple[AccountId, ...] = ()
    """The first of those it counts for, in scope or not."""
    regions: tuple[str, ...] = ()
    """Of its targets."""
    pipeline: str | None
    pipeline_region: str | None
    stage: str | None
    execution_id: str | None
    verdict: Word
    would_be: Word
    mode: str
    exempt: bool
    held: bool
    stale: bool
    summary: str
    rules: tuple[str, ...] = ()
    """Names of rules and ``freeze:NAME`` of freezes that gave a reason."""
    services: tuple[str, ...] = ()
    """Of events that gave a reason to warn or block."""
    events: tuple[EventId, ...] = ()
    """That blocked it or warned of it, as far as this report has them."""
    overrides: tuple[str, ...] = ()
    """Ids of those that lifted a reason."""
    outcome: CameOf | None = None
    """What came of its deployment's waiting."""
    outcome_at: datetime | None = None
    policy_version: Count


class Timings(Part):
    """How long things took."""

    start_to_first_block: Spread = Spread()
    """From an event's start to the first decision it blocked, of events that began in the range."""
    held: Spread = Spread()
    """From the first decision that held a deployment to the first that let it go on, or the last that held it."""
    to_resume: Spread = Spread()
    """From the decision that failed a deployment to its being retried."""


class Decisions(Part):
    """What the gate did."""

    total: Outcomes = Outcomes()
    ous: Rows[OuRow] = Rows[OuRow]()
    """In order of path; the root (or the OU of the scope) is first, ``?`` last."""
    accounts: Rows[AccountRow] = Rows[AccountRow]()
    """Those most hit first: blocked decisions, then events, then warnings, then id. The accounts most hit are here."""
    pipelines: Rows[PipelineRow] = Rows[PipelineRow]()
    """The most blocked first."""
    rules: Rows[RuleOutcomes] = Rows[RuleOutcomes]()
    services: Rows[ServiceOutcomes] = Rows[ServiceOutcomes]()
    regions: Rows[RegionOutcomes] = Rows[RegionOutcomes]()
    timings: Timings = Timings()
    rows: Rows[DecisionRow] = Rows[DecisionRow]()
    """Of each verdict the newest: blocked ones first, then warned, then allowed."""


class Bucket(Part):
    """A piece of the range: ``[start, start + timeline.bucket_seconds)``."""

    start: datetime
    events_started: Count = 0
    events_open: Count = 0
    """Not over at some moment of it."""
    allowed: Count = 0
    warned: Count = 0
    blocked: Count = 0


class Timeline(Part):
    """The range in buckets of one length; the last may end after the range."""

    bucket_seconds: Annotated[int, Field(gt=0)]
    buckets: tuple[Bucket, ...] = ()


class HeatCell(Part):
    """A Region and a service with at least one event."""

    region: str
    service: str | None
    events: Count
    open: Count
    blocked: Count
    """Decisions that events of this cell blocked."""


class Events(Part):
    """What AWS Health told of the range."""

    total: Count = 0
    by_category: dict[str, Count] = {}
    """``?`` where it was not told."""
    account_specific: Count = 0
    resources: Count = 0
    """Affected entities in scope."""
    timeline: Timeline
    heat: Rows[HeatCell] = Rows[HeatCell]()
    """The most events first."""
    rows: Rows[EventRow] = Rows[EventRow]()
    """Open ones first, then the newest start. ``id`` is the place here."""
    resource_rows: Rows[ResourceRow] = Rows[ResourceRow]()
    """Of open events first; by event, account, value."""


class ComingRow(Part):
    """A scheduled change that is not over. Accounts and resources are those in scope."""

    event: EventId | None
    """None where the event's own row was omitted."""
    arn: str
    region: str
    service: str | None
    type_code: str | None
    start: datetime | None
    """The deadline: when AWS begins. None where it was not told."""
    end: datetime | None
    seconds_left: int | None
    """Up to the start; negative where it has begun."""
    actionability: str | None
    public: bool
    account_count: Count
    accounts: tuple[AccountId, ...] = ()
    resource_count: Count
    resources: tuple[str, ...] = ()
    """The first values, by account and value."""


class OverrideRow(Part):
    """An override that was in force at some moment of the range, or is now."""

    id: str
    account: AccountId
    who: str
    reason: str
    ticket: str | None
    accounts: tuple[AccountId, ...]
    pipelines: tuple[str, ...]
    events: tuple[str, ...]
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    revoked_by: str | None
    in_force: bool
    used: Count
    """Decisions of the range in which it lifted a reason."""


class SyntheticRow(Part):
    """A drill or declared event that was on at some moment of the range, or is now."""

    id: str
    kind: Literal["drill", "declared"]
    who: str
    reason: str
    public: bool
    account_count: Count
    ous: tuple[str, ...]
    regions: tuple[str, ...]
    services: tuple[str, ...]
    created_at: datetime
    ends_at: datetime
    stopped_at: datetime | None
    stopped_by: str | None
    in_force: bool
    blocked: Count
    """Decisions of the range that it blocked."""


class Exceptions(Part):
    """What people did about it by hand; the newest first."""

    overrides: Rows[OverrideRow] = Rows[OverrideRow]()
    drills: Rows[SyntheticRow] = Rows[SyntheticRow]()
    declared: Rows[SyntheticRow] = Rows[SyntheticRow]()


class ShareRow(Part):
    """Counts of the accounts directly in one OU."""

    ou: str
    accounts: Count
    with_gate: Count
    unread: Count
    """Accounts of which something could not be read: there may be more pipelines."""
    pipelines: Count
    gated: Count
    percent: Annotated[int, Field(ge=0, le=100)] | None
    """Of the pipelines that were read, rounded down; None where there are none."""


class GapRow(Part):
    """Something that no gate protects, or that could not be found out."""

    kind: GapKind
    account: AccountId
    name: str
    ou: str
    region: str
    pipeline: str
    detail: str


class Coverage(Part):
    """Where the gates are. Left out where it was not read."""

    regions: tuple[str, ...]
    """That were looked into."""
    gates: Count
    """Installed: pairs of an account and a Region."""
    outdated: Count
    missing: Count
    """Accounts without any gate, and Regions of others with pipelines and no gate."""
    total: ShareRow
    ous: Rows[ShareRow] = Rows[ShareRow]()
    gaps: Rows[GapRow] = Rows[GapRow]()


class PolicyChange(Part):
    """A version of the policy that was published in the range."""

    version: Count
    at: datetime
    who: str
    note: str
    changes: tuple[str, ...] = ()
    """What is other than in the version before, a line each; none for the first."""
    changes_omitted: Count = 0


class RuleRow(Part):
    """A rule of the present policy."""

    name: str
    verdict: Word
    matched: Count
    """Decisions of the range in which it gave a reason; 0: it never matched."""


class Policy(Part):
    """By what decisions are made."""

    version: Count
    """The present one; 0 where none was published."""
    mode: str | None = None
    published_at: datetime | None = None
    published_by: str | None = None
    note: str | None = None
    changes: Rows[PolicyChange] = Rows[PolicyChange]()
    """The newest first."""
    rules: Rows[RuleRow] = Rows[RuleRow]()
    """In the policy's order."""
    never_matched: tuple[str, ...] = ()
    """Names of rules, in the policy's order; says little where the rule is younger than the range."""


class Report(Part):
    """The organization health report."""

    format: Literal[1] = FORMAT
    """The version of this format."""
    meta: Meta
    now: Now
    decisions: Decisions
    events: Events
    coming: Rows[ComingRow] = Rows[ComingRow]()
    """Scheduled changes, the nearest deadline first; those without a start last."""
    exceptions: Exceptions
    coverage: Coverage | None = None
    policy: Policy


def report_schema() -> dict[str, Any]:
    """The JSON Schema of the report as JSON."""
    dialect = "https://json-schema.org/draft/2020-12/schema"
    return {"$schema": dialect, **Report.model_json_schema(mode="serialization")}
