"""Drills and declared events over HTTP: for the central account alone, and all that is refused."""

import json
from datetime import timedelta
from typing import Any

import pytest

from org_gate.central.answers import DeclaredEventsAnswer, DrillsAnswer, SyntheticAnswer
from org_gate.model.event import Account
from org_gate.store import StoreUnavailableError
from tests.unit.central.support import CENTRAL, ME, NOW, OTHER, RULES, Api, FakeStore, Reply, Topic

DEV = "777788889999"
TREE = {
    ME: Account(ME, "Workloads/Prod", ("r-1", "ou-work-11111111", "ou-prod-22222222")),
    OTHER: Account(OTHER, "Workloads/Prod/Europe", ("r-1", "ou-work-11111111", "ou-prod-22222222")),
    DEV: Account(DEV, "Workloads/Dev", ("r-1", "ou-work-11111111")),
}
DRILL: dict[str, Any] = {"accounts": [ME], "reason": "the Friday drill", "for": "1h"}
DECLARED: dict[str, Any] = {"services": ["RDS"], "regions": ["us-east-1"], "reason": "writes hang", "for": "2h"}
DRILLS, EVENTS = "/v1/drills", "/v1/declared-events"
DRILL_ID, DECLARED_ID = "drill-" + "0" * 32, "declared-" + "0" * 32


def central(api: Api, method: str, path: str, body: Any = None, query: str = "") -> Reply:
    return api.request(method, path, body, caller=CENTRAL, query=query)


def store_with_tree() -> FakeStore:
    return FakeStore(tree=TREE)


def test_a_drill_names_accounts_and_ous_which_become_accounts() -> None:
    body = DRILL | {"accounts": [DEV], "ous": ["Workloads/Prod/**"], "regions": ["eu-west-1"], "services": ["rds"]}
    reply = central(Api(store_with_tree()), "POST", DRILLS, body)
    assert reply.status == 200
    drill = SyntheticAnswer.model_validate(reply.body)
    assert (drill.kind, drill.public, drill.announced) == ("drill", False, True)
    assert (drill.accounts, drill.ous) == (sorted([ME, OTHER, DEV]), ["Workloads/Prod/**"])
    assert (drill.regions, drill.services) == (["eu-west-1"], ["RDS"])
    assert (drill.created_at, drill.ends_at) == ("2026-03-02T12:00:00Z", "2026-03-02T13:00:00Z")
    assert drill.who == f"arn:aws:sts::{CENTRAL}:assumed-role/gate/x"


def test_an_ou_id_stands_for_all_below_it() -> None:
    body = DRILL | {"accounts": [], "ous": ["ou-prod-22222222"]}
    assert central(Api(store_with_tree()), "POST", DRILLS, body).body["accounts"] == sorted([ME, OTHER])


def test_a_public_drill_reads_no_tree() -> None:
    store = store_with_tree()
    reply = central(Api(store), "POST", DRILLS, {"public": True, "reason": "all", "for": "10m"})
    assert (reply.status, reply.body["public"], reply.body["accounts"]) == (200, True, [])
    assert "tree" not in store.asked


def test_a_declared_event_is_public_unless_it_names_accounts_or_ous() -> None:
    api = Api(store_with_tree())
    assert central(api, "POST", EVENTS, DECLARED).body["public"] is True
    for named in ({"accounts": [ME]}, {"ous": ["Workloads/Dev"]}):
        told = central(api, "POST", EVENTS, DECLARED | named).body
        assert (told["kind"], told["public"], len(told["accounts"])) == ("declared", False, 1)


def test_of_many_accounts_the_first_are_shown_and_the_rest_counted() -> None:
    names = [f"{number:012d}" for number in range(30_000)]
    store = FakeStore(tree={name: Account(name, "Big", ("r-1",)) for name in names})
    api = Api(store)
    started = central(api, "POST", DRILLS, DRILL | {"accounts": [], "ous": ["Big"], "id": DRILL_ID})
    (shown,) = central(api, "GET", DRILLS).body["drills"]
    stopped = central(api, "DELETE", f"{DRILLS}/{DRILL_ID}")
    for told in (started.body, shown, stopped.body):
        assert (told["accounts"], told["accounts_omitted"]) == (names[:100], 29_900)
    assert len(store.synthetic_made.made[DRILL_ID].accounts) == 30_000, "all of them are affected"


