"""The gate: the one file that runs in every account, inline in its stack as ``index.handler``.

CodePipeline invokes it before a deployment. It asks the central decision API, adds what AWS Health says in its
own account where central does not know, answers its job exactly once, and returns the decision it acted on.

It stands on the standard library and the Lambda runtime's botocore alone. As CloudFormation carries it: no tabs,
ASCII only, no dollar sign before a brace, and not long. It must not ask a clock (now comes with the decision, or is
the Date of an AWS answer), nor log the event or the job's details (they hold credentials), nor outlive its deadline:
every call that leaves the function goes through `within`.
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
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import closing
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from fnmatch import fnmatchcase
from functools import cache
from http import HTTPStatus
from typing import Any, NamedTuple, TypeGuard, TypeVar

import botocore.session
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, ParamValidationError
from botocore.httpsession import URLLib3Session
from botocore.response import StreamingBody

VERSION = "0.1.0"

T = TypeVar("T")
Data = dict[str, Any]
Rules = Mapping[str, tuple[Callable[[Any], bool], str]]

# Seconds. A function timeout of 30 leaves room for every step.
ANSWER_RESERVE = 5.0  # nothing is asked any more when only this is left: it belongs to the job's answer
CENTRAL_SHARE = 0.6  # of what is left before the reserve; the rest is for the local check
CALL_SECONDS = 6.0
ANSWER_SECONDS = 2.0
LOOKUP_SECONDS = 1.0
PAUSE = 0.2

ANSWER_TRIES = 6
HEALTH_TRIES = 2
HEALTH_PAGES = 20
MAX_REPLY = 1_048_576
MAX_PARAMETERS = 1_000
MAX_TARGETS = 100
MAX_REASONS = 100
MAX_MESSAGE = 5_000
MAX_SUMMARY = 2_048
MAX_ID = 1_500
MAX_SHOWN = 60

VERDICTS = ("allow", "warn", "block")
MODES = ("shadow", "warn", "enforce")
KINDS = ("event", "freeze", "stale", "unknown", "hint")

ACCOUNT_ID = re.compile(r"[0-9]{12}")
REGION = re.compile(r"global|[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2}")
TEXT = re.compile(r"(?s).*\S.*")
NAME = re.compile(r"[^/\s]+")
URL_HOST = re.compile(r"//(?:[^/@]*@)?([^/:?#]+)")
URL_REGION = re.compile(r"[./]lambda-url[./]([a-z0-9-]+)[./]")
PIPELINE_ARN = re.compile(r"arn:[^:]+:codepipeline:([a-z0-9-]+):")
HEALTH_HOST = re.compile(r"health\.([a-z0-9-]+)\.amazonaws\.com")

GLOBAL_HEALTH = "global.health.amazonaws.com"
HEALTH_REGIONS = ("us-east-1", "us-east-2")  # active and passive change places: the CNAME tells
OTHER_HEALTH = {"us-gov-": "us-gov-west-1", "cn-": "cn-northwest-1"}
PASSING = ("ThrottlingException", "TooManyRequestsException", "RequestLimitExceeded", "InvalidPaginationToken")
ANSWERED = ("InvalidJobStateException", "JobNotFoundException")
EXPLAINED = {
    "SubscriptionRequiredException": "this account's support plan does not include the AWS Health API",
    "AccessDeniedException": "the gate's role is not allowed to",
}
FAULTS = (ClientError, BotoCoreError, TimeoutError)
CONFIGURATION = "ConfigurationError"
REFUSALS = {400: CONFIGURATION, 422: CONFIGURATION, 403: "PermissionError"}

# What this file relies on in a decision: a type, one of several values, a list of one shape, or named fields.
AIM = {"account": str, "region": str, "services": [str], "mode": MODES, "overridden": bool}
GROUND = {"kind": str, "verdict": VERDICTS, "rule": str | None, "target": int | None, "explanation": str}
MARK = {"age_seconds": int | None, "stale": bool, "on_stale": (*VERDICTS, "local"), "on_unknown": VERDICTS}
DECISION = {
    "decision_id": str,
    "verdict": VERDICTS,
    "would_be": VERDICTS,
    "mode": MODES,
    "exempt": bool,
    "summary": str,
    "targets": [AIM],
    "reasons": [{**GROUND, "event": (None, {"arn": str, "region": str}), "override_id": str | None}],
    "reasons_omitted": int,
    "knowledge": {**MARK, "source": str},
    "evaluated_at": str,
}
REASON: Data = {
    "kind": "event",
    "verdict": "block",
    **dict.fromkeys(("rule", "target", "event", "freeze", "override_id")),
}

NO_TARGETS = "No targets were given: asked for the gate's own account and Region, all services."
AT_THE_DOOR = (
    "The org-gate API turned this account away at its door (403). The account has to be in the organization that the "
    "central stack names, and the gate's role needs lambda:InvokeFunctionUrl and lambda:InvokeFunction on the "
    "central function. Platform team: check both stacks, then retry."
)
WHEN_OVER = "when this is over"
WHEN_UNKNOWN = "when AWS Health or the org-gate API can be reached again (if this lasts, tell the platform team)"


# --- What is passed in


class Settings(NamedTuple):
    """The environment that the rollout wrote. What cannot be read counts as the strictest value."""

    urls: tuple[str, ...]
    on_unknown: str
    mode: str
    platform_services: tuple[str, ...]
    region: str
    exempt: Mapping[str, Any]  # a target's Region, or * for any: globs over names of pipelines


class Reply(NamedTuple):
    """What a central URL sent back; ``body`` is at most one byte longer than MAX_REPLY."""

    status: int
    content_type: str
    body: bytes


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


class Job(NamedTuple):
    """A CodePipeline job; ``parameters`` are its UserParameters as they came."""

    id: str
    account: str
    parameters: Any


class Outcome(NamedTuple):
    """What the job is answered with. ``failure`` is CodePipeline's failure type, None where the job succeeds."""

    decision: Data
    failure: str | None
    message: str


