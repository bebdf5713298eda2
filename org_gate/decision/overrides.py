"""Which overrides in force name which target, and which reasons they lift (D10, D13).

An override lifts nothing but what it names: what is not known of a request counts as not named (D7). Whether it may
be made at all is ``grants``' business, what a lifted reason counts for is ``reasons``'.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from fnmatch import fnmatchcase

from org_gate.decision.question import Question
from org_gate.model.override import ALL, Override
from org_gate.model.request import Pipeline, Target


def names(override: Override, target: Target, pipeline: Pipeline | None) -> bool:
    """Whether the override is about the target of this request; where it names accounts and pipelines, both fit."""
    if not (override.accounts or override.pipelines):
        return False
    if override.accounts and target.account not in override.accounts:
        return False
    return not override.pipelines or _asks(override.pipelines, pipeline)


def precedence(override: Override) -> tuple[datetime, str]:
    """Of several that lift a reason the one that was made first is named with it."""
    return override.created_at, override.id


class Overrides:
    """Those in force, held against the targets of one question. False where they name none of them."""

    def __init__(self, question: Question) -> None:
        in_force = sorted((one for one in question.knowledge.overrides if one.in_force(question.now)), key=precedence)
        pipeline = question.request.pipeline
        naming = [[one for one in in_force if names(one, target, pipeline)] for target in question.targets]
        self._by_target = [_by_event(named) for named in naming]
        self._of_all_targets = _of_all_targets(naming)

    def __bool__(self) -> bool:
        return any(self._by_target)

    @property
    def overridden(self) -> tuple[bool, ...]:
        """For each target, whether one of ``all`` names it (A3)."""
        return tuple(ALL in named for named in self._by_target)

    def lifting(self, target: int | None, event: str) -> Override | None:
        """What lifts a reason of the target (by index; None for one of all targets).

        ``event`` is how an override names the reason: an ARN, ``freeze:NAME``, or ``all``.
        """
        if target is None:
            return self._of_all_targets
        named = self._by_target[target]
        return min((named[name] for name in (event, ALL) if name in named), key=precedence, default=None)


def _asks(globs: tuple[str, ...], pipeline: Pipeline | None) -> bool:
    if pipeline is None or not pipeline.name:
        return False
    name = pipeline.name
    return any(fnmatchcase(name, glob) for glob in globs)


def _by_event(overrides: Iterable[Override]) -> dict[str, Override]:
    """The first that names each event."""
    named: dict[str, Override] = {}
    for override in overrides:
        for event in override.events:
            named.setdefault(event, override)
    return named


def _of_all_targets(naming: Sequence[Sequence[Override]]) -> Override | None:
    """The first of ``all`` that names each of them: several that only do so together do not count (D13).

    Each target's are given in order of precedence.
    """
    first, *others = naming
    found = (one for one in first if ALL in one.events and all(one in named for named in others))
    return next(found, None)
