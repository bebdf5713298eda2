"""Overrides over HTTP: who may make, see and revoke them, and all that is refused."""

import json
from datetime import timedelta
from typing import Any

import pytest

from org_gate.central.answers import OverrideAnswer, OverridesAnswer, ProblemAnswer
from org_gate.central.overrides_desk import MAX_IN_FORCE
from org_gate.model.event import Account
from org_gate.model.override import Override
from org_gate.store import ConflictError, StoreUnavailableError, TooLargeError
from tests.unit.central.support import CENTRAL, ME, NOW, OTHER, RULES, Api, FakeOverrides, FakeStore, Topic, issue

WANT: dict[str, Any] = {"accounts": [ME], "events": ["all"], "reason": "the fix itself", "for": "30m"}
GRANTED = RULES | {"override_grants": [{"targets": {"ous": ["Workloads/**"]}, "max": "1h"}]}
TREE = {name: Account(name, "Workloads/Prod", ("r-1", "ou-1")) for name in (ME, OTHER)}
ID = "o-" + "0" * 32
URL = "/v1/overrides"
ARN = issue().arn


def granted() -> FakeStore:
    return FakeStore(tree=TREE, published=[GRANTED])


def test_an_account_that_is_granted_it_overrides_for_itself() -> None:
    store = granted()
    api = Api(store)
    body = WANT | {"accounts": [ME, ME], "events": [ARN, "freeze:peak season", "all"], "ticket": "OPS-1", "id": ID}
    reply = api.request("POST", URL, body | {"who": "somebody else", "account": CENTRAL})
    assert reply.status == 200
    made = OverrideAnswer.model_validate(reply.body)
    assert (made.override_id, made.account, made.who) == (ID, ME, f"arn:aws:sts::{ME}:assumed-role/gate/x")
    assert (made.accounts, made.events, made.ticket) == ([ME], [ARN, "freeze:peak season", "all"], "OPS-1")
    assert (made.created_at, made.expires_at) == ("2026-03-02T12:00:00Z", "2026-03-02T12:30:00Z")
    assert (made.revoked_at, made.announced) == (None, True)
    assert [*store.overrides_made.made] == [ID]


def test_an_id_that_is_left_out_is_made_anew_each_time() -> None:
    api = Api(granted())
    ids = {api.request("POST", URL, WANT).body["override_id"] for _ in range(2)}
    assert len(ids) == 2
    assert all(each.startswith("o-") for each in ids)


@pytest.mark.parametrize(
    ("store", "body", "status", "said"),
    [
        (FakeStore(tree=TREE), WANT, 403, "override_grants"),
        (FakeStore(published=[GRANTED]), WANT, 403, "not in the organization tree"),
        (granted(), WANT | {"for": "2h"}, 403, "at most 1h"),
        (granted(), WANT | {"accounts": [ME, OTHER]}, 403, "itself only"),
        (granted(), WANT | {"accounts": []}, 422, "neither accounts nor pipelines"),
        (granted(), WANT | {"for": "5h"}, 422, "max_override is 4h"),
        (FakeStore(published=[GRANTED | {"override_ticket": "OPS-*"}]), WANT, 422, "override_ticket"),
        (FakeStore(published=[]), WANT, 503, "No policy"),
    ],
)
def test_what_the_policy_does_not_let_it_is_refused_and_written_nowhere(
    store: FakeStore, body: Any, status: int, said: str
) -> None:
    topic = Topic()
    reply = Api(store, topic).request("POST", URL, body)
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    assert said in ProblemAnswer.model_validate(reply.body).detail
    assert (store.overrides_made.made, topic.heard) == ({}, [])


def test_the_central_account_overrides_for_all_without_a_grant_and_what_nobody_knows() -> None:
    body = WANT | {"accounts": [], "pipelines": ["no-such-*"], "events": ["freeze:no such"]}
    assert Api(FakeStore()).request("POST", URL, body, caller=CENTRAL).status == 200


