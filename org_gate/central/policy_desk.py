"""What the decision API does with policies, without HTTP: published, shown, tried on what was decided.

For the central account alone. Raises ``problems``, and the store's errors; nothing is written then.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, Protocol

from pydantic import ValidationError

from org_gate.central.announce import Announcer, policy_published
from org_gate.central.asking import Asker
from org_gate.central.problems import Conflicting, Invalid, NotFound
from org_gate.central.records import UnreadableRecordError, knowledge_of, now_of, request_of
from org_gate.central.rights import Rights
from org_gate.decision.engine import decide
from org_gate.model.decision import Decision
from org_gate.policy.load import policy_data, policy_from_data, problems_of
from org_gate.policy.model import Policy
from org_gate.store.errors import ConflictError, NoPolicyError
from org_gate.store.state import State

MAX_CHANGED: Final = 100
_VERSION_FIELDS: Final = ("version", "at", "who", "note")
_NAMED_PROBLEMS: Final = 3
_READ_AT_ONCE: Final = 20


class PolicyStore(Protocol):
    """What is asked of ``store.Store``. Each raises StoreError."""

    def state(self) -> State: ...
    def policy(self, state: State) -> tuple[int, Policy]: ...
    def policies(self) -> list[dict[str, Any]]: ...
    def policy_version(self, version: int) -> dict[str, Any] | None: ...
    def publish_policy(
        self, data: Mapping[str, Any], *, who: str, note: str, now: Any, expected_version: int | None
    ) -> int: ...
    def recent_decision_ids(self, limit: int, now: Any) -> Sequence[str]: ...
    def several_decisions(self, decision_ids: Sequence[str]) -> Sequence[Mapping[str, Any]]: ...


class PolicyDesk:
    """The policy of one cell. Every method raises Forbidden but for the central account."""

    def __init__(self, store: PolicyStore, rights: Rights, announcer: Announcer) -> None:
        self._store = store
        self._rights = rights
        self._announcer = announcer

    def all(self, caller: str) -> dict[str, Any]:
        """The present policy and what is known of each version."""
        self._rights.check_central(caller, "read policies")
        state = self._store.state()
        policy = policy_if_any(self._store, state)
        return {
            "policy_version": state.policy_version,
            "policy": None if policy is None else policy_data(policy),
            "policies": [{name: one[name] for name in _VERSION_FIELDS} for one in self._store.policies()],
        }

    def version(self, caller: str, version: int) -> dict[str, Any]:
        """A version whole. Raises NotFound."""
        self._rights.check_central(caller, "read policies")
        found = self._store.policy_version(version)
        if found is None:
            message = f"There is no version {version} of the policy. GET /v1/policies lists those that there are."
            raise NotFound(message)
        return found

    def publish(self, asker: Asker, policy: Mapping[str, Any], *, note: str, expected: int | None) -> dict[str, Any]:
        """Publishes a policy; ``expected`` None means over whichever version is the present one.

        Raises Invalid with all problems, Conflicting.
        """
        self._rights.check_central(asker.account, "publish policies")
        try:
            version = self._store.publish_policy(
                policy, who=asker.arn, note=note, now=asker.now, expected_version=expected
            )
        except ValidationError as error:
            raise _invalid_policy(error, "was not published") from error
        except ConflictError as error:
            raise Conflicting(
                "The policy was not published: another version is the present one by now. Read it (GET /v1/policies), "
                "bring your change into it, and publish with its version as expected_version."
            ) from error
        notice = policy_published(version, account=asker.account, who=asker.arn, note=note)
        return {"policy_version": version, "announced": self._announcer.announce(notice)}

    def compare(
        self, asker: Asker, policy: Mapping[str, Any], last: int, may_go_on: Callable[[], bool]
    ) -> dict[str, Any]:
        """How the newest ``last`` decisions would have come out under this policy, each at its own time.

        ``may_go_on`` is looked at before each; those that are left then are counted.

        Only the events that were recorded with a decision can be looked at: those that concerned it under the policy
        of its time. One that this policy alone would have brought in stays unseen. Raises Invalid with all problems.
        """
        self._rights.check_central(asker.account, "compare policies")
        try:
            proposed = policy_from_data(policy)
        except ValidationError as error:
            raise _invalid_policy(error, "was not compared") from error
        version = self._store.state().policy_version
        compared, unreadable, changed = 0, 0, []
        ids = self._store.recent_decision_ids(last, asker.now)
        for record in self._records(ids, may_go_on):
            try:
                change = _change(record, proposed, version)
            except UnreadableRecordError:
                unreadable += 1
                continue
            compared += 1
            changed += [] if change is None else [change]
        return {
            "compared": compared,
            "unreadable": unreadable,
            "not_reached": len(ids) - compared - unreadable,
            "policy_version": version,
            "changed": changed[:MAX_CHANGED],
            "changed_omitted": max(0, len(changed) - MAX_CHANGED),
        }

    def _records(self, ids: Sequence[str], may_go_on: Callable[[], bool]) -> Iterator[Mapping[str, Any]]:
        """Read a few at a time, as long as there is time for them."""
        for first in range(0, len(ids), _READ_AT_ONCE):
            if not may_go_on():
                return
            for record in self._store.several_decisions(ids[first : first + _READ_AT_ONCE]):
                if not may_go_on():
                    return
                yield record


def policy_if_any(store: Any, state: State) -> Policy | None:
    """None where none was published."""
    try:
        policy: Policy = store.policy(state)[1]
    except NoPolicyError:
        return None
    return policy


def _change(record: Mapping[str, Any], proposed: Policy, version: int) -> dict[str, Any] | None:
    """What would be other; None where nothing would. Raises UnreadableRecordError."""
    request, now = request_of(record), now_of(record)
    after = decide(request, knowledge_of(record), proposed, policy_version=version, now=now)
    before = {name: record["decision"].get(name) for name in ("verdict", "would_be")}
    outcome = {"verdict": after.verdict.value, "would_be": after.would_be.value}
    if outcome == before:
        return None
    pipeline = request.pipeline
    return {
        "decision_id": record["decision_id"],
        "at": record["at"],
        "account": request.caller,
        "pipeline": None if pipeline is None else {"name": pipeline.name, "region": pipeline.region},
        "before": before,
        "after": outcome,
        "because": _because(record["decision"], after),
    }


def _because(before: Mapping[str, Any], after: Decision) -> str:
    """A sentence or two. Where enforcing would say the same as ever, it is the mode that is another one."""
    mode = before.get("mode")
    if mode != after.mode.value and before.get("would_be") == after.would_be.value:
        return f"The mode was {mode}, it would be {after.mode.value}."
    return f"{after.summary} It was: {before.get('summary')}"


def _invalid_policy(error: ValidationError, outcome: str) -> Invalid:
    found = problems_of(error)
    told = "; ".join(map(_told, found[:_NAMED_PROBLEMS]))
    more = len(found) - _NAMED_PROBLEMS
    return Invalid(
        f"The policy is not valid and {outcome}. {told}{f'; and {more} more' if more > 0 else ''}",
        errors=[{"pointer": "#/policy", "detail": _told(one)} | one for one in found],
    )


def _told(problem: Mapping[str, str]) -> str:
    meant = f" (did you mean {problem['suggestion']}?)" if "suggestion" in problem else ""
    return f"{problem['field']}: found {problem['found']}; expected {problem['expected']}{meant}"
