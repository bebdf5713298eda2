"""A table in memory and requests as a Function URL hands them on."""

import base64
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, cast

from aws_lambda_powertools.utilities.typing import LambdaContext

from org_gate.central.api import answer
from org_gate.central.desk import DecisionStore, Desk
from org_gate.model.event import Account, Event, EventKey, Knowledge
from org_gate.policy.load import policy_data, policy_from_data
from org_gate.policy.model import Policy
from org_gate.store import ConflictError, NoPolicyError, State
from org_gate.store.events import Held

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


class NoEvents:
    def open(self) -> Mapping[EventKey, Held]:
        return {}


@dataclass
class FakeStore:
    """What ``desk.DecisionStore`` asks for, in memory. ``failure`` is raised by every call while it is set."""

    events_known: tuple[Event, ...] = ()
    accounts: Mapping[str, Account] = field(default_factory=dict)
    published: list[dict[str, Any]] = field(default_factory=lambda: [RULES])
    as_of: datetime | None = NOW
    failure: Exception | None = None
    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @property
    def events(self) -> NoEvents:
        return NoEvents()

    def state(self) -> State:
        self._called("state")
        return State(as_of=self.as_of, revision=5, policy_version=len(self.published))

    def knowledge(self, accounts: Iterable[str], state: State, *, with_entities: bool = False) -> Knowledge:
        self._called("knowledge with entities" if with_entities else "knowledge")
        wanted = {name: self.accounts[name] for name in accounts if name in self.accounts}
        return Knowledge(as_of=state.as_of, events=self.events_known, accounts=wanted)

    def policy(self, state: State) -> tuple[int, Policy]:
        self._called("policy")
        if not self.published:
            raise NoPolicyError
        return state.policy_version, policy_from_data(self.published[-1])

    def policies(self) -> list[dict[str, Any]]:
        return [
            {"version": number, "at": "2026-03-02T12:00:00Z", "who": "somebody", "note": "", "policy": data}
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
        return len(self.published)

    def put_decision(self, record: Mapping[str, Any]) -> None:
        self._called("put_decision")
        self.records[record["decision_id"]] = json.loads(json.dumps(record))

    def decision(self, decision_id: str) -> dict[str, Any] | None:
        self._called("decision")
        return self.records.get(decision_id)

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
        return self.send(event)

    def send(self, event: Mapping[str, Any]) -> Reply:
        got = answer(event, context(), lambda: Desk(self.store, CENTRAL))
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


def context() -> LambdaContext:
    facts = SimpleNamespace(
        function_name="org-gate-api",
        memory_limit_in_mb=1024,
        invoked_function_arn="arn:aws:lambda:eu-west-1:999988887777:function:org-gate-api",
        aws_request_id="a-request",
    )
    return cast("LambdaContext", facts)
