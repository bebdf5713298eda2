"""Asking the decision API: sign, send, tell an answer from noise.

Those that ask take the first URL that answers; those that change go to every URL and say which took it (C2). What
is not an answer of the decision API (no JSON, another shape, a 5xx, a proxy's page) counts as no answer from that
URL, with the reason. Nothing here decides, retries or waits.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode, urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError

from org_gate.client.errors import Attempt, NoAnswer, NoCredentials, Refused
from org_gate.client.transport import HttpTransport, Reply, Transport, Unreachable

SERVICE: Final = "lambda"
TIMEOUT_SECONDS: Final = 15.0
_REGION_IN_URL: Final = re.compile(r"[./]lambda-url[./]([a-z0-9-]+)[./]")
_VERDICTS: Final = frozenset({"allow", "warn", "block"})


class Credentials(Protocol):
    """botocore's credentials, refreshable ones included."""

    def get_frozen_credentials(self) -> ReadOnlyCredentials: ...


@dataclass(frozen=True, slots=True)
class Taken:
    """What one URL made of a change: its answer, or why there is none."""

    url: str
    answer: Mapping[str, Any] | None
    error: Refused | NoAnswer | None


@dataclass(frozen=True, slots=True)
class _Cell:
    url: str
    region: str


@dataclass(frozen=True, slots=True)
class _Question:
    """``shape`` tells an answer to it from anything else that is JSON."""

    method: str
    path: str
    shape: Callable[[Mapping[str, Any]], bool]
    body: Mapping[str, Any] | None = None


