import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from botocore.credentials import Credentials
from botocore.exceptions import CredentialRetrievalError

from org_gate.client.api import DecisionApi, region_of
from org_gate.client.errors import NoAnswer, NoCredentials, Refused
from org_gate.client.transport import Reply, Unreachable
from tests.unit.client.support import FIRST, SECOND, Wire, api_over, decision, json_reply, problem


def test_a_question_is_signed_for_the_region_its_url_names() -> None:
    wire = Wire([json_reply(decision())])
    api_over(wire, f"{FIRST}/").decide({"targets": ["/us-east-1"]})
    request = wire.sent[0]
    assert (request.method, request.url) == ("POST", f"{FIRST}/v1/decisions")
    assert "/eu-west-1/lambda/aws4_request" in request.headers["Authorization"]
    assert request.headers["X-Amz-Security-Token"] == "token"
    assert wire.body(0) == {"targets": ["/us-east-1"]}


@pytest.mark.parametrize(
    ("url", "default", "region"),
    [
        ("https://abc.lambda-url.us-gov-west-1.on.aws/", None, "us-gov-west-1"),
        ("http://127.0.0.1:8080/lambda-url/ap-south-2/abc/", "eu-west-1", "ap-south-2"),
        ("https://gate.example.org/api", "eu-west-1", "eu-west-1"),
    ],
)
def test_the_region_comes_from_the_url_else_from_the_caller(url: str, default: str | None, region: str) -> None:
    assert region_of(url, default) == region


@pytest.mark.parametrize(
    "url", ["gate.example.org", "ftp://x/", "https://", "https://gate.example.org/", "https://a/?b"]
)
def test_what_is_no_url_or_names_no_region_is_refused_with_what_to_do(url: str) -> None:
    with pytest.raises(ValueError, match=r"lambda-url\.REGION|AWS_REGION"):
        DecisionApi([url], Credentials("a", "b"))


GARBAGE: list[tuple[str, Reply | Unreachable, str]] = [
    ("silence", Unreachable("it did not answer in time"), "in time"),
    ("a proxy's page", Reply(200, {"content-type": "text/html"}, b"<html>Welcome"), "no answer of a decision API"),
    ("another shape", json_reply({"verdict": "allow"}), "no answer of a decision API"),
    ("an unknown verdict", json_reply(decision("maybe")), "no answer of a decision API"),
    ("reasons of another shape", json_reply(decision(reasons=["x"])), "no answer of a decision API"),
    ("an array", json_reply([decision()]), "no answer of a decision API"),
    ("not UTF-8", Reply(200, {}, b"\xff\xfe"), "no answer of a decision API"),
    ("half an answer", Reply(200, {}, json.dumps(decision()).encode()[:-9]), "no answer of a decision API"),
    ("nested deeply", Reply(200, {}, b"[" * 100_000), "no answer of a decision API"),
    ("a redirect", Reply(302, {"location": "https://elsewhere"}, b""), "302"),
    ("a failure", problem(503, "The table did not answer."), "The table did not answer."),
    ("throttled", json_reply({"Reason": "x"}, 429), "429"),
    ("not let in", json_reply({"Message": "Forbidden"}, 403), "lambda:InvokeFunctionUrl"),
    ("somebody's 404", Reply(404, {"content-type": "text/plain"}, b"no"), "404"),
]


@pytest.mark.parametrize(("first", "why"), [case[1:] for case in GARBAGE], ids=[case[0] for case in GARBAGE])
def test_what_is_no_answer_is_passed_over_and_told_if_there_is_no_other(first: Any, why: str) -> None:
    wire = Wire([first, json_reply(decision("warn"))])
    assert api_over(wire, FIRST, SECOND).decide({})["verdict"] == "warn"
    assert wire.urls() == [f"{FIRST}/v1/decisions", f"{SECOND}/v1/decisions"]
    with pytest.raises(NoAnswer, match="No decision API answered") as caught:
        api_over(Wire([first]), FIRST, SECOND).decide({})
    assert [attempt.url for attempt in caught.value.attempts] == [FIRST, SECOND]
    assert why in caught.value.attempts[0].why
    assert caught.value.exit_code == 3


def test_the_first_that_answers_is_taken_refusals_included() -> None:
    wire = Wire([problem(403, "Add this entry.")])
    with pytest.raises(Refused) as caught:
        api_over(wire, FIRST, SECOND).decide({})
    assert len(wire.sent) == 1
    assert (caught.value.status, caught.value.detail, caught.value.exit_code) == (403, "Add this entry.", 2)
    assert caught.value.problem["mode"] == "enforce"


