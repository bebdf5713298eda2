"""A3, A4 and D10 through the API, over the real store: overrides, drills, declared events, and what was decided."""

from datetime import timedelta
from typing import Any

import pytest

from org_gate.central.answers import (
    ComparisonAnswer,
    DecisionAnswer,
    DecisionsAnswer,
    ExplanationAnswer,
    OverridesAnswer,
    ProblemAnswer,
    StatusAnswer,
)
from org_gate.model.event import Account
from org_gate.store import Store
from tests.contract.test_a_decision_api import know
from tests.unit.central.support import CENTRAL, ME, NOW, OTHER, RULES, Api, Reply, Topic, issue
from tests.unit.store.tables import TableClient, everything, fake_table, store_on

ASK: dict[str, Any] = {"targets": [f"{ME}/us-east-1/RDS"], "pipeline": {"name": "orders", "region": "us-east-1"}}
GRANTED = RULES | {"override_grants": [{"targets": {"ous": ["Workloads/**"]}, "max": "1h"}]}
OVERRIDE: dict[str, Any] = {"accounts": [ME], "events": ["all"], "reason": "the fix itself", "for": "1h"}
DRILL: dict[str, Any] = {"ous": ["Workloads/Prod"], "reason": "the Friday drill", "for": "30m"}
DECLARED: dict[str, Any] = {"services": ["RDS"], "regions": ["us-east-1"], "reason": "writes hang", "for": "2h"}
OVERRIDE_ID, DRILL_ID, DECLARED_ID = "o-" + "1" * 32, "drill-" + "1" * 32, "declared-" + "1" * 32


@pytest.fixture
def table() -> TableClient:
    return fake_table()


@pytest.fixture
def store(table: TableClient) -> Store:
    """With a tree of three accounts, a complete poll and a policy with a grant."""
    store = store_on(table)
    tree = [Account(name, "Workloads/Prod", ("r-1", "ou-1")) for name in (ME, OTHER)]
    store.accounts.refresh([*tree, Account(CENTRAL, "Platform", ("r-1", "ou-2"))])
    store.states.commit_poll(NOW, full=True)
    store.states.commit_tree(NOW - timedelta(minutes=20))
    store.publish_policy(GRANTED, who="somebody", note="", now=NOW, expected_version=0)
    return store


def at(store: Store, minutes: int, topic: Topic | None = None) -> Api:
    return Api(store, topic or Topic(), NOW + timedelta(minutes=minutes))


def decided(store: Store, minutes: int = 0, body: Any = ASK) -> dict[str, Any]:
    store.states.commit_poll(NOW + timedelta(minutes=minutes), full=True)
    reply = at(store, minutes).request("POST", "/v1/decisions", body)
    DecisionAnswer.model_validate(reply.body)
    answer: dict[str, Any] = reply.body
    return answer


@pytest.mark.contract("D10")
def test_d10_an_override_lifts_from_its_making_to_its_end_and_the_reason_says_so(store: Store) -> None:
    know(store, issue())
    assert decided(store)["verdict"] == "block"
    made = at(store, 1).request("POST", "/v1/overrides", OVERRIDE | {"id": OVERRIDE_ID})
    assert made.status == 200
    lifted = decided(store, 1)
    assert (lifted["verdict"], lifted["targets"][0]["overridden"]) == ("warn", True)
    assert (lifted["reasons"][0]["verdict"], lifted["reasons"][0]["override_id"]) == ("block", OVERRIDE_ID)
    assert decided(store, 60)["verdict"] == "warn"
    assert decided(store, 61)["verdict"] == "block"


@pytest.mark.contract("D10")
def test_d10_a_revoked_override_lifts_nothing_from_that_instant_on(store: Store) -> None:
    know(store, issue())
    at(store, 0).request("POST", "/v1/overrides", OVERRIDE | {"id": OVERRIDE_ID})
    assert decided(store, 5)["verdict"] == "warn"
    revoked = at(store, 5).request("DELETE", f"/v1/overrides/{OVERRIDE_ID}", caller=CENTRAL)
    assert (revoked.status, revoked.body["revoked_at"]) == (200, "2026-03-02T12:05:00Z")
    assert revoked.body["revoked_by"] == f"arn:aws:sts::{CENTRAL}:assumed-role/gate/x"
    assert decided(store, 5)["verdict"] == "block"
    again = at(store, 6).request("DELETE", f"/v1/overrides/{OVERRIDE_ID}")
    assert again.body == revoked.body | {"announced": False}
    listed = OverridesAnswer.model_validate(at(store, 6).request("GET", "/v1/overrides", query="all=true").body)
    assert [one.revoked_at for one in listed.overrides] == ["2026-03-02T12:05:00Z"]
    assert at(store, 6).request("GET", "/v1/overrides").body["overrides"] == []


