"""The door into a member's account: its access role lets in the central account's resumer, and nobody else (W1)."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from org_gate.simulator.play import play
from org_gate.simulator.world import World
from tests.e2e.support import CENTRAL, ORDERS, PAYMENTS, Quiet, issue, scenario, world

RESUMER = "org-gate-resumer-of-a-test"
ANYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """At its end ``orders`` is blocked."""
    folder = tmp_path_factory.mktemp("access")
    with world(folder, scenario(issue("1m"), {"at": "2m", "run": "orders"}, tail="0m")) as playing:
        play(playing, Quiet())
        yield playing


def session_of(opened: World, account: str, role: str) -> Any:
    """An STS client of a role that may do anything its account can give it."""
    iam = opened.sessions.client("iam", account, "us-east-1")
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": f"arn:aws:iam::{account}:root"}}
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=document(trust))
    iam.put_role_policy(RoleName=role, PolicyName="all", PolicyDocument=document(ANYTHING))
    sts = opened.sessions.client("sts", account, "us-east-1")
    return client(opened, "sts", assumed(sts, account, role), "us-east-1")


def document(statement: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def assumed(sts: Any, account: str, role: str) -> Any:
    arn = f"arn:aws:iam::{account}:role/{role}"
    return sts.assume_role(RoleArn=arn, RoleSessionName="resumer")["Credentials"]


def client(opened: World, service: str, credentials: Any, region: str) -> Any:
    make: Any = boto3.client
    return make(
        service,
        region_name=region,
        endpoint_url=opened.aws.server.endpoint,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def code(call: Any, *args: Any, **kwargs: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(*args, **kwargs)
    return str(refused.value.response["Error"]["Code"])


@pytest.mark.contract("W1")
def test_the_resumer_looks_and_retries_in_the_access_roles_region_and_does_nothing_else(opened: World) -> None:
    sts = session_of(opened, CENTRAL, RESUMER)
    credentials = assumed(sts, ORDERS, "org-gate-access-us-east-1")
    here = client(opened, "codepipeline", credentials, "us-east-1")
    state = here.get_pipeline_state(name="orders")["stageStates"][1]
    assert state["latestExecution"]["status"] == "Failed"
    assert state["actionStates"][0]["latestExecution"]["externalExecutionId"].startswith("d-")
    assert code(here.start_pipeline_execution, name="orders") == "AccessDeniedException"
    elsewhere = client(opened, "codepipeline", credentials, "eu-west-1")
    assert code(elsewhere.get_pipeline_state, name="orders") == "AccessDeniedException"
    here.retry_stage_execution(
        pipelineName="orders",
        stageName="Gate",
        pipelineExecutionId=state["latestExecution"]["pipelineExecutionId"],
        retryMode="FAILED_ACTIONS",
    )
    opened.drain()
    last = opened.aws.recorder.lines[-1]
    assert (last["trigger"], last["attempt"], last["verdict"]) == ("resume", 2, "block")


@pytest.mark.contract("W1")
@pytest.mark.parametrize(
    ("account", "role"),
    [(CENTRAL, "somebody-else"), (PAYMENTS, RESUMER), (ORDERS, RESUMER)],
    ids=["another role", "another account", "the member itself"],
)
def test_nobody_else_gets_in(opened: World, account: str, role: str) -> None:
    sts = session_of(opened, account, role)
    assert code(assumed, sts, ORDERS, "org-gate-access-us-east-1") == "AccessDenied"


@pytest.mark.contract("W1")
def test_the_central_accounts_own_users_do_not_get_in(opened: World) -> None:
    sts = opened.sessions.client("sts", CENTRAL, "us-east-1")
    assert code(assumed, sts, ORDERS, "org-gate-access-us-east-1") == "AccessDenied"