class RefusedError(Exception):
    """The question cannot be asked as it stands. With ``mode`` None the job fails in every mode."""

    def __init__(self, failure: str, detail: str, mode: str | None = None) -> None:
        super().__init__(detail)
        self.failure = failure
        self.detail = detail
        self.mode = mode


class NoAnswerError(Exception):
    """A source could not tell; the text says why in a few words."""


# --- The way through


def handler(event: Any, context: Any) -> Data:
    """Lambda's entry: a CodePipeline Lambda action's event in, the decision acted on out (A2).

    Raises ValueError for any other event, RuntimeError where CodePipeline took no answer (Lambda then tries again).
    """
    return run(event, real_parts(os.environ, lambda: context.get_remaining_time_in_millis() / 1000))


def run(event: Any, parts: Parts) -> Data:
    """Decides, answers the job, logs one line."""
    job = job_of(event)
    try:
        outcome = look(job, parts)
    except RefusedError as refused:
        outcome = refusal(refused, parts)
    except Exception as error:  # noqa: BLE001  the process edge: a job gets its answer whatever happens (G7)
        outcome = broken(error, parts)
    parts.log(log_line(job, outcome, put_answer(job, outcome, parts), parts))
    return outcome.decision


def look(job: Job, parts: Parts) -> Outcome:
    """From the job to its outcome. Raises RefusedError."""
    given = read_parameters(job)
    pipeline = pipeline_of(job, given, parts)
    targets = given.get("targets") or [target(job.account, parts.settings.region)]
    gate = {"version": VERSION, "on_block": "fail"}
    question = {"targets": targets, "source": "codepipeline", "pipeline": pipeline, "gate": gate}
    exempt = is_exempt(pipeline.get("name", ""), job.account, targets, parts)
    decision = ask_central(question, parts, exempt=exempt)
    if decision is None:
        decision = decide_alone(job.account, targets, pipeline["region"], parts, exempt=exempt)
    elif decision["knowledge"]["stale"] and decision["knowledge"]["on_stale"] == "local":
        decision = with_local_check(decision, job.account, stale_words(decision), parts)
    return outcome_of(decision, "" if "targets" in given else NO_TARGETS)


