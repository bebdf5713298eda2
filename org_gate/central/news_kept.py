"""What is kept between two digests of news: causes with their counts, deployments that are held back, what was told.

All of it is bounded: it is one small item. What does not fit is counted with its cause, and not followed one by one.
"""

from datetime import datetime
from typing import Any, Final

from pydantic import BaseModel, Field, ValidationError

from org_gate.decision.words import plain
from org_gate.model.cause import Cause
from org_gate.model.waiting import Deployment

MOST_FOLLOWED: Final = 1500
MOST_CAUSES: Final = 100
MOST_ACCOUNTS: Final = 1500
MOST_TOLD: Final = 2000
SHOWN: Final = 10
_LONGEST: Final = 120


class CauseNews(BaseModel):
    """What blocks, and how much of it people know. Times of telling are None where nothing was told."""

    cause: Cause
    since: datetime
    """Its first block that was heard of."""
    last: datetime
    accounts: list[str] = Field(default_factory=list)
    total: int = 0
    blocked: int = 0
    """Not told yet, as are the next five."""
    blocked_accounts: list[str] = Field(default_factory=list)
    names: list[str] = Field(default_factory=list)
    decision_id: str = ""
    went_on: int = 0
    ended: int = 0
    """Will not go on: superseded, stopped, given up."""
    blocked_told: datetime | None = None
    went_on_told: datetime | None = None
    over_told: bool = False


class Followed(BaseModel):
    """A deployment that is held back. ``decision_id`` is empty where its gate did not fail it."""

    cause: str
    decision_id: str
    held: bool
    since: datetime
    last: datetime
    held_told: bool = False
    gone: bool = False
    """It did not wait any more at the last digest, and nothing said what came of it."""


class UnderWay(BaseModel):
    """Deployments of one account that passed their gates and would be blocked now."""

    cause: Cause
    names: list[str] = Field(default_factory=list)
    number: int = 0


class Kept(BaseModel):
    """``until`` is up to when decisions were looked at."""

    until: datetime
    causes: dict[str, CauseNews] = Field(default_factory=dict)
    followed: dict[str, Followed] = Field(default_factory=dict)
    """By ``key_of``."""
    stale: bool = False
    open_events: str | None = None
    """A mark of what was open. None before the first digest."""
    under_way: dict[str, UnderWay] = Field(default_factory=dict)
    """By account, not told yet."""
    under_way_told: list[str] = Field(default_factory=list)
    """Decisions, the latest last."""
    denied: list[str] = Field(default_factory=list)
    """Accounts that refuse the resumer, and were told of."""

    def following(self, cause_id: str) -> list[Followed]:
        return [one for one in self.followed.values() if one.cause == cause_id]


def kept_from(document: dict[str, Any] | None) -> Kept | None:
    """None where there is none, or another version wrote it."""
    try:
        return None if document is None else Kept.model_validate(document)
    except ValidationError:
        return None


def kept_json(kept: Kept) -> dict[str, Any]:
    return kept.model_dump(mode="json", exclude_defaults=True)


def name_of(account: str, region: str | None, pipeline: str) -> str:
    """As messages show it."""
    return plain(f"{account}/{region or '?'}/{pipeline}", _LONGEST)


def key_of(deployment: Deployment) -> str:
    """Its name and its execution; two stages of one execution do not wait at the same time."""
    name = name_of(deployment.account, deployment.region, deployment.pipeline)
    return f"{name}#{plain(deployment.execution_id, 40)}"


def shown_name(key: str) -> str:
    """The inverse, but for the execution."""
    return key.rpartition("#")[0]
