"""What the decision API does with overrides (D10), without HTTP: made, shown, revoked.

Whether one may be made is ``decision.grants``' to say. Raises ``problems``, and the store's errors; nothing is
written then.
"""

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from org_gate.central.announce import Announcer, override_created, override_revoked
from org_gate.central.asking import Asker
from org_gate.central.listings import MOST_LISTED, listed, shortened
from org_gate.central.problems import Conflicting, Forbidden, Invalid, NotFound
from org_gate.central.rights import Rights
from org_gate.decision.grants import override_refusal
from org_gate.model.event import Knowledge
from org_gate.model.override import Override, override_json
from org_gate.model.sky import NOWHERE, Places
from org_gate.model.times import format_time
from org_gate.policy.model import Policy
from org_gate.store.errors import ConflictError
from org_gate.store.state import State

MAX_IN_FORCE: Final = 100
"""Of those that one account made: every decision looks at each."""
_ID: Final = re.compile("o-[0-9a-f]{32}")


class Overrides(Protocol):
    """What the API asks of ``store.overrides``. Each raises StoreError."""

    def create(self, override: Override) -> None: ...
    def revoke(self, override_id: str, who: str, now: datetime) -> Override | None: ...
    def in_force(self, now: datetime) -> Sequence[Override]: ...
    def all(self, limit: int) -> Sequence[Override]: ...
    def one(self, override_id: str) -> Override | None: ...


class OverrideStore(Protocol):
    """What is asked of ``store.Store``. Each raises StoreError."""

    @property
    def overrides(self) -> Overrides: ...
    def state(self) -> State: ...
    def policy(self, state: State) -> tuple[int, Policy]: ...
    def knowledge(self, accounts: Iterable[str], state: State, *, places: Places | None = None) -> Knowledge: ...


class OverridesDesk:
    """The overrides of one cell."""

    def __init__(self, store: OverrideStore, rights: Rights, announcer: Announcer) -> None:
        self._store = store
        self._rights = rights
        self._announcer = announcer

    def create(self, override: Override) -> dict[str, Any]:
        """The override, recorded and announced. Raises Invalid, Forbidden, Conflicting where its id is there."""
        self._check(override)
        self._check_number(override)
        try:
            self._store.overrides.create(override)
        except ConflictError as error:
            if self._store.overrides.one(override.id) is None:
                raise  # others changed theirs in the same moment: nothing is wrong with this one
            raise Conflicting(
                f"There is an override {override.id} already, so nothing was written. If you sent this one before, "
                "it was taken: GET /v1/overrides?all=true shows it. Else leave id out."
            ) from error
        announced = self._announcer.announce(override_created(override))
        return self._shown(override, override.account) | {"announced": announced}

    def listed(self, asker: Asker, *, everything: bool, limit: int) -> dict[str, Any]:
        """The newest first: those in force, or all of the last 1,000. An account sees what it made or may name it.

        Of the accounts that are named it sees its own alone, where it did not make the override.
        """
        overrides = self._store.overrides
        found = overrides.all(MOST_LISTED) if everything else overrides.in_force(asker.now)
        visible = [one for one in found if self._may_see(asker.account, one)]
        visible.sort(key=lambda one: (one.created_at, one.id), reverse=True)
        shown = (self._shown(one, asker.account) for one in visible)
        return listed("overrides", shown, limit) | {"evaluated_at": format_time(asker.now)}

    def revoke(self, override_id: str, asker: Asker) -> dict[str, Any]:
        """The override as it is then; one that was over already stays as it is. Raises NotFound."""
        found = self._store.overrides.one(override_id) if _ID.fullmatch(override_id) else None
        if found is None or not (found.account == asker.account or self._rights.is_central(asker.account)):
            raise _not_there()
        if not found.in_force(asker.now):
            return self._shown(found, asker.account) | {"announced": False}
        revoked = self._store.overrides.revoke(override_id, asker.arn, asker.now)
        if revoked is None:
            raise _not_there()
        announced = self._announcer.announce(override_revoked(revoked, asker.account))
        return self._shown(revoked, asker.account) | {"announced": announced}

    def _check(self, override: Override) -> None:
        state = self._store.state()
        _, policy = self._store.policy(state)
        account = self._store.knowledge([override.account], state, places=NOWHERE).accounts.get(override.account)
        refusal = override_refusal(override, account, policy, central_account=self._rights.central_account)
        if refusal is not None:
            raise (Invalid if refusal.kind == "invalid" else Forbidden)(refusal.detail)

    def _check_number(self, override: Override) -> None:
        """One that is there already is told as that, whatever their number."""
        in_force = self._store.overrides.in_force(override.created_at)
        made = sum(one.account == override.account for one in in_force)
        if made >= MAX_IN_FORCE and self._store.overrides.one(override.id) is None:
            raise Invalid(
                f"Account {override.account} has {made} overrides in force, and {MAX_IN_FORCE} is the most, so nothing "
                "was written. Revoke what is not needed (GET /v1/overrides lists them), or wait until one is over."
            )

    def _shown(self, override: Override, caller: str) -> dict[str, Any]:
        everything = caller == override.account or self._rights.is_central(caller)
        accounts = [account for account in override.accounts if everything or account == caller]
        return shortened(override_json(override), accounts)

    def _may_see(self, caller: str, override: Override) -> bool:
        mine = override.account == caller or caller in override.accounts or not override.accounts
        return mine or self._rights.is_central(caller)


def _not_there() -> NotFound:
    return NotFound(
        "There is no override of yours with this id. GET /v1/overrides lists them; the account that made one may "
        "revoke it, and the central account."
    )
