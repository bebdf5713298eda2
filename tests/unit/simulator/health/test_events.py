"""What is looked at for an answer: of all events only those that are asked for, and none of them is left out."""

from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from org_gate.simulator.health.account import AccountEvents
from org_gate.simulator.health.events import EventBook, Events, HealthUpdate, ShownEvent
from org_gate.simulator.health.filters import fitting, in_a_range
from tests.unit.simulator.health.world import ORDERS, START, WEB, arn, issue


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def event(name: str, minute: int, region: str = "us-east-1", **more: Any) -> ShownEvent:
    """Public, unless ``more`` says otherwise."""
    return ShownEvent({"arn": arn(name), **issue(region), "lastUpdatedTime": at(minute)}, **more)


class Seen:
    """Stands for the events, and remembers which of them were looked at."""

    def __init__(self, *events: ShownEvent) -> None:
        self.names: list[str] = []
        names = self.names

        class Watched(ShownEvent):
            def seen_by(self, account: str) -> ShownEvent | None:
                names.append(self.arn)
                return ShownEvent.seen_by(self, account)

        self.events = Events(Watched(one.fields, one.description, one.accounts) for one in events)


def test_an_arn_is_looked_up_among_no_other_events() -> None:
    seen = Seen(*(event(f"e{number}", number) for number in range(50)))
    assert [one.arn for one in AccountEvents(seen.events, ORDERS).of_arn(arn("e7"))] == [arn("e7")]
    assert seen.names == [arn("e7")]


def test_an_arn_is_its_event_in_each_region_the_newest_first_and_for_an_account_those_that_it_sees() -> None:
    here, there = event("one", 1), event("one", 2, "eu-west-1", accounts=(WEB,))
    events = Events([here, event("two", 3), there])
    assert list(events.of_arn(arn("one"))) == [there, here]
    assert AccountEvents(events, ORDERS).of_arn(arn("one")) == [here]
    assert list(events.of_arn(arn("three"))) == []


def test_what_was_given_stands_and_is_given_anew_after_an_update() -> None:
    book = EventBook()
    book.show(HealthUpdate({"arn": arn("one"), **issue("us-east-1")}), at(0))
    before = book.now()
    assert book.now() is before
    book.show(HealthUpdate({"arn": arn("one"), "statusCode": "closed"}), at(1))
    [old], [new] = before.of_arn(arn("one")), book.now().of_arn(arn("one"))
    assert (old.fields["statusCode"], new.fields["statusCode"]) == ("open", "closed")
    assert list(book.now().all()) == [new]


def test_asked_for_by_time_of_update_none_that_fits_is_left_out() -> None:
    """Two events at each minute, and all ranges there are between them, one or two at a time."""
    events = Events(event(f"{name}{minute}", minute) for minute in range(5) for name in "ab").all()
    bounds = [None, *(at(minute) for minute in range(-1, 6))]
    ranges = [_range(since, until) for since in bounds for until in bounds]
    asked: list[tuple[dict[str, Any], list[dict[str, datetime]]]] = [
        ({"lastUpdatedTime": one}, [one]) for one in ranges
    ]
    asked += [({"lastUpdatedTimes": [one, other]}, [one, other]) for one, other in combinations(ranges, 2)]
    for wanted, given in asked:
        assert fitting(events, wanted) == [one for one in events if in_a_range(one.updated, given)], wanted


def _range(since: datetime | None, until: datetime | None) -> dict[str, datetime]:
    """As a request has it: without what is not given, and its times without an offset."""
    told = {"from": since, "to": until}
    return {name: moment.replace(tzinfo=None) for name, moment in told.items() if moment is not None}
