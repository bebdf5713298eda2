"""One member account that asks much and large: what each request may cost, and where that ends.

How many requests there are is not bounded here: docs/threat-model.md says what bounds that, and what nothing does.
"""

import json
import sys
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest

from org_gate.central.bodies import MAX_BODY_BYTES, MAX_LISTED, MAX_NAME
from org_gate.central.overrides_desk import MAX_IN_FORCE
from org_gate.decision.engine import decide
from org_gate.decision.question import ask
from org_gate.model.event import Account, Knowledge
from org_gate.model.request import MAX_TARGETS, Pipeline, Request, Target
from org_gate.policy.load import policy_from_data
from org_gate.rollout.render import central_template
from org_gate.store.documents import PART_BYTES, packed
from tests.unit.central.support import CENTRAL, ME, NOW, Api, FakeStore, issue
from tests.unit.rollout.templates import properties
from tests.unit.store.tables import fake_table, store_on

FUNCTION_URL_ANSWER = 6 * 1024 * 1024
GRANTING = {"version": 1, "override_grants": [{"targets": {"accounts": [ME]}, "max": "1h"}]}


def names(number: int, length: int) -> list[str]:
    return [f"{index:03d}{'Z' * (length - 3)}" for index in range(number)]


def target(services: int, zones: int, length: int) -> dict[str, Any]:
    listed = {"services": names(services, length), "availability_zones": names(zones, length)}
    return {"account": ME, "region": "us-east-1", **listed}


LARGEST = {
    "most targets": {"targets": [target(8, 8, 60)] * MAX_TARGETS},
    "longest names": {"targets": [target(MAX_LISTED, 0, MAX_NAME)], "pipeline": {"name": "n" * MAX_NAME}},
    "most names": {"targets": [target(MAX_LISTED, MAX_LISTED, 20)] * 20},
}


@pytest.mark.parametrize("what", LARGEST)
def test_the_largest_question_is_answered_and_its_record_has_a_bound(what: str) -> None:
    """With as many events as make it say most. What is kept of it is a few parts of a table's item size at most."""
    body = json.dumps(LARGEST[what])
    assert len(body) <= MAX_BODY_BYTES
    store = FakeStore(events_known=tuple(issue(number) for number in range(200)))
    reply = Api(store).request("POST", "/v1/decisions", body)
    assert reply.status == 200
    assert len(reply.body["reasons"]) <= 100
    assert len(json.dumps(reply.body)) < FUNCTION_URL_ANSWER
    (record,) = store.records.values()
    assert len(packed(record)) <= 2
    assert len(json.dumps(record)) < 8 * PART_BYTES


MOST_CALLS = 1_000_000
"""Of Python functions and generators' steps, for making out what such a question asks."""


@pytest.mark.parametrize(("services", "length", "targets"), [(MAX_LISTED, MAX_NAME, 1), (MAX_LISTED, 20, 10)])
def test_the_work_a_question_makes_is_in_proportion_to_its_length(services: int, length: int, targets: int) -> None:
    """Each of its unknown service codes gives a hint: none may look at all the others for it."""
    aim = Target(ME, "us-east-1", tuple(names(services, length)))
    called = Counter[str]()
    sys.setprofile(lambda _frame, event, _argument: called.update([event]))
    try:
        ask(Request(ME, (aim,) * targets), Knowledge(NOW, (), {}), policy_from_data({"version": 1}), NOW)
    finally:
        sys.setprofile(None)
    assert called["call"] < MOST_CALLS


def test_only_so_many_unknown_codes_are_looked_up() -> None:
    codes = [f"EC{number:04d}" for number in range(150)] + ["ECSS"]
    asked = Request(ME, (Target(ME, "us-east-1", tuple(codes)), Target(ME, "us-east-1", ("RDSS",))))
    few = Request(ME, (Target(ME, "us-east-1", ("ECSS", "RDSS")),))
    known, policy = Knowledge(NOW, (), {}), policy_from_data({"version": 1})
    assert [hint.text for hint in ask(asked, known, policy, NOW).hints if "did you mean" in hint.text][100:] == []
    assert all("did you mean" in hint.text for hint in ask(few, known, policy, NOW).hints)
    assert len(ask(asked, known, policy, NOW).hints) == 152


