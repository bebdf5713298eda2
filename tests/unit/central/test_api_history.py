"""Decisions that were taken, over HTTP: listed, explained, compared with a policy that is proposed."""

from typing import Any

import pytest

from org_gate.central.answers import ComparisonAnswer, DecisionsAnswer, ExplanationAnswer, ProblemAnswer
from org_gate.central.asking import Asker
from org_gate.central.policy_desk import MAX_CHANGED, PolicyDesk
from org_gate.central.rights import Rights
from org_gate.model.event import Account
from org_gate.store import StoreUnavailableError
from tests.unit.central.support import CENTRAL, ME, NOW, OTHER, RULES, Api, FakeStore, Topic, issue

ASK = {"targets": [f"{ME}/us-east-1/RDS"]}
COMPARISON = "/v1/policies/comparison"


def deciding(**fields: Any) -> tuple[FakeStore, str]:
    """A store that a decision was recorded in, and the decision's id."""
    store = FakeStore(events_known=(issue(),), tree={ME: Account(ME, "Workloads/Prod", ("r-1",))}, **fields)
    body = ASK | {"pipeline": {"name": "orders", "region": "us-east-1"}}
    decision_id: str = Api(store).request("POST", "/v1/decisions", body).body["decision_id"]
    return store, decision_id


def asked(store: FakeStore) -> str:
    return next(call for call in store.asked if call.startswith("decisions"))


@pytest.mark.parametrize(
    ("caller", "query", "passed"),
    [
        (ME, "", f"{ME} None None None None 100"),
        (ME, f"account={ME}&limit=5", f"{ME} None None None None 5"),
        (CENTRAL, "", "None None None None None 100"),
        (CENTRAL, f"account={OTHER}", f"{OTHER} None None None None 100"),
        (ME, "pipeline=orders", f"{ME} (None, 'orders') None None None 100"),
        (ME, "pipeline=orders&region=us-east-1", f"{ME} ('us-east-1', 'orders') None None None 100"),
        (
            CENTRAL,
            "from=2026-03-01T00:00:00Z&to=2026-03-02T01:00:00.9+01:00&next=abc",
            "None None 2026-03-01 00:00:00+00:00 2026-03-02 00:00:00+00:00 abc 100",
        ),
    ],
)
def test_what_is_asked_for_is_what_is_looked_for(caller: str, query: str, passed: str) -> None:
    store = FakeStore()
    reply = Api(store).request("GET", "/v1/decisions", caller=caller, query=query)
    assert reply.status == 200
    assert DecisionsAnswer.model_validate(reply.body).next is None
    assert asked(store) == f"decisions {passed}"


def test_another_accounts_decisions_are_not_listed() -> None:
    store = FakeStore()
    reply = Api(store).request("GET", "/v1/decisions", query=f"account={OTHER}")
    assert reply.status == 403
    assert "its own decisions" in reply.body["detail"]
    assert not any(call.startswith("decisions") for call in store.asked)


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("account=12", "account"),
        ("pipeline=", "pipeline"),
        ("pipeline=a\u0007", "pipeline"),
        ("region=us-east-1", "region"),
        ("pipeline=x&region=Europe", "region"),
        ("from=yesterday", "from"),
        ("from=2026-03-02T12:00:00", "from"),
        ("to=1", "to"),
        ("from=2026-03-02T12:00:00Z&to=2026-03-02T12:00:00Z", "from"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=many", "limit"),
        ("next=" + "x" * 1001, "next"),
    ],
)
def test_wrong_parameters_are_422_with_their_name(query: str, parameter: str) -> None:
    store = FakeStore()
    reply = Api(store).request("GET", "/v1/decisions", query=query)
    assert reply.status == 422
    assert [error["parameter"] for error in reply.body["errors"]] == [parameter]
    assert not any(call.startswith("decisions") for call in store.asked)


def test_a_decision_is_explained_by_the_version_that_decided_it() -> None:
    store, decision_id = deciding()
    store.published.append(RULES | {"rules": []})
    reply = Api(store).request("GET", f"/v1/decisions/{decision_id}/explanation")
    assert reply.status == 200
    told = ExplanationAnswer.model_validate(reply.body)
    assert told.decision.decision_id == decision_id
    assert (told.explanation["policy_version"], told.explanation["verdict"]) == (1, "block")
    assert told.explanation["evaluated_at"] == told.decision.evaluated_at


