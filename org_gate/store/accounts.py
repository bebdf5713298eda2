"""The organization tree as decisions need it: each account's place and tags, beside the pointers to what affects it.

A copy in one partition says what is stored, so that a refresh writes the difference only. An account's own item and
its copy are written and removed in one transaction, in which the state counts it: decisions keep what they read.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from typing import Final

from org_gate.model.event import Account
from org_gate.store import keys
from org_gate.store.state import counting
from org_gate.store.table import Item, ItemKey, Table, batches

STEP: Final = 49
"""Accounts in one transaction: DynamoDB takes 100 actions, and one counts what changes."""


def _always() -> bool:
    return True


class Accounts:
    """Every method raises StoreError."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def refresh(self, accounts: Iterable[Account], may_go_on: Callable[[], bool] = _always) -> int | None:
        """Makes the stored tree this one; how many accounts were written or removed. Tags stay as they were read.

        ``may_go_on`` is looked at before every step; None where it said no. The next refresh does the rest.
        """
        stored = self.all()
        wanted = {account.id: _with_tags_of(stored.get(account.id), account) for account in accounts}
        changed = [account for name, account in wanted.items() if stored.get(name) != account]
        gone = [name for name in stored if name not in wanted]
        return self._write([*map(self._writing, changed), *map(self._removing, gone)], may_go_on)

    def all(self) -> dict[str, Account]:
        """The stored tree by account, in order of their ids."""
        return {item["id"]: account_of(item) for item in self._table.query(keys.TREE)}

    def keep_tags(
        self,
        stored: Mapping[str, Account],
        tags: Mapping[str, Mapping[str, str] | None],
        may_go_on: Callable[[], bool] = _always,
    ) -> int | None:
        """Makes the tags of these accounts those, None for not read; how many accounts were written, the difference.

        ``stored`` is what ``all`` gave. None where ``may_go_on`` said no.
        """
        changed = [replace(stored[name], tags=told) for name, told in tags.items() if stored[name].tags != told]
        return self._write([self._writing(account) for account in changed], may_go_on)

    def _write(self, groups: Sequence[list[Item]], may_go_on: Callable[[], bool]) -> int | None:
        for step in batches(groups, STEP):
            if not may_go_on():
                return None
            self._table.transact(*chain.from_iterable(step), counting(self._table))
        return len(groups)

    def _writing(self, account: Account) -> list[Item]:
        told: Item = {"id": account.id, "ou_path": account.ou_path, "ou_ids": list(account.ou_ids)}
        if account.tags is not None:
            told["tags"] = dict(account.tags)
        return [self._table.putting({**key._asdict(), **told}) for key in _places(account.id)]

    def _removing(self, account_id: str) -> list[Item]:
        return [self._table.deleting(key) for key in _places(account_id)]


def account_of(item: Item) -> Account:
    return Account(item["id"], item["ou_path"], tuple(item["ou_ids"]), item.get("tags"))


def _with_tags_of(stored: Account | None, account: Account) -> Account:
    return account if stored is None else replace(account, tags=stored.tags)


def _places(account_id: str) -> tuple[ItemKey, ItemKey]:
    name = keys.account(account_id)
    return ItemKey(name, keys.RECORD), ItemKey(keys.TREE, name)
