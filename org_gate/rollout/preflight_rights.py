"""Preflight: whether the caller may do what a rollout does, as IAM's own simulation tells it.

Simulates, and so changes nothing. Where the caller may not have that simulated, AwsRefusedError says so.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from botocore.exceptions import ClientError

from org_gate.inventory.errors import asking_aws
from org_gate.rollout.preflight_findings import Finding, Severity, Who, command
from org_gate.rollout.preflight_ground import Ground
from org_gate.rollout.preflight_needs import Rights, rights_of_the_caller, role_of

_POLICY: Final = "org-gate-rollout"
_SSO: Final = "AWSReservedSSO_"
_UNKNOWN_MANAGEMENT: Final = "*"


def rights(ground: Ground) -> Iterator[Finding]:
    """One finding for each thing that the caller may not do."""
    if ground.caller.arn.endswith(":root"):
        return
    source = _policy_source(ground)
    management = _UNKNOWN_MANAGEMENT if ground.described is None else ground.described["MasterAccountId"]
    denied: dict[str, list[Rights]] = {}
    for wanted in dict.fromkeys(rights_of_the_caller(ground.settings, management)):
        actions = _denied(ground.client("iam"), source, wanted)
        if actions:
            denied.setdefault(wanted.purpose, []).append(replace(wanted, actions=actions))
    if denied:
        everything = [each for group in denied.values() for each in group]
        allow = _allowing(ground, everything)
        yield from (_finding(ground, purpose, group, allow) for purpose, group in denied.items())


def _policy_source(ground: Ground) -> str:
    """The user or role whose policies count. IAM knows the path of a role, which the session's ARN leaves out."""
    role = role_of(ground.caller)
    if role is None:
        return ground.caller.arn
    name, likely = role
    with asking_aws("read the role of these credentials"):
        try:
            arn: str = ground.client("iam").get_role(RoleName=name)["Role"]["Arn"]
        except ClientError as error:
            if error.response["Error"]["Code"] in {"AccessDenied", "NoSuchEntity"}:
                return likely
            raise
    return arn


def _denied(iam: Any, source: str, wanted: Rights) -> tuple[str, ...]:
    with asking_aws("have IAM simulate what these credentials may do"):
        pages = iam.get_paginator("simulate_principal_policy").paginate(
            PolicySourceArn=source, ActionNames=list(wanted.actions), ResourceArns=[wanted.resource]
        )
        results = [each for page in pages for each in page["EvaluationResults"]]
    return tuple(sorted(each["EvalActionName"] for each in results if each["EvalDecision"] != "allowed"))


def _finding(ground: Ground, purpose: str, group: Sequence[Rights], allow: tuple[str, ...]) -> Finding:
    actions = sorted({action for each in group for action in each.actions})
    return Finding(
        code="rights",
        severity=Severity.STOPS,
        found=f"{ground.caller.arn} may not {purpose}: {', '.join(actions)}.",
        means="The rollout would stop there.",
        mend=_where(ground, allow),
        who=Who.CENTRAL,
        commands=allow,
    )


def _where(ground: Ground, allow: tuple[str, ...]) -> str:
    if allow:
        return "Allow it (the command allows all that is missing), or use credentials that may."
    return (
        f"Add it to the permission set of {ground.caller.arn.split('/')[1]} in IAM Identity Center, or use "
        "credentials that may."
    )


def _allowing(ground: Ground, missing: Sequence[Rights]) -> tuple[str, ...]:
    """None for a role of IAM Identity Center, which nobody can change in the account."""
    statements = [{"Effect": "Allow", "Action": list(each.actions), "Resource": each.resource} for each in missing]
    document = json.dumps({"Version": "2012-10-17", "Statement": statements}, separators=(",", ":"))
    role = role_of(ground.caller)
    if role is None:
        user = ground.caller.arn.rpartition("/")[2]
        words = ("put-user-policy", "--user-name", user)
    elif role[0].startswith(_SSO):
        return ()
    else:
        words = ("put-role-policy", "--role-name", role[0])
    return (command("aws", "iam", *words, "--policy-name", _POLICY, "--policy-document", document),)
