"""Keeps the tags of the stored accounts up to date, where the policy uses tags: once for each reading of the tree.

AWS Organizations tells the tags of one account a call, so a large organization takes many runs: each goes on after
the last account that the one before came to. What was read counts at once, and only the difference is written. Where
the policy uses no tags any more, they are removed, so that old ones never count again later.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from org_gate.central.budget import Budget
from org_gate.central.needs import Needs
from org_gate.central.tree import FAILED, KEPT, REFRESHED, UNFINISHED
from org_gate.store import State, Store

CALLS: Final = 200
"""In one run, a minute: others call AWS Organizations too."""
UNUSED: Final = "unused"
_GONE: Final = frozenset({"TargetNotFoundException", "AccountNotFoundException"})
"""The account has left the organization since the tree was read."""


@dataclass(frozen=True, slots=True)
class TagsReport:
    """``outcome`` is unused, kept (read since the tree was), refreshed, unfinished or failed, with ``error``."""

    outcome: str
    accounts: int = 0
    changed: int = 0
    error: str | None = None


def refresh_tags(store: Store, client: Any, state: State, needs: Needs, budget: Budget) -> TagsReport:
    """``client`` is a boto3 ``organizations`` client. Raises StoreError."""
    if needs.unclear:
        return TagsReport(KEPT)
    if not needs.tags:
        return _forget(store, state, budget)
    if state.tree_at is not None and state.tags_to is None and state.tags_for == state.tree_at:
        return TagsReport(KEPT)
    if state.tree_at is None or not budget.may_ask():
        return TagsReport(UNFINISHED)
    return _go_on(store, client, state, budget)


def _go_on(store: Store, client: Any, state: State, budget: Budget) -> TagsReport:
    stored = store.accounts.all()
    waiting = [name for name in stored if name > (state.tags_to or "")]
    asked, tags, error = _read(client, waiting[:CALLS], budget)
    changed = store.accounts.keep_tags(stored, tags, budget.may_store)
    if changed is None:
        return TagsReport(UNFINISHED)
    # The tree may be read anew while a reading of tags goes on; the accounts that brings are the next one's.
    of_tree = state.tree_at if state.tags_to is None else state.tags_for
    through = asked == len(waiting)
    if asked or through:
        store.states.commit_tags(of_tree, None if through else waiting[asked - 1])
    outcome = REFRESHED if through else UNFINISHED if error is None else FAILED
    return TagsReport(outcome, asked, changed, error)


def _read(
    client: Any, accounts: Sequence[str], budget: Budget
) -> tuple[int, dict[str, Mapping[str, str] | None], str | None]:
    """How many of them were asked about, the tags of those that there are, and why it ended where by a fault."""
    tags: dict[str, Mapping[str, str] | None] = {}
    for asked, account in enumerate(accounts):
        if not budget.may_ask():
            return asked, tags, None
        try:
            tags[account] = _tags_of(client, account)
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") not in _GONE:
                return asked, tags, _told(error)
        except BotoCoreError as error:
            return asked, tags, _told(error)
    return len(accounts), tags, None


def _tags_of(client: Any, account: str) -> dict[str, str]:
    tags: dict[str, str] = {}
    more: dict[str, str] = {}
    while True:
        page = client.list_tags_for_resource(ResourceId=account, **more)
        tags |= {tag["Key"]: tag["Value"] for tag in page.get("Tags", ())}
        if not page.get("NextToken"):
            return tags
        more = {"NextToken": page["NextToken"]}


def _forget(store: Store, state: State, budget: Budget) -> TagsReport:
    if state.tags_for is None:
        return TagsReport(UNUSED)
    stored = store.accounts.all()
    changed = store.accounts.keep_tags(stored, dict.fromkeys(stored), budget.may_store)
    if changed is None:
        return TagsReport(UNFINISHED)
    store.states.commit_tags(None, None)
    return TagsReport(UNUSED, changed=changed)


def _told(error: Exception) -> str:
    return (
        f"The tags of an account could not be read ({error}). Decisions go on with the tags that were read; those of "
        "other accounts count as not known, and the next poll goes on from here. Where it says that access is denied: "
        "let the central account read tags in AWS Organizations, by the delegation policy and the collector's role."
    )
