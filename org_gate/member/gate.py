"""The gate: the one file that runs in every account, inline in its stack as ``index.handler``.

CodePipeline invokes it before a deployment, as an action or as a rule of a stage's condition. It finds out where the
pipeline deploys to, asks the central decision API, adds what AWS Health says in its own account where central does not
know, answers its job exactly once, and returns the decision it acted on. A hold's start travels in the job's
continuation token; nothing is stored.

It stands on the standard library and the Lambda runtime's botocore alone, and of that on what signs and sends: making
a client of botocore's would be a third of a cold start. As CloudFormation carries it: no tabs, ASCII only, no dollar
sign before a brace, and not long. It must not ask a clock (now comes with the decision, or is the Date of an AWS
answer), nor log the event or the job's details (they hold credentials), nor outlive its deadline: every call that
leaves the function goes through `within`.
"""

import difflib
import json
import os
import re
import socket
import sys
import threading
import time
import traceback
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from functools import partial
from typing import Any, NamedTuple, TypeGuard, TypeVar

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import BotoCoreError, ClientError
from botocore.httpsession import URLLib3Session
from botocore.response import StreamingBody

VERSION = "0.2.0"

T = TypeVar("T")
Data = dict[str, Any]
Rules = Mapping[str, tuple[Callable[[Any], bool], str]]

# Seconds. A function timeout of 30 leaves room for every step.
ANSWER_RESERVE = 5.0  # nothing is asked any more when only this is left: it belongs to the job's answer
CENTRAL_SHARE = 0.6  # of what is left before the reserve; the rest is for the local check
CALL_SECONDS = 6
ANSWER_SECONDS = 2.0
LOOKUP_SECONDS = 1.0
PAUSE = 0.2

ANSWER_TRIES = 6
HEALTH_PAGES = 20
MAX_REPLY = 1_048_576
MAX_PARAMETERS = 1_000
MAX_TARGETS = 100
MAX_REASONS = 100
MAX_MESSAGE = 5_000
MAX_SUMMARY = 2_048
MAX_ID = 1_500
MAX_SHOWN = 60
MAX_TOLD = 12

HOLD_FOR = timedelta(hours=3)
HOLD_MOST = timedelta(hours=23)  # CodePipeline lets an action run for 24 hours

VERDICTS = ("allow", "warn", "block")
MODES = ("shadow", "warn", "enforce")
KINDS = ("event", "freeze", "stale", "unknown", "hint")

ACCOUNT_ID = re.compile(r"[0-9]{12}")
REGION = re.compile(r"global|[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")
TEXT = re.compile(r"(?s).*\S.*")
NAME = re.compile(r"[^/\s]+")
URL_HOST = re.compile(r"//(?:[^/@]*@)?([^/:?#]+)")
URL_REGION = re.compile(r"[./]lambda-url[./]([a-z0-9-]+)[./]")
DURATION = re.compile(r"([1-9][0-9]*)([smhd])")
SECONDS_IN = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
ROLE_ARN = re.compile(r"arn:[^:]+:iam::([0-9]{12}):")
PIPELINE_ARN = re.compile(r"arn:[^:]+:codepipeline:([a-z0-9-]+):")
HEALTH_HOST = re.compile(r"health\.([a-z0-9-]+)\.amazonaws\.com")