def test_one_byte_more_is_not_read() -> None:
    store = FakeStore()
    body = json.dumps({"targets": [f"{ME}/us-east-1"]})
    reply = Api(store).request("POST", "/v1/decisions", body + " " * (MAX_BODY_BYTES - len(body) + 1))
    assert reply.status == 413
    assert "put_decision" not in store.asked


def test_an_account_has_so_many_overrides_and_no_more() -> None:
    """Every decision looks at each, so one account must not be able to slow all others down."""
    store = FakeStore(published=[GRANTING], tree={ME: Account(ME, "", ("r-1",))})
    body: dict[str, Any] = {"accounts": [ME], "events": ["all"], "reason": "x", "for": "1h"}
    statuses = [Api(store).request("POST", "/v1/overrides", body).status for _ in range(MAX_IN_FORCE + 5)]
    assert statuses == [200] * MAX_IN_FORCE + [422] * 5
    assert len(store.overrides_made.made) == MAX_IN_FORCE
    later = Api(store, now=NOW + timedelta(hours=2))
    assert later.request("POST", "/v1/overrides", body, caller=CENTRAL).status == 200


def test_refused_questions_leave_nothing() -> None:
    client = fake_table()
    store = store_on(client)
    store.publish_policy({"version": 1}, who="x", note="", now=NOW, expected_version=None)
    before = client.scan()["Items"]
    api = Api(store)
    bodies: list[Any] = [{"targets": ["999988887777/us-east-1"]}, {"targets": []}, {"targets": ["x"]}, "{", ["x"]]
    for body in bodies:
        assert api.request("POST", "/v1/decisions", body).status in {400, 403, 422}
    assert client.scan()["Items"] == before


def test_what_runs_for_others_has_a_share_that_no_flood_takes() -> None:
    """Lambda concurrency can be kept for the API, which is its most too, and for the collector."""
    functions = properties(central_template(), "AWS::Lambda::Function")
    for name, condition in (("Api", "ReservesForApi"), ("Collector", "ReservesForCollector")):
        kept = functions[name]["ReservedConcurrentExecutions"]
        assert kept["Fn::If"][0] == condition
    assert functions["Api"]["Timeout"] <= 10


SLOW = [f"{'*a' * 60}b", f"{'[!b]' * 60}*", f"{'?*' * 100}z", "*" * 250]


@pytest.mark.parametrize("glob", SLOW)
def test_no_pattern_takes_for_ever(glob: str) -> None:
    """A policy's globs against a caller's names: were they tried in all ways, this would not end."""
    policy = policy_from_data(
        {
            "version": 1,
            "exempt": [{"pipelines": [glob]}],
            "rules": [
                {
                    "name": "r",
                    "match": {"type_codes": [glob], "entities": [glob]},
                    "targets": {"pipelines": [glob], "ous": ["/".join(["**"] * 20 + ["x"])]},
                    "verdict": "block",
                }
            ],
        }
    )
    accounts = {ME: Account(ME, "/".join("a" * 60), ("r-1",))}
    events = (issue(type_code="a" * 1000, entities={ME: ("a" * 1000,)}, accounts=frozenset({ME})),)
    request = Request(ME, (Target(ME, "us-east-1"),), Pipeline(name="a" * MAX_NAME, region="us-east-1"))
    decide(request, Knowledge(NOW, events, accounts), policy, policy_version=1, now=NOW)


RULES = [
    "FREQ=DAILY",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30",
    "FREQ=MONTHLY;BYMONTHDAY=31;INTERVAL=1",
    "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR,SA,SU;INTERVAL=999",
]


@pytest.mark.parametrize("rule", RULES)
def test_no_freeze_takes_for_ever(rule: str) -> None:
    """Nor one that began in the year 1, or that never occurs; a policy that is refused takes no time either."""
    data = {"name": "f", "from": "0001-01-02T00:00:00Z", "rrule": rule, "duration": "1h"}
    try:
        policy = policy_from_data({"version": 1, "freezes": [data] * 1})
    except ValueError as error:
        assert "freezes" in str(error)  # noqa: PT017  either will do
        return
    request = Request(ME, (Target(ME, "us-east-1"),))
    decide(request, Knowledge(NOW, (), {}), policy, policy_version=1, now=NOW)
