"""Functions deployed into moto, an organization, and callers, for the tests of what runs and feeds functions."""

import base64
import io
import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pytest
from moto.awslambda.models import lambda_backends
from moto.iam.models import iam_backends

from org_gate.simulator.base import InvocationResult, OrgAccount, SimClock
from org_gate.simulator.moto_ground import moto_ground

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
ACCOUNT = "111122223333"
OTHER = "444455556666"
CENTRAL = "999988887777"
MANAGEMENT = "100000000001"
SUSPENDED = "777788889999"
REGION = "eu-west-1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture
def aws() -> Iterator[SimClock]:
    """moto with nothing in it, and its clock."""
    clock = SimClock(START)
    with moto_ground(clock):
        yield clock


def make_role(account: str = ACCOUNT, name: str = "role", trust: Mapping[str, Any] = TRUST) -> str:
    role = iam_backends[account]["aws"].create_role(
        role_name=name,
        assume_role_policy_document=json.dumps(trust),
        path="/",
        permissions_boundary=None,
        description="",
        tags=[],
        max_session_duration=3600,
    )
    return str(role.arn)


def zipped(files: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in files.items():
            archive.writestr(zipfile.ZipInfo(name), text)
    return packed.getvalue()


def deploy(
    name: str,
    files: str | Mapping[str, str],
    *,
    role: str,
    account: str = ACCOUNT,
    region: str = REGION,
    timeout: int = 10,
    handler: str = "index.handler",
    environment: Mapping[str, str] | None = None,
) -> Any:
    code = zipped({"index.py": files} if isinstance(files, str) else files)
    spec = {
        "FunctionName": name,
        "Code": {"ZipFile": base64.b64encode(code).decode()},
        "Handler": handler,
        "Role": role,
        "Runtime": "python3.11",
        "Timeout": timeout,
        "Environment": {"Variables": dict(environment or {})},
    }
    return lambda_backends[account][region].create_function(spec)


@dataclass
class Org:
    """Root r-0001: ou-prod (ACCOUNT; below it ou-deep with OTHER), ou-dev (SUSPENDED), CENTRAL at the root."""

    id: str = "o-abcdefghij"
    management: str = MANAGEMENT
    root_id: str = "r-0001"
    administrators: tuple[str, ...] = (CENTRAL,)
    trusted: bool = True
    suspended: tuple[str, ...] = (SUSPENDED,)

    def accounts(self) -> tuple[OrgAccount, ...]:
        parents = {
            MANAGEMENT: "r-0001", ACCOUNT: "ou-prod", OTHER: "ou-deep", SUSPENDED: "ou-dev", CENTRAL: "r-0001",
        }  # fmt: skip
        return tuple(
            OrgAccount(each, each, "SUSPENDED" if each in self.suspended else "ACTIVE", parents[each])
            for each in sorted(parents)
        )

    def accounts_below(self, parent_id: str) -> tuple[str, ...]:
        below = {
            "r-0001": tuple(account.id for account in self.accounts()),
            "ou-prod": (ACCOUNT, OTHER),
            "ou-deep": (OTHER,),
            "ou-dev": (SUSPENDED,),
        }
        return below[parent_id]

    def is_active(self, account: str) -> bool:
        return any(one.id == account and one.status == "ACTIVE" for one in self.accounts())

    def is_delegated(self, account: str, service_principal: str) -> bool:
        return account in self.administrators and service_principal.startswith("member.org.stacksets")

    def has_trusted_access(self, service_principal: str) -> bool:
        return self.trusted and service_principal.startswith("member.org.stacksets")

    def enable_trusted_access(self, service_principal: str) -> None:
        self.trusted = self.trusted or service_principal.startswith("member.org.stacksets")

    def disable_trusted_access(self, service_principal: str) -> None:
        self.trusted = self.trusted and not service_principal.startswith("member.org.stacksets")


class RecordingInvoker:
    """Answers as told, and remembers what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.calls: list[tuple[str, str, str, Mapping[str, Any]]] = []
        self._answers = list(answers)

    def invoke(self, account: str, region: str, function_name: str, payload: Mapping[str, Any]) -> InvocationResult:
        if function_name == "gone":
            raise KeyError(function_name)
        self.calls.append((account, region, function_name, payload))
        answer = self._answers.pop(0) if self._answers else None
        if isinstance(answer, Exception):
            return InvocationResult({"errorMessage": str(answer)}, type(answer).__name__, "")
        return InvocationResult(answer, None, "")

    @property
    def payloads(self) -> list[Mapping[str, Any]]:
        return [call[3] for call in self.calls]