def job_of(event: Any) -> Job:
    job = dig(event, "CodePipeline.job")
    job_id = dig(job, "id")
    if not isinstance(job_id, str) or not job_id:
        raise ValueError(
            "this event is not a CodePipeline job (no CodePipeline.job with an id): invoke org-gate from a Lambda "
            "action of a pipeline; this version knows no other caller. Nothing was asked, nothing was answered"
        )
    parameters = dig(job, "data", "actionConfiguration", "configuration", "UserParameters")
    return Job(job_id, str(dig(job, "accountId")), parameters)


def pipeline_of(job: Job, given: Data, parts: Parts) -> Data:
    """Who asks (G3): the job's details first, then UserParameters, then nothing; the Region is always known."""
    context = pipeline_context(job, parts)
    arn = PIPELINE_ARN.match(str(context.get("pipelineArn")))
    found = {
        "name": context.get("pipelineName") or given.get("pipeline"),
        "region": arn[1] if arn else parts.settings.region,
        "stage": dig(context, "stage", "name") or given.get("stage"),
        "action": dig(context, "action", "name"),
        "execution_id": context.get("pipelineExecutionId") or given.get("execution_id"),
    }
    return {name: value for name, value in found.items() if isinstance(value, str) and value}


def pipeline_context(job: Job, parts: Parts) -> Data:
    """The job's pipelineContext alone: the rest of its details are credentials. Empty where AWS gives none."""
    seconds = min(CALL_SECONDS, parts.left() - ANSWER_RESERVE)
    try:
        answer = parts.aws.call("codepipeline", parts.settings.region, "get_job_details", seconds, jobId=job.id)
    except FAULTS as error:
        parts.trouble.append("GetJobDetails: " + fault_words(error))
        return {}
    context = dig(answer, "jobDetails", "data", "pipelineContext")
    return context if isinstance(context, dict) else {}


# --- UserParameters: G2


def read_parameters(job: Job) -> Data:
    """UserParameters with their targets in full. Raises RefusedError with every problem and its place."""
    data = parse_parameters(job.parameters)
    wrong = list(problems(data, PARAMETERS, ""))
    targets = [split_target(given) for given in data.get("targets", ())] if not wrong else []
    for index, fields in enumerate(targets):
        wrong += problems({"region": None, **fields}, TARGET, f"targets[{index}].")
    if wrong:
        raise parameters_wrong("; ".join(wrong))
    return data | ({"targets": [target(**{"account": job.account, **fields}) for fields in targets]} if targets else {})


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
        f"The gate action's UserParameters cannot be used: {what}. Correct them in the pipeline's definition and "
        'release the change again; an example: {"targets": ["111122223333/eu-west-1/ECS+RDS"]}. Nothing was asked.',
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
    "on_block": (lambda value: value == "fail", 'does not work: this version can only "fail"; hold comes later'),
    "hold_for": (lambda _: False, 'goes only with on_block "hold", which comes later: leave it out'),
    "pipeline": A_TEXT,
    "stage": A_TEXT,
    "execution_id": A_TEXT,
}
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


def ask_central(question: Data, parts: Parts, *, exempt: bool) -> Data | None:
    """The first decision that a central URL gives; None where none does, with what happened in ``trouble``.

    Raises RefusedError where central says no, or where all that was heard is the front door's no (to a pipeline that
    is exempt the door is no answer).
    """
    body = json.dumps(question).encode()
    keep = ANSWER_RESERVE + (1 - CENTRAL_SHARE) * max(0.0, parts.left() - ANSWER_RESERVE)
    mode, statuses = parts.settings.mode, []
    for url in parts.settings.urls:
        try:
            reply = ask_url(url, body, parts, keep)
            statuses.append(reply.status)
            return understood(reply, mode)
        except NoAnswerError as failure:
            parts.trouble.append(f"{central_name(url)}: {failure}")
    if HTTPStatus.FORBIDDEN in statuses and not exempt:
        raise RefusedError(REFUSALS[403], AT_THE_DOOR, mode)
    if not parts.settings.urls:
        parts.trouble.append("central: this gate knows no URL (ORG_GATE_URLS)")
    return None


