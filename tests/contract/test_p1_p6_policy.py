"""P1, P5, P6 and D6's form: what a policy file may hold, how mistakes are told, what is left out."""

from datetime import timedelta
from pathlib import Path

import pytest

from org_gate.model.decision import Mode, OnStale, Verdict
from org_gate.policy.document import DocumentError, Problem
from org_gate.policy.load import load_policy
from org_gate.policy.model import Defaults, Match, Policy, Resume, TargetFilter
from tests.unit.decision.builders import decided, event

SHIPPED = Path(__file__).parents[2] / "config" / "policy.yaml"


def problems(text: str) -> list[Problem]:
    with pytest.raises(DocumentError) as caught:
        load_policy(text, "p.yaml")
    return list(caught.value.problems)


def places(text: str) -> list[tuple[int, int, str]]:
    return [(problem.line, problem.column, problem.field) for problem in problems(text)]


@pytest.mark.contract("P1")
def test_p1_all_problems_at_once_each_with_its_place() -> None:
    text = """\
version: 2
mode: enforcing
serivces: 3
defaults: {max_age: 10 minutes, on_stale: blok}
platform_services: STS
delegates:
  - {account: 999988887777, may_ask_for: {ous: ["a//b"]}}
rules:
  - name: a
    match: {categories: [isue], services:, statuses: [], drill: "true"}
    verdict: block
  - name: a
    targets: {accounts: [111122223333], regions: [eu], reigons: [eu-west-1]}
    verdict: nope
  - {match: {starts_within: 0m}}
  - x
"""
    assert places(text) == [
        (1, 10, "version"),
        (2, 7, "mode"),
        (3, 1, "serivces"),
        (4, 21, "defaults.max_age"),
        (4, 43, "defaults.on_stale"),
        (5, 20, "platform_services"),
        (7, 15, "delegates[0].account"),
        (7, 49, "delegates[0].may_ask_for.ous[0]"),
        (10, 26, "rules[0].match.categories[0]"),
        (10, 42, "rules[0].match.services"),
        (10, 54, "rules[0].match.statuses"),
        (10, 65, "rules[0].match.drill"),
        (12, 11, "rules[1].name"),
        (13, 26, "rules[1].targets.accounts[0]"),
        (13, 51, "rules[1].targets.regions[0]"),
        (13, 56, "rules[1].targets.reigons"),
        (14, 14, "rules[1].verdict"),
        (15, 5, "rules[2].name"),
        (15, 5, "rules[2].verdict"),
        (15, 29, "rules[2].match.starts_within"),
        (16, 5, "rules[3]"),
    ]


@pytest.mark.contract("P1")
def test_p1_what_is_written_twice_hides_no_other_problem_and_is_told_once() -> None:
    text = """\
version: 1
mode: shadow
mode: warn
rules:
  - {name: a, verdict: !x block}
  - {name: b, verdict: blok, match: {statuses: [open], statuses: [closed], categories: []}}
"""
    assert places(text) == [
        (3, 1, "mode"),
        (5, 24, "rules[0].verdict"),
        (6, 24, "rules[1].verdict"),
        (6, 56, "rules[1].match.statuses"),
        (6, 88, "rules[1].match.categories"),
    ]


@pytest.mark.contract("P4")
@pytest.mark.parametrize("entry", ["ou-ab12-cdefgh12/**", "r-ab12/Prod"])
def test_p4_an_id_with_more_behind_it_would_never_fit_and_is_refused(entry: str) -> None:
    (problem,) = problems(f"version: 1\nrules: [{{name: a, verdict: block, targets: {{ous: ['{entry}']}}}}]\n")
    assert problem.field == "rules[0].targets.ous[0]"
    assert "id alone" in problem.expected


@pytest.mark.contract("P1")
def test_p1_a_problem_says_what_was_found_what_was_expected_and_what_was_meant() -> None:
    (problem,) = problems("version: 1\nrules:\n  - {name: a, verdict: block, match: {serivces: [EC2]}}\n")
    assert (problem.file, problem.found, problem.suggestion) == ("p.yaml", "an unknown field", "services")
    assert problem.expected.startswith("one of categories, statuses, services,")
    assert str(problem).startswith("p.yaml:3:39: rules[0].match.serivces: found an unknown field; expected one of")


@pytest.mark.contract("P1")
def test_p1_an_account_id_has_to_be_quoted() -> None:
    (problem,) = problems("version: 1\ndelegates: [{account: 000000000012, may_ask_for: {}}]\n")
    assert "000000000012" in problem.found
    assert "in quotes" in problem.expected


