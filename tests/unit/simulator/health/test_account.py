"""AWS Health's operations for an account's own view."""

from datetime import timedelta

from org_gate.simulator.health.events import HealthUpdate
from tests.unit.simulator.api import user
from tests.unit.simulator.health.world import ORDERS, START, WEB, World, arn


def test_an_account_sees_public_events_and_its_own_whether_or_not_the_view_is_enabled() -> None:
    world = World(enabled=False)
    public, own = world.public("public", availabilityZone="use1-az4"), world.specific("own", [ORDERS, WEB])
    world.specific("other", [WEB])
    orders = world.as_(user(ORDERS))
    events = {event["arn"]: event for event in orders("DescribeEvents")["events"]}
    assert set(events) == {public, own}
    assert events[public]["availabilityZone"] == "use1-az4"

    answer = orders("DescribeEventDetails", eventArns=[public, arn("other")])
    assert [item["event"]["arn"] for item in answer["successfulSet"]] == [public]
    assert [item["eventArn"] for item in answer["failedSet"]] == [arn("other")]


def test_the_pattern_s_own_question_finds_an_open_issue_of_the_region() -> None:
    world = World()
    event_arn = world.public("one")
    orders = world.as_(user(ORDERS))
    wanted = {"regions": ["us-east-1"], "eventStatusCodes": ["open"], "eventTypeCategories": ["issue"]}
    assert [event["arn"] for event in orders("DescribeEvents", filter=wanted)["events"]] == [event_arn]
    world.health.show(HealthUpdate({"arn": event_arn, "statusCode": "closed"}))
    assert orders("DescribeEvents", filter=wanted)["events"] == []


def test_its_filters_are_lists_of_ranges_arns_and_zones_too() -> None:
    world = World()
    one = world.public("one", availabilityZone="us-east-1a")
    world.public("two", startTime=START + timedelta(hours=2))
    orders = world.as_(user(ORDERS))
    ranges = [{"to": START - timedelta(hours=1)}, {"from": START, "to": START + timedelta(hours=1)}]
    for wanted in ({"eventArns": [one]}, {"availabilityZones": ["us-east-1a"]}, {"startTimes": ranges}):
        assert [event["arn"] for event in orders("DescribeEvents", filter=wanted)["events"]] == [one]


def test_it_sees_its_own_entities_only() -> None:
    world = World()
    own = world.specific("own", [ORDERS, WEB])
    orders = world.as_(user(ORDERS))
    answer = orders("DescribeAffectedEntities", filter={"eventArns": [own]})
    assert [entity["entityValue"] for entity in answer["entities"]] == [f"db-{ORDERS}"]
    gone = {"eventArns": [own], "statusCodes": ["RESOLVED"]}
    assert orders("DescribeAffectedEntities", filter=gone)["entities"] == []
    [counted] = orders("DescribeEntityAggregates", eventArns=[own])["entityAggregates"]
    assert (counted["count"], counted["statuses"]) == (1, {"IMPAIRED": 1})


def test_counts_and_types() -> None:
    world = World()
    world.public("one")
    world.public("two", eventTypeCategory="accountNotification")
    world.public("three")
    orders = world.as_(user(ORDERS))
    counted = orders("DescribeEventAggregates", aggregateField="eventTypeCategory")["eventAggregates"]
    assert counted == [
        {"aggregateValue": "accountNotification", "count": 1},
        {"aggregateValue": "issue", "count": 2},
    ]
    types = orders("DescribeEventTypes", filter={"eventTypeCategories": ["issue"]})["eventTypes"]
    assert types == [{"service": "RDS", "code": "AWS_RDS_OPERATIONAL_ISSUE", "category": "issue"}]
