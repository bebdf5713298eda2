"""The central cell: its real functions in this process, on one table, each in processes that may be ended and replaced.

The decision API runs in two processes that are asked in turn, so that what one has kept is held against what another
has changed. Everything is invoked as its trigger invokes it; a handler that raises is told to `Crash`.
"""

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from org_gate.central import api, collector, resumer, resuming_telemetry, telemetry
from org_gate.central.announce import TopicAnnouncer
from org_gate.central.budget import ENDLESS
from org_gate.central.desk import Desk
from org_gate.central.notices import ChangeTopic, TellingResumer
from org_gate.central.resuming_queue import Queues
from org_gate.health.view import OrganizationView
from org_gate.model.times import format_time
from org_gate.store import Store
from org_gate.store.errors import StoreError
from tests.model.doors import CHANGES, DEAD, PEOPLE, QUEUE, Aws, Message, Queue, Sns, Sqs, Sts, caller_of
from tests.model.faults import Faults
from tests.unit.central.collecting import FakeOrganizations
from tests.unit.central.support import context, url_event
from tests.unit.store.fake_dynamodb import FakeDynamoDb
from tests.unit.store.tables import TABLE, Killed, no_pause

HEALTH_REGIONS: Final = ("us-east-1", "us-east-2")
ACCESS_ROLE: Final = "org-gate-access"
Crash = Callable[[str, BaseException], None]


class TableDoor:
    """A DynamoDB client of one process. ``who`` may change: people's changes are not those of gates."""

    def __init__(self, faults: Faults, table: FakeDynamoDb, who: str) -> None:
        self._faults = faults
        self._table = table
        self.who = who

    def __getattr__(self, operation: str) -> Any:
        call = getattr(self._table, operation)
        return lambda **request: self._faults.call(self.who, "dynamodb", operation, lambda: call(**request))


@dataclass
class ApiProcess:
    """One warm process of the decision API."""

    door: TableDoor
    desk: Desk


class Cell:
    """``account`` is the central account. ``crashed`` is told what no handler may raise."""

    def __init__(self, aws: Aws, account: str, tree: FakeOrganizations, queue: Queue, crashed: Crash) -> None:
        self._aws = aws
        self._account = account
        self._tree = tree
        self._queue = queue
        self._crashed = crashed
        self._asked = itertools.count()
        self.table = FakeDynamoDb()
        self.told: list[dict[str, Any]] = []
        self.restart()

    def restart(self) -> None:
        """All processes end, idle."""
        self._collector = self._new_collector()
        self._resumer = self._new_resumer()
        self._apis = [self._new_api(), self._new_api()]

    def store(self) -> Store:
        """Of nobody's process: to look into the table."""
        return Store(self.table, TABLE, no_pause)

    # the collector

    def poll(self, at: datetime, id_: str) -> None:
        """The schedule's event of that minute."""
        self._collect({"source": "aws.events", "id": id_, "time": format_time(at)})

    def notify(self, envelope: Mapping[str, Any]) -> None:
        """EventBridge tries again later what failed; here the next poll does."""
        self._collect(envelope)

    def _collect(self, event: Mapping[str, Any]) -> None:
        try:
            self._collector.handle(event, ENDLESS)
        except Killed:
            self._collector = self._new_collector()
        except StoreError as error:
            if not self._aws.faults.number("collector", "dynamodb"):
                self._crashed("collector", error)
        except Exception as error:  # noqa: BLE001  whatever it is, it is what we look for
            self._crashed("collector", error)

    # the decision API

    def ask(self, caller: str, method: str, path: str, body: object = None, *, who: str = "desk") -> tuple[int, Any]:
        """Status and body, as the Function URL gives them; 502 where the process ended."""
        number = next(self._asked) % len(self._apis)
        process = self._apis[number]
        process.door.who = who
        event = url_event(method, path, None if body is None else json.dumps(body), caller=caller)
        event["requestContext"]["timeEpoch"] = int(self._aws.clock.now().timestamp() * 1000)
        try:
            told = api.answer(event, context(), lambda: process.desk)
        except Killed:
            self._apis[number] = self._new_api()
            return 502, {"message": "Internal Server Error"}
        return int(told["statusCode"]), json.loads(told["body"])

    # the resumer

    def take(self, batch: list[Message], *, beside: bool = False) -> None:
        """Lambda's poller gives it a batch of the queue's; what it says has failed, or all of it, comes again.

        ``beside``: to another process, while the first one is busy.
        """
        names = [message.id for message in batch]
        process = self._new_resumer() if beside else self._resumer
        try:
            answer = process.handle({"Records": [message.record() for message in batch]}, ENDLESS)
            names = [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]
        except Killed:
            self._resumer = self._new_resumer()
        except Exception as error:  # noqa: BLE001  whatever it is, it is what we look for
            self._crashed("resumer", error)
        self._queue.finish(batch, names)

    # processes

    def _new_store(self, who: str) -> tuple[TableDoor, Store]:
        door = TableDoor(self._aws.faults, self.table, who)
        return door, Store(door, TABLE, no_pause)

    def _sns(self, who: str) -> Sns:
        return Sns(self._aws.faults, who, self._queue, self.told)

    def _new_collector(self) -> collector.Collector:
        role = caller_of(self._account, "org-gate-collector")

        def view(budget: Any) -> OrganizationView:
            regions = list(HEALTH_REGIONS)
            return OrganizationView(
                lambda region: self._aws.door("collector", "health", region, role), regions, budget.may_ask
            )

        changes = ChangeTopic(self._sns("collector"), CHANGES, collector.logger)
        return collector.Collector(self._new_store("collector")[1], view, self._tree, changes)

    def _new_api(self) -> ApiProcess:
        door, store = self._new_store("api")
        changes = ChangeTopic(self._sns("desk"), CHANGES, telemetry.logger)
        announcer = TellingResumer(changes, TopicAnnouncer(self._sns("desk"), PEOPLE))
        return ApiProcess(door, Desk(store, self._account, announcer))

    def _new_resumer(self) -> resumer.Resumer:
        def client(credentials: Mapping[str, str], region: str) -> Any:
            role = caller_of(credentials["AccessKeyId"], ACCESS_ROLE)
            return self._aws.door("resumer", "codepipeline", region, role)

        queues = Queues(Sqs(self._aws.faults, self._queue), QUEUE, DEAD)
        people = TopicAnnouncer(self._sns("resumer"), PEOPLE)
        store = self._new_store("resumer")[1]
        return resumer.Resumer(store, queues, Sts(self._aws.faults), client, "aws", people, self._account)


LOGGERS: Final = (collector.logger, telemetry.logger, resuming_telemetry.logger)
"""What the functions write to."""
