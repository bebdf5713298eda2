"""Central among strangers: its queue's messages, tokens, records that were kept, and what answers a caller of its API.

Request bodies and paths are ``test_openapi_fuzz``'s.
"""

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from org_gate.central.resuming_messages import LookMessage, ResumeMessage, UnknownMessageError, read_message
from org_gate.client.api import DecisionApi
from org_gate.client.errors import NoAnswer, Refused
from org_gate.client.transport import Reply
from org_gate.decision.engine import decide
from org_gate.model.request import Request, Target, parse_short_target
from org_gate.policy.load import policy_from_data
from tests.security.fuzz import DEEP, TEXTS, VALUES, as_json, broken_text, fuzzed, mangled, retold
from tests.unit.central.resuming import Yard, deployment
from tests.unit.central.support import ME, NOW, RULES, Api, FakeStore, issue
from tests.unit.client.support import FIRST, Wire, api_over, decision
from tests.unit.store.tables import fake_table, store_on

Data = dict[str, Any]

RESUME = {
    "resume": {
        "deployment": [ME, "us-east-1", "orders", "Deploy", "e-1"],
        "decision_id": "d-1",
        "at": "2026-03-02T12:00:00Z",
    }
}
LOOK = {"source": "aws.events", "time": "2026-03-02T12:00:00Z", "detail": {}}


def record(body: str) -> Data:
    sent = str(int(NOW.timestamp() * 1000))
    attributes = {"SentTimestamp": sent, "ApproximateFirstReceiveTimestamp": sent, "SenderId": "x"}
    return {"messageId": "m-1", "body": body, "attributes": attributes, "eventSource": "aws:sqs"}


BODIES = st.one_of(
    st.sampled_from([RESUME, LOOK, {"changed": "policy"}]).flatmap(lambda body: mangled(body, 3)).map(as_json),
    broken_text(as_json(RESUME)).map(lambda text: text if isinstance(text, str) else text.decode("latin-1")),
    VALUES.map(as_json),
    TEXTS,
)


@fuzzed(200)
@given(BODIES.flatmap(lambda body: mangled(record(body), 2)))
def test_a_message_is_a_look_a_resumption_or_refused(message: Any) -> None:
    try:
        found = read_message(message)
    except UnknownMessageError:
        return
    assert isinstance(found, LookMessage | ResumeMessage)
    assert found.sent.tzinfo is not None


@fuzzed(30)
@given(st.lists(BODIES, min_size=1, max_size=4))
def test_a_batch_names_what_failed_and_retries_nothing_that_does_not_wait(bodies: list[str]) -> None:
    """A resumption that nobody handed out is nobody's: whoever can send to the queue cannot start a deployment."""
    yard = Yard(RULES)
    yard.incident()
    yard.ask(deployment("orders"))
    records = [{**record(body), "messageId": f"m-{number}"} for number, body in enumerate(bodies)]
    failed = yard.take(*records)
    assert len(failed) <= len(bodies)
    assert yard.retried == []


@pytest.mark.parametrize("body", DEEP, ids=["lists", "objects"])
def test_a_message_nested_without_end_is_refused(body: str) -> None:
    with pytest.raises(UnknownMessageError):
        read_message(record(body))


def token(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode("utf-8", "surrogatepass")).decode()


@fuzzed(200)
@given(
    st.one_of(
        TEXTS,
        TEXTS.map(token),
        st.datetimes(timezones=st.just(UTC)).map(lambda at: token(f"{at:%Y-%m-%dT%H:%M:%SZ}#d-1")),
    )
)
def test_a_token_is_a_place_in_time_or_refused(after: str) -> None:
    """It opens nothing: whoever asks sees what is their own, whatever the token says."""
    store = store_on(fake_table())
    try:
        found, following = store.decisions(ME, None, None, None, after, 10)
    except ValueError:
        return
    assert (found, following) == ([], None)