@pytest.mark.contract("P1")
@pytest.mark.contract("D10")
def test_p1_all_that_is_wrong_with_overrides_at_once() -> None:
    text = """\
version: 1
override_grants:
  - {targets: {ous: ["Workloads/**"]}}
  - {targets: ~, max: ~}
  - {targets: {accounts: []}, max: 1 hour, longest: 1h}
  - {tragets: {}, max: 0h}
max_override:
override_ticket: 7
max_overide: 4h
"""
    assert places(text) == [
        (3, 5, "override_grants[0].max"),
        (4, 15, "override_grants[1].targets"),
        (4, 23, "override_grants[1].max"),
        (5, 26, "override_grants[2].targets.accounts"),
        (5, 36, "override_grants[2].max"),
        (5, 44, "override_grants[2].longest"),
        (6, 6, "override_grants[3].tragets"),
        (6, 24, "override_grants[3].max"),
        (7, 14, "max_override"),
        (8, 18, "override_ticket"),
        (9, 1, "max_overide"),
    ]
    meant = {problem.field: problem.suggestion for problem in problems(text)}
    assert meant["override_grants[3].tragets"] == "targets"
    assert meant["max_overide"] == "max_override"


@pytest.mark.contract("P1")
@pytest.mark.parametrize(
    "text", ["override_grants: ~", "override_ticket: ~", 'override_ticket: "a\\nb"', "max_override: 4"]
)
def test_p1_what_is_no_value_of_a_field_of_overrides(text: str) -> None:
    (problem,) = problems(f"version: 1\n{text}\n")
    assert problem.field == text.partition(":")[0]


@pytest.mark.contract("P1")
@pytest.mark.parametrize(
    "text", ["", "- version: 1", "version: 1\nversion: 1", "rules: []", "version: '1'", "version: true"]
)
def test_p1_what_is_no_policy(text: str) -> None:
    assert len(problems(text)) == 1


@pytest.mark.contract("D6")
@pytest.mark.parametrize("field", [*Match.model_fields, *TargetFilter.model_fields])
def test_d6_an_empty_list_or_nothing_within_a_rule_is_an_error(field: str) -> None:
    part = "match" if field in Match.model_fields else "targets"
    for value in ("[]", "~", ""):
        (problem,) = problems(
            f"version: 1\nrules:\n  - name: a\n    verdict: block\n    {part}: {{{field}: {value}}}\n"
        )
        assert problem.field == f"rules[0].{part}.{field}"


@pytest.mark.contract("P5")
@pytest.mark.parametrize("text", ["0s", "05m", "5", "5 m", "5M", "1.5h", "-1h", "5m5s", "''", "40000d", '"5m\\n"'])
def test_p5_durations(text: str) -> None:
    (problem,) = problems(f"version: 1\ndefaults: {{max_age: {text}}}\n")
    assert problem.field == "defaults.max_age"


@pytest.mark.contract("P6")
def test_p6_defaults_of_what_is_left_out() -> None:
    assert load_policy("version: 1", "p.yaml") == Policy(
        version=1,
        mode=Mode.ENFORCE,
        modes=(),
        defaults=Defaults(
            verdict=Verdict.ALLOW,
            on_stale=OnStale.LOCAL,
            on_unknown=Verdict.BLOCK,
            max_age=timedelta(minutes=10),
        ),
        platform_services=("CODEPIPELINE", "CLOUDFORMATION", "STS"),
        global_services=("IAM", "ORGANIZATIONS", "ROUTE53", "CLOUDFRONT"),
        depends_on={},
        service_aliases={},
        zones_from_text=False,
        exempt=(),
        delegates=(),
        override_grants=(),
        max_override=timedelta(hours=4),
        override_ticket="",
        resume=Resume(
            enabled=True,
            settle=timedelta(minutes=5),
            within=timedelta(hours=24),
            wave_size=20,
            wave_pause=timedelta(minutes=1),
        ),
        rules=(),
        freezes=(),
    )


@pytest.mark.contract("P6")
def test_p6_the_shipped_policy_blocks_drills_and_open_issues_and_nothing_else() -> None:
    shipped = load_policy(SHIPPED.read_bytes(), "config/policy.yaml")
    assert [rule.name for rule in shipped.rules] == ["drills", "open-issues"]

    def rule(**fields: object) -> tuple[str, str | None]:
        decision = decided("/us-east-1", event(**fields), shipped)
        return decision.verdict.value, decision.reasons[0].rule if decision.reasons else None

    assert rule() == ("block", "open-issues")
    assert rule(category="investigation") == ("block", "open-issues")
    assert rule(category="accountNotification", drill=True) == ("block", "drills")
    assert rule(category="scheduledChange") == ("allow", None)
    assert rule(status="upcoming") == ("allow", None)
    assert rule(status="degraded") == ("block", "open-issues")


