"""The organization view: pages, partial failures, forgotten tokens, endpoints that do not answer."""

from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import EndpointConnectionError
from botocore.stub import Stubber

from org_gate.health.errors import (
    HealthDeniedError,
    HealthError,
    HealthNoSupportPlanError,
    HealthRefusedError,
    HealthThrottledError,
    HealthUnreachableError,
)
from org_gate.health.reading import Entity
from org_gate.health.view import OrganizationView, Wanted
from tests.unit.health.fake_health import FakeHealth, client_error

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
LIST = "describe_events_for_organization"


def arn(number: int) -> str:
    return f"arn:aws:health:us-east-1::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/A_{number}"


def seen(client: Any) -> OrganizationView:
    return OrganizationView(lambda _region: client, ["us-east-1"])


@pytest.fixture
def health() -> FakeHealth:
    fake = FakeHealth(page=10)
    for number in range(25):
        fake.show(arn(number), NOON + timedelta(minutes=number), service="rds", eventScopeCode="PUBLIC")
    return fake


def test_every_page_is_read_and_filtered_by_last_update(health: FakeHealth) -> None:
    pages = list(seen(health).changed(NOON + timedelta(minutes=3), NOON))
    assert [len(page) for page in pages] == [10, 10, 2]
    assert health.asked[0] == (
        LIST,
        {"filter": {"lastUpdatedTime": {"from": NOON + timedelta(minutes=3)}}, "maxResults": 100},
    )


def test_the_full_look_asks_for_what_is_open_or_upcoming(health: FakeHealth) -> None:
    health.show(arn(0), NOON, statusCode="closed")
    assert sum(len(page) for page in seen(health).listed(NOON)) == 24


def test_the_list_leaves_the_zone_alone_and_details_tell_it(health: FakeHealth) -> None:
    health.show(arn(1), NOON, zone="use1-az4")
    view = seen(health)
    listed = [reading for page in view.listed(NOON) for reading in page if reading.key.arn == arn(1)]
    details = view.details([Wanted(arn(1), None), Wanted(arn(2), None)], NOON)
    assert "availability_zone" not in listed[0].values
    assert [found.values["availability_zone"] for found in details.readings] == ["use1-az4", None]


def test_details_go_in_tens_and_say_what_failed(health: FakeHealth) -> None:
    health.broken[arn(7)] = "InternalFailure"
    details = seen(health).details([Wanted(arn(number), None) for number in range(25)], NOON)
    assert health.calls["describe_event_details_for_organization"] == 3
    assert len(details.readings) == 24
    assert [(item.arn, item.error) for item in details.failed] == [(arn(7), "InternalFailure: as AWS says it")]


def test_only_an_account_specific_question_names_an_account(health: FakeHealth) -> None:
    seen(health).details([Wanted(arn(1), None), Wanted(arn(2), "111122223333")], NOON)
    assert health.asked[-1][1] == {
        "organizationEventDetailFilters": [
            {"eventArn": arn(1)},
            {"eventArn": arn(2), "awsAccountId": "111122223333"},
        ]
    }


def test_all_pages_of_affected_accounts_are_read() -> None:
    fake = FakeHealth(page=10)
    accounts = [f"{number:012d}" for number in range(25)]
    fake.show(arn(1), NOON, eventScopeCode="ACCOUNT_SPECIFIC", accounts=accounts)
    found = seen(fake).accounts(arn(1))
    assert (found.scope, found.accounts) == ("ACCOUNT_SPECIFIC", frozenset(accounts))
    assert seen(fake).accounts(arn(2)).scope == "NONE"


def test_a_forgotten_token_starts_over_from_page_one(health: FakeHealth) -> None:
    health.forget_tokens = 2
    arns = {reading.key.arn for page in seen(health).listed(NOON) for reading in page}
    assert len(arns) == 25


