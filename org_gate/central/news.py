"""Tells people once a minute what happened since the last time: what is blocked, held, resumed, under way, or stale.

What is told and what is kept is ``news_core``'s to say. A topic that fails leaves what it was to tell for the next
minute; a fault of the table costs this minute's news. Neither ever reaches whoever asked for the digest.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from itertools import accumulate, chain, islice
from typing import Final, NamedTuple

from org_gate.central.announce import Announcer
from org_gate.central.news_core import Due, due, take_runs, take_waiting
from org_gate.central.news_forms import Notice
from org_gate.central.news_kept import Kept, kept_from, kept_json
from org_gate.central.news_under_way import UnderWaySearch, open_events
from org_gate.central.news_words import denied_notice, stale_notice, under_way_notice
from org_gate.central.resuming_telemetry import count, logger
from org_gate.decision.engine import knowledge_mark
from org_gate.model.cause import Cause
from org_gate.model.decision import KnowledgeMark
from org_gate.model.event import Account, EventKey
from org_gate.model.synthetic import events_of
from org_gate.model.times import parse_time
from org_gate.model.waiting import Waiting
from org_gate.policy.model import Policy
from org_gate.store import ConflictError, State, Store, StoreError

SETTLED: Final = timedelta(seconds=10)
"""A decision is written a little after it was taken; what is younger is the next minute's."""
MINUTE: Final = timedelta(minutes=1)
LONGEST_GAP: Final = timedelta(hours=1)
"""What nobody told for longer is not news any more."""
MOST_RUNS: Final = 5000
MOST_TOLD: Final = 100
"""Messages in one minute; what is left is told in the next."""


class News:
    """``may_go_on`` says whether there is time to tell more."""

    def __init__(self, store: Store, people: Announcer, may_go_on: Callable[[], bool]) -> None:
        self._store = store
        self._people = people
        self._may_go_on = may_go_on

    def tell(self, sent: datetime) -> None:
        """``sent`` is when the minute's look was asked for. Never raises for the table or the topic."""
        try:
            self._tell(sent)
        except StoreError:
            logger.exception("people are not told the news of this minute; the next one tells them")

    def _tell(self, sent: datetime) -> None:
        state = self._store.state()
        now = max(sent, state.as_of or sent)
        if not state.policy_version or not self._store.digest.begin(now):
            return
        view = _View(self._store, state, now)
        kept = kept_from(self._store.digest.read()) or Kept(until=now - MINUTE)
        self._take_runs(kept, view)
        waiting = self._store.waiting.all(now) if kept.followed else []
        take_waiting(kept, waiting, self._store.waiting.ended, now)
        self._find_under_way(kept, view)
        told, left = self._announce(_all_due(kept, view, waiting))
        self._keep(kept, now)
        count("NewsTold", told)
        if left:
            logger.warning("not all news were told; the next minute goes on", told=told, left=left)

    def _keep(self, kept: Kept, now: datetime) -> None:
        try:
            self._store.digest.keep(kept_json(kept), now)
        except ConflictError:
            logger.info("a later minute's news were begun meanwhile, so some may be told twice")

    def _take_runs(self, kept: Kept, view: "_View") -> None:
        since, until = max(kept.until, view.now - LONGEST_GAP), view.now - SETTLED
        if since < until:
            runs, omitted = self._store.runs(since, until, MOST_RUNS)
            take_runs(kept, reversed(runs))
            kept.until = until
            if omitted:
                logger.warning("too many decisions for one minute's news", looked_at=MOST_RUNS, left_out=omitted)

    def _find_under_way(self, kept: Kept, view: "_View") -> None:
        before, kept.open_events = kept.open_events, open_events(self._store, view.now)
        if before not in {None, kept.open_events}:
            left = UnderWaySearch(self._store, view.state, view.now, self._may_go_on).run(kept)
            if left:
                logger.warning("not all deployments of the last hour were decided again", left_out=left)

    def _announce(self, found: list[Due]) -> tuple[int, int]:
        """How many went out, and how many did not. After one that does not, no other is tried."""
        if not found:
            return 0, 0
        accounts = self._store.accounts.all()
        told = 0
        for one in islice(found, MOST_TOLD):
            if not self._may_go_on() or not self._people.announce(_placed(one.notice, accounts)):
                break
            one.told()
            told += 1
        return told, len(found) - told


class _View(NamedTuple):
    """What is known at one time."""

    store: Store
    state: State
    now: datetime

    @property
    def policy(self) -> Policy:
        return self.store.policy(self.state)[1]

    @property
    def mark(self) -> KnowledgeMark:
        return knowledge_mark(self.state.as_of, self.policy.defaults, self.now)

    def over(self, cause: Cause) -> bool:
        """Whether it blocks nobody any more, whoever asks."""
        match cause.kind:
            case "event":
                return self._event_over(cause)
            case "freeze":
                ended = cause.until is not None and parse_time(cause.until) <= self.now
                return ended or all(freeze.name != cause.name for freeze in self.policy.freezes)
            case "stale":
                return not self.mark.stale
            case _:
                return False

    def _event_over(self, cause: Cause) -> bool:
        key = EventKey(cause.name, cause.region or "")
        record = self.store.events.records([key]).get(key)
        if record is not None:
            return record.over(self.now)
        made = self.store.synthetic.in_force(self.now)
        return all(event.key != key for one in made for event in events_of(one, frozenset()))


def _all_due(kept: Kept, view: _View, waiting: list[Waiting]) -> list[Due]:
    return [
        *_of_knowledge(kept, view),
        *due(kept, view.over, view.policy.resume, view.now),
        *_denied(kept, waiting, view.now),
        *(
            Due(under_way_notice(account, found), partial(_forget, kept, account))
            for account, found in kept.under_way.items()
        ),
    ]


def _of_knowledge(kept: Kept, view: _View) -> Iterator[Due]:
    """Not before AWS Health was read for the first time."""
    mark = view.mark
    if mark.as_of is not None and mark.stale != kept.stale:
        yield Due(stale_notice(mark, fresh=not mark.stale), partial(setattr, kept, "stale", mark.stale))


def _denied(kept: Kept, waiting: Iterable[Waiting], now: datetime) -> Iterator[Due]:
    """Once for each account, until none of its deployments is refused any more."""
    refused = [one.deployment.account for one in waiting if one.held_until is not None and one.held_until > now]
    kept.denied = [account for account in kept.denied if account in refused]
    for account in dict.fromkeys(refused):
        if account not in kept.denied:
            yield Due(denied_notice(account, refused.count(account)), partial(kept.denied.append, account))


def _forget(kept: Kept, account: str) -> None:
    del kept.under_way[account]


def _placed(notice: Notice, accounts: dict[str, Account]) -> Notice:
    """With the OUs and tags of its accounts, as far as they are known."""
    known = [accounts[name] for name in notice.accounts if name in accounts]
    tags = chain.from_iterable((account.tags or {}).items() for account in known)
    return replace(
        notice,
        ous=tuple(dict.fromkeys(chain.from_iterable(_with_parents(account.ou_path) for account in known))),
        tags=tuple(dict.fromkeys(f"{key}={value}" for key, value in tags)),
    )


def _with_parents(ou_path: str) -> list[str]:
    """So that a filter names an OU, and fits all below it."""
    return list(accumulate(ou_path.split("/"), "{}/{}".format)) if ou_path else []
