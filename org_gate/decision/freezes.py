"""Which freezes are in force, and which targets they hold up (D8, P5, D7)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from org_gate.decision.fit import Fit
from org_gate.decision.question import Question
from org_gate.model.decision import FreezeMark
from org_gate.model.request import Target
from org_gate.policy.model import Freeze
from org_gate.policy.occurrences import latest_occurrence
from org_gate.policy.timezones import time_zone


class Frozen(NamedTuple):
    """A target (its index) that a freeze holds up. ``doubts``: why it is not known whether the freeze is meant."""

    target: int
    freeze: Freeze
    mark: FreezeMark
    doubts: tuple[str, ...]


def frozen(question: Question) -> Iterator[Frozen]:
    """Every pair of a target and a freeze that is in force for it. Not known counts as in force."""
    for freeze in question.policy.freezes:
        mark = in_force(freeze, question.now)
        if mark is None:
            continue
        for index, target in enumerate(question.targets):
            doubts = _doubts(question, freeze, target)
            if doubts is not None:
                yield Frozen(index, freeze, mark, doubts)


def in_force(freeze: Freeze, now: datetime) -> FreezeMark | None:
    """The present occurrence, ``[start, end)``; of several the one that ends last. ``now`` is in whole seconds."""
    if freeze.rrule is None or freeze.duration is None:
        ends = freeze.end is not None and freeze.start <= now < freeze.end
        return FreezeMark(freeze.name, freeze.start, freeze.end) if ends and freeze.end is not None else None
    begin = _begin(freeze, freeze.rrule, freeze.duration, now)
    return None if begin is None else FreezeMark(freeze.name, begin, begin + freeze.duration)


def _begin(freeze: Freeze, rrule: str, duration: timedelta, now: datetime) -> datetime | None:
    """It lasts its whole duration even where that reaches beyond ``end``: only begins end there (P5)."""
    if now < freeze.start:
        return None
    last = now if freeze.end is None else min(now, freeze.end - timedelta(seconds=1))
    return latest_occurrence(rrule, freeze.start, time_zone(freeze.timezone), after=now - duration, not_after=last)


def _doubts(question: Question, freeze: Freeze, target: Target) -> tuple[str, ...] | None:
    """None where the target is not meant, or surely excepted."""
    meant = question.fits(freeze.targets, target)
    if meant.fit is Fit.NO:
        return None
    if freeze.excepted is None:
        return meant.doubts
    excepted = question.fits(freeze.excepted, target)
    return None if excepted.fit is Fit.YES else tuple(dict.fromkeys(meant.doubts + excepted.doubts))