def ask_url(url: str, body: bytes, parts: Parts, keep: float, *, again: bool = True) -> Reply:
    """One URL's reply; asked once more after a lost connection or a 5xx. Raises NoAnswerError."""
    seconds = min(CALL_SECONDS, parts.left() - keep)
    endpoint = re.split("[?#]", url)[0].rstrip("/") + "/v1/decisions"
    try:
        reply = within(seconds, lambda: parts.post(endpoint, body, seconds))
    except (*FAULTS, ValueError) as error:  # ValueError: not a URL
        if not again or is_timeout(error):
            raise NoAnswerError(fault_words(error)) from None
    else:
        if not again or reply.status < HTTPStatus.INTERNAL_SERVER_ERROR:
            return reply
    parts.sleep(PAUSE)
    return ask_url(url, body, parts, keep, again=False)


def understood(reply: Reply, mode: str) -> Data:
    """The decision in a reply. Raises RefusedError for central's own no, NoAnswerError for everything else."""
    try:
        data = json.loads(reply.body) if len(reply.body) <= MAX_REPLY else None
    except (ValueError, RecursionError):
        data = None
    if reply.status == HTTPStatus.OK and is_decision(data):
        return data
    detail, given = dig(data, "detail"), dig(data, "mode")
    if reply.status in REFUSALS and like(TEXT)(detail) and "application/problem+json" in reply.content_type.lower():
        raise RefusedError(REFUSALS[reply.status], detail, given if given in MODES else mode)
    what = " with what is not a decision" if reply.status == HTTPStatus.OK else ""
    raise NoAnswerError(f"answered {reply.status}{what}")


def is_decision(data: Any) -> TypeGuard[Data]:
    """Whether it has the shape that everything below relies on; further fields are a newer central's."""
    if not fits(data, DECISION) or moment(data["evaluated_at"]) is None:
        return False
    indexes = [reason["target"] for reason in data["reasons"] if reason["target"] is not None]
    return all(0 <= index < len(data["targets"]) for index in (0, *indexes))


def fits(value: Any, shape: Any) -> bool:
    match shape:
        case dict():
            return isinstance(value, dict) and all(n in value and fits(value[n], each) for n, each in shape.items())
        case list():
            return isinstance(value, list) and all(fits(each, shape[0]) for each in value)
        case tuple():
            return any(fits(value, each) for each in shape)
        case str() | None:
            return bool(value == shape)
        case _:
            return isinstance(value, shape)


def central_name(url: str) -> str:
    """How a URL is called in logs and messages: by its Region, else its host; never its query or credentials."""
    region, host = URL_REGION.search(url), URL_HOST.search(url)
    return "central in " + region[1] if region else "central at " + host[1] if host else "central"


# --- The local check: D13, D14


def is_exempt(name: str, account: str, targets: list[Data], parts: Parts) -> bool:
    """D11 by the word of the rollout; it knows nothing of targets in other accounts."""
    globs = parts.settings.exempt
    return all(
        aim["account"] == account
        and any(fnmatchcase(name, glob) for key in ("*", aim["region"]) for glob in globs.get(key, ()))
        for aim in targets
    )


def decide_alone(account: str, targets: list[Data], region: str, parts: Parts, *, exempt: bool) -> Data:
    """No central URL answered: what AWS Health says here, for the same targets and the pipeline's own ground (D2)."""
    ground = [target(account, region, parts.settings.platform_services)] if parts.settings.platform_services else []
    judged = [{**each, "mode": parts.settings.mode, "overridden": False} for each in (*targets, *ground)]
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
    failure: Exception = TimeoutError()
    for region in health_regions(parts):
        for _ in range(HEALTH_TRIES):
            try:
                return read_issues(region, parts)
            except FAULTS as error:
                failure = error
                if not is_passing(error) or parts.left() <= ANSWER_RESERVE:
                    break
                parts.sleep(PAUSE)
    raise NoAnswerError(fault_words(failure)) from failure


