"""A rollout with every option on and a scenario that needs every right: for tests that look at who used which.

The home cell gets a key, a permissions boundary and tracing by an update of its stack, as a platform team would give
them later; a person of the central account looks at pipelines and gates through the read role.
"""

import json
from collections.abc import Iterator
from typing import Any, Final
from urllib.error import HTTPError
from urllib.request import urlopen

import boto3
from botocore.exceptions import ClientError
from moto.iam.models import iam_backends
from moto.sns.models import sns_backends

from org_gate.simulator.iam.ledger import Use
from org_gate.simulator.world import World
from tests.e2e.support import CENTRAL, ISSUE, ORDERS, issue, scenario, update

HOME: Final = "eu-west-1"
COLLECTOR, API, RESUMER, REPORTER = (
    f"arn:aws:iam::{CENTRAL}:role/org-gate-{name}-{HOME}" for name in ("collector", "api", "resumer", "reporter")
)
GATE, ACCESS, READ = (f"arn:aws:iam::{ORDERS}:role/org-gate-{name}-us-east-1" for name in ("gate", "access", "read"))
ROLES: Final = (COLLECTOR, API, RESUMER, REPORTER, GATE, ACCESS, READ)
SPECIFIC, LATER = ISSUE.replace("_T1", "_T2"), ISSUE.replace("_T1", "_T3")
Right = tuple[str, str, str]
"""Role, the statement's Sid, action."""

POLICY: Final = {
    "version": 1,
    "rules": [
        {"name": "databases", "match": {"entities": ["db-*"]}, "targets": {"tags": {"tier": ["1"]}}, "verdict": "warn"},
        {"name": "open-issues", "match": {"categories": ["issue"], "statuses": ["open"]}, "verdict": "block"},
    ],
}
"""It needs all that only some policies need."""

DATA: Final = scenario(
    issue("1m"),
    issue("2m", SPECIFIC, accounts=[ORDERS]),
    {"at": "2m", "deliver": {"arn": SPECIFIC}},
    {"at": "3m", "run": "orders"},
    update("4m", statusCode="closed", endTime="+4m"),
    update("4m", SPECIFIC, statusCode="closed", endTime="+4m"),
    {"at": "5m", "retry": "orders"},
    {"at": "6m", "fault": {"service": "central", "kind": "down", "for": "1m"}},
    {"at": "6m", "run": "orders"},
    {"at": "69m", "policy": POLICY},
    {"at": "70m", "run": "orders"},
    issue("75m", LATER),
    {"at": "76m", "run": "orders"},
    update("78m", LATER, statusCode="closed"),
    policy=POLICY,
)

NOT_JUDGED: Final = {
    (
        COLLECTOR,
        "ReadHealthOfTheOrganization",
        "organizations:ListAccounts",
    ): "AWS Health asks for it, the simulator not",
    (RESUMER, "KeepWhatWaits", "dynamodb:DeleteItem"): "two hours after a deployment waits no more",
    **{
        (RESUMER, "ReceiveMessages", f"sqs:{action}"): "Lambda's poller does that; the simulator's asks IAM for nothing"
        for action in ("DeleteMessage", "GetQueueAttributes", "ReceiveMessage")
    },
    **{
        (role, "SendTraces", f"xray:{action}"): "Lambda's runtime does that; the simulator's sends no traces"
        for role in (COLLECTOR, API, RESUMER, REPORTER)
        for action in ("PutTelemetryRecords", "PutTraceSegments")
    },
}
"""Rights that no run can use, and why."""

BOUNDARY: Final = "org/org-gate-boundary"
_BOUNDED: Final = (
    "cloudformation",
    "dynamodb",
    "health",
    "kms",
    "logs",
    "organizations",
    "s3",
    "sns",
    "sqs",
    "sts",
    "xray",
)


