"""A table in memory and requests as a Function URL hands them on."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from aws_lambda_powertools.utilities.typing import LambdaContext

from org_gate.central.api import answer
from org_gate.central.desk import DecisionStore, Desk
from org_gate.central.news_forms import Notice
from org_gate.model.event import Account, Event, EventKey, Knowledge
from org_gate.model.override import Override
from org_gate.model.sky import Places, Sky
from org_gate.model.synthetic import Kind, SyntheticEvent
from org_gate.model.waiting import Deployment
from org_gate.policy.load import policy_data, policy_from_data
from org_gate.policy.model import Policy
from org_gate.store import ConflictError, NoPolicyError, State
from org_gate.store.events import Held
from org_gate.store.waiting import Before

ME = "111122223333"
OTHER = "444455556666"
CENTRAL = "999988887777"
NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)

RULES: dict[str, Any] = {
    "version": 1,
    "rules": [{"name": "open-issues", "match": {"categories": ["issue"], "statuses": ["open"]}, "verdict": "block"}],
}


def issue(number: int = 1, **fields: Any) -> Event:
    """An open issue of RDS in us-east-1 that everybody sees."""
    facts: dict[str, Any] = {
        "arn": f"arn:aws:health:us-east-1::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/{number}",
        "region": "us-east-1",
        "service": "RDS",
        "type_code": "AWS_RDS_OPERATIONAL_ISSUE",
        "category": "issue",
        "status": "open",
        "scope": "PUBLIC",
        "start": NOW,
        "last_updated": NOW,
    }
    return Event(**(facts | fields))


@dataclass
class Topic:
    """Hears notices; while ``down``, it takes none."""

    heard: list[Notice] = field(default_factory=list)
    down: bool = False

    def announce(self, notice: Notice) -> bool:
        self.heard += [] if self.down else [notice]
        return not self.down


@dataclass
class FakeOverrides:
    """What ``overrides_desk.Overrides`` asks for, in memory."""

    made: dict[str, Override] = field(default_factory=dict)

    def create(self, override: Override) -> None:
        if override.id in self.made:
            raise ConflictError("there is one")
        self.made[override.id] = override

    def revoke(self, override_id: str, who: str, now: datetime) -> Override | None:
        found = self.made.get(override_id)
        if found is not None and found.in_force(now):
            found = self.made[override_id] = replace(found, revoked_at=now, revoked_by=who)
        return found

    def in_force(self, now: datetime) -> list[Override]:
        return [one for one in self.made.values() if one.in_force(now)]

    def all(self, limit: int) -> list[Override]:
        return [*reversed(self.made.values())][:limit]

    def one(self, override_id: str) -> Override | None:
        return self.made.get(override_id)


@dataclass
class FakeSynthetic:
    """What ``synthetic_desk.SyntheticEvents`` asks for, in memory."""

    made: dict[str, SyntheticEvent] = field(default_factory=dict)

    def create(self, synthetic: SyntheticEvent) -> None:
        if synthetic.id in self.made:
            raise ConflictError("there is one")
        self.made[synthetic.id] = synthetic

    def stop(self, synthetic_id: str, who: str, now: datetime) -> SyntheticEvent | None:
        found = self.made.get(synthetic_id)
        if found is not None and found.in_force(now):
            found = self.made[synthetic_id] = replace(found, stopped_at=now, stopped_by=who)
        return found

    def in_force(self, now: datetime) -> list[SyntheticEvent]:
        return [one for one in self.made.values() if one.in_force(now)]

    def all(self, kind: Kind, limit: int) -> list[SyntheticEvent]:
        return [one for one in reversed(self.made.values()) if one.kind == kind][:limit]

    def one(self, synthetic_id: str) -> SyntheticEvent | None:
        return self.made.get(synthetic_id)


@dataclass
class FakeTree:
    known: Mapping[str, Account]

    def all(self) -> Mapping[str, Account]:
        return self.known


class NobodyWaits:
    def count(self) -> int:
        return 0


class NoEvents:
    def open(self) -> Mapping[EventKey, Held]:
        return {}


@dataclass
class FakeStore:
    """What ``desk.DecisionStore`` asks for, in memory. ``failure`` is raised by every call while it is set."""

    events_known: tuple[Event, ...] = ()
    tree: Mapping[str, Account] = field(default_factory=dict)
    published: list[dict[str, Any]] = field(default_factory=lambda: [RULES])
    notes: dict[int, str] = field(default_factory=dict)
    as_of: datetime | None = NOW
    failure: Exception | None = None
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    overrides_made: FakeOverrides = field(default_factory=FakeOverrides)
    synthetic_made: FakeSynthetic = field(default_factory=FakeSynthetic)

    @property
    def accounts(self) -> FakeTree:
        self._called("tree")
        return FakeTree(self.tree)

    @property
    def overrides(self) -> FakeOverrides:
        self._called("overrides")
        return self.overrides_made

    @property
    def synthetic(self) -> FakeSynthetic:
        self._called("synthetic")
        return self.synthetic_made

    @property
    def events(self) -> NoEvents:
        return NoEvents()

    @property
    def waiting(self) -> NobodyWaits:
        return NobodyWaits()

    def state(self) -> State:
        self._called("state")
        return State(as_of=self.as_of, revision=5, policy_version=len(self.published))

    def knowledge(
        self, accounts: Iterable[str], state: State, *, places: Places | None = None, with_entities: bool = False
    ) -> Knowledge:
        self._called("knowledge with entities" if with_entities else "knowledge")
        wanted = {name: self.tree[name] for name in accounts if name in self.tree}
        overrides = tuple(self.overrides_made.made.values())
        events = tuple(Sky(self.events_known).over(places))
        return Knowledge(as_of=state.as_of, events=events, accounts=wanted, overrides=overrides)

    def policy(self, state: State) -> tuple[int, Policy]:
        self._called("policy")
        if not self.published:
            raise NoPolicyError
        return state.policy_version, policy_from_data(self.published[-1])

    def policies(self) -> list[dict[str, Any]]:
        return [
            {
                "version": number,
                "at": "2026-03-02T12:00:00Z",
                "who": "somebody",
                "note": self.notes.get(number, ""),
                "policy": data,
            }
            for number, data in enumerate(self.published, start=1)
        ]

    def policy_version(self, version: int) -> dict[str, Any] | None:
        return next((one for one in self.policies() if one["version"] == version), None)

    def publish_policy(
        self, data: Mapping[str, Any], *, who: str, note: str, now: datetime, expected_version: int | None
    ) -> int:
        self._called(f"publish_policy by {who}: {note} at {now:%H:%M}")
        policy = policy_from_data(data)
        if expected_version not in {None, len(self.published)}:
            raise ConflictError("somebody else was first")
        self.published.append(policy_data(policy))
        self.notes[len(self.published)] = note
        return len(self.published)

    def state_and_waiting(self, deployment: Deployment) -> tuple[State, Before]:  # noqa: ARG002  as the store has it
        return self.state(), Before(None)

    def put_decision(self, record: Mapping[str, Any], before: Before | None = None) -> None:  # noqa: ARG002  the same
        self._called("put_decision")
        self.records[record["decision_id"]] = json.loads(json.dumps(record))

    def decision(self, decision_id: str) -> dict[str, Any] | None:
        self._called("decision")
        return self.records.get(decision_id)

    def decisions(  # noqa: PLR0917  as the store has it
        self,
        account: str | None,
        pipeline: tuple[str | None, str] | None,
        since: datetime | None,
        until: datetime | None,
        after: str | None,
        limit: int,
    ) -> tuple[list[dict[str, Any]], str | None]:
        self._called(f"decisions {account} {pipeline} {since} {until} {after} {limit}")
        return [], None

    def recent_decision_ids(self, limit: int, now: datetime) -> list[str]:
        self._called(f"recent_decision_ids {limit} at {now:%H:%M}")
        return [*reversed(self.records)][:limit]

    def several_decisions(self, decision_ids: Sequence[str]) -> list[dict[str, Any]]:
        self._called(f"several_decisions {len(decision_ids)}")
        return [self.records[name] for name in decision_ids if name in self.records]

    def _called(self, name: str) -> None:
        self.asked.append(name)
        if self.failure is not None:
            raise self.failure


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    body: Any


@dataclass
class Api:
    """The API over a store, asked as a Function URL asks it."""

    store: DecisionStore
    topic: Topic = field(default_factory=Topic)
    now: datetime = NOW
    milliseconds_left: int = 10_000

    def request(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        caller: str = ME,
        query: str = "",
        base64_body: bool = False,
    ) -> Reply:
        text = body if isinstance(body, str) or body is None else json.dumps(body)
        event = url_event(method, path, text, caller=caller, query=query, base64_body=base64_body)
        event["requestContext"]["timeEpoch"] += int((self.now - NOW).total_seconds()) * 1000
        return self.send(event)

    def send(self, event: Mapping[str, Any]) -> Reply:
        got = answer(event, context(self.milliseconds_left), lambda: Desk(self.store, CENTRAL, self.topic))
        headers = {name.lower(): value for name, value in got["headers"].items()}
        assert got["isBase64Encoded"] is False
        return Reply(int(got["statusCode"]), headers, json.loads(got["body"]))


def url_event(
    method: str, path: str, body: str | None, *, caller: str = ME, query: str = "", base64_body: bool = False
) -> dict[str, Any]:
    """Payload format 2.0, with headers that must never count."""
    event: dict[str, Any] = {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": query,
        "headers": {
            "authorization": "AWS4-HMAC-SHA256 Credential=SECRET",
            "x-caller": CENTRAL,
            "content-type": "text/plain",
        },
        "requestContext": {
            "accountId": CENTRAL,
            "authorizer": {"iam": {"accountId": caller, "userArn": f"arn:aws:sts::{caller}:assumed-role/gate/x"}},
            "http": {"method": method, "path": path},
            "stage": "$default",
            "timeEpoch": int(NOW.timestamp() * 1000) + 999,
        },
        "isBase64Encoded": base64_body,
    }
    if query:
        event["queryStringParameters"] = dict(pair.split("=", 1) for pair in query.split("&"))
    if body is not None:
        event["body"] = base64.b64encode(body.encode()).decode() if base64_body else body
    return event


def context(milliseconds_left: int = 10_000) -> LambdaContext:
    facts = SimpleNamespace(
        function_name="org-gate-api",
        memory_limit_in_mb=1024,
        invoked_function_arn="arn:aws:lambda:eu-west-1:999988887777:function:org-gate-api",
        aws_request_id="a-request",
        get_remaining_time_in_millis=lambda: milliseconds_left,
    )
    return cast("LambdaContext", facts)
