"""Overrides (D10): what they name, when they are in force, what they lift."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from tests.e2e.oracle.fits import Aim
from tests.e2e.oracle.policy import Policy
from tests.e2e.oracle.times import seconds


@dataclass(frozen=True)
class Override:
    """As it was written, with its time; ``pipeline`` names always here: a job's details tell it."""

    data: Mapping[str, Any]
    created: int

    def acceptable(self, policy: Policy) -> bool:
        """To the API, from the central account."""
        return bool(self.data.keys() & {"accounts", "pipelines"}) and seconds(self.data["for"]) <= policy.max_override

    def in_force(self, now: int) -> bool:
        return self.created <= now < self.created + seconds(self.data["for"])

    def names(self, aim: Aim, pipeline: str) -> bool:
        return aim.account in self.data.get("accounts", [aim.account]) and any(
            fnmatchcase(pipeline, glob) for glob in self.data.get("pipelines", ["*"])
        )

    def lifts(self, what: str | None) -> bool:
        """An ARN or ``freeze:NAME``; None for what only ``all`` speaks of."""
        return "all" in self.data["events"] or what in self.data["events"]


def lifted(overrides: Sequence[Override], aims: Sequence[Aim], pipeline: str, what: str | None) -> bool:
    """Whether one of them names all those targets and lifts that."""
    return any(one.lifts(what) and all(one.names(aim, pipeline) for aim in aims) for one in overrides)
