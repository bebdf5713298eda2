"""The organization tree as decisions need it: each account's place, beside the pointers to what affects it.

A copy in one partition says what is stored, so that a refresh writes the difference only. The account's own item
is written first and removed first; the copy follows, and a crash between them is made good by the next refresh.
"""

from collections.abc import Iterable
from typing import Any, Final

from org_gate.model.event import Account
from org_gate.store import keys
from org_gate.store.table import Item, ItemKey, Table


class Accounts:
    """Every method raises StoreError."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def refresh(self, accounts: Iterable[Account]) -> int:
        """Makes the stored tree this one; returns how many accounts were written or removed."""
        stored = {item["sk"]: item for item in self._table.query(keys.TREE)}
        wanted = {keys.account(account.id): _item(account) for account in accounts}
        changed = [name for name, told in wanted.items() if _told(stored.get(name)) != told]
        self._table.batch_put({"pk": name, "sk": keys.RECORD, **wanted[name]} for name in changed)
        self._table.batch_put({"pk": keys.TREE, "sk": name, **wanted[name]} for name in changed)
        gone = [name for name in stored if name not in wanted]
        for name in gone:
            self._table.delete(ItemKey(name, keys.RECORD))
            self._table.delete(ItemKey(keys.TREE, name))
        return len(changed) + len(gone)


def account_of(item: Item) -> Account:
    return Account(item["id"], item["ou_path"], tuple(item["ou_ids"]))


_KEYS: Final = frozenset({"pk", "sk"})


def _item(account: Account) -> Item:
    return {"id": account.id, "ou_path": account.ou_path, "ou_ids": list(account.ou_ids)}


def _told(item: Item | None) -> dict[str, Any] | None:
    return None if item is None else {name: value for name, value in item.items() if name not in _KEYS}
