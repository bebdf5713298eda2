"""The engine against the oracle, and the properties of D15 and D16, over random worlds full of edges."""

import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from org_gate.decision.concern import concerning_events, places
from org_gate.decision.engine import decide
from org_gate.model.decision import Decision, Reason, decision_json
from org_gate.model.event import Event, Knowledge
from org_gate.model.override import Override
from org_gate.model.request import Pipeline, Request, Target
from org_gate.model.sky import Sky
from org_gate.model.synthetic import SyntheticEvent, events_of
from org_gate.model.times import format_time, parse_time
from org_gate.policy.load import policy_data, policy_from_data
from org_gate.policy.model import Policy
from tests.unit.decision.builders import ACCOUNTS, DEV, NOW, PROD, STRANGER
from tests.unit.decision.oracle import say

THOROUGH = settings(max_examples=300, derandomize=True, deadline=None, database=None)
QUICK = settings(THOROUGH, max_examples=80)

REGIONS = ["us-east-1", "eu-west-1", "global"]
SERVICES = ["ECS", "RDS", "EC2", "STS", "IAM", "ALB", "ELASTICLOADBALANCING", "MULTIPLE_SERVICES"]
ZONES = ["us-east-1a", "us-east-1b", "use1-az4", "USE1-AZ4", "use1-az6", "rack 7"]
INSTANTS = [NOW + timedelta(seconds=s) for s in (-7200, -3601, -3600, -3599, -1, 0, 1, 3599, 3600, 3601)]
SPANS = st.sampled_from(["1s", "60m", "1h", "2h"])

Fields = dict[str, st.SearchStrategy[Any]]


def maybe(values: list[Any]) -> st.SearchStrategy[Any]:
    return st.none() | st.sampled_from(values)


def some(values: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=3, unique=True)


events = st.builds(
    Event,
    arn=st.just("arn"),
    region=st.sampled_from([*REGIONS, *["us-east-1"] * 4, ""]),
    service=maybe([*SERVICES, "rds", "NEWSERVICE"]),
    type_code=maybe(["AWS_RDS_OPERATIONAL_ISSUE", "AWS_EC2_API_ISSUE", "aws_rds"]),
    category=maybe(["issue", "issue", "scheduledChange", "outage"]),
    status=maybe([*["open"] * 5, "closed", "upcoming", "pending"]),
    scope=maybe(["PUBLIC", "PUBLIC", "ACCOUNT_SPECIFIC", "NONE", "PLANETARY"]),
    start=maybe(INSTANTS),
    end=st.sampled_from([*[None] * 20, *INSTANTS]),
    last_updated=maybe(INSTANTS),
    availability_zone=maybe(ZONES),
    actionability=maybe(["ACTION_REQUIRED", "INFORMATIONAL", "PANIC"]),
    personas=st.lists(st.sampled_from(["OPERATIONS", "SECURITY", "POETS"]), max_size=2, unique=True).map(tuple),
    drill=st.booleans(),
    vanished=st.sampled_from([*[False] * 9, True]),
    lists_accounts=st.booleans(),
    accounts=st.frozensets(st.sampled_from([PROD, DEV, STRANGER]), max_size=2),
    text_zones=st.lists(st.sampled_from(["use1-az4", "use1-az6"]), max_size=2, unique=True).map(tuple),
    entities=st.dictionaries(
        st.sampled_from([PROD, DEV]),
        st.lists(st.sampled_from(["i-0abc", "i-0xyz", "vol-1"]), max_size=2, unique=True).map(tuple),
        max_size=2,
    ),
)


def distinct(sky: list[Event]) -> tuple[Event, ...]:
    """One event is one ARN in one Region; an ARN may be in several."""
    named = [replace(one, arn=f"arn:{index % 5}") for index, one in enumerate(sky)]
    return tuple({one.key: one for one in named}.values())


made_by_hand = st.builds(
    SyntheticEvent,
    id=st.sampled_from(["one", "two"]),
    kind=st.sampled_from(["drill", "declared"]),
    public=st.booleans(),
    accounts=st.lists(st.sampled_from([PROD, DEV, STRANGER]), max_size=2, unique=True).map(tuple),
    regions=st.lists(st.sampled_from(["us-east-1", "eu-west-1"]), max_size=2, unique=True).map(tuple),
    services=st.lists(st.sampled_from(["RDS", "ECS", "S3"]), max_size=2, unique=True).map(tuple),
    reason=st.just("why"),
    who=st.just("who"),
    created_at=st.sampled_from(INSTANTS),
    ends_at=st.sampled_from(INSTANTS),
    stopped_at=st.sampled_from([*[None] * 9, *INSTANTS]),
)
"""Drills and declared events, stopped or over ones among them."""


