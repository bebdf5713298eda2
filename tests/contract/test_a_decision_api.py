"""A1-A5 over the real table (in memory), asked as a Function URL asks."""

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from org_gate.central import api as lambda_module
from org_gate.central.answers import DecisionAnswer, ProblemAnswer
from org_gate.decision.engine import decide
from org_gate.model.decision import decision_json
from org_gate.model.event import Account, Event, Knowledge
from org_gate.model.record import EventRecord, Stamped
from org_gate.model.request import Pipeline, Request, Target
from org_gate.model.times import format_time, parse_time
from org_gate.policy.load import policy_from_data
from org_gate.store import Store
from org_gate.store.events import NOTHING, Belongings
from org_gate.store.members import SetReading
from tests.unit.central.support import CENTRAL, ME, NOW, OTHER, RULES, Api, context, issue, url_event

TABLE = "org-gate"
ASK: dict[str, Any] = {"targets": [f"{ME}/us-east-1/RDS"]}


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    with mock_aws():
        client = boto3.client("dynamodb")
        client.create_table(
            TableName=TABLE,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "sk")],
            KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
        )
        yield client


@pytest.fixture
def store(table: Any) -> Store:
    """With a tree of two accounts, a complete poll and a policy."""
    store = Store(table, TABLE)
    store.accounts.refresh([Account(name, "Workloads/Prod", ("r-1", "ou-1")) for name in (ME, OTHER)])
    store.states.commit_poll(NOW, full=True)
    store.publish_policy(RULES, who="somebody", note="", now=NOW, expected_version=0)
    return store


def know(store: Store, event: Event, *accounts: str) -> None:
    """Puts an event into the table as a complete reading of the API would."""
    names = ("service", "type_code", "category", "status", "scope", "availability_zone")
    values: dict[str, Any] = {name: getattr(event, name) for name in names}
    values |= {"start": format_time(NOW), "last_updated": format_time(NOW)}
    stamp = f"{format_time(NOW)}|1"
    record = EventRecord(key=event.key, fields={name: Stamped(value, stamp) for name, value in values.items()})
    told = (
        Belongings(accounts=SetReading({name: {} for name in accounts}, stamp, complete=True)) if accounts else NOTHING
    )
    store.events.save(event.key, lambda _: record, now=NOW, belongings=told)


def items(table: Any) -> int:
    return int(table.scan(TableName=TABLE, Select="COUNT")["Count"])


@pytest.mark.contract("A1")
def test_a1_the_caller_is_who_signed_and_nothing_else(store: Store) -> None:
    body = {"targets": ["/us-east-1"], "account": CENTRAL, "caller": CENTRAL, "accountId": CENTRAL}
    reply = Api(store).request("POST", "/v1/decisions", body)
    assert [target["account"] for target in reply.body["targets"]] == [ME]
    assert Api(store).request("POST", "/v1/policies", {"policy": RULES, "caller": CENTRAL}).status == 403


@pytest.mark.contract("A2")
def test_a2_an_incident_blocks_and_its_end_allows(store: Store) -> None:
    know(store, issue())
    blocked = DecisionAnswer.model_validate(Api(store).request("POST", "/v1/decisions", ASK).body)
    assert (blocked.verdict, blocked.would_be, blocked.mode, blocked.policy_version) == ("block", "block", "enforce", 1)
    assert [(reason.kind, reason.rule, reason.target) for reason in blocked.reasons] == [("event", "open-issues", 0)]
    assert blocked.knowledge.stale is False
    know(store, issue(status="closed"))
    assert Api(store).request("POST", "/v1/decisions", ASK).body["verdict"] == "allow"


@pytest.mark.contract("A2")
def test_a2_an_account_specific_event_concerns_its_accounts_alone(store: Store) -> None:
    know(store, issue(scope="ACCOUNT_SPECIFIC"), OTHER)
    mine = Api(store).request("POST", "/v1/decisions", ASK)
    theirs = Api(store).request("POST", "/v1/decisions", {"targets": ["/us-east-1/RDS"]}, caller=OTHER)
    assert (mine.body["verdict"], theirs.body["verdict"]) == ("allow", "block")


@pytest.mark.contract("A2")
def test_a2_the_record_decides_again_the_same(store: Store) -> None:
    know(store, issue())
    know(store, issue(2, scope="ACCOUNT_SPECIFIC"), ME)
    body = {"targets": ["/us-east-1/RDS", "/eu-west-1"], "pipeline": {"name": "orders", "region": "us-east-1"}}
    answer = Api(store).request("POST", "/v1/decisions", body).body
    record = store.decision(answer["decision_id"])
    assert record is not None
    knowledge = Knowledge(
        as_of=parse_time(record["decision"]["knowledge"]["as_of"]),
        events=tuple(_event(facts) for facts in record["events"]),
        accounts={one["id"]: Account(one["id"], one["ou_path"], tuple(one["ou_ids"])) for one in record["accounts"]},
    )
    version = record["decision"]["policy_version"]
    policy = policy_from_data(next(one["policy"] for one in store.policies() if one["version"] == version))
    again = decide(_request(record["request"]), knowledge, policy, policy_version=version, now=parse_time(record["at"]))
    assert decision_json(again, answer["decision_id"]) == answer


def _event(facts: dict[str, Any]) -> Event:
    times = {name: facts[name] and parse_time(facts[name]) for name in ("start", "end", "last_updated")}
    sets = {"personas": tuple(facts["personas"]), "accounts": frozenset(facts["accounts"])}
    return Event(**(facts | times | sets))