@pytest.mark.contract("P1")
@pytest.mark.contract("P5")
def test_p5_all_that_is_wrong_with_freezes_at_once() -> None:
    text = """\
version: 1
freezes:
  - {name: a, from: 2026-11-26T00:00:00Z}
  - {name: a, from: 2026-11-26T00:00:00Z, to: 2026-11-26T01:00:00+01:00, duration: 1h}
  - {name: b, from: 2026-11-26T00:00:00, rrule: "FREQ=SECONDLY", timezone: Europe/Berln, verdict: allow, except: ~}
  - {name: c, from: 2026-11-26T00:00:00Z, rrule: , duration: 367d, to: ~, start: 2026-11-26T00:00:00Z}
  - {name: d, from: 1969-12-31T23:59:59Z, rrule: FREQ=DAILY, duration: 3h, targets: {tags: {}}}
modes: [{targets: {tags: {tier: []}}}]
exempt: [{pipelines: []}]
zones_from_text: "yes"
"""
    assert places(text) == [
        (3, 5, "freezes[0].to"),
        (4, 12, "freezes[1].name"),
        (4, 47, "freezes[1].to"),
        (4, 74, "freezes[1].duration"),
        (5, 5, "freezes[2].duration"),
        (5, 21, "freezes[2].from"),
        (5, 49, "freezes[2].rrule"),
        (5, 76, "freezes[2].timezone"),
        (5, 99, "freezes[2].verdict"),
        (5, 114, "freezes[2].except"),
        (6, 49, "freezes[3].rrule"),
        (6, 62, "freezes[3].duration"),
        (6, 72, "freezes[3].to"),
        (6, 75, "freezes[3].start"),
        (7, 21, "freezes[4].from"),
        (7, 92, "freezes[4].targets.tags"),
        (8, 9, "modes[0].mode"),
        (8, 33, "modes[0].targets.tags.tier"),
        (9, 22, "exempt[0].pipelines"),
        (10, 18, "zones_from_text"),
    ]
    zone = next(problem for problem in problems(text) if problem.field.endswith("timezone"))
    assert zone.suggestion == "Europe/Berlin"


@pytest.mark.contract("P5")
@pytest.mark.parametrize(
    ("rrule", "expected"),
    [
        ("", "parts NAME=VALUE joined by ;"),
        ("RRULE:FREQ=DAILY", "parts NAME=VALUE joined by ;"),
        ("FREQ=DAILY;", "parts NAME=VALUE joined by ;"),
        ("FREQ=DAILY;BYEASTER=1", "parts NAME=VALUE joined by ;"),
        ("BYDAY=MO", "FREQ as one of DAILY, WEEKLY, MONTHLY, YEARLY"),
        ("FREQ=HOURLY", "FREQ as one of DAILY, WEEKLY, MONTHLY, YEARLY"),
        ("FREQ=DAILY;FREQ=DAILY", "each part once; FREQ is there twice"),
        ("FREQ=DAILY;INTERVAL=0", "INTERVAL from 1 to 9999"),
        ("FREQ=DAILY;INTERVAL=1,2", "INTERVAL as one number"),
        ("FREQ=DAILY;COUNT=1001", "COUNT from 1 to 1000"),
        ("FREQ=DAILY;COUNT=2;UNTIL=20261231T000000Z", "COUNT or UNTIL, not both"),
        ("FREQ=DAILY;UNTIL=20261231", "UNTIL as a time in UTC"),
        ("FREQ=DAILY;UNTIL=20261331T000000Z", "UNTIL as a time in UTC"),
        ("FREQ=WEEKLY;BYDAY=FRI", "BYDAY as MO, TU,"),
        ("FREQ=WEEKLY;BYDAY=1FR", "numbered days"),
        ("FREQ=YEARLY;BYWEEKNO=1;BYDAY=1FR", "numbered days"),
        ("FREQ=MONTHLY;BYDAY=54FR", "BYDAY as MO, TU,"),
        ("FREQ=WEEKLY;WKST=FRI", "WKST as one of MO,"),
        ("FREQ=MONTHLY;BYMONTHDAY=0", "BYMONTHDAY from 1 to 31, or from -31 to -1"),
        ("FREQ=MONTHLY;BYMONTHDAY=x", "BYMONTHDAY as whole numbers joined by commas"),
        ("FREQ=YEARLY;BYMONTH=-1", "BYMONTH from 1 to 12"),
        ("FREQ=WEEKLY;BYMONTHDAY=1", "BYMONTHDAY with FREQ=DAILY or MONTHLY or YEARLY only"),
        ("FREQ=MONTHLY;BYYEARDAY=1", "BYYEARDAY with FREQ=YEARLY only"),
        ("FREQ=MONTHLY;BYWEEKNO=1", "BYWEEKNO with FREQ=YEARLY only"),
        ("FREQ=MONTHLY;BYSETPOS=1", "BYSETPOS together with another BY part"),
        ("FREQ=DAILY;BYHOUR=1,2,3,4,5,6,7;BYMINUTE=1,2,3,4,5,6,7", "at most 48 times a day"),
        ("FREQ=DAILY;BYHOUR=24", "BYHOUR from 0 to 23"),
        ("X" * 501, "at most 500 characters"),
    ],
)
def test_p5_what_is_no_rule(rrule: str, expected: str) -> None:
    text = f"version: 1\nfreezes: [{{name: a, from: 2026-01-02T00:00:00Z, duration: 1h, rrule: '{rrule}'}}]\n"
    (problem,) = problems(text)
    assert problem.field == "freezes[0].rrule"
    assert problem.expected.startswith(expected)


