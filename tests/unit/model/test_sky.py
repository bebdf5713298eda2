from org_gate.model.event import Event
from org_gate.model.sky import NOWHERE, Places, Sky

HERE, THERE = "eu-west-1", "ap-south-1"


def event(region: str, service: str | None = "RDS", number: int = 1) -> Event:
    return Event(arn=f"arn:{service}:{number}", region=region, service=service)


EVERYWHERE = [event("global"), event(""), event(THERE, None)]
IN_PLACES = [event(HERE), event(HERE, "IAM"), event(THERE), event(THERE, "iam"), event(THERE, "IAM", 2)]
SKY = Sky([*IN_PLACES, *EVERYWHERE])


def found(places: Places | None) -> list[Event]:
    return sorted(SKY.over(places), key=lambda one: one.key)


def by_key(*events: Event) -> list[Event]:
    return sorted(events, key=lambda one: one.key)


def test_what_counts_everywhere_is_over_every_place_and_none() -> None:
    assert found(NOWHERE) == by_key(*EVERYWHERE)
    assert found(Places(frozenset({"sa-east-1"}), frozenset({"EC2"}))) == by_key(*EVERYWHERE)


def test_a_region_has_its_own_events_and_a_service_its_own_wherever_they_are() -> None:
    assert found(Places(regions=frozenset({HERE}))) == by_key(*EVERYWHERE, *IN_PLACES[:2])
    assert found(Places(services=frozenset({"IAM"}))) == by_key(*EVERYWHERE, IN_PLACES[1], *IN_PLACES[3:])


def test_an_event_of_two_places_is_found_once_and_without_places_all_are() -> None:
    both = Places(frozenset({HERE, THERE}), frozenset({"IAM"}))
    assert found(both) == found(None) == by_key(*EVERYWHERE, *IN_PLACES)
    assert found(Places(frozenset({HERE}), frozenset({"IAM"}))) == by_key(*EVERYWHERE, *IN_PLACES[:2], *IN_PLACES[3:])
