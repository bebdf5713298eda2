"""The organization as a report counts by it: which accounts are in scope, and which OUs an account counts for."""

from collections.abc import Iterable, Mapping

from org_gate.model.event import Account
from org_gate.report.model import UNKNOWN_OU


class UnknownOuError(ValueError):
    """There is no account in the OU that the report is to be limited to, or no such OU."""

    def __init__(self, ou: str) -> None:
        super().__init__(
            f"No account of the organization is in the OU {ou!r}. Write its path, as in Workloads/Prod, or its id; the "
            "table knows the OUs that have accounts."
        )


class Tree:
    """The accounts of the table's tree, and the scope."""

    def __init__(self, accounts: Mapping[str, Account], ou: str | None) -> None:
        """``ou`` is a path, or an id ``ou-…`` or ``r-…``; None or the root for all. Raises UnknownOuError."""
        self._accounts = accounts
        self.ou = _path_of(accounts.values(), ou) if ou else None
        self._lineages: dict[str, tuple[str, ...]] = {}
        self.inside = {name: account for name, account in accounts.items() if self._is_below(account.ou_path)}
        if self.ou is not None and not self.inside:
            raise UnknownOuError(ou or "")

    def counts(self, account: str) -> bool:
        """Whether it is in scope. What the tree does not know is, where the scope is everything."""
        return self.ou is None or account in self.inside

    def ou_of(self, account: str) -> str:
        found = self._accounts.get(account)
        return UNKNOWN_OU if found is None else found.ou_path

    def lineage(self, account: str) -> tuple[str, ...]:
        """The OUs in scope that it counts for, the topmost first."""
        found = self._accounts.get(account)
        if found is None:
            return ("", UNKNOWN_OU) if self.ou is None else ()
        path = found.ou_path
        if path not in self._lineages:
            self._lineages[path] = tuple(each for each in _above(path) if self._is_below(each))
        return self._lineages[path]

    def _is_below(self, path: str) -> bool:
        return self.ou is None or path == self.ou or path.startswith(f"{self.ou}/")


def _above(path: str) -> list[str]:
    """From the root down to the path itself."""
    parts = path.split("/") if path else []
    return ["/".join(parts[:depth]) for depth in range(len(parts) + 1)]


def _path_of(accounts: Iterable[Account], ou: str) -> str | None:
    """None for the root. A path stays as it is, without a slash at its end."""
    for account in accounts:
        if ou in account.ou_ids:
            return _above(account.ou_path)[account.ou_ids.index(ou)] or None
    return ou.rstrip("/") or None