def test_what_an_earlier_version_kept_is_read_as_it_was_then() -> None:
    """It knew of no overrides, entities, zones in texts, drills or declared events."""
    store, decision_id = deciding()
    path = f"/v1/decisions/{decision_id}/explanation"
    now = Api(store).request("GET", path).body
    record = store.records[decision_id]
    del record["overrides"]
    for event in record["events"]:
        for later in ("entities", "text_zones", "drill", "declared"):
            del event[later]
    assert Api(store).request("GET", path).body == now
    found = Api(store).request("POST", COMPARISON, {"policy": RULES}, caller=CENTRAL).body
    assert (found["compared"], found["unreadable"], found["changed"]) == (1, 0, [])


def test_an_explanation_knows_the_overrides_that_were_in_force() -> None:
    store, _ = deciding()
    api = Api(store)
    body = {"accounts": [ME], "events": ["all"], "reason": "the fix", "for": "1h"}
    override = api.request("POST", "/v1/overrides", body, caller=CENTRAL).body["override_id"]
    decision = api.request("POST", "/v1/decisions", ASK).body
    assert (decision["verdict"], decision["reasons"][0]["override_id"]) == ("warn", override)
    store.overrides_made.made.clear()
    told = api.request("GET", f"/v1/decisions/{decision['decision_id']}/explanation").body
    assert told["explanation"]["verdict"] == "warn"
    assert [one["override_id"] for one in store.records[decision["decision_id"]]["overrides"]] == [override]


@pytest.mark.parametrize(("caller", "status"), [(ME, 200), (CENTRAL, 200), (OTHER, 404)])
def test_an_explanation_is_for_who_may_read_the_decision(caller: str, status: int) -> None:
    store, decision_id = deciding()
    api = Api(store)
    reply = api.request("GET", f"/v1/decisions/{decision_id}/explanation", caller=caller)
    assert reply.status == status
    if status == 404:
        assert reply.body == api.request("GET", "/v1/decisions/d-0/explanation", caller=caller).body


@pytest.mark.parametrize(
    "harm",
    [
        lambda record: record.pop("events"),
        lambda record: record.update(events=[{"arn": "a", "region": "b", "of_a_later_version": 1}]),
        lambda record: record.update(request=None),
        lambda record: record.update(at="then"),
        lambda record: record["decision"].update(policy_version=9),
        lambda record: record.update(overrides=[{}]),
    ],
)
def test_a_record_of_another_form_is_told_as_such(harm: Any) -> None:
    store, decision_id = deciding()
    harm(store.records[decision_id])
    reply = Api(store).request("GET", f"/v1/decisions/{decision_id}/explanation")
    assert (reply.status, "cannot be explained" in reply.body["detail"]) == (404, True)


def test_a_comparison_tells_what_would_change_and_why() -> None:
    store, decision_id = deciding()
    reply = Api(store).request("POST", COMPARISON, {"policy": RULES | {"mode": "warn"}}, caller=CENTRAL)
    assert reply.status == 200
    found = ComparisonAnswer.model_validate(reply.body)
    assert (found.compared, found.unreadable, found.policy_version, found.changed_omitted) == (1, 0, 1, 0)
    (change,) = found.changed
    assert (change.decision_id, change.account, change.at) == (decision_id, ME, "2026-03-02T12:00:00Z")
    assert change.pipeline is not None
    assert (change.pipeline.name, change.pipeline.region) == ("orders", "us-east-1")
    assert (change.before.verdict, change.after.verdict, change.after.would_be) == ("block", "warn", "block")
    assert change.because == "The mode was enforce, it would be warn."
    assert "recent_decision_ids 500 at 12:00" in store.asked
    assert len(store.published) == 1


def test_the_same_policy_changes_nothing() -> None:
    store, _ = deciding()
    reply = Api(store).request("POST", COMPARISON, {"policy": RULES, "last": 7}, caller=CENTRAL)
    assert (reply.body["compared"], reply.body["changed"]) == (1, [])
    assert "recent_decision_ids 7 at 12:00" in store.asked


def test_what_this_version_cannot_read_is_counted_and_the_rest_compared() -> None:
    store, decision_id = deciding()
    store.records["d-other"] = store.records[decision_id] | {"events": [{"arn": "a"}], "decision_id": "d-other"}
    reply = Api(store).request("POST", COMPARISON, {"policy": RULES | {"rules": []}}, caller=CENTRAL)
    assert (reply.body["compared"], reply.body["unreadable"], len(reply.body["changed"])) == (1, 1, 1)


