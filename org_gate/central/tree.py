"""Keeps the stored organization tree up to date: hourly, after the poll, in as many runs as it takes.

A walk that is not through when time or AWS Organizations' patience runs out is kept, and the next run goes on with
it. The stored tree stays as it is until a walk is through; then only the difference is written.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from org_gate.central.budget import Budget
from org_gate.central.organization import TreeError, Walk
from org_gate.store import Store

TREE_EVERY: Final = timedelta(hours=1)
WALK_WITHIN: Final = timedelta(hours=6)
"""A walk that began longer ago than this is begun anew: too much may have moved meanwhile."""

_NOBODY: Final = (
    "AWS Organizations named no account at all, which cannot be; decisions go on with the tree as it was last read. "
    "See that this account is a delegated administrator that may read the organization."
)

KEPT, REFRESHED, UNFINISHED, FAILED = "kept", "refreshed", "unfinished", "failed"


@dataclass(frozen=True, slots=True)
class TreeReport:
    """``outcome`` is kept (it is young enough), refreshed, unfinished or failed; ``error`` says why it failed."""

    outcome: str
    accounts: int = 0
    changed: int = 0
    error: str | None = None


def refresh_tree(store: Store, client: Any, now: datetime, tree_at: datetime | None, budget: Budget) -> TreeReport:
    """``client`` is a boto3 ``organizations`` client, ``tree_at`` when the stored tree was read. Raises StoreError."""
    if tree_at is not None and now - tree_at < TREE_EVERY:
        return TreeReport(KEPT)
    if not budget.may_ask():
        return TreeReport(UNFINISHED)
    document = store.walks.kept()
    kept = Walk.from_document(document)
    walk = Walk(now) if kept is None or now - kept.began > WALK_WITHIN else kept
    read, error = _go_on(walk, client, budget)
    found = len(walk.parents)
    if walk.through and not found:
        store.walks.forget()
        return TreeReport(FAILED, error=_NOBODY)
    changed = store.accounts.refresh(walk.accounts(), budget.may_store) if walk.through else None
    if changed is not None:
        store.states.commit_tree(walk.began)
        if document is not None:
            store.walks.forget()
        return TreeReport(REFRESHED, found, changed)
    if read:
        store.walks.keep(walk.document())
    return TreeReport(UNFINISHED if error is None else FAILED, found, error=error)


def _go_on(walk: Walk, client: Any, budget: Budget) -> tuple[int, str | None]:
    """How many pages were read, and why it ended where that was a fault."""
    pages = 0
    while not walk.through and budget.may_ask():
        try:
            walk.step(client)
        except TreeError as error:
            return pages, str(error)
        pages += 1
    return pages, None
