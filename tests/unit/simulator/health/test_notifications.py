"""Events as EventBridge brings them."""

import re

import pytest

from org_gate.simulator.health.events import HealthUpdate, HealthUpdateError
from tests.unit.simulator.health.world import CENTRAL, ORDERS, START, WEB, World, arn


@pytest.mark.aws_unverified("affectedAccount of a public event is the account that receives it")
def test_a_public_event_is_one_notification_to_who_receives() -> None:
    world = World()
    event_arn = world.public("one", personas=["OPERATIONS"], actionability="INFORMATIONAL", endTime=START)
    [envelope] = world.health.notifications(event_arn, receiver=CENTRAL, bus_region="eu-west-1")
    detail = envelope["detail"]
    assert re.fullmatch(r"[0-9a-f]{40}-1", detail.pop("communicationId"))
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", envelope.pop("id"))
    date = "Mon, 02 Mar 2026 12:00:00 GMT"
    assert envelope == {
        "version": "0",
        "detail-type": "AWS Health Event",
        "source": "aws.health",
        "account": CENTRAL,
        "time": "2026-03-02T12:00:00Z",
        "region": "eu-west-1",
        "resources": [],
        "detail": {
            "eventArn": event_arn,
            "service": "RDS",
            "eventTypeCode": "AWS_RDS_OPERATIONAL_ISSUE",
            "eventTypeCategory": "issue",
            "eventScopeCode": "PUBLIC",
            "startTime": date,
            "endTime": date,
            "lastUpdatedTime": date,
            "statusCode": "open",
            "eventRegion": "us-east-1",
            "eventDescription": [{"language": "en_US", "latestDescription": ""}],
            "affectedEntities": [],
            "affectedAccount": CENTRAL,
            "page": "1",
            "totalPages": "1",
            "backupEvent": "false",
            "actionability": "INFORMATIONAL",
            "personas": ["OPERATIONS"],
        },
    }


def test_an_account_specific_event_is_one_for_each_account_in_as_many_pages_as_it_needs() -> None:
    world = World()
    event_arn = world.specific("one", [ORDERS, WEB])
    many = [{"accountId": WEB, "entityValue": f"i-{number:03d}", "statusCode": "PENDING"} for number in range(120)]
    world.health.show(HealthUpdate({"arn": event_arn}, entities=many))
    details = [envelope["detail"] for envelope in world.health.notifications(event_arn)]
    assert [(detail["affectedAccount"], detail["page"], detail["totalPages"]) for detail in details] == [
        (ORDERS, "1", "1"),
        (WEB, "1", "3"),
        (WEB, "2", "3"),
        (WEB, "3", "3"),
    ]
    entities = [entity["entityValue"] for detail in details for entity in detail["affectedEntities"]]
    assert entities == [entity["entityValue"] for entity in many]
    assert details[1]["affectedEntities"][0] == {"entityValue": "i-000", "status": "PENDING"}
    web = {detail["communicationId"].rpartition("-") for detail in details[1:]}
    assert len({before for before, _, _ in web}) == 1
    assert {number for _, _, number in web} == {"1", "2", "3"}


def test_ids_are_the_same_again_and_others_after_an_update() -> None:
    world = World()
    event_arn = world.public("one")
    first, again = world.health.notifications(event_arn), world.health.notifications(event_arn)
    world.health.show(HealthUpdate({"arn": event_arn, "statusCode": "closed"}))
    after = world.health.notifications(event_arn)
    assert first == again
    assert first[0]["id"] != after[0]["id"]


@pytest.mark.parametrize(
    ("event_region", "bus_region", "backup"),
    [
        ("us-east-1", "us-west-2", "true"),
        ("us-west-2", "us-east-1", "true"),
        ("us-west-2", "us-west-2", "false"),
        ("us-east-1", "eu-west-1", "false"),
    ],
)
def test_the_backup_region_s_copy_says_so(event_region: str, bus_region: str, backup: str) -> None:
    world = World()
    event_arn = world.public("one", event_region)
    [envelope] = world.health.notifications(event_arn, bus_region=bus_region)
    assert envelope["detail"]["backupEvent"] == backup


def test_an_unknown_event_and_an_arn_of_several_regions_are_refused() -> None:
    world = World()
    with pytest.raises(HealthUpdateError, match="shows no event"):
        world.health.notifications(arn("unknown"))
    event_arn = world.public("one")
    world.public("one", arn=event_arn, region="eu-west-1")
    with pytest.raises(HealthUpdateError, match="several Regions"):
        world.health.notifications(event_arn)
    assert world.health.notifications(event_arn, "eu-west-1")[0]["detail"]["eventRegion"] == "eu-west-1"
