"""What may happen, drawn at random: events and their updates, policies, faults, what people do. Hypothesis strategies.

Only what AWS, a network and people can do; whether it makes sense together is not asked.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from hypothesis import strategies as st

from tests.model.faults import ANY, PARTIAL, RETRY, Fault
from tests.model.organization import ACCOUNTS, EAST, PIPELINES, WEST
from tests.model.policies import OPEN_ISSUES, Freeze, Rule, Spec
from tests.model.truth import Key, Snapshot
from tests.model.world import World

SERVICES: Final = ("RDS", "EC2", "ECS", "S3", "LAMBDA", "IAM", "CODEPIPELINE", "MULTIPLE_SERVICES")
REGIONS: Final = (EAST, EAST, EAST, WEST, "global")
LAG: Final = timedelta(minutes=10)
"""How far back an update may lie that a poll finds at once."""


@dataclass(frozen=True)
class Change:
    """What an update says; None: as it was. ``lag``: how many seconds ago it was made; None (silent) moves no time."""

    status: str | None
    scope: str | None
    accounts: tuple[str, ...] | None
    lag: int | None
    ends_in: int | None
    """Seconds from now; None: no end is known."""

    def fields(self, now: datetime, before: Snapshot | None = None) -> tuple[dict[str, Any], bool]:
        """AWS Health's fields, and whether a poll may be slow to find them."""
        ends = None if self.ends_in is None else now + timedelta(seconds=self.ends_in)
        told = {"statusCode": self.status, "eventScopeCode": self.scope, "endTime": ends}
        if before is None:
            made = now - timedelta(seconds=self.lag or 0)
            return {**told, "lastUpdatedTime": made}, made < now - LAG
        last = before.fields["lastUpdatedTime"]
        made = self._made(now, last, hidden=before.fields.get("statusCode") not in {"open", "upcoming", "closed"})
        named = {name: value for name, value in told.items() if value is not None or name == "endTime"}
        return {**before.fields, **named, "lastUpdatedTime": made}, made < now - LAG or made == last

    def _made(self, now: datetime, last: datetime, *, hidden: bool) -> datetime:
        """What is of a status that no look lists is told of with its time: nothing else could find it."""
        if self.lag is None and not hidden:
            return last
        made = now if hidden else now - timedelta(seconds=self.lag or 0)
        return max(made, min(now, last + timedelta(seconds=1)))


@dataclass(frozen=True)
class Opening:
    """A new event."""

    number: int
    region: str
    service: str
    category: str | None
    change: Change

    @property
    def code(self) -> str:
        return f"AWS_{self.service}_ISSUE"

    @property
    def key(self) -> Key:
        return f"arn:aws:health:{self.region}::event/{self.service}/{self.code}/{self.number}", self.region

    def fields(self, now: datetime) -> tuple[dict[str, Any], bool]:
        """As ``Change.fields``."""
        told, slow = self.change.fields(now)
        kind = {"eventTypeCode": self.code, "eventTypeCategory": self.category, "startTime": now - timedelta(minutes=5)}
        return {"arn": self.key[0], "region": self.region, "service": self.service, **kind, **told}, slow


SOME: Final = st.lists(st.sampled_from(ACCOUNTS), unique=True, max_size=3).map(tuple)
SCOPES: Final = st.one_of(
    st.just(("PUBLIC", ())),
    st.tuples(st.just("ACCOUNT_SPECIFIC"), SOME.filter(bool)),
    st.tuples(st.sampled_from(["ACCOUNT_SPECIFIC", None]), SOME),
)
LAGS: Final = st.one_of(st.just(0), st.just(0), st.integers(0, 590), st.integers(900, 7200), st.none())
ENDS: Final = st.one_of(st.none(), st.none(), st.none(), st.integers(1, 1200))


def _change(status: str | None, whose: tuple[str | None, tuple[str, ...] | None], lag: int | None, ends: Any) -> Change:
    return Change(status, *whose, lag, ends)


