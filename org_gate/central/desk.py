"""What the decision API does, without HTTP: ask the store, let ``decision`` decide, keep the record.

Policies, overrides, drills and what was decided earlier have desks of their own, which are reached through this one.
The caller is verified and the time is given before anything comes here. Raises ``problems``, and the store's errors.
"""

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Protocol

from org_gate import __version__
from org_gate.central.announce import Announcer
from org_gate.central.history import History, HistoryStore
from org_gate.central.overrides_desk import OverridesDesk, OverrideStore
from org_gate.central.policy_desk import PolicyDesk, PolicyStore, policy_if_any
from org_gate.central.records import decision_record
from org_gate.central.rights import Rights
from org_gate.central.synthetic_desk import SyntheticDesk, SyntheticStore
from org_gate.decision.concern import account_ground, concerning_events, is_over, places
from org_gate.decision.engine import decide, knowledge_mark
from org_gate.decision.mode import mode_of, strictest
from org_gate.model.decision import Mode, decision_json, event_json
from org_gate.model.event import GLOBAL, Event, EventKey, Knowledge
from org_gate.model.record import event_of
from org_gate.model.request import Pipeline, Request, Target
from org_gate.model.sky import NOWHERE, Places
from org_gate.model.synthetic import events_of
from org_gate.model.times import age_seconds, format_time, text_if_any
from org_gate.model.waiting import Deployment, deployment_of
from org_gate.policy.model import Defaults, Policy
from org_gate.policy.services import ServiceNames
from org_gate.policy.switch import general_mode
from org_gate.policy.uses import uses_entities
from org_gate.store.errors import StoreError
from org_gate.store.events import Held
from org_gate.store.state import State
from org_gate.store.waiting import Before

MAX_EVENTS: Final = 5000
"""An answer has to fit a Function URL's 6 MB."""
_NO_REGION: Final = ""  # one that no filter names


class OpenEvents(Protocol):
    """What the API asks of ``store.events.Events``."""

    def open(self) -> Mapping[EventKey, Held]: ...


class WaitingDeployments(Protocol):
    """What the API asks of ``store.waiting``."""

    def count(self) -> int: ...


class DecisionStore(OverrideStore, SyntheticStore, PolicyStore, HistoryStore, Protocol):
    """What the API asks of ``store.Store``. Each raises StoreError."""

    @property
    def events(self) -> OpenEvents: ...
    @property
    def waiting(self) -> WaitingDeployments: ...
    def state(self) -> State: ...
    def knowledge(
        self, accounts: Iterable[str], state: State, *, places: Places | None = None, with_entities: bool = False
    ) -> Knowledge: ...
    def policy(self, state: State) -> tuple[int, Policy]: ...
    def state_and_waiting(self, deployment: Deployment) -> tuple[State, Before]: ...
    def put_decision(self, record: Mapping[str, Any], before: Before | None = None) -> None: ...


class Desk:
    """The decision API of one cell."""

    def __init__(self, store: DecisionStore, central_account: str, announcer: Announcer) -> None:
        self._store = store
        self._rights = Rights(central_account)
        self.history = History(store, self._rights)
        self.overrides = OverridesDesk(store, self._rights, announcer)
        self.policies = PolicyDesk(store, self._rights, announcer)
        self.synthetic = SyntheticDesk(store, self._rights, announcer)

    def decide(self, request: Request, now: datetime, gate: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The decision (A2), recorded. Raises Forbidden where a target is not the caller's to ask about."""
        state, before = self._begin(request, gate)
        version, policy = self._store.policy(state)
        knowledge = self._store.knowledge(
            request.accounts, state, places=places(request, policy), with_entities=uses_entities(policy)
        )
        self._rights.check_access(request, knowledge, policy)
        candidates = concerning_events(request, knowledge, policy, now)
        # The rest is looked through once: on the candidates alone the decision is the same.
        concerned = replace(knowledge, events=candidates)
        decision = decide(request, concerned, policy, policy_version=version, now=now)
        answer = decision_json(decision, f"d-{uuid.uuid4().hex}")
        record = decision_record(request, knowledge, candidates, answer, revision=state.revision, gate=gate)
        self._store.put_decision(record, before)
        return answer

    def _begin(self, request: Request, gate: Mapping[str, Any] | None) -> tuple[State, Before | None]:
        deployment = deployment_of(request, by_gate=bool(gate))
        return (self._store.state(), None) if deployment is None else self._store.state_and_waiting(deployment)

    def events(self, caller: str, account: str | None, region: str | None, now: datetime) -> dict[str, Any]:
        """The events that are not over: public ones and those of ``account``.

        None means the caller's account, or all where the central account asks. Raises Forbidden as ``decide`` does.
        """
        state = self._store.state()
        whose = None if account is None and self._rights.is_central(caller) else account or caller
        if whose is None:
            found = [event_of(held.record) for held in self._store.events.open().values()]
            for synthetic in self._store.synthetic.in_force(now):
                found += events_of(synthetic, frozenset())
        else:
            found = self._events_of(whose, caller, region, state)
        shown = [event for event in found if not is_over(event, now) and region in {None, event.region}]
        shown.sort(key=lambda event: event.key)
        return {
            "account": whose,
            "region": region,
            "as_of": text_if_any(state.as_of),
            "events": [event_json(event) for event in shown[:MAX_EVENTS]],
            "events_omitted": max(0, len(shown) - MAX_EVENTS),
        }

    def _events_of(self, account: str, caller: str, region: str | None, state: State) -> list[Event]:
        knowledge = self._store.knowledge([account], state)
        if not (caller == account or self._rights.is_central(caller)):
            _, policy = self._store.policy(state)
            self._rights.check_access(Request(caller, (Target(account, region or GLOBAL),)), knowledge, policy)
        return [event for event in knowledge.events if account_ground(event, account)]

    def status(self, now: datetime) -> dict[str, Any]:
        """How fresh the knowledge is and which policy holds; it answers before there is a policy, too."""
        state = self._store.state()
        policy = policy_if_any(self._store, state)
        mark = knowledge_mark(state.as_of, Defaults() if policy is None else policy.defaults, now)
        kinds = [one.kind for one in self._store.synthetic.in_force(now)]
        return {
            "version": __version__,
            "as_of": text_if_any(mark.as_of),
            "age_seconds": mark.age_seconds,
            "stale": mark.stale,
            "policy_version": state.policy_version,
            "mode": None if policy is None else general_mode(policy).value,
            "revision": state.revision,
            "tree_as_of": text_if_any(state.tree_at),
            "tree_age_seconds": age_seconds(state.tree_at, now),
            "overrides_in_force": len(self._store.overrides.in_force(now)),
            "drills_in_force": kinds.count("drill"),
            "declared_in_force": kinds.count("declared"),
            "waiting": self._store.waiting.count(),
            "evaluated_at": format_time(now),
        }

    def mode(self, caller: str, pipeline: Pipeline | None) -> Mode | None:
        """The mode of the caller's account in the pipeline's Region (A4); None where the store cannot say.

        Where the request does not say which Region that is, the strictest of all.
        """
        try:
            state = self._store.state()
            _, policy = self._store.policy(state)
            accounts = self._store.knowledge([caller], state, places=NOWHERE).accounts
        except StoreError:
            return None
        names = ServiceNames(policy.service_aliases)
        named = (region for entry in policy.modes for region in entry.targets.regions)
        regions = (_NO_REGION, *named) if pipeline is None or pipeline.region is None else (pipeline.region,)
        targets = (Target(caller, region) for region in regions)
        return strictest(mode_of(target, pipeline, accounts, policy, names) for target in targets)
