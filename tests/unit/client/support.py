"""Answers of a decision API, and a wire that gives them."""

import json
from dataclasses import dataclass, field
from typing import Any

from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from org_gate.client.api import DecisionApi
from org_gate.client.transport import Reply, Unreachable

FIRST = "https://abc.lambda-url.eu-west-1.on.aws"
SECOND = "https://def.lambda-url.eu-central-1.on.aws"


def decision(verdict: str = "allow", **fields: Any) -> dict[str, Any]:
    """A decision as A2 has it."""
    whole: dict[str, Any] = {
        "decision_id": "d-1",
        "verdict": verdict,
        "would_be": verdict,
        "mode": "enforce",
        "exempt": False,
        "summary": f"{verdict}: one line.",
        "targets": [
            {
                "account": "111122223333",
                "region": "us-east-1",
                "services": ["RDS"],
                "availability_zones": [],
                "mode": "enforce",
                "overridden": False,
            }
        ],
        "reasons": [],
        "reasons_omitted": 0,
        "knowledge": {
            "as_of": "2026-03-02T12:00:00Z",
            "age_seconds": 31,
            "stale": False,
            "on_stale": "local",
            "on_unknown": "block",
            "source": "central",
        },
        "policy_version": 7,
        "evaluated_at": "2026-03-02T12:00:31Z",
        "retry_after_seconds": 60,
    }
    return whole | fields


def json_reply(body: object, status: int = 200, kind: str = "application/json") -> Reply:
    return Reply(status, {"content-type": kind}, json.dumps(body).encode())


def problem(status: int, detail: str) -> Reply:
    body = {"type": "about:blank", "title": "No", "status": status, "detail": detail, "mode": "enforce"}
    return json_reply(body, status, "application/problem+json")


@dataclass
class Wire:
    """Gives each answer in turn, the last one for ever; an exception is raised."""

    answers: list[Reply | Unreachable]
    sent: list[AWSRequest] = field(default_factory=list)

    def body(self, index: int) -> Any:
        """What was sent, as JSON."""
        return json.loads(self.sent[index].data or "null")

    def urls(self) -> list[str]:
        return [str(request.url) for request in self.sent]

    def send(self, request: AWSRequest) -> Reply:
        answer = self.answers[min(len(self.sent), len(self.answers) - 1)]
        self.sent.append(request)
        if isinstance(answer, Unreachable):
            raise answer
        return answer


def api_over(wire: Wire, *urls: str) -> DecisionApi:
    return DecisionApi(urls or (FIRST,), Credentials("AKIDEXAMPLE", "secret", "token"), transport=wire)
