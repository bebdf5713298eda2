"""Whatever AWS Health is said to have sent: it becomes readings, or a reason why not; and decisions go on with it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.config import Config
from hypothesis import given
from hypothesis import strategies as st

from org_gate.central.notifications import Taken, take_notification
from org_gate.decision.engine import decide
from org_gate.health.errors import HealthError
from org_gate.health.notification import Unreadable, parse_notification
from org_gate.health.reading import Reading, lenient_time
from org_gate.health.view import OrganizationView, Wanted
from org_gate.model.decision import decision_json
from org_gate.model.request import Request, Target
from org_gate.policy.load import policy_from_data
from tests.security.fuzz import DEEP, TEXTS, VALUES, as_json, fuzzed, mangled
from tests.unit.store.tables import fake_table, store_on

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ACCOUNT = "111122223333"
ARN = "arn:aws:health:us-east-1::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/A_1"
NOTIFICATION = {
    "version": "0",
    "id": "1",
    "detail-type": "AWS Health Event",
    "source": "aws.health",
    "account": ACCOUNT,
    "time": "2026-03-02T12:00:00Z",
    "region": "us-east-1",
    "resources": [],
    "detail": {
        "eventArn": ARN,
        "service": "RDS",
        "eventTypeCode": "AWS_RDS_OPERATIONAL_ISSUE",
        "eventTypeCategory": "issue",
        "eventScopeCode": "ACCOUNT_SPECIFIC",
        "statusCode": "open",
        "startTime": "Mon, 2 Mar 2026 11:50:00 GMT",
        "endTime": "Mon, 2 Mar 2026 13:50:00 GMT",
        "lastUpdatedTime": "Mon, 2 Mar 2026 12:00:00 GMT",
        "eventRegion": "us-east-1",
        "affectedAccount": ACCOUNT,
        "personas": ["OPERATIONS"],
        "actionability": "ACTION_REQUIRED",
        "eventDescription": [{"language": "en_US", "latestDescription": "In use1-az4."}],
        "affectedEntities": [{"entityValue": "db-1", "awsAccountId": ACCOUNT, "status": "IMPAIRED"}],
        "page": "1",
        "totalPages": "1",
    },
}
EVENT = {
    "arn": ARN,
    "service": "RDS",
    "eventTypeCode": "AWS_RDS_OPERATIONAL_ISSUE",
    "eventTypeCategory": "issue",
    "eventScopeCode": "PUBLIC",
    "region": "us-east-1",
    "startTime": 1772452200,
    "endTime": 1772462200,
    "lastUpdatedTime": 1772452800,
    "statusCode": "open",
    "personas": ["OPERATIONS"],
}
DETAILED = {**EVENT, "availabilityZone": "use1-az4"}
ANSWERS: dict[str, dict[str, Any]] = {
    "DescribeEventsForOrganization": {"events": [EVENT]},
    "DescribeEventDetailsForOrganization": {
        "successfulSet": [{"event": DETAILED, "eventDescription": {"latestDescription": "use1-az4"}}],
        "failedSet": [{"eventArn": ARN, "awsAccountId": ACCOUNT, "errorName": "X", "errorMessage": "no"}],
    },
    "DescribeAffectedAccountsForOrganization": {"affectedAccounts": [ACCOUNT], "eventScopeCode": "PUBLIC"},
    "DescribeAffectedEntitiesForOrganization": {
        "entities": [{"awsAccountId": ACCOUNT, "entityValue": "db-1", "statusCode": "IMPAIRED"}],
        "failedSet": [],
    },
}
POLICY = policy_from_data(
    {
        "version": 1,
        "zones_from_text": True,
        "rules": [
            {"name": "db", "match": {"entities": ["db-*"], "open_for_at_least": "1h"}, "verdict": "warn"},
            {"name": "all", "match": {"categories": ["issue"], "statuses": ["open"]}, "verdict": "block"},
        ],
    }
)


@fuzzed(200)
@given(st.one_of(mangled(NOTIFICATION), mangled(NOTIFICATION, 8), VALUES))
def test_a_notification_is_a_reading_or_a_reason(envelope: Any) -> None:
    """Also where the detail comes as text, as PutEvents takes it."""
    for sent in (envelope, {"detail": as_json(envelope)}):
        found = parse_notification(sent, NOW)
        assert isinstance(found, Reading | Unreadable)
        if isinstance(found, Reading):
            assert all(value is None or isinstance(value, str | tuple) for value in found.values.values())
            assert found.key.region == found.key.region.lower()


@pytest.mark.parametrize("detail", DEEP, ids=["lists", "objects"])
def test_a_detail_nested_without_end_is_a_reason(detail: str) -> None:
    assert parse_notification({"detail": detail}) == Unreadable("its detail is not a JSON object")


@fuzzed(80)
@given(st.lists(mangled(NOTIFICATION, 5), min_size=1, max_size=3))
def test_hostile_notifications_never_keep_others_from_a_decision(envelopes: list[Any]) -> None:
    """Anybody who may put events on a bus may lie on it; what is kept of a lie must be readable for everybody."""
    store = store_on(fake_table())
    for envelope in envelopes:
        if isinstance(envelope, dict):  # Lambda hands on objects: a bus takes nothing else
            assert isinstance(take_notification(store, json.loads(as_json(envelope))), Taken)
    request = Request(ACCOUNT, (Target(ACCOUNT, "us-east-1", ("RDS",)),))
    knowledge = store.knowledge([ACCOUNT], store.state(), with_entities=True)
    decision = decide(request, knowledge, POLICY, policy_version=1, now=NOW)
    assert decision.verdict.value in {"allow", "warn", "block"}
    as_json(decision_json(decision, "d-1")).encode()


@fuzzed(200)
@given(st.one_of(TEXTS, VALUES))
def test_a_time_is_read_or_not(value: Any) -> None:
    found = lenient_time(value)
    assert found is None or found.utcoffset() == timedelta(0)


class Wire:
    """A real client of AWS Health whose every answer is ``body``."""

    def __init__(self) -> None:
        self.body = b""
        self.client = boto3.client(
            "health",
            region_name="us-east-1",
            aws_access_key_id="AKIA0000000000000000",
            aws_secret_access_key="-",  # noqa: S106  nobody checks it
            config=Config(retries={"total_max_attempts": 1}),
        )
        self.client.meta.events.register("before-send.health.*", self._answer)

    def _answer(self, request: Any, **_: Any) -> AWSResponse:
        body = self.body

        class Raw:
            def stream(self) -> list[bytes]:
                return [body]

        headers = HTTPHeaders.from_dict({"content-type": "application/x-amz-json-1.1"})
        return AWSResponse(request.url, 200, headers, Raw())


@pytest.fixture(scope="module")
def wire() -> Wire:
    return Wire()


@pytest.mark.parametrize("body", DEEP, ids=["lists", "objects"])
def test_an_answer_nested_without_end_is_refused(body: str, wire: Wire) -> None:
    wire.body = body.encode()
    with pytest.raises(HealthError, match="has not the shape of an answer"):
        OrganizationView(lambda _region: wire.client, ["us-east-1"]).accounts(ARN)


@pytest.mark.parametrize("operation", ANSWERS)
def test_an_answer_of_the_api_is_read_or_refused(operation: str, wire: Wire) -> None:
    @fuzzed(60)
    @given(st.one_of(mangled(ANSWERS[operation], 4).map(as_json), VALUES.map(as_json), TEXTS))
    def play(body: str) -> None:
        wire.body = body.encode("utf-8", "surrogatepass")
        calls = iter([True] * 3)  # an answer that names a next page for ever is stopped by the time that is left
        view = OrganizationView(lambda _region: wire.client, ["us-east-1"], lambda: next(calls, False))
        try:
            found = _asked(view, operation)
        except HealthError:
            return
        for reading in found:
            assert isinstance(reading, Reading)
            told = (*reading.key, reading.description, *reading.values.values())
            assert all(isinstance(value, str | tuple | None) for value in told)

    play()


def _asked(view: OrganizationView, operation: str) -> list[Any]:
    match operation:
        case "DescribeEventsForOrganization":
            return [reading for page in view.changed(NOW, NOW) for reading in page]
        case "DescribeEventDetailsForOrganization":
            return [*view.details([Wanted(ARN, None)], NOW).readings]
        case "DescribeAffectedAccountsForOrganization":
            view.accounts(ARN)
        case _:
            view.entities(ARN, [ACCOUNT], 10)
    return []