@fuzzed(60)
@given(st.data())
def test_a_record_that_was_spoiled_is_explained_or_refused_but_breaks_nothing(data: st.DataObject) -> None:
    """What was asked and what was known of it came from callers and from AWS Health."""
    store = FakeStore(events_known=(issue(),))
    api = Api(store)
    body = {"targets": [f"{ME}/us-east-1/RDS"], "pipeline": {"name": "orders", "region": "us-east-1"}}
    decision_id = api.request("POST", "/v1/decisions", body).body["decision_id"]
    kept = store.records[decision_id]
    for part in ("request", "accounts", "events", "overrides"):
        kept[part] = data.draw(retold(kept[part]))
    assert api.request("GET", f"/v1/decisions/{decision_id}").status == 200
    assert api.request("GET", f"/v1/decisions/{decision_id}/explanation").status in {200, 404}


@fuzzed(150)
@given(st.one_of(TEXTS, broken_text(f"{ME}/us-east-1/ECS+RDS/use1-az4")))
def test_a_short_target_is_read_or_refused(text: str | bytes) -> None:
    written = text if isinstance(text, str) else text.decode("latin-1")
    try:
        target = parse_short_target(written, ME)
    except ValueError:
        return
    asked = Request(ME, (target, Target(ME, "us-east-1")))
    knowledge = FakeStore(events_known=(issue(),)).knowledge([ME], FakeStore().state())
    decide(asked, knowledge, policy_from_data(RULES), policy_version=1, now=NOW + timedelta(hours=1))


ANSWERS: dict[str, tuple[Data, Callable[[DecisionApi], Data]]] = {
    "decide": (decision(), lambda api: api.decide({})),
    "explanation": ({"decision": decision(), "explanation": {}}, lambda api: api.explanation("d-1")),
    "decisions": ({"decisions": [], "next": None}, lambda api: api.decisions(since="2026-03-02T12:00:00Z")),
    "events": ({"events": []}, lambda api: api.events()),
    "status": ({"stale": False, "policy_version": 1, "as_of": None, "mode": None}, lambda api: api.status()),
    "overrides": ({"overrides": [], "evaluated_at": "x"}, lambda api: api.overrides()),
    "policies": ({"policies": [], "problem": None}, lambda api: api.policies()),
}


@pytest.mark.parametrize("what", ANSWERS)
def test_an_answer_to_the_command_line_is_taken_refused_or_none(what: str) -> None:
    good, ask = ANSWERS[what]

    @fuzzed(60)
    @given(
        st.one_of(mangled(good, 4).map(as_json), VALUES.map(as_json), TEXTS),
        st.sampled_from([200, 200, 200, 201, 302, 400, 403, 404, 422, 429, 500, 503]),
        st.sampled_from(["application/json", "application/problem+json", "text/html"]),
    )
    def play(body: str, status: int, content_type: str) -> None:
        reply = Reply(status, {"content-type": content_type}, body.encode("utf-8", "surrogatepass"))
        api = api_over(Wire([reply]), FIRST)
        try:
            assert isinstance(ask(api), dict)
        except (Refused, NoAnswer):
            return

    play()


@fuzzed(100)
@given(mangled(json.loads(as_json({"requestContext": {"authorizer": {"iam": {"accountId": ME}}}})), 4))
def test_an_event_that_is_no_function_urls_is_answered(event: Any) -> None:
    """Whatever invokes the function: what no front door has vouched for is told nothing."""
    store = FakeStore()
    api = Api(store)
    if isinstance(event, dict):
        assert api.send(event).status in {403, 500}  # 500: what no front door ever made


@fuzzed(100)
@given(TEXTS)
def test_a_body_that_is_said_to_be_base64(text: str) -> None:
    store = FakeStore()
    event = {
        "rawPath": "/v1/decisions",
        "rawQueryString": "",
        "headers": {},
        "requestContext": {
            "authorizer": {"iam": {"accountId": ME}},
            "http": {"method": "POST", "path": "/v1/decisions"},
            "stage": "$default",
            "timeEpoch": int(datetime(2026, 3, 2, tzinfo=UTC).timestamp() * 1000),
        },
        "body": text,
        "isBase64Encoded": True,
    }
    assert Api(store).send(event).status in {400, 413, 422}
    assert store.records == {}