def test_a_change_goes_to_every_url_and_says_which_took_it() -> None:
    wire = Wire([problem(409, "Another version."), Unreachable("gone"), json_reply({"policy_version": 8})])
    taken = api_over(wire, FIRST, SECOND, FIRST).publish_policy({"version": 1}, note="why", expected_version=7)
    assert [(one.url, type(one.error)) for one in taken] == [(FIRST, Refused), (SECOND, NoAnswer), (FIRST, type(None))]
    assert taken[2].answer == {"policy_version": 8}
    sent = wire.body(2)
    assert sent == {"policy": {"version": 1}, "note": "why", "expected_version": 7}


def test_ids_and_parameters_are_quoted() -> None:
    wire = Wire([json_reply(decision()), json_reply({"events": []})])
    api = api_over(wire)
    api.decision("d-1/../x?y")
    api.events(account="111122223333", region="a&b")
    assert [url.removeprefix(FIRST) for url in wire.urls()] == [
        "/v1/decisions/d-1%2F..%2Fx%3Fy",
        "/v1/events?account=111122223333&region=a%26b",
    ]


def test_credentials_that_cannot_be_had_now_are_told_as_such() -> None:
    class Expired:
        def get_frozen_credentials(self) -> Any:
            raise CredentialRetrievalError(provider="sso", error_msg="the session has expired")

    wire = Wire([json_reply(decision())])
    with pytest.raises(NoCredentials, match="the session has expired"):
        DecisionApi([FIRST], Expired(), transport=wire).decide({})
    assert wire.sent == []


EXPLAINED = {"decision": decision(), "explanation": {}}


def test_who_does_not_know_a_decision_does_not_end_the_search() -> None:
    wire = Wire([problem(404, "unknown"), Unreachable("gone"), json_reply(EXPLAINED)])
    assert api_over(wire, FIRST, SECOND, FIRST).explanation("d-1") == EXPLAINED
    wire = Wire([problem(404, "unknown"), json_reply(decision())])
    assert api_over(wire, FIRST, SECOND).decision("d-1")["decision_id"] == "d-1"


def test_a_decision_is_unknown_only_where_all_say_so() -> None:
    with pytest.raises(Refused, match="404"):
        api_over(Wire([problem(404, "unknown")]), FIRST, SECOND).explanation("d-1")
    with pytest.raises(Refused, match=r"kept otherwise\. unknown$"):
        api_over(Wire([problem(404, "kept otherwise."), problem(404, "unknown")]), FIRST, SECOND).explanation("d-1")
    with pytest.raises(NoAnswer) as caught:
        api_over(Wire([Unreachable("gone"), problem(404, "unknown")]), FIRST, SECOND).explanation("d-1")
    assert [attempt.url for attempt in caught.value.attempts] == [FIRST]
    with pytest.raises(Refused, match="403"):
        api_over(Wire([problem(403, "not yours"), json_reply(EXPLAINED)]), FIRST, SECOND).explanation("d-1")


def test_a_change_is_signed_for_all_before_it_is_sent_to_any() -> None:
    class EndsAfterOne:
        def __init__(self) -> None:
            self.given = 0

        def get_frozen_credentials(self) -> Any:
            self.given += 1
            if self.given > 1:
                raise CredentialRetrievalError(provider="sso", error_msg="the session has expired")
            return Credentials("a", "b").get_frozen_credentials()

    wire = Wire([json_reply({})])
    with pytest.raises(NoCredentials):
        DecisionApi([FIRST, SECOND], EndsAfterOne(), transport=wire).revoke_override("o-1")
    assert wire.sent == []


