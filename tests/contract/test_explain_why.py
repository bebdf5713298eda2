"""A3: ``GET /v1/decisions/{id}/explanation``: the whole why, in words with the values (D4-D13)."""

from datetime import timedelta
from typing import Any

import pytest

from org_gate.decision.engine import decide
from org_gate.decision.explain import explanation_json, explanation_text
from org_gate.model.decision import decision_json
from org_gate.model.event import Event
from org_gate.model.override import Override
from org_gate.model.request import Pipeline
from org_gate.policy.model import Policy
from tests.unit.decision.builders import (
    BLOCK_ALL,
    DEV,
    NOW,
    PROD,
    STRANGER,
    event,
    knowledge,
    override,
    policy,
    request,
)

Json = dict[str, Any]
RDS_ISSUE = "RDS in us-east-1: issue, open since 2026-03-02T11:00:00Z"
HOUR = timedelta(hours=1)
OPEN_ISSUES = {"name": "open-issues", "match": {"categories": ["issue", "investigation"], "statuses": ["open"]}}


def explained(
    *events: Event,
    rules: Policy = BLOCK_ALL,
    targets: tuple[str, ...] = ("/us-east-1/RDS",),
    pipeline: Pipeline | None = None,
    overrides: tuple[Override, ...] = (),
    **known: Any,
) -> Json:
    asked = request(*targets, pipeline=pipeline)
    return explanation_json(asked, knowledge(*events, overrides=overrides, **known), rules, policy_version=7, now=NOW)


def said(*events: Event, **world: Any) -> str:
    """The lines for a person."""
    asked = request(*world.get("targets", ("/us-east-1/RDS",)), pipeline=world.get("pipeline"))
    known = knowledge(*events, overrides=world.get("overrides", ()), as_of=world.get("as_of", NOW))
    decision = decide(asked, known, world.get("rules", BLOCK_ALL), policy_version=7, now=NOW)
    return "\n".join(explanation_text(explained(*events, **world), decision_json(decision, "d-1")))


def why_not(one: Event, match: Json, **targets: Any) -> list[str]:
    """What is told of a rule that does not fit the event."""
    rule = {"name": "tried", "match": match, "targets": targets} if match else {"name": "tried", "targets": targets}
    (pair,) = explained(one, rules=policy(rule, {"name": "all"}), pipeline=Pipeline(name="orders"))["events"]
    tried, deciding = pair["rules"]
    assert (tried["rule"], tried["fit"], deciding["rule"], deciding["fit"]) == ("tried", "no", "all", "yes")
    why: list[str] = tried["why"]
    return why


@pytest.mark.contract("A3")
@pytest.mark.parametrize(
    ("match", "why"),
    [
        ({"categories": ["scheduledChange"]}, "category is issue; the rule wants scheduledChange"),
        ({"statuses": ["upcoming", "closed"]}, "status is open; the rule wants upcoming or closed"),
        ({"scopes": ["NONE"]}, "scope is PUBLIC; the rule wants NONE"),
        ({"actionabilities": ["INFORMATIONAL"]}, "actionability is ACTION_REQUIRED; the rule wants INFORMATIONAL"),
        ({"personas": ["SECURITY"]}, "persona is OPERATIONS and BILLING; the rule wants SECURITY"),
        ({"type_codes": ["AWS_EC2_*"]}, "type code is AWS_RDS_OPERATIONAL_ISSUE; the rule wants AWS_EC2_*"),
        ({"services": ["EC2", "ECS", "S3"]}, "service is RDS; the rule wants EC2, ECS or S3"),
        ({"regions": ["eu-west-1"]}, "Region is us-east-1; the rule wants eu-west-1"),
        ({"availability_zones": ["use1-az6"]}, "zone is use1-az4; the rule wants use1-az6"),
        (
            {"entities": ["vol-*"]},
            f"the affected entities of account {PROD} are i-1 and i-2; the rule wants vol-*",
        ),
        ({"drill": True}, "it is no drill, the rule wants drills only"),
        (
            {"open_for_at_least": "2h"},
            "start is 2026-03-02T11:00:00Z; the rule wants one at or before 2026-03-02T10:00:00Z, 2 h ago or more",
        ),
        (
            {"updated_within": "5m"},
            "last update was 2026-03-02T11:55:00Z; the rule wants one after 2026-03-02T11:55:00Z, less than 5 min ago",
        ),
    ],
)
def test_a3_a_rule_that_does_not_fit_the_event_says_what_was_found_and_what_is_wanted(match: Json, why: str) -> None:
    one = event(
        actionability="ACTION_REQUIRED",
        personas=("OPERATIONS", "BILLING"),
        availability_zone="use1-az4",
        entities={PROD: ("i-1", "i-2")},
    )
    assert why_not(one, match) == [why]


