"""What plays the world around the gate: central and AWS over HTTP on localhost, or hand-written clients."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from botocore import xform_name
from botocore.exceptions import ClientError

from org_gate.member import gate
from tests.serving import Heard, Reply, serving

Data = dict[str, Any]

ACCOUNT = "111122223333"
OTHER = "444455556666"
REGION = "us-east-1"
JOB = "11111111-2222-3333-4444-555555555555"
NOW = datetime(2026, 3, 2, 12, 30, tzinfo=UTC)
HTTP_NOW = "Mon, 02 Mar 2026 12:30:00 GMT"
SECRET = "wJalr-session-token-nobody-may-see"  # noqa: S105  a made-up one, to be looked for in the log
CENTRAL = "https://abc.lambda-url.eu-west-1.on.aws/"
STANDBY = "https://def.lambda-url.eu-central-1.on.aws/"


def job_event(parameters: object = None, token: str | None = None) -> Data:
    """A Lambda action's event; ``token`` makes it one of a hold that goes on.

    ``parameters`` that are not a text are written as JSON.
    """
    configuration = {"FunctionName": "org-gate"}
    if parameters is not None:
        configuration["UserParameters"] = parameters if isinstance(parameters, str) else json.dumps(parameters)
    data = {
        "actionConfiguration": {"configuration": configuration},
        "inputArtifacts": [],
        "artifactCredentials": {"secretAccessKey": SECRET, "sessionToken": SECRET, "accessKeyId": "ASIAEXAMPLE"},
    }
    going_on = {} if token is None else {"continuationToken": token}
    return {"CodePipeline.job": {"id": JOB, "accountId": ACCOUNT, "data": {**data, **going_on}}}


def settings(**changes: Any) -> gate.Settings:
    known = {"urls": (CENTRAL,), "on_unknown": "block", "mode": "enforce", "platform_services": (), "region": REGION}
    return gate.Settings(**{**known, "account": ACCOUNT, "exempt": {}, **changes})


def aim(account: str = ACCOUNT, region: str = REGION, *services: str, **changes: Any) -> Data:
    """A target of a decision."""
    told = {"account": account, "region": region, "services": list(services), "availability_zones": []}
    return {**told, "mode": "enforce", "overridden": False, **changes}


def event_json(arn: str = "arn:aws:health:us-east-1::event/RDS/A/1", **changes: Any) -> Data:
    told = {"arn": arn, "service": "RDS", "region": REGION, "scope": "PUBLIC", "category": "issue"}
    times = {"start": "2026-03-02T12:00:00Z", "last_updated": "2026-03-02T12:10:00Z"}
    return {**told, "type_code": "AWS_RDS_OPERATIONAL_ISSUE", "status": "open", **times, "drill": False, **changes}


def reason(kind: str = "event", verdict: str = "block", **changes: Any) -> Data:
    bare = dict.fromkeys(("rule", "target", "event", "freeze", "override_id"))
    told = {"rule": "open-issues", "target": 0, "event": event_json()} if kind == "event" else {}
    return {"kind": kind, "verdict": verdict, **bare, **told, "explanation": "It is open.", **changes}


def decision(verdict: str = "allow", **changes: Any) -> Data:
    """A decision as central gives it; ``stale=True`` makes it one that the gate has to add to."""
    stale = changes.pop("stale", False)
    on_unknown = changes.pop("on_unknown", "block")
    mark = {"as_of": "2026-03-02T12:29:29Z", "age_seconds": 1500 if stale else 31, "stale": stale}
    return {
        "decision_id": "d-1",
        "verdict": verdict,
        "would_be": verdict,
        "mode": "enforce",
        "exempt": False,
        "summary": f"{verdict}: said central",
        "targets": [aim()],
        "reasons": [],
        "reasons_omitted": 0,
        "knowledge": {**mark, "on_stale": "local", "on_unknown": on_unknown, "source": "central"},
        "policy_version": 7,
        "evaluated_at": "2026-03-02T12:30:00Z",
        "retry_after_seconds": 60,
        **changes,
    }


def reply(body: object, status: int = 200, content_type: str = "application/json") -> gate.Reply:
    return gate.Reply(status, content_type, body if isinstance(body, bytes) else json.dumps(body).encode())


def problem(status: int, detail: str = "Do this instead.", **more: object) -> gate.Reply:
    return reply({"status": status, "detail": detail, **more}, status, "application/problem+json")


def issue(arn: str = "arn:aws:health:us-east-1::event/RDS/A/1", **changes: Any) -> Data:
    """An open issue as DescribeEvents gives it, its times not yet as they are sent."""
    told = {"arn": arn, "service": "RDS", "region": REGION, "eventScopeCode": "PUBLIC", "statusCode": "open"}
    kind = {"eventTypeCode": "AWS_RDS_OPERATIONAL_ISSUE", "eventTypeCategory": "issue"}
    return {**told, **kind, "startTime": datetime(2026, 3, 2, 12, 0, tzinfo=UTC), **changes}


def fault(code: str, status: int = 400) -> ClientError:
    meta = {"HTTPStatusCode": status, "HTTPHeaders": {"date": HTTP_NOW}}
    return ClientError({"Error": {"Code": code, "Message": SECRET}, "ResponseMetadata": meta}, "Op")  # type: ignore[typeddict-item]  # what the gate reads


def dated(answer: Data) -> Data:
    return {**answer, "ResponseMetadata": {"HTTPStatusCode": 200, "HTTPHeaders": {"date": HTTP_NOW}}}


def sent(answer: Any) -> Any:
    """With its times as AWS's JSON carries them: seconds since 1970."""
    if isinstance(answer, dict):
        return {name: sent(value) for name, value in answer.items()}
    if isinstance(answer, list):
        return [sent(value) for value in answer]
    return answer.timestamp() if isinstance(answer, datetime) else answer