OPENINGS: Final = st.builds(
    Opening,
    st.integers(1, 3),
    st.sampled_from(REGIONS),
    st.sampled_from(SERVICES),
    st.sampled_from(["issue"] * 5 + ["investigation", "scheduledChange", "accountNotification", None, "novelty"]),
    st.builds(_change, st.sampled_from(["open"] * 5 + ["upcoming", "closed", None, "paused"]), SCOPES, LAGS, ENDS),
)
KEPT: Final = st.just((None, None))
CHANGES: Final = st.one_of(
    st.builds(_change, st.sampled_from(["closed", "open"]), KEPT, LAGS, ENDS),
    st.builds(_change, st.none(), SCOPES, LAGS, ENDS),
    st.builds(_change, st.none(), KEPT, LAGS, ENDS),
    st.builds(_change, st.sampled_from(["open", "closed", "upcoming", "paused"]), SCOPES, LAGS, ENDS),
)

RULES: Final = st.sampled_from(
    [
        (OPEN_ISSUES,),
        (OPEN_ISSUES,),
        (Rule("watch-s3", "warn", services=("S3",)), OPEN_ISSUES),
        (Rule("not-for-payments", "allow", ("issue",), accounts=(ACCOUNTS[1],)), OPEN_ISSUES),
        (OPEN_ISSUES, Rule("coming", "block", ("scheduledChange",), ("upcoming", "open"))),
        (Rule("anything-open", "block", statuses=("open",)),),
        (),
    ]
)
MODES: Final = st.sampled_from(["enforce"] * 4 + ["warn", "shadow"])


@st.composite
def policies(draw: st.DrawFn, now: datetime) -> Spec:
    def freezing(begins: int, lasts: int, accounts: tuple[str, ...], verdict: str) -> Freeze:
        start = now + timedelta(seconds=begins)
        return Freeze(start, start + timedelta(seconds=lasts), accounts or None, verdict)

    freeze = st.builds(
        freezing,
        st.integers(-300, 900),
        st.integers(60, 1200),
        SOME,
        st.sampled_from(["block", "warn"]),
    )
    return Spec(
        rules=draw(RULES),
        mode=draw(MODES),
        modes=draw(st.dictionaries(st.sampled_from(ACCOUNTS), MODES, max_size=2)),
        verdict=draw(st.sampled_from(["allow", "allow", "warn", "block"])),
        on_stale=draw(st.sampled_from(["local", "local", "block", "block", "warn", "allow"])),
        on_unknown=draw(st.sampled_from(["block", "block", "warn", "allow"])),
        max_age=draw(st.sampled_from([60, 120, 300, 600])),
        depends_on=draw(st.sampled_from([{}, {"ECS": ("EC2",)}, {"EC2": ("S3", "LAMBDA")}])),
        exempt=draw(st.sampled_from([(), (), ("*-failover",), ("platform",)])),
        freeze=draw(st.one_of(st.none(), st.none(), freeze)),
        granted=draw(st.sampled_from([(), ACCOUNTS])),
        settle=draw(st.sampled_from([60, 120, 300])),
        wave_size=draw(st.sampled_from([1, 2, 20])),
        enabled=draw(st.sampled_from([True, True, True, False])),
    )


def _faults(who: str, service: str, operations: tuple[str, ...], kinds: tuple[str, ...]) -> st.SearchStrategy[Fault]:
    times = st.one_of(st.none(), st.integers(1, 7))
    return st.builds(Fault, st.just(who), st.just(service), st.sampled_from(operations), st.sampled_from(kinds), times)


