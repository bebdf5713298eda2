"""Versions of the policy: immutable, numbered from 1. The state names the one that counts."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from org_gate.model.times import format_time
from org_gate.policy.load import policy_data, policy_from_data
from org_gate.policy.model import Policy
from org_gate.store import keys
from org_gate.store.documents import packed, unpacked
from org_gate.store.errors import ConflictError, NoPolicyError, StoreUnavailableError, TooLargeError
from org_gate.store.state import State, read_state
from org_gate.store.table import Table


class Policies:
    """Every method raises StoreError. A version never changes, so the last one read is kept in the process."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._last: tuple[int, Policy] | None = None

    def current(self, state: State) -> tuple[int, Policy]:
        """The version that counts, and the policy. Raises NoPolicyError where none was published."""
        if state.policy_version == 0:
            raise NoPolicyError
        if self._last is None or self._last[0] != state.policy_version:
            self._last = (state.policy_version, self._read(state.policy_version))
        return self._last

    def publish(
        self, data: Mapping[str, Any], *, who: str, note: str, now: datetime, expected_version: int | None
    ) -> int:
        """The new version. ``expected_version`` is the one that counts now, 0 where there is none, None for any.

        Raises pydantic's ValidationError where the data is no policy, TooLargeError where it does not fit, and
        ConflictError where another version counts by now; nothing is written then.
        """
        parts = packed(policy_data(policy_from_data(data)))
        if len(parts) > 1:
            msg = "The policy is too large to be kept in one item; write its rules with fewer words or globs."
            raise TooLargeError(msg)
        expected = read_state(self._table).policy_version if expected_version is None else expected_version
        version = expected + 1
        item = {**keys.policy_version(version)._asdict(), "version": version, "body": parts[0]}
        item |= {"who": who, "note": note, "at": format_time(now)}
        unchanged = "policy_version = :expected" if expected else "attribute_not_exists(policy_version)"
        values: dict[str, Any] = {":version": version} | ({":expected": expected} if expected else {})
        try:
            self._table.transact(
                self._table.putting(item, "attribute_not_exists(pk)"),
                self._table.updating(keys.STATE, "SET policy_version = :version", values, unchanged),
            )
        except ConflictError:
            msg = f"Version {expected} of the policy is not the one that counts any more; read it again."
            raise ConflictError(msg) from None
        return version

    def all(self) -> list[dict[str, Any]]:
        """Every version, the oldest first: ``version``, ``at``, ``who``, ``note``, ``policy``."""
        return [_told(item) for item in self._table.query(keys.POLICY)]

    def one(self, version: int) -> dict[str, Any] | None:
        """A version as ``all`` has it; None where there is none."""
        item = self._table.get(keys.policy_version(version))
        return None if item is None else _told(item)

    def _read(self, version: int) -> Policy:
        item = self._table.get(keys.policy_version(version))
        if item is None:
            raise StoreUnavailableError("get_item", "NotFound", f"version {version} of the policy is missing")
        return policy_from_data(unpacked([item["body"]]))


def _told(item: Mapping[str, Any]) -> dict[str, Any]:
    told = {name: item[name] for name in ("at", "who", "note")}
    return {"version": int(item["version"]), **told, "policy": unpacked([item["body"]])}
