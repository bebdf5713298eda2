from datetime import UTC, datetime, timedelta

import pytest

from org_gate.policy.cases import cases_name, load_cases
from org_gate.policy.document import DocumentError

SHORT = """
cases:
  - name: a
    now: 2026-03-02T12:00:00Z
    request: {targets: ["111122223333/us-east-1"]}
    expect: {verdict: allow}
%s
"""
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def problems(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(DocumentError) as caught:
        load_cases(text, "policy.cases.yaml")
    return [(one.line, one.column, one.field) for one in caught.value.problems]


@pytest.mark.parametrize(
    ("policy", "cases"),
    [
        ("policy.yaml", "policy.cases.yaml"),
        ("a.b.yml", "a.b.cases.yml"),
        ("policy.json", "policy.cases.json"),
        ("policy", "policy.cases.yaml"),
        ("policy.v2", "policy.v2.cases.yaml"),
    ],
)
def test_the_cases_of_a_policy_are_beside_it(policy: str, cases: str) -> None:
    assert cases_name(policy) == cases


def test_a_case_with_all_its_fields() -> None:
    text = """
cases:
  - name: whole
    now: 2026-03-02T13:00:00+01:00
    as_of: -31s
    request:
      targets: ["/us-east-1", "444455556666/eu-west-1/ECS+RDS/euw1-az1"]
      pipeline: {name: orders, region: us-east-1}
      caller: "111122223333"
    events:
      - {region: us-east-1, startTime: -1h, endTime: 2026-03-02T14:00:00Z, lastUpdatedTime: now}
    accounts: {"111122223333": {ou: Workloads/Prod, ou_ids: [r-ab12, ou-ab12-cdefgh12], tags: {tier: "1"}}}
    expect: {verdict: warn, would_be: block, mode: shadow, rule: a, freeze: b}
"""
    (case,) = load_cases(text, "c")
    request = case.request.request()
    assert [(one.account, one.region) for one in request.targets] == [
        ("111122223333", "us-east-1"),
        ("444455556666", "eu-west-1"),
    ]
    assert request.pipeline is not None
    assert (request.caller, request.pipeline.name) == ("111122223333", "orders")
    assert case.knowledge_from() == NOON - timedelta(seconds=31)
    event = case.events[0]
    assert event.startTime is not None
    assert case.at(event.startTime) == NOON - timedelta(hours=1)
    assert case.at(event.lastUpdatedTime) == NOON


def test_what_is_left_out() -> None:
    (case,) = load_cases(SHORT % "", "c")
    assert case.request.request().caller == "111122223333"
    assert case.knowledge_from() == NOON
    assert (case.events, case.accounts) == ((), {})


def test_all_mistakes_at_once_each_with_its_place() -> None:
    text = """\
cases:
  - name: a
    now: 2026-03-02T12:00:00
    request: {targets: ["1/us-east-1", "111122223333/us"], pipline: x}
    events:
      - {service: RDS, regoin: us-east-1, startTime: 10m}
    accounts: {111122223333: {ou: Prod, tags: {tier: 1}}}
    as_of: ~
    expect: {verdict: blok}
  - {name: a, now: 2026-03-02T12:00:00Z, request: {targets: []}, expect: {}}
  - {name: b, now: 2026-03-02T12:00:00Z, request: {targets: ["/us-east-1"]}, expect: {verdict: allow}}
  - {name: c, now: 0001-01-01T00:00:00Z, as_of: -1d, request: {targets: [111122223333/global]}, expect: {verdict: warn}}
"""
    assert problems(text) == [
        (3, 10, "cases[0].now"),
        (4, 25, "cases[0].request.targets[0]"),
        (4, 40, "cases[0].request.targets[1]"),
        (4, 60, "cases[0].request.pipline"),
        (6, 9, "cases[0].events[0].region"),
        (6, 24, "cases[0].events[0].regoin"),
        (6, 54, "cases[0].events[0].startTime"),
        (7, 54, "cases[0].accounts.111122223333.tags.tier"),
        (8, 12, "cases[0].as_of"),
        (9, 23, "cases[0].expect.verdict"),
        (10, 12, "cases[1].name"),
        (10, 61, "cases[1].request.targets"),
        (10, 74, "cases[1].expect.verdict"),
        (11, 51, "cases[2].request"),
        (12, 5, "cases[3]"),
    ]


@pytest.mark.parametrize("text", ["", "[]", "cases: []", "cases: ~", "{}", "cases: {a: 1}", "cases: [1]"])
def test_what_is_no_file_of_cases(text: str) -> None:
    assert len(problems(text)) == 1


@pytest.mark.parametrize("when", ["-0m", "+ 5m", "-36501d", "yesterday", "2026-03-02T12:00:00", "12", "-"])
def test_what_is_no_time(when: str) -> None:
    assert [field for _, _, field in problems(SHORT % f'    as_of: "{when}"')] == ["cases[0].as_of"]