def with_what_was_made(drawn: tuple[tuple[Event, ...], list[SyntheticEvent]]) -> tuple[Event, ...]:
    told, made = drawn
    by_hand = (event for one in made for event in events_of(one, frozenset({PROD, DEV, STRANGER})))
    return tuple({one.key: one for one in (*told, *by_hand)}.values())


skies = st.tuples(
    st.lists(events, min_size=1, max_size=12).map(distinct), st.just([]) | st.lists(made_by_hand, max_size=2)
).map(with_what_was_made)

ENDS = [NOW + timedelta(seconds=s) for s in (*[3600] * 9, -1, 0, 1)]
overridings = st.builds(
    Override,
    id=st.just("o"),
    accounts=st.lists(st.sampled_from([PROD, PROD, DEV, STRANGER]), max_size=4).map(tuple),
    pipelines=st.just(()) | st.just(()) | some(["orders", "o*", "[!o]*", "*"]).map(tuple),
    events=some(["all", "all", *(f"arn:{index}" for index in range(5)), "freeze:name-0", "freeze:name-1"]).map(tuple),
    reason=st.just("why"),
    account=st.just(PROD),
    who=st.just("who"),
    created_at=st.sampled_from([NOW + timedelta(seconds=s) for s in (-3600, -3600, -1, -1, 0, 1)]),
    expires_at=st.sampled_from(ENDS),
    revoked_at=st.sampled_from([*[None] * 12, NOW - timedelta(seconds=1), NOW]),
)


def told_apart(overriding: list[Override]) -> tuple[Override, ...]:
    """The one that comes first has neither the lowest id nor was made first."""
    return tuple(replace(one, id=f"o-{(index * 2 + 1) % 5}") for index, one in enumerate(overriding))


overrides = st.lists(overridings, max_size=4).map(told_apart)
moments = st.sampled_from([NOW + timedelta(seconds=s) for s in (*[0] * 4, -1, 1, 3599, 3600)])

MATCH_FIELDS: Fields = {
    "categories": some(["issue", "scheduledChange"]),
    "statuses": some(["open", "upcoming"]),
    "services": some([*SERVICES, "alb"]),
    "regions": some(REGIONS),
    "scopes": some(["PUBLIC", "ACCOUNT_SPECIFIC"]),
    "type_codes": some(["AWS_RDS_*", "AWS_???_API_ISSUE", "*[sS]"]),
    "availability_zones": some(ZONES),
    "actionabilities": some(["ACTION_REQUIRED", "INFORMATIONAL"]),
    "personas": some(["OPERATIONS", "SECURITY"]),
    "entities": some(["i-*", "vol-?", "I-*", "i-0[a]bc"]),
    "starts_within": SPANS,
    "open_for_at_least": SPANS,
    "updated_within": SPANS,
    "drill": st.booleans(),
}
TARGET_FIELDS: Fields = {
    "accounts": some([PROD, DEV, STRANGER]),
    "ous": some(["**", "Workloads/Prod/**", "Workloads/*", "*/Dev/**/Team", "**/Team", "ou-root-dev", "r-root", ""]),
    "tags": st.dictionaries(st.sampled_from(["tier", "team"]), some(["1", "2", ""]), min_size=1, max_size=2),
    "regions": some(REGIONS),
    "services": some(["ECS", "RDS", "alb"]),
    "pipelines": some(["orders", "o*", "[!o]*"]),
}
TREE = ACCOUNTS | {DEV: replace(ACCOUNTS[DEV], tags={"tier": "1", "team": ""})}
"""DEV's tags were read, PROD's were not, and STRANGER is not in it."""

verdicts = st.sampled_from(["allow", "warn", "block"])


def few(fields: Fields) -> st.SearchStrategy[dict[str, Any]]:
    """None to two of the fields: with many of them hardly any rule would ever fit."""
    names = st.lists(st.sampled_from(list(fields)), max_size=2, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: fields[name] for name in chosen}))


