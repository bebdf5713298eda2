"""From what happened since the last digest to what people are told. Pure: what is known is handed in.

A cause is told of at once, and what it blocks further at most every quarter of an hour; so is what goes on again, but
for the last of it. What is due stays due until it was told: a notice comes with what is to change once it went out.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from org_gate.central.news_forms import Notice
from org_gate.central.news_kept import (
    MOST_ACCOUNTS,
    MOST_CAUSES,
    MOST_FOLLOWED,
    SHOWN,
    CauseNews,
    Followed,
    Kept,
    key_of,
    shown_name,
)
from org_gate.central.news_words import Held, blocked_notice, held_notice, over_notice, went_on_notice
from org_gate.model.cause import Cause
from org_gate.model.waiting import Deployment, Waiting
from org_gate.policy.model import Resume
from org_gate.store.decision_list import Run
from org_gate.store.waiting import Ended

GATHERED_FOR: Final = timedelta(minutes=15)
HELD_LONG: Final = timedelta(minutes=30)
_SILENT: Final = timedelta(minutes=10)
"""A gate that holds asks twice a minute; one that has not asked for so long holds no more."""
_FORGOTTEN: Final = timedelta(days=1)
"""A cause that has blocked nothing for so long is not followed any more, over or not."""
_UNTOLD: Final = Cause(kind="unknown")
MOST_ENDED: Final = 200
"""How many deployments that wait no longer one digest asks about."""


class Due(NamedTuple):
    """What people are to be told, and what is to be done once they were."""

    notice: Notice
    told: Callable[[], None]


def take_runs(kept: Kept, runs: Iterable[Run]) -> None:
    """Decisions in the order in which they were taken."""
    for run in runs:
        if run.verdict == "block":
            _blocked(kept, run)
        else:
            _passed(kept, run)


def take_waiting(kept: Kept, waiting: Iterable[Waiting], ended: Callable[[str], Ended | None], now: datetime) -> None:
    """``waiting`` are all that wait; ``ended`` says what came of a decision whose deployment does not any more."""
    still = {key_of(one.deployment) for one in waiting}
    gone = [key for key, one in kept.followed.items() if one.decision_id and key not in still]
    for key in gone[:MOST_ENDED]:
        one = kept.followed[key]
        outcome = ended(one.decision_id)
        if outcome is None and not one.gone:
            one.gone = True  # the decision that let it pass may be the next minute's
            continue
        del kept.followed[key]
        if outcome is not None:
            _count_end(kept, one, went_on=outcome.outcome == "resumed")
    silent = [key for key, one in kept.followed.items() if not one.decision_id and now >= one.last + _SILENT]
    for key in silent:
        del kept.followed[key]


def due(kept: Kept, over: Callable[[Cause], bool], resume: Resume, now: datetime) -> list[Due]:
    """What is to be told of causes, the oldest first. Forgets what is told and over."""
    found: list[Due] = []
    for name in sorted(kept.causes, key=lambda name: (kept.causes[name].since, name)):
        news, followed = kept.causes[name], kept.following(name)
        is_over = over(news.cause)
        rests = GATHERED_FOR if is_over and news.over_told else _FORGOTTEN
        if not followed and not _is_untold(news) and now >= news.last + rests:
            del kept.causes[name]
        else:
            found += _of_cause(kept, news, is_over=is_over, resume=resume, now=now)
    return found


def _of_cause(kept: Kept, news: CauseNews, *, is_over: bool, resume: Resume, now: datetime) -> list[Due]:
    followed = kept.following(news.cause.id)
    waiting, holding = sum(not one.held for one in followed), sum(one.held for one in followed)
    found = []
    if is_over and not news.over_told:
        notice = over_notice(news, waiting, holding, resume)
        return [Due(notice, partial(_told_over, news, now))]
    if news.blocked and _is_time(news.blocked_told, now):
        found.append(Due(blocked_notice(news, waiting, holding, resume), partial(_told_blocked, news, now)))
    if (news.went_on or news.ended) and (not followed or _is_time(news.went_on_told, now)):
        found.append(Due(went_on_notice(news, waiting, holding), partial(_told_went_on, news, now)))
    long = _held_long(kept, news.cause.id, now)
    if long:
        held = [Held(shown_name(key), one.since) for key, one in long.items()]
        found.append(Due(held_notice(news.cause, held, now), partial(_told_held, long)))
    return found


def _blocked(kept: Kept, run: Run) -> None:
    cause, key = run.cause or _UNTOLD, _key(run)
    seen = kept.followed.get(key)
    if seen is None or seen.cause != cause.id:
        _count_block(kept, cause, run, key)
    since = run.at if seen is None else seen.since
    if seen is not None or len(kept.followed) < MOST_FOLLOWED:
        kept.followed[key] = Followed(
            cause=cause.id,
            decision_id=run.decision_id if run.on_block == "fail" else "",
            held=run.on_block == "hold",
            since=since,
            last=run.at,
            held_told=seen is not None and seen.held_told,
        )


def _count_block(kept: Kept, cause: Cause, run: Run, key: str) -> None:
    news = kept.causes.get(cause.id)
    if news is None:
        news = kept.causes[cause.id] = CauseNews(cause=cause, since=run.at, last=run.at)
        _forget_oldest(kept)
    news.cause, news.last, news.over_told = cause, run.at, False
    news.total += 1
    news.blocked += 1
    news.decision_id = news.decision_id or run.decision_id
    if len(news.names) < SHOWN:
        news.names.append(shown_name(key))
    for accounts in (news.accounts, news.blocked_accounts):
        if run.account not in accounts and len(accounts) < MOST_ACCOUNTS:
            accounts.append(run.account)


def _forget_oldest(kept: Kept) -> None:
    if len(kept.causes) > MOST_CAUSES:
        del kept.causes[min(kept.causes, key=lambda name: kept.causes[name].last)]


def _passed(kept: Kept, run: Run) -> None:
    seen = kept.followed.pop(_key(run), None)
    if seen is not None:
        _count_end(kept, seen, went_on=True)


def _count_end(kept: Kept, one: Followed, *, went_on: bool) -> None:
    news = kept.causes.get(one.cause)
    if news is not None:
        news.went_on += went_on
        news.ended += not went_on


def _held_long(kept: Kept, cause_id: str, now: datetime) -> Mapping[str, Followed]:
    return {
        key: one
        for key, one in kept.followed.items()
        if one.cause == cause_id and one.held and not one.held_told and now >= one.since + HELD_LONG
    }


def _key(run: Run) -> str:
    return key_of(Deployment(run.account, run.region or "?", run.pipeline, run.stage or "", run.execution_id or ""))


def _is_time(told: datetime | None, now: datetime) -> bool:
    return told is None or now >= told + GATHERED_FOR


def _is_untold(news: CauseNews) -> bool:
    return bool(news.blocked or news.went_on or news.ended)


def _told_blocked(news: CauseNews, now: datetime) -> None:
    news.blocked, news.blocked_accounts, news.names, news.decision_id = 0, [], [], ""
    news.blocked_told = now


def _told_went_on(news: CauseNews, now: datetime) -> None:
    news.went_on, news.ended, news.went_on_told = 0, 0, now


def _told_over(news: CauseNews, now: datetime) -> None:
    _told_blocked(news, now)
    _told_went_on(news, now)
    news.over_told, news.went_on_told = True, None


def _told_held(long: Mapping[str, Followed]) -> None:
    for one in long.values():
        one.held_told = True
