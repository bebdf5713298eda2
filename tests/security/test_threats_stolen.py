"""Stolen: the gate role's credentials, a member administrator's, a request that was signed. What each opens, at most.

In the simulator's organization, with its signatures, its Function URL and its IAM in front of every service.
"""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError
from moto.sts.models import sts_backends

from org_gate.client.api import DecisionApi, Taken
from org_gate.client.errors import Refused
from org_gate.rollout.render import member_template
from org_gate.simulator.play import play
from org_gate.simulator.world import World
from tests.e2e.support import CENTRAL, ORDERS, PAYMENTS, Quiet, issue, scenario, world
from tests.unit.rollout.templates import actions, statements

HOME = "eu-west-1"
GATE = f"arn:aws:iam::{ORDERS}:role/org-gate-gate-us-east-1"
API = f"arn:aws:lambda:{HOME}:{CENTRAL}:function:org-gate-api"
OVERRIDE = {"accounts": [ORDERS], "events": ["all"], "reason": "a rollback", "for": "1h"}
GRANTING = {"version": 1, "override_grants": [{"targets": {"accounts": [ORDERS]}, "max": "1h"}]}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """At its end ``orders`` is blocked."""
    folder = tmp_path_factory.mktemp("stolen")
    with world(folder, scenario(issue("1m"), {"at": "2m", "run": "orders"}, tail="0m")) as playing:
        play(playing, Quiet())
        yield playing


@pytest.fixture(scope="module")
def stolen(opened: World) -> Credentials:  # noqa: ARG001  the organization that it is of
    """A session of the gate's role, as its function has one."""
    got = sts_backends[ORDERS]["aws"].assume_role(
        region_name="us-east-1",
        role_session_name="org-gate",
        role_arn=GATE,
        policy=None,
        duration=3600,
        external_id=None,
    )
    return Credentials(got.access_key_id, got.secret_access_key, got.session_token)


def client(opened: World, service: str, region: str, keys: Credentials) -> Any:
    make: Any = boto3.client
    return make(
        service,
        region_name=region,
        endpoint_url=opened.aws.server.endpoint,
        aws_access_key_id=keys.access_key,
        aws_secret_access_key=keys.secret_key,
        aws_session_token=keys.token,
    )


def api(opened: World, keys: Credentials) -> DecisionApi:
    return DecisionApi([opened.cell().decision_url], keys)


def administrator(opened: World, account: str) -> Credentials:
    return Credentials(*opened.organization.access_keys[account])


@contextmanager
def published(opened: World, policy: dict[str, Any]) -> Iterator[None]:
    """In force for the length of the block."""
    central = api(opened, administrator(opened, CENTRAL))
    before = central.policy(central.status()["policy_version"])["policy"]
    central.publish_policy(policy)
    yield
    central.publish_policy(before)


# --- The gate's credentials


def test_what_the_template_gives_the_gate_reads_answers_and_asks_and_changes_nothing() -> None:
    """Of all that it may do, only answers to jobs and lines in its own log change something."""
    given = {action: each["Resource"] for each in statements(member_template(), "Role") for action in actions(each)}
    changing = {action for action in given if action.split(":")[1].startswith(("Put", "Create"))}
    assert changing == {
        "codepipeline:PutJobFailureResult",
        "codepipeline:PutJobSuccessResult",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
    }
    asking = {action for action in given if action.startswith("lambda:")}
    assert all(given[action] == {"Ref": "CentralFunctionArns"} for action in asking)
    assert {action.split(":")[0] for action in given} == {"codepipeline", "health", "lambda", "logs"}


