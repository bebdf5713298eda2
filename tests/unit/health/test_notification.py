"""Every spelling that AWS Health's notifications have had, and what is beyond understanding."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from org_gate.health.notification import Unreadable, parse_notification
from org_gate.health.reading import Entity, Reading, lenient_time
from org_gate.model.times import format_time

SAMPLES = Path(__file__).parents[4] / "shared" / "data" / "events"
STEADY = settings(deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
ARN = "arn:aws:health:us-east-1::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/AWS_RDS_OPERATIONAL_ISSUE_1"


def envelope(**detail: Any) -> dict[str, Any]:
    return {
        "version": "0",
        "id": "0",
        "detail-type": "AWS Health Event",
        "source": "aws.health",
        "account": "999988887777",
        "time": "2026-03-02T12:05:30Z",
        "region": "us-west-2",
        "resources": [],
        "detail": {"eventArn": ARN, **detail},
    }


def parsed(**detail: Any) -> Reading:
    found = parse_notification(envelope(**detail))
    assert isinstance(found, Reading)
    return found


def test_a_present_day_notification_is_read_whole() -> None:
    found = parsed(
        service="rds",
        eventScopeCode="ACCOUNT_SPECIFIC",
        communicationId="abc-2",
        startTime="Mon, 2 Mar 2026 11:58:00 GMT",
        lastUpdatedTime="Mon, 02 Mar 2026 12:04:00 GMT",
        eventTypeCode="AWS_RDS_OPERATIONAL_ISSUE",
        eventTypeCategory="issue",
        statusCode="open",
        eventRegion="us-east-1",
        eventDescription=[{"language": "en_US", "latestDescription": "Databases fail over."}],
        affectedEntities=[{"entityValue": "db-1", "status": "IMPAIRED", "lastUpdatedTime": "…"}],
        affectedAccount="111122223333",
        page="2",
        totalPages="3",
        backupEvent="true",
        actionability="INFORMATIONAL",
        personas=["OPERATIONAL", "SECURITY"],
    )
    assert (found.key.arn, found.key.region) == (ARN, "us-east-1")
    assert format_time(found.last_updated) == "2026-03-02T12:04:00Z"
    assert found.values == {
        "service": "RDS",
        "scope": "ACCOUNT_SPECIFIC",
        "start": "2026-03-02T11:58:00Z",
        "end": None,
        "type_code": "AWS_RDS_OPERATIONAL_ISSUE",
        "category": "issue",
        "status": "open",
        "actionability": "INFORMATIONAL",
        "personas": ("OPERATIONS", "SECURITY"),
        "text_zones": (),
    }
    assert found.description == "Databases fail over."
    assert found.accounts == {"111122223333"}
    assert found.entities == (Entity("111122223333", "db-1", "IMPAIRED"),)


def test_what_an_older_notification_lacks_is_not_carried() -> None:
    found = parsed(service="EC2", startTime="Sat, 28 May 2022 01:42:42 GMT")
    assert {"scope", "status", "personas", "actionability"}.isdisjoint(found.values)
    assert found.accounts == frozenset()


def test_the_account_that_was_told_of_a_public_event_is_not_the_one_affected() -> None:
    assert parsed(eventScopeCode="PUBLIC", affectedAccount="111122223333").accounts == frozenset()
    assert parsed(affectedAccount="111122223333").accounts == {"111122223333"}


@pytest.mark.contract("D5")
def test_the_receivers_own_account_hides_an_event_of_unknown_scope_from_nobody() -> None:
    receiver = "999988887777"
    for scope in ({}, {"eventScopeCode": "NONE"}, {"eventScopeCode": "GALACTIC"}):
        assert parsed(affectedAccount=receiver, **scope).accounts == frozenset()
    assert parsed(affectedAccount=receiver, eventScopeCode="ACCOUNT_SPECIFIC").accounts == {receiver}
    assert parsed(affectedAccount=receiver, affectedEntities=[{"entityValue": "db-1"}]).accounts == {receiver}


@pytest.mark.parametrize(
    ("spelling", "expected"),
    [
        ({"lastupdatedTime": "Mon, 2 Mar 2026 12:01:00 GMT"}, "2026-03-02T12:01:00Z"),
        ({"lastUpdatedTime": "2026-03-02T12:01:00Z"}, "2026-03-02T12:01:00Z"),
        ({"lastUpdatedTime": "2026-03-02 14:01:00.9+02:00"}, "2026-03-02T12:01:00Z"),
        ({"lastUpdatedTime": 1772452860.7}, "2026-03-02T12:01:00Z"),
        ({"lastUpdatedTime": "1772452860"}, "2026-03-02T12:01:00Z"),
        ({"lastUpdatedTime": "Fri, 2 Mar 2026 12:01:00 GMT"}, "2026-03-02T12:01:00Z"),
        ({"lastUpdatedTime": "soon"}, "2026-03-02T12:05:30Z"),
        ({}, "2026-03-02T12:05:30Z"),
    ],
)
def test_the_time_of_an_update(spelling: dict[str, Any], expected: str) -> None:
    assert format_time(parsed(**spelling).last_updated) == expected


def test_receipt_stands_in_where_nothing_else_has_a_time() -> None:
    received = datetime(2026, 3, 2, 12, 9, tzinfo=UTC)
    found = parse_notification({"detail": {"eventArn": ARN}}, received)
    assert isinstance(found, Reading)
    assert found.last_updated == received


@pytest.mark.parametrize(
    ("detail", "region"),
    [
        ({"eventRegion": "af-south-1"}, "af-south-1"),
        ({}, "us-east-1"),
        ({"eventArn": "arn:aws:health:global::event/AWS_IAM_OPERATIONAL_ISSUE_1"}, "global"),
        ({"eventArn": "arn:aws:health:::event/AWS_IAM_OPERATIONAL_ISSUE_1"}, "us-west-2"),
    ],
)
def test_the_events_region_counts_before_the_envelopes(detail: dict[str, Any], region: str) -> None:
    assert parsed(**detail).key.region == region


def test_values_are_spelled_as_aws_health_spells_them_and_unknown_ones_kept() -> None:
    found = parsed(eventTypeCategory="accountnotification", status="OPEN", eventScopeCode="Some_Where")
    assert (found.values["category"], found.values["status"], found.values["scope"]) == (
        "accountNotification",
        "open",
        "Some_Where",
    )


def test_a_detail_as_put_events_takes_it() -> None:
    sent = {"Source": "aws.health", "Time": "2026-03-02T12:05:30Z", "Detail": json.dumps({"eventArn": ARN})}
    assert isinstance(parse_notification(sent), Reading)


@pytest.mark.parametrize(
    ("sent", "reason"),
    [
        (None, "not a JSON object"),
        ([], "not a JSON object"),
        ({"time": "2026-03-02T12:05:30Z"}, "detail"),
        ({"detail": "{"}, "detail"),
        ({"detail": {"service": "EC2"}}, "eventArn"),
        ({"detail": {"eventArn": "arn:aws:s3:::bucket"}}, "eventArn"),
        ({"detail": {"eventArn": 7}}, "eventArn"),
        ({"detail": {"eventArn": ARN}}, "time"),
        ({"time": "2026-03-02T12:05:30Z", "detail": {"eventArn": "arn:aws:health:::event/A"}}, "Region"),
    ],
)
def test_what_names_no_event_is_unreadable_with_the_reason(sent: Any, reason: str) -> None:
    found = parse_notification(sent)
    assert isinstance(found, Unreadable)
    assert reason in found.reason


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
_NAMES = st.sampled_from(
    [
        "service", "eventScopeCode", "startTime", "endTime", "lastUpdatedTime", "eventTypeCode", "eventTypeCategory",
        "statusCode", "eventRegion", "eventDescription", "affectedEntities", "affectedAccount", "personas",
    ]
)  # fmt: skip


@STEADY
@given(detail=st.dictionaries(_NAMES, _JSON, max_size=8))
def test_nothing_that_comes_with_an_arn_is_raised_or_lost(detail: dict[str, Any]) -> None:
    assert isinstance(parse_notification(envelope(**detail)), Reading)


@pytest.mark.parametrize("value", [True, None, [], {}, "", "tomorrow", 1e300, "9" * 30, float("inf")])
def test_no_time_is_read_into_what_is_none(value: Any) -> None:
    assert lenient_time(value) is None


def _samples() -> list[tuple[str, Any]]:
    found = []
    for file in sorted(SAMPLES.glob("*.json")) if SAMPLES.is_dir() else ():
        content = json.loads(file.read_text())
        entries = content if isinstance(content, list) else [content]
        found += [
            (file.name, entry) for entry in entries if isinstance(entry, dict) and {"detail", "Detail"} & set(entry)
        ]
    return found


@pytest.mark.skipif(not SAMPLES.is_dir(), reason="the recorded notifications (data/events) are not on this machine")
def test_every_recorded_notification_is_read() -> None:
    samples = _samples()
    assert samples
    received = datetime(2026, 3, 2, tzinfo=UTC)
    for name, sample in samples:
        found = parse_notification(sample, received)
        assert isinstance(found, Reading), (name, found)
        assert found.values["type_code"], name
        assert found.description, name
        if "ug_public" in name:
            assert (found.values["status"], found.values["end"]) == ("open", "2023-01-27T09:01:22Z")
            assert found.accounts == frozenset()
        if "ug_backup" in name:
            assert found.key.region == "us-east-1"