def named(written: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [one | {"name": f"name-{index}"} for index, one in enumerate(written)]


OCCURRENCES = ["-3601s", "-3600s", "-3599s", "0s", "0s", "1s"]
"""When an hour's freeze begins, from now."""
RRULES = [
    *("FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TU", "FREQ=DAILY;INTERVAL=2", "FREQ=MONTHLY;BYDAY=1MO"),
    *("FREQ=YEARLY;BYMONTH=3", "FREQ=DAILY;COUNT=300", "FREQ=DAILY;UNTIL=20260302T120000Z"),
]
MODES = ["enforce", "enforce", "warn", "shadow"]


def ahead(text: str) -> str:
    return format_time(NOW + timedelta(seconds=int(text.removesuffix("s"))))


def starts_before_it_ends(written: dict[str, Any]) -> bool:
    return bool(written["from"] < written.get("to", "9"))


filters = few(TARGET_FIELDS) | st.fixed_dictionaries({"accounts": TARGET_FIELDS["accounts"]})
meant = {"name": st.just(""), "verdict": st.sampled_from(["warn", "block"]), "targets": filters}
fixed = st.fixed_dictionaries(
    meant
    | {
        "from": st.sampled_from(["-7200s", "-1s", "0s", "1s"]).map(ahead),
        "to": st.sampled_from(["2s", "3600s"]).map(ahead),
    },
    optional={"except": filters},
)
past = st.fixed_dictionaries(
    meant | {"from": st.just(ahead("-7200s")), "to": st.sampled_from(["-1s", "0s", "1s"]).map(ahead)}
)
recurring: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    meant
    | {
        "from": st.tuples(st.sampled_from(OCCURRENCES), st.sampled_from([0, 1, 7, 28, 365])).map(
            lambda drawn: format_time(parse_time(ahead(drawn[0])) - timedelta(days=drawn[1]))
        ),
        "rrule": st.sampled_from(RRULES),
        "duration": st.sampled_from(["1h", "1h", "25h"]),
        "timezone": st.sampled_from(["UTC", "Europe/Berlin", "America/New_York"]),
    },
    optional={"except": filters, "to": st.sampled_from(["0s", "0s", "1s"]).map(ahead)},
).filter(starts_before_it_ends)

rules = st.fixed_dictionaries({"verdict": verdicts, "match": few(MATCH_FIELDS), "targets": few(TARGET_FIELDS)})
policies = st.fixed_dictionaries(
    {
        "version": st.just(1),
        "mode": st.sampled_from(MODES),
        "modes": st.lists(st.fixed_dictionaries({"targets": filters, "mode": st.sampled_from(MODES)}), max_size=2),
        "zones_from_text": st.booleans(),
        "exempt": st.just([]) | st.lists(filters, max_size=2),
        "freezes": st.lists(fixed | past | recurring | recurring, max_size=2).map(named),
        "defaults": st.fixed_dictionaries(
            {
                "verdict": verdicts,
                "on_stale": st.sampled_from(["allow", "warn", "block", "local"]),
                "max_age": SPANS,
            }
        ),
        "platform_services": st.sampled_from([[], ["STS"], ["EC2", "sts"], ["UNHEARD"]]),
        "global_services": st.sampled_from([[], ["iam", "ALB"]]),
        "depends_on": st.sampled_from([{}, {"ecs": ["EC2", "alb"], "RDS": ["EC2"]}, {"ALB": ["EC2"]}]),
        "service_aliases": st.sampled_from(
            [{}, {"alb": "elasticloadbalancing", "NEWSERVICE": "EC2"}, {"rds": "ALB", "Alb": "ECS", "ECS": "ECS"}]
        ),
        "rules": st.lists(
            st.fixed_dictionaries({"verdict": verdicts, "match": few(MATCH_FIELDS), "targets": few(TARGET_FIELDS)}),
            max_size=4,
        ).map(named),
    }
).map(policy_from_data)

targets = st.builds(
    Target,
    account=st.sampled_from([PROD, DEV, STRANGER]),
    region=st.sampled_from([*REGIONS, *["us-east-1"] * 4, "xx-nowhere-1"]),
    services=st.lists(st.sampled_from(["ECS", "rds", "RDS", "ALB", "elasticloadbalancing", "ECCS"]), max_size=2).map(
        tuple
    ),
    availability_zones=st.lists(st.sampled_from(ZONES), max_size=2).map(tuple),
)
pipelines = st.none() | st.builds(Pipeline, name=maybe(["orders", "web"]), region=maybe(["eu-west-1", "us-east-1"]))
requests = st.builds(
    Request,
    caller=st.just(PROD),
    targets=st.lists(targets, min_size=1, max_size=3).map(tuple),
    pipeline=pipelines,
)
readings = maybe([*INSTANTS, NOW])


@dataclass(frozen=True)
class World:
    """What a decision is made from."""

    request: Request
    sky: tuple[Event, ...]
    policy: Policy
    overrides: tuple[Override, ...] = ()
    as_of: datetime | None = NOW
    now: datetime = NOW

    @property
    def knowledge(self) -> Knowledge:
        return Knowledge(self.as_of, self.sky, TREE, self.overrides)