def read_issues(region: str, parts: Parts) -> list[Data]:
    """Raises FAULTS; NoAnswerError where there are more pages than can be read."""
    criteria = {"eventStatusCodes": ["open"], "eventTypeCategories": ["issue"]}
    found: dict[tuple[Any, Any], Data] = {}
    page: Data = {}
    for _ in range(HEALTH_PAGES):
        seconds = min(CALL_SECONDS, parts.left() - ANSWER_RESERVE)
        answer = parts.aws.call("health", region, "describe_events", seconds, filter=criteria, maxResults=100, **page)
        found |= {(issue.get("arn"), issue.get("region")): issue for issue in answer.get("events", ())}
        if not answer.get("nextToken"):
            return list(found.values())
        page = {"nextToken": answer["nextToken"]}
    msg = f"more than {HEALTH_PAGES} pages of open issues"
    raise NoAnswerError(msg)


def health_regions(parts: Parts) -> tuple[str, ...]:
    """Where to ask AWS Health: the active endpoint's Region where the name server tells it, else both in order."""
    for prefix, region in OTHER_HEALTH.items():
        if parts.settings.region.startswith(prefix):
            return (region,)
    seconds = min(LOOKUP_SECONDS, parts.left() - ANSWER_RESERVE)
    try:
        active = HEALTH_HOST.match(within(seconds, lambda: parts.resolve(GLOBAL_HEALTH)))
    except OSError:  # no such name, no name server, or not in time: all the same here
        active = None
    return (active[1],) if active else HEALTH_REGIONS


def is_over(issue: Data, now: datetime | None) -> bool:
    """D4, at whole seconds. Where no AWS answer told the time, nothing counts as over."""
    end = issue.get("endTime")
    return issue.get("statusCode") == "closed" or (
        isinstance(end, datetime) and now is not None and int(end.timestamp()) <= int(now.timestamp())
    )


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
        "start": spelled(issue.get("startTime")),
        "last_updated": spelled(issue.get("lastUpdatedTime")),
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
        now = (counted(reason, decision) for reason in added)
        enforced = (counted(reason, decision, "enforce") for reason in added)
        result["verdict"] = max((decision["verdict"], *now), key=VERDICTS.index)
        result["would_be"] = max((decision["would_be"], *enforced), key=VERDICTS.index)
    return {**result, "summary": summary_of(result, why)}


def reason_order(reason: Data) -> tuple[int, int, int, tuple[str, str]]:
    kind = KINDS.index(reason["kind"]) if reason["kind"] in KINDS else len(KINDS)
    index = -1 if reason["target"] is None else reason["target"]
    return -VERDICTS.index(reason["verdict"]), kind, index, event_key(reason)


def event_key(reason: Data) -> tuple[str, str]:
    """ARN and Region; a freeze's name; nothing for other reasons."""
    name = dig(reason, "event", "arn") or dig(reason, "freeze", "name") or ""
    return str(name), dig(reason, "event", "region") or ""


def counted(reason: Data, decision: Data, mode: str | None = None) -> str:
    """The verdict that a reason counts with: an override or a mode other than enforce makes a warning of a block."""
    aims = decision["targets"] if reason["target"] is None else [decision["targets"][reason["target"]]]
    lifted = reason["override_id"] is not None or (bool(aims) and all(aim["overridden"] for aim in aims))
    mode = mode or (decision["mode"] if reason["target"] is None else aims[0]["mode"])
    return "warn" if reason["verdict"] == "block" and (lifted or mode != "enforce") else str(reason["verdict"])


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
    return clip(f"{decision['verdict']}: {head.rstrip('.')}{more}{tail}.", MAX_SUMMARY)


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


def outcome_of(decision: Data, note: str) -> Outcome:
    if decision["verdict"] == "block":
        return Outcome(decision, "JobFailed", block_message(decision, note))
    softened = decision["would_be"] != decision["verdict"]
    would = f"In mode enforce this would be {decision['would_be']}." if softened else ""
    return Outcome(decision, None, clip(f"{sentence(decision['summary'])} {would} {note}", MAX_SUMMARY))


