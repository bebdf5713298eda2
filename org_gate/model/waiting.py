"""A deployment that waits: its gate failed it because of a block, and it goes on once it would pass (W1)."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from org_gate.model.request import Request


class Deployment(NamedTuple):
    """One execution at one stage of a pipeline."""

    account: str
    region: str
    pipeline: str
    stage: str
    execution_id: str


def deployment_of(request: Request, *, by_gate: bool) -> Deployment | None:
    """The one that is asked about; None where nobody could resume it: no gate asks, or it is not said which run."""
    if request.pipeline is None or not by_gate:
        return None
    asks = request.pipeline
    named = [name or "" for name in (asks.region, asks.name, asks.stage, asks.execution_id)]
    return Deployment(request.caller, *named) if all(named) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Times are those of decisions and looks; None where that has not happened."""

    deployment: Deployment
    decision_id: str
    """The failing decision: it is resumed once."""
    earlier: tuple[str, ...] = ()
    """Failing decisions before it, with no retry between: its job may have been answered by one of these."""
    action: str | None = None
    """The gate's action, where AWS told it."""
    request: Request
    failed_at: datetime
    """When that decision was taken."""
    since: datetime
    """Since when it waits, earlier failing decisions in a row included."""
    clear_since: datetime | None = None
    """The first look in a row that did not block it."""
    handed_at: datetime | None = None
    """When its resumption was last handed out."""
    claimed_at: datetime | None = None
    """The handing out by which its stage was retried, or was about to be: nobody else does it for that one."""
    held_until: datetime | None = None
    """Its account refused us: it is not handed out again before."""
    resumed_at: datetime | None = None
    """When it was resumed before, and was blocked again."""