WRONG: list[tuple[str, Any, str]] = [
    ("accounts a string", {"accounts": ME}, "#/accounts"),
    ("accounts null", {"accounts": None}, "#/accounts"),
    ("an account a number", {"accounts": [111122223333]}, "#/accounts/0"),
    ("an account short", {"accounts": ["12"]}, "#/accounts/0"),
    ("too many accounts", {"accounts": [ME] * 201}, "#/accounts"),
    ("pipelines a string", {"pipelines": "orders"}, "#/pipelines"),
    ("a pipeline empty", {"pipelines": [""]}, "#/pipelines/0"),
    ("a pipeline with a line", {"pipelines": ["a\nb"]}, "#/pipelines/0"),
    ("a pipeline too long", {"pipelines": ["a" * 257]}, "#/pipelines/0"),
    ("events missing", {"events": ...}, "#/events"),
    ("events empty", {"events": []}, "#/events"),
    ("events a string", {"events": "all"}, "#/events"),
    ("an event a number", {"events": [1]}, "#/events/0"),
    ("an event that is none", {"events": ["ALL"]}, "#/events/0"),
    ("an event empty", {"events": [""]}, "#/events/0"),
    ("no ARN", {"events": ["arn:aws:health"]}, "#/events/0"),
    ("an ARN with a blank", {"events": [f"{ARN} x"]}, "#/events/0"),
    ("an ARN with a line", {"events": [f"{ARN}\n"]}, "#/events/0"),
    ("a freeze without name", {"events": ["freeze:"]}, "#/events/0"),
    ("a freeze of blanks", {"events": ["freeze:  "]}, "#/events/0"),
    ("a freeze with a bell", {"events": ["freeze:a\u0007"]}, "#/events/0"),
    ("half a character", {"events": ["freeze:\ud800"]}, "#/events/0"),
    ("too many events", {"events": ["all"] * 101}, "#/events"),
    ("reason missing", {"reason": ...}, "#/reason"),
    ("reason empty", {"reason": ""}, "#/reason"),
    ("reason blank", {"reason": " \t "}, "#/reason"),
    ("reason null", {"reason": None}, "#/reason"),
    ("reason a number", {"reason": 1}, "#/reason"),
    ("reason with an escape", {"reason": "a\u001b[2J"}, "#/reason"),
    ("reason too long", {"reason": "a" * 1001}, "#/reason"),
    ("ticket empty", {"ticket": ""}, "#/ticket"),
    ("ticket a number", {"ticket": 1}, "#/ticket"),
    ("for missing", {"for": ...}, "#/for"),
    ("for a number", {"for": 30}, "#/for"),
    ("for nothing", {"for": "0m"}, "#/for"),
    ("for a day and a half", {"for": "1.5d"}, "#/for"),
    ("for ages", {"for": "99999999999d"}, "#/for"),
    ("for with a line", {"for": "30m\n"}, "#/for"),
    ("an id of another kind", {"id": "drill-" + "0" * 32}, "#/id"),
    ("an id too long", {"id": ID + "0"}, "#/id"),
    ("an id with a line", {"id": ID + "\n"}, "#/id"),
    ("an id in capitals", {"id": "o-" + "A" * 32}, "#/id"),
]


@pytest.mark.parametrize(("fields", "pointer"), [case[1:] for case in WRONG], ids=[case[0] for case in WRONG])
def test_wrong_types_and_values_are_422_with_their_place(fields: Any, pointer: str) -> None:
    store = granted()
    body = {name: value for name, value in (WANT | fields).items() if value is not ...}
    reply = Api(store).request("POST", URL, body)
    assert reply.status == 422
    assert pointer in [error["pointer"] for error in reply.body["errors"]]
    assert store.overrides_made.made == {}


def test_the_same_id_again_is_409_and_the_first_one_stands() -> None:
    store, topic = granted(), Topic()
    api = Api(store, topic)
    api.request("POST", URL, WANT | {"id": ID})
    again = api.request("POST", URL, WANT | {"id": ID, "reason": "another"})
    assert again.status == 409
    assert "GET /v1/overrides" in again.body["detail"]
    assert (store.overrides_made.made[ID].reason, len(topic.heard)) == ("the fix itself", 1)