def block_message(decision: Data, note: str) -> str:
    """What is going on and where, then what to do; the end stays whole however much there is to tell."""
    heavy = heaviest(decision)
    new = [each for each in heavy if each["event"] or each["explanation"] not in decision["summary"]]
    told = [str(each["explanation"]) for each in new]
    unknown = heavy and all(reason["kind"] in ("stale", "unknown") for reason in heavy)
    when = WHEN_UNKNOWN if unknown else WHEN_OVER
    next_step = f"What now: {when}, choose Retry on this stage in the CodePipeline console; the gate then asks again."
    decided = f"Decision {clip(decision['decision_id'], 200)}" if decision["decision_id"] else "No central decision"
    omitted = f"{decision['reasons_omitted']} more reasons are left out. " if decision["reasons_omitted"] else ""
    tail = f" {omitted}{note} {next_step} {decided}, at {decision['evaluated_at']}."
    listed = " ".join(f"[{number}] {sentence(words)}" for number, words in enumerate(told, 1))
    head = f"org-gate stopped this deployment. {sentence(decision['summary'])} {listed}"
    return clip(clip(head, MAX_MESSAGE - len(tail)) + tail, MAX_MESSAGE)


def sentence(text: str) -> str:
    return text if text.rstrip().endswith((".", "!", "?")) else text.rstrip() + "."


def refusal(refused: RefusedError, parts: Parts) -> Outcome:
    """A question that could not be asked: the job fails, but for an account that is only watched (G5)."""
    mode = refused.mode or parts.settings.mode
    watched = refused.mode is not None and refused.mode != "enforce"
    told = f" This account is in mode {mode}: the deployment goes on without a verdict." if watched else ""
    message = clip(f"org-gate could not decide. {refused.detail}{told}", MAX_SUMMARY if watched else MAX_MESSAGE)
    known = {"verdict": None, "would_be": None, "mode": mode, "summary": message}
    return Outcome(blank(parts) | known, None if watched else refused.failure, message)