REFUSED: dict[str, tuple[str, str, Callable[[Any], object]]] = {
    "retry a stage": (
        "codepipeline",
        "us-east-1",
        lambda c: c.retry_stage_execution(
            pipelineName="orders", stageName="Gate", pipelineExecutionId="x" * 8, retryMode="FAILED_ACTIONS"
        ),
    ),
    "start a pipeline": ("codepipeline", "us-east-1", lambda c: c.start_pipeline_execution(name="orders")),
    "list pipelines": ("codepipeline", "us-east-1", lambda c: c.list_pipelines()),
    "read the table": ("dynamodb", HOME, lambda c: c.scan(TableName="org-gate")),
    "become the resumer's": (
        "sts",
        "us-east-1",
        lambda c: c.assume_role(RoleArn=GATE.replace("org-gate-gate", "org-gate-access"), RoleSessionName="xx"),
    ),
    "change the gate": ("lambda", "us-east-1", lambda c: c.delete_function(FunctionName="org-gate")),
    "send to the resumer": (
        "sqs",
        HOME,
        lambda c: c.send_message(
            QueueUrl=f"https://sqs.{HOME}.amazonaws.com/{CENTRAL}/org-gate-resume", MessageBody="{}"
        ),
    ),
    "tell people": (
        "sns",
        HOME,
        lambda c: c.publish(TopicArn=f"arn:aws:sns:{HOME}:{CENTRAL}:org-gate-notifications", Message="all is well"),
    ),
    "see the organization": ("organizations", "us-east-1", lambda c: c.list_accounts()),
    "invoke central directly": ("lambda", HOME, lambda c: c.invoke(FunctionName=API, Payload=b"{}")),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_stolen_gate_may_not(what: str, opened: World, stolen: Credentials) -> None:
    service, region, ask = REFUSED[what]
    with pytest.raises(ClientError) as refused:
        ask(client(opened, service, region, stolen))
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] in {400, 403}
    code = refused.value.response["Error"]["Code"]
    assert any(word in code for word in ("AccessDenied", "NotAuthorized", "AuthorizationError", "NonExistentQueue")), (
        code
    )


def test_a_stolen_gate_asks_for_its_own_account_alone(opened: World, stolen: Credentials) -> None:
    """It sees what its account sees: its decisions, public events. It publishes, drills and declares nothing."""
    asking = api(opened, stolen)
    assert asking.decide({"targets": [f"{ORDERS}/us-east-1"]})["verdict"] == "block"
    assert {one["account"] for one in asking.decisions(since="2026-03-02T00:00:00Z")["decisions"]} == {ORDERS}
    refusals: list[Callable[[], object]] = [
        lambda: asking.decide({"targets": [f"{PAYMENTS}/us-east-1"]}),
        lambda: asking.events(account=PAYMENTS),
        asking.policies,
        asking.drills,
        asking.declared_events,
    ]
    for forbidden in refusals:
        with pytest.raises(Refused) as refused:
            forbidden()
        assert refused.value.status == 403
    changes: list[Callable[[], tuple[Taken, ...]]] = [
        lambda: asking.publish_policy({"version": 1}),
        lambda: asking.start_drill({"public": True, "reason": "x", "for": "1h"}),
        lambda: asking.declare_event({"services": ["EC2"], "regions": ["us-east-1"], "reason": "x", "for": "1h"}),
    ]
    for changing in changes:
        (taken,) = changing()
        assert isinstance(taken.error, Refused)
        assert taken.error.status == 403


def test_a_stolen_gate_overrides_only_where_the_policy_lets_its_account(opened: World, stolen: Credentials) -> None:
    (refused,) = api(opened, stolen).create_override(OVERRIDE)
    assert isinstance(refused.error, Refused)
    assert refused.error.status == 403
    with published(opened, GRANTING):
        (taken,) = api(opened, stolen).create_override(OVERRIDE)
        assert taken.answer is not None
        assert taken.answer["who"].startswith(f"arn:aws:sts::{ORDERS}:assumed-role/org-gate-gate-us-east-1/")
        (beyond,) = api(opened, stolen).create_override({**OVERRIDE, "accounts": [PAYMENTS]})
        assert isinstance(beyond.error, Refused)
        assert beyond.error.status == 403
        api(opened, administrator(opened, CENTRAL)).revoke_override(taken.answer["override_id"])


# --- A member's administrator


def forged(caller: str) -> dict[str, Any]:
    """A Function URL's event as nobody but AWS may make it."""
    iam = {"accountId": caller, "userArn": f"arn:aws:iam::{caller}:root"}
    http_part = {"method": "GET", "path": "/v1/policies"}
    return {
        "version": "2.0",
        "rawPath": "/v1/policies",
        "rawQueryString": "",
        "headers": {},
        "requestContext": {"authorizer": {"iam": iam}, "http": http_part, "stage": "$default", "timeEpoch": 0},
    }


