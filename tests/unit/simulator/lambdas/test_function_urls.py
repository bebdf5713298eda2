"""Function URLs: the event a function gets, and what HTTP gets from its answer."""

import base64
from typing import Any

import pytest
from moto.awslambda.models import lambda_backends

from org_gate.simulator.base import Caller, SimClock
from org_gate.simulator.lambdas.function_urls import FunctionUrls, HttpAnswer
from tests.unit.simulator.lambdas.deployed import ACCOUNT, CENTRAL, REGION, Org, RecordingInvoker, deploy, make_role

CALLER = Caller(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/gate/org-gate", "ASIAEXAMPLE", "AROAEXAMPLE:org-gate")
FOREIGN = Caller("123412341234", "arn:aws:iam::123412341234:user/x", "AKIAEXAMPLE", "AIDAEXAMPLE")


class Site:
    """One function behind one URL."""

    def __init__(self, clock: SimClock, *answers: Any) -> None:
        self.invoker = RecordingInvoker(*answers)
        self.urls = FunctionUrls(clock, self.invoker, Org(), "http://127.0.0.1:7777")
        with self.urls.registered():
            self.function = deploy("api", "", role=make_role(CENTRAL), account=CENTRAL)
            backend = lambda_backends[CENTRAL][REGION]
            self.url: str = backend.create_function_url_config("api", {"AuthType": "AWS_IAM"}).url
        self.id = self.url.rstrip("/").rsplit("/", 1)[-1]

    def ask(self, body: bytes = b"", caller: Caller | None = CALLER, query: str = "", **headers: str) -> HttpAnswer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.urls.serve(REGION, self.id, "POST", "/v1/decisions", query, named, body, caller)


@pytest.fixture
def site(aws: SimClock) -> Site:
    return Site(aws)


def test_the_url_is_reachable_stable_and_what_the_api_tells(site: Site) -> None:
    assert site.url == f"http://127.0.0.1:7777/lambda-url/{REGION}/{site.id}/"
    assert lambda_backends[CENTRAL][REGION].get_function_url_config("api").to_dict()["FunctionUrl"] == site.url
    assert site.urls.lookup(REGION, site.id) == (CENTRAL, site.function.function_arn, "AWS_IAM")
    assert site.urls.function_arn(REGION, site.id) == site.function.function_arn
    assert site.urls.lookup("us-east-1", site.id) is None


def test_a_deleted_url_or_function_is_gone(site: Site) -> None:
    lambda_backends[CENTRAL][REGION].delete_function("api")
    assert site.urls.lookup(REGION, site.id) is None
    with pytest.raises(KeyError):
        site.ask()


def test_the_event_is_payload_format_2(site: Site) -> None:
    site.ask(b'{"a": 1}', query="x=1&x=2&y=%20", Content_Type="application/json", Cookie="a=1; b=2", Host="h:1")
    account, region, name, event = site.invoker.calls[0]
    assert (account, region, name) == (CENTRAL, REGION, "api")
    context = event["requestContext"]
    assert context["accountId"] == CENTRAL
    assert context["timeEpoch"] == 1772452800000
    assert context["time"] == "02/Mar/2026:12:00:00 +0000"
    assert context["http"]["method"] == "POST"
    assert context["authorizer"]["iam"] == {
        "accessKey": "ASIAEXAMPLE",
        "accountId": ACCOUNT,
        "callerId": "AROAEXAMPLE:org-gate",
        "cognitoIdentity": None,
        "principalOrgId": "o-abcdefghij",
        "userArn": f"arn:aws:sts::{ACCOUNT}:assumed-role/gate/org-gate",
        "userId": "AROAEXAMPLE:org-gate",
    }
    assert event["rawPath"] == context["http"]["path"] == "/v1/decisions"
    assert event["rawQueryString"] == "x=1&x=2&y=%20"
    assert event["queryStringParameters"] == {"x": "1,2", "y": " "}
    assert event["headers"] == {"content-type": "application/json", "host": "h:1"}
    assert event["cookies"] == ["a=1", "b=2"]
    assert (event["body"], event["isBase64Encoded"]) == ('{"a": 1}', False)


def test_a_caller_of_no_account_of_ours_has_no_organization(site: Site) -> None:
    site.ask(caller=FOREIGN)
    assert site.invoker.payloads[0]["requestContext"]["authorizer"]["iam"]["principalOrgId"] is None


def test_bytes_travel_as_base64(site: Site) -> None:
    site.ask(b"\xff\x00", Content_Type="application/octet-stream")
    event = site.invoker.payloads[0]
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\xff\x00", True)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"statusCode": 403, "headers": {"Content-Type": "application/problem+json"}, "body": "{}"},
         (403, {"Content-Type": "application/problem+json"}, b"{}")),
        ({"statusCode": 200, "body": "aGk=", "isBase64Encoded": True, "headers": {"content-type": "text/plain"}},
         (200, {"content-type": "text/plain"}, b"hi")),
        ({"bare": "ü"}, (200, {"Content-Type": "application/json"}, b'{"bare":"\\u00fc"}')),
        ("text", (200, {"Content-Type": "application/json"}, b"text")),
        (ValueError("no"), (502, {"Content-Type": "application/json"}, b'{"Message":"Internal Server Error"}')),
    ],
)  # fmt: skip
def test_what_http_gets(aws: SimClock, answer: Any, expected: HttpAnswer) -> None:
    assert Site(aws, answer).ask() == expected
