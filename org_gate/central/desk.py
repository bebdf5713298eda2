"""What the decision API does, without HTTP: ask the store, let ``decision`` decide, keep the record.

The caller is verified and the time is given before anything comes here. Raises ``problems``, and the store's errors.
"""

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Protocol

from pydantic import ValidationError

from org_gate import __version__
from org_gate.central.problems import Conflicting, Forbidden, Invalid, NotFound
from org_gate.central.records import decision_record
from org_gate.decision.access import refused_targets
from org_gate.decision.concern import account_ground, concerning_events, is_over
from org_gate.decision.engine import decide, knowledge_mark
from org_gate.decision.mode import mode_of, strictest
from org_gate.model.decision import Mode, decision_json, event_json
from org_gate.model.event import GLOBAL, Event, EventKey, Knowledge
from org_gate.model.record import event_of
from org_gate.model.request import Pipeline, Request, Target
from org_gate.model.times import format_time
from org_gate.policy.load import policy_data, problems_of
from org_gate.policy.model import Defaults, Policy
from org_gate.policy.services import ServiceNames
from org_gate.policy.uses import uses_entities
from org_gate.store.errors import ConflictError, NoPolicyError, StoreError
from org_gate.store.events import Held
from org_gate.store.state import State

MAX_EVENTS: Final = 5000
"""An answer has to fit a Function URL's 6 MB."""
_DECISION_ID: Final = re.compile("d-[0-9a-f]{32}")
_VERSION_FIELDS: Final = ("version", "at", "who", "note")
_NAMED_PROBLEMS: Final = 3
_NO_REGION: Final = ""  # one that no filter names


class OpenEvents(Protocol):
    """What the API asks of ``store.events.Events``."""

    def open(self) -> Mapping[EventKey, Held]: ...


class DecisionStore(Protocol):
    """What the API asks of ``store.Store``. Each raises StoreError."""

    @property
    def events(self) -> OpenEvents: ...
    def state(self) -> State: ...
    def knowledge(self, accounts: Iterable[str], state: State, *, with_entities: bool = False) -> Knowledge: ...
    def policy(self, state: State) -> tuple[int, Policy]: ...
    def policies(self) -> list[dict[str, Any]]: ...
    def policy_version(self, version: int) -> dict[str, Any] | None: ...
    def publish_policy(
        self, data: Mapping[str, Any], *, who: str, note: str, now: datetime, expected_version: int | None
    ) -> int: ...
    def put_decision(self, record: Mapping[str, Any]) -> None: ...
    def decision(self, decision_id: str) -> dict[str, Any] | None: ...