class DecisionApi:
    """The decision API at one or several URLs, in order. Every call raises NoCredentials where it cannot sign.

    ``region`` signs for URLs that do not name their own. Raises ValueError where a URL is none, or its Region is
    not known. ``timeout`` is in seconds, for each URL.
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
        if not urls:
            raise ValueError("no URL of a decision API is given")
        self._cells = tuple(_Cell(url.rstrip("/"), region_of(url, region)) for url in urls)
        self._credentials = credentials
        self._transport = transport or HttpTransport(timeout)

    def decide(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """The decision (A2) on a request body. Raises Refused, NoAnswer."""
        return self._ask(_Question("POST", "/v1/decisions", _is_decision, body))

    def decision(self, decision_id: str) -> dict[str, Any]:
        """A decision taken earlier. Raises Refused (404: unknown, or another account's), NoAnswer."""
        return self._ask(_Question("GET", f"/v1/decisions/{quote(decision_id, safe='')}", _is_decision))

    def events(self, account: str | None = None, region: str | None = None) -> dict[str, Any]:
        """``{"account", "region", "as_of", "events": [...]}``. Raises Refused, NoAnswer."""
        given = {name: value for name, value in (("account", account), ("region", region)) if value is not None}
        query = f"?{urlencode(given, quote_via=quote)}" if given else ""
        return self._ask(_Question("GET", f"/v1/events{query}", _has("events")))

    def status(self) -> dict[str, Any]:
        """How fresh the knowledge is, and which policy holds. Raises Refused, NoAnswer."""
        return self._ask(_Question("GET", "/v1/status", _has("policy_version")))

    def policies(self) -> dict[str, Any]:
        """The published versions; for the central account alone. Raises Refused, NoAnswer."""
        return self._ask(_Question("GET", "/v1/policies", _is_policies))

    def policy(self, version: int) -> dict[str, Any]:
        """A version whole: ``version``, ``at``, ``who``, ``note``, ``policy``. Raises Refused (404), NoAnswer."""
        return self._ask(_Question("GET", f"/v1/policies/{version}", _is_policy))

    def publish_policy(
        self, policy: Mapping[str, Any], *, note: str = "", expected_version: int | None = None
    ) -> tuple[Taken, ...]:
        """Publishes to every URL; for the central account alone. The answer of each has ``policy_version``."""
        body: dict[str, Any] = {"policy": policy, "note": note}
        if expected_version is not None:
            body["expected_version"] = expected_version
        return self._change(_Question("POST", "/v1/policies", _has("policy_version"), body))

    def _ask(self, question: _Question) -> dict[str, Any]:
        attempts: list[Attempt] = []
        for cell in self._cells:
            try:
                return self._answer(cell, question)
            except Unreachable as error:
                attempts.append(Attempt(cell.url, str(error)))
        raise NoAnswer(attempts)

    def _change(self, question: _Question) -> tuple[Taken, ...]:
        return tuple(self._taken(cell, question) for cell in self._cells)

    def _taken(self, cell: _Cell, question: _Question) -> Taken:
        try:
            return Taken(cell.url, self._answer(cell, question), None)
        except Unreachable as error:
            return Taken(cell.url, None, NoAnswer([Attempt(cell.url, str(error))]))
        except Refused as error:
            return Taken(cell.url, None, error)

    def _answer(self, cell: _Cell, question: _Question) -> dict[str, Any]:
        return _judged(cell.url, self._transport.send(self._signed(cell, question)), question)

    def _signed(self, cell: _Cell, question: _Question) -> AWSRequest:
        headers = {"Accept": "application/json, application/problem+json"}
        if question.body is not None:
            headers["Content-Type"] = "application/json"
        data = b"" if question.body is None else json.dumps(question.body).encode()
        request = AWSRequest(question.method, cell.url + question.path, headers=headers, data=data, stream_output=True)
        SigV4Auth(self._frozen(), SERVICE, cell.region).add_auth(request)
        return request

    def _frozen(self) -> ReadOnlyCredentials:
        try:
            return self._credentials.get_frozen_credentials()
        except BotoCoreError as error:
            raise NoCredentials(str(error)) from error


def region_of(url: str, default: str | None = None) -> str:
    """The Region a URL is signed for: the one it names, else ``default``. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        message = f"{url!r} is not the URL of a decision API; it looks like https://ID.lambda-url.REGION.on.aws/"
        raise ValueError(message)
    named = _REGION_IN_URL.search(url)
    if named is not None:
        return named[1]
    if default is None:
        message = f"{url!r} does not name its Region; set AWS_REGION to the Region it is in"
        raise ValueError(message)
    return default


def _judged(url: str, reply: Reply, question: _Question) -> dict[str, Any]:
    """The answer in a reply. Raises Refused for a problem of the API, Unreachable for what is no answer of it."""
    data = _json_object(reply.body)
    if reply.status in {200, 201} and data is not None and question.shape(data):
        return data
    problem = reply.headers.get("content-type", "").startswith("application/problem+json")
    if 400 <= reply.status < 500 and problem and data is not None:  # noqa: PLR2004  HTTP's own classes
        raise Refused(url, reply.status, data)
    raise Unreachable(_no_answer(reply, data))


def _no_answer(reply: Reply, data: Mapping[str, Any] | None) -> str:
    match reply.status:
        case 401 | 403:
            said = (data or {}).get("Message") or (data or {}).get("message") or "Forbidden"
            return (
                f"AWS did not let the request through (403, {said}): the credentials are not valid, not of this "
                "organization, or lack lambda:InvokeFunctionUrl and lambda:InvokeFunction on the function"
            )
        case 429:
            return "it is throttled (429)"
        case status if status >= 500:  # noqa: PLR2004  HTTP's own classes
            return f"it failed ({status}){': ' + str(data['detail']) if data and 'detail' in data else ''}"
        case 200 | 201:
            return "what it sent is no answer of a decision API; is the URL right?"
        case status:
            return f"it answered {status}, as a decision API never does; is the URL right?"


def _json_object(body: bytes) -> dict[str, Any] | None:
    try:
        data = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return data if isinstance(data, dict) else None


def _has(field: str) -> Callable[[Mapping[str, Any]], bool]:
    return lambda data: field in data


def _is_policies(data: Mapping[str, Any]) -> bool:
    """Whether the present policy (null: none) and its version are told."""
    told = isinstance(data.get("policy_version"), int) and isinstance(data.get("policies"), list)
    return told and isinstance(data.get("policy"), dict | None)


def _is_policy(data: Mapping[str, Any]) -> bool:
    """Whether a version of the policy is there whole."""
    named = all(isinstance(data.get(name), str) for name in ("at", "who", "note"))
    return named and isinstance(data.get("version"), int) and isinstance(data.get("policy"), dict)


def _is_decision(data: Mapping[str, Any]) -> bool:
    """Whether all is there that a caller acts on (A2); more may be, from a newer version."""
    return (
        all(data.get(field) in _VERDICTS for field in ("verdict", "would_be"))
        and all(isinstance(data.get(field), kind) for field, kind in _DECISION_FIELDS.items())
        and _is_mark(data["knowledge"])
        and all(isinstance(target, dict) for target in data["targets"])
        and all(isinstance(reason, dict) and reason.get("verdict") in _VERDICTS for reason in data["reasons"])
    )


def _is_mark(knowledge: Mapping[str, Any]) -> bool:
    return (
        isinstance(knowledge.get("stale"), bool)
        and knowledge.get("on_unknown") in _VERDICTS
        and isinstance(knowledge.get("age_seconds"), int | None)
    )


_DECISION_FIELDS: Final[Mapping[str, type]] = {
    "decision_id": str,
    "mode": str,
    "exempt": bool,
    "summary": str,
    "targets": list,
    "reasons": list,
    "reasons_omitted": int,
    "knowledge": dict,
    "policy_version": int,
    "evaluated_at": str,
    "retry_after_seconds": int,
}
