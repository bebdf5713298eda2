"""A resumer over a table in memory and hand-written queues, sessions and pipelines of member accounts."""

import itertools
import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import ClientError

from org_gate.central.budget import ENDLESS, Budget
from org_gate.central.desk import Desk
from org_gate.central.resumer import Resumer
from org_gate.central.resuming_messages import change_body
from org_gate.central.resuming_queue import Queues
from org_gate.model.event import Account
from org_gate.model.request import Pipeline, Request, Target
from org_gate.model.synthetic import SyntheticEvent
from org_gate.model.times import format_time
from org_gate.model.waiting import Deployment, Waiting
from org_gate.store import Store
from tests.unit.central.support import CENTRAL, ME, NOW, RULES, Topic
from tests.unit.store.tables import Killed, TableClient, fake_table, store_on

QUEUE, DEAD = "https://sqs/resume", "https://sqs/dead"
STAGE, REGION = "Gate", "us-east-1"
FAILING: dict[str, Any] = {"version": "1", "on_block": "fail"}


def at(minutes: float) -> datetime:
    return NOW + timedelta(minutes=minutes)


def deployment(name: str = "orders", execution: str = "e-1", account: str = ME) -> Deployment:
    return Deployment(account, REGION, name, STAGE, execution)


def refused(code: str, operation: str = "Any") -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "…"}}, operation)


@dataclass
class Stage:
    """The gate's stage of a pipeline, as its account shows it."""

    execution: str
    status: str = "InProgress"
    external: str | None = None
    others: list[dict[str, Any]] = field(default_factory=list)

    def shown(self) -> dict[str, Any]:
        latest = {"status": self.status, **({"externalExecutionId": self.external} if self.external else {})}
        return {
            "stageName": STAGE,
            "latestExecution": {"pipelineExecutionId": self.execution, "status": self.status},
            "actionStates": [
                {"actionName": "HealthCheck", "latestExecution": latest},
                {"actionName": "New"},
                *self.others,
            ],
        }


