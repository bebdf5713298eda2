import io
import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from org_gate.central.answers import (
    DecisionAnswer,
    EventsAnswer,
    PoliciesAnswer,
    PolicyDocumentAnswer,
    ProblemAnswer,
    StatusAnswer,
)
from org_gate.central.telemetry import logger
from org_gate.model.event import Account
from org_gate.store import StoreUnavailableError
from tests.unit.central.support import CENTRAL, ME, NOW, OTHER, RULES, Api, FakeStore, issue, url_event

ASK = {"targets": [f"{ME}/us-east-1/RDS"]}


def test_a_decision_is_answered_in_a2s_shape_and_recorded() -> None:
    store = FakeStore(events_known=(issue(),))
    reply = Api(store).request("POST", "/v1/decisions", ASK)
    assert reply.status == 200
    assert reply.headers["content-type"] == "application/json"
    decision = DecisionAnswer.model_validate(reply.body)
    assert decision.verdict == "block"
    assert decision.reasons[0].rule == "open-issues"
    assert decision.evaluated_at == "2026-03-02T12:00:00Z"
    assert store.records[decision.decision_id]["decision"] == reply.body


def test_a_record_has_all_that_the_decision_was_made_of() -> None:
    account = Account(ME, "Workloads/Prod", ("r-1", "ou-1"))
    elsewhere = issue(2, region="eu-west-1", arn="arn:aws:health:eu-west-1::event/RDS/X/2")
    store = FakeStore(events_known=(issue(), elsewhere), tree={ME: account})
    body = {
        **ASK,
        "source": "codepipeline",
        "pipeline": {"name": "orders", "region": "us-east-1", "execution_id": "e-1"},
        "gate": {"version": "1.0.0", "on_block": "fail"},
    }
    decision_id = Api(store).request("POST", "/v1/decisions", body).body["decision_id"]
    record = store.records[decision_id]
    assert record["caller"] == ME
    assert record["request"]["pipeline"]["execution_id"] == "e-1"
    assert record["request"]["source"] == "codepipeline"
    assert record["gate"] == {"version": "1.0.0", "on_block": "fail"}
    assert record["revision"] == 5
    assert record["accounts"] == [{"id": ME, "ou_path": "Workloads/Prod", "ou_ids": ["r-1", "ou-1"], "tags": None}]
    assert [event["arn"] for event in record["events"]] == [issue().arn]
    assert record["events"][0]["start"] == "2026-03-02T12:00:00Z"
    assert record["decision"]["policy_version"] == 1


def test_short_and_long_form_are_the_same_and_an_account_left_out_is_the_callers() -> None:
    long = {"region": "us-east-1", "services": ["ECS", "RDS"], "availability_zones": ["use1-az4"]}
    api = Api(FakeStore())
    reply = api.request("POST", "/v1/decisions", {"targets": [long, "/us-east-1/ECS+RDS/use1-az4"]})
    first, second = reply.body["targets"]
    assert first == second
    assert first["account"] == ME
    assert first["availability_zones"] == ["use1-az4"]


def test_unknown_fields_are_ignored_at_every_level() -> None:
    body: dict[str, Any] = {
        "targets": [{"region": "us-east-1", "later": 1}],
        "pipeline": {"name": "orders", "later": {}},
        "gate": {"later": []},
        "later": None,
    }
    assert Api(FakeStore()).request("POST", "/v1/decisions", body).status == 200


