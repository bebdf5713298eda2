"""What is to be rolled out, as frozen data: where, to whom, built for what, and what the gates must know by heart."""

from dataclasses import dataclass

from org_gate.policy.model import Policy
from org_gate.rollout.lambda_platform import RELEASE, LambdaPlatform


@dataclass(frozen=True, slots=True, kw_only=True)
class DeploymentSpec:
    """One cell, and the gates that ask it.

    ``gate_ous`` are OU paths (names below the root joined by ``/``); none means the whole organization.
    ``max_attempts`` is how often the functions try an AWS call.
    """

    organization_id: str
    central_account: str
    central_region: str
    gate_regions: tuple[str, ...]
    gate_ous: tuple[str, ...] = ()
    policy: Policy
    platform: LambdaPlatform = RELEASE
    max_attempts: int = 2


@dataclass(frozen=True, slots=True)
class CentralOutputs:
    """What a central stack says of itself."""

    region: str
    decision_url: str
    table_name: str
    api_function_arn: str
