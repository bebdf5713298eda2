import json
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