class Desk:
    """The decision API of one cell."""

    def __init__(self, store: DecisionStore, central_account: str) -> None:
        self._store = store
        self._central_account = central_account

    def decide(self, request: Request, now: datetime, gate: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """The decision (A2), recorded. Raises Forbidden where a target is not the caller's to ask about."""
        state = self._store.state()
        version, policy = self._store.policy(state)
        accounts = {request.caller, *(target.account for target in request.targets)}
        knowledge = self._store.knowledge(sorted(accounts), state, with_entities=uses_entities(policy))
        self._check_access(request, knowledge, policy)
        candidates = concerning_events(request, knowledge, policy, now)
        # The rest is looked through once: on the candidates alone the decision is the same.
        concerned = replace(knowledge, events=candidates)
        decision = decide(request, concerned, policy, policy_version=version, now=now)
        answer = decision_json(decision, f"d-{uuid.uuid4().hex}")
        record = decision_record(request, knowledge, candidates, answer, revision=state.revision, gate=gate)
        self._store.put_decision(record)
        return answer

    def decision(self, decision_id: str, caller: str) -> dict[str, Any]:
        """A decision taken earlier (A2). Raises NotFound, for another account's as well."""
        record = self._store.decision(decision_id) if _DECISION_ID.fullmatch(decision_id) else None
        if record is None or caller not in {record["caller"], self._central_account}:
            raise NotFound(
                "There is no decision of yours with this id. Take the id from the gate's message or from the answer "
                "that you got, and ask with credentials of the account that got it."
            )
        answer: dict[str, Any] = record["decision"]
        return answer

    def events(self, caller: str, account: str | None, region: str | None, now: datetime) -> dict[str, Any]:
        """The events that are not over: public ones and those of ``account``.

        None means the caller's account, or all where the central account asks. Raises Forbidden as ``decide`` does.
        """
        state = self._store.state()
        whose = None if account is None and caller == self._central_account else account or caller
        if whose is None:
            found = [event_of(held.record) for held in self._store.events.open().values()]
        else:
            found = self._events_of(whose, caller, region, state)
        shown = [event for event in found if not is_over(event, now) and region in {None, event.region}]
        shown.sort(key=lambda event: event.key)
        return {
            "account": whose,
            "region": region,
            "as_of": _time(state.as_of),
            "events": [event_json(event) for event in shown[:MAX_EVENTS]],
            "events_omitted": max(0, len(shown) - MAX_EVENTS),
        }

    def _events_of(self, account: str, caller: str, region: str | None, state: State) -> list[Event]:
        knowledge = self._store.knowledge([account], state)
        if caller not in {account, self._central_account}:
            _, policy = self._store.policy(state)
            self._check_access(Request(caller, (Target(account, region or GLOBAL),)), knowledge, policy)
        return [event for event in knowledge.events if account_ground(event, account)]

    def status(self, now: datetime) -> dict[str, Any]:
        """How fresh the knowledge is and which policy holds; it answers before there is a policy, too."""
        state = self._store.state()
        policy = self._policy_if_any(state)
        mark = knowledge_mark(state.as_of, Defaults() if policy is None else policy.defaults, now)
        return {
            "version": __version__,
            "as_of": _time(mark.as_of),
            "age_seconds": mark.age_seconds,
            "stale": mark.stale,
            "policy_version": state.policy_version,
            "mode": None if policy is None else policy.mode.value,
            "revision": state.revision,
            "evaluated_at": format_time(now),
        }

    def policies(self, caller: str) -> dict[str, Any]:
        """The present policy and what is known of each version. Raises Forbidden but for the central account."""
        self._check_central(caller, "read policies")
        state = self._store.state()
        policy = self._policy_if_any(state)
        return {
            "policy_version": state.policy_version,
            "policy": None if policy is None else policy_data(policy),
            "policies": [{name: one[name] for name in _VERSION_FIELDS} for one in self._store.policies()],
        }

    def policy_version(self, caller: str, version: int) -> dict[str, Any]:
        """A version whole. Raises Forbidden but for the central account, NotFound."""
        self._check_central(caller, "read policies")
        found = self._store.policy_version(version)
        if found is None:
            message = f"There is no version {version} of the policy. GET /v1/policies lists those that there are."
            raise NotFound(message)
        return found

    def publish(
        self, caller: str, policy: Mapping[str, Any], *, who: str, note: str, now: datetime, expected: int | None
    ) -> dict[str, Any]:
        """Publishes a policy; ``expected`` None means over whichever version is the present one.

        Raises Forbidden but for the central account, Invalid with all problems, Conflicting.
        """
        self._check_central(caller, "publish policies")
        try:
            version = self._store.publish_policy(policy, who=who, note=note, now=now, expected_version=expected)
        except ValidationError as error:
            raise _invalid_policy(error) from error
        except ConflictError as error:
            raise Conflicting(
                "The policy was not published: another version is the present one by now. Read it (GET /v1/policies), "
                "bring your change into it, and publish with its version as expected_version."
            ) from error
        return {"policy_version": version}

    def mode(self, caller: str, pipeline: Pipeline | None) -> Mode | None:
        """The mode of the caller's account in the pipeline's Region (A4); None where the store cannot say.

        Where the request does not say which Region that is, the strictest of all.
        """
        try:
            state = self._store.state()
            _, policy = self._store.policy(state)
            accounts = self._store.knowledge([caller], state).accounts
        except StoreError:
            return None
        names = ServiceNames(policy.service_aliases)
        named = (region for entry in policy.modes for region in entry.targets.regions)
        regions = (_NO_REGION, *named) if pipeline is None or pipeline.region is None else (pipeline.region,)
        targets = (Target(caller, region) for region in regions)
        return strictest(mode_of(target, pipeline, accounts, policy, names) for target in targets)

    def _policy_if_any(self, state: State) -> Policy | None:
        try:
            return self._store.policy(state)[1]
        except NoPolicyError:
            return None

    def _check_access(self, request: Request, knowledge: Knowledge, policy: Policy) -> None:
        refused = refused_targets(request, knowledge, policy, central_account=self._central_account)
        if refused:
            raise Forbidden(_missing_entry(request.caller, sorted({target.account for target in refused})))

    def _check_central(self, caller: str, what: str) -> None:
        if caller != self._central_account:
            message = f"Account {caller} may not {what}: only the central account may. Use its credentials."
            raise Forbidden(message)


def _missing_entry(caller: str, accounts: Sequence[str]) -> str:
    listed = ", ".join(f'"{account}"' for account in accounts)
    entry = f'{{account: "{caller}", may_ask_for: {{accounts: [{listed}]}}}}'
    return (
        f"Account {caller} may not ask about {', '.join(accounts)}. Ask with credentials of the account that is "
        f"deployed to; or have the platform team add this entry to delegates in the policy: {entry}"
    )


def _invalid_policy(error: ValidationError) -> Invalid:
    found = problems_of(error)
    told = "; ".join(map(_told, found[:_NAMED_PROBLEMS]))
    more = len(found) - _NAMED_PROBLEMS
    return Invalid(
        f"The policy is not valid and was not published. {told}{f'; and {more} more' if more > 0 else ''}",
        errors=[{"pointer": "#/policy", "detail": _told(one)} | one for one in found],
    )


def _told(problem: Mapping[str, str]) -> str:
    meant = f" (did you mean {problem['suggestion']}?)" if "suggestion" in problem else ""
    return f"{problem['field']}: found {problem['found']}; expected {problem['expected']}{meant}"


def _time(moment: datetime | None) -> str | None:
    return None if moment is None else format_time(moment)