@pytest.mark.contract("A3")
def test_a3_a_change_that_starts_too_late_and_a_drill_say_so() -> None:
    later = event(start=NOW + 5 * HOUR, drill=True)
    assert why_not(later, {"starts_within": "2h", "drill": False}) == [
        "it is a drill, the rule wants none",
        "start is 2026-03-02T17:00:00Z; the rule wants one before 2026-03-02T14:00:00Z, within 2 h",
    ]


@pytest.mark.contract("A3")
@pytest.mark.parametrize(
    ("targets", "why"),
    [
        ({"accounts": [DEV]}, f"the target's account is {PROD}; the rule wants {DEV}"),
        ({"ous": ["Workloads/Dev/**"]}, "the target's OU is Workloads/Prod; the rule wants Workloads/Dev/**"),
        ({"regions": ["eu-west-1"]}, "the target's Region is us-east-1; the rule wants eu-west-1"),
        ({"services": ["ECS"]}, "the target's services are RDS; the rule wants ECS"),
        ({"pipelines": ["web-*"]}, "the pipeline is orders; the rule wants web-*"),
    ],
)
def test_a3_a_rule_that_does_not_fit_the_target_says_so(targets: Json, why: str) -> None:
    assert why_not(event(), {}, **targets) == [why]


@pytest.mark.contract("A3")
def test_a3_all_conditions_that_do_not_fit_are_told() -> None:
    assert why_not(event(), {"categories": ["scheduledChange"], "services": ["EC2"]}, regions=["eu-west-1"]) == [
        "category is issue; the rule wants scheduledChange",
        "service is RDS; the rule wants EC2",
        "the target's Region is us-east-1; the rule wants eu-west-1",
    ]


@pytest.mark.contract("A3", "D7")
def test_a3_d7_an_unknown_fit_tells_its_doubts_and_the_more_severe_way_stands() -> None:
    rules = policy({"name": "tier-1", "targets": {"tags": {"tier": ["1"]}}}, {"name": "all", "verdict": "warn"})
    (pair,) = explained(event(), rules=rules)["events"]
    assert (pair["rule"], pair["verdict"], pair["default"]) == ("tier-1", "block", None)
    assert [(rule["rule"], rule["fit"], rule["why"]) for rule in pair["rules"]] == [
        ("tier-1", "unknown", [f"the tags of account {PROD} were not read"]),
        ("all", "yes", []),
    ]


@pytest.mark.contract("A3", "D6")
def test_a3_d6_rules_below_the_deciding_one_are_not_told_and_the_default_is_where_it_spoke() -> None:
    rules = policy(OPEN_ISSUES, {"name": "below"}, defaults={"verdict": "warn"})
    (issue,) = explained(event(), rules=rules)["events"]
    assert [rule["rule"] for rule in issue["rules"]] == ["open-issues"]
    (change,) = explained(event(category="scheduledChange"), rules=policy(OPEN_ISSUES))["events"]
    assert (change["rule"], change["default"], change["verdict"]) == (None, "allow", "allow")


@pytest.mark.contract("A3", "D5")
def test_a3_d5_events_that_concern_no_target_are_counted_by_what_keeps_them_off() -> None:
    others = [
        event(arn="arn:over", status="closed"),
        event(arn="arn:region", region="eu-west-1"),
        event(arn="arn:account", scope="ACCOUNT_SPECIFIC", accounts=frozenset({DEV}), lists_accounts=True),
        event(arn="arn:service", service="EC2"),
        event(arn="arn:zone", availability_zone="use1-az6"),
    ]
    explanation = explained(event(), *others, targets=("/us-east-1/RDS/use1-az4",))
    assert explanation["events_left_out"] == {"over": 1, "zone": 1, "service": 1, "account": 1, "region": 1}
    (pair,) = explanation["events"]
    assert pair["grounds"] == [
        "it is in the target's Region",
        "it is public",
        "RDS is one of the target's services",
    ]