worlds = st.builds(
    World, request=requests, sky=skies, policy=policies, overrides=overrides, as_of=readings, now=moments
)


def engine(world: World) -> Decision:
    return decide(world.request, world.knowledge, world.policy, policy_version=1, now=world.now)


def named_by(reason: Reason) -> tuple[str, str]:
    if reason.freeze is not None:
        return reason.freeze.name, f"{reason.freeze.start.isoformat()}/{reason.freeze.end.isoformat()}"
    return (reason.event.arn, reason.event.region) if reason.event else ("", "")


@THOROUGH
@given(worlds)
def test_the_engine_says_what_the_contract_says(world: World) -> None:
    said = say(world.request, world.knowledge, policy_data(world.policy), world.now)
    decision = engine(world)

    assert [
        ((reason.kind, reason.verdict, reason.rule, reason.target, *named_by(reason)), reason.override_id)
        for reason in decision.reasons
    ] == said.reasons
    assert (decision.verdict, decision.would_be, decision.mode) == (said.verdict, said.would_be, said.mode)
    assert (decision.exempt, [judged.mode for judged in decision.targets]) == (said.exempt, said.modes)
    assert [judged.overridden for judged in decision.targets] == said.overridden
    assert decision.reasons_omitted == said.omitted
    assert [
        (judged.target.account, judged.target.region, judged.target.services, judged.target.availability_zones)
        for judged in decision.targets
    ] == said.targets
    assert (decision.knowledge.age_seconds, decision.knowledge.stale) == (said.age, said.stale)


@QUICK
@given(worlds, st.randoms(use_true_random=False))
def test_the_same_is_decided_whatever_the_order_and_on_the_concerning_events_alone(world: World, random: Any) -> None:
    shuffled = replace(
        world,
        sky=tuple(random.sample(world.sky, len(world.sky))),
        overrides=tuple(random.sample(world.overrides, len(world.overrides))),
    )
    concerning = concerning_events(world.request, world.knowledge, world.policy, world.now)
    answers = {
        json.dumps(decision_json(engine(seen), "d-1")) for seen in (world, shuffled, replace(world, sky=concerning))
    }
    assert len(answers) == 1


@THOROUGH
@given(worlds)
def test_the_same_is_decided_on_the_events_of_the_request_s_places_alone(world: World) -> None:
    there = tuple(Sky(world.sky).over(places(world.request, world.policy)))
    assert engine(replace(world, sky=there)) == engine(world)


@QUICK
@given(worlds, events)
def test_one_more_event_never_lowers_a_verdict(world: World, more: Event) -> None:
    with_more = replace(world, sky=(*world.sky, replace(more, arn="arn:more")))
    before, after = engine(world), engine(with_more)
    assert after.verdict.severity >= before.verdict.severity
    assert after.would_be.severity >= before.would_be.severity


@THOROUGH
@given(worlds, overridings, st.sampled_from(["n-0", "o-9"]))
def test_one_more_override_never_raises_a_verdict_and_takes_no_reason_away(
    world: World, more: Override, name: str
) -> None:
    before = engine(world)
    after = engine(replace(world, overrides=(*world.overrides, replace(more, id=name))))
    assert after.verdict.severity <= before.verdict.severity
    assert after.would_be.severity <= before.would_be.severity
    assert [unlifted(reason) for reason in after.reasons] == [unlifted(reason) for reason in before.reasons]
    for was, became in zip(before.reasons, after.reasons, strict=True):
        assert became.override_id is not None or was.override_id is None


def unlifted(reason: Reason) -> Reason:
    return replace(reason, override_id=None, explanation="")


@QUICK
@given(worlds)
def test_an_override_that_is_not_in_force_might_as_well_not_be_there(world: World) -> None:
    in_force = tuple(one for one in world.overrides if one.in_force(world.now))
    assert engine(world) == engine(replace(world, overrides=in_force))


@QUICK
@given(worlds, policies)
def test_what_is_below_the_deciding_rule_changes_nothing(world: World, other: Policy) -> None:
    decides = policy_from_data({"version": 1, "rules": [{"name": "all", "verdict": "warn"}]}).rules
    below = tuple(rule.model_copy(update={"name": f"below-{rule.name}"}) for rule in other.rules)
    short = world.policy.model_copy(update={"rules": world.policy.rules + decides})
    long = world.policy.model_copy(update={"rules": world.policy.rules + decides + below})
    assert engine(replace(world, policy=short)) == engine(replace(world, policy=long))
