"""What a rollout and what it installs need to be allowed: by whom, on what, in which Region, and what for.

Plain data, built from the settings. Rights of the caller and policies of the organization are both held against it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from org_gate.inventory.settings import Settings
from org_gate.rollout.artifacts import bucket_name, reports_bucket_name
from org_gate.rollout.preflight_ground import GLOBAL_REGION, Caller

_SSO_PATH: Final = "aws-reserved/sso.amazonaws.com/"
_ASSUMED: Final = re.compile(r"^arn:aws:sts::([0-9]{12}):assumed-role/([^/]+)/")
_GLOBAL: Final = frozenset({"iam", "organizations", "health"})
"""Services that a request reaches in us-east-1, wherever it comes from."""

_OURS: Final = "arn:aws:iam::*:role/org-gate-*"
_INSTALLERS: Final = "arn:aws:iam::*:role/stacksets-exec-*"
"""The roles that StackSets has in the accounts of an organization."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """``principal`` is who asks, as ``aws:PrincipalArn`` has it; ``exempt`` is the pattern for all that ask so."""

    action: str
    resource: str
    principal: str
    exempt: str
    region: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Rights:
    """Actions on one resource, where they are asked for, and what they are for."""

    purpose: str
    region: str
    resource: str
    actions: tuple[str, ...]


def _of(service: str, *operations: str) -> tuple[str, ...]:
    return tuple(f"{service}:{operation}" for operation in operations)


_READ_ORGANIZATION: Final = _of(
    "organizations",
    *("DescribeOrganization", "ListRoots", "ListOrganizationalUnitsForParent", "ListAccountsForParent"),
)
_STACK: Final = _of(
    "cloudformation",
    *("CreateChangeSet", "DeleteChangeSet", "DeleteStack", "DescribeChangeSet", "DescribeStackEvents"),
    *("DescribeStacks", "ExecuteChangeSet", "GetTemplate", "ListChangeSets"),
)
_STACK_SET: Final = _of(
    "cloudformation",
    *("CreateStackInstances", "CreateStackSet", "DeleteStackInstances", "DescribeStackSet"),
    *("DescribeStackSetOperation", "ListStackInstances", "ListStackSetOperationResults", "ListStackSetOperations"),
    *("UpdateStackInstances", "UpdateStackSet"),
)
_BUCKET: Final = _of(
    "s3",
    *("CreateBucket", "ListBucket", "PutBucketPublicAccessBlock", "PutBucketVersioning", "PutEncryptionConfiguration"),
)
_REPORTS_BUCKET: Final = (
    *_BUCKET,
    *_of("s3", "PutBucketOwnershipControls", "PutBucketPolicy", "PutLifecycleConfiguration"),
)
_FUNCTION: Final = _of(
    "lambda",
    *("AddPermission", "CreateFunction", "CreateFunctionUrlConfig", "GetFunction", "PutFunctionEventInvokeConfig"),
    *("UpdateFunctionCode", "UpdateFunctionConfiguration"),
)
_ROLE: Final = _of("iam", "CreateRole", "GetRole", "PassRole", "PutRolePolicy")
_TABLE: Final = _of(
    "dynamodb", "CreateTable", "DescribeTable", "UpdateContinuousBackups", "UpdateTable", "UpdateTimeToLive"
)
_QUEUE: Final = _of("sqs", "CreateQueue", "GetQueueAttributes", "SetQueueAttributes")
_TOPIC: Final = _of("sns", "CreateTopic", "GetTopicAttributes", "SetTopicAttributes", "Subscribe")
_RULE: Final = _of("events", "DescribeRule", "PutRule", "PutTargets")
_LOGS: Final = _of("logs", "CreateLogGroup", "PutRetentionPolicy")


def rights_of_the_caller(settings: Settings, management: str) -> Iterator[Rights]:
    """What ``rollout apply`` takes, Region by Region; the StackSet belongs to the ``management`` account."""
    account, names = settings.central.account, settings.names
    yield Rights("read the organization", GLOBAL_REGION, "*", _READ_ORGANIZATION)
    home = settings.central.region
    stack_set = f"arn:aws:cloudformation:{home}:{management}:stackset/{names.stack_set}:*"
    yield Rights("put gates into the accounts (StackSet)", home, stack_set, _STACK_SET)
    for region in settings.central.regions:
        yield from _in_region(account, region, names.central_stack)
    for region in settings.gates.regions:
        role = f"arn:aws:iam::{account}:role/org-gate-read-{region}"
        yield Rights("try the gates after each wave", home, role, _of("sts", "AssumeRole"))


def _in_region(account: str, region: str, stack: str) -> Iterator[Rights]:
    def named(service: str, resource: str) -> str:
        return f"arn:aws:{service}:{region}:{account}:{resource}"

    bucket = f"arn:aws:s3:::{bucket_name(account, region)}"
    yield Rights(f"deploy the central stack in {region}", region, named("cloudformation", f"stack/{stack}/*"), _STACK)
    yield Rights(f"keep the functions' code in {region}", region, bucket, _BUCKET)
    yield Rights(f"keep the functions' code in {region}", region, f"{bucket}/*", _of("s3", "GetObject", "PutObject"))
    yield Rights(f"make the functions in {region}", region, named("lambda", "function:org-gate-api"), _FUNCTION)
    yield Rights(f"make the functions in {region}", region, "*", _of("lambda", "CreateEventSourceMapping"))
    yield Rights("make the functions' roles", region, f"arn:aws:iam::{account}:role/org-gate-api-{region}", _ROLE)
    parts = f"make the other parts of the central stack in {region}"
    yield Rights(parts, region, f"arn:aws:s3:::{reports_bucket_name(account, region)}", _REPORTS_BUCKET)
    yield Rights(parts, region, named("dynamodb", "table/org-gate"), _TABLE)
    yield Rights(parts, region, named("sqs", "org-gate-resume"), _QUEUE)
    yield Rights(parts, region, named("sns", "org-gate-changes"), _TOPIC)
    yield Rights(parts, region, named("events", "rule/org-gate-look"), _RULE)
    yield Rights(parts, region, named("logs", "log-group:/aws/lambda/org-gate-api:*"), _LOGS)
    yield Rights(parts, region, named("cloudwatch", "alarm:org-gate-api"), _of("cloudwatch", "PutMetricAlarm"))
    dashboard = f"arn:aws:cloudwatch::{account}:dashboard/org-gate-{region}"
    yield Rights(parts, region, dashboard, _of("cloudwatch", "PutDashboard"))
    ask = f"publish the policy through the decision API in {region}"
    yield Rights(
        ask, region, named("lambda", "function:org-gate-api"), _of("lambda", "InvokeFunction", "InvokeFunctionUrl")
    )


def role_of(caller: Caller) -> tuple[str, str] | None:
    """The name and the most likely ARN of the role that the caller has assumed; None for a user."""
    found = _ASSUMED.match(caller.arn)
    if found is None:
        return None
    account, name = found.groups()
    path = _SSO_PATH if name.startswith("AWSReservedSSO_") else ""
    return name, f"arn:aws:iam::{account}:role/{path}{name}"


def central_needs(settings: Settings, management: str, caller: Caller) -> Iterator[Need]:
    """What has to be allowed to principals of the central account; to the caller only where it is of that account."""
    role = role_of(caller)
    arn = caller.arn if role is None else role[1]
    rights = rights_of_the_caller(settings, management) if caller.account == settings.central.account else ()
    for each in rights:
        for action in each.actions:
            yield _need(action, each.resource, (arn, arn), each.region, each.purpose)
    for region in settings.central.regions:
        bucket = f"arn:aws:s3:::{reports_bucket_name(settings.central.account, region)}"
        for function, action, resource, purpose in (
            ("collector", "health:DescribeEventsForOrganization", "*", "read AWS Health"),
            ("collector", "organizations:ListAccounts", "*", "read AWS Health"),
            ("api", "dynamodb:Query", f"arn:aws:dynamodb:{region}:{settings.central.account}:table/org-gate", "decide"),
            ("resumer", "sts:AssumeRole", "arn:aws:iam::*:role/org-gate-access-*", "resume what was blocked"),
            ("reporter", "s3:PutObject", f"{bucket}/*", "keep reports"),
        ):
            principal = f"arn:aws:iam::{settings.central.account}:role/org-gate-{function}-{region}"
            yield _need(action, resource, (principal, _OURS), region, purpose)


def member_needs(settings: Settings, account: str) -> Iterator[Need]:
    """What has to be allowed to principals of an account that gets a gate."""
    installer = (f"arn:aws:iam::{account}:role/stacksets-exec-0123456789abcdef0123456789abcdef", _INSTALLERS)
    central = f"arn:aws:lambda:{settings.central.region}:{settings.central.account}:function:org-gate-api"
    for region in settings.gates.regions:
        role = f"arn:aws:iam::{account}:role/org-gate-gate-{region}"
        function = f"arn:aws:lambda:{region}:{account}:function:org-gate"
        logs = f"arn:aws:logs:{region}:{account}:log-group:/aws/lambda/org-gate:*"
        for resource, actions in (
            (f"arn:aws:cloudformation:{region}:{account}:stack/StackSet-{settings.names.stack_set}-0/*",
             _of("cloudformation", "CreateStack")),
            (role, _ROLE),
            (function, _of("lambda", "CreateFunction", "PutFunctionEventInvokeConfig")),
            (logs, _LOGS),
        ):  # fmt: skip
            for action in actions:
                yield _need(action, resource, installer, region, "install the gate")
        for resource, actions, to in (
            (central, _of("lambda", "InvokeFunctionUrl", "InvokeFunction"), settings.central.region),
            ("*", _of("codepipeline", "GetJobDetails", "PutJobFailureResult", "PutJobSuccessResult"), region),
        ):
            for action in actions:
                yield _need(action, resource, (role, _OURS), to, "answer pipelines")


def resource_needs(settings: Settings, account: str) -> Iterator[Need]:
    """What a member account's resources have to let the central account do."""
    for region in settings.central.regions:
        principal = f"arn:aws:iam::{settings.central.account}:role/org-gate-resumer-{region}"
        for gate in settings.gates.regions:
            role = f"arn:aws:iam::{account}:role/org-gate-access-{gate}"
            yield _need("sts:AssumeRole", role, (principal, _OURS), gate, "resume what was blocked")


def _need(action: str, resource: str, who: tuple[str, str], region: str, purpose: str) -> Need:
    """``who``: the principal, and the pattern for all that ask as it does."""
    where = GLOBAL_REGION if action.partition(":")[0] in _GLOBAL else region
    return Need(action=action, resource=resource, principal=who[0], exempt=who[1], region=where, purpose=purpose)