@pytest.mark.contract("A3", "D8")
def test_a3_d8_each_freeze_tells_whether_it_is_in_force_and_for_whom() -> None:
    rules = policy(
        freezes=[
            {
                "name": "peak",
                "from": "2026-03-02T11:00:00Z",
                "to": "2026-03-02T13:00:00Z",
                "except": {"accounts": [DEV]},
            },
            {"name": "later", "from": "2026-03-03T00:00:00Z", "to": "2026-03-04T00:00:00Z"},
            {"name": "gone", "from": "2026-03-01T00:00:00Z", "to": "2026-03-02T12:00:00Z"},
            {"name": "nights", "from": "2026-03-01T20:00:00Z", "rrule": "FREQ=DAILY", "duration": "8h"},
        ]
    )
    freezes = explained(rules=rules, targets=(f"{PROD}/us-east-1", f"{DEV}/us-east-1"))["freezes"]
    assert [(one["name"], one["in_force"], one["why"]) for one in freezes] == [
        ("peak", True, ""),
        ("later", False, "it begins at 2026-03-03T00:00:00Z"),
        ("gone", False, "it ended at 2026-03-02T12:00:00Z"),
        ("nights", False, "no occurrence is under way (FREQ=DAILY, each 8 h long)"),
    ]
    prod, dev = freezes[0]["targets"]
    assert (prod["holds"], prod["except"]["why"]) == (
        True,
        [f"the target's account is {PROD}; its except wants {DEV}"],
    )
    assert (dev["holds"], dev["except"]["fit"]) == (False, "yes")


@pytest.mark.contract("A3", "D10")
def test_a3_d10_each_override_tells_whether_it_is_in_force_whom_it_names_and_what_it_lifts() -> None:
    usual = override(accounts=(PROD,), pipelines=("orders",))
    known = (
        usual,
        override(id="o-2", accounts=(DEV,)),
        override(id="o-3", accounts=(PROD,), pipelines=("web",)),
        override(id="o-4", accounts=(PROD,), events=("arn:other",)),
        override(id="o-5", accounts=(PROD,), revoked_at=NOW, revoked_by="arn:ben"),
        override(id="o-6", accounts=(PROD,), expires_at=NOW),
        override(id="o-7", accounts=(PROD,), created_at=NOW + HOUR, expires_at=NOW + 2 * HOUR),
    )
    explanation = explained(event(), pipeline=Pipeline(name="orders"), overrides=known)
    told = {one["override_id"]: one for one in explanation["overrides"]["known"]}
    assert told["o-1"]["lifts"] == [{"target": 0, "named": event().arn, "verdict": "block"}]
    assert [told[f"o-{n}"]["targets"][0]["why"] for n in (1, 2, 3, 4)] == [
        "",
        f"the target's account is {PROD}; it names {DEV}",
        "the pipeline is orders; it names web",
        "",
    ]
    assert [told[f"o-{n}"]["why"] for n in (5, 6, 7)] == [
        "it was revoked at 2026-03-02T12:00:00Z by arn:ben",
        "it ended at 2026-03-02T12:00:00Z",
        "it begins at 2026-03-02T13:00:00Z",
    ]
    assert (explanation["verdict"], explanation["lift"], explanation["events"][0]["override_id"]) == (
        "warn",
        None,
        "o-1",
    )


@pytest.mark.contract("A3", "D11", "D12")
def test_a3_d11_d12_modes_and_exempt_tell_which_entry_and_why_not_the_others() -> None:
    rules = policy(
        {},
        mode="warn",
        modes=[
            {"targets": {"ous": ["Workloads/Prod"]}, "mode": "enforce"},
            {"targets": {"accounts": [DEV]}, "mode": "shadow"},
        ],
        exempt=[{"accounts": [STRANGER]}, {"ous": ["Workloads/Dev/**"]}],
    )
    explanation = explained(
        event(), rules=rules, targets=(f"{DEV}/us-east-1", f"{STRANGER}/us-east-1", f"{PROD}/us-east-1")
    )
    dev, stranger, prod = explanation["targets"]
    assert (dev["mode"], dev["mode_entry"], dev["modes"][0]["why"]) == (
        "shadow",
        1,
        ["the target's OU is Workloads/Dev/Team; the entry wants Workloads/Prod"],
    )
    assert (stranger["mode"], stranger["mode_entry"], stranger["modes"][0]["fit"]) == ("enforce", 0, "unknown")
    assert (prod["mode"], prod["mode_entry"], len(prod["modes"])) == ("enforce", 0, 1)
    exempt = explanation["exempt"]
    assert (exempt["exempt"], [one["entry"] for one in exempt["targets"]]) == (False, [1, 0, None])


