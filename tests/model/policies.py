"""The policies of the model, as plain data: what a policy says, twice.

`told` spells it as the contract does, for the system; `Truth` reads the fields, for the model. Nothing is judged here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from typing import Any, Final

from org_gate.model.times import format_time

PLATFORM: Final = ("CODEPIPELINE", "CLOUDFORMATION", "STS")
GLOBAL_SERVICES: Final = ("IAM", "ORGANIZATIONS", "ROUTE53", "CLOUDFRONT")


@dataclass(frozen=True)
class Rule:
    """None fits anything."""

    name: str
    verdict: str
    categories: tuple[str, ...] | None = None
    statuses: tuple[str, ...] | None = None
    services: tuple[str, ...] | None = None
    accounts: tuple[str, ...] | None = None

    def told(self) -> dict[str, Any]:
        lists = {"categories": self.categories, "statuses": self.statuses, "services": self.services}
        match = {name: list(values) for name, values in lists.items() if values is not None}
        targets = {} if self.accounts is None else {"targets": {"accounts": list(self.accounts)}}
        return {"name": self.name, "verdict": self.verdict, "match": match, **targets}


@dataclass(frozen=True)
class Freeze:
    """Half-open; of all accounts where none is named."""

    begins: datetime
    ends: datetime
    accounts: tuple[str, ...] | None
    verdict: str

    def told(self) -> dict[str, Any]:
        targets = {} if self.accounts is None else {"targets": {"accounts": list(self.accounts)}}
        times = {"from": format_time(self.begins), "to": format_time(self.ends)}
        return {"name": "quiet", **times, "verdict": self.verdict, **targets}


@dataclass(frozen=True)
class Spec:
    """A policy. ``modes`` is by account, before ``mode``; durations are in seconds."""

    rules: tuple[Rule, ...]
    mode: str = "enforce"
    modes: Mapping[str, str] = field(default_factory=dict)
    verdict: str = "allow"
    on_stale: str = "local"
    on_unknown: str = "block"
    max_age: int = 600
    depends_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    exempt: tuple[str, ...] = ()
    """Globs over names of pipelines."""
    freeze: Freeze | None = None
    granted: tuple[str, ...] = ()
    """Accounts that may override for themselves."""
    settle: int = 120
    wave_size: int = 20
    enabled: bool = True

    def mode_of(self, account: str) -> str:
        return self.modes.get(account, self.mode)

    def exempts(self, pipeline: str) -> bool:
        return any(fnmatchcase(pipeline, glob) for glob in self.exempt)

    @property
    def oldest(self) -> timedelta:
        return timedelta(seconds=self.max_age)

    def told(self) -> dict[str, Any]:
        """As P1 has it."""
        ages = {"on_stale": self.on_stale, "on_unknown": self.on_unknown, "max_age": f"{self.max_age}s"}
        resume = {"enabled": self.enabled, "settle": f"{self.settle}s", "wave_size": self.wave_size}
        named = {"targets": {"accounts": list(self.granted)}, "max": "4h"}
        return {
            "version": 1,
            "mode": self.mode,
            "modes": [{"targets": {"accounts": [name]}, "mode": mode} for name, mode in sorted(self.modes.items())],
            "defaults": {"verdict": self.verdict, **ages},
            "depends_on": {name: list(needed) for name, needed in self.depends_on.items()},
            "exempt": [{"pipelines": [glob]} for glob in self.exempt],
            "freezes": [] if self.freeze is None else [self.freeze.told()],
            "override_grants": [named] if self.granted else [],
            "rules": [rule.told() for rule in self.rules],
            "resume": {**resume, "wave_pause": "60s"},
        }


OPEN_ISSUES: Final = Rule("open-issues", "block", ("issue", "investigation"), ("open",))
PLAIN: Final = Spec((OPEN_ISSUES,))
