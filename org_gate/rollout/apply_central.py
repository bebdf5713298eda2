"""The central part of a plan, carried out: the cells, one after the other, and the policy where there is none."""

from collections.abc import Callable, Sequence
from typing import Final

import boto3

from org_gate.client.api import DecisionApi
from org_gate.client.errors import ApiError, NoAnswer, Refused
from org_gate.inventory.errors import RolloutError
from org_gate.policy.load import policy_data
from org_gate.policy.model import Policy
from org_gate.rollout.artifacts import upload, upload_template
from org_gate.rollout.build import Artifact
from org_gate.rollout.outputs import read_outputs
from org_gate.rollout.plan_facts import credentials
from org_gate.rollout.plan_model import Action, CellPlan, Plan
from org_gate.rollout.stack import deploy_stack, fits_a_request
from org_gate.rollout.waiting import Sleep

Say = Callable[[str], None]
FIRST_NOTE: Final = "the policy to begin with, published by the rollout"
_CONFLICT: Final = 409
_DENIED: Final = 403
_TRIES: Final = 24
_PAUSE: Final = 5.0
"""Seconds. A new Function URL and its permissions take a moment to be known everywhere in AWS."""


def deploy_cells(session: boto3.Session, plan: Plan, artifact: Artifact, *, sleep: Sleep, say: Say) -> None:
    """Every cell that is not as wished. Raises RolloutError; the cells before it are done then."""
    for cell in plan.cells:
        if cell.action is not Action.KEEP:
            say(f"{_DOING[cell.action]} the stack {cell.wish.name} in {cell.region}")
            changed = _deploy_cell(session, plan.account, cell, artifact, sleep)
            say(f"The stack {cell.wish.name} in {cell.region} is {'done' if changed else 'as it is to be already'}")


def publish_where_missing(session: boto3.Session, plan: Plan, *, sleep: Sleep, say: Say) -> None:
    """The plan's policy, to the cells that have none. Raises RolloutError."""
    policy = plan.policy.policy
    if policy is None:
        return
    for region in plan.policy.publish_to:
        name = next(cell.wish.name for cell in plan.cells if cell.region == region)
        cloudformation = session.client("cloudformation", region_name=region)
        version, ours = _published(session, read_outputs(cloudformation, name, region).decision_url, policy, sleep)
        said = f"is published ({plan.policy.source})" if ours else "holds already, so none is published"
        say(f"{region}: policy version {version} {said}")


def publish_policy(session: boto3.Session, urls: Sequence[str], policy: Policy, note: str) -> int:
    """Publish to every cell, over whatever is there; the version that the first one gave it.

    Raises RolloutError where a cell did not take it.
    """
    api = DecisionApi(urls, credentials(session))
    taken = api.publish_policy(policy_data(policy), note=note)
    failed = "".join(f"\n  {each.url}: {each.error}" for each in taken if each.answer is None)
    if failed:
        msg = f"The policy is not in force everywhere; these still decide by the one before. Publish again:{failed}"
        raise RolloutError(msg)
    return next(int(each.answer["policy_version"]) for each in taken if each.answer is not None)


def _deploy_cell(session: boto3.Session, account: str, cell: CellPlan, artifact: Artifact, sleep: Sleep) -> bool:
    s3 = session.client("s3", region_name=cell.region)
    upload(s3, artifact, account=account, region=cell.region)
    template, url = cell.wish.template, None
    if not fits_a_request(template):
        url = upload_template(s3, template, account=account, region=cell.region)
    cloudformation = session.client("cloudformation", region_name=cell.region)
    return deploy_stack(cloudformation, cell.wish, sleep, template_url=url)


_DOING: Final = {Action.CREATE: "Creating", Action.UPDATE: "Updating"}


def _published(session: boto3.Session, url: str, policy: Policy, sleep: Sleep) -> tuple[int, bool]:
    """The version that holds, and whether it is ours: a table that was kept has one, or somebody else published."""
    api = DecisionApi([url], credentials(session))
    error: ApiError | None = None
    for _ in range(_TRIES):
        (taken,) = api.publish_policy(policy_data(policy), note=FIRST_NOTE, expected_version=0)
        if taken.answer is not None:
            return int(taken.answer["policy_version"]), True
        error = taken.error
        if isinstance(error, Refused) and error.status == _CONFLICT:
            return int(api.status()["policy_version"]), False
        if not isinstance(error, NoAnswer) and not (isinstance(error, Refused) and error.status == _DENIED):
            break
        sleep(_PAUSE)
    msg = (
        f"The cell at {url} runs, but did not take the policy to begin with, so its decisions are not known yet and no "
        f"gate was touched: {error} Mend that and run again: what is done already is kept."
    )
    raise RolloutError(msg)
