"""Reading what a plan depends on. Reads only, and with calls that grow with pages, never with accounts.

(Tags of accounts apart: AWS tells them account by account, and they are read where the policy's modes or exemptions
depend on them.)
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from pydantic import ValidationError

from org_gate import __version__
from org_gate.client.api import Credentials, DecisionApi
from org_gate.client.errors import ApiError, NoAnswer
from org_gate.inventory.errors import MismatchError, asking_aws
from org_gate.inventory.installed import read_cell, read_stack_set
from org_gate.inventory.organization import read_organization
from org_gate.inventory.settings import Settings
from org_gate.policy.load import policy_from_data
from org_gate.policy.model import Policy
from org_gate.rollout.build import Artifact, central_artifact
from org_gate.rollout.gates import depend_on_tags
from org_gate.rollout.lambda_platform import RELEASE, LambdaPlatform
from org_gate.rollout.last_writes import with_last_writes
from org_gate.rollout.plan import Facts, make_plan
from org_gate.rollout.plan_cells import CellFacts, plan_policy
from org_gate.rollout.plan_model import Plan
from org_gate.rollout.render import central_template, member_template
from org_gate.rollout.wishes import Parts


@dataclass(frozen=True, slots=True)
class Wanted:
    """All that a rollout starts from: settings, the policy to begin with, and this version's parts, the zip built."""

    settings: Settings
    first_policy: Policy
    parts: Parts
    artifact: Artifact


def wanted(
    settings: Settings,
    first_policy: Policy,
    cache: Path,
    *,
    platform: LambdaPlatform = RELEASE,
    max_attempts: int = 2,
) -> Wanted:
    """For functions that run on ``platform``; builds their zip below ``cache``. Raises BuildError."""
    artifact = central_artifact(platform, cache)
    parts = Parts(__version__, central_template(platform), member_template(platform), artifact.name, max_attempts)
    return Wanted(settings, first_policy, parts, artifact)


def look(session: boto3.Session, want: Wanted) -> Plan:
    """Reads what there is and plans. Raises RolloutError; MismatchError with credentials of another account."""
    settings = want.settings
    check_account(session, settings)
    home = settings.central.region
    cells = tuple(_read_cell(session, settings, region) for region in settings.central.regions)
    policy = plan_policy(want.first_policy, cells).policy or want.first_policy
    organizations = session.client("organizations", region_name=home)
    organization = read_organization(organizations, tags=depend_on_tags(policy))
    cloudformation = session.client("cloudformation", region_name=home)
    name = settings.names.stack_set
    found = read_stack_set(cloudformation, name)
    found = None if found is None else with_last_writes(cloudformation, name, found)
    return make_plan(settings, Facts(organization, cells, found), want.parts, want.first_policy)


def check_account(session: boto3.Session, settings: Settings) -> None:
    """Before anything else: a stack in the wrong account is hard to find again. Raises MismatchError."""
    with asking_aws("find out whose credentials these are"):
        account = session.client("sts", region_name=settings.central.region).get_caller_identity()["Account"]
    if account != settings.central.account:
        msg = (
            f"These credentials are of account {account}, the central account is {settings.central.account}. "
            "Nothing was changed; sign in to the central account and run again."
        )
        raise MismatchError(msg)


def credentials(session: boto3.Session) -> Credentials:
    """Raises MismatchError where there are none."""
    found = session.get_credentials()
    if found is None:
        raise MismatchError("There are no AWS credentials. Sign in to the central account and run again.")
    return found


def _read_cell(session: boto3.Session, settings: Settings, region: str) -> CellFacts:
    name = settings.names.central_stack
    cloudformation = session.client("cloudformation", region_name=region)
    cell = read_cell(cloudformation, name, region)
    if cell is None:
        return CellFacts(region)
    facts = CellFacts(region, cell)
    if not facts.is_there:
        return facts
    with asking_aws(f"read the template of the stack {name} in {region}"):
        template = cloudformation.get_template(StackName=name, TemplateStage="Original")["TemplateBody"]
    url = (facts.outputs or {}).get("DecisionUrl")
    if url is None:
        return CellFacts(region, cell, template, silent="its stack does not tell the URL of its decision API")
    return _with_policy(CellFacts(region, cell, template), session, url)


def _with_policy(facts: CellFacts, session: boto3.Session, url: str) -> CellFacts:
    try:
        told = DecisionApi([url], credentials(session)).policies()
        version, policy = _published(told)
    except NoAnswer as error:
        why = "; ".join(attempt.why for attempt in error.attempts)
        return CellFacts(facts.region, facts.installed, facts.template, silent=why)
    except (ApiError, ValidationError) as error:
        return CellFacts(facts.region, facts.installed, facts.template, silent=str(error))
    return CellFacts(facts.region, facts.installed, facts.template, version, policy)


def _published(told: Mapping[str, Any]) -> tuple[int, Policy | None]:
    policy = told["policy"]
    return int(told["policy_version"]), None if policy is None else policy_from_data(policy)