class World:
    """Everything the gate reaches, scripted; what it did is kept in ``asked``, ``health_asked``, ``answers`` and so on.

    ``central`` maps a URL to its replies or errors in turn (the last one stays); ``health`` to what DescribeEvents
    gives by turn; ``put_faults`` are raised by the first answers to the job.
    """

    def __init__(self, **given: Any) -> None:
        self.settings: gate.Settings = given.pop("settings", settings())
        self.central: dict[str, list[gate.Reply | Exception]] = given.pop("central", {CENTRAL: [reply(decision())]})
        self.health: list[list[Data] | Data | Exception] = given.pop("health", [[]])
        self.details: Data | Exception = given.pop("details", {})
        self.category: str | None = given.pop("category", None)
        self.pipeline: Data | Exception = given.pop("pipeline", fault("PipelineNotFoundException"))
        self.put_faults: list[Exception] = given.pop("put_faults", [])
        self.left: Callable[[], float] = given.pop("left", lambda: 60.0)
        self.name: str | Exception = given.pop("name", "health.us-east-1.amazonaws.com")
        assert not given, given
        self.asked: list[tuple[str, Data]] = []
        self.read: list[str] = []
        self.health_asked: list[tuple[str, Data]] = []
        self.answers: list[tuple[str, Data]] = []
        self.log: list[Data] = []
        self.slept: list[float] = []

    def run(self, parameters: object = None, token: str | None = None) -> Data:
        return gate.run(job_event(parameters, token), self.parts())

    def parts(self) -> gate.Parts:
        def send(service: str, region: str, operation: str, params: Data) -> Data:
            asked = _Health(self, region) if service == "health" else _CodePipeline(self)
            answer: Data = sent(getattr(asked, xform_name(operation))(**params))
            return answer

        aws = gate.Aws(send)
        return gate.Parts(
            self.settings, aws, self._post, self.left, self._resolve, self.slept.append, self.log.append, []
        )

    @property
    def answer(self) -> tuple[str, Data]:
        """The one answer that the job got."""
        assert len(self.answers) == 1, self.answers
        return self.answers[0]

    def _post(self, url: str, body: bytes, seconds: float) -> gate.Reply:
        assert seconds > 0
        self.asked.append((url, json.loads(body)))
        base = url.removesuffix("v1/decisions")
        answer: gate.Reply = _next(self.central[base])
        return answer

    def _resolve(self, host: str) -> str:
        assert host == "global.health.amazonaws.com"
        if isinstance(self.name, Exception):
            raise self.name
        return self.name


def _next(script: list[Any]) -> Any:
    step = script.pop(0) if len(script) > 1 else script[0]
    if isinstance(step, Exception):
        raise step
    return step


@dataclass
class _Health:
    world: World
    region: str

    def describe_events(self, **params: Any) -> Data:
        self.world.health_asked.append((self.region, params))
        step = _next(self.world.health)
        return dated(step if isinstance(step, dict) else {"events": step})


@dataclass
class _CodePipeline:
    world: World

    def get_job_details(self, jobId: str) -> Data:  # noqa: N803  AWS's own name
        assert jobId == JOB
        if isinstance(self.world.details, Exception):
            raise self.world.details
        credentials = {"artifactCredentials": {"sessionToken": SECRET}}
        told = {**credentials, "pipelineContext": self.world.details}
        if self.world.category is not None:
            told["actionTypeId"] = {"category": self.world.category, "owner": "AWS", "provider": "Lambda"}
        return dated({"jobDetails": {"data": told}})

    def get_pipeline(self, name: str) -> Data:
        self.world.read.append(name)
        if isinstance(self.world.pipeline, Exception):
            raise self.world.pipeline
        return dated({"pipeline": self.world.pipeline})

    def put_job_success_result(self, **params: Any) -> Data:
        return self._take("success", params)

    def put_job_failure_result(self, **params: Any) -> Data:
        return self._take("failure", params)

    def _take(self, result: str, params: Data) -> Data:
        assert params.pop("jobId") == JOB
        if self.world.put_faults:
            raise self.world.put_faults.pop(0)
        self.world.answers.append((result, params))
        return dated({})


@dataclass
class HttpWorld:
    """An HTTP server on localhost, and what it was asked."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)


@contextmanager
def http_world(answer: Callable[[Heard], tuple[int, Mapping[str, str], bytes]]) -> Iterator[HttpWorld]:
    """``answer`` gives status, headers and body for a request; a ``Date`` is added, as AWS adds one."""
    world = HttpWorld()

    def answering(heard: Heard) -> Reply:
        world.heard.append(heard)
        status, headers, content = answer(heard)
        return Reply(status, {"Date": HTTP_NOW, **headers}, content)

    with serving(answering) as world.url:
        yield world
