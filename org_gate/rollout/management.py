"""The management account's gate: plain stacks, as StackSets never go there. With that account's own credentials.

What its gate is to know is read from the StackSet, which the management account sees; so this comes after an apply.
"""

from collections.abc import Callable
from typing import Final

import boto3
from botocore.exceptions import ClientError

from org_gate.inventory.errors import MismatchError, asking_aws
from org_gate.inventory.installed import InstalledSet
from org_gate.inventory.settings import Settings
from org_gate.rollout.plan_model import StackWish
from org_gate.rollout.stack import deploy_stack
from org_gate.rollout.waiting import Sleep

STACK: Final = "org-gate-member"


def deploy_in_management(
    session: boto3.Session, settings: Settings, *, sleep: Sleep, say: Callable[[str], None]
) -> None:
    """A stack in each gate Region, like every gate of the StackSet. Raises RolloutError."""
    _check_management(session, settings)
    wish = _wish(session, settings)
    for region in settings.gates.regions:
        changed = deploy_stack(session.client("cloudformation", region_name=region), wish, sleep)
        say(f"The stack {wish.name} in {region} is {'done' if changed else 'as it is to be already'}")


def _check_management(session: boto3.Session, settings: Settings) -> None:
    region = settings.central.region
    with asking_aws("find out whose credentials these are"):
        account = session.client("sts", region_name=region).get_caller_identity()["Account"]
        told = session.client("organizations", region_name=region).describe_organization()["Organization"]
    if account != told["MasterAccountId"]:
        msg = (
            f"These credentials are of account {account}, the management account is {told['MasterAccountId']}. "
            "Nothing was changed; sign in to the management account and run again."
        )
        raise MismatchError(msg)


def _wish(session: boto3.Session, settings: Settings) -> StackWish:
    cloudformation = session.client("cloudformation", region_name=settings.central.region)
    name = settings.names.stack_set
    with asking_aws(f"read the StackSet {name}"):
        try:
            found = cloudformation.describe_stack_set(StackSetName=name)["StackSet"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "StackSetNotFoundException":
                raise MismatchError(_too_early(settings)) from error
            raise
    parameters = InstalledSet(found).parameters
    return StackWish(STACK, str(found["TemplateBody"]), parameters, dict(settings.tags))


def _too_early(settings: Settings) -> str:
    return (
        f"There is no StackSet {settings.names.stack_set} in {settings.central.region} yet. First run `org-gate "
        "rollout apply` with credentials of the central account; then this again."
    )