def with_every_option(opened: World) -> str:
    """Updates the home cell's stack; the ARN of the key."""
    key = opened.sessions.client("kms", CENTRAL, HOME).create_key()["KeyMetadata"]["Arn"]
    make_boundary(opened, CENTRAL)
    cloudformation = opened.sessions.client("cloudformation", CENTRAL, HOME)
    (stack,) = cloudformation.describe_stacks(StackName="org-gate-central")["Stacks"]
    options = {
        "KmsKeyArn": key,
        "PermissionsBoundary": BOUNDARY,
        "Tracing": "Active",
        "ApiReservedConcurrency": "50",
        "CollectorReservedConcurrency": "2",
        "ReportSchedule": "rate(10 minutes)",
    }
    kept = {each["ParameterKey"] for each in stack["Parameters"]} - set(options)
    cloudformation.update_stack(
        StackName="org-gate-central",
        UsePreviousTemplate=True,
        Parameters=[
            *({"ParameterKey": name, "UsePreviousValue": True} for name in sorted(kept)),
            *({"ParameterKey": name, "ParameterValue": value} for name, value in options.items()),
        ],
        Capabilities=["CAPABILITY_NAMED_IAM"],
    )
    (stack,) = cloudformation.describe_stacks(StackName="org-gate-central")["Stacks"]
    assert stack["StackStatus"] == "UPDATE_COMPLETE"
    return str(key)


def make_boundary(opened: World, account: str) -> None:
    path, _, name = BOUNDARY.rpartition("/")
    statement = {"Effect": "Allow", "Action": [f"{service}:*" for service in _BOUNDED], "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    iam = opened.sessions.client("iam", account, HOME)
    iam.create_policy(PolicyName=name, Path=f"/{path}/", PolicyDocument=document)


def look_around(opened: World) -> Iterator[tuple[str, Any]]:
    """What the read role is for, in both Regions, each answer by its call; None where it was refused."""
    session = reading(opened)
    for region in ("us-east-1", "eu-west-1"):
        pipelines, functions = (client_of(opened, session, service, region) for service in ("codepipeline", "lambda"))
        yield f"list {region}", _answer(pipelines.list_pipelines)
        yield f"configuration {region}", _answer(functions.get_function_configuration, FunctionName="org-gate")
    yield "get", _answer(client_of(opened, session, "codepipeline", "us-east-1").get_pipeline, name="orders")
    functions = client_of(opened, session, "lambda", "us-east-1")
    yield "invoke", _answer(functions.invoke, FunctionName="org-gate", Payload=b"{}")
    yield "report", _latest_report()


def _latest_report() -> bytes | None:
    """What the link in the latest announcement leads to: a request without any credentials."""
    (topic,) = [each for each in sns_backends[CENTRAL][HOME].topics.values() if each.name == "org-gate-notifications"]
    mails = [json.loads(message)["default"] for _, message, *_ in topic.sent_notifications]
    *_, link = [line for mail in mails for line in mail.splitlines() if "X-Amz-Signature" in line]
    try:
        with urlopen(link, timeout=60) as answer:
            return bytes(answer.read())
    except HTTPError:
        return None


def reading(opened: World) -> Any:
    """Credentials of the read role, for a person of the central account."""
    sts = opened.sessions.client("sts", CENTRAL, HOME)
    return sts.assume_role(RoleArn=READ, RoleSessionName="report")["Credentials"]


def client_of(opened: World, credentials: Any, service: str, region: str) -> Any:
    make: Any = boto3.client
    return make(
        service,
        region_name=region,
        endpoint_url=opened.aws.server.endpoint,
        aws_access_key_id=credentials["AccessKeyId"],
        aws_secret_access_key=credentials["SecretAccessKey"],
        aws_session_token=credentials["SessionToken"],
    )


def _answer(call: Any, **params: Any) -> Any:
    try:
        return call(**params)
    except ClientError:
        return None


def policies(role_arn: str) -> dict[str, Any]:
    backend = iam_backends[role_arn.split(":")[4]]["aws"]
    role = backend.get_role(role_arn.rsplit("/", 1)[-1])
    return {name: json.loads(text) if isinstance(text, str) else text for name, text in role.policies.items()}


def granted(role_arn: str) -> set[Right]:
    statements = [one for policy in policies(role_arn).values() for one in policy["Statement"]]
    return {(role_arn, one["Sid"], action) for one in statements for action in _listed(one["Action"])}


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def used(uses: tuple[Use, ...]) -> set[Right]:
    return {(use.principal, use.statement, use.action) for use in uses if use.allowed}
