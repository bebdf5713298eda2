"""The decision API as methods: what can be asked and changed, by name.

Those that ask take the first URL that answers; those that change go to every URL and say which took it (C2). What
lies in one cell alone (a decision) is looked for in all of them. Nothing here decides, retries or waits.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote, urlencode

from org_gate.client import shapes
from org_gate.client.cells import Cells, Credentials, Question, Taken, region_of
from org_gate.client.transport import HttpTransport, Transport

__all__ = ["Credentials", "DecisionApi", "Taken", "region_of"]

TIMEOUT_SECONDS: Final = 15.0
MOST_LISTED: Final = 1000
"""Of what people put in by hand: as many as the API lists at once."""
MOST_ON_A_PAGE: Final = 500
"""Of decisions."""


class DecisionApi:
    """The decision API at one or several URLs, in order. Every call raises NoCredentials where it cannot sign.

    ``region`` signs for URLs that do not name their own. Raises ValueError where a URL is none, or its Region is
    not known. ``timeout`` is in seconds, for each URL. What asks raises Refused and NoAnswer; what changes returns
    both, URL by URL. Durations are as P5 spells them, bodies and answers as the API's OpenAPI document has them.
    """

    def __init__(
        self,
        urls: Sequence[str],
        credentials: Credentials,
        region: str | None = None,
        timeout: float = TIMEOUT_SECONDS,
        *,
        transport: Transport | None = None,
    ) -> None:
        self._cells = Cells(urls, region, credentials, transport or HttpTransport(timeout))

    def decide(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The decision (A2) on a request body."""
        return self._cells.ask(Question("POST", "/v1/decisions", shapes.is_decision, body))

    def decision(self, decision_id: str) -> dict[str, Any]:
        """A decision taken earlier, from the cell that took it. Refused with 404: unknown, or another account's."""
        return self._cells.find(Question("GET", f"/v1/decisions/{_part(decision_id)}", shapes.is_decision))

    def explanation(self, decision_id: str) -> dict[str, Any]:
        """``{"decision", "explanation"}`` of a decision taken earlier, from the cell that took it."""
        path = f"/v1/decisions/{_part(decision_id)}/explanation"
        return self._cells.find(Question("GET", path, shapes.is_explanation))

    def decisions(self, *, since: str, after: str | None = None) -> dict[str, Any]:
        """A page of what was decided from ``since`` on, the newest first, and ``next``: the ``after`` of the next page.

        ``after`` means something to the cell alone that gave it: page through one URL.
        """
        query = _query({"from": since, "limit": MOST_ON_A_PAGE, "next": after})
        return self._cells.ask(Question("GET", f"/v1/decisions{query}", shapes.is_decisions))

    def events(self, account: str | None = None, region: str | None = None) -> dict[str, Any]:
        """``{"account", "region", "as_of", "events": [...]}``."""
        query = _query({"account": account, "region": region})
        return self._cells.ask(Question("GET", f"/v1/events{query}", shapes.has("events")))

    def status(self) -> dict[str, Any]:
        """How fresh the knowledge is, and which policy holds."""
        return self._cells.ask(Question("GET", "/v1/status", shapes.is_status))

    def policies(self) -> dict[str, Any]:
        """The published versions; for the central account alone."""
        return self._cells.ask(Question("GET", "/v1/policies", shapes.is_policies))

    def policy(self, version: int) -> dict[str, Any]:
        """A version whole: ``version``, ``at``, ``who``, ``note``, ``policy``. Refused with 404: there is none."""
        return self._cells.ask(Question("GET", f"/v1/policies/{version}", shapes.is_policy))

    def compare_policy(self, policy: Mapping[str, Any], last: int) -> dict[str, Any]:
        """Which of the ``last`` recorded decisions a policy would have decided otherwise; for central alone."""
        body = {"policy": policy, "last": last}
        return self._cells.ask(Question("POST", "/v1/policies/comparison", shapes.is_comparison, body))

    def publish_policy(
        self, policy: Mapping[str, Any], *, note: str = "", expected_version: int | None = None
    ) -> tuple[Taken, ...]:
        """Publishes to every URL; for the central account alone. The answer of each has ``policy_version``."""
        body: dict[str, Any] = {"policy": policy, "note": note}
        if expected_version is not None:
            body["expected_version"] = expected_version
        return self._cells.change(Question("POST", "/v1/policies", shapes.has("policy_version"), body))

    def overrides(self, *, every: bool = False) -> dict[str, Any]:
        """``{"overrides": [...], "evaluated_at"}``: those in force or, with ``every``, those that are over as well."""
        return self._cells.ask(Question("GET", f"/v1/overrides{_listed(every)}", shapes.are_overrides))

    def create_override(self, body: Mapping[str, Any]) -> tuple[Taken, ...]:
        """The body names its ``id``, so that every cell keeps the same. Refused with 409: it is there already."""
        return self._cells.change(Question("POST", "/v1/overrides", shapes.is_override, body))

    def revoke_override(self, override_id: str) -> tuple[Taken, ...]:
        """Refused with 404: that cell has none of this id."""
        return self._cells.change(Question("DELETE", f"/v1/overrides/{_part(override_id)}", shapes.is_override))

    def drills(self, *, every: bool = False) -> dict[str, Any]:
        """``{"drills": [...], "evaluated_at"}``: those that run or, with ``every``, those that are over as well."""
        return self._cells.ask(Question("GET", f"/v1/drills{_listed(every)}", shapes.are_by_hand("drills")))

    def start_drill(self, body: Mapping[str, Any]) -> tuple[Taken, ...]:
        """As ``create_override``."""
        return self._cells.change(Question("POST", "/v1/drills", shapes.is_by_hand, body))

    def stop_drill(self, drill_id: str) -> tuple[Taken, ...]:
        """As ``revoke_override``."""
        return self._cells.change(Question("DELETE", f"/v1/drills/{_part(drill_id)}", shapes.is_by_hand))

    def declared_events(self, *, every: bool = False) -> dict[str, Any]:
        """``{"declared_events": [...], "evaluated_at"}``: as ``drills``."""
        shape = shapes.are_by_hand("declared_events")
        return self._cells.ask(Question("GET", f"/v1/declared-events{_listed(every)}", shape))

    def declare_event(self, body: Mapping[str, Any]) -> tuple[Taken, ...]:
        """As ``create_override``."""
        return self._cells.change(Question("POST", "/v1/declared-events", shapes.is_by_hand, body))

    def close_event(self, event_id: str) -> tuple[Taken, ...]:
        """As ``revoke_override``."""
        return self._cells.change(Question("DELETE", f"/v1/declared-events/{_part(event_id)}", shapes.is_by_hand))


def _part(text: str) -> str:
    """As one part of a path, whatever is in it."""
    return quote(text, safe="")


def _listed(every: bool) -> str:  # noqa: FBT001  the one thing it says
    return _query({"all": "true" if every else None, "limit": MOST_LISTED})


def _query(parameters: Mapping[str, str | int | None]) -> str:
    given = {name: value for name, value in parameters.items() if value is not None}
    return f"?{urlencode(given, quote_via=quote)}" if given else ""
