"""A world in which every call that the gate makes may fail, with simulated seconds: nothing here sleeps or waits.

A call takes the seconds that its step says. Where these are more than the gate gives it, it ends as `gate.within` ends
what hangs: after just those seconds, with a TimeoutError.
"""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any, NamedTuple

from botocore import xform_name
from botocore.exceptions import ClientError, ConnectionClosedError

from org_gate.member import gate
from tests.unit.member.support import NOW, SECRET, aim, decision, issue, problem, reason, reply, sent

Data = dict[str, Any]

HANGS = float("inf")
AWS_FAULTS = ("throttle", "5xx", "403", "reset", "raw reset", "unreadable", "surprise")
SHAPES: tuple[Any, ...] = (
    {},
    None,
    [],
    {"events": None},
    {"events": [7]},
    {"events": {"arn": "x"}},
    {"jobDetails": [SECRET]},
    {"jobDetails": {"data": {"pipelineContext": SECRET, "actionTypeId": [1]}}},
    {"pipeline": {"stages": 7}},
    {"pipeline": [SECRET]},
    {"pipeline": {"stages": [{"name": "Gate", "actions": [{"actionTypeId": None}]}]}},
)
"""Answers of AWS that are not of their operation's shape."""

BLOCKED = {"reasons": [reason()], "targets": [aim()]}
CENTRAL: dict[str, gate.Reply | Exception] = {
    "allow": reply(decision("allow")),
    "warn": reply(decision("warn")),
    "block": reply(decision("block", **BLOCKED)),
    "stale allow": reply(decision("allow", stale=True)),
    "stale block": reply(decision("block", stale=True, **BLOCKED)),
    "watched": reply(decision("warn", would_be="block", mode="shadow")),
    "5xx": reply({}, 503),
    "throttle": reply({}, 429),
    "door": reply({"Message": "Forbidden"}, 403),
    "403": problem(403, mode="enforce"),
    "422": problem(422),
    "watched 403": problem(403, mode="warn"),
    "redirect": reply({}, 302),
    "empty": reply(b""),
    "not text": reply(b"\xff\xfe\x00"),
    "deep": reply(b"[" * 100_000),
    "HTML": reply(b"<html>" + SECRET.encode(), 200, "text/html"),
    "no verdict": reply({**decision(), "verdict": "maybe"}),
    "no targets": reply(decision(targets=[])),
    "no time": reply({**decision(), "evaluated_at": "soon"}),
    "reset": ConnectionClosedError(endpoint_url=SECRET),
    "raw reset": ConnectionResetError(SECRET),
    "surprise": RuntimeError(SECRET),
}
FRESH = ("allow", "warn", "block", "watched")


class Step(NamedTuple):
    """One call: what comes of it after that many seconds."""

    what: str
    seconds: float = 0.0


@dataclass
class Script:
    """Steps by kind of call, in turn; the last one stays."""

    details: list[Step] = field(default_factory=lambda: [Step("ok")])
    pipeline: list[Step] = field(default_factory=lambda: [Step("ok")])
    central: list[Step] = field(default_factory=lambda: [Step("allow")])
    resolve: list[Step] = field(default_factory=lambda: [Step("ok")])
    health: list[Step] = field(default_factory=lambda: [Step("ok")])
    put: list[Step] = field(default_factory=lambda: [Step("ok")])


