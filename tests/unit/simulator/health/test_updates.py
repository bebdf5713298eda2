"""What the world makes AWS Health show: new events, updates, and updates that make no sense (S1, S2)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from org_gate.simulator.health.events import (
    ENTITY_FIELDS,
    LIST_FIELDS,
    TEXT_FIELDS,
    TIME_FIELDS,
    HealthUpdate,
    HealthUpdateError,
)
from org_gate.simulator.shapes import service_model
from tests.unit.simulator.health.world import ORDERS, START, WEB, World, arn, issue


def _details(world: World, event_arn: str, account: str | None = None) -> list[dict[str, Any]]:
    wanted = {"eventArn": event_arn, **({"awsAccountId": account} if account else {})}
    answer = world.central("DescribeEventDetailsForOrganization", organizationEventDetailFilters=[wanted])
    assert answer["failedSet"] == []
    found: list[dict[str, Any]] = answer["successfulSet"]
    return found


def test_the_fields_are_those_of_aws_health() -> None:
    model: Any = service_model("health")
    assert {*TEXT_FIELDS, *TIME_FIELDS, *LIST_FIELDS} == set(model.shape_for("Event").members)
    assert set(ENTITY_FIELDS) - {"accountId"} < set(model.shape_for("AffectedEntity").members)


def test_an_update_replaces_the_fields_it_names_and_lists_whole() -> None:
    world = World()
    event_arn = world.specific("one", [ORDERS, WEB], availabilityZone="use1-az4", personas=["OPERATIONS"])
    world.pass_time(minutes=5)
    world.health.show(HealthUpdate({"arn": event_arn, "statusCode": "closed", "endTime": START}, "Over."))
    [detail] = _details(world, event_arn, ORDERS)
    assert detail["event"] == {
        "arn": event_arn,
        **issue("us-east-1"),
        "eventScopeCode": "ACCOUNT_SPECIFIC",
        "availabilityZone": "use1-az4",
        "personas": ["OPERATIONS"],
        "statusCode": "closed",
        "endTime": START,
        "lastUpdatedTime": world.clock.now(),
    }
    assert detail["eventDescription"] == {"latestDescription": "Over."}

    world.health.show(HealthUpdate({"arn": event_arn}, affected_accounts=[WEB]))
    accounts = world.central("DescribeAffectedAccountsForOrganization", eventArn=event_arn)
    assert accounts["affectedAccounts"] == [WEB]
    aggregates = world.central("DescribeEntityAggregatesForOrganization", eventArns=[event_arn])
    assert aggregates["organizationEntityAggregates"][0]["count"] == 1


def test_an_update_may_take_a_field_away_and_give_its_own_last_update() -> None:
    world = World()
    event_arn = world.public("one", endTime=START)
    moment = datetime(2026, 3, 2, 11, 0, tzinfo=UTC)
    world.health.show(HealthUpdate({"arn": event_arn, "endTime": None, "lastUpdatedTime": moment}))
    [detail] = _details(world, event_arn)
    assert "endTime" not in detail["event"]
    assert detail["event"]["lastUpdatedTime"] == moment


@pytest.mark.aws_unverified("details of an ARN that is an event in several Regions are those of all of them")
def test_one_arn_in_two_regions_is_two_events() -> None:
    world = World()
    event_arn = world.public("one")
    world.public("one", arn=event_arn, region="eu-west-1")
    world.health.show(HealthUpdate({"arn": event_arn, "region": "eu-west-1", "statusCode": "closed"}))
    listed = world.central("DescribeEventsForOrganization")["events"]
    assert {event["region"]: event["statusCode"] for event in listed} == {"us-east-1": "open", "eu-west-1": "closed"}
    assert {detail["event"]["region"] for detail in _details(world, event_arn)} == {"us-east-1", "eu-west-1"}
    with pytest.raises(HealthUpdateError, match=r"several Regions \(eu-west-1, us-east-1\)") as error:
        world.health.show(HealthUpdate({"arn": event_arn, "statusCode": "closed"}))
    assert error.value.field == "event.region"


def test_any_shape_of_arn_and_values_nobody_has_heard_of_are_shown() -> None:
    world = World()
    event_arn = "arn:aws:health:us-east-1::event/one-segment"
    world.public("x", arn=event_arn, statusCode="simmering", eventTypeCategory="mood", eventScopeCode="GALACTIC")
    [detail] = _details(world, event_arn)
    assert (detail["event"]["statusCode"], detail["event"]["eventScopeCode"]) == ("simmering", "GALACTIC")


@pytest.mark.parametrize(
    ("field", "update"),
    [
        ("event.severity", HealthUpdate({"arn": arn("known"), "severity": "high"})),
        ("event.statusCode", HealthUpdate({"arn": arn("known"), "statusCode": 3})),
        ("event.endTime", HealthUpdate({"arn": arn("known"), "endTime": datetime(2026, 3, 2)})),  # noqa: DTZ001  is the point
        ("event.personas", HealthUpdate({"arn": arn("known"), "personas": "OPERATIONS"})),
        ("event.arn", HealthUpdate({"statusCode": "closed"})),
        ("event.region", HealthUpdate({"arn": arn("new"), "statusCode": "closed"})),
        ("event.service", HealthUpdate({"arn": arn("known"), "region": "eu-west-1"})),
        ("event.service", HealthUpdate({"arn": arn("known"), "service": None})),
        ("affectedAccounts[1]", HealthUpdate({"arn": arn("known")}, affected_accounts=[ORDERS, "42"])),
        (
            "entities[0].accountId",
            HealthUpdate({"arn": arn("known")}, entities=[{"accountId": WEB, "entityValue": "i-1"}]),
        ),
        ("entities[0].entityValue", HealthUpdate({"arn": arn("known")}, entities=[{"accountId": ORDERS}])),
        (
            "entities[0].colour",
            HealthUpdate({"arn": arn("known")}, entities=[{"accountId": ORDERS, "entityValue": "i-1", "colour": "r"}]),
        ),
    ],
)
def test_what_makes_no_sense_is_refused_by_field_and_changes_nothing(field: str, update: HealthUpdate) -> None:
    world = World()
    world.specific("known", [ORDERS])
    before = world.central("DescribeEventsForOrganization")
    world.pass_time(minutes=1)
    with pytest.raises(HealthUpdateError) as error:
        world.health.show(update)
    assert error.value.field == field
    assert world.central("DescribeEventsForOrganization") == before