@pytest.mark.contract("A3")
def test_a3_a_drill_blocks_those_in_its_ou_and_ends_by_itself(store: Store) -> None:
    started = at(store, 0).request("POST", "/v1/drills", DRILL | {"id": DRILL_ID}, caller=CENTRAL)
    assert started.body["accounts"] == sorted([ME, OTHER])
    blocked = decided(store)
    assert (blocked["verdict"], blocked["reasons"][0]["event"]["drill"]) == ("block", True)
    assert decided(store, 29)["verdict"] == "block"
    assert decided(store, 30)["verdict"] == "allow"
    elsewhere = at(store, 0).request("POST", "/v1/decisions", {"targets": ["/us-east-1"]}, caller=CENTRAL)
    assert elsewhere.body["verdict"] == "allow"


@pytest.mark.contract("A3")
def test_a3_a_declared_event_counts_until_it_is_closed(store: Store) -> None:
    at(store, 0).request("POST", "/v1/declared-events", DECLARED | {"id": DECLARED_ID}, caller=CENTRAL)
    blocked = decided(store)
    assert (blocked["verdict"], blocked["reasons"][0]["event"]["drill"]) == ("block", False)
    closed = at(store, 1).request("DELETE", f"/v1/declared-events/{DECLARED_ID}", caller=CENTRAL)
    assert (closed.status, closed.body["stopped_at"]) == (200, "2026-03-02T12:01:00Z")
    assert decided(store, 1)["verdict"] == "allow"


@pytest.mark.contract("A3")
def test_a3_the_status_counts_what_is_in_force_and_tells_the_age_of_the_tree(store: Store) -> None:
    at(store, 0).request("POST", "/v1/overrides", OVERRIDE)
    at(store, 0).request("POST", "/v1/drills", DRILL, caller=CENTRAL)
    at(store, 0).request("POST", "/v1/declared-events", DECLARED, caller=CENTRAL)
    told = StatusAnswer.model_validate(at(store, 0).request("GET", "/v1/status").body)
    assert (told.tree_as_of, told.tree_age_seconds) == ("2026-03-02T11:40:00Z", 1200)
    assert (told.overrides_in_force, told.drills_in_force, told.declared_in_force) == (1, 1, 1)
    later = at(store, 60).request("GET", "/v1/status").body
    counted = [later[f"{name}_in_force"] for name in ("overrides", "drills", "declared")]
    assert counted == [0, 0, 1]


@pytest.mark.contract("A3")
def test_a3_decisions_are_listed_page_by_page_each_to_its_own(store: Store) -> None:
    know(store, issue())
    mine = [decided(store, minute)["decision_id"] for minute in range(5)]
    other = at(store, 9).request("POST", "/v1/decisions", {"targets": ["/us-east-1"]}, caller=OTHER)
    theirs = other.body["decision_id"]

    def pages(caller: str, query: str) -> list[str]:
        found: list[str] = []
        token: str | None = ""
        while token is not None:
            following = f"&next={token}" if token else ""
            reply = at(store, 10).request("GET", "/v1/decisions", caller=caller, query=query + following)
            page = DecisionsAnswer.model_validate(reply.body)
            assert len(page.decisions) <= 2
            found += [entry.decision_id for entry in page.decisions]
            token = page.next
        return found

    newest_first = mine[::-1]
    assert pages(ME, "limit=2") == newest_first
    assert pages(OTHER, "limit=2") == [theirs]
    assert pages(CENTRAL, "limit=2") == [theirs, *newest_first]
    assert pages(CENTRAL, f"limit=2&account={OTHER}") == [theirs]
    assert pages(CENTRAL, "limit=2&pipeline=orders&region=us-east-1") == newest_first
    assert pages(ME, "limit=2&pipeline=orders&region=eu-west-1") == []
    window = "limit=2&from=2026-03-02T12:01:00Z&to=2026-03-02T12:03:00Z"
    assert pages(ME, window) == [mine[2], mine[1]]
    (entry, *_) = at(store, 10).request("GET", "/v1/decisions").body["decisions"]
    assert (entry["verdict"], entry["ous"], entry["account"]) == ("block", ["Workloads/Prod"], ME)
    token = at(store, 10).request("GET", "/v1/decisions", caller=CENTRAL, query="limit=2").body["next"]
    assert pages(OTHER, f"limit=2&next={token}") == [], "another's token opens nothing: it is a place in time"
    assert pages(ME, f"limit=2&next={token}") == newest_first[1:]
    stolen = at(store, 10).request("GET", "/v1/decisions", caller=OTHER, query=f"account={ME}&next={token}")
    assert stolen.status == 403
    wrong = at(store, 10).request("GET", "/v1/decisions", query="next=never-given")
    assert (wrong.status, wrong.body["errors"][0]["parameter"]) == (422, "next")


