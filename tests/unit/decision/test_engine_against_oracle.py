"""The engine against the oracle, and the properties of D15 and D16, over random worlds full of edges."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from org_gate.decision.concern import concerning_events
from org_gate.decision.engine import decide
from org_gate.model.decision import Decision, Reason, decision_json
from org_gate.model.event import Event, Knowledge
from org_gate.model.request import Pipeline, Request, Target
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


skies = st.lists(events, min_size=1, max_size=12).map(distinct)

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


def engine(request: Request, sky: tuple[Event, ...], policy: Policy, as_of: Any = NOW) -> Decision:
    return decide(request, Knowledge(as_of, sky, TREE), policy, policy_version=1, now=NOW)


def named_by(reason: Reason) -> tuple[str, str]:
    if reason.freeze is not None:
        return reason.freeze.name, f"{reason.freeze.start.isoformat()}/{reason.freeze.end.isoformat()}"
    return (reason.event.arn, reason.event.region) if reason.event else ("", "")


@THOROUGH
@given(requests, skies, policies, readings)
def test_the_engine_says_what_the_contract_says(
    request: Request, sky: tuple[Event, ...], policy: Policy, as_of: Any
) -> None:
    said = say(request, Knowledge(as_of, sky, TREE), policy_data(policy), NOW)
    decision = engine(request, sky, policy, as_of)

    assert [
        (
            reason.kind,
            reason.verdict,
            reason.rule,
            reason.target,
            *named_by(reason),
        )
        for reason in decision.reasons
    ] == said.reasons
    assert (decision.verdict, decision.would_be, decision.mode) == (said.verdict, said.would_be, said.mode)
    assert (decision.exempt, [judged.mode for judged in decision.targets]) == (said.exempt, said.modes)
    assert decision.reasons_omitted == said.omitted
    assert [
        (judged.target.account, judged.target.region, judged.target.services, judged.target.availability_zones)
        for judged in decision.targets
    ] == said.targets
    assert (decision.knowledge.age_seconds, decision.knowledge.stale) == (said.age, said.stale)


@QUICK
@given(requests, skies, policies, st.randoms(use_true_random=False))
def test_the_same_is_decided_whatever_the_order_of_events_and_on_the_concerning_ones_alone(
    request: Request, sky: tuple[Event, ...], policy: Policy, random: Any
) -> None:
    shuffled = random.sample(sky, len(sky))
    concerning = concerning_events(request, Knowledge(NOW, sky, TREE), policy, NOW)
    answers = {
        json.dumps(decision_json(engine(request, tuple(seen), policy), "d-1")) for seen in (sky, shuffled, concerning)
    }
    assert len(answers) == 1


@QUICK
@given(requests, skies, policies, events)
def test_one_more_event_never_lowers_a_verdict(
    request: Request, sky: tuple[Event, ...], policy: Policy, more: Event
) -> None:
    with_more = (*sky, replace(more, arn="arn:more"))
    before, after = engine(request, sky, policy), engine(request, with_more, policy)
    assert after.verdict.severity >= before.verdict.severity
    assert after.would_be.severity >= before.would_be.severity


@QUICK
@given(requests, skies, policies, policies)
def test_what_is_below_the_deciding_rule_changes_nothing(
    request: Request, sky: tuple[Event, ...], policy: Policy, other: Policy
) -> None:
    decides = policy_from_data({"version": 1, "rules": [{"name": "all", "verdict": "warn"}]}).rules
    below = tuple(rule.model_copy(update={"name": f"below-{rule.name}"}) for rule in other.rules)
    short = policy.model_copy(update={"rules": policy.rules + decides})
    long = policy.model_copy(update={"rules": policy.rules + decides + below})
    assert engine(request, sky, short) == engine(request, sky, long)