def broken(error: Exception, parts: Parts) -> Outcome:
    """The gate itself failed: D14's unknown. Names the place; the error's own text might hold what it choked on."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    what = f"the gate itself failed ({type(error).__name__} in {place.name}, line {place.lineno})"
    parts.trouble.append(what)
    decision = blank(parts)
    return outcome_of(merged(decision, [unknown_reason(parts, what)], what, parts), "")


# --- The job's answer: G5, G7


def put_answer(job: Job, outcome: Outcome, parts: Parts) -> str:
    """How the job stands now: "succeeded", "failed", or "left alone" where it was answered already.

    Tries again while there is time. Raises RuntimeError where CodePipeline took no answer.
    """
    operation, params = failure_answer(outcome) if outcome.failure else success_answer(outcome)
    for tried in range(ANSWER_TRIES):
        seconds = min(ANSWER_SECONDS, parts.left() - PAUSE)
        try:
            parts.aws.call("codepipeline", parts.settings.region, operation, seconds, jobId=job.id, **params)
        except FAULTS as error:
            parts.trouble.append(f"{operation}: {fault_words(error)}")
            if code_of(error) in ANSWERED:
                return "left alone"
            pause = PAUSE * 2**tried
            if not is_passing(error) or parts.left() < pause + 2 * PAUSE:
                break
            parts.sleep(pause)
        else:
            return "failed" if outcome.failure else "succeeded"
    raise RuntimeError(f"CodePipeline took no answer for job {job.id}: " + "; ".join(parts.trouble))


def success_answer(outcome: Outcome) -> tuple[str, Data]:
    """An output variable is never empty: what AWS makes of an empty one is not documented."""
    decision = outcome.decision
    variables = {
        "verdict": decision["verdict"] or "none",
        "decisionId": clip(decision["decision_id"] or "none", MAX_ID),
        "summary": outcome.message,
    }
    details = {"summary": outcome.message, **external_id(decision)}
    return "put_job_success_result", {"outputVariables": variables, "executionDetails": details}


def failure_answer(outcome: Outcome) -> tuple[str, Data]:
    details = {"type": outcome.failure, "message": outcome.message, **external_id(outcome.decision)}
    return "put_job_failure_result", {"failureDetails": details}


def external_id(decision: Data) -> Data:
    return {"externalExecutionId": clip(decision["decision_id"], MAX_ID)} if decision["decision_id"] else {}


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


def spelled(time_of: Any) -> str | None:
    """Not by strftime: it writes the year 1 with one digit."""
    return time_of.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z" if isinstance(time_of, datetime) else None


def code_of(error: Exception) -> str:
    return str(dig(error.response, "Error", "Code")) if isinstance(error, ClientError) else type(error).__name__


def is_passing(error: Exception) -> bool:
    """Whether the same call may succeed a moment later."""
    if not isinstance(error, ClientError):
        return not isinstance(error, ParamValidationError)
    status = dig(error.response, "ResponseMetadata", "HTTPStatusCode") or 0
    again = status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS
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

    def __init__(self, client: Callable[[str, str], Any]) -> None:
        self._client = client
        self.date: datetime | None = None

    def call(self, service: str, region: str, operation: str, seconds: float, **params: Any) -> Data:
        """Raises FAULTS."""
        call = getattr(self._client(service, region), operation)  # slow on a small function, but no network in it
        try:
            answer: Data = within(seconds, lambda: call(**params))
        except ClientError as error:
            self._note_date(error.response)
            raise
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
    session = botocore.session.get_session()
    settings = read_settings(env)
    # No retries of botocore's own: they sleep without regard to the deadline.
    config = Config(connect_timeout=CALL_SECONDS, read_timeout=CALL_SECONDS, retries={"total_max_attempts": 1})

    @cache
    def client(service: str, region: str) -> Any:
        return session.create_client(service, region_name=region, config=config)

    def post(url: str, body: bytes, seconds: float) -> Reply:
        return post_signed(session, url, body, settings.region, seconds)

    return Parts(settings, Aws(client), post, left, canonical_name, time.sleep, write_line, [])


def read_settings(env: Mapping[str, str]) -> Settings:
    return Settings(
        urls=listed(env.get("ORG_GATE_URLS", "")),
        on_unknown=chosen(env.get("ORG_GATE_ON_UNKNOWN", ""), VERDICTS, "block"),
        mode=chosen(env.get("ORG_GATE_MODE", ""), MODES, "enforce"),
        platform_services=listed(env.get("ORG_GATE_PLATFORM_SERVICES", "")),
        region=env.get("AWS_REGION") or env.get("AWS_DEFAULT_REGION", ""),
        exempt=exempt_globs(env.get("ORG_GATE_EXEMPT_PIPELINES", "")),
    )


def exempt_globs(text: str) -> Data:
    """Nothing where it cannot be read."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return data if isinstance(data, dict) and fits([*data.values()], [[str]]) else {}


def listed(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def chosen(text: str, known: tuple[str, ...], otherwise: str) -> str:
    return text if text in known else otherwise


def post_signed(session: Any, url: str, body: bytes, own_region: str, seconds: float) -> Reply:
    """One POST with a SigV4 signature for the Function URL's Region; no redirects followed. Raises BotoCoreError."""
    credentials = session.get_credentials()
    if credentials is None:
        raise NoCredentialsError
    region = URL_REGION.search(url)
    headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "org-gate/" + VERSION}
    request = AWSRequest("POST", url, headers, body, stream_output=True)
    SigV4Auth(credentials.get_frozen_credentials(), "lambda", region[1] if region else own_region).add_auth(request)
    with closing(URLLib3Session(timeout=seconds)) as http:  # type: ignore[arg-type]  # the stub knows no float
        response = http.send(request.prepare())
        with closing(response.raw) as raw:
            content = StreamingBody(raw, None).read(MAX_REPLY + 1)  # type: ignore[arg-type]  # nor a length not told
    return Reply(response.status_code, response.headers.get("Content-Type", ""), content)


def canonical_name(host: str) -> str:
    return socket.gethostbyname_ex(host)[0]


def write_line(fields: Data) -> None:
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()