WRONG: list[tuple[str, Any, str]] = [
    ("targets missing", {}, "#/targets"),
    ("targets null", {"targets": None}, "#/targets"),
    ("targets empty", {"targets": []}, "#/targets"),
    ("targets an object", {"targets": {"region": "us-east-1"}}, "#/targets"),
    ("too many targets", {"targets": ["/us-east-1"] * 101}, "#/targets"),
    ("a number as target", {"targets": [7]}, "#/targets/0"),
    ("account a number", {"targets": [{"account": 111122223333, "region": "us-east-1"}]}, "#/targets/0/account"),
    ("account null", {"targets": [{"account": None, "region": "us-east-1"}]}, "#/targets/0/account"),
    ("account empty", {"targets": [{"account": "", "region": "us-east-1"}]}, "#/targets/0/account"),
    ("account short", {"targets": [{"account": "123", "region": "us-east-1"}]}, "#/targets/0/account"),
    ("account with a line", {"targets": [{"account": f"{ME}\n", "region": "us-east-1"}]}, "#/targets/0/account"),
    ("no region", {"targets": [{"account": ME}]}, "#/targets/0/region"),
    ("no such Region form", {"targets": [{"region": "Europe"}]}, "#/targets/0/region"),
    ("a Region with a line", {"targets": [{"region": "us-east-1\n"}]}, "#/targets/0/region"),
    ("services a string", {"targets": [{"region": "us-east-1", "services": "ECS"}]}, "#/targets/0/services"),
    ("an empty service", {"targets": [{"region": "us-east-1", "services": [""]}]}, "#/targets/0/services/0"),
    ("a service number", {"targets": [{"region": "us-east-1", "services": [1]}]}, "#/targets/0/services/0"),
    ("half a character", {"targets": [{"region": "us-east-1", "services": ["\ud800"]}]}, "#/targets/0/services/0"),
    ("a zone with a bell", {"targets": ["/us-east-1/ECS/a\u0007"]}, "#/targets/0/availability_zones/0"),
    ("short form broken", {"targets": [f"{ME}"]}, "#/targets/0"),
    ("short form account", {"targets": ["12/us-east-1"]}, "#/targets/0"),
    ("short form with a line", {"targets": [f"{ME}/us-east-1\n"]}, "#/targets/0"),
    ("pipeline a string", {**ASK, "pipeline": "orders"}, "#/pipeline"),
    ("pipeline region", {**ASK, "pipeline": {"region": "mars"}}, "#/pipeline/region"),
    ("pipeline name a number", {**ASK, "pipeline": {"name": 1}}, "#/pipeline/name"),
    ("source a list", {**ASK, "source": []}, "#/source"),
    ("gate a string", {**ASK, "gate": "1.0"}, "#/gate"),
]


