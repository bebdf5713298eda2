"""What the decision API does with decisions that were taken, without HTTP: shown, listed, explained.

An account sees its own, the central account all. Raises ``problems``, and the store's errors.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from org_gate.central.asking import Asker
from org_gate.central.listings import MOST_BYTES, size_of
from org_gate.central.problems import Forbidden, Invalid, NotFound
from org_gate.central.records import UnreadableRecordError, knowledge_of, now_of, policy_version_of, request_of
from org_gate.central.rights import Rights
from org_gate.decision.explain import explanation_json
from org_gate.policy.load import policy_from_data

_DECISION_ID: Final = re.compile("d-[0-9a-f]{32}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which decisions are listed: each field narrows, None does not. ``after`` is the last page's token."""

    account: str | None = None
    pipeline: str | None = None
    region: str | None = None
    """The pipeline's."""
    since: datetime | None = None
    until: datetime | None = None
    """Not included."""
    after: str | None = None
    limit: int


class HistoryStore(Protocol):
    """What is asked of ``store.Store``. Each raises StoreError."""

    def decision(self, decision_id: str) -> dict[str, Any] | None: ...
    def decisions(  # noqa: PLR0917  as the store has it
        self,
        account: str | None,
        pipeline: tuple[str | None, str] | None,
        since: datetime | None,
        until: datetime | None,
        after: str | None,
        limit: int,
    ) -> tuple[list[dict[str, Any]], str | None]: ...
    def policy_version(self, version: int) -> dict[str, Any] | None: ...


class History:
    """The decisions of one cell."""

    def __init__(self, store: HistoryStore, rights: Rights) -> None:
        self._store = store
        self._rights = rights

    def decision(self, decision_id: str, caller: str) -> dict[str, Any]:
        """A decision taken earlier (A2). Raises NotFound, for another account's as well."""
        answer: dict[str, Any] = self._record(decision_id, caller)["decision"]
        return answer

    def listed(self, asker: Asker, wanted: Wanted) -> dict[str, Any]:
        """A page, the newest first. Raises Forbidden for another account's, Invalid."""
        if wanted.region is not None and wanted.pipeline is None:
            raise _wrong("region", "is the pipeline's: name the pipeline too, or leave it out")
        if wanted.since and wanted.until and wanted.since >= wanted.until:
            raise _wrong("from", "has to be before to")
        pipeline = None if wanted.pipeline is None else (wanted.region, wanted.pipeline)
        account = self._whose(asker.account, wanted.account)
        limit = wanted.limit
        found, following = self._page(account, pipeline, wanted, limit)
        while len(found) > 1 and size_of(found) > MOST_BYTES:
            limit = len(found) // 2  # a shorter page, so that it can be answered; the next one goes on
            found, following = self._page(account, pipeline, wanted, limit)
        return {"decisions": found, "next": following}

    def _page(
        self, account: str | None, pipeline: tuple[str | None, str] | None, wanted: Wanted, limit: int
    ) -> tuple[list[dict[str, Any]], str | None]:
        try:
            return self._store.decisions(account, pipeline, wanted.since, wanted.until, wanted.after, limit)
        except ValueError as error:
            raise _wrong("next", str(error)) from error

    def explanation(self, decision_id: str, caller: str) -> dict[str, Any]:
        """A decision taken earlier and its whole why. Raises NotFound."""
        record = self._record(decision_id, caller)
        try:
            request, knowledge, now = request_of(record), knowledge_of(record), now_of(record)
            version = policy_version_of(record)
            policy = policy_from_data((self._store.policy_version(version) or {})["policy"])
        except (KeyError, ValueError, UnreadableRecordError) as error:
            raise NotFound(
                "This decision cannot be explained: another version of org-gate kept it, or its policy, in a form that "
                f"this one does not read. GET /v1/decisions/{decision_id} shows it with its reasons."
            ) from error
        explanation = explanation_json(request, knowledge, policy, policy_version=version, now=now)
        return {"decision": record["decision"], "explanation": explanation}

    def _record(self, decision_id: str, caller: str) -> Mapping[str, Any]:
        record = self._store.decision(decision_id) if _DECISION_ID.fullmatch(decision_id) else None
        if record is None or not (caller == record["caller"] or self._rights.is_central(caller)):
            raise NotFound(
                "There is no decision of yours with this id. Take the id from the gate's message or from the answer "
                "that you got, and ask with credentials of the account that got it."
            )
        return record

    def _whose(self, caller: str, account: str | None) -> str | None:
        """None: everybody's."""
        if self._rights.is_central(caller):
            return account
        if account not in {None, caller}:
            raise Forbidden(
                f"Account {caller} may list its own decisions only. Leave account out, ask with credentials of "
                f"{account}, or with the central account's."
            )
        return caller


def _wrong(parameter: str, detail: str) -> Invalid:
    return Invalid(
        f"The request is not valid: {parameter}: {detail}.", errors=[{"parameter": parameter, "detail": detail}]
    )
