"""One pump for everything that AWS carries between services, driven by the loop and the simulated clock."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from datetime import datetime
from typing import Any, Final

from moto.awslambda.models import LambdaBackend
from moto.events import models as moto_events
from moto.sns import models as moto_sns
from moto.sqs import models as moto_sqs

from org_gate.simulator.base import Invoker, SimClock
from org_gate.simulator.delivery.asynchronous import AsynchronousInvocations, GivenUp
from org_gate.simulator.delivery.buses import Envelope, EventBuses
from org_gate.simulator.delivery.queues import EventSourceMappings
from org_gate.simulator.delivery.topics import Notifications
from org_gate.simulator.iam.guard import Guard
from org_gate.simulator.rebind import rebound

_RUNAWAY: Final = 100_000


class Delivery:
    """Schedules, buses, topics, queues, asynchronous invocations. ``given_up`` is what could not be delivered."""

    def __init__(self, clock: SimClock, invoker: Invoker, guard: Guard) -> None:
        self.given_up: list[GivenUp] = []
        self._clock = clock
        self._asynchronous = AsynchronousInvocations(clock, invoker, self.given_up)
        self._buses = EventBuses(clock, guard, self._asynchronous.add, self.given_up)
        self._topics = Notifications(clock, guard, self._asynchronous.add, self.given_up)
        self._mappings = EventSourceMappings(clock, invoker)

    def enqueue(self, account: str, region: str, function_name: str, payload: Mapping[str, Any]) -> None:
        """An asynchronous invocation; runs in the next ``drain``."""
        self._asynchronous.add(account, region, function_name, payload)

    def put_event(self, account: str, region: str, envelope: Envelope) -> None:
        """An event as EventBridge has it, onto the default bus of an account and Region."""
        self._buses.put(account, region, envelope)

    def next_due(self) -> datetime | None:
        """The next instant at which something happens by itself; None where nothing ever will."""
        due = (self._buses.next_due(), self._asynchronous.next_due(), self._mappings.next_due())
        moment = min((each for each in due if each is not None), default=None)
        return None if moment is None else max(moment, self._clock.now())

    def fire_due(self) -> None:
        """The scheduled rules that are due send their events; what comes of them runs in the next ``drain``."""
        self._buses.fire_due()

    def drain(self, *, queues: bool = True) -> bool:
        """Delivers until nothing is due; whether anything was. Raises RuntimeError where that has no end.

        Without ``queues`` what is in one stays there.
        """
        for delivered in range(_RUNAWAY):
            if not (self._asynchronous.run_one() or (queues and self._mappings.run_one())):
                return delivered > 0
        msg = f"{_RUNAWAY} deliveries at {self._clock.now()} and no end: something sends to itself"
        raise RuntimeError(msg)

    @contextmanager
    def wired(self) -> Iterator[None]:
        """Inside the block, moto's PutEvents, SNS and SQS come here. Their clock is the ground's business."""
        with ExitStack() as stack:
            stack.enter_context(rebound(moto_events.EventsBackend, "put_events", self._put_events()))
            stack.enter_context(rebound(moto_sns.Subscription, "publish", self._publish()))
            stack.enter_context(rebound(LambdaBackend, "create_event_source_mapping", _decoupled_mapping()))
            stack.enter_context(rebound(moto_sqs.Message, "visible", property(self._is_visible)))
            yield

    def _put_events(self) -> Callable[..., Any]:
        def put_events(backend: Any, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
            if len(events) > 10:  # noqa: PLR2004  the API's own limit
                raise moto_events.ValidationException(
                    "1 validation error detected: Value '[PutEventsRequestEntry]' at 'entries' failed to satisfy "
                    "constraint: Member must have length less than or equal to 10"
                )
            return self._buses.put_entries(backend.account_id, backend.region_name, events)

        return put_events

    def _publish(self) -> Callable[..., Any]:
        def publish(  # noqa: PLR0917  moto calls it by position
            subscription: Any,
            message: str,
            message_id: str,
            subject: str | None = None,
            message_attributes: Mapping[str, Any] | None = None,
            message_structure: str | None = None,
            **_fifo: Any,
        ) -> None:
            if message_structure == "json":
                message = subscription._parse_message_structure(message, subscription.protocol)
            self._topics.deliver(subscription, message, message_id, subject, message_attributes)

        return publish

    def _is_visible(self, message: Any) -> bool:
        # moto's own waits until the clock has moved on, which a simulated one does not do by itself
        return bool(self._clock.now().timestamp() * 1000 >= message.visible_at)


def _decoupled_mapping() -> Callable[..., Any]:
    create = LambdaBackend.create_event_source_mapping

    def create_event_source_mapping(backend: Any, spec: dict[str, Any]) -> Any:
        mapping = create(backend, spec)
        for queue in moto_sqs.sqs_backends[backend.account_id][backend.region_name].queues.values():
            queue.lambda_event_source_mappings.pop(mapping.function_arn, None)  # else sending would invoke
        return mapping

    return create_event_source_mapping