@pytest.mark.parametrize("query", ["", "all=true", "limit=1000"])
def test_a_list_is_cut_to_what_can_be_answered_and_says_so(query: str) -> None:
    store = store_with_tree()
    api = Api(store)
    ous = [f"Workloads/Prod/**{'/**' * number}" for number in range(200)]
    for number in range(80):
        body = DRILL | {"ous": ous, "id": f"drill-{number:032x}", "reason": "\u00e4" * 1000}
        assert central(api, "POST", DRILLS, body).status == 200
    reply = central(api, "GET", DRILLS, query=query)
    shown = DrillsAnswer.model_validate(reply.body)
    assert len(json.dumps(reply.body)) < 6_000_000
    assert (len(shown.drills) + shown.drills_omitted, shown.drills_omitted > 0) == (80, True)
    assert shown.drills[0].id == max(store.synthetic_made.made), "the newest are shown"


def test_services_are_told_by_their_one_name() -> None:
    store = FakeStore(tree=TREE, published=[RULES | {"service_aliases": {"ALB": "ELASTICLOADBALANCING"}}])
    reply = central(Api(store), "POST", EVENTS, DECLARED | {"services": ["alb", "ELASTICLOADBALANCING", "Rds"]})
    assert reply.body["services"] == ["ELASTICLOADBALANCING", "RDS"]


WRONG: list[tuple[str, str, Any, str]] = [
    ("accounts a string", DRILLS, {"accounts": ME}, "#/accounts"),
    ("an account short", DRILLS, {"accounts": ["12"]}, "#/accounts/0"),
    ("an account not in the tree", DRILLS, {"accounts": [ME, "123456789012"]}, "#/accounts/1"),
    ("nobody", DRILLS, {"accounts": []}, "#/accounts"),
    ("public and accounts", DRILLS, {"public": True}, "#/public"),
    ("public and OUs", DRILLS, {"public": True, "accounts": [], "ous": ["Workloads/**"]}, "#/public"),
    ("public a string", DRILLS, {"public": "true"}, "#/public"),
    ("an OU of nobody", DRILLS, {"ous": ["Workloads/**", "Sandbox"]}, "#/ous/1"),
    ("an OU id of nobody", DRILLS, {"ous": ["ou-none-00000000"]}, "#/ous/0"),
    ("an OU with a slash too many", DRILLS, {"ous": ["a//b"]}, "#/ous/0"),
    ("an OU a number", DRILLS, {"ous": [1]}, "#/ous/0"),
    ("no such Region form", DRILLS, {"regions": ["Europe"]}, "#/regions/0"),
    ("regions a string", DRILLS, {"regions": "us-east-1"}, "#/regions"),
    ("too many Regions", DRILLS, {"regions": [f"xx-a-{n}" for n in range(51)]}, "#/regions"),
    ("a service with a typing error", DRILLS, {"services": ["RDS", "LAMDBA"]}, "#/services/1"),
    ("a service empty", DRILLS, {"services": [""]}, "#/services/0"),
    ("a service with a line", DRILLS, {"services": ["RDS\n"]}, "#/services/0"),
    ("reason missing", DRILLS, {"reason": ...}, "#/reason"),
    ("reason blank", DRILLS, {"reason": "   "}, "#/reason"),
    ("reason with a line", DRILLS, {"reason": "a\nDRILL over"}, "#/reason"),
    ("for missing", DRILLS, {"for": ...}, "#/for"),
    ("for more than a day", DRILLS, {"for": "86401s"}, "#/for"),
    ("for nothing", DRILLS, {"for": "0s"}, "#/for"),
    ("for a number", DRILLS, {"for": 5}, "#/for"),
    ("a declared event's id", DRILLS, {"id": DECLARED_ID}, "#/id"),
    ("services missing", EVENTS, {"services": ...}, "#/services"),
    ("services empty", EVENTS, {"services": []}, "#/services"),
    ("regions missing", EVENTS, {"regions": ...}, "#/regions"),
    ("regions empty", EVENTS, {"regions": []}, "#/regions"),
    ("an unknown service", EVENTS, {"services": ["ZZZZZZZZ"]}, "#/services/0"),
    ("an account unknown", EVENTS, {"accounts": ["123456789012"]}, "#/accounts/0"),
    ("a drill's id", EVENTS, {"id": DRILL_ID}, "#/id"),
    ("two days", EVENTS, {"for": "2d"}, "#/for"),
]