@pytest.mark.contract("P1")
def test_p1_the_contracts_own_example_and_the_earliest_and_longest() -> None:
    text = """
version: 1
mode: enforce
modes:
  - {targets: {ous: ["Workloads/Dev/**"]}, mode: shadow}
zones_from_text: false
exempt:
  - {pipelines: ["*-failover"], ous: ["Workloads/**"]}
rules:
  - name: maintenance-soon
    match: {categories: [scheduledChange], services: [EC2, RDS], starts_within: 2h}
    targets: {ous: ["Workloads/Prod/**"], tags: {tier: ["1"]}}
    verdict: warn
freezes:
  - {name: peak-season, from: 2026-11-26T00:00:00Z, to: 2026-12-01T00:00:00Z,
     targets: {ous: ["Workloads/Prod/**"]}, verdict: block}
  - {name: long-ago, from: 1970-01-01T00:00:00Z, rrule: FREQ=YEARLY, duration: 366d}
  - {name: friday-evening, from: 2026-01-02T16:00:00+01:00, rrule: "FREQ=WEEKLY;BYDAY=FR",
     duration: 8h, timezone: Europe/Berlin, verdict: warn}
"""
    read = load_policy(text, "p.yaml")
    assert [freeze.timezone for freeze in read.freezes] == ["UTC", "UTC", "Europe/Berlin"]
    assert read.rules[0].targets.tags == {"tier": ("1",)}


@pytest.mark.contract("P1")
@pytest.mark.contract("P5")
def test_p1_what_is_wrong_with_fields_among_themselves_is_told_with_what_was_found() -> None:
    text = """\
version: 1
freezes:
  - {name: a, from: 2026-11-26T00:00:00Z}
  - {name: b, from: 2026-11-26T00:00:00Z, to: 2026-11-26T00:00:00Z, duration: 1h}
  - {name: b, from: 2026-11-26T00:00:00Z, rrule: FREQ=DAILY}
  - {name: c, from: 1969-12-31T23:59:59Z, rrule: FREQ=DAILY, duration: 31622401s}
service_aliases: {db: RDS, DB: EC2, multiple_services: RDS, x: y, y: x}
"""
    lone_end = "a time after from, which is 2026-11-26T00:00:00Z"
    round_about = "aliases that end at a service code"
    outages = "MULTIPLE_SERVICES as an alias, which would hide the largest outages"
    needed = "a freeze with an rrule needs it"
    assert [(problem.field, problem.found, problem.expected) for problem in problems(text)] == [
        ("freezes[0].to", "nothing", "a time: a freeze without an rrule needs its end"),
        ("freezes[1].to", "'2026-11-26T00:00:00Z'", lone_end),
        ("freezes[1].duration", "a duration without an rrule", "from and to alone, or an rrule"),
        ("freezes[2].duration", "nothing", f"how long each occurrence lasts: {needed}"),
        ("freezes[2].name", "'b'", "a name that no other freeze has"),
        ("freezes[3].from", "'1969-12-31T23:59:59Z'", "a time from 1970 on"),
        ("freezes[3].duration", "'31622401s'", "at most 366d where it recurs"),
        ("service_aliases.DB", "DB again", "each alias once, whatever its case"),
        ("service_aliases.multiple_services", outages, "aliases of single services"),
        ("service_aliases.x", "X, whose aliases lead round in a circle", round_about),
        ("service_aliases.y", "Y, whose aliases lead round in a circle", round_about),
    ]