def _request(data: dict[str, Any]) -> Request:
    targets = tuple(
        Target(one["account"], one["region"], tuple(one["services"]), tuple(one["availability_zones"]))
        for one in data["targets"]
    )
    return Request(data["caller"], targets, Pipeline(**data["pipeline"]), data["source"])


@pytest.mark.contract("A3")
def test_a3_an_account_sees_its_own_and_central_sees_all(store: Store) -> None:
    know(store, issue())
    know(store, issue(2, scope="ACCOUNT_SPECIFIC"), OTHER)
    api = Api(store)
    decision = api.request("POST", "/v1/decisions", ASK).body
    path = f"/v1/decisions/{decision['decision_id']}"
    seen = {caller: api.request("GET", path, caller=caller).status for caller in (ME, CENTRAL, OTHER)}
    assert seen == {ME: 200, CENTRAL: 200, OTHER: 404}
    shown = {
        caller: [event["arn"][-1] for event in api.request("GET", "/v1/events", caller=caller).body["events"]]
        for caller in (ME, OTHER, CENTRAL)
    }
    assert shown == {ME: ["1"], OTHER: ["1", "2"], CENTRAL: ["1", "2"]}


@pytest.mark.contract("A3")
def test_a3_policies_are_published_by_central_and_hold_at_once(store: Store) -> None:
    know(store, issue())
    body = {"policy": RULES | {"mode": "shadow"}, "expected_version": 1}
    api = Api(store)
    assert api.request("POST", "/v1/policies", body).status == 403
    assert api.request("POST", "/v1/policies", body, caller=CENTRAL).body["policy_version"] == 2
    assert api.request("POST", "/v1/policies", body, caller=CENTRAL).status == 409
    decision = api.request("POST", "/v1/decisions", ASK).body
    assert (decision["verdict"], decision["would_be"], decision["policy_version"]) == ("warn", "block", 2)
    listed = api.request("GET", "/v1/policies", caller=CENTRAL).body
    assert [one["version"] for one in listed["policies"]] == [1, 2]


@pytest.mark.contract("A4")
def test_a4_errors_are_problems_and_write_nothing(store: Store, table: Any) -> None:
    api = Api(store)
    before = items(table)
    odd = {"version": 1, "rules": [{"name": "a", "verdict": "warn", "why": "\ud800"}]}
    refused = [
        (400, api.request("POST", "/v1/decisions", "[]")),
        (403, api.request("POST", "/v1/decisions", {"targets": [f"{OTHER}/us-east-1"]})),
        (404, api.request("GET", "/v1/decisions/d-0")),
        (409, api.request("POST", "/v1/policies", {"policy": RULES, "expected_version": 7}, caller=CENTRAL)),
        (413, api.request("POST", "/v1/decisions", " " * 300_000)),
        (422, api.request("POST", "/v1/decisions", {"targets": "all"})),
        (422, api.request("POST", "/v1/policies", {"policy": {"version": 1, "mode": "off"}}, caller=CENTRAL)),
        (422, api.request("POST", "/v1/policies", {"policy": {"version": 1, "rules": ["\ud800"]}}, caller=CENTRAL)),
        (422, api.request("POST", "/v1/policies", {"policy": odd}, caller=CENTRAL)),
    ]
    for status, reply in refused:
        assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
        problem = ProblemAnswer.model_validate(reply.body)
        assert (problem.status, problem.mode) == (status, "enforce")
        assert problem.detail
    assert items(table) == before


@pytest.mark.contract("A4")
def test_a4_a_table_that_fails_is_503(store: Store, table: Any) -> None:
    table.delete_table(TableName=TABLE)
    reply = Api(store).request("POST", "/v1/decisions", ASK)
    assert reply.status == 503
    assert int(reply.headers["retry-after"]) > 0


@pytest.mark.contract("A5")
def test_a5_a_region_that_does_not_look_like_one_is_422_and_an_unknown_one_is_a_hint(store: Store) -> None:
    api = Api(store)
    assert api.request("POST", "/v1/decisions", {"targets": [f"{ME}/Ireland"]}).status == 422
    assert api.request("POST", "/v1/decisions", {**ASK, "pipeline": {"region": "eu_west_1"}}).status == 422
    reply = api.request("POST", "/v1/decisions", {"targets": [f"{ME}/xx-nowhere-9"]})
    assert [(reason["kind"], reason["verdict"]) for reason in reply.body["reasons"]] == [("hint", "warn")]


@pytest.mark.contract("A1")
def test_the_lambda_reads_its_environment_once_and_answers(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    know(store, issue())
    lambda_module._open_desk.cache_clear()
    event = url_event("POST", "/v1/decisions", '{"targets": ["/us-east-1"]}')
    incomplete: Any = lambda_module.handler(event, context())
    assert incomplete["statusCode"] == 500
    monkeypatch.setenv("ORG_GATE_TABLE", TABLE)
    monkeypatch.setenv("ORG_GATE_CENTRAL_ACCOUNT", CENTRAL)
    monkeypatch.setenv("ORG_GATE_CHANGES", f"arn:aws:sns:eu-west-1:{CENTRAL}:org-gate-changes")
    monkeypatch.setenv("ORG_GATE_TOPIC", f"arn:aws:sns:eu-west-1:{CENTRAL}:org-gate-notifications")
    answered: Any = lambda_module.handler(event, context())
    lambda_module._open_desk.cache_clear()
    assert answered["statusCode"] == 200
    assert '"block"' in answered["body"]