@pytest.mark.contract("A3")
def test_a3_an_explanation_agrees_with_its_decision_after_the_world_has_changed(store: Store) -> None:
    know(store, issue())
    know(store, issue(2, scope="ACCOUNT_SPECIFIC"), ME)
    at(store, 0).request("POST", "/v1/overrides", OVERRIDE | {"events": [issue().arn], "id": OVERRIDE_ID})
    decision = decided(store)
    at(store, 1).request("DELETE", f"/v1/overrides/{OVERRIDE_ID}")
    know(store, issue(status="closed"))
    store.publish_policy(RULES | {"mode": "shadow"}, who="somebody", note="", now=NOW, expected_version=1)
    path = f"/v1/decisions/{decision['decision_id']}/explanation"
    told = ExplanationAnswer.model_validate(at(store, 2).request("GET", path).body)
    assert told.decision == DecisionAnswer.model_validate(decision)
    assert (told.explanation["verdict"], told.explanation["policy_version"]) == ("block", 1)
    assert len(told.explanation["events"]) == 2
    assert at(store, 2).request("GET", path, caller=OTHER).status == 404


@pytest.mark.contract("A3")
def test_a3_a_policy_is_tried_on_what_was_decided(store: Store) -> None:
    know(store, issue())
    blocked = decided(store)
    decided(store, 1, {"targets": ["/eu-west-1"]})
    body = {"policy": RULES | {"defaults": {"verdict": "allow"}, "rules": []}}
    reply = at(store, 2).request("POST", "/v1/policies/comparison", body, caller=CENTRAL)
    found = ComparisonAnswer.model_validate(reply.body)
    assert (found.compared, found.policy_version, found.unreadable) == (2, 1, 0)
    changed = [(one.decision_id, one.before.verdict, one.after.verdict) for one in found.changed]
    assert changed == [(blocked["decision_id"], "block", "allow")]


@pytest.mark.contract("A4")
def test_a4_what_is_refused_is_a_problem_and_writes_nothing(store: Store, table: TableClient) -> None:
    for path, body in (
        ("/v1/overrides", OVERRIDE | {"id": OVERRIDE_ID}),
        ("/v1/drills", DRILL | {"id": DRILL_ID}),
        ("/v1/declared-events", DECLARED | {"id": DECLARED_ID}),
    ):
        assert at(store, 0).request("POST", path, body, caller=CENTRAL).status == 200
    before, topic = everything(table), Topic()
    api = at(store, 0, topic)

    def central(method: str, path: str, body: Any = None) -> Reply:
        return api.request(method, path, body, caller=CENTRAL)

    refused = [
        (409, central("POST", "/v1/overrides", OVERRIDE | {"id": OVERRIDE_ID})),
        (409, central("POST", "/v1/drills", DRILL | {"id": DRILL_ID})),
        (409, central("POST", "/v1/declared-events", DECLARED | {"id": DECLARED_ID})),
        (403, api.request("POST", "/v1/overrides", OVERRIDE | {"accounts": [OTHER]})),
        (403, api.request("POST", "/v1/overrides", OVERRIDE | {"for": "2h"})),
        (403, api.request("POST", "/v1/drills", DRILL)),
        (403, api.request("DELETE", f"/v1/declared-events/{DECLARED_ID}")),
        (403, api.request("GET", "/v1/drills")),
        (404, api.request("DELETE", f"/v1/overrides/{OVERRIDE_ID}")),
        (404, central("DELETE", f"/v1/drills/{DECLARED_ID}")),
        (422, api.request("POST", "/v1/overrides", OVERRIDE | {"for": "5h"})),
        (422, api.request("POST", "/v1/overrides", OVERRIDE | {"reason": " "})),
        (422, central("POST", "/v1/drills", DRILL | {"ous": ["Nowhere"]})),
        (422, central("POST", "/v1/declared-events", DECLARED | {"services": ["RSD"]})),
        (400, central("POST", "/v1/drills", "[]")),
        (413, central("POST", "/v1/drills", " " * 300_000)),
    ]
    for status, reply in refused:
        assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
        assert ProblemAnswer.model_validate(reply.body).mode == "enforce"
    assert everything(table) == before
    assert topic.heard == []


@pytest.mark.contract("A4")
def test_a4_a_topic_that_fails_never_fails_the_change(store: Store) -> None:
    know(store, issue())
    made = at(store, 0, Topic(down=True)).request("POST", "/v1/overrides", OVERRIDE)
    assert (made.status, made.body["announced"]) == (200, False)
    assert decided(store)["verdict"] == "warn"
