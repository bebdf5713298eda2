"""One resumption (W1): a deployment that a look handed out, judged once more, and its stage retried.

Exactly once for a failing decision, however often and late its message comes and wherever a run ends: the pipeline
says whether the failed action still carries our decision; a claim says whose retry it is; only then it is asked for.
What ends between the two is handed out again by a later look, and finds in the pipeline's state what came of it.
"""

from datetime import datetime, timedelta
from typing import Final

from org_gate.central.deciding_again import DecidingAgain
from org_gate.central.resuming_member import DeniedError, LaterError, Members, OverError
from org_gate.central.resuming_messages import ResumeMessage
from org_gate.central.resuming_queue import NotSentError, Queues
from org_gate.central.resuming_telemetry import logger, tell_outcome
from org_gate.model.waiting import Waiting
from org_gate.policy.model import Resume
from org_gate.store import Store
from org_gate.store.waiting import Outcome

DENIED_FOR: Final = timedelta(hours=1)
_SHORTEST_WAVE: Final = timedelta(minutes=1)
"""Looks come once a minute, and a message takes its time."""
_ANSWERING: Final = timedelta(minutes=2)
"""Within that a gate has answered its pipeline, which it does after it was given the decision."""
PROMPT: Final = timedelta(seconds=10)
"""As long as a message takes its usual way: if that were counted, too, the next wave would wait for another look."""
_RESUMED: Final = "nothing blocks it any more"


class Resuming:
    """Of the deployments of one batch of messages."""

    def __init__(self, store: Store, queues: Queues, members: Members, central_account: str) -> None:
        self._store = store
        self._queues = queues
        self._members = members
        self._central_account = central_account

    def take(self, message: ResumeMessage) -> None:
        """Raises StoreError; the message may come again then."""
        waiting = self._store.waiting.one(message.deployment)
        if waiting is None or waiting.decision_id != message.decision_id or waiting.handed_at != message.at:
            logger.info("it waits no longer, or was handed out anew, so its message is dropped", body=message.body)
            return
        state = self._store.state()
        now = max(message.sent, state.as_of or message.sent)
        again = DecidingAgain(self._store, state, now, self._central_account)
        too_late = _too_late(waiting, message.at, again.policy.resume, now)
        if too_late is not None:
            tell_outcome(waiting, "dropped", too_late)
        elif again.holds_back(waiting):
            self._store.waiting.mark_blocked([waiting])
            tell_outcome(waiting, "blocked", "it is blocked again, or was never clear at this time")
        else:
            self._resume(waiting, message, again.policy.resume, now)

    def _resume(self, waiting: Waiting, message: ResumeMessage, policy: Resume, now: datetime) -> None:
        try:
            standing = self._members.standing(waiting)
            ours = standing.went_on and waiting.claimed_at is not None
            if standing.went_on and not ours and now < waiting.failed_at + _ANSWERING:
                tell_outcome(waiting, "dropped", "its gate may not have answered yet: a later look hands it out again")
            elif standing.ended is not None:
                self._done(waiting, "resumed" if ours else "skipped", standing.ended, now)
            elif not self._store.waiting.claim(
                waiting, message.at, _counted(message, now), message.at + policy.wave_pause
            ):
                tell_outcome(waiting, "dropped", "its message came twice, its wave is over, or it was decided anew")
            else:
                self._members.retry(waiting.deployment)
                self._done(waiting, "resumed", _RESUMED, now)
        except OverError as error:
            self._done(waiting, "skipped", str(error), now)
        except LaterError as error:
            tell_outcome(waiting, "later", f"{error}. A later look hands it out again.")
        except DeniedError as error:
            self._deny(waiting, message, str(error), now)

    def _done(self, waiting: Waiting, outcome: Outcome, why: str, now: datetime) -> None:
        self._store.waiting.done(waiting, outcome, why, now)
        tell_outcome(waiting, outcome, why)

    def _deny(self, waiting: Waiting, message: ResumeMessage, why: str, now: datetime) -> None:
        """People hear of it by the dead-letter queue's alarm; it waits on, and is tried again after an hour."""
        tell_outcome(waiting, "denied", why)
        try:
            self._queues.bury(message.body, why)
        except NotSentError:
            logger.exception("people are not told of a refusal yet; the next handing out tells them")
            return
        self._store.waiting.hold_until(waiting, now + DENIED_FOR)


def _counted(message: ResumeMessage, now: datetime) -> datetime:
    """From when on its retry counts in the waves to come: from its handing out, where its message was prompt."""
    return message.at if now <= message.at + PROMPT else now


def _too_late(waiting: Waiting, handed_at: datetime, policy: Resume, now: datetime) -> str | None:
    """Why it is not to be resumed by this message any more; None where it is."""
    if not policy.enabled:
        return "the policy resumes nothing now (resume.enabled)"
    if now >= waiting.failed_at + policy.within:
        return "it was blocked too long ago (resume.within)"
    if now >= handed_at + max(policy.wave_pause, _SHORTEST_WAVE):
        return "its wave is over: a later look hands it out again"
    return None