GLOBAL_HEALTH = "global.health.amazonaws.com"
HEALTH_REGIONS = ("us-east-1", "us-east-2")  # active and passive change places: the CNAME tells
OTHER_HEALTH = {"us-gov-": "us-gov-west-1", "cn-": "cn-northwest-1"}
INTERFACES = {"codepipeline": "CodePipeline_20150709.", "health": "AWSHealth_20160804."}  # in front of operations
PASSING = ("ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "InvalidPaginationToken")
ANSWERED = ("InvalidJobStateException", "JobNotFoundException")
EXPLAINED = {
    "SubscriptionRequiredException": "this account's support plan does not include the AWS Health API",
    "AccessDeniedException": "the gate's role is not allowed to",
}
FAULTS = (ClientError, BotoCoreError, OSError)
GARBLED = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
CONFIGURATION = "ConfigurationError"
NOT_TAKEN = "no answer taken"
OK, FORBIDDEN, TOO_MANY, SERVER_FAULT = 200, 403, 429, 500
REFUSALS = {400: CONFIGURATION, 422: CONFIGURATION, FORBIDDEN: "PermissionError"}

# G4: the providers of pipeline actions that deploy to one service of AWS Health, each by the action reference in the
# CodePipeline User Guide. Whatever is not here may deploy anything, and gives a target that lists no services.
SERVICE_OF = {
    "AppConfig": "APPCONFIG",  # a configuration of AWS AppConfig
    "ECS": "ECS",  # a service of a cluster (rolling)
    "EKS": "EKS",  # charts and manifests in a cluster
    "ElasticBeanstalk": "ELASTICBEANSTALK",  # an environment
    "S3": "S3",  # objects in a bucket
}
NOT_DEPLOYING = ("Source", "Approval")

TEST_CALL = {"org-gate": "test"}  # the whole event of a rollout that asks: neither a job nor a rule's event
STATUS = ("version", "age_seconds", "stale", "policy_version")  # what it is told of each central URL

# What this file relies on in a decision: a type, one of several values, a list of one shape, or named fields.
AIM = {"account": str, "region": str, "services": [str], "mode": MODES, "overridden": bool}
GROUND = {"kind": str, "verdict": VERDICTS, "rule": (str, None), "target": (int, None), "explanation": str}
MARK = {"age_seconds": (int, None), "stale": bool, "on_stale": (*VERDICTS, "local"), "on_unknown": VERDICTS}
DECISION = {
    "decision_id": str,
    "verdict": VERDICTS,
    "would_be": VERDICTS,
    "mode": MODES,
    "exempt": bool,
    "summary": str,
    "targets": [AIM],
    "reasons": [{**GROUND, "event": (None, {"arn": str, "region": str}), "override_id": (str, None)}],
    "reasons_omitted": int,
    "knowledge": {**MARK, "source": str},
    "evaluated_at": str,
}
REASON: Data = {
    "kind": "event",
    "verdict": "block",
    **dict.fromkeys(("rule", "target", "event", "freeze", "override_id")),
}

NO_TARGETS = "No targets are given and the pipeline tells none (%s): asked for the gate's own account and Region."
READ_TARGETS = "Targets read from the pipeline: %s."
AT_THE_DOOR = (
    "The org-gate API turned this account away at its door (403). Platform team: the account has to be in the "
    "organization that the central stack names; the gate's role needs lambda:InvokeFunctionUrl and "
    "lambda:InvokeFunction on the central function."
)
WHEN_OVER = "this is over"
WHEN_UNKNOWN = "it can be found out again (if this lasts, tell the platform team)"
RETRY = "What now: when %s, choose Retry on this stage in the CodePipeline console; the gate then asks again."
RESUMES = (
    "What now: when %s, org-gate retries this stage by itself, unless the policy has resume off; or choose Retry in "
    "the CodePipeline console at any time. To go on before that: org-gate override create."
)
HOLDS = (
    "What now: it goes on by itself when this is over, and fails at %s. To go on before that: org-gate override "
    "create; to give up: stop the execution."
)
CONDITION = RETRY + (
    " To go on before that: Override the condition there. org-gate does not resume a failed condition."
)


# --- What is passed in


class Settings(NamedTuple):
    """The environment that the rollout wrote. What cannot be read counts as the strictest value."""

    urls: tuple[str, ...]
    on_unknown: str
    mode: str
    platform_services: tuple[str, ...]
    region: str
    account: str
    exempt: Mapping[str, Any]  # a target's Region, or * for any: globs over names of pipelines


class Reply(NamedTuple):
    """What was sent back over HTTP; ``body`` is at most one byte longer than MAX_REPLY."""

    status: int
    content_type: str
    body: bytes
    date: str = ""


class Parts(NamedTuple):
    """All that reaches beyond this file. ``left`` gives the seconds that the invocation still has."""

    settings: Settings
    aws: "Aws"
    post: Callable[[str, bytes, float], Reply]
    left: Callable[[], float]
    resolve: Callable[[str], str]
    sleep: Callable[[float], None]
    log: Callable[[Data], None]
    trouble: list[str]

    def codepipeline(self, operation: str, **params: Any) -> Data:
        """What only asks. Raises FAULTS."""

        def ask() -> Data:
            seconds = min(CALL_SECONDS, self.left() - ANSWER_RESERVE)
            return self.aws.call("codepipeline", self.settings.region, operation, seconds, **params)

        return self.twice(ask)

    def twice(self, ask: Callable[[], T]) -> T:
        """What it gives; asked once more after a fault that may pass and took no time. Raises FAULTS."""
        try:
            return ask()
        except FAULTS as error:
            if is_timeout(error) or not is_passing(error):
                raise
        self.sleep(PAUSE)
        return ask()


class Job(NamedTuple):
    """A CodePipeline job; ``parameters`` are its UserParameters as they came, ``token`` its continuation token."""

    id: str | None  # None: a rule's event without a job, to be answered by returning or raising alone
    account: str
    parameters: Any
    token: Any = None


class Question(NamedTuple):
    """What is asked, and by whom (G3). ``note`` tells how targets that were not given were found."""

    account: str
    pipeline: Data
    rule: bool  # a stage condition asks, not an action
    targets: Sequence[Data] = ()
    note: str = ""


class Hold(NamedTuple):
    """A hold that was asked for (G6): since when, None where it begins now; and how long at most."""

    since: datetime | None
    lasts: timedelta

    def goes_on(self, now: datetime) -> bool:
        return now - (self.since or now) < self.lasts


class Outcome(NamedTuple):
    """What the job is answered with. ``failure`` is CodePipeline's failure type, None where the job succeeds or holds.

    ``held``: the continuation token and the percentage of a hold.
    """

    decision: Data
    failure: str | None
    message: str
    held: tuple[str, int] | None = None


class ConditionFailedError(Exception):
    """A stage condition's rule fails by its function's failing; the text is for the person who looks."""


@dataclass(eq=False)
class RefusedError(Exception):
    """The question cannot be asked as it stands. With ``mode`` None the job fails in every mode."""

    failure: str
    detail: str
    mode: str | None = None


class NoAnswerError(Exception):
    """A source could not tell; the text says why in a few words."""


class UnreadableAnswerError(BotoCoreError):
    """What AWS answered is not of the shape that its service promises."""


# --- The way through


def handler(event: Any, context: Any) -> Data:
    """Lambda's entry: the event of a CodePipeline Lambda action or rule in, the decision acted on out (A2).

    Raises ConditionFailedError where a rule is to fail, ValueError for an event that is no object, RuntimeError where
    CodePipeline took no answer (Lambda then tries again).
    """
    return run(event, real_parts(os.environ, lambda: context.get_remaining_time_in_millis() / 1000))


def run(event: Any, parts: Parts) -> Data:
    """Decides, answers the job, logs one line; a test call it answers, and no more."""
    if event == TEST_CALL:
        return tested(parts)
    job, rule = job_of(event, parts), False
    try:
        asked = who_asks(job, parts)
        rule = asked.rule
        outcome = look(job, asked, parts)
    except RefusedError as refused:
        outcome = refusal(refused, parts)
    except Exception as error:  # noqa: BLE001  the process edge: a job gets its answer whatever happens (G7)
        outcome = broken(error, parts)
    put = put_answer(job.id, outcome, parts) if job.id else "without a job"
    parts.log(log_line(job, outcome, put, parts))
    if put == NOT_TAKEN:
        raise RuntimeError(f"CodePipeline took no answer for job {job.id}: " + "; ".join(parts.trouble))
    if (rule or not job.id) and outcome.failure:
        raise ConditionFailedError(outcome.message)
    return outcome.decision


def look(job: Job, asked: Question, parts: Parts) -> Outcome:
    """From the job to its outcome. Raises RefusedError."""
    given = read_parameters(job.parameters, job.account)
    question, hold = completed(asked, given, parts), None if asked.rule else hold_of(job, given, parts)
    blocked = None
    if hold and (not parts.aws.date or hold.goes_on(parts.aws.date)):
        decision = decide(question, parts, "hold")
        now = moment(decision["evaluated_at"])
        if decision["verdict"] != "block":
            return answered(decision, question)
        if now and hold.goes_on(now):
            return held(decision, hold, now, question.note)
        blocked = decision
    if hold and hold.since:
        question = question._replace(note=f"{question.note} It was held since {spelled(hold.since)}.")
    decision = decide(question, parts, "condition" if asked.rule else "fail")  # a failed condition waits for nobody
    if blocked and not decision["decision_id"]:  # the asking at a hold's end lifts nothing where central is silent
        return outcome_of(blocked, question.note, RETRY)
    return answered(decision, question)


def decide(question: Question, parts: Parts, on_block: str) -> Data:
    """Central's decision with what the gate has to add, or its own. ``on_block``: what it will do with a block."""
    exempt = is_exempt(question, parts)
    decision = ask_central(question, on_block, parts, exempt=exempt)
    if decision is None:
        return decide_alone(question, parts, exempt=exempt)
    if decision["knowledge"]["stale"] and decision["knowledge"]["on_stale"] == "local":
        return with_local_check(decision, question.account, stale_words(decision), parts)
    return decision


def job_of(event: Any, parts: Parts) -> Job:
    """What AWS sends for a rule is not documented: with a job it is answered as one, without it by the return."""
    job = dig(event, "CodePipeline.job")
    job_id = dig(job, "id")
    if isinstance(job_id, str) and job_id:
        account, token = dig(job, "accountId"), dig(job, "data", "continuationToken")
        parameters = dig(job, "data", "actionConfiguration", "configuration", "UserParameters")
        return Job(
            job_id,
            account if like(ACCOUNT_ID)(account) else parts.settings.account,
            found_in(job, "UserParameters") if parameters is None else parameters,
            token,
        )
    if not isinstance(event, dict) or job is not None:
        raise ValueError(
            "neither a CodePipeline job (no CodePipeline.job with an id) nor a rule's event: nothing asked or answered"
        )
    return Job(None, parts.settings.account, found_in(event, "UserParameters"))


def found_in(data: Any, name: str, depth: int = 5) -> Any:
    """The first value of that name at any depth; None where there is none."""
    if not isinstance(data, dict) or not depth:
        return None
    if name in data:
        return data[name]
    deeper = (found_in(each, name, depth - 1) for each in data.values())
    return next((each for each in deeper if each is not None), None)


def who_asks(job: Job, parts: Parts) -> Question:
    """The question but for its targets, by the job's details (G3); the Region is always known."""
    context, category = job_details(job, parts)
    arn = PIPELINE_ARN.match(str(dig(context, "pipelineArn")))
    found = {
        "name": dig(context, "pipelineName"),
        "region": arn[1] if arn else parts.settings.region,
        "stage": dig(context, "stage", "name"),
        "action": dig(context, "action", "name"),
        "execution_id": dig(context, "pipelineExecutionId"),
    }
    rule = not job.id or category not in (None, "Invoke")
    return Question(job.account, {name: value for name, value in found.items() if like(TEXT)(value)}, rule)


def job_details(job: Job, parts: Parts) -> tuple[Any, Any]:
    """The job's context and its category alone: the rest is credentials. None where AWS does not tell."""
    if not job.id:
        return None, None
    try:
        data = dig(parts.codepipeline("GetJobDetails", jobId=job.id), "jobDetails", "data")
    except FAULTS as error:
        parts.trouble.append("GetJobDetails: " + fault_words(error))
        return None, None
    return dig(data, "pipelineContext"), dig(data, "actionTypeId", "category")


def completed(asked: Question, given: Data, parts: Parts) -> Question:
    """With the targets, and with what only UserParameters tell of the pipeline."""
    told = {name: given[key] for name, key in FALLBACKS.items() if key in given}
    asked = asked._replace(pipeline=told | asked.pipeline)
    targets, note = (given["targets"], "") if "targets" in given else targets_of(asked, parts)
    return asked._replace(targets=targets, note=note)


# --- The pipeline itself: G4


def targets_of(asked: Question, parts: Parts) -> tuple[list[Data], str]:
    """Where the pipeline deploys to after this gate, and what to say of it."""
    try:
        found = places_of(later_actions(declaration(asked.pipeline, parts), asked), asked)
        targets = [target(*place, sorted(found[place])) for place in sorted(found)]
        why = "nothing after the gate deploys"
    except NoAnswerError as failure:
        targets, why = [], str(failure)
    except GARBLED:
        targets, why = [], "its definition cannot be read"
    if not targets:
        return [target(asked.account, parts.settings.region)], NO_TARGETS % why
    told = ["/".join((t["account"], t["region"], "+".join(t["services"]))).rstrip("/") for t in targets]
    more = [f"and {len(told) - MAX_TOLD} more"] if len(told) > MAX_TOLD else []
    return targets, READ_TARGETS % ", ".join(told[:MAX_TOLD] + more)


def declaration(pipeline: Data, parts: Parts) -> Data:
    """Raises NoAnswerError."""
    if "name" not in pipeline or "stage" not in pipeline:
        raise NoAnswerError("neither AWS nor UserParameters tell the pipeline and its stage")
    try:
        answer = parts.codepipeline("GetPipeline", name=pipeline["name"])
    except FAULTS as error:
        raise NoAnswerError("GetPipeline: " + fault_words(error)) from None
    return dig(answer, "pipeline") or {}


def later_actions(declared: Data, asked: Question) -> list[Data]:
    """Those of the stages after the gate's and the later ones of its own; all of its own for a condition's rule."""
    name, stages = asked.pipeline["stage"], declared["stages"]
    names = [stage["name"] for stage in stages]
    if name not in names:
        raise NoAnswerError("it has no stage " + clip(name, MAX_SHOWN))
    position = names.index(name)
    own = stages[position]["actions"]
    orders = [run_order(each) for each in own if each["name"] == asked.pipeline.get("action")]
    orders = orders or [run_order(each) for each in own if is_gate(each)]
    first = 0 if asked.rule else min(orders, default=0)
    later = [each for each in own if run_order(each) > first]
    return later + [each for stage in stages[position + 1 :] for each in stage["actions"]]


def places_of(actions: list[Data], asked: Question) -> dict[tuple[str, str], set[str]]:
    """Services by account and Region; an empty set where any may be meant."""
    found: dict[tuple[str, str], set[str]] = {}
    for action in actions:
        kind = action["actionTypeId"]
        if kind["category"] in NOT_DEPLOYING or is_gate(action):
            continue
        role = ROLE_ARN.match(action.get("roleArn") or "")
        place = (role[1] if role else asked.account, str(action.get("region") or asked.pipeline["region"]))
        service = SERVICE_OF.get(kind["provider"]) if kind["owner"] == "AWS" else None
        joined = found.get(place)
        found[place] = {service, *(joined or ())} if service and joined != set() else set()
    return found


def run_order(action: Data) -> int:
    return int(action.get("runOrder") or 1)


def is_gate(action: Data) -> bool:
    function = dig(action, "configuration", "FunctionName")
    return (action["actionTypeId"]["provider"], function) == ("Lambda", "org-gate")


# --- Holding: G6


def hold_of(job: Job, given: Data, parts: Parts) -> Hold | None:
    """None where a block fails at once. A hold whose start is lost is over: it would never end."""
    if given.get("on_block") != "hold":
        return None
    lasts = span(given.get("hold_for")) or HOLD_FOR
    if not job.token:
        return Hold(None, lasts)
    try:
        since = moment(json.loads(job.token)["since"])
    except GARBLED:
        since = None
    if since:
        return Hold(since, lasts)
    parts.trouble.append("hold: its continuation token cannot be read")
    return Hold(None, timedelta(0))


def span(text: Any) -> timedelta | None:
    """A duration of at most HOLD_MOST; None for anything else."""
    found = DURATION.fullmatch(text) if isinstance(text, str) and len(text) <= MAX_SHOWN else None
    seconds = int(found[1]) * SECONDS_IN[found[2]] if found else 0
    return timedelta(seconds=seconds) if 0 < seconds <= HOLD_MOST.total_seconds() else None


def held(decision: Data, hold: Hold, now: datetime, note: str) -> Outcome:
    since = hold.since or now
    head, until = f"org-gate holds this deployment since {spelled(since)}.", HOLDS % spelled(since + hold.lasts)
    percent = max(0, int(100 * ((now - since) / hold.lasts)))
    message = stop_message(head, decision, f"{note} {until}", MAX_SUMMARY)
    return Outcome(decision, None, message, (json.dumps({"since": spelled(since)}), percent))


# --- UserParameters: G2


def read_parameters(parameters: Any, account: str) -> Data:
    """UserParameters with their targets in full. Raises RefusedError with every problem and its place."""
    data = parse_parameters(parameters)
    wrong = list(problems(data, PARAMETERS, ""))
    targets = [split_target(given) for given in data.get("targets", ())] if not wrong else []
    for index, fields in enumerate(targets):
        wrong += problems({"region": None, **fields}, TARGET, f"targets[{index}].")
    if wrong:
        raise parameters_wrong("; ".join(wrong))
    return data | ({"targets": [target(**{"account": account, **fields}) for fields in targets]} if targets else {})


def parse_parameters(text: Any) -> Data:
    if text is None or text == "":
        return {}
    if not isinstance(text, str) or len(text) > MAX_PARAMETERS:
        raise parameters_wrong(f"they are not a text of at most {MAX_PARAMETERS} characters")
    try:
        data = json.loads(text, object_pairs_hook=without_doubles)
    except json.JSONDecodeError as error:
        raise parameters_wrong(f"not JSON at line {error.lineno}, column {error.colno}: {error.msg}") from None
    except (ValueError, RecursionError) as error:
        raise parameters_wrong(str(error)) from None
    if not isinstance(data, dict):
        raise parameters_wrong(f"{shown(data)} is not a JSON object")
    return data


def without_doubles(pairs: list[tuple[str, Any]]) -> Data:
    data = dict(pairs)
    if len(data) < len(pairs):
        raise ValueError("a field is written twice: " + ", ".join(shown(name) for name, _ in pairs))
    return data


def parameters_wrong(what: str) -> RefusedError:
    return RefusedError(
        CONFIGURATION,
        f"The gate action's UserParameters cannot be used: {what}. Nothing was asked. Correct them in the pipeline's "
        'definition and release the change again; an example: {"targets": ["111122223333/eu-west-1/ECS+RDS"]}.',
    )


def problems(data: Data, rules: Rules, place: str) -> Iterator[str]:
    for name, value in data.items():
        if name not in rules:
            near = difflib.get_close_matches(name, rules, 1)
            hint = f"did you mean {near[0]}?" if near else "known are " + ", ".join(rules)
            yield f"{place}{clip(name, MAX_SHOWN)}: unknown field ({hint})"
        elif not rules[name][0](value):
            yield f"{place}{name}: {shown(value)} {rules[name][1]}"


def split_target(given: Any) -> Data:
    """A target's fields, from its short form too; an account left empty there is the caller's."""
    if isinstance(given, dict):
        return given
    account, region, services, zones = (*given.split("/", 3), "", "", "")[:4]
    lists = {"services": services, "availability_zones": zones}
    fields = {name: part.split("+") for name, part in lists.items() if part}
    return {"region": region, **fields} | ({"account": account} if account else {})


def like(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def are_names(value: Any) -> bool:
    return isinstance(value, list) and all(map(like(NAME), value))


def are_targets(value: Any) -> bool:
    return isinstance(value, list) and 1 <= len(value) <= MAX_TARGETS and all(isinstance(t, str | dict) for t in value)


A_TEXT = (like(TEXT), "is not a text in quotes")
NAMES = (are_names, "is not a list of names")
PARAMETERS: Rules = {
    "targets": (are_targets, f"is not a list of 1 to {MAX_TARGETS} targets (texts or objects)"),
    "on_block": (lambda value: value in ("fail", "hold"), 'is neither "fail" nor "hold"'),
    "hold_for": (lambda value: span(value) is not None, "is not a duration such as 90m or 3h, of at most 23h"),
    **dict.fromkeys(("pipeline", "stage", "execution_id"), A_TEXT),
}
FALLBACKS = {"name": "pipeline", "stage": "stage", "execution_id": "execution_id"}
TARGET: Rules = {
    "account": (like(ACCOUNT_ID), "is not 12 digits in quotes"),
    "region": (like(REGION), "is not a Region such as eu-west-1, or global; write ACCOUNT/REGION[/SERVICE[/ZONE]]"),
    "services": NAMES,
    "availability_zones": NAMES,
}


def target(account: str, region: str, services: Iterable[str] = (), availability_zones: Iterable[str] = ()) -> Data:
    names = [service.upper() for service in services]
    return {"account": account, "region": region, "services": names, "availability_zones": list(availability_zones)}


def shown(value: Any) -> str:
    return clip(json.dumps(value), MAX_SHOWN)


# --- Central: G8


def ask_central(question: Question, on_block: str, parts: Parts, *, exempt: bool) -> Data | None:
    """The first decision that a central URL gives; None where none does, with what happened in ``trouble``.

    Raises RefusedError where central says no, or where all that was heard is the front door's no (to a pipeline that
    is exempt the door is no answer).
    """
    asked = {"targets": question.targets, "source": "codepipeline", "pipeline": question.pipeline}
    body = json.dumps({**asked, "gate": {"version": VERSION, "on_block": on_block}}).encode()
    keep = ANSWER_RESERVE + (1 - CENTRAL_SHARE) * max(0.0, parts.left() - ANSWER_RESERVE)
    mode, statuses = parts.settings.mode, []
    for url in parts.settings.urls:
        try:
            reply = ask_url(url, body, parts, keep)
            statuses.append(reply.status)
            return understood(reply, mode)
        except NoAnswerError as failure:
            parts.trouble.append(f"{central_name(url)}: {failure}")
    if FORBIDDEN in statuses and not exempt:
        raise RefusedError(REFUSALS[FORBIDDEN], AT_THE_DOOR, mode)
    if not parts.settings.urls:
        parts.trouble.append("central: this gate knows no URL (ORG_GATE_URLS)")
    return None


def ask_url(url: str, body: bytes, parts: Parts, keep: float, *, again: bool = True) -> Reply:
    """One URL's reply, of its status where there is no body; asked once more after a lost connection or a 5xx.

    Raises NoAnswerError.
    """
    seconds = min(CALL_SECONDS, parts.left() - keep)
    endpoint = re.split("[?#]", url)[0].rstrip("/") + ("/v1/decisions" if body else "/v1/status")
    try:
        reply = within(seconds, lambda: parts.post(endpoint, body, seconds))
    except (*FAULTS, ValueError) as error:  # ValueError: not a URL
        if not again or is_timeout(error):
            raise NoAnswerError(fault_words(error)) from None
    else:
        if not again or reply.status < SERVER_FAULT:
            return reply
    parts.sleep(PAUSE)
    return ask_url(url, body, parts, keep, again=False)


def understood(reply: Reply, mode: str) -> Data:
    """The decision in a reply. Raises RefusedError for central's own no, NoAnswerError for everything else."""
    data = read_json(reply.body) if len(reply.body) <= MAX_REPLY else None
    if reply.status == OK and is_decision(data):
        return data
    detail, given = dig(data, "detail"), dig(data, "mode")
    if reply.status in REFUSALS and like(TEXT)(detail) and "application/problem+json" in reply.content_type.lower():
        raise RefusedError(REFUSALS[reply.status], detail, given if given in MODES else mode)
    what = " with what is not a decision" if reply.status == OK else ""
    raise NoAnswerError(f"answered {reply.status}{what}")


def is_decision(data: Any) -> TypeGuard[Data]:
    """Whether it has the shape that everything below relies on; further fields are a newer central's."""
    if not fits(data, DECISION) or moment(data["evaluated_at"]) is None:
        return False
    indexes = [reason["target"] for reason in data["reasons"] if reason["target"] is not None]
    return all(0 <= index < len(data["targets"]) for index in (0, *indexes))


def fits(value: Any, shape: Any) -> bool:
    if isinstance(shape, dict):
        return isinstance(value, dict) and all(name in value and fits(value[name], shape[name]) for name in shape)
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(each, shape[0]) for each in value)
    if isinstance(shape, tuple):
        return any(fits(value, each) for each in shape)
    return isinstance(value, shape) if isinstance(shape, type) else bool(value == shape)


def tested(parts: Parts) -> Data:
    """How this gate stands and what it sees of central, asked as its decisions are; no pipeline is touched."""
    known = parts.settings
    seen = [{"name": central_name(url)} | status_seen(url, parts) for url in known.urls]
    return {"version": VERSION, "mode": known.mode, "on_unknown": known.on_unknown, "central": seen}


def status_seen(url: str, parts: Parts) -> Data:
    """STATUS of what a central URL answers, or ``why`` it does not."""
    try:
        reply = ask_url(url, b"", parts, ANSWER_RESERVE)
    except NoAnswerError as failure:
        return {"why": str(failure)}
    try:
        status = json.loads(reply.body)
        return {name: status[name] for name in STATUS}
    except GARBLED:
        return {"why": f"answered {reply.status}"}


def central_name(url: str) -> str:
    """How a URL is called in logs and messages: by its Region, else its host; never its query or credentials."""
    region, host = URL_REGION.search(url), URL_HOST.search(url)
    return "central in " + region[1] if region else "central at " + host[1] if host else "central"


# --- The local check: D13, D14


def is_exempt(question: Question, parts: Parts) -> bool:
    """D11 by the word of the rollout; it knows nothing of targets in other accounts."""
    name, globs = question.pipeline.get("name", ""), parts.settings.exempt
    return all(
        aim["account"] == question.account
        and any(fnmatchcase(name, glob) for key in ("*", aim["region"]) for glob in globs.get(key, ()))
        for aim in question.targets
    )


def decide_alone(question: Question, parts: Parts, *, exempt: bool) -> Data:
    """No central URL answered: what AWS Health says here, for the same targets and the pipeline's own ground (D2)."""
    account, services = question.account, parts.settings.platform_services
    ground = [target(account, question.pipeline["region"], services)] if services else []
    judged = [{**each, "mode": parts.settings.mode, "overridden": False} for each in (*question.targets, *ground)]
    heard = "; ".join(words for words in parts.trouble if words.startswith("central"))
    decision = blank(parts) | {"exempt": exempt, "targets": judged, "evaluated_at": None}  # AWS Health's Date tells
    return with_local_check(decision, account, f"no central URL answered ({heard})", parts)


def with_local_check(decision: Data, account: str, why: str, parts: Parts) -> Data:
    """The decision with what AWS Health says in this account, or with ``on_unknown`` where it says nothing."""
    try:
        issues = open_issues(parts)
    except NoAnswerError as failure:
        parts.trouble.append(f"AWS Health: {failure}")
        why = f"{why}, and AWS Health in this account could not be asked ({failure})"
        return merged(decision, [unknown_reason(parts, why)], why, parts)
    now = moment(decision["evaluated_at"]) or parts.aws.date
    current = [event_of(issue) for issue in issues if not is_over(issue, now)]
    return merged(decision, [*local_reasons(decision, account, current)], why, parts)


def open_issues(parts: Parts) -> list[Data]:
    """Every open issue that this account sees, as DescribeEvents gives them. Raises NoAnswerError."""
    why = ""
    for region in health_regions(parts):
        try:
            return parts.twice(partial(read_issues, region, parts))
        except FAULTS as error:
            why = fault_words(error)
    raise NoAnswerError(why)


def read_issues(region: str, parts: Parts) -> list[Data]:
    """Raises FAULTS; NoAnswerError where there are more pages than can be read."""
    criteria = {"eventStatusCodes": ["open"], "eventTypeCategories": ["issue"]}
    found: dict[tuple[str, str], Data] = {}
    page: Data = {}
    for _ in range(HEALTH_PAGES):
        seconds = min(CALL_SECONDS, parts.left() - ANSWER_RESERVE)
        answer = parts.aws.call("health", region, "DescribeEvents", seconds, filter=criteria, maxResults=100, **page)
        issues, token = dig(answer, "events"), dig(answer, "nextToken")
        if not fits(issues, [dict]):  # a body that is no JSON, too, comes as an empty answer
            raise UnreadableAnswerError
        found |= {(str(issue.get("arn")), str(issue.get("region"))): issue for issue in issues}
        if not token:
            return list(found.values())
        page = {"nextToken": token}
    raise NoAnswerError(f"more than {HEALTH_PAGES} pages of open issues")


def health_regions(parts: Parts) -> tuple[str, ...]:
    """Where to ask AWS Health: the active endpoint's Region where the name server tells it, else both in order."""
    for prefix, region in OTHER_HEALTH.items():
        if parts.settings.region.startswith(prefix):
            return (region,)
    seconds = min(LOOKUP_SECONDS, parts.left() - ANSWER_RESERVE)
    try:
        active = HEALTH_HOST.match(within(seconds, lambda: parts.resolve(GLOBAL_HEALTH)))
    except (OSError, ValueError):  # no such name, no name server, not in time, not a name: all the same here
        active = None
    return (active[1],) if active else HEALTH_REGIONS


def is_over(issue: Data, now: datetime | None) -> bool:
    """D4, at whole seconds. Where no AWS answer told the time, nothing counts as over."""
    end = time_of(issue.get("endTime"))
    ended = end is not None and now is not None and int(end.timestamp()) <= int(now.timestamp())
    return ended or issue.get("statusCode") == "closed"


def event_of(issue: Data) -> Data:
    """An issue of DescribeEvents as reasons show events (A2)."""
    return {
        "arn": str(issue.get("arn", "")),
        "service": issue.get("service"),
        "region": str(issue.get("region", "")),
        "scope": issue.get("eventScopeCode"),
        "category": issue.get("eventTypeCategory"),
        "type_code": issue.get("eventTypeCode"),
        "status": issue.get("statusCode"),
        "start": spelled(time_of(issue.get("startTime"))),
        "last_updated": spelled(time_of(issue.get("lastUpdatedTime"))),
        "drill": False,
    }


def local_reasons(decision: Data, account: str, events: list[Data]) -> Iterator[Data]:
    known = [(reason["target"], event_key(reason)) for reason in decision["reasons"] if reason["verdict"] == "block"]
    here = f"AWS Health in account {account}"
    for index, aim in enumerate(decision["targets"]):
        for event in events:
            reason = {**REASON, "rule": "local", "target": index, "event": event}
            if local_concern(event, aim, account) and (index, event_key(reason)) not in known:
                told = f"{here} shows {event_words(event)}. It concerns {aim['account']}/{aim['region']}."
                yield reason | {"explanation": told}
        if aim["account"] != account:
            told = f"{here} shows only public events for account {aim['account']}; what is specific to it is not known."
            yield {**REASON, "kind": "hint", "verdict": "warn", "target": index, "explanation": told}


def local_concern(event: Data, aim: Data, account: str) -> bool:
    """D13's rule `local`; what an event does not tell counts as fitting."""
    here = not event["region"] or event["region"] in (aim["region"], "global")
    seen = aim["account"] == account or event["scope"] != "ACCOUNT_SPECIFIC"
    service, listed = str(event["service"] or "").upper(), aim["services"]
    served = not listed or not service or service in listed or "MULTIPLE_SERVICES" in (service, *listed)
    return here and seen and served


def unknown_reason(parts: Parts, why: str) -> Data:
    """By the word of the rollout, even where central said another: a policy may be newer than the gates (D14)."""
    told = f"Nothing could be found out: {why}."
    return {**REASON, "kind": "unknown", "verdict": parts.settings.on_unknown, "explanation": told}


# --- Decisions


def blank(parts: Parts) -> Data:
    """A decision of the gate's own, before anything is known."""
    mode, on_unknown = parts.settings.mode, parts.settings.on_unknown
    unread = {"as_of": None, "age_seconds": None, "stale": True}
    return {
        "decision_id": None,
        "verdict": "allow",
        "would_be": "allow",
        "mode": mode,
        "exempt": False,
        "summary": "",
        "targets": [],
        "reasons": [],
        "reasons_omitted": 0,
        "knowledge": {**unread, "on_stale": "local", "on_unknown": on_unknown, "source": "local"},
        "policy_version": None,
        "evaluated_at": spelled(parts.aws.date),
        "retry_after_seconds": 60,
    }


def merged(decision: Data, added: list[Data], why: str, parts: Parts) -> Data:
    """The decision with further reasons, in D15's order; they only ever make it stricter."""
    reasons = sorted([*decision["reasons"], *added], key=reason_order)
    result = {
        **decision,
        "reasons": reasons[:MAX_REASONS],
        "reasons_omitted": decision["reasons_omitted"] + max(0, len(reasons) - MAX_REASONS),
        "evaluated_at": decision["evaluated_at"] or spelled(parts.aws.date),
    }
    if not decision["exempt"]:
        for name, mode in (("verdict", None), ("would_be", "enforce")):
            verdicts = (decision[name], *(counted(reason, decision, mode) for reason in added))
            result[name] = max(verdicts, key=VERDICTS.index)
    return {**result, "summary": summary_of(result, why)}


def reason_order(reason: Data) -> tuple[int, int, int, tuple[str, str]]:
    kind = (*KINDS, reason["kind"]).index(reason["kind"])
    index = -1 if reason["target"] is None else reason["target"]
    return -VERDICTS.index(reason["verdict"]), kind, index, event_key(reason)


def event_key(reason: Data) -> tuple[str, str]:
    """ARN and Region; a freeze's name; nothing for other reasons."""
    name = dig(reason, "event", "arn") or dig(reason, "freeze", "name") or ""
    return str(name), dig(reason, "event", "region") or ""


def aims_of(reason: Data, decision: Data) -> list[Data]:
    """The targets that a reason counts for."""
    return decision["targets"] if reason["target"] is None else [decision["targets"][reason["target"]]]


def is_lifted(reason: Data, decision: Data) -> bool:
    """Whether an override makes a warning of a block."""
    aims = aims_of(reason, decision)
    lifted = reason["override_id"] is not None or (bool(aims) and all(aim["overridden"] for aim in aims))
    return reason["verdict"] == "block" and lifted


def counted(reason: Data, decision: Data, mode: str | None = None) -> str:
    """The verdict that a reason counts with: an override or a mode other than enforce makes a warning of a block."""
    mode = mode or (decision["mode"] if reason["target"] is None else aims_of(reason, decision)[0]["mode"])
    softened = is_lifted(reason, decision) or (reason["verdict"] == "block" and mode != "enforce")
    return "warn" if softened else str(reason["verdict"])


def heaviest(decision: Data) -> list[Data]:
    return [reason for reason in decision["reasons"] if counted(reason, decision) == decision["verdict"]]


def summary_of(decision: Data, why: str) -> str:
    """One line for a person."""
    heavy = heaviest(decision)
    if decision["exempt"]:
        head = "the policy exempts this deployment"
    else:
        head = reason_words(heavy[0]) if heavy else "nothing known stands against this deployment"
    more = f" (and {len(heavy) - 1} more)" if len(heavy) > 1 else ""
    tail = "" if why in head else f"; the gate looked for itself as {why}"
    softened = decision["would_be"] != decision["verdict"]
    would = f" In mode enforce this would be {decision['would_be']}." if softened else ""
    return clip(f"{decision['verdict']}: {head.rstrip('.')}{more}{tail}.{would}", MAX_SUMMARY)


def reason_words(reason: Data) -> str:
    if not reason["event"]:
        return str(reason["explanation"])
    return event_words(reason["event"]) + (f", rule {reason['rule']}" if reason["rule"] else "")


def event_words(event: Data) -> str:
    since = f" since {event['start']}" if event.get("start") else ""
    what = event.get("type_code") or event["arn"]
    service, region = event.get("service") or "an unnamed service", event["region"] or "an unnamed Region"
    return f"{what} ({service}) in {region}, {event.get('status') or 'of unknown status'}{since}"


def stale_words(decision: Data) -> str:
    age = decision["knowledge"]["age_seconds"]
    return "central has no knowledge yet" if age is None else f"central's knowledge is {age // 60} min old"


# --- Outcomes


def answered(decision: Data, question: Question) -> Outcome:
    step = RESUMES if resumes(decision, question) else CONDITION if question.rule else RETRY
    return outcome_of(decision, question.note, step)


def resumes(decision: Data, question: Question) -> bool:
    """Whether central has the deployment among those that wait (W1): it blocked it, and can find it again."""
    known = all(name in question.pipeline for name in ("name", "stage", "execution_id")) and not question.rule
    own = [reason["rule"] == "local" or reason["kind"] == "unknown" for reason in heaviest(decision)]
    return known and decision["decision_id"] is not None and not all(own)


def outcome_of(decision: Data, note: str, step: str) -> Outcome:
    if decision["verdict"] != "block":
        head = f"{drill_words(decision)}{sentence(decision['summary'])} {override_words(decision)}"
        return Outcome(decision, None, closed(head, f"{note} {decided(decision)}", MAX_SUMMARY))
    unknown = all(reason["kind"] in ("stale", "unknown") for reason in heaviest(decision) or [REASON])
    tail = f"{note} {step % (WHEN_UNKNOWN if unknown else WHEN_OVER)}"
    return Outcome(
        decision, "JobFailed", stop_message("org-gate stopped this deployment.", decision, tail, MAX_MESSAGE)
    )


def stop_message(head: str, decision: Data, tail: str, limit: int) -> str:
    """What is going on and where, then what to do and the decision's id."""
    new = [each for each in heaviest(decision) if each["event"] or each["explanation"] not in decision["summary"]]
    listed = " ".join(f"[{number}] {sentence(each['explanation'])}" for number, each in enumerate(new, 1))
    omitted = f"{decision['reasons_omitted']} more reasons are left out. " if decision["reasons_omitted"] else ""
    head = f"{drill_words(decision)}{head} {sentence(decision['summary'])} {listed}"
    return closed(head, f"{omitted}{tail} {decided(decision)}", limit)


def closed(head: str, tail: str, limit: int) -> str:
    """The tail stays whole however long the head is."""
    return clip(f"{clip(head, limit - len(tail) - 1)} {tail}", limit)


def drill_words(decision: Data) -> str:
    drills = [dig(reason, "event", "drill") is True for reason in heaviest(decision) or decision["reasons"]]
    return "" if not any(drills) else "DRILL: " if all(drills) else "In part a DRILL: "


def override_words(decision: Data) -> str:
    lifted = [reason for reason in decision["reasons"] if is_lifted(reason, decision)]
    names = sorted({reason["override_id"] or "of all events" for reason in lifted})
    return clip(f"Lifted by override {', '.join(names)}.", 300) if names else ""


def decided(decision: Data) -> str:
    by = f"Decision {decision['decision_id']}" if decision["decision_id"] else "No central decision"
    return clip(f"{by}, at {decision['evaluated_at'] or 'a time not known'}", 300) + "."


def sentence(text: str) -> str:
    return text if text.rstrip().endswith((".", "!", "?")) else text.rstrip() + "."


def refusal(refused: RefusedError, parts: Parts) -> Outcome:
    """A question that could not be asked: the job fails, but for an account that is only watched (G5)."""
    mode = refused.mode or parts.settings.mode
    watched = refused.mode is not None and refused.mode != "enforce"
    told = RETRY % "that is done" if refused.failure == REFUSALS[FORBIDDEN] else ""
    if watched:
        told = f"This account is in mode {mode}: the deployment goes on without a verdict."
    head = f"org-gate could not decide. {sentence(refused.detail)}"
    message = closed(head, told, MAX_SUMMARY if watched else MAX_MESSAGE)
    known = {"verdict": None, "would_be": None, "mode": mode, "summary": message}
    return Outcome(blank(parts) | known, None if watched else refused.failure, message)


def broken(error: Exception, parts: Parts) -> Outcome:
    """The gate itself failed: D14's unknown. Names the place; the error's own text might hold what it choked on."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    what = f"the gate itself failed ({type(error).__name__} in {place.name}, line {place.lineno})"
    parts.trouble.append(what)
    decision = blank(parts)
    return outcome_of(merged(decision, [unknown_reason(parts, what)], what, parts), "", RETRY)


# --- The job's answer: G5, G7


def put_answer(job_id: str, outcome: Outcome, parts: Parts) -> str:
    """How the job stands now: "succeeded", "failed", "held", "left alone" where it was answered already, or NOT_TAKEN.

    Tries again while there is time.
    """
    operation, params = answer_of(outcome)
    for tried in range(ANSWER_TRIES):
        seconds = min(ANSWER_SECONDS, parts.left() - PAUSE)
        try:
            parts.aws.call("codepipeline", parts.settings.region, operation, seconds, jobId=job_id, **params)
        except FAULTS as error:
            parts.trouble.append(f"{operation}: {fault_words(error)}")
            if code_of(error) in ANSWERED:
                return "left alone"
            pause = PAUSE * 2**tried
            if not is_passing(error) or parts.left() < pause + 2 * PAUSE:
                break
            parts.sleep(pause)
        else:
            return "failed" if outcome.failure else "held" if outcome.held else "succeeded"
    return NOT_TAKEN


def answer_of(outcome: Outcome) -> tuple[str, Data]:
    """An output variable is never empty: what AWS makes of an empty one is not documented."""
    decision_id = outcome.decision["decision_id"]
    external = {"externalExecutionId": clip(decision_id, MAX_ID)} if decision_id else {}
    if outcome.failure:
        details = {"type": outcome.failure, "message": outcome.message, **external}
        return "PutJobFailureResult", {"failureDetails": details}
    details = {"summary": outcome.message, **external}
    if outcome.held:
        token, percent = outcome.held
        more = {"continuationToken": token, "executionDetails": {**details, "percentComplete": percent}}
    else:
        told = {"verdict": outcome.decision["verdict"] or "none", "decisionId": clip(decision_id or "none", MAX_ID)}
        more = {"outputVariables": {**told, "summary": outcome.message}, "executionDetails": details}
    return "PutJobSuccessResult", more


def log_line(job: Job, outcome: Outcome, put: str, parts: Parts) -> Data:
    told = {name: outcome.decision[name] for name in ("decision_id", "verdict", "would_be", "mode", "evaluated_at")}
    answer = {"job": put, "failure_type": outcome.failure, "source": outcome.decision["knowledge"]["source"]}
    return {"message": "org-gate answered", "job_id": job.id, **told, **answer, "trouble": parts.trouble}


# --- Words and values


def clip(text: str, limit: int) -> str:
    """One line of at most ``limit`` UTF-16 units, cut between characters; control characters become spaces."""
    plain = "".join(" " if unicodedata.category(each)[0] == "C" else each for each in text)
    line = " ".join(plain.split())
    units = line.encode("utf-16-le")
    if len(units) <= 2 * limit:
        return line
    return units[: 2 * (limit - 3)].decode("utf-16-le", "ignore") + "..."


def read_json(text: str | bytes) -> Any:
    """None where it cannot be read."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def dig(data: Any, *names: str) -> Any:
    """The value at a path of dicts; None where the path ends early."""
    for name in names:
        data = data.get(name) if isinstance(data, dict) else None
    return data


def moment(text: Any) -> datetime | None:
    """A time with an offset; None for anything else."""
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else None


def time_of(seconds: Any) -> datetime | None:
    """The time that AWS's JSON gives in seconds since 1970; None for anything else."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OSError, *GARBLED):
        return None


def spelled(time: datetime | None) -> str | None:
    """Not by strftime: it writes the year 1 with one digit."""
    return time.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z" if time else None


def code_of(error: Exception) -> str:
    name = dig(error.response, "Error", "Code") if isinstance(error, ClientError) else type(error).__name__
    return clip(str(name), MAX_SHOWN)


def is_passing(error: Exception) -> bool:
    """Whether the same call may succeed a moment later."""
    if not isinstance(error, ClientError):
        return True
    status = dig(error.response, "ResponseMetadata", "HTTPStatusCode") or 0
    again = status >= SERVER_FAULT or status == TOO_MANY
    return again or code_of(error) in PASSING


def is_timeout(error: Exception) -> bool:
    return "Timeout" in type(error).__name__


def fault_words(error: Exception) -> str:
    """An error in a few words, without its own text: that may name endpoints and principals."""
    code = "no answer in time" if is_timeout(error) else code_of(error)
    return f"{code}: {EXPLAINED[code]}" if code in EXPLAINED else code


# --- Where it touches the world


def within(seconds: float, call: Callable[[], T]) -> T:
    """What ``call`` gives or raises; TimeoutError after that many seconds, whatever holds it up.

    Socket timeouts alone do not bound a name server that hangs or an answer that drips. A thread left behind does
    no harm: nobody looks at its result.
    """
    if seconds <= 0:
        raise TimeoutError
    future: Future[T] = Future()

    def work() -> None:
        try:
            future.set_result(call())
        except Exception as error:  # noqa: BLE001  carried over to the caller's thread
            future.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return future.result(seconds)


class Aws:
    """The door to AWS: every call bounded, the Date of the last answer kept."""

    def __init__(self, send: Callable[[str, str, str, Data], Any]) -> None:
        self._send = send  # service, Region, operation, parameters
        self.date: datetime | None = None

    def call(self, service: str, region: str, operation: str, seconds: float, **params: Any) -> Data:
        """Raises FAULTS."""
        try:
            answer: Data = within(seconds, lambda: self._send(service, region, operation, params))
        except ClientError as error:
            self._note_date(error.response)
            raise
        except GARBLED as error:
            raise UnreadableAnswerError from error
        self._note_date(answer)
        return answer

    def _note_date(self, answer: Any) -> None:
        try:
            date = parsedate_to_datetime(dig(answer, "ResponseMetadata", "HTTPHeaders", "date"))
        except (TypeError, ValueError):
            return
        self.date = date if date.tzinfo else date.replace(tzinfo=UTC)


def real_parts(env: Mapping[str, str], left: Callable[[], float]) -> Parts:
    """One invocation's parts. Nothing is kept between invocations."""
    settings, http = read_settings(env), URLLib3Session(timeout=CALL_SECONDS)
    key, secret, token = (env.get("AWS_" + name) for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN"))
    keys: Any = Credentials(key, secret, token) if key and secret else None  # Lambda has no other way to give them

    def send(service: str, region: str, operation: str, params: Data) -> Data:
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": INTERFACES[service] + operation}
        request = AWSRequest("POST", endpoint(service, region, env), headers, json.dumps(params).encode())
        return aws_answer(send_signed(request, SigV4Auth(keys, service, region), http), operation)

    def post(url: str, body: bytes, seconds: float) -> Reply:
        found = URL_REGION.search(url)
        signer = SigV4Auth(keys, "lambda", found[1] if found else settings.region)
        request = AWSRequest("POST" if body else "GET", url, {"Content-Type": "application/json"}, body)
        return send_signed(request, signer, URLLib3Session(timeout=seconds))  # type: ignore[arg-type]  # takes a float

    return Parts(settings, Aws(send), post, left, canonical_name, time.sleep, write_line, [])


def read_settings(env: Mapping[str, str]) -> Settings:
    return Settings(
        urls=listed(env.get("ORG_GATE_URLS", "")),
        on_unknown=chosen(env.get("ORG_GATE_ON_UNKNOWN", ""), VERDICTS, "block"),
        mode=chosen(env.get("ORG_GATE_MODE", ""), MODES, "enforce"),
        platform_services=listed(env.get("ORG_GATE_PLATFORM_SERVICES", "")),
        region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION", ""),
        account=env.get("ORG_GATE_ACCOUNT", ""),
        exempt=exempt_globs(env.get("ORG_GATE_EXEMPT_PIPELINES", "")),
    )


def exempt_globs(text: str) -> Data:
    """Nothing where it cannot be read."""
    data = read_json(text)
    return data if isinstance(data, dict) and fits([*data.values()], [[str]]) else {}


def listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def chosen(text: str, known: tuple[str, ...], otherwise: str) -> str:
    return text if text in known else otherwise


def endpoint(service: str, region: str, env: Mapping[str, str]) -> str:
    """Where a service is, as for AWS's SDKs: by their variable, else by the Region. Not in the isolated partitions."""
    return env.get("AWS_ENDPOINT_URL") or f"https://{service}.{region}.amazonaws.com" + (
        ".cn/" if region.startswith("cn-") else "/"
    )


def send_signed(request: AWSRequest, signer: SigV4Auth, http: URLLib3Session) -> Reply:
    """What comes back; no redirects are followed. Raises BotoCoreError, of no credentials too."""
    request.headers["User-Agent"] = "org-gate/" + VERSION
    request.stream_output = True
    signer.add_auth(request)
    response = http.send(request.prepare())
    with closing(response.raw) as raw:
        body = StreamingBody(raw, None).read(MAX_REPLY + 1)  # type: ignore[arg-type]  # a length need not be told
    headers = response.headers
    return Reply(response.status_code, headers.get("Content-Type", ""), body, headers.get("Date", ""))


def aws_answer(reply: Reply, operation: str) -> Data:
    """What a service of AWS told, empty where that is no JSON object. Raises ClientError for an error."""
    data = read_json(reply.body)
    told = data if isinstance(data, dict) else {}
    meta = {"HTTPStatusCode": reply.status, "HTTPHeaders": {"date": reply.date}}
    if reply.status != OK:
        code = str(told.get("__type") or reply.status).partition(":")[0].rpartition("#")[2]
        raise ClientError({"Error": {"Code": code}, "ResponseMetadata": meta}, operation)  # type: ignore[typeddict-item]
    return told | {"ResponseMetadata": meta}


def canonical_name(host: str) -> str:
    return socket.gethostbyname_ex(host)[0]


def write_line(fields: Data) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()