class FaultyWorld:
    """``start`` is the simulated time at which the run begins; ``local`` are this Region's open issues.

    ``puts`` are the answers that were tried, ``steps`` what came of them, ``taken`` those that CodePipeline took;
    ``told`` is what sources gave.
    """

    def __init__(self, script: Script, settings: gate.Settings, *, seconds: float, start: datetime = NOW) -> None:
        self.settings = settings
        self.local: list[Data] = []
        self.seconds = seconds
        self.start = start
        self.left = seconds
        self.patience = 0.0
        self.script = copy.deepcopy(script)
        self.puts: list[tuple[str, Data]] = []
        self.steps: list[str] = []
        self.taken: list[tuple[str, Data]] = []
        self.told: list[str] = []
        self.log: list[Data] = []

    @property
    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds - self.left)

    def parts(self) -> gate.Parts:
        def send(service: str, _region: str, operation: str, params: Data) -> Any:
            asked = _Health(self) if service == "health" else _CodePipeline(self)
            return sent(getattr(asked, xform_name(operation))(**params))

        calls = (self._post, lambda: self.left, self._resolve, self._pass, self.log.append)
        return gate.Parts(self.settings, _Aws(self, send), *calls, [])

    def play(self, kind: str, patience: float) -> str:
        """What the next call of that kind comes to."""
        steps = getattr(self.script, kind)
        step = steps.pop(0) if len(steps) > 1 else steps[0]
        self._pass(min(step.seconds, patience))
        if step.seconds >= patience:
            raise TimeoutError
        return str(step.what)

    def aws(self, kind: str, good: Data) -> Any:
        what = self.play(kind, self.patience)
        if what == "ok":
            self.told.append(kind)
            return {**good, **self._meta(200)}
        self._raise(what)
        return copy.deepcopy(SHAPES[int(what)])

    def _raise(self, what: str) -> None:
        found = {
            "throttle": self._fault("ThrottlingException", 400),
            "5xx": self._fault("InternalFailure", 500),
            "403": self._fault("AccessDeniedException", 403),
            "reset": ConnectionClosedError(endpoint_url=SECRET),
            "raw reset": ConnectionResetError(SECRET),
            "unreadable": ValueError(SECRET),
            "surprise": RuntimeError(SECRET),
        }.get(what)
        if found:
            raise found

    def put(self, operation: str, params: Data) -> Data:
        """The job takes the first answer that reaches it, whether or not the gate hears of it."""
        self.puts.append((operation, params))
        try:
            what = self.play("put", self.patience)
        except TimeoutError:
            self.steps.append("hang")
            raise
        self.steps.append(what)
        if self.taken:
            raise self._fault("InvalidJobStateException", 400)
        if what in ("ok", "taken, lost"):
            self.taken.append((operation, params))
        self._raise("reset" if what == "taken, lost" else what)
        return self._meta(200)

    def _meta(self, status: int) -> Data:
        headers = {"date": format_datetime(self.now, usegmt=True)}
        return {"ResponseMetadata": {"HTTPStatusCode": status, "HTTPHeaders": headers}}

    def _fault(self, code: str, status: int) -> ClientError:
        told = {"Error": {"Code": code, "Message": SECRET}, **self._meta(status)}
        return ClientError(told, "Op")  # type: ignore[arg-type]  # what the gate reads

    def _pass(self, seconds: float) -> None:
        self.left -= seconds

    def _post(self, _url: str, _body: bytes, seconds: float) -> gate.Reply:
        what = self.play("central", seconds)
        answer = CENTRAL[what]
        if isinstance(answer, Exception):
            raise answer
        self.told.append(f"central {what}")
        at = json.dumps(gate.spelled(self.now)).encode()
        return answer._replace(body=answer.body.replace(b'"2026-03-02T12:30:00Z"', at))

    def _resolve(self, _host: str) -> str:
        what = self.play("resolve", min(gate.LOOKUP_SECONDS, self.left - gate.ANSWER_RESERVE))
        if what != "ok":
            raise OSError(SECRET)
        return "health.us-east-2.amazonaws.com"


class _Aws(gate.Aws):
    """Tells the world how long the gate would wait."""

    def __init__(self, world: FaultyWorld, send: Callable[[str, str, str, Data], Any]) -> None:
        super().__init__(send)
        self._world = world

    def call(self, service: str, region: str, operation: str, seconds: float, **params: Any) -> Data:
        self._world.patience = seconds
        return super().call(service, region, operation, seconds, **params)


@dataclass
class _Health:
    world: FaultyWorld

    def describe_events(self, **params: Any) -> Any:
        """Two pages; an issue of another Region on the first."""
        if "nextToken" not in params:
            answer = {"events": [issue("arn:aws:health:eu-west-1::event/A/B/C", region="eu-west-1")], "nextToken": "t"}
            return self.world.aws("health", answer)
        found = self.world.aws("health", {"events": self.world.local})
        if isinstance(found, dict) and found.get("events") == self.world.local:
            self.world.told.append("health, whole")
        return found


@dataclass
class _CodePipeline:
    world: FaultyWorld

    def get_job_details(self, **_: Any) -> Any:
        context = {"pipelineName": "orders", "stage": {"name": "Gate"}, "pipelineExecutionId": "e-1"}
        data = {"pipelineContext": context, "artifactCredentials": {"sessionToken": SECRET}}
        return self.world.aws("details", {"jobDetails": {"data": data}})

    def get_pipeline(self, **_: Any) -> Any:
        kind = {"category": "Deploy", "owner": "AWS", "provider": "ECS"}
        later = {"name": "Deploy", "actions": [{"name": "D", "actionTypeId": kind}]}
        stages = [{"name": "Gate", "actions": []}, later]
        return self.world.aws("pipeline", {"pipeline": {"name": "orders", "stages": stages}})

    def put_job_success_result(self, **params: Any) -> Data:
        return self.world.put("success", params)

    def put_job_failure_result(self, **params: Any) -> Data:
        return self.world.put("failure", params)