@pytest.mark.contract("A3", "D13")
def test_a3_d13_old_knowledge_tells_what_it_meant() -> None:
    rules = policy(defaults={"on_stale": "block"})
    explanation = explained(rules=rules, as_of=NOW - HOUR)
    assert explanation["knowledge"]["meaning"] == (
        "stale: more than 10 min old; on_stale is block: it adds a reason that blocks"
    )
    assert explanation["leading"]["kind"] == "stale"
    assert explanation["lift"] == {"accounts": [PROD], "events": ["all"], "reasons": 1}


@pytest.mark.contract("A3", "D9")
def test_a3_d9_the_words_tell_how_overrides_and_modes_changed_the_verdict() -> None:
    rules = policy(OPEN_ISSUES, modes=[{"targets": {"accounts": [DEV]}, "mode": "shadow"}])
    lines = said(
        event(),
        rules=rules,
        targets=(f"{PROD}/us-east-1", f"{DEV}/us-east-1"),
        overrides=(override(accounts=(PROD,)),),
    ).splitlines()
    assert lines[0].startswith("WARN  Allowed with a warning: ")
    assert lines[1] == "What to do: nothing, it goes on; in mode enforce it would be blocked."
    steps = lines[lines.index("How it comes about") + 1 :][:4]
    assert [step.strip() for step in steps] == [
        "Reasons by what they say: 2 block.",
        "Of those that block, 1 is lifted by an override and counts as warn.",
        "Of those that block, 1 counts as warn, by mode shadow; enforce would block.",
        f"The most severe that is left says warn: {RDS_ISSUE} (rule open-issues), for {PROD}/us-east-1.",
    ]


@pytest.mark.contract("A3")
def test_a3_the_words_begin_with_the_verdict_and_what_to_do() -> None:
    lines = said(event(), rules=policy({"name": "drills", "match": {"drill": True}}, OPEN_ISSUES)).splitlines()
    assert lines[:3] == [
        "BLOCK  Blocked: RDS in us-east-1: issue, open since 2026-03-02T11:00:00Z (rule open-issues).",
        "What to do: wait until what blocks it is over; then what the gate stopped goes on by itself.",
        f'If it cannot wait: org-gate override create --account {PROD} --event {event().arn} --reason "…" --for 1h',
    ]
    at = lines.index(f"Target {PROD}/us-east-1/RDS (OU Workloads/Prod)")
    assert [line.strip() for line in lines[at + 1 : at + 7]] == [
        "mode enforce, the policy's own",
        "BLOCK  RDS in us-east-1: issue, open since 2026-03-02T11:00:00Z",
        event().arn,
        "concerns it: it is in the target's Region; it is public; RDS is one of the target's services",
        "rule drills (block) does not fit: it is no drill, the rule wants drills only",
        "rule open-issues (block) fits and decides",
    ]


@pytest.mark.contract("A3")
@pytest.mark.parametrize(
    ("world", "advice"),
    [
        ({"rules": policy({}, resume={"enabled": False})}, "wait until what blocks it is over; then retry it."),
        (
            {"rules": policy(freezes=[{"name": "x", "from": "2026-03-02T11:00:00Z", "to": "2026-03-02T13:00:00Z"}])},
            "wait for the end of the freeze (below); then what the gate stopped goes on by itself.",
        ),
        (
            {"rules": policy(defaults={"on_stale": "block"}, resume={"enabled": False}), "as_of": None},
            "have the platform team look at the collector; once AWS Health can be read again, retry it.",
        ),
        ({"rules": policy({"verdict": "warn"})}, "it goes on; look at the reasons below, and watch the deployment."),
        ({"rules": policy()}, "nothing, it goes on."),
    ],
)
def test_a3_what_to_do_depends_on_what_blocks(world: Json, advice: str) -> None:
    assert f"\nWhat to do: {advice}\n" in said(event(), **world)


@pytest.mark.contract("A3")
def test_a3_a_drill_says_that_nothing_is_wrong() -> None:
    assert "nothing is wrong, this is a drill" in said(event(drill=True))


@pytest.mark.contract("A3")
def test_a3_a_decision_that_would_come_out_otherwise_now_is_told_as_such() -> None:
    asked, known = request("/us-east-1"), knowledge(event())
    before = decision_json(decide(asked, knowledge(), BLOCK_ALL, policy_version=6, now=NOW), "d-1")
    now = explanation_json(asked, known, BLOCK_ALL, policy_version=7, now=NOW)
    assert any(line.startswith("Note: the decision said allow;") for line in explanation_text(now, before))
