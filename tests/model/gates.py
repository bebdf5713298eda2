"""One invocation of a real gate in the world of the model, and what a fault met in the course of it.

The gate's file runs as it is; what reaches beyond it is answered in this process. Who may answer what is the judge's.
"""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError

from org_gate.member import gate
from org_gate.simulator.base import Call
from tests.model.doors import caller_of
from tests.model.judge import Answer
from tests.model.organization import PIPELINES
from tests.model.policies import PLATFORM
from tests.unit.member.support import sent

if TYPE_CHECKING:
    from tests.model.world import World

URL: Final = "https://abc.lambda-url.eu-west-1.on.aws/"
STATUSES: Final = {"ServiceUnavailable": 503, "ThrottlingException": 429, "AccessDeniedException": 403}


class Asking:
    """One invocation of a gate."""

    def __init__(self, world: "World", account: str, region: str) -> None:
        self._world = world
        self._account = account
        self._region = region
        self._before = +world.faults.struck
        self._denied = False
        self._heard = False

    def run(self, payload: Mapping[str, Any]) -> tuple[Any, str | None]:
        """What the function returned, and its error."""
        parts = self._parts()
        try:
            decision = gate.run(payload, parts)
        except RuntimeError as error:
            if "codepipeline" not in self.struck():
                self._world.crash("gate", error)
            return None, "RuntimeError"
        except Exception as error:  # noqa: BLE001  whatever it is, it is what we look for
            self._world.crash("gate", error)
            return None, type(error).__name__
        broken = [one for one in parts.trouble if "the gate itself failed" in one]
        assert not broken, broken
        return decision, None

    def struck(self) -> frozenset[str]:
        """Whose calls a fault met in the course of it."""
        since = self._world.faults.struck - self._before
        services = {service for who, service in since if who == "gate"}
        api = {"api" for who, _ in since if who == "api"}
        twice = {"twice"} if self._world.twice else set()
        return frozenset(services | api | twice | ({"denied"} if self._denied else set()))

    def answer(self, job: str, taken: tuple[str, Mapping[str, Any]], decision: Any) -> Answer:
        operation, params = taken
        failed = operation == "PutJobFailureResult"
        details = self._world.pipelines.handle(
            Call("codepipeline", "GetJobDetails", {"jobId": job}, self._region, caller_of(self._account))
        )["jobDetails"]["data"]["pipelineContext"]
        return Answer(
            pipeline=PIPELINES[details["pipelineName"]],
            execution_id=details["pipelineExecutionId"],
            at=self._world.now,
            result="failed" if failed else "held" if params.get("continuationToken") else "passed",
            decision=decision,
            failure=params["failureDetails"]["type"] if failed else None,
            heard=self._heard,
            struck=self.struck(),
            rolled=self._world.rolled[self._account],
        )

    def _parts(self) -> gate.Parts:
        rolled = self._world.gates[self._account]
        settings = gate.Settings(
            urls=(URL,),
            on_unknown=rolled.on_unknown.value,
            mode=rolled.mode.value,
            platform_services=PLATFORM,
            region=self._region,
            account=self._account,
            exempt={region: list(globs) for region, globs in rolled.exempt},
        )
        return gate.Parts(
            settings,
            gate.Aws(self._send),
            self._post,
            lambda: 25.0,
            lambda _: "health.us-east-1.amazonaws.com",
            lambda _: None,
            lambda _: None,
            [],
        )

    def _send(self, service: str, region: str, operation: str, params: Any) -> Any:
        door = self._world.aws.door("gate", service, region, caller_of(self._account, "org-gate"))
        return sent(getattr(door, operation)(**params))

    def _post(self, url: str, body: bytes, seconds: float) -> gate.Reply:
        assert url == f"{URL}v1/decisions"
        assert seconds > 0
        try:
            status, told = self._world.faults.call("gate", "central", "Ask", lambda: self._decide(body))
        except ClientError as error:
            status = STATUSES[error.response["Error"]["Code"]]
            self._denied = self._denied or status == 403
            return gate.Reply(status, "application/json", b'{"Message": "no"}', self._world.aws.date())
        self._heard = self._heard or status == 200
        kind = "application/json" if status == 200 else "application/problem+json"
        return gate.Reply(status, kind, json.dumps(told).encode(), self._world.aws.date())

    def _decide(self, body: bytes) -> tuple[int, Any]:
        return self._world.cell.ask(self._account, "POST", "/v1/decisions", json.loads(body), who="api")