@pytest.mark.parametrize(("path", "fields", "pointer"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_wrong_types_and_values_are_422_with_their_place(path: str, fields: Any, pointer: str) -> None:
    store, topic = store_with_tree(), Topic()
    whole = (DRILL if path == DRILLS else DECLARED) | fields
    reply = central(Api(store, topic), "POST", path, {name: value for name, value in whole.items() if value is not ...})
    assert reply.status == 422
    assert pointer in [error["pointer"] for error in reply.body["errors"]]
    assert (store.synthetic_made.made, topic.heard) == ({}, [])


def test_a_service_that_is_unknown_is_told_with_the_nearest() -> None:
    reply = central(Api(store_with_tree()), "POST", DRILLS, DRILL | {"services": ["LAMDBA"]})
    assert "did you mean LAMBDA?" in reply.body["detail"]


def test_all_that_is_wrong_is_told_at_once() -> None:
    wrong = {"accounts": ["123456789012"], "ous": ["Sandbox"], "services": ["A" * 90, "LAMDBA"]}
    reply = central(Api(store_with_tree()), "POST", DRILLS, DRILL | wrong)
    pointers = [error["pointer"] for error in reply.body["errors"]]
    assert pointers == ["#/services/0", "#/services/1", "#/accounts/0", "#/ous/0"]
    assert "and 1 more" in reply.body["detail"]


@pytest.mark.parametrize(("services", "status"), [(4, 200), (5, 422)])
def test_one_makes_no_more_events_than_decisions_can_look_at(services: int, status: int) -> None:
    names = ["RDS", "EC2", "ECS", "S3", "SQS"][:services]
    body = DECLARED | {"regions": [f"xx-a-{n}" for n in range(50)], "services": names}
    assert central(Api(store_with_tree()), "POST", EVENTS, body).status == status


@pytest.mark.parametrize(("path", "body", "name"), [(DRILLS, DRILL, DRILL_ID), (EVENTS, DECLARED, DECLARED_ID)])
def test_they_are_for_the_central_account_alone(path: str, body: Any, name: str) -> None:
    store = store_with_tree()
    api = Api(store)
    assert central(api, "POST", path, body | {"id": name}).status == 200
    tried = [
        api.request("POST", path, body),
        api.request("GET", path),
        api.request("DELETE", f"{path}/{name}"),
        api.request("DELETE", f"{path}/x"),
    ]
    for reply in tried:
        assert (reply.status, reply.body["mode"]) == (403, "enforce")
        assert "Use its credentials" in reply.body["detail"]
    assert [one.in_force(NOW) for one in store.synthetic_made.made.values()] == [True]


@pytest.mark.parametrize(("path", "body", "name"), [(DRILLS, DRILL, DRILL_ID), (EVENTS, DECLARED, DECLARED_ID)])
def test_the_same_id_again_is_409(path: str, body: Any, name: str) -> None:
    api = Api(store_with_tree())
    replies = [central(api, "POST", path, body | {"id": name}) for _ in range(2)]
    assert [reply.status for reply in replies] == [200, 409]
    assert path in replies[1].body["detail"]


def test_each_kind_is_listed_and_stopped_by_its_own_path() -> None:
    store = store_with_tree()
    api = Api(store)
    central(api, "POST", DRILLS, DRILL | {"id": DRILL_ID})
    central(api, "POST", EVENTS, DECLARED | {"id": DECLARED_ID})
    drills = DrillsAnswer.model_validate(central(api, "GET", DRILLS).body).drills
    declared = DeclaredEventsAnswer.model_validate(central(api, "GET", EVENTS).body).declared_events
    assert ([one.id for one in drills], [one.id for one in declared]) == ([DRILL_ID], [DECLARED_ID])
    assert central(api, "DELETE", f"{EVENTS}/{DRILL_ID}").status == 404
    assert central(api, "DELETE", f"{DRILLS}/{DECLARED_ID}").status == 404
    assert central(api, "DELETE", f"{DRILLS}/{DRILL_ID}").status == 200
    assert central(api, "GET", DRILLS).body == {
        "drills": [],
        "drills_omitted": 0,
        "evaluated_at": "2026-03-02T12:00:00Z",
    }
    assert [one["id"] for one in central(api, "GET", DRILLS, query="all=true").body["drills"]] == [DRILL_ID]
    assert len(central(api, "GET", EVENTS).body["declared_events"]) == 1


def test_stopping_again_gives_the_first_stop_and_what_ended_by_itself_stays() -> None:
    store, topic = store_with_tree(), Topic()
    central(Api(store, topic), "POST", DRILLS, DRILL | {"id": DRILL_ID})
    central(Api(store, topic), "POST", EVENTS, DECLARED | {"id": DECLARED_ID})
    first = central(Api(store, topic), "DELETE", f"{DRILLS}/{DRILL_ID}").body
    later = Api(store, topic, now=NOW + timedelta(hours=2))
    assert central(later, "DELETE", f"{DRILLS}/{DRILL_ID}").body == first | {"announced": False}
    assert central(later, "DELETE", f"{EVENTS}/{DECLARED_ID}").body["stopped_at"] is None
    told = DeclaredEventsAnswer.model_validate(central(later, "GET", EVENTS).body)
    assert (told.declared_events, told.evaluated_at) == ([], "2026-03-02T14:00:00Z")
    assert [notice.kind for notice in topic.heard] == ["drill-started", "event-declared", "drill-stopped"]


@pytest.mark.parametrize("name", [DRILL_ID, "x", "drill-", "drill-" + "0" * 3000])
def test_what_is_not_there_is_404(name: str) -> None:
    reply = central(Api(FakeStore()), "DELETE", f"{DRILLS}/{name}")
    assert (reply.status, reply.headers["content-type"]) == (404, "application/problem+json")


def test_a_topic_that_fails_costs_the_message_and_not_the_change() -> None:
    store = store_with_tree()
    api = Api(store, Topic(down=True))
    assert central(api, "POST", DRILLS, DRILL | {"id": DRILL_ID}).body["announced"] is False
    assert central(api, "DELETE", f"{DRILLS}/{DRILL_ID}").body["announced"] is False
    assert store.synthetic_made.made[DRILL_ID].stopped_at == NOW


def test_a_table_that_fails_is_503() -> None:
    api = Api(FakeStore(failure=StoreUnavailableError("query", "X", "secret")))
    for method, path, body in (
        ("POST", DRILLS, DRILL),
        ("GET", EVENTS, None),
        ("DELETE", f"{DRILLS}/{DRILL_ID}", None),
    ):
        reply = central(api, method, path, body)
        assert reply.status == 503
        assert "secret" not in reply.body["detail"]


def test_the_central_accounts_events_and_the_status_count_them() -> None:
    api = Api(store_with_tree())
    central(api, "POST", DRILLS, DRILL)
    central(api, "POST", EVENTS, DECLARED)
    shown = central(api, "GET", "/v1/events").body["events"]
    assert [(one["type_code"], one["drill"]) for one in shown] == [
        ("ORG_GATE_DRILL", True),
        ("ORG_GATE_DECLARED_ISSUE", False),
    ]
    status = api.request("GET", "/v1/status").body
    assert (status["drills_in_force"], status["declared_in_force"], status["overrides_in_force"]) == (1, 1, 0)