BY_HAND = {
    "id": "drill-1",
    "kind": "drill",
    "public": False,
    "accounts": ["111122223333"],
    "ous": [],
    "regions": [],
    "services": ["RDS"],
    "reason": "game day",
    "who": "arn:aws:iam::999988887777:user/me",
    "created_at": "2026-03-02T12:00:00Z",
    "ends_at": "2026-03-02T13:00:00Z",
}
OVERRIDE = {
    "override_id": "o-1",
    "accounts": [],
    "pipelines": ["orders"],
    "events": ["all"],
    "reason": "why",
    "account": "999988887777",
    "who": "arn:aws:iam::999988887777:user/me",
    "created_at": "2026-03-02T12:00:00Z",
    "expires_at": "2026-03-02T13:00:00Z",
}
ENTRY = {"decision_id": "d-1", "verdict": "allow", "would_be": "block", "ous": ["Prod"]}
CHANGE = {
    "decision_id": "d-1",
    "at": "2026-03-02T12:00:00Z",
    "account": "111122223333",
    "before": {"verdict": "allow", "would_be": "allow"},
    "after": {"verdict": "block", "would_be": "block"},
    "because": "rule x",
}
NOW = "2026-03-02T12:00:00Z"
QUESTIONS: dict[str, tuple[Callable[[DecisionApi], Any], dict[str, Any], str]] = {
    "overrides": (
        lambda api: api.overrides(every=True),
        {"overrides": [OVERRIDE], "evaluated_at": NOW},
        "GET /v1/overrides?all=true&limit=1000",
    ),
    "drills": (lambda api: api.drills(), {"drills": [BY_HAND]}, "GET /v1/drills?limit=1000"),
    "declared": (
        lambda api: api.declared_events(every=True),
        {"declared_events": [BY_HAND]},
        "GET /v1/declared-events?all=true&limit=1000",
    ),
    "decisions": (
        lambda api: api.decisions(since=NOW, after="a&b"),
        {"decisions": [ENTRY], "next": None},
        "GET /v1/decisions?from=2026-03-02T12%3A00%3A00Z&limit=500&next=a%26b",
    ),
    "explanation": (lambda api: api.explanation("d/1"), EXPLAINED, "GET /v1/decisions/d%2F1/explanation"),
    "comparison": (
        lambda api: api.compare_policy({"version": 1}, 500),
        {"compared": 5, "changed": [CHANGE], "changed_omitted": 0},
        "POST /v1/policies/comparison",
    ),
    "status": (lambda api: api.status(), {"policy_version": 1, "evaluated_at": NOW}, "GET /v1/status"),
}
CHANGES: dict[str, tuple[Callable[[DecisionApi], Any], dict[str, Any], str]] = {
    "override": (lambda api: api.create_override({"id": "o-1"}), OVERRIDE, "POST /v1/overrides"),
    "revocation": (lambda api: api.revoke_override("o-1"), OVERRIDE, "DELETE /v1/overrides/o-1"),
    "drill": (lambda api: api.start_drill({"id": "drill-1"}), BY_HAND, "POST /v1/drills"),
    "stop": (lambda api: api.stop_drill("drill-1"), BY_HAND, "DELETE /v1/drills/drill-1"),
    "declaration": (lambda api: api.declare_event({"id": "x"}), BY_HAND, "POST /v1/declared-events"),
    "closing": (lambda api: api.close_event("a/b"), BY_HAND, "DELETE /v1/declared-events/a%2Fb"),
}


@pytest.mark.parametrize(("ask", "answer", "asked"), QUESTIONS.values(), ids=QUESTIONS)
def test_what_is_asked_and_what_is_an_answer_to_it(
    ask: Callable[[DecisionApi], Any], answer: dict[str, Any], asked: str
) -> None:
    wire = Wire([json_reply(answer | {"later": "more"})])
    assert ask(api_over(wire)) == answer | {"later": "more"}
    assert f"{wire.sent[0].method} {wire.sent[0].url}" == asked.replace(" ", f" {FIRST}")
    for broken in broken_forms(answer):
        with pytest.raises(NoAnswer):
            ask(api_over(Wire([json_reply(broken)])))


@pytest.mark.parametrize(("send", "answer", "asked"), CHANGES.values(), ids=CHANGES)
def test_what_changes_and_what_is_an_answer_to_it(
    send: Callable[[DecisionApi], Any], answer: dict[str, Any], asked: str
) -> None:
    wire = Wire([json_reply(answer)])
    assert [one.answer for one in send(api_over(wire, FIRST, SECOND))] == [answer, answer]
    assert f"{wire.sent[1].method} {wire.sent[1].url}" == asked.replace(" ", f" {SECOND}")
    for broken in broken_forms(answer):
        (taken,) = send(api_over(Wire([json_reply(broken)])))
        assert isinstance(taken.error, NoAnswer)


def broken_forms(answer: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each field, and each field of what is listed, of another type."""
    for field, value in answer.items():
        yield {**answer, field: 5.5}
        if isinstance(value, list) and value and isinstance(value[0], dict):
            yield {**answer, field: ["x"]}
            for inner in broken_forms(value[0]):
                yield {**answer, field: [inner]}
