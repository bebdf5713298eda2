"""A member account as the resumer sees it: its access role, the state of a pipeline, the retry of a stage.

AWS's errors become what they mean for the deployment: it is over, it may be tried later, or the account refuses us. A
retry is asked for once: whether it was taken is read from the pipeline's state, never guessed by asking again.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from org_gate.central.pipeline_state import Standing, standing
from org_gate.model.waiting import Deployment, Waiting

_SESSION: Final = "org-gate-resumer"
_SESSION_SECONDS: Final = 900
_DENIED: Final = frozenset({"AccessDenied", "AccessDeniedException", "RegionDisabledException", "NotAuthorized"})
_OVER: Final = {
    "PipelineNotFoundException": "the pipeline is not there any more",
    "StageNotFoundException": "the pipeline has no such stage any more",
    "StageNotRetryableException": "the pipeline was changed since, or nothing of the stage can be retried",
    "NotLatestPipelineExecutionException": "superseded: another execution is the latest in the stage",
}

ClientOf = Callable[[Mapping[str, str], str], Any]
"""A boto3 ``codepipeline`` client with such credentials (as STS gives them) in a Region."""


class OverError(Exception):
    """There is nothing left to resume, and why."""


class LaterError(Exception):
    """It did not work this time, and why."""


class DeniedError(Exception):
    """The account refuses us, and what to do about it."""


class Members:
    """Keeps its sessions, which last 15 minutes: one for each batch of messages."""

    def __init__(self, sts: Any, client_of: ClientOf, partition: str) -> None:
        self._sts = sts
        self._client_of = client_of
        self._partition = partition
        self._clients: dict[tuple[str, str], Any] = {}

    def standing(self, waiting: Waiting) -> Standing:
        """Raises OverError, LaterError, DeniedError."""
        name = waiting.deployment.pipeline
        return standing(self._ask(waiting.deployment, "get_pipeline_state", name=name), waiting)

    def retry(self, deployment: Deployment) -> None:
        """Raises OverError, LaterError, DeniedError; after LaterError it may have been taken all the same."""
        self._ask(
            deployment,
            "retry_stage_execution",
            pipelineName=deployment.pipeline,
            stageName=deployment.stage,
            pipelineExecutionId=deployment.execution_id,
            retryMode="FAILED_ACTIONS",
        )

    def _ask(self, deployment: Deployment, operation: str, **request: Any) -> Mapping[str, Any]:
        role = f"arn:{self._partition}:iam::{deployment.account}:role/org-gate-access-{deployment.region}"
        try:
            client = self._client(deployment, role)
            answer: Mapping[str, Any] = getattr(client, operation)(**request)
        except ClientError as error:
            raise _meaning(error, role) from error
        except BotoCoreError as error:
            raise LaterError(f"{operation}: {error}") from error
        return answer

    def _client(self, deployment: Deployment, role: str) -> Any:
        place = deployment.account, deployment.region
        if place not in self._clients:
            session = self._sts.assume_role(RoleArn=role, RoleSessionName=_SESSION, DurationSeconds=_SESSION_SECONDS)
            self._clients[place] = self._client_of(session["Credentials"], deployment.region)
        return self._clients[place]


def _meaning(error: ClientError, role: str) -> OverError | LaterError | DeniedError:
    told: Mapping[str, Any] = error.response.get("Error", {})
    code = told.get("Code", "")
    if code in _OVER:
        return OverError(_OVER[code])
    if code in _DENIED:
        return DeniedError(
            f"{error.operation_name} was denied ({told.get('Message', code)}). Look whether the rollout reached the "
            f"account and Region ({role}), and whether a service control policy forbids it. A person can press Retry "
            "meanwhile."
        )
    return LaterError(f"{error.operation_name}: {code}: {told.get('Message', '')}")
