"""News in words: what happened, what it means for deployments, what to do now.

Names and texts come from callers and from AWS Health; they are one bounded line each here, and made harmless for each
form they are sent in later (``news_forms``).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypedDict

from org_gate.central.news_forms import Notice, Severity
from org_gate.central.news_kept import SHOWN, CauseNews, UnderWay
from org_gate.decision.words import event_text, plain
from org_gate.model.cause import Cause
from org_gate.model.decision import KnowledgeMark
from org_gate.model.event import Event
from org_gate.model.times import describe_duration, format_time, time_if_any
from org_gate.policy.model import Resume

_WATCH: Final = "Watch these deployments; the incident may leave them half-way. Nothing was stopped."


class _About(TypedDict):
    """What each notice of a cause says of it."""

    drill: bool
    thread: str
    related: tuple[str, ...]


class Held(NamedTuple):
    """A deployment that its gate holds, by name."""

    name: str
    since: datetime


def blocked_notice(news: CauseNews, waiting: int, holding: int, resume: Resume) -> Notice:
    cause = news.cause
    more = "" if news.blocked == news.total else f", {news.total} in all since {format_time(news.since)}"
    return Notice(
        kind="blocked",
        severity=_severity(cause),
        subject=f"org-gate: {_deployments(news.blocked)} blocked: {_short(cause)}",
        lines=(
            f"{_deployments(news.blocked)} blocked{more}, in {_accounts(len(news.blocked_accounts))}: {_title(cause)}.",
            _state(waiting, holding),
            *_list("The first of them" if news.blocked > len(news.names) else "They are", news.names, news.blocked),
        ),
        next_steps=(*_waiting_steps(resume), *_override_step(cause), *_why_step(news.decision_id)),
        accounts=tuple(news.blocked_accounts),
        **_about(cause, news.decision_id),
    )


def held_notice(cause: Cause, held: Sequence[Held], now: datetime) -> Notice:
    lasts = describe_duration(now - min(one.since for one in held))
    names = [f"{one.name}, since {format_time(one.since)}" for one in held[:SHOWN]]
    return Notice(
        kind="held",
        severity=_severity(cause),
        subject=f"org-gate: {_deployments(len(held))} held for {lasts}: {_short(cause)}",
        lines=(
            f"Gates hold {_deployments(len(held))} for long now: {_title(cause)}.",
            *_list("They are", names, len(held)),
        ),
        next_steps=(
            "Nothing, if they can wait: each goes on once nothing blocks it, and fails at the end of its hold.",
            "To give one up, stop its execution in CodePipeline.",
            *_override_step(cause),
        ),
        accounts=_accounts_of(held),
        **_about(cause),
    )


def over_notice(news: CauseNews, waiting: int, holding: int, resume: Resume) -> Notice:
    steps = _waiting_steps(resume) if waiting else ("Nothing.",)
    all_gone = not (waiting or holding)
    return Notice(
        kind="over",
        severity="info",
        subject=f"org-gate: over, {'nothing waits' if all_gone else f'{waiting + holding} wait'}: {_short(news.cause)}",
        lines=(
            f"It blocks nothing any more: {_title(news.cause)}.",
            f"It blocked {_deployments(news.total)} since {format_time(news.since)}.",
            "All of them have gone on or ended." if all_gone else _state(waiting, holding),
        ),
        next_steps=steps,
        accounts=tuple(news.accounts),
        **_about(news.cause),
    )


def went_on_notice(news: CauseNews, waiting: int, holding: int) -> Notice:
    ended = f"; {_deployments(news.ended)} will not (superseded, stopped, or too old)" if news.ended else ""
    left = waiting + holding
    return Notice(
        kind="resumed",
        severity="info",
        subject=f"org-gate: {news.went_on} resumed, {left or 'none'} left: {_short(news.cause)}",
        lines=(
            f"{_deployments(news.went_on)} went on since the last message{ended}: {_title(news.cause)}.",
            _state(waiting, holding) if left else "None that it blocked waits any more.",
        ),
        next_steps=(),
        accounts=tuple(news.accounts),
        **_about(news.cause),
    )


def under_way_notice(account: str, found: UnderWay) -> Notice:
    return Notice(
        kind="under-way",
        severity=_severity(found.cause),
        subject=f"org-gate: {_deployments(found.number)} of {account} may be under way: {_short(found.cause)}",
        lines=(
            f"{_deployments(found.number)} passed the gate within the last hour and would be blocked now.",
            f"Perhaps {'it is' if found.number == 1 else 'they are'} on the way into this: {_title(found.cause)}.",
            *_list("They are", found.names, found.number),
        ),
        next_steps=(_WATCH, "Hold back what can wait; whatever asks the gate from now on is blocked."),
        accounts=(account,),
        **_about(found.cause),
    )


def stale_notice(mark: KnowledgeMark, *, fresh: bool) -> Notice:
    as_of = "never" if mark.as_of is None else format_time(mark.as_of)
    if fresh:
        return Notice(
            kind="fresh-again",
            severity="info",
            subject="org-gate: AWS Health is read again",
            lines=(f"AWS Health was read completely at {as_of}. Decisions rest on fresh knowledge again.",),
            accounts=(),
            thread="knowledge",
        )
    return Notice(
        kind="stale",
        severity="critical",
        subject=f"org-gate: AWS Health was not read since {as_of}",
        lines=(
            f"AWS Health was last read completely at {as_of}, longer ago than the policy's max_age.",
            f"Decisions are made as the policy's on_stale says ({mark.on_stale}); new incidents are not seen.",
        ),
        next_steps=("Platform team: look at the log and the alarms of org-gate-collector.",),
        accounts=(),
        thread="knowledge",
    )


def denied_notice(account: str, number: int) -> Notice:
    return Notice(
        kind="resume-denied",
        severity="critical",
        subject=f"org-gate: account {account} does not let deployments be resumed",
        lines=(
            f"{_deployments(number)} of account {account} would go on now, but the account refuses org-gate's resumer.",
            "Each is tried again after an hour.",
        ),
        next_steps=(
            "Press Retry in CodePipeline for what is urgent; that works at any time.",
            "Platform team: the queue org-gate-resume-dead says what was refused; roll the account's gate out again.",
        ),
        accounts=(account,),
        thread=f"denied-{account}",
    )


def _title(cause: Cause) -> str:
    text = _short(cause)
    return f"{text} (rule {plain(cause.rule)})" if cause.rule else text


def _short(cause: Cause) -> str:
    if cause.kind == "freeze":
        return f"freeze {plain(cause.name)} until {cause.until}"
    if cause.kind == "stale":
        return "what is known of AWS Health is too old"
    if cause.kind != "event":
        return "a cause that its decision does not show"
    start = time_if_any(cause.start)
    return event_text(
        Event(
            arn=cause.name,
            region=cause.region or "",
            service=cause.service,
            category=cause.category,
            status=cause.status,
            start=start,
        )
    )


def _severity(cause: Cause) -> Severity:
    return "info" if cause.drill else "warning"


def _about(cause: Cause, decision_id: str = "") -> _About:
    return _About(drill=cause.drill, thread=cause.id, related=tuple(one for one in (cause.name, decision_id) if one))


def _state(waiting: int, holding: int) -> str:
    held = f"; {holding} more held by their gates" if holding else ""
    return f"Waiting now: {_deployments(waiting)}{held}."


def _waiting_steps(resume: Resume) -> tuple[str, ...]:
    if not resume.enabled:
        return ("The policy resumes nothing by itself (resume.enabled): press Retry in CodePipeline once it is over.",)
    settle = describe_duration(resume.settle)
    wave = f"{resume.wave_size} at most every {describe_duration(resume.wave_pause)}"
    return (
        f"Nothing, if it can wait: what waits in CodePipeline goes on by itself {settle} after it is over, {wave}.",
    )


def _override_step(cause: Cause) -> tuple[str, ...]:
    names = {"event": cause.name, "freeze": f"freeze:{cause.name}", "stale": "all"}
    if cause.kind not in names:
        return ()
    named = plain(names[cause.kind], 300)
    return (f"If one cannot wait: org-gate override create --pipeline NAME --event '{named}' --reason WHY --for 1h",)


def _why_step(decision_id: str) -> tuple[str, ...]:
    return (f"The whole why of the first: org-gate explain {decision_id}",) if decision_id else ()


def _list(head: str, names: Sequence[str], number: int) -> list[str]:
    more = [f"- and {number - len(names)} more"] if number > len(names) else []
    return [f"{head}:", *(f"- {name}" for name in names), *more] if names else []


def _deployments(number: int) -> str:
    return f"{number} deployment{'' if number == 1 else 's'}"


def _accounts(number: int) -> str:
    return f"{number} account{'' if number == 1 else 's'}"


def _accounts_of(held: Sequence[Held]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one.name.split("/", 1)[0] for one in held))
