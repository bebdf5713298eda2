"""Playing scenarios in tests: the whole way through, functions in this process unless a test asks for processes."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from org_gate.rollout.files import shipped
from org_gate.simulator.play import Asked, play
from org_gate.simulator.record import Line
from org_gate.simulator.scenario import read_scenario
from org_gate.simulator.scenario.model import Entry
from org_gate.simulator.world import World, open_world

ORDERS, PAYMENTS, SANDBOX, CENTRAL = "111122223333", "111122224444", "444455556666", "999988887777"
ISSUE = "arn:aws:health:us-east-1::event/RDS/AWS_RDS_OPERATIONAL_ISSUE/AWS_RDS_OPERATIONAL_ISSUE_T1"


def organization() -> dict[str, Any]:
    return {
        "ous": {"Workloads": {"Prod": {}, "Dev": {}}, "Platform": {}, "Sandbox": {}},
        "accounts": [
            {"id": CENTRAL, "name": "platform", "ou": "Platform"},
            {"id": ORDERS, "name": "orders", "ou": "Workloads/Prod"},
            {"id": PAYMENTS, "name": "payments", "ou": "Workloads/Dev"},
            {"id": SANDBOX, "name": "sandbox", "ou": "Sandbox"},
        ],
    }


def scenario(*timeline: Mapping[str, Any], **fields: Any) -> dict[str, Any]:
    """A small scenario: one pipeline ``orders`` in us-east-1 and ``payments`` in eu-west-1."""
    return {
        "start": "2026-03-02T12:00:00Z",
        "organization": organization(),
        "central": {"account": CENTRAL, "region": "eu-west-1"},
        "gate_regions": ["us-east-1", "eu-west-1"],
        "gate_ous": ["Workloads", "Platform"],
        "pipelines": [
            {"name": "orders", "account": ORDERS, "region": "us-east-1"},
            {"name": "payments", "account": PAYMENTS, "region": "eu-west-1"},
        ],
        "timeline": list(timeline),
        **fields,
    }


def issue(at: str, arn: str = ISSUE, *, accounts: list[str] | None = None, **fields: Any) -> dict[str, Any]:
    """A ``health`` entry: an open PUBLIC RDS issue in us-east-1 unless told otherwise."""
    event = {
        "arn": arn,
        "service": "RDS",
        "eventTypeCode": "AWS_RDS_OPERATIONAL_ISSUE",
        "eventTypeCategory": "issue",
        "region": "us-east-1",
        "startTime": "+1m",
        "statusCode": "open",
        "eventScopeCode": "PUBLIC" if accounts is None else "ACCOUNT_SPECIFIC",
        **fields,
    }
    health: dict[str, Any] = {"event": event, "description": "Something is wrong."}
    if accounts is not None:
        health["affectedAccounts"] = accounts
    return {"at": at, "health": health}


def update(at: str, arn: str = ISSUE, **fields: Any) -> dict[str, Any]:
    return {"at": at, "health": {"event": {"arn": arn, **fields}}}


class Quiet:
    """Remembers what was refused; says nothing."""

    def __init__(self) -> None:
        self.refusals: list[str] = []

    def note(self, entry: Entry) -> None: ...

    def happened(self, at: object, entry: Entry) -> None: ...

    def refused(self, at: object, entry: Entry, why: str) -> None:  # noqa: ARG002  a listener's signature
        self.refusals.append(why)

    def asked(self, asked: Asked) -> None: ...

    def went_on(self, line: Line) -> None: ...


def write(folder: Path, data: Mapping[str, Any]) -> Path:
    file = folder / "scenario.yaml"
    file.write_text(yaml.safe_dump(dict(data), sort_keys=False), encoding="utf-8")
    return file


@contextmanager
def world(folder: Path, data: Mapping[str, Any], runtime: str = "inprocess") -> Iterator[World]:
    checked = read_scenario(write(folder, data), shipped("config/policy.yaml"))
    with open_world(checked, runtime=runtime, say=lambda _: None) as opened:
        yield opened
        assert opened.aws.door.failures == []


def take_rights(opened: World, account: str, role: str, action: str) -> None:
    """Denies the role one action, whatever else its policies say."""
    denial = {"Version": "2012-10-17", "Statement": [{"Effect": "Deny", "Action": action, "Resource": "*"}]}
    client = opened.sessions.client("iam", account, "us-east-1")
    client.put_role_policy(RoleName=role, PolicyName="cut", PolicyDocument=json.dumps(denial))


def played(folder: Path, data: Mapping[str, Any], runtime: str = "inprocess") -> tuple[list[Any], Quiet]:
    """The lines of ``decisions.jsonl``, and what was refused."""
    quiet = Quiet()
    with world(folder, data, runtime) as opened:
        play(opened, quiet)
        return list(opened.aws.recorder.lines), quiet


def verdicts(lines: list[Any]) -> list[tuple[str, str, str | None]]:
    return [(line["pipeline_name"], line["trigger"], line["verdict"]) for line in lines]
