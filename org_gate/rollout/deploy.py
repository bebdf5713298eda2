"""Rolling out a cell and its gates: the one place that puts the parts of this package together.

Every step may be run again: what is there and right stays. Sessions carry credentials of the central account, which
is the delegated administrator for AWS Health and for StackSets.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import boto3

from org_gate.client.api import Credentials, DecisionApi
from org_gate.policy.load import policy_data
from org_gate.policy.model import Policy
from org_gate.rollout.artifacts import upload
from org_gate.rollout.build import central_artifact
from org_gate.rollout.errors import InstanceResult, MismatchError, RolloutError, asking_aws
from org_gate.rollout.gates import depend_on_tags, gate_settings
from org_gate.rollout.organization import read_organization, topmost
from org_gate.rollout.overrides import Member
from org_gate.rollout.render import central_template, member_template
from org_gate.rollout.spec import CentralOutputs, DeploymentSpec
from org_gate.rollout.stack import deploy_stack
from org_gate.rollout.stackset import deploy_stack_set
from org_gate.rollout.waiting import Sleep

CENTRAL_STACK: Final = "org-gate-central"


def deploy_central(session: boto3.Session, spec: DeploymentSpec, *, cache: Path, sleep: Sleep) -> CentralOutputs:
    """The cell in the central account and Region, as specified. Raises RolloutError."""
    account, region = spec.central_account, spec.central_region
    _check_account(session, spec)
    artifact = central_artifact(spec.platform, cache)
    bucket, key = upload(session.client("s3", region_name=region), artifact, account=account, region=region)
    parameters = {
        "CodeBucket": bucket,
        "CodeKey": key,
        "OrganizationId": spec.organization_id,
        "MaxAttempts": str(spec.max_attempts),
    }
    cloudformation = session.client("cloudformation", region_name=region)
    outputs = deploy_stack(cloudformation, CENTRAL_STACK, central_template(spec.platform), parameters, sleep)
    return CentralOutputs(region, outputs["DecisionUrl"], outputs["TableName"], outputs["ApiFunctionArn"])


def deploy_members(
    session: boto3.Session, spec: DeploymentSpec, cells: Sequence[CentralOutputs], *, sleep: Sleep
) -> tuple[InstanceResult, ...]:
    """The gate in every account below the gate OUs, in every gate Region, asking the cells in their order.

    Each account's gate knows what the policy says of that account; one that joins later, until the next rollout, what
    the policy says of accounts that nobody knows. Gives what it came to where there was something to do.

    Raises RolloutError; MembersError where some accounts did not get it.
    """
    _check_account(session, spec)
    region = spec.central_region
    organizations = session.client("organizations", region_name=region)
    organization = read_organization(organizations, tags=depend_on_tags(spec.policy))
    units = topmost(organization.unit(path) for path in spec.gate_ous or ("",))
    members = [
        Member(member.account, gate_settings(spec.policy, member.account).parameters())
        for unit in units
        for member in organization.below(unit)
    ]
    return deploy_stack_set(
        session.client("cloudformation", region_name=region),
        member_template(spec.platform),
        _gate_parameters(spec, cells),
        members=members,
        ou_ids=[unit.id for unit in units],
        regions=spec.gate_regions,
        sleep=sleep,
    )


def publish_policy(session: boto3.Session, cells: Sequence[CentralOutputs], policy: Policy, note: str) -> int:
    """Publish to every cell; the version that the first one gave it.

    Raises RolloutError where a cell did not take it.
    """
    api = DecisionApi([cell.decision_url for cell in cells], _credentials(session))
    taken = api.publish_policy(policy_data(policy), note=note)
    failed = "".join(f"\n  {each.url}: {each.error}" for each in taken if each.answer is None)
    if failed:
        msg = f"The policy is not in force everywhere; these still decide by the one before. Publish again:{failed}"
        raise RolloutError(msg)
    return next(int(each.answer["policy_version"]) for each in taken if each.answer is not None)


def _credentials(session: boto3.Session) -> Credentials:
    credentials = session.get_credentials()
    if credentials is None:
        raise MismatchError("There are no AWS credentials. Sign in to the central account and run again.")
    return credentials


def _gate_parameters(spec: DeploymentSpec, cells: Sequence[CentralOutputs]) -> dict[str, str]:
    return {
        "CentralUrls": ",".join(cell.decision_url for cell in cells),
        "CentralFunctionArns": ",".join(cell.api_function_arn for cell in cells),
        "CentralAccount": spec.central_account,
        "OrganizationId": spec.organization_id,
        **gate_settings(spec.policy, None).parameters(),
        "PlatformServices": ",".join(spec.policy.platform_services),
        "MaxAttempts": str(spec.max_attempts),
    }


def _check_account(session: boto3.Session, spec: DeploymentSpec) -> None:
    """Before anything is made: a stack in the wrong account is hard to find again."""
    with asking_aws("find out whose credentials these are"):
        account = session.client("sts", region_name=spec.central_region).get_caller_identity()["Account"]
    if account != spec.central_account:
        msg = (
            f"These credentials are of account {account}, the central account is {spec.central_account}. "
            "Nothing was changed; sign in to the central account and run again."
        )
        raise MismatchError(msg)
