"""The table as its users see it: the decision API asks through these methods, the collector writes by subject.

One `Store` lives as long as its process: it keeps the public events, what people put in by hand and the policy, as
they were when the state last said that they had changed.
"""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from org_gate.model.event import Knowledge
from org_gate.model.sky import Places
from org_gate.model.waiting import Deployment
from org_gate.policy.model import Policy
from org_gate.store import keys
from org_gate.store.accounts import Accounts
from org_gate.store.decision_list import DecisionList, PipelineName, Run
from org_gate.store.decisions import Decisions
from org_gate.store.digest import DigestState
from org_gate.store.events import Events
from org_gate.store.knowledge import Knower
from org_gate.store.overrides import Overrides
from org_gate.store.past import Past
from org_gate.store.policies import Policies
from org_gate.store.state import State, States, state_of
from org_gate.store.synthetic import SyntheticEvents
from org_gate.store.table import ItemKey, Table
from org_gate.store.unreadable import keep_unreadable
from org_gate.store.waiting import Before, WaitingDeployments
from org_gate.store.walks import Walks


class Store:
    """Over a boto3 ``dynamodb`` client. Every method raises StoreError; each says what else."""

    def __init__(self, client: Any, table_name: str, pause: Callable[[float], None] = time.sleep) -> None:
        """``pause`` waits so many seconds before a call is tried again."""
        self._table = Table(client, table_name, pause)
        self.states = States(self._table)
        self.events = Events(self._table)
        self.accounts = Accounts(self._table)
        self.walks = Walks(self._table)
        self.overrides = Overrides(self._table)
        self.synthetic = SyntheticEvents(self._table)
        self.waiting = WaitingDeployments(self._table)
        self.digest = DigestState(self._table)
        self._decisions = Decisions(self._table, self.waiting)
        self._decision_list = DecisionList(self._table)
        self.past = Past(self._table, self._decisions)
        self._policies = Policies(self._table)
        self._knower = Knower(self._table, self.events)

    def state(self) -> State:
        """Read for every request: what else is kept in the process is judged by it."""
        return self.states.read()

    def state_and_waiting(self, deployment: Deployment) -> tuple[State, Before]:
        """The state, and what is kept of a deployment's waiting, for ``put_decision``: in one read."""
        key = keys.waiting(deployment)
        found = {ItemKey(item["pk"], item["sk"]): item for item in self._table.batch_get([keys.STATE, key])}
        return state_of(found.get(keys.STATE) or {}), Before(found.get(key))

    def knowledge(
        self, accounts: Iterable[str], state: State, *, places: Places | None = None, with_entities: bool = False
    ) -> Knowledge:
        """What a decision about these accounts needs to know; at most three reads for one account.

        Public events elsewhere than in ``places`` (None: anywhere) are left out: they cost nothing, however many.
        One more where overrides, drills or declared events have changed. Those that are over may be among them.
        ``with_entities`` has events say which entities of the accounts they affect, a read for each that lists any.
        """
        return self._knower.knowledge(accounts, state, places=places, with_entities=with_entities)

    def policy(self, state: State) -> tuple[int, Policy]:
        """Raises NoPolicyError where none was published."""
        return self._policies.current(state)

    def publish_policy(
        self, data: Mapping[str, Any], *, who: str, note: str, now: datetime, expected_version: int | None
    ) -> int:
        """The new version; ``expected_version`` is the one that counts now, None where that does not matter.

        Raises ConflictError, TooLargeError, pydantic's ValidationError; nothing is written then.
        """
        return self._policies.publish(data, who=who, note=note, now=now, expected_version=expected_version)

    def policies(self) -> list[dict[str, Any]]:
        """Every version, the oldest first: ``version``, ``at``, ``who``, ``note``, ``policy``."""
        return self._policies.all()

    def policy_version(self, version: int) -> dict[str, Any] | None:
        """One of ``policies``; None where there is none."""
        return self._policies.one(version)

    def put_decision(self, record: Mapping[str, Any], before: Before | None = None) -> None:
        """Appends a decision; its deployment waits from then on, or no longer (W1).

        ``before`` is what ``state_and_waiting`` said, where it was asked.
        Raises ConflictError where there is one with its id.
        """
        self._decisions.put(record, before)

    def decision(self, decision_id: str) -> dict[str, Any] | None:
        """The record as it was put; None where there is none."""
        return self._decisions.get(decision_id)

    def decisions(  # noqa: PLR0917  a query's filters and its page
        self,
        account: str | None,
        pipeline: PipelineName | None,
        since: datetime | None,
        until: datetime | None,
        after: str | None,
        limit: int,
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page of the decisions that ``account`` (None: anybody) asked for in ``[since, until)``, the newest first.

        ``after`` and the token that is given are None for the first page and after the last one. A page may be short,
        even empty, and not the last one. Raises ValueError where ``after`` is not such a token.
        """
        return self._decision_list.page(
            account=account, pipeline=pipeline, since=since, until=until, after=after, limit=limit
        )

    def runs(self, since: datetime, until: datetime, most: int) -> tuple[list[Run], int]:
        """The newest so many decisions of ``[since, until)``, those about pipelines; and how many were left out."""
        return self._decision_list.between(since, until, most)

    def recent_decision_ids(self, limit: int, now: datetime) -> list[str]:
        """The ids of the newest so many of the last 30 days, the newest first."""
        return self._decision_list.recent(limit, now)

    def several_decisions(self, decision_ids: Sequence[str]) -> list[dict[str, Any]]:
        """The records of those that are there, in this order."""
        return self._decisions.several(decision_ids)

    def keep_unreadable(self, raw: Any, *, reason: str, now: datetime) -> None:
        keep_unreadable(self._table, raw, reason=reason, now=now)