def test_of_many_changes_the_newest_are_told_and_the_rest_counted() -> None:
    store, decision_id = deciding()
    for number in range(MAX_CHANGED + 4):
        store.records[f"d-{number}"] = store.records[decision_id] | {"decision_id": f"d-{number}"}
    reply = Api(store).request("POST", COMPARISON, {"policy": RULES | {"rules": []}}, caller=CENTRAL)
    assert (len(reply.body["changed"]), reply.body["changed_omitted"]) == (MAX_CHANGED, 5)
    assert reply.body["changed"][0]["decision_id"] == f"d-{MAX_CHANGED + 3}"


def test_a_comparison_stops_while_there_is_time_to_answer_and_says_how_far_it_came() -> None:
    store, _ = deciding()
    body = {"policy": RULES | {"rules": []}}
    reply = Api(store, milliseconds_left=2000).request("POST", COMPARISON, body, caller=CENTRAL)
    assert (reply.status, reply.body["compared"], reply.body["not_reached"]) == (200, 0, 1)


def test_a_comparison_reads_no_further_than_there_is_time() -> None:
    store, decision_id = deciding()
    for number in range(49):
        store.records[f"d-{number}"] = store.records[decision_id] | {"decision_id": f"d-{number}"}
    left = iter([9000] * 31 + [1000] * 9)
    desk = PolicyDesk(store, Rights(CENTRAL), Topic())
    found = desk.compare(Asker(CENTRAL, "ada", NOW), RULES, 500, lambda: next(left) > 2000)
    assert (found["compared"], found["not_reached"]) == (29, 21)
    assert [call for call in store.asked if call.startswith("several")] == ["several_decisions 20"] * 2


def test_where_more_than_the_mode_changes_both_summaries_are_told() -> None:
    store, decision_id = deciding()
    body = {"policy": RULES | {"mode": "shadow", "rules": []}}
    (change,) = Api(store).request("POST", COMPARISON, body, caller=CENTRAL).body["changed"]
    assert change["after"] == {"verdict": "allow", "would_be": "allow"}
    assert change["because"].startswith("Allowed")
    assert change["because"].endswith(f"It was: {store.records[decision_id]['decision']['summary']}")


class Wordy(FakeStore):
    """Its decisions' entries are large."""

    def decisions(self, *asked: Any) -> tuple[list[dict[str, Any]], str | None]:
        limit = asked[-1]
        self._called(f"decisions {limit}")
        return [{"summary": "x" * 30_000} for _ in range(limit)], f"after {limit}"


def test_a_page_is_as_short_as_it_has_to_be_to_be_answered() -> None:
    store = Wordy()
    reply = Api(store).request("GET", "/v1/decisions", query="limit=500")
    assert (len(reply.body["decisions"]), reply.body["next"]) == (125, "after 125")
    assert [call for call in store.asked if call.startswith("decisions")] == [
        f"decisions {limit}" for limit in (500, 250, 125)
    ]


def test_comparing_is_for_the_central_account() -> None:
    store, _ = deciding()
    assert Api(store).request("POST", COMPARISON, {"policy": RULES}).status == 403
    assert not any(call.startswith("recent_decision_ids") for call in store.asked)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 422),
        ({"policy": []}, 422),
        ({"policy": {"version": 2}}, 422),
        ({"policy": RULES, "last": 0}, 422),
        ({"policy": RULES, "last": 501}, 422),
        ({"policy": RULES, "last": "7"}, 422),
        ("[]", 400),
        (None, 400),
    ],
)
def test_a_comparison_of_nothing_sensible_is_refused(body: Any, status: int) -> None:
    reply = Api(FakeStore()).request("POST", COMPARISON, body, caller=CENTRAL)
    assert reply.status == status
    assert ProblemAnswer.model_validate(reply.body).detail


def test_a_table_that_fails_is_503() -> None:
    api = Api(FakeStore(failure=StoreUnavailableError("query", "X", "secret")))
    paths = ("/v1/decisions", f"/v1/decisions/d-{'0' * 32}/explanation", "/v1/status")
    replies = [api.request("GET", path) for path in paths]
    replies.append(api.request("POST", COMPARISON, {"policy": RULES}, caller=CENTRAL))
    assert [reply.status for reply in replies] == [503] * 4
