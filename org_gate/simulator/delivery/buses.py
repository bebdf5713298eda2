"""EventBridge: scheduled rules and events on a bus, carried to the targets of the rules that match.

Targets are Lambda, SQS, SNS and other buses; any other is an error, not a silence.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, Final
from uuid import NAMESPACE_URL, uuid5

from moto.awslambda.models import lambda_backends
from moto.events.models import EventBus, Rule, events_backends
from moto.events.utils import EventTemplateParser
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.utilities.arns import parse_arn

from org_gate.model.times import format_time
from org_gate.simulator.base import SimClock
from org_gate.simulator.delivery.asynchronous import GivenUp
from org_gate.simulator.delivery.schedule import first_due
from org_gate.simulator.iam.guard import Guard

EVENTS: Final = "events.amazonaws.com"
Enqueue = Callable[[str, str, str, Mapping[str, Any]], None]
Envelope = Mapping[str, Any]


class EventBuses:
    """All buses and schedules. The first firing of a rate is at the instant at which this is made."""

    def __init__(self, clock: SimClock, guard: Guard, enqueue: Enqueue, given_up: list[GivenUp]) -> None:
        self._clock = clock
        self._guard = guard
        self._enqueue = enqueue
        self._given_up = given_up
        self._start = clock.now()
        self._fired: datetime | None = None
        self._ids = count(1)

    def next_due(self) -> datetime | None:
        """When the next scheduled rule fires; at once where one is due and has not."""
        due = [self._due(rule) for rule in _scheduled_rules()]
        return min((moment for moment in due if moment is not None), default=None)

    def fire_due(self) -> None:
        """Each rule that is due fires once, however many instants were passed over."""
        now = self._clock.now()
        for rule in list(_scheduled_rules()):
            due = self._due(rule)
            if due is not None and due <= now:
                self._to_targets(rule, self._scheduled_event(rule))
        self._fired = now

    def put(self, account: str, region: str, envelope: Envelope, bus: str = "default") -> None:
        """An event as EventBridge has it, onto a bus."""
        for rule in list(events_backends[account][region].describe_event_bus(bus).rules.values()):
            if _listens(rule) and rule.event_pattern.matches_event(dict(envelope)):
                self._to_targets(rule, envelope)

    def put_entries(self, account: str, region: str, entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The PutEvents operation; one answer for each entry."""
        return [self._put_entry(account, region, entry) for entry in entries]

    def _due(self, rule: Rule) -> datetime | None:
        # the clock has whole seconds: just after the last firing is a second after it
        not_before = self._start if self._fired is None else self._fired + timedelta(seconds=1)
        return first_due(rule.scheduled_expression, self._start, not_before)

    def _scheduled_event(self, rule: Rule) -> dict[str, Any]:
        return {
            "version": "0",
            "id": self._new_id(rule.account_id, rule.region_name),
            "detail-type": "Scheduled Event",
            "source": "aws.events",
            "account": rule.account_id,
            "time": format_time(self._clock.now()),
            "region": rule.region_name,
            "resources": [rule.arn],
            "detail": {},
        }

    def _put_entry(self, account: str, region: str, entry: Mapping[str, Any]) -> dict[str, Any]:
        problem = _entry_problem(entry)
        if problem is not None:
            return {"ErrorCode": problem[0], "ErrorMessage": problem[1]}
        event_id = self._new_id(account, region)
        moment = entry.get("Time")
        time = datetime.fromtimestamp(moment, tz=UTC) if isinstance(moment, (int, float)) else None
        envelope = {
            "version": "0",
            "id": event_id,
            "detail-type": entry["DetailType"],
            "source": entry["Source"],
            "account": account,
            "time": format_time(time or self._clock.now()),
            "region": region,
            "resources": entry.get("Resources", []),
            "detail": json.loads(entry["Detail"]),
        }
        self.put(account, region, envelope, (entry.get("EventBusName") or "default").rsplit("/", 1)[-1])
        return {"EventId": event_id}

    def _to_targets(self, rule: Rule, envelope: Envelope) -> None:
        for target in rule.targets:
            arn = parse_arn(target["Arn"])
            payload = _target_input(target, envelope)
            if arn.service == "lambda":
                self._to_function(rule, target["Arn"], payload)
            elif arn.service == "sqs":
                self._to_queue(rule, target["Arn"], payload)
            elif arn.service == "sns":
                text = payload if isinstance(payload, str) else json.dumps(payload)
                sns_backends[arn.account][arn.region].publish(text, target["Arn"])
            elif arn.service == "events" and arn.resource_type == "event-bus":
                self._to_bus(rule, arn, envelope)
            else:
                msg = f"rule {rule.arn} has the target {target['Arn']}, which the simulator cannot deliver to"
                raise ValueError(msg)

    def _to_function(self, rule: Rule, function_arn: str, payload: Any) -> None:
        arn = parse_arn(function_arn)
        name = function_arn.split(":function:")[1].split(":", maxsplit=1)[0]
        if name not in {each.function_name for each in lambda_backends[arn.account][arn.region].list_functions()}:
            self._give_up(rule, function_arn, "there is no such function")
        elif not self._may(rule, "lambda:InvokeFunction", function_arn):
            self._give_up(rule, function_arn, f"its policy does not let {EVENTS} invoke it for this rule")
        else:
            self._enqueue(arn.account, arn.region, name, payload)

    def _to_queue(self, rule: Rule, queue_arn: str, payload: Any) -> None:
        _, _, _, region, account, name = queue_arn.split(":", 5)
        backend = sqs_backends[account][region]
        if name not in backend.queues:
            self._give_up(rule, queue_arn, "there is no such queue")
        elif not self._may(rule, "sqs:SendMessage", queue_arn):
            self._give_up(rule, queue_arn, f"its policy does not let {EVENTS} send messages for this rule")
        else:
            backend.send_message(name, payload if isinstance(payload, str) else json.dumps(payload))

    def _to_bus(self, rule: Rule, arn: Any, envelope: Envelope) -> None:
        bus: EventBus = events_backends[arn.account][arn.region].describe_event_bus(arn.resource_id)
        if not self._guard.allows_account(rule.account_id, "events:PutEvents", bus.arn):
            self._give_up(rule, bus.arn, f"its policy does not let account {rule.account_id} put events")
            return
        self.put(arn.account, arn.region, envelope, arn.resource_id)

    def _may(self, rule: Rule, action: str, target: str) -> bool:
        return self._guard.allows_service(EVENTS, action, target, source_arn=rule.arn, source_account=rule.account_id)

    def _give_up(self, rule: Rule, target: str, why: str) -> None:
        self._given_up.append(GivenUp(self._clock.now(), f"an event of rule {rule.arn} for {target}", why))

    def _new_id(self, account: str, region: str) -> str:
        return str(uuid5(NAMESPACE_URL, f"{account}/{region}/event#{next(self._ids)}"))