class Yard:
    """Central and its members. Every call of AWS is counted; the process ends before the one of ``kill_at``."""

    def __init__(self, policy: Mapping[str, Any] = RULES, client: TableClient | None = None) -> None:
        self.client = client or fake_table()
        self.client.before = lambda _operation: self.called("table")
        self.now = NOW
        self.stages: dict[tuple[str, str, str], Stage] = {}
        self.queue: list[dict[str, Any]] = []
        self.dead: list[str] = []
        self.retried: list[tuple[datetime, Deployment, str]] = []
        """When, what, and the decision that had failed it."""
        self.asking: list[Deployment] = []
        """Their gates are about to ask."""
        self.people = Topic()
        self.faults: dict[str, Exception] = {}
        """By operation; ``retry_stage_execution:after`` happens though the retry was taken."""
        self.calls = 0
        self.kill_at: int | None = None
        self._ids = itertools.count()
        store = self.store
        store.accounts.refresh([Account(ME, "Workloads", ("r-1", "ou-1"))])
        self.poll()
        self.publish(policy)

    @property
    def store(self) -> Store:
        return store_on(self.client)

    def called(self, operation: str) -> None:
        self.calls += 1
        if self.kill_at is not None and self.calls >= self.kill_at:
            raise Killed
        if operation in self.faults:
            raise self.faults[operation]

    # what happens in the world

    def publish(self, policy: Mapping[str, Any]) -> None:
        self.store.publish_policy(policy, who="somebody", note="", now=self.now, expected_version=None)

    def poll(self) -> None:
        self.store.states.commit_poll(self.now, full=True)

    def incident(self, name: str = "1", accounts: tuple[str, ...] = ()) -> str:
        event = SyntheticEvent(
            id=f"declared-{name * 32}",
            kind="declared",
            public=not accounts,
            accounts=accounts,
            ous=(),
            regions=(REGION,),
            services=(),
            reason="writes hang",
            who="somebody",
            created_at=self.now,
            ends_at=self.now + timedelta(days=3),
        )
        self.store.synthetic.create(event)
        return event.id

    def over(self, incident: str) -> None:
        self.store.synthetic.stop(incident, "somebody", self.now)

    def ask(self, one: Deployment, gate: Mapping[str, Any] | None = FAILING) -> str:
        """Its gate asks and acts on the answer: the decision's id."""
        pipeline = Pipeline(one.pipeline, one.region, one.stage, "HealthCheck", one.execution_id)
        request = Request(one.account, (Target(one.account, one.region, ("RDS",)),), pipeline)
        answer = Desk(self.store, CENTRAL, Topic()).decide(request, self.now, gate)
        stage = self.stages[one.account, one.region, one.pipeline] = Stage(one.execution_id)
        stage.status = "Failed" if answer["verdict"] == "block" else "Succeeded"
        stage.external = answer["decision_id"]
        return str(answer["decision_id"])

    def gates(self) -> None:
        """What was retried asks."""
        while self.asking:
            self.ask(self.asking.pop())

    # what the resumer is given

    def resumer(self) -> Resumer:
        return Resumer(self.store, Queues(self, QUEUE, DEAD), self, self._client_of, "aws", self.people, CENTRAL)

    def message(self, body: str, sent: datetime | None = None) -> dict[str, Any]:
        moment = int((sent or self.now).timestamp() * 1000)
        return {"messageId": f"m-{next(self._ids)}", "body": body, "attributes": {"SentTimestamp": str(moment)}}

    def received(self, record: dict[str, Any], when: datetime | None = None) -> dict[str, Any]:
        """As the queue gives it to somebody for the first time now, or then."""
        moment = str(int((when or self.now).timestamp() * 1000))
        return record | {"attributes": record["attributes"] | {"ApproximateFirstReceiveTimestamp": moment}}

    def look(self) -> dict[str, Any]:
        return self.message(json.dumps({"source": "aws.events", "detail-type": "Scheduled Event"}))

    def changed(self) -> dict[str, Any]:
        return self.message(change_body("knowledge"))

    def take(self, *records: dict[str, Any], budget: Budget = ENDLESS) -> list[str]:
        """The ids of those that failed."""
        answer = self.resumer().handle({"Records": list(records)}, budget)
        return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]

    def minute(self, minutes: float, *, mix: random.Random | None = None) -> list[str]:
        """``wave``, and what gates make of it: the pipelines that were retried."""
        before = len(self.retried)
        self.wave(minutes, mix=mix)
        self.gates()
        return [one.pipeline for _, one, _ in self.retried[before:]]

    def wave(self, minutes: float, *, mix: random.Random | None = None) -> None:
        """The poll, a look and its messages. ``mix`` has every message delivered twice and out of order."""
        self.now = at(minutes)
        self.poll()
        assert self.take(self.look()) == []
        records, self.queue = self.queue, []
        if mix is not None:
            records = [*records, *records]
            mix.shuffle(records)
        for start in range(0, len(records), 10):
            assert self.take(*records[start : start + 10]) == []

    def waiting(self) -> dict[str, Waiting]:
        return {one.deployment.pipeline: one for one in self.store.waiting.all(self.now)}

    def outcome(self, decision_id: str) -> str | None:
        ended = self.store.waiting.ended(decision_id)
        return None if ended is None else ended.outcome

    # AWS

    def send_message_batch(self, **request: Any) -> dict[str, Any]:
        self.called("send_message_batch")
        assert request["QueueUrl"] == QUEUE
        assert len(request["Entries"]) <= 10
        self.queue += [self.message(entry["MessageBody"]) for entry in request["Entries"]]
        return {"Successful": []}

    def send_message(self, **request: Any) -> dict[str, Any]:
        self.called("send_message")
        assert request["QueueUrl"] == DEAD
        assert request["MessageAttributes"]["why"]["StringValue"]
        self.dead.append(request["MessageBody"])
        return {}

    def assume_role(self, **request: Any) -> dict[str, Any]:
        self.called("assume_role")
        account = request["RoleArn"].split(":")[4]
        assert request["RoleArn"] == f"arn:aws:iam::{account}:role/org-gate-access-{REGION}"
        return {"Credentials": {"AccessKeyId": account, "SecretAccessKey": "SECRET", "SessionToken": "TOKEN"}}

    def _client_of(self, credentials: Mapping[str, str], region: str) -> Any:
        return Pipelines(self, credentials["AccessKeyId"], region)


@dataclass
class Pipelines:
    """CodePipeline's client in one account and Region."""

    yard: Yard
    account: str
    region: str

    def get_pipeline_state(self, *, name: str) -> dict[str, Any]:
        self.yard.called("get_pipeline_state")
        return {"pipelineName": name, "stageStates": [{"stageName": "Source"}, self._stage(name).shown()]}

    def retry_stage_execution(self, **request: str) -> dict[str, Any]:
        self.yard.called("retry_stage_execution")
        assert request["retryMode"] == "FAILED_ACTIONS"
        name, execution = request["pipelineName"], request["pipelineExecutionId"]
        stage = self._stage(name)
        if stage.execution != execution:
            raise refused("NotLatestPipelineExecutionException")
        if stage.status != "Failed":
            raise refused("ConflictException" if stage.status == "InProgress" else "StageNotRetryableException")
        one = Deployment(self.account, self.region, name, request["stageName"], execution)
        self.yard.retried.append((self.yard.now, one, str(stage.external)))
        self.yard.asking.append(one)
        stage.status, stage.external = "InProgress", None
        self.yard.called("retry_stage_execution:after")
        return {"pipelineExecutionId": execution}

    def _stage(self, name: str) -> Stage:
        found = self.yard.stages.get((self.account, self.region, name))
        if found is None:
            raise refused("PipelineNotFoundException")
        return found


def retries(yard: Yard) -> Counter[str]:
    """How often each failing decision was followed by a retry."""
    return Counter(decision for _, _, decision in yard.retried)


def stamp(moment: datetime) -> str:
    return format_time(moment)