@pytest.mark.parametrize(("body", "pointer"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_wrong_types_and_values_are_422_with_their_place_and_nothing_is_written(body: Any, pointer: str) -> None:
    store = FakeStore()
    reply = Api(store).request("POST", "/v1/decisions", body)
    assert reply.status == 422
    assert reply.headers["content-type"] == "application/problem+json"
    problem = ProblemAnswer.model_validate(reply.body)
    assert problem.errors is not None
    assert pointer in [error["pointer"] for error in problem.errors]
    assert problem.mode == "enforce"
    assert store.records == {}


MALFORMED = [
    ("no body", None, "no body"),
    ("empty", "", "no body"),
    ("not JSON", "{", "not JSON"),
    ("an array", json.dumps([ASK]), "array"),
    ("a string", '"x"', "string"),
    ("null", "null", "null"),
    ("not a number", '{"targets": NaN}', "number"),
    ("a number of 5000 digits", '{"targets": ' + "1" * 5000 + "}", "number"),
    ("nested deeply", "[" * 100_000, "nested"),
]


@pytest.mark.parametrize(("body", "said"), [case[1:] for case in MALFORMED], ids=[case[0] for case in MALFORMED])
def test_what_is_no_json_object_is_400(body: str | None, said: str) -> None:
    store = FakeStore()
    reply = Api(store).request("POST", "/v1/decisions", body)
    assert reply.status == 400
    assert said in reply.body["detail"]
    assert store.records == {}


def test_a_base64_body_is_read_and_a_broken_one_is_400() -> None:
    api = Api(FakeStore())
    assert api.request("POST", "/v1/decisions", ASK, base64_body=True).status == 200
    for broken in ("%%%", "/w=="):
        event = url_event("POST", "/v1/decisions", broken) | {"isBase64Encoded": True}
        reply = api.send(event)
        assert reply.status == 400
        assert reply.body["mode"] == "enforce"


def test_a_body_beyond_bounds_is_413() -> None:
    body = {**ASK, "padding": "x" * 300_000}
    assert Api(FakeStore()).request("POST", "/v1/decisions", body).status == 413


def test_another_account_is_403_and_the_entry_to_add_is_named_and_works() -> None:
    store = FakeStore(tree={OTHER: Account(OTHER, "", ("r-1",))})
    body = {"targets": [f"{OTHER}/us-east-1"]}
    reply = Api(store).request("POST", "/v1/decisions", body)
    assert reply.status == 403
    assert store.records == {}
    entry = f'{{account: "{ME}", may_ask_for: {{accounts: ["{OTHER}"]}}}}'
    assert entry in reply.body["detail"]
    store.published.append(RULES | {"delegates": [{"account": ME, "may_ask_for": {"accounts": [OTHER]}}]})
    assert Api(store).request("POST", "/v1/decisions", body).status == 200


def test_the_central_account_asks_about_all() -> None:
    body = {"targets": [f"{OTHER}/us-east-1"]}
    assert Api(FakeStore()).request("POST", "/v1/decisions", body, caller=CENTRAL).status == 200


@pytest.mark.parametrize("part", ["authorizer", "timeEpoch"])
def test_a_request_without_verified_caller_is_403_and_reaches_nothing(part: str) -> None:
    store = FakeStore()
    event = url_event("POST", "/v1/decisions", json.dumps(ASK))
    del event["requestContext"][part]
    reply = Api(store).send(event)
    assert reply.status == 403
    assert "mode" not in reply.body
    assert store.asked == []


def test_a_store_that_fails_is_503_with_retry_after_and_says_nothing_of_why() -> None:
    store = FakeStore(failure=StoreUnavailableError("query", "ThrottlingException", "secret table name"))
    reply = Api(store).request("POST", "/v1/decisions", ASK)
    assert reply.status == 503
    assert reply.headers["retry-after"] == "60"
    assert "secret" not in json.dumps(reply.body)
    assert "mode" not in reply.body


def test_no_policy_is_503_that_says_so() -> None:
    reply = Api(FakeStore(published=[])).request("POST", "/v1/decisions", ASK)
    assert reply.status == 503
    assert "policy" in reply.body["detail"]


@pytest.mark.parametrize("decision_id", ["d" * 3000, "d-0", "d-" + "0" * 31 + "g"])
def test_an_id_that_is_none_is_404_before_any_table_is_asked(decision_id: str) -> None:
    store = FakeStore()
    assert Api(store).request("GET", f"/v1/decisions/{decision_id}").status == 404
    assert "decision" not in store.asked


def test_a_fault_of_ours_is_a_500_problem_without_a_trace() -> None:
    reply = Api(FakeStore(failure=RuntimeError("a secret"))).request("GET", "/v1/status")
    assert reply.status == 500
    assert reply.headers["content-type"] == "application/problem+json"
    assert "secret" not in json.dumps(reply.body)


def test_unknown_paths_are_404_and_wrong_methods_405_with_what_is_allowed() -> None:
    api = Api(FakeStore())
    for path in ("/", "/v1", "/v1/decisions/", "/v1/drill", "/v2/decisions", "/v1/decisions/a/b"):
        reply = api.request("GET", path)
        assert (reply.status, reply.headers["content-type"]) == (404, "application/problem+json"), path
    for method, path, allowed in (
        ("DELETE", "/v1/decisions", "GET, POST"),
        ("DELETE", "/v1/policies", "GET, POST"),
        ("POST", "/v1/decisions/d-1", "GET"),
        ("GET", "/v1/policies/comparison", "POST"),
        ("PUT", "/v1/overrides", "GET, POST"),
        ("GET", "/v1/drills/drill-1", "DELETE"),
        ("POST", "/v1/declared-events/declared-1", "DELETE"),
        ("POST", "/v1/decisions/d-1/explanation", "GET"),
        ("HEAD", "/v1/status", "GET"),
        ("OPTIONS", "/openapi.json", "GET"),
    ):
        reply = api.request(method, path)
        assert (reply.status, reply.headers["allow"]) == (405, allowed)
        assert reply.headers["content-type"] == "application/problem+json"


def test_a_decision_is_read_by_its_account_and_central_alone() -> None:
    api = Api(FakeStore(events_known=(issue(),)))
    decision = api.request("POST", "/v1/decisions", ASK).body
    path = f"/v1/decisions/{decision['decision_id']}"
    assert api.request("GET", path).body == decision
    assert api.request("GET", path, caller=CENTRAL).body == decision
    hidden, unknown = api.request("GET", path, caller=OTHER), api.request("GET", "/v1/decisions/d-0")
    assert (hidden.status, hidden.body) == (404, unknown.body)


def test_events_show_what_is_public_or_the_accounts_and_not_over() -> None:
    mine = issue(2, scope="ACCOUNT_SPECIFIC", accounts=frozenset({ME}), lists_accounts=True)
    others = issue(3, scope="ACCOUNT_SPECIFIC", lists_accounts=True)
    untold = issue(4, scope=None, lists_accounts=True)
    closed, ended = issue(5, status="closed"), issue(6, end=NOW)
    elsewhere = issue(7, region="global")
    store = FakeStore(events_known=(issue(), mine, others, untold, closed, ended, elsewhere))
    reply = Api(store).request("GET", "/v1/events")
    shown = EventsAnswer.model_validate(reply.body)
    assert shown.account == ME
    assert {event.arn for event in shown.events} == {issue().arn, mine.arn, elsewhere.arn}
    only = Api(store).request("GET", "/v1/events", query="region=global")
    assert [event["arn"] for event in only.body["events"]] == [elsewhere.arn]


def test_events_of_another_account_need_a_delegates_entry() -> None:
    store = FakeStore(tree={OTHER: Account(OTHER, "", ("r-1",))})
    query = f"account={OTHER}"
    reply = Api(store).request("GET", "/v1/events", query=query)
    assert reply.status == 403
    assert "delegates" in reply.body["detail"]
    assert Api(store).request("GET", "/v1/events", query=query, caller=CENTRAL).status == 200
    store.published.append(RULES | {"delegates": [{"account": ME, "may_ask_for": {"accounts": [OTHER]}}]})
    assert Api(store).request("GET", "/v1/events", query=query).body["account"] == OTHER


@pytest.mark.parametrize("query", ["account=12", "region=Europe", "account=", f"account={ME},{OTHER}"])
def test_wrong_parameters_are_422(query: str) -> None:
    reply = Api(FakeStore()).request("GET", "/v1/events", query=query)
    assert reply.status == 422
    assert reply.body["errors"][0]["parameter"] in {"account", "region"}


def test_the_status_tells_how_fresh_it_is_before_and_after_there_is_a_policy() -> None:
    fresh = StatusAnswer.model_validate(Api(FakeStore()).request("GET", "/v1/status").body)
    assert (fresh.age_seconds, fresh.stale, fresh.policy_version, fresh.mode) == (0, False, 1, "enforce")
    empty = StatusAnswer.model_validate(Api(FakeStore(published=[], as_of=None)).request("GET", "/v1/status").body)
    assert (empty.age_seconds, empty.stale, empty.policy_version, empty.mode) == (None, True, 0, None)


def test_publishing_is_for_the_central_account_and_says_who_and_why() -> None:
    store = FakeStore()
    api = Api(store)
    body = {"policy": RULES | {"mode": "shadow"}, "note": "quiet week", "expected_version": 1}
    refused = api.request("POST", "/v1/policies", body)
    assert refused.status == 403
    assert len(store.published) == 1
    taken = api.request("POST", "/v1/policies", body, caller=CENTRAL)
    assert (taken.status, taken.body) == (200, {"policy_version": 2, "announced": True})
    assert f"publish_policy by arn:aws:sts::{CENTRAL}:assumed-role/gate/x: quiet week at 12:00" in store.asked
    stale = api.request("POST", "/v1/policies", body, caller=CENTRAL)
    assert stale.status == 409
    assert stale.body["mode"] == "shadow"


def test_a_policy_that_is_wrong_is_422_with_all_problems() -> None:
    store = FakeStore()
    policy = {"version": 2, "mode": "off", "rulez": []}
    reply = Api(store).request("POST", "/v1/policies", {"policy": policy}, caller=CENTRAL)
    assert reply.status == 422
    assert {error["field"] for error in reply.body["errors"]} == {"version", "mode", "rulez"}
    assert len(store.published) == 1


def test_a_version_that_no_table_could_hold_is_422() -> None:
    body = {"policy": RULES, "expected_version": 10**45}
    assert Api(FakeStore()).request("POST", "/v1/policies", body, caller=CENTRAL).status == 422


def test_policies_are_listed_for_the_central_account_alone() -> None:
    api = Api(FakeStore())
    assert api.request("GET", "/v1/policies").status == 403
    listed = PoliciesAnswer.model_validate(api.request("GET", "/v1/policies", caller=CENTRAL).body)
    assert listed.policy_version == 1
    assert listed.policy is not None
    assert [version.who for version in listed.policies] == ["somebody"]


MODES = RULES | {
    "modes": [
        {"targets": {"ous": ["Dev"], "regions": ["eu-west-1"]}, "mode": "shadow"},
        {"targets": {"ous": ["Dev"]}, "mode": "warn"},
    ]
}


@pytest.mark.parametrize(
    ("body", "mode"),
    [
        ({"targets": [7], "pipeline": {"region": "eu-west-1"}}, "shadow"),
        ({"targets": [7], "pipeline": {"region": "us-east-1"}}, "warn"),
        ({"targets": [7]}, "warn"),
        ({"targets": [7], "pipeline": {"region": 7}}, "warn"),
        ("{", "warn"),
        (None, "warn"),
    ],
)
def test_a_problem_names_the_mode_of_the_callers_account_in_the_pipelines_region(body: Any, mode: str) -> None:
    account = Account(ME, "Dev", ("r-1", "ou-1"))
    reply = Api(FakeStore(published=[MODES], tree={ME: account})).request("POST", "/v1/decisions", body)
    assert (reply.status in {400, 422}, reply.body["mode"]) == (True, mode)
    stranger = Api(FakeStore(published=[MODES])).request("POST", "/v1/decisions", body)
    assert stranger.body["mode"] == "enforce", "not in the tree: the stricter of both ways"


def test_a_freeze_is_answered_in_a2s_shape() -> None:
    freeze = {"name": "peak", "from": "2026-03-02T12:00:00Z", "to": "2026-03-03T12:00:00Z"}
    reply = Api(FakeStore(published=[{"version": 1, "freezes": [freeze]}])).request("POST", "/v1/decisions", ASK)
    decision = DecisionAnswer.model_validate(reply.body)
    assert (decision.verdict, decision.reasons[0].kind) == ("block", "freeze")
    assert reply.body["reasons"][0]["freeze"] == freeze


def test_a_version_is_read_whole_by_the_central_account_alone() -> None:
    store = FakeStore(published=[RULES, RULES | {"mode": "shadow"}])
    api = Api(store)
    read = api.request("GET", "/v1/policies/1", caller=CENTRAL)
    assert read.status == 200
    assert PolicyDocumentAnswer.model_validate(read.body).policy == RULES
    assert api.request("GET", "/v1/policies/2", caller=CENTRAL).body["policy"]["mode"] == "shadow"
    assert api.request("GET", "/v1/policies/1").status == 403
    missing = api.request("GET", "/v1/policies/3", caller=CENTRAL)
    assert (missing.status, "GET /v1/policies" in missing.body["detail"]) == (404, True)


@pytest.mark.parametrize("version", ["0", "-1", "one", "1.5", "9" * 40])
def test_a_version_that_can_be_none_is_422(version: str) -> None:
    reply = Api(FakeStore()).request("GET", f"/v1/policies/{version}", caller=CENTRAL)
    assert (reply.status, reply.body["errors"][0]["parameter"]) == (422, "version")


@contextmanager
def listening() -> Iterator[io.StringIO]:
    """What is logged meanwhile, a JSON object a line."""
    log = io.StringIO()
    handler = logging.StreamHandler(log)
    handler.setFormatter(logger.registered_formatter)
    logger.addHandler(handler)
    try:
        yield log
    finally:
        logger.handlers.remove(handler)


@pytest.mark.parametrize("failure", [RuntimeError("the cause"), StoreUnavailableError("query", "X", "the cause")])
def test_a_fault_is_logged_once_with_its_cause(failure: Exception) -> None:
    with listening() as log:
        reply = Api(FakeStore(failure=failure)).request("POST", "/v1/decisions", ASK)
    line = json.loads(log.getvalue())
    assert (line["level"], line["status"], line["caller"]) == ("ERROR", reply.status, ME)
    assert "the cause" in line["exception"]


def test_log_and_metrics_name_the_decision_and_hold_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    with listening() as log:
        reply = Api(FakeStore(events_known=(issue(),))).request("POST", "/v1/decisions", ASK)
    line = json.loads(log.getvalue())
    told = (line["decision_id"], line["caller"], line["verdict"], line["policy_version"])
    assert told == (reply.body["decision_id"], ME, "block", 1)
    printed = capsys.readouterr().out
    metric = next(json.loads(line) for line in printed.splitlines() if "_aws" in line)
    assert (metric["Decisions"], metric["verdict"]) == ([1.0], "block")
    assert "SECRET" not in log.getvalue() + printed
