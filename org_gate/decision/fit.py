"""Whether a filter fits: yes, no, or not known (D7).

The three values and how they combine. Knows no policy and no event.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum


class Fit(IntEnum):
    """In this order "all of" is the least and "any of" the greatest."""

    NO = 0
    UNKNOWN = 1
    YES = 2


@dataclass(frozen=True, slots=True)
class Answer:
    """``doubts`` says in words what is not known; it is empty unless the fit is UNKNOWN."""

    fit: Fit
    doubts: tuple[str, ...] = ()


YES = Answer(Fit.YES)
NO = Answer(Fit.NO)


def unknown(doubt: str) -> Answer:
    return Answer(Fit.UNKNOWN, (doubt,))


def known(fits: bool) -> Answer:  # noqa: FBT001  the one thing it says
    return YES if fits else NO


def all_of(answers: Iterable[Answer]) -> Answer:
    """One NO settles it, whatever else is not known."""
    doubts: tuple[str, ...] = ()
    for answer in answers:
        if answer.fit is Fit.NO:
            return NO
        doubts += answer.doubts
    return Answer(Fit.UNKNOWN, doubts) if doubts else YES
