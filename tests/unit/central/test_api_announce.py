"""What people hear of changes made by hand, and what becomes of a topic that fails."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectTimeoutError
from botocore.stub import ANY, Stubber

from org_gate.central.announce import (
    TopicAnnouncer,
    override_created,
    override_revoked,
    policy_published,
    synthetic_ended,
    synthetic_started,
)
from org_gate.central.api import ANNOUNCING, CONNECT_SECONDS, READ_SECONDS
from org_gate.central.news_forms import Notice, publication
from org_gate.model.override import Override
from org_gate.model.synthetic import SyntheticEvent
from tests.unit.central.support import CENTRAL, ME, NOW, RULES, Api, FakeStore, Topic
from tests.unit.central.test_api import listening

TOPIC = f"arn:aws:sns:eu-west-1:{CENTRAL}:org-gate-notifications"
OVERRIDE = Override(
    id="o-" + "0" * 32,
    accounts=(ME,),
    events=("all",),
    reason="the fix itself: größer",
    ticket="OPS-1",
    account=ME,
    who=f"arn:aws:sts::{ME}:assumed-role/on-call/ada",
    created_at=NOW,
    expires_at=NOW + timedelta(minutes=30),
)
DRILL = SyntheticEvent(
    id="drill-" + "0" * 32,
    kind="drill",
    public=False,
    accounts=tuple(f"{number:012d}" for number in range(5000)),
    ous=("Workloads/**",),
    reason="the Friday drill",
    who="ada",
    created_at=NOW,
    ends_at=NOW + timedelta(hours=1),
)
DECLARED = replace(DRILL, kind="declared", public=True, accounts=(), ous=(), services=("RDS",), regions=("us-east-1",))

NOTICES = {
    "override-created": override_created(OVERRIDE),
    "override-revoked": override_revoked(replace(OVERRIDE, revoked_at=NOW, revoked_by="bob"), CENTRAL),
    "drill-started": synthetic_started(DRILL, CENTRAL),
    "drill-stopped": synthetic_ended(replace(DRILL, stopped_at=NOW, stopped_by="bob"), CENTRAL),
    "event-declared": synthetic_started(DECLARED, CENTRAL),
    "event-closed": synthetic_ended(replace(DECLARED, stopped_at=NOW, stopped_by="bob"), CENTRAL),
    "policy-published": policy_published(7, account=CENTRAL, who="ada", note=""),
}


@pytest.mark.parametrize("kind", NOTICES)
def test_each_notice_is_one_plain_message_that_sns_takes(kind: str) -> None:
    notice = NOTICES[kind]
    assert notice.kind == kind
    told = publication(notice)
    subject, forms = told["Subject"], json.loads(told["Message"])
    assert subject.isascii()
    assert subject.isprintable()
    assert 0 < len(subject) < 100
    assert len(forms["default"]) < 2000
    is_drill = kind.startswith("drill")
    texts = [subject, forms["email"], *json.loads(forms["https"])["content"].values()]
    marked = [text.startswith("DRILL") for text in texts if isinstance(text, str)]
    assert marked == [is_drill, is_drill, False, is_drill, is_drill]


def test_a_notice_says_who_what_why_and_how_long() -> None:
    text = "\n".join(NOTICES["override-created"].lines)
    for told in (OVERRIDE.reason, OVERRIDE.who, "OPS-1", ME, "2026-03-02T12:30:00Z", OVERRIDE.id):
        assert told in text
    assert "and 4990 more" in "\n".join(NOTICES["drill-started"].lines)
    declared = "\n".join(NOTICES["event-declared"].lines)
    assert "Affected accounts: all" in declared
    assert "Services: RDS" in declared
    assert {notice.severity for notice in NOTICES.values()} == {"info", "warning"}


def client() -> Any:
    return boto3.client(
        "sns",
        region_name="eu-west-1",
        config=ANNOUNCING,
        aws_access_key_id="AKIA0000000000000000",
        aws_secret_access_key="-",  # noqa: S106  nothing is signed for anybody
    )


def test_a_notice_is_published_with_its_attributes() -> None:
    sns = client()
    notice = NOTICES["override-created"]
    attributes = {
        "kind": {"DataType": "String", "StringValue": "override-created"},
        "severity": {"DataType": "String", "StringValue": "warning"},
        "drill": {"DataType": "String", "StringValue": "false"},
        "account": {"DataType": "String.Array", "StringValue": f'["{ME}"]'},
    }
    expected = {
        "TopicArn": TOPIC,
        "Subject": notice.subject,
        "Message": ANY,
        "MessageStructure": "json",
        "MessageAttributes": attributes,
    }
    with Stubber(sns) as stub:
        stub.add_response("publish", {"MessageId": "m-1"}, expected)
        assert TopicAnnouncer(sns, TOPIC).announce(notice)
        stub.assert_no_pending_responses()


class Hanging:
    """A client that gives up."""

    def publish(self, **_: Any) -> None:
        raise ConnectTimeoutError(endpoint_url="https://sns.eu-west-1.amazonaws.com")


def test_a_topic_that_refuses_or_hangs_is_logged_and_nothing_is_raised() -> None:
    sns = client()
    with listening() as log:
        with Stubber(sns) as stub:
            stub.add_client_error("publish", "AuthorizationError", "not allowed")
            assert TopicAnnouncer(sns, TOPIC).announce(NOTICES["drill-started"]) is False
        assert TopicAnnouncer(Hanging(), TOPIC).announce(NOTICES["drill-started"]) is False
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert [(line["level"], line["message"], line["kind"]) for line in lines] == [
        ("ERROR", "not announced", "drill-started")
    ] * 2
    assert "not allowed" in lines[0]["error"]


def test_a_topic_that_hangs_leaves_time_for_the_answer() -> None:
    bounds: Any = ANNOUNCING
    assert bounds.retries["total_max_attempts"] == 1
    assert bounds.connect_timeout + bounds.read_timeout + CONNECT_SECONDS + READ_SECONDS < 10


def test_published_policies_are_announced_and_refused_ones_are_not() -> None:
    topic = Topic()
    api = Api(FakeStore(), topic)
    body = {"policy": RULES | {"mode": "warn"}, "note": "quiet week"}
    assert api.request("POST", "/v1/policies", body, caller=CENTRAL).body == {"policy_version": 2, "announced": True}
    api.request("POST", "/v1/policies", body)
    api.request("POST", "/v1/policies", body | {"expected_version": 1}, caller=CENTRAL)
    (heard,) = topic.heard
    assert (heard.kind, heard.accounts) == ("policy-published", (CENTRAL,))
    assert "quiet week" in "\n".join(heard.lines)
    assert isinstance(heard, Notice)
    api = Api(FakeStore(), Topic(down=True))
    taken = api.request("POST", "/v1/policies", body, caller=CENTRAL)
    assert (taken.status, taken.body["announced"]) == (200, False)