def test_it_does_not_start_over_for_ever(health: FakeHealth) -> None:
    health.forget_tokens = 99
    with pytest.raises(HealthRefusedError, match="3 times"):
        list(seen(health).listed(NOON))
    assert health.calls[LIST] == 6


@pytest.mark.parametrize(
    ("code", "status", "expected"),
    [
        ("ThrottlingException", 400, HealthThrottledError),
        ("SubscriptionRequiredException", 400, HealthNoSupportPlanError),
        ("AccessDeniedException", 400, HealthDeniedError),
        ("ValidationException", 400, HealthRefusedError),
        ("InternalFailure", 500, HealthUnreachableError),
    ],
)
def test_errors_say_who_has_to_act(health: FakeHealth, code: str, status: int, expected: type[HealthError]) -> None:
    health.fail["*"] = client_error(code, status)
    with pytest.raises(expected) as caught:
        list(seen(health).listed(NOON))
    assert (caught.value.operation, caught.value.code) == (LIST, code)


def test_where_a_region_does_not_answer_the_next_stands_in_for_the_rest(health: FakeHealth) -> None:
    dead = FakeHealth()
    dead.fail["*"] = EndpointConnectionError(endpoint_url="https://health.us-east-1.amazonaws.com")
    clients = {"us-east-1": dead, "us-east-2": health}
    view = OrganizationView(clients.__getitem__, ["us-east-1", "us-east-2"])
    assert sum(len(page) for page in view.listed(NOON)) == 25
    view.details([Wanted(arn(1), None)], NOON)
    assert dead.calls.total() == 1


def test_where_no_region_answers_it_is_unreachable(health: FakeHealth) -> None:
    health.fail["*"] = EndpointConnectionError(endpoint_url="https://health.us-east-1.amazonaws.com")
    with pytest.raises(HealthUnreachableError):
        list(OrganizationView(lambda _region: health, ["us-east-1", "us-east-2"]).listed(NOON))
    assert health.calls.total() == 2


def test_an_item_without_an_arn_is_told_and_the_others_are_read(health: FakeHealth) -> None:
    del health.shown[arn(3), "us-east-1"].event["arn"]
    view = seen(health)
    assert sum(len(page) for page in view.listed(NOON)) == 24
    assert len(view.unusable) == 1


def test_requests_and_answers_are_what_botocores_model_has() -> None:
    client = boto3.client("health", region_name="us-east-1", aws_access_key_id="-", aws_secret_access_key="-")  # noqa: S106  not signed for anybody
    entity = {"eventArn": arn(1), "entityValue": "db-1", "awsAccountId": "111122223333", "statusCode": "IMPAIRED"}
    failed = {"awsAccountId": "444455556666", "eventArn": arn(1), "errorName": "X", "errorMessage": "y"}
    event = {"arn": arn(1), "service": "RDS", "region": "us-east-1", "lastUpdatedTime": NOON, "personas": ["BILLING"]}
    with Stubber(client) as stubber:
        stubber.add_response(LIST, {"events": [event]})
        stubber.add_response("describe_event_details_for_organization", {"successfulSet": [{"event": event}]})
        stubber.add_response("describe_affected_accounts_for_organization", {"affectedAccounts": ["111122223333"]})
        operation = "describe_affected_entities_for_organization"
        stubber.add_response(operation, {"entities": [entity], "nextToken": "more", "failedSet": [failed]})
        stubber.add_response(operation, {"entities": [{"entityValue": "UNKNOWN"}], "failedSet": [failed]})
        view = seen(client)
        assert [reading.values["personas"] for page in view.changed(NOON, NOON) for reading in page] == [("BILLING",)]
        assert len(view.details([Wanted(arn(1), "111122223333")], NOON).readings) == 1
        assert view.accounts(arn(1)).accounts == {"111122223333"}
        entities = view.entities(arn(1), ["111122223333", "444455556666"], most=10)
    assert entities.entities == (Entity("111122223333", "db-1", "IMPAIRED"),)
    assert [item.account for item in entities.failed] == ["444455556666"]