REFUSED: Final = ("down", "throttle", "denied", "timeout")
TABLE: Final = (ANY, "get_item", "query", "put_item", "update_item", "transact_write_items")
HEALTH: Final = (
    ANY,
    ANY,
    "DescribeEventsForOrganization",
    "DescribeEventDetailsForOrganization",
    "DescribeAffectedAccountsForOrganization",
)
JOBS: Final = ("PutJobSuccessResult", "PutJobFailureResult", "GetJobDetails", "GetPipeline", ANY)
FAULTS: Final = st.one_of(
    _faults("collector", "health", HEALTH, REFUSED),
    _faults("gate", "health", (ANY,), REFUSED),
    _faults("gate", "central", (ANY,), (*REFUSED, "lost")),
    _faults("gate", "codepipeline", JOBS, ("down", "throttle", "timeout", "lost")),
    _faults("collector", "dynamodb", TABLE, ("down", "throttle", "timeout", "lost")),
    _faults("api", "dynamodb", TABLE, ("down", "throttle", "timeout", "lost")),
    _faults("resumer", "dynamodb", TABLE, ("down", "throttle", "timeout", "lost")),
    _faults("desk", "dynamodb", TABLE, ("down", "throttle", "timeout")),
    _faults("resumer", "sts", (ANY,), REFUSED),
    _faults("resumer", "codepipeline", ("RetryStageExecution", "GetPipelineState"), (*REFUSED, "lost")),
    _faults("resumer", "sqs", (ANY,), ("down", "timeout", "lost")),
    _faults(ANY, "sns", (ANY,), REFUSED),
)
KILLS: Final = st.tuples(st.sampled_from(["collector", "api", "resumer"]), st.integers(1, 30))

DURATIONS: Final = st.sampled_from([1, 5, 15, 30, 240])
"""Minutes."""
WHOSE: Final = st.one_of(
    st.tuples(SOME.filter(bool), st.just(())),
    st.tuples(SOME, st.lists(st.sampled_from(["*", *PIPELINES, "*-failover"]), min_size=1, max_size=2).map(tuple)),
)
PIPELINE: Final = st.sampled_from(sorted(PIPELINES))
LIST, DETAILS, AFFECTED = HEALTH[2:]
DARK: Final = {
    "central is dark": (("gate", "central", ANY),),
    "the gates are dark": (("gate", "central", ANY), ("gate", "health", ANY)),
    "AWS Health is dark": (("collector", "health", ANY), ("gate", "health", ANY)),
    "polls fail": (("collector", "health", ANY),),
    "details fail": (("collector", "health", DETAILS),),
    "affected accounts fail": (("collector", "health", AFFECTED),),
    "the table is dark": (("collector", "dynamodb", ANY), ("api", "dynamodb", ANY), ("resumer", "dynamodb", ANY)),
}
"""Outages, and whose calls to what they strike."""


def outage(what: str, kind: str) -> tuple[Fault, ...]:
    return tuple(Fault(*call, kind=kind) for call in DARK[what])


HALF_READING: Final = st.one_of(
    st.builds(outage, st.just("details fail"), st.sampled_from([*REFUSED, PARTIAL, PARTIAL])),
    st.builds(outage, st.just("affected accounts fail"), st.sampled_from(REFUSED)),
)
BLINDING: Final = st.one_of(
    st.builds(outage, st.sampled_from(["polls fail", "polls fail", "AWS Health is dark"]), st.sampled_from(REFUSED)),
    HALF_READING,
)
CALLS_OF_POLL: Final = st.tuples(
    st.sampled_from([LIST, DETAILS, AFFECTED, "transact_write_items", "batch_write_item"]), st.integers(1, 2)
)
"""Which of them, and the how many-th."""
CALLS_OF_RESUMER: Final = st.one_of(
    st.tuples(st.just("GetPipelineState"), st.integers(1, 2)),
    st.tuples(st.just(RETRY), st.integers(1, 2)),
    st.tuples(st.just("update_item"), st.integers(1, 6)),
)
"""A resumption reads the pipeline's state before it claims it, and then retries; looks and claims update items."""
STEPS: Final[st.SearchStrategy[list[Callable[[World], None]]]] = st.lists(
    st.sampled_from(
        [
            World.take_again,
            World.take_again,
            World.take_again,
            World.ask_for_look,
            lambda world: world.advance(5),
            lambda world: world.advance(70),
            lambda world: world.declare("declared-events", (), EAST, "MULTIPLE_SERVICES", 5),
            lambda world: world.retry(PIPELINES["orders"]),
        ]
    ),
    min_size=1,
    max_size=2,
)
"""What may happen while a resumer is at work."""


def override_body(whose: tuple[tuple[str, ...], tuple[str, ...]], event: str, minutes: int) -> Mapping[str, Any]:
    accounts, pipelines = whose
    named = {"accounts": list(accounts), "pipelines": list(pipelines), "events": [event]}
    return {**named, "reason": "it has to go out", "for": f"{minutes}m"}
