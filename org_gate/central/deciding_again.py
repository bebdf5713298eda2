"""Decides about deployments that wait, as they asked when their gate failed them, by what is known now (W1)."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from itertools import groupby

from org_gate.decision.access import refused_targets
from org_gate.decision.engine import decide
from org_gate.decision.resumption import Seen, without_gate
from org_gate.model.decision import Verdict
from org_gate.model.event import Knowledge
from org_gate.model.waiting import Waiting
from org_gate.policy.uses import uses_entities
from org_gate.store import Store
from org_gate.store.state import State


class DecidingAgain:
    """At one time. ``policy`` is the one that holds then. Raises StoreError."""

    def __init__(self, store: Store, state: State, now: datetime, central_account: str) -> None:
        self._store = store
        self._state = state
        self._now = now
        self._central_account = central_account
        self._version, policy = store.policy(state)
        self.policy = without_gate(policy)

    def seen(self, waiting: Iterable[Waiting], may_go_on: Callable[[], bool]) -> Iterator[Seen]:
        """What is known of the same accounts is read once. No more of them once ``may_go_on`` says no."""
        for accounts, those in groupby(sorted(waiting, key=_accounts), _accounts):
            if not may_go_on():
                return
            yield from self._of(accounts, those)

    def holds_back(self, waiting: Waiting) -> bool:
        (seen,) = self._of(_accounts(waiting), [waiting])
        return seen.blocked

    def _of(self, accounts: list[str], waiting: Iterable[Waiting]) -> Iterator[Seen]:
        known = self._store.knowledge(accounts, self._state, with_entities=uses_entities(self.policy))
        for one in waiting:
            yield Seen(one, self._is_refused(one, known) or self._is_blocked(one, known))

    def _is_refused(self, waiting: Waiting, known: Knowledge) -> bool:
        """Its gate would be told that it may not ask, and fail it once more."""
        return bool(refused_targets(waiting.request, known, self.policy, central_account=self._central_account))

    def _is_blocked(self, waiting: Waiting, known: Knowledge) -> bool:
        decision = decide(waiting.request, known, self.policy, policy_version=self._version, now=self._now)
        return decision.verdict is Verdict.BLOCK


def _accounts(waiting: Waiting) -> list[str]:
    request = waiting.request
    return sorted({request.caller, *(target.account for target in request.targets)})
