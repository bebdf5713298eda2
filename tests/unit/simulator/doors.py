"""A small organization behind a running front door, for tests that speak HTTP to it as any AWS client would."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import boto3
from botocore.config import Config

from org_gate.simulator.base import SimClock
from org_gate.simulator.faults import Faults
from org_gate.simulator.frontdoor import FrontDoor
from org_gate.simulator.moto_ground import moto_ground
from org_gate.simulator.organization import AccountSpec, Organization
from org_gate.simulator.server import Server

START = datetime(2026, 3, 2, 12, tzinfo=UTC)
MANAGEMENT = "100000000001"
ORDERS = "111122223333"
CENTRAL = "999988887777"
CLOSED = "444455556666"
STRANGER = "555566667777"
REGION = "eu-west-1"
VERSION = "2012-10-17"

Keys = tuple[str, str] | tuple[str, str, str]


@dataclass(frozen=True)
class Doors:
    clock: SimClock
    org: Organization
    faults: Faults
    door: FrontDoor
    endpoint: str

    def client(self, service: str, who: str | Keys, region: str = REGION, **config: Any) -> Any:
        """A boto3 client of an account's administrator, or with keys of one's own."""
        key, secret, *token = self.org.access_keys[who] if isinstance(who, str) else who
        return boto3.client(
            service,  # type: ignore[call-overload]
            region_name=region,
            endpoint_url=self.endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token[0] if token else None,
            config=Config(**{"retries": {"total_max_attempts": 1}, **config}),
        )

    def role(self, account: str, name: str, policy: Mapping[str, Any] | None, trust: Mapping[str, Any]) -> str:
        """Makes a role with one inline policy; its ARN."""
        iam = self.client("iam", account)
        trusted = json.dumps(
            {"Version": VERSION, "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", **trust}]}
        )
        arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
        if policy is not None:
            iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=json.dumps(policy))
        return str(arn)

    def session(self, who: str | Keys, role_arn: str, **params: Any) -> Keys:
        """Keys of a role's session."""
        sts = self.client("sts", who)
        made = sts.assume_role(RoleArn=role_arn, RoleSessionName="test", **params)["Credentials"]
        return made["AccessKeyId"], made["SecretAccessKey"], made["SessionToken"]


@contextmanager
def opened(administrator: str | None = CENTRAL) -> Iterator[Doors]:
    """Without an administrator, no service has trusted access either."""
    clock = SimClock(START)
    with moto_ground(clock):
        org = Organization.build(
            management=MANAGEMENT,
            ou_paths=["Workloads/Prod/Shop", "Platform"],
            accounts=[
                AccountSpec(ORDERS, "orders", "Workloads/Prod", {"tier": "1"}),
                AccountSpec(CENTRAL, "central", "Platform"),
                AccountSpec(CLOSED, "closed", "Workloads", status="SUSPENDED"),
            ],
            delegated_administrator=administrator,
            start=START,
        )
        faults = Faults(clock, hold_seconds=0.01, delay_seconds=0.01)
        door = FrontDoor(clock, org, faults)
        with Server(door) as server:
            yield Doors(clock, org, faults, door, server.endpoint)


def trusting(principal: str, **conditions: Any) -> dict[str, Any]:
    """A trust statement's principal and, where given, its conditions."""
    return {"Principal": {"AWS": principal}, **({"Condition": conditions} if conditions else {})}


def allow(*actions: str, resource: str | list[str] = "*", **rest: Any) -> dict[str, Any]:
    """A policy of one statement."""
    only = {"Sid": "Only", "Effect": "Allow", "Action": list(actions), "Resource": resource, **rest}
    return {"Version": VERSION, "Statement": [only]}
