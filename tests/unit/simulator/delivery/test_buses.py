"""EventBridge: schedules fire, events reach the targets of matching rules."""

import json
from datetime import timedelta
from typing import Any

import pytest
from moto.events.models import events_backends

from org_gate.simulator.base import SimClock
from tests.unit.simulator.delivery.world import policy_for, wired
from tests.unit.simulator.lambdas.deployed import ACCOUNT, OTHER, REGION, START

EVENTS = "events.amazonaws.com"


def envelope(**more: Any) -> dict[str, Any]:
    return {
        "version": "0", "id": "1", "detail-type": "AWS Health Event", "source": "aws.health", "account": ACCOUNT,
        "time": "2026-03-02T12:00:00Z", "region": REGION, "resources": [], "detail": {"service": "EC2"}, **more,
    }  # fmt: skip


def test_a_schedule_fires_at_the_start_and_then_each_minute(aws: SimClock) -> None:
    with wired(aws) as it:
        it.allow(EVENTS, it.rule("minutely", schedule="rate(1 minute)"))
        assert it.delivery.next_due() == START
        for _ in range(3):
            it.delivery.fire_due()
            assert it.delivery.drain()
            due = it.delivery.next_due()
            assert due == it.clock.now() + timedelta(minutes=1)
            it.clock.advance_to(due)
        times = [payload["time"] for payload in it.invoker.payloads]
        assert times == ["2026-03-02T12:00:00Z", "2026-03-02T12:01:00Z", "2026-03-02T12:02:00Z"]
        first = it.invoker.payloads[0]
        assert (first["source"], first["detail-type"]) == ("aws.events", "Scheduled Event")
        assert len({payload["id"] for payload in it.invoker.payloads}) == 3


def test_it_fires_once_at_an_instant_and_once_for_instants_passed_over(aws: SimClock) -> None:
    with wired(aws) as it:
        it.allow(EVENTS, it.rule("minutely", schedule="rate(1 minute)"))
        it.delivery.fire_due()
        it.delivery.fire_due()
        it.after(minutes=10)
        it.delivery.fire_due()
        it.delivery.drain()
        assert len(it.invoker.calls) == 2


def test_a_disabled_rule_is_never_due(aws: SimClock) -> None:
    with wired(aws) as it:
        it.rule("minutely", schedule="rate(1 minute)")
        it.events.disable_rule("minutely", "default")
        assert it.delivery.next_due() is None


def test_without_permission_the_function_is_not_called_and_that_is_told(aws: SimClock) -> None:
    with wired(aws) as it:
        it.rule("health", pattern={"source": ["aws.health"]})
        it.allow(EVENTS, f"arn:aws:events:{REGION}:{ACCOUNT}:rule/another")
        it.delivery.put_event(ACCOUNT, REGION, envelope())
        assert not it.delivery.drain()
        assert "does not let events.amazonaws.com invoke it" in it.delivery.given_up[0].why


def test_an_event_reaches_the_rules_that_match_as_it_is(aws: SimClock) -> None:
    with wired(aws) as it:
        it.allow(EVENTS, it.rule("fits", pattern={"source": ["aws.health"], "detail": {"service": ["EC2"]}}))
        it.allow(EVENTS, it.rule("misses", pattern={"source": ["aws.health"], "detail": {"service": ["RDS"]}}))
        it.allow(EVENTS, it.rule("schedule", schedule="rate(1 day)"))
        it.delivery.put_event(ACCOUNT, REGION, envelope())
        it.delivery.drain()
        assert it.invoker.payloads == [envelope()]


@pytest.mark.parametrize(
    ("target", "payload"),
    [
        ({"Input": '{"fixed": 1}'}, {"fixed": 1}),
        ({"InputPath": "$.detail.service"}, "EC2"),
        ({"InputPath": "$"}, envelope()),
    ],
)
def test_a_target_may_choose_its_input(aws: SimClock, target: dict[str, str], payload: Any) -> None:
    with wired(aws) as it:
        it.allow(EVENTS, it.rule("health", pattern={"source": ["aws.health"]}, **target))
        it.delivery.put_event(ACCOUNT, REGION, envelope())
        it.delivery.drain()
        assert it.invoker.payloads == [payload]


def test_put_events_takes_the_same_way_in_simulated_time(aws: SimClock) -> None:
    with wired(aws) as it:
        it.allow(EVENTS, it.rule("mine", pattern={"source": ["mine"]}))
        entries = [
            {"Source": "mine", "DetailType": "t", "Detail": '{"a": 1}'},
            {"Source": "aws.health", "DetailType": "t", "Detail": "{}"},
            {"Source": "mine", "DetailType": "t", "Detail": "{"},
            {"Source": "mine", "DetailType": "t"},
        ]
        answers = it.events.put_events(entries)
        it.delivery.drain()
        codes = [answer.get("ErrorCode") for answer in answers]
        assert codes == [None, "NotAuthorizedForSourceException", "MalformedDetail", "InvalidArgument"]
        sent = it.invoker.payloads[0]
        assert (sent["id"], sent["time"]) == (answers[0]["EventId"], "2026-03-02T12:00:00Z")
        assert sent["detail"] == {"a": 1}


def test_another_accounts_bus_needs_a_policy_and_keeps_the_envelope(aws: SimClock) -> None:
    with wired(aws) as it:
        it.allow(EVENTS, it.rule("home", pattern={"source": ["aws.health"]}))
        there = events_backends[OTHER]["us-east-1"]
        there.put_rule("forward", event_pattern='{"source": ["aws.health"]}')
        bus = it.events.describe_event_bus("default")
        there.put_targets("forward", "default", [{"Id": "1", "Arn": bus.arn}])
        it.delivery.put_event(OTHER, "us-east-1", envelope(account=OTHER))
        assert "does not let account" in it.delivery.given_up[0].why
        strangers = {"Type": "StringEquals", "Key": "aws:PrincipalOrgID", "Value": "o-of-others00"}
        it.events.put_permission("default", "events:PutEvents", "*", "strangers", strangers, "")
        it.delivery.put_event(OTHER, "us-east-1", envelope(account=OTHER))
        assert len(it.delivery.given_up) == 2
        it.events.put_permission("default", "events:PutEvents", OTHER, "other", {}, "")
        it.delivery.put_event(OTHER, "us-east-1", envelope(account=OTHER))
        it.delivery.drain()
        assert it.invoker.payloads == [envelope(account=OTHER)]


def test_a_queue_is_a_target_if_its_policy_says_so(aws: SimClock) -> None:
    with wired(aws) as it:
        queue = it.queue("q")
        it.rule("health", pattern={"source": ["aws.health"]}, Arn=queue.queue_arn)
        it.delivery.put_event(ACCOUNT, REGION, envelope())
        queue.policy = policy_for(EVENTS, "sqs:SendMessage")
        it.delivery.put_event(ACCOUNT, REGION, envelope())
        assert [json.loads(message.body) for message in queue.messages] == [envelope()]


def test_a_target_that_cannot_be_delivered_to_is_an_error(aws: SimClock) -> None:
    with wired(aws) as it:
        it.rule("health", pattern={"source": ["aws.health"]}, Arn=f"arn:aws:states:{REGION}:{ACCOUNT}:stateMachine:m")
        with pytest.raises(ValueError, match="cannot deliver to"):
            it.delivery.put_event(ACCOUNT, REGION, envelope())
