"""Preflight: whether the names that a rollout gives are free, or org-gate's already; and what state its stacks are in.

Looks, by name, at what the central stack would make. A stack of ours is left alone: CloudFormation knows its own.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from botocore.exceptions import ClientError

from org_gate.inventory.errors import AwsRefusedError, asking_aws, is_there
from org_gate.inventory.installed import InstalledCell, InstalledSet, read_cell
from org_gate.rollout.artifacts import reports_bucket_name
from org_gate.rollout.management import STACK as MANAGEMENT_STACK
from org_gate.rollout.preflight_findings import Finding, Severity, Who, command
from org_gate.rollout.preflight_ground import Ground

FUNCTIONS: Final = ("org-gate-api", "org-gate-collector", "org-gate-reporter", "org-gate-resumer")
"""Of the central stack: a function, its log group and, with the Region behind it, its role."""
TABLE: Final = "org-gate"
GATE: Final = ("org-gate-access", "org-gate-gate", "org-gate-read")
"""The roles of a gate, with the Region behind them; its function is called ``org-gate``, its log group after that."""
_BEGUN: Final = "REVIEW_IN_PROGRESS"
"""A stack of which there is only a change set: it has no description yet, and nothing in it."""
_DEAD: Final = ("CREATE_FAILED", "ROLLBACK_FAILED", "DELETE_FAILED")
_READ_EVENTS: Final = "Read why, and mend that (console: CloudFormation, Stacks, Events). "
_FORBIDDEN: Final = ("403", "AccessDenied")


def central_stacks(ground: Ground) -> Iterator[Finding]:
    """In each central Region: ours and well, or not there and its names free."""
    name = ground.settings.names.central_stack
    for region in ground.settings.central.regions:
        cell = read_cell(ground.client("cloudformation", region), name, region)
        if cell is None or cell.status == _BEGUN:
            stack = f"stack {name}"
            yield from _taken(ground, region, stack, _looks(ground, region, FUNCTIONS, FUNCTIONS))
            yield from _kept(ground, region)
            yield from _reports(ground, region)
        elif cell.version is None:
            yield _not_ours(f"The stack {name} in {region}", "names.central_stack")
        else:
            yield from _state(name, cell)


def stack_set(ground: Ground) -> Iterator[Finding]:
    """Ours, or not there."""
    name = ground.settings.names.stack_set
    described = _described(ground, name)
    if described is None:
        return
    if described.get("PermissionModel") != "SERVICE_MANAGED" or InstalledSet(described).version is None:
        yield _not_ours(f"The StackSet {name}", "names.stack_set")


def management_account(ground: Ground) -> Iterator[Finding]:
    """Its gate, which no StackSet installs: a note, with what to run where pipelines are in it."""
    management = ground.tree.management
    if ground.is_management and all(map(partial(_has_gate, ground), ground.settings.gates.regions)):
        return
    yield Finding(
        code="management-account",
        severity=Severity.NOTE,
        found=f"StackSets install nothing in the management account {management}.",
        means="Pipelines in it, if there are any, have no gate.",
        mend="Where there are, install it as plain stacks, after the rollout.",
        who=Who.MANAGEMENT,
        commands=(command("org-gate", "rollout", "apply", "--management"),),
    )


def _has_gate(ground: Ground, region: str) -> bool:
    return read_cell(ground.client("cloudformation", region), MANAGEMENT_STACK, region) is not None


def _described(ground: Ground, name: str) -> Mapping[str, Any] | None:
    with asking_aws(f"read the StackSet {name}"):
        cloudformation = ground.client("cloudformation", ground.home)
        try:
            described: Mapping[str, Any] = cloudformation.describe_stack_set(StackSetName=name, **ground.call_as)
        except ClientError as error:
            if error.response["Error"]["Code"] == "StackSetNotFoundException":
                return None
            raise
    found: Mapping[str, Any] = described["StackSet"]
    return found


def own_gate(ground: Ground) -> Iterator[Finding]:
    """Where the central account gets a gate itself: the names of that, as long as there is no StackSet."""
    name = ground.settings.names.stack_set
    if all(member.account.id != ground.central for member in ground.members) or _described(ground, name) is not None:
        return
    for region in ground.settings.gates.regions:
        yield from _taken(ground, region, f"StackSet {name}", _looks(ground, region, ["org-gate"], GATE))


def _kept(ground: Ground, region: str) -> Iterator[Finding]:
    """The table of an earlier installation: ``rollout destroy`` keeps it, and a new stack takes it over."""
    describe = partial(ground.client("dynamodb", region).describe_table, TableName=TABLE)
    if _exists(describe, f"look for the table {TABLE} in {region}"):
        takes = "The central stack takes it over: its policy holds from the start, its history stays."
        yield _of_before("table-kept", f"table {TABLE} in {region}", takes)


def _reports(ground: Ground, region: str) -> Iterator[Finding]:
    """The bucket of reports: of an earlier installation, or somebody else's, for such names are the world's."""
    bucket = reports_bucket_name(ground.central, region)
    head = partial(ground.client("s3", region).head_bucket, Bucket=bucket, ExpectedBucketOwner=ground.central)
    try:
        if _exists(head, f"look for the bucket {bucket}"):
            takes = "The central stack takes it over, with all reports that are in it."
            yield _of_before("reports-kept", f"bucket {bucket}", takes)
    except AwsRefusedError as error:
        if error.code not in _FORBIDDEN:
            raise
        yield Finding(
            code="name-taken",
            severity=Severity.STOPS,
            found=f"The bucket {bucket} is not of account {ground.central}, or you may not see it ({error.code}).",
            means="The rollout would fail: names of buckets are one world's, and the reports' bucket is to have this.",
            mend="Ask with s3:ListBucket on it. If it is another account's, tell AWS Support: it has your id in it.",
            who=Who.CENTRAL,
        )


def _of_before(code: str, what: str, takes: str) -> Finding:
    return Finding(
        code=code,
        severity=Severity.NOTE,
        found=f"There is a {what}, from an earlier installation.",
        means=takes,
        mend="If you would rather begin anew, remove it first.",
        who=Who.CENTRAL,
        commands=(command("org-gate", "rollout", "destroy", "--data"),),
    )


@dataclass(frozen=True, slots=True)
class _Look:
    what: str
    name: str
    ask: Callable[[], Any]
    remove: tuple[str, ...]


def _taken(ground: Ground, region: str, owner: str, looks: Iterable[_Look]) -> Iterator[Finding]:
    """What is there by a name of ours although the stack is not that it would be part of."""
    for look in looks:
        if _exists(look.ask, f"look for the {look.what} {look.name} in {region}"):
            yield Finding(
                code="name-taken",
                severity=Severity.STOPS,
                found=f"There is a {look.what} {look.name} in {region} of account {ground.central}, and no {owner} "
                "that it is part of.",
                means="The rollout would fail: CloudFormation makes nothing that is there already.",
                mend="It is left over from an earlier installation, or somebody else's. If nobody needs it, remove it.",
                who=Who.CENTRAL,
                commands=look.remove,
            )


def _looks(ground: Ground, region: str, functions: Iterable[str], roles: Iterable[str]) -> Iterator[_Look]:
    """For functions with their log groups, and for roles, which have the Region behind their name."""
    code, iam, logs = ground.client("lambda", region), ground.client("iam"), ground.client("logs", region)
    for name in functions:
        group = f"/aws/lambda/{name}"
        delete = command("aws", "lambda", "delete-function", "--function-name", name, "--region", region)
        yield _Look("function", name, partial(code.get_function, FunctionName=name), (delete,))
        delete = command("aws", "logs", "delete-log-group", "--log-group-name", group, "--region", region)
        yield _Look("log group", group, partial(_log_group, logs, group), (delete,))
    for name in roles:
        role = f"{name}-{region}"
        yield _Look("role", role, partial(iam.get_role, RoleName=role), _without_policies(role))


def _without_policies(role: str) -> tuple[str, ...]:
    """IAM deletes no role that has policies."""
    named = command("--role-name", role)
    each = f'aws iam delete-role-policy {named} --policy-name "$policy"'
    return (
        f"for policy in $(aws iam list-role-policies {named} --query PolicyNames --output text); do {each}; done",
        f"aws iam delete-role {named}",
    )


def _log_group(logs: Any, name: str) -> bool:
    pages = logs.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=name)
    return any(group["logGroupName"] == name for page in pages for group in page["logGroups"])


def _exists(look: Callable[[], Any], doing: str) -> bool:
    with asking_aws(doing):
        return is_there(look)


def _state(name: str, cell: InstalledCell) -> Iterator[Finding]:
    status, where = cell.status, ("--stack-name", name, "--region", cell.region)
    delete = (
        command("aws", "cloudformation", "delete-stack", *where),
        command("aws", "cloudformation", "wait", "stack-delete-complete", *where),
    )
    if status == "ROLLBACK_COMPLETE":
        means = "It never came up; a rollout makes it anew, and fails again where the reason is still there."
        yield _stack(name, cell, Severity.WARNS, means, _READ_EVENTS + "Then let it be removed, or remove it.", delete)
    elif status in _DEAD:
        means = "It cannot be updated, so a rollout cannot begin."
        yield _stack(name, cell, Severity.STOPS, means, _READ_EVENTS + "Then remove it.", delete)
    elif status == "UPDATE_ROLLBACK_FAILED":
        means = "What ran before runs on, in part; it cannot be updated."
        go_on = (command("aws", "cloudformation", "continue-update-rollback", *where),)
        yield _stack(name, cell, Severity.STOPS, means, _READ_EVENTS + "Then let the rollback go on.", go_on)
    elif status.endswith("_IN_PROGRESS"):
        means = "Somebody is changing it; a rollout would wait until that is done."
        yield _stack(name, cell, Severity.WARNS, means, "Wait, and run again.", ())


def _stack(  # noqa: PLR0917  a finding's parts in its order
    name: str, cell: InstalledCell, severity: Severity, means: str, mend: str, commands: tuple[str, ...]
) -> Finding:
    return Finding(
        code="stack-state",
        severity=severity,
        found=f"The stack {name} in {cell.region} is {cell.status}.",
        means=means,
        mend=mend,
        who=Who.CENTRAL,
        commands=commands,
    )


def _not_ours(what: str, setting: str) -> Finding:
    return Finding(
        code="not-ours",
        severity=Severity.STOPS,
        found=f"{what} is there and is not org-gate's.",
        means="A rollout would replace what is in it, so it does not begin.",
        mend=f"Give another name in {setting} of the settings.",
        who=Who.YOU,
    )
