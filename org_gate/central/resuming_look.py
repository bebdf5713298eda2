"""One look at all deployments that wait (W1, W2): what is not blocked settles, what has settled is handed out.

Which is which ``decision.resumption`` says. Nothing here resumes: what is handed out goes to the queue, one message for
each, and is judged once more when that comes back. What was blocked again stops everybody (W2), so its pipeline is
looked at: where a person or a later execution has ended it, it stops nobody any more.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from org_gate.central.deciding_again import DecidingAgain
from org_gate.central.resuming_member import DeniedError, LaterError, Members, OverError
from org_gate.central.resuming_queue import Queues
from org_gate.central.resuming_telemetry import WAITING, count, logger, tell_outcome
from org_gate.decision.resumption import Look, look, superseded
from org_gate.model.waiting import Waiting
from org_gate.policy.model import Resume
from org_gate.store import ConflictError, Store
from org_gate.store.waiting import Outcome

_SHOWN: Final = 20
_ASKED: Final = 5
"""How many of those that stop the others are asked about in one look."""


class Looking:
    """``may_go_on`` is asked before another account is read."""

    def __init__(
        self, store: Store, queues: Queues, members: Members, central_account: str, may_go_on: Callable[[], bool]
    ) -> None:
        self._store = store
        self._queues = queues
        self._members = members
        self._central_account = central_account
        self._may_go_on = may_go_on

    def take(self, sent: datetime) -> None:
        """``sent`` is when the look was asked for. A look that comes late is one of now. Raises StoreError."""
        state = self._store.state()
        now = max(sent, state.as_of or sent)
        handed = self._store.waiting.begin_look(now)
        if handed is None:
            logger.info("a look of this time or a later one was begun already, so this one does nothing")
            return
        everybody, recent = self._store.waiting.all_and_recent(now, handed)
        waiting = self._without_superseded(everybody, now)
        count(WAITING, len(waiting))
        if not waiting:
            return
        again = DecidingAgain(self._store, state, now, self._central_account)
        seen = [one for those in _stoppers_first(waiting) for one in again.seen(those, self._may_go_on)]
        if len(seen) < len(waiting):
            logger.error("the look ran out of time", looked_at=len(seen), of=len(waiting))
        self._act(look(seen, recent, again.policy.resume, now), again.policy.resume, now, len(seen))

    def _without_superseded(self, waiting: list[Waiting], now: datetime) -> list[Waiting]:
        gone = dict(superseded(waiting))
        for one, why in gone.items():
            self._done(one, "skipped", why, now)
        return [one for one in waiting if one not in gone]

    def _act(self, found: Look, policy: Resume, now: datetime, number: int) -> None:
        self._store.waiting.mark_blocked(found.blocked_again)
        self._store.waiting.mark_clear(found.cleared, now)
        for waiting, why in found.given_up:
            self._done(waiting, "given_up", why, now)
        handed = self._hand_out(found, policy, now)
        for waiting in found.stopped_by[:_ASKED]:
            self._end_if_over(waiting, now)
        logger.info(
            "looked",
            waiting=number,
            cleared=len(found.cleared),
            blocked_again=len(found.blocked_again),
            given_up=len(found.given_up),
            handed_out=handed,
            stopped_by=[one.decision_id for one in found.stopped_by[:_SHOWN]],
        )

    def _end_if_over(self, waiting: Waiting, now: datetime) -> None:
        if not self._may_go_on():
            return
        try:
            standing = self._members.standing(waiting)
        except OverError as error:
            self._done(waiting, "skipped", str(error), now)
        except (LaterError, DeniedError) as error:
            logger.warning("it stops other deployments, and its pipeline cannot be read", why=str(error))
        else:
            if standing.ended is not None and not standing.went_on:
                self._done(waiting, "skipped", standing.ended, now)

    def _done(self, waiting: Waiting, outcome: Outcome, why: str, now: datetime) -> None:
        self._store.waiting.done(waiting, outcome, why, now)
        tell_outcome(waiting, outcome, why)

    def _hand_out(self, found: Look, policy: Resume, now: datetime) -> int:
        """It counts as handed out before anybody hears of it, so that no wave grows by a look that is cut off."""
        if not found.resumed:
            return 0
        try:
            self._store.waiting.hand_out(found.resumed, now, now - policy.wave_pause)
        except ConflictError:
            logger.info("a later look was begun, so this one hands nothing out")
            return 0
        self._queues.send(found.resumed, now)
        return len(found.resumed)


def _stoppers_first(waiting: list[Waiting]) -> tuple[list[Waiting], list[Waiting]]:
    """Those of earlier waves, then the others: a look that runs out of time has to know who stops the next wave."""
    earlier = [one for one in waiting if one.resumed_at is not None]
    return earlier, [one for one in waiting if one.resumed_at is None]