def test_a_conflict_that_is_nobodys_fault_is_503_and_not_409() -> None:
    store = granted()
    store.overrides_made = Crowded()
    assert Api(store).request("POST", URL, WANT | {"id": ID}).status == 503


class Crowded(FakeOverrides):
    """Others change theirs in the same moment."""

    def create(self, override: Override) -> None:
        raise ConflictError(f"{override.id} was not written")


def test_one_sees_what_one_made_and_what_may_name_one_and_central_all() -> None:
    store = granted()
    api = Api(store)
    made = [
        (ME, {"accounts": [ME], "reason": "mine"}),
        (OTHER, {"accounts": [OTHER], "reason": "theirs"}),
        (CENTRAL, {"accounts": [OTHER, ME], "reason": "both"}),
        (CENTRAL, {"accounts": [], "pipelines": ["x"], "reason": "whoever"}),
        (CENTRAL, {"accounts": [CENTRAL], "reason": "its own"}),
    ]
    for caller, fields in made:
        assert api.request("POST", URL, WANT | fields, caller=caller).status == 200
    seen = {
        caller: {one["reason"] for one in api.request("GET", URL, caller=caller).body["overrides"]}
        for caller in (ME, OTHER, CENTRAL)
    }
    assert seen[ME] == {"mine", "both", "whoever"}
    assert seen[OTHER] == {"theirs", "both", "whoever"}
    assert seen[CENTRAL] == {"mine", "theirs", "both", "whoever", "its own"}


def test_whose_accounts_one_did_not_name_oneself_are_counted_and_not_told() -> None:
    api = Api(granted())
    others = [f"{number:012d}" for number in range(150)]
    made = api.request("POST", URL, WANT | {"accounts": [OTHER, ME, *others]}, caller=CENTRAL).body
    assert (len(made["accounts"]), made["accounts_omitted"]) == (100, 52)
    (mine,) = api.request("GET", URL).body["overrides"]
    assert (mine["accounts"], mine["accounts_omitted"]) == ([ME], 151)


def test_an_account_has_so_many_in_force_and_no_more() -> None:
    store, topic = granted(), Topic()
    api = Api(store, topic)
    for number in range(MAX_IN_FORCE):
        assert api.request("POST", URL, WANT | {"id": f"o-{number:032x}"}).status == 200
    before = dict(store.overrides_made.made)
    refused = api.request("POST", URL, WANT)
    assert refused.status == 422
    assert "Revoke" in refused.body["detail"]
    assert (store.overrides_made.made, len(topic.heard)) == (before, MAX_IN_FORCE)
    again = api.request("POST", URL, WANT | {"id": ID})
    assert again.status == 409, "one that is there is told as that"
    assert api.request("POST", URL, WANT, caller=CENTRAL).status == 200, "each account has its own number"
    api.request("DELETE", f"{URL}/{ID}")
    assert api.request("POST", URL, WANT).status == 200


def test_a_list_is_cut_to_what_can_be_answered_and_says_so() -> None:
    api = Api(FakeStore())
    arns = [f"{ARN}/{number}/{'x' * 800}" for number in range(100)]
    for _ in range(60):
        assert api.request("POST", URL, WANT | {"events": arns}, caller=CENTRAL).status == 200
    reply = api.request("GET", URL, caller=CENTRAL, query="all=true&limit=1000")
    shown = OverridesAnswer.model_validate(reply.body)
    assert len(json.dumps(reply.body)) < 6_000_000
    assert (len(shown.overrides) + shown.overrides_omitted, shown.overrides_omitted > 0) == (60, True)


