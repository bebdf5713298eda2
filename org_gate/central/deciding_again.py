"""Decides again what was asked before, by what is known now (W1): deployments that wait, or are under way.

What is known of the same accounts is read once for all questions about them, and only where they look.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import reduce
from itertools import groupby
from operator import or_
from typing import TypeVar

from org_gate.decision.access import refused_targets
from org_gate.decision.concern import places
from org_gate.decision.engine import decide
from org_gate.decision.resumption import Seen, without_gate
from org_gate.model.decision import Decision, Verdict
from org_gate.model.event import Knowledge
from org_gate.model.request import Request
from org_gate.model.sky import NOWHERE
from org_gate.model.waiting import Waiting
from org_gate.policy.model import Policy
from org_gate.policy.uses import uses_entities
from org_gate.store import Store
from org_gate.store.state import State

_Subject = TypeVar("_Subject")


class Again:
    """At one time, by one policy. Raises StoreError."""

    def __init__(self, store: Store, state: State, version: int, policy: Policy, now: datetime) -> None:
        self._store = store
        self._state = state
        self._version = version
        self._now = now
        self.policy = policy

    def known(
        self, asked: Iterable[tuple[Request, _Subject]], may_go_on: Callable[[], bool] = lambda: True
    ) -> Iterator[tuple[Request, _Subject, Knowledge]]:
        """Each with what is known for it. No accounts are read any more once ``may_go_on`` says no."""
        in_order = sorted(asked, key=lambda one: one[0].accounts)
        for accounts, those in groupby(in_order, lambda one: one[0].accounts):
            if not may_go_on():
                return
            questions = list(those)
            where = reduce(or_, (places(request, self.policy) for request, _ in questions), NOWHERE)
            entities = uses_entities(self.policy)
            known = self._store.knowledge(accounts, self._state, places=where, with_entities=entities)
            yield from ((request, subject, known) for request, subject in questions)

    def decide(self, request: Request, known: Knowledge) -> Decision:
        return decide(request, known, self.policy, policy_version=self._version, now=self._now)


class DecidingAgain:
    """About deployments that wait, as they asked when their gate failed them. Raises StoreError."""

    def __init__(self, store: Store, state: State, now: datetime, central_account: str) -> None:
        version, policy = store.policy(state)
        self._again = Again(store, state, version, without_gate(policy), now)
        self._central_account = central_account
        self.policy = self._again.policy

    def seen(self, waiting: Iterable[Waiting], may_go_on: Callable[[], bool] = lambda: True) -> Iterator[Seen]:
        """No more of them once ``may_go_on`` says no."""
        for request, one, known in self._again.known(((one.request, one) for one in waiting), may_go_on):
            yield Seen(one, self._is_refused(request, known) or self._is_blocked(request, known))

    def holds_back(self, waiting: Waiting) -> bool:
        (seen,) = self.seen([waiting])
        return seen.blocked

    def _is_refused(self, request: Request, known: Knowledge) -> bool:
        """Its gate would be told that it may not ask, and fail it once more."""
        return bool(refused_targets(request, known, self.policy, central_account=self._central_account))

    def _is_blocked(self, request: Request, known: Knowledge) -> bool:
        return self._again.decide(request, known).verdict is Verdict.BLOCK