def test_who_may_do_anything_in_a_member_account_cannot_hand_central_an_identity(opened: World) -> None:
    """The function invoked directly would take the caller from the event; its resource policy lets URLs alone."""
    asking = client(opened, "lambda", HOME, administrator(opened, ORDERS))
    with pytest.raises(ClientError, match="AccessDenied"):
        asking.invoke(FunctionName=API, Payload=json.dumps(forged(CENTRAL)).encode())


def test_what_a_request_says_of_itself_is_not_who_it_is(opened: World) -> None:
    """Headers that other front doors set, and an account in the body."""
    body = {
        "targets": [f"{PAYMENTS}/us-east-1"],
        "caller": CENTRAL,
        "account": CENTRAL,
        "requestContext": forged(CENTRAL),
    }
    headers = {"x-amzn-oidc-identity": CENTRAL, "x-forwarded-for": "10.0.0.1", "x-amzn-iam-account": CENTRAL}
    keys = administrator(opened, ORDERS)
    status, answer = send(sign(opened, keys, "POST", "/v1/decisions", json.dumps(body).encode(), headers))
    assert status == 403
    assert "delegates" in answer["detail"]


# --- A signed request, sent again


Signed = tuple[str, str, bytes, dict[str, str]]


def sign(  # noqa: PLR0917  the parts of a request
    opened: World, keys: Credentials, method: str, path: str, body: bytes, headers: dict[str, str] | None = None
) -> Signed:
    url = opened.cell().decision_url.rstrip("/") + path
    request = AWSRequest(method, url, {"Content-Type": "application/json", **(headers or {})}, body)
    SigV4Auth(keys, "lambda", HOME).add_auth(request)
    return method, url, body, dict(request.headers.items())


def send(signed: Signed) -> tuple[int, Any]:
    method, url, body, headers = signed
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=30)
    connection.request(method, parts.path, body, headers)
    response = connection.getresponse()
    answer = response.status, json.loads(response.read())
    connection.close()
    return answer


def test_a_question_replayed_is_answered_and_recorded_once_more(opened: World) -> None:
    """Nothing else comes of it: the same verdict, another record of the same caller, no deployment that waits."""
    asking = api(opened, administrator(opened, ORDERS))
    body = json.dumps({"targets": [f"{ORDERS}/us-east-1"], "pipeline": {"name": "orders"}}).encode()
    signed = sign(opened, administrator(opened, ORDERS), "POST", "/v1/decisions", body)
    waiting = asking.status()["waiting"]
    first, again = send(signed), send(signed)
    assert first[0] == again[0] == 200
    assert first[1]["verdict"] == again[1]["verdict"]
    assert first[1]["decision_id"] != again[1]["decision_id"]
    assert asking.status()["waiting"] == waiting


def test_an_override_replayed_is_one_where_its_id_was_sent(opened: World) -> None:
    """The command line sends one, always; what was sent without lifts once more, as long as the front door takes it."""
    central = administrator(opened, CENTRAL)
    named = sign(opened, central, "POST", "/v1/overrides", json.dumps({**OVERRIDE, "id": f"o-{'1' * 32}"}).encode())
    nameless = sign(opened, central, "POST", "/v1/overrides", json.dumps(OVERRIDE).encode())
    assert [send(named)[0] for _ in range(2)] == [200, 409]
    api(opened, central).revoke_override(f"o-{'1' * 32}")
    assert send(named)[0] == 409, "nor does it come back once it is revoked"
    made = [send(nameless) for _ in range(2)]
    assert [status for status, _ in made] == [200, 200]
    for _, answer in made:
        api(opened, central).revoke_override(answer["override_id"])


def test_a_policy_replayed_is_refused_where_it_said_what_it_replaces(opened: World) -> None:
    """The command line says it, always: nobody brings an old policy back by sending it again."""
    central = administrator(opened, CENTRAL)
    version = api(opened, central).status()["policy_version"]
    same = api(opened, central).policy(version)["policy"]
    body = json.dumps({"policy": same, "expected_version": version}).encode()
    signed = sign(opened, central, "POST", "/v1/policies", body)
    assert [send(signed)[0] for _ in range(2)] == [200, 409]