def test_those_that_are_over_are_listed_where_asked_for_the_newest_first() -> None:
    store = granted()
    for minute, reason in enumerate(("first", "second", "third")):
        at = Api(store, now=NOW + timedelta(minutes=minute))
        assert at.request("POST", URL, WANT | {"reason": reason, "for": f"{10 * (minute + 1)}m"}).status == 200
    later = Api(store, now=NOW + timedelta(minutes=10))
    shown = OverridesAnswer.model_validate(later.request("GET", URL).body)
    assert [one.reason for one in shown.overrides] == ["third", "second"]
    assert shown.evaluated_at == "2026-03-02T12:10:00Z"
    everything = later.request("GET", URL, query="all=true").body["overrides"]
    assert [one["reason"] for one in everything] == ["third", "second", "first"]
    cut = later.request("GET", URL, query="all=true&limit=1").body
    assert ([one["reason"] for one in cut["overrides"]], cut["overrides_omitted"]) == (["third"], 2)


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "all=maybe"])
def test_wrong_parameters_are_422(query: str) -> None:
    assert Api(FakeStore()).request("GET", URL, query=query).status == 422


@pytest.mark.parametrize(("caller", "status"), [(ME, 200), (CENTRAL, 200), (OTHER, 404)])
def test_the_maker_and_central_revoke_and_nobody_else(caller: str, status: int) -> None:
    store, topic = granted(), Topic()
    api = Api(store, topic)
    api.request("POST", URL, WANT | {"id": ID})
    reply = api.request("DELETE", f"{URL}/{ID}", caller=caller)
    assert reply.status == status
    assert store.overrides_made.made[ID].in_force(NOW) == (status == 404)
    assert [notice.kind for notice in topic.heard] == ["override-created", "override-revoked"][: 3 - status // 200]


def test_revoking_again_gives_the_first_revocation_and_is_told_once() -> None:
    store, topic = granted(), Topic()
    api = Api(store, topic)
    api.request("POST", URL, WANT | {"id": ID})
    first = api.request("DELETE", f"{URL}/{ID}").body
    later = Api(store, topic, now=NOW + timedelta(minutes=1)).request("DELETE", f"{URL}/{ID}", caller=CENTRAL)
    assert (first["revoked_at"], first["announced"]) == ("2026-03-02T12:00:00Z", True)
    assert later.body == first | {"announced": False}
    assert len(topic.heard) == 2


def test_one_that_is_over_by_itself_stays_as_it_is() -> None:
    store = granted()
    Api(store).request("POST", URL, WANT | {"id": ID})
    reply = Api(store, now=NOW + timedelta(minutes=30)).request("DELETE", f"{URL}/{ID}")
    assert (reply.status, reply.body["revoked_at"]) == (200, None)


@pytest.mark.parametrize("name", [ID, "x", "o-" + "0" * 3000, "o-%0a"])
def test_an_override_that_is_not_there_is_404(name: str) -> None:
    reply = Api(FakeStore()).request("DELETE", f"{URL}/{name}", caller=CENTRAL)
    assert (reply.status, reply.headers["content-type"]) == (404, "application/problem+json")


def test_a_topic_that_fails_costs_the_message_and_not_the_change() -> None:
    store = granted()
    api = Api(store, Topic(down=True))
    made = api.request("POST", URL, WANT | {"id": ID})
    assert (made.status, made.body["announced"]) == (200, False)
    revoked = api.request("DELETE", f"{URL}/{ID}")
    assert (revoked.status, revoked.body["announced"]) == (200, False)
    assert not store.overrides_made.made[ID].in_force(NOW)


@pytest.mark.parametrize(
    ("failure", "status"),
    [(StoreUnavailableError("query", "X", "secret"), 503), (TooLargeError("It is too large."), 413)],
)
def test_a_table_that_fails_is_told_and_nothing_is_announced(failure: Exception, status: int) -> None:
    topic = Topic()
    api = Api(FakeStore(failure=failure), topic)
    for method, path, body in (("POST", URL, WANT), ("GET", URL, None), ("DELETE", f"{URL}/{ID}", None)):
        reply = api.request(method, path, body)
        assert reply.status == status
        assert "secret" not in reply.body["detail"]
    assert topic.heard == []
