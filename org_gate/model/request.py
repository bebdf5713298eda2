"""What is asked: targets and, where known, the pipeline that asks (D1)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

ACCOUNT_ID: Final = re.compile(r"^[0-9]{12}$")
REGION: Final = re.compile(r"^(global|[a-z]{2,4}(-[a-z]+)+-[0-9]{1,2})$")
MAX_TARGETS: Final = 100


@dataclass(frozen=True, slots=True)
class Target:
    """Where a deployment goes. Empty ``services`` or ``availability_zones`` mean all."""

    account: str
    region: str
    services: tuple[str, ...] = ()
    availability_zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The pipeline that asks; its account is the caller's."""

    name: str | None = None
    region: str | None = None
    stage: str | None = None
    action: str | None = None
    execution_id: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """``caller`` is the verified account id; ``targets`` are the given ones (D2's is added by the engine)."""

    caller: str
    targets: tuple[Target, ...]
    pipeline: Pipeline | None = None
    source: str | None = None

    @property
    def accounts(self) -> list[str]:
        """The caller's and its targets', each once, in order: what has to be known of whom."""
        return sorted({self.caller, *(target.account for target in self.targets)})


def request_from(told: Mapping[str, Any]) -> Request:
    """The inverse of ``dataclasses.asdict``, after JSON too. Raises KeyError or TypeError where it is nothing such."""
    targets = tuple(
        Target(one["account"], one["region"], tuple(one["services"]), tuple(one["availability_zones"]))
        for one in told["targets"]
    )
    pipeline = None if told["pipeline"] is None else Pipeline(**told["pipeline"])
    return Request(told["caller"], targets, pipeline, told["source"])


def parse_short_target(text: str, caller: str | None = None) -> Target:
    """``ACCOUNT/REGION[/SERVICE+SERVICE[/ZONE+ZONE]]`` (D1); an empty ACCOUNT means the caller's.

    Raises ValueError with what is wrong and what is expected. Does not judge whether the Region exists (A5).
    """
    parts = text.split("/")
    if not 2 <= len(parts) <= 4:  # noqa: PLR2004  the four parts of the short form
        msg = f"{text!r} is not a target; write ACCOUNT/REGION[/SERVICE+SERVICE[/ZONE+ZONE]]"
        raise ValueError(msg)
    account, region, services, zones = (*parts, "", "")[:4]
    account = account or (caller or "")
    if not ACCOUNT_ID.fullmatch(account):
        msg = f"{text!r}: the account is {parts[0]!r}; it has to be 12 digits"
        raise ValueError(msg)
    if not REGION.fullmatch(region):
        msg = f"{text!r}: {region!r} does not look like a Region; write one such as eu-west-1, or global"
        raise ValueError(msg)
    return Target(account, region, _listed(text, services), _listed(text, zones))


def _listed(text: str, part: str) -> tuple[str, ...]:
    names = tuple(part.split("+")) if part else ()
    if not all(names):
        msg = f"{text!r}: an empty name between the + signs of {part!r}"
        raise ValueError(msg)
    return names
