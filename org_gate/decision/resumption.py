"""Which of the deployments that wait go on now (W1, W2).

Pure: told what is decided about them at this look, it says what changes. Whether AWS can still resume one is not
known here.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from org_gate.model.decision import OnStale
from org_gate.model.times import describe_duration
from org_gate.model.waiting import Waiting
from org_gate.policy.model import Policy, Resume

HANDED_FOR: Final = timedelta(minutes=2)
"""After that a resumption that came to nothing is handed out anew."""


class Seen(NamedTuple):
    """A deployment that waits, and whether a decision would block it now."""

    waiting: Waiting
    blocked: bool


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at all that wait comes to. ``stopped_by`` names those of earlier waves that were blocked again."""

    cleared: tuple[Waiting, ...]
    """Not blocked any more, from now on."""
    blocked_again: tuple[Waiting, ...]
    """Had been clear, and are not."""
    resumed: tuple[Waiting, ...]
    """Are to be resumed now, those that wait longest first."""
    given_up: tuple[tuple[Waiting, str], ...]
    """Wait no longer, and why."""
    stopped_by: tuple[Waiting, ...]


def without_gate(policy: Policy) -> Policy:
    """The policy as it counts for a caller that cannot look up what is stale: as ``on_unknown`` says (D13)."""
    defaults = policy.defaults
    if defaults.on_stale is not OnStale.LOCAL:
        return policy
    known = defaults.model_copy(update={"on_stale": OnStale(defaults.on_unknown.value)})
    return policy.model_copy(update={"defaults": known})


def superseded(everyone: Iterable[Waiting]) -> Iterator[tuple[Waiting, str]]:
    """Those that another execution came after at the same stage, and why nothing resumes them: only the latest can be.

    A pipeline that ran again and again during an incident would fill the waves with what can go nowhere. Of two that
    were failed in the same second nobody here can tell which came after the other: the pipeline will.
    """
    latest: dict[tuple[str, ...], list[Waiting]] = {}
    for one in sorted(everyone, key=lambda one: (one.failed_at, one.deployment)):
        newest = latest.setdefault(one.deployment[:-1], [])
        if newest and newest[0].failed_at < one.failed_at:
            why = f"superseded: execution {one.deployment.execution_id} came after it"
            yield from ((older, why) for older in newest)
            newest.clear()
        newest.append(one)


def look(seen: Iterable[Seen], recent: Sequence[datetime], policy: Resume, now: datetime) -> Look:
    """``recent`` are the times of the latest resumptions, those within ``wave_pause`` at least."""
    everyone = sorted(seen, key=lambda one: (one.waiting.since, one.waiting.deployment))
    late = [one.waiting for one in everyone if now >= one.waiting.failed_at + policy.within]
    waiting = [one for one in everyone if now < one.waiting.failed_at + policy.within]
    stoppers = tuple(one.waiting for one in waiting if one.blocked and one.waiting.resumed_at is not None)
    free = 0 if stoppers or not policy.enabled else policy.wave_size - _within(recent, policy.wave_pause, now)
    ready = [one.waiting for one in waiting if not one.blocked and _is_ready(one.waiting, policy, now)]
    return Look(
        cleared=tuple(one.waiting for one in waiting if not one.blocked and one.waiting.clear_since is None),
        blocked_again=tuple(one.waiting for one in waiting if one.blocked and one.waiting.clear_since is not None),
        resumed=tuple(ready[: max(0, free)]),
        given_up=tuple((one, _too_late(policy)) for one in late),
        stopped_by=stoppers,
    )


def _within(recent: Sequence[datetime], pause: timedelta, now: datetime) -> int:
    return sum(now < at + pause for at in recent)


def _is_ready(waiting: Waiting, policy: Resume, now: datetime) -> bool:
    settled = waiting.clear_since is not None and now >= waiting.clear_since + policy.settle
    refused = waiting.held_until is not None and now < waiting.held_until
    return settled and not refused and (waiting.handed_at is None or now >= waiting.handed_at + HANDED_FOR)


def _too_late(policy: Resume) -> str:
    limit = describe_duration(policy.within)
    return f"it was blocked more than {limit} ago, and the policy resumes nothing after that (resume.within)"