def _scheduled_rules() -> Iterator[Rule]:
    for account in sorted(events_backends):
        regions = events_backends[account]
        for region in sorted(regions):
            for rule in regions[region].describe_event_bus("default").rules.values():
                if rule.scheduled_expression and rule.state == "ENABLED":
                    yield rule


def _listens(rule: Rule) -> bool:
    return rule.state != "DISABLED" and bool(rule.event_pattern.get_pattern())


def _target_input(target: Mapping[str, Any], envelope: Envelope) -> Any:
    if "Input" in target:
        return json.loads(target["Input"])
    if "InputPath" in target:
        value: Any = envelope
        for key in target["InputPath"].removeprefix("$").strip(".").split("."):
            value = value[key] if key else value
        return value
    transformer = target.get("InputTransformer")
    if transformer is None:
        return dict(envelope)
    paths = transformer.get("InputPathsMap", {})
    return EventTemplateParser.parse(transformer["InputTemplate"], paths, dict(envelope))


def _entry_problem(entry: Mapping[str, Any]) -> tuple[str, str] | None:
    for name in ("Source", "DetailType", "Detail"):
        if not entry.get(name):
            return "InvalidArgument", f"Parameter {name} is not valid. Reason: {name} is a required argument."
    if entry["Source"].startswith("aws."):
        return "NotAuthorizedForSourceException", "Not authorized for the source."
    try:
        json.loads(entry["Detail"])
    except ValueError:
        return "MalformedDetail", "Detail is malformed."
    return None
