"""Counting what came of decisions: a decision's marks are found once, and added up wherever it counts."""

from collections.abc import Hashable, Iterable
from typing import Final, Generic, TypeVar

from org_gate.report.model import Outcomes, Spread
from org_gate.store.past import PastDecision

_NAMES: Final = tuple(Outcomes.model_fields)
_PLACE: Final = {name: place for place, name in enumerate(_NAMES)}
_VERDICTS: Final = {"allow": "allowed", "warn": "warned", "block": "blocked"}
NOT_RESUMED: Final = frozenset({"skipped", "given_up"})

Marks = tuple[int, ...]
"""Places of the counts that a decision adds to."""
_Key = TypeVar("_Key", bound=Hashable)


def marks_of(decision: PastDecision) -> Marks:
    about, came_of = decision.about, decision.came_of
    blocked = decision.verdict == "block"
    named = {
        "decisions": True,
        _VERDICTS[decision.verdict]: True,
        "held": blocked and about.on_block == "hold",
        "resumed": came_of is not None and came_of.outcome == "resumed",
        "skipped": came_of is not None and came_of.outcome in NOT_RESUMED,
        "overridden": any(ground.override_id is not None for ground in about.grounds),
        "shadow": not blocked and decision.would_be == "block",
        "exempt": decision.exempt,
        "stale": about.stale,
    }
    return tuple(_PLACE[name] for name, holds in named.items() if holds)


class Tally(Generic[_Key]):
    """Outcomes by key."""

    def __init__(self) -> None:
        self._counts: dict[_Key, list[int]] = {}

    def add(self, keys: Iterable[_Key], marks: Marks) -> None:
        for key in keys:
            counts = self._counts.get(key)
            if counts is None:
                counts = self._counts[key] = [0] * len(_NAMES)
            for place in marks:
                counts[place] += 1

    def keys(self) -> Iterable[_Key]:
        return self._counts.keys()

    def __len__(self) -> int:
        return len(self._counts)

    def count(self, key: _Key, name: str) -> int:
        counts = self._counts.get(key)
        return 0 if counts is None else counts[_PLACE[name]]

    def outcomes(self, key: _Key) -> Outcomes:
        counts = self._counts.get(key)
        return NOTHING if counts is None else Outcomes(**dict(zip(_NAMES, counts, strict=True)))


NOTHING: Final = Outcomes()


def spread(seconds: Iterable[int]) -> Spread:
    """Quantiles are values that occur: of an even number, the median is the lower one in the middle."""
    found = sorted(seconds)
    if not found:
        return Spread()
    last = len(found) - 1
    return Spread(
        count=len(found), least=found[0], median=found[last // 2], p90=found[(last * 9) // 10], most=found[last]
    )
