"""One question to one or all decision APIs: sign, send, tell an answer from noise.

What is not an answer of the decision API (no JSON, another shape, a 5xx, a proxy's page) counts as no answer from
that URL, with the reason. Knows no question by name; nothing here decides, retries or waits.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol
from urllib.parse import urlsplit

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials
from botocore.exceptions import BotoCoreError

from org_gate.client.errors import Attempt, NoAnswer, NoCredentials, Refused
from org_gate.client.shapes import Shape
from org_gate.client.transport import Reply, Transport, Unreachable

SERVICE: Final = "lambda"
NOT_FOUND: Final = 404
_REGION_IN_URL: Final = re.compile(r"[./]lambda-url[./]([a-z0-9-]+)[./]")


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
class Question:
    """``shape`` tells an answer to it from anything else that is JSON."""

    method: str
    path: str
    shape: Shape
    body: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class _Cell:
    url: str
    region: str


class Cells:
    """The decision APIs at the URLs, in order. Raises ValueError where one is none, or its Region is not known.

    Every question raises NoCredentials where it cannot be signed; nothing was sent then.
    """

    def __init__(self, urls: Sequence[str], region: str | None, credentials: Credentials, transport: Transport) -> None:
        if not urls:
            raise ValueError("no URL of a decision API is given")
        self._cells = tuple(_Cell(url.rstrip("/"), region_of(url, region)) for url in urls)
        self._credentials = credentials
        self._transport = transport

    def ask(self, question: Question) -> dict[str, Any]:
        """The first answer. Raises Refused where the first that answers refuses, NoAnswer where none does."""
        attempts: list[Attempt] = []
        for cell in self._cells:
            try:
                return self._answer(cell, question)
            except Unreachable as error:
                attempts.append(Attempt(cell.url, str(error)))
        raise NoAnswer(attempts)

    def find(self, question: Question) -> dict[str, Any]:
        """What one of them has and the others have not: who does not know it does not end the search.

        Raises Refused with 404 only where all say so, and NoAnswer where one that does not answer might have it.
        """
        attempts: list[Attempt] = []
        unknown: list[Refused] = []
        for cell in self._cells:
            try:
                return self._answer(cell, question)
            except Unreachable as error:
                attempts.append(Attempt(cell.url, str(error)))
            except Refused as error:
                if error.status != NOT_FOUND:
                    raise
                unknown.append(error)
        if attempts:
            raise NoAnswer(attempts)
        raise _all_said(unknown)

    def change(self, question: Question) -> tuple[Taken, ...]:
        """Sends it to every URL. All are signed before the first is sent: credentials do not end half-way."""
        signed = [(cell, self._signed(cell, question)) for cell in self._cells]
        return tuple(self._taken(cell, request, question) for cell, request in signed)

    def _taken(self, cell: _Cell, request: AWSRequest, question: Question) -> Taken:
        try:
            return Taken(cell.url, _judged(cell.url, self._transport.send(request), question.shape), None)
        except Unreachable as error:
            return Taken(cell.url, None, NoAnswer([Attempt(cell.url, str(error))]))
        except Refused as error:
            return Taken(cell.url, None, error)

    def _answer(self, cell: _Cell, question: Question) -> dict[str, Any]:
        return _judged(cell.url, self._transport.send(self._signed(cell, question)), question.shape)

    def _signed(self, cell: _Cell, question: Question) -> AWSRequest:
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


def _all_said(refusals: Sequence[Refused]) -> Refused:
    """One refusal with what each of them said, once: the one that says more need not be the last."""
    details = dict.fromkeys(error.detail for error in refusals)
    first = refusals[0]
    return Refused(first.url, first.status, first.problem | {"detail": " ".join(details)})


def _judged(url: str, reply: Reply, shape: Shape) -> dict[str, Any]:
    """The answer in a reply. Raises Refused for a problem of the API, Unreachable for what is no answer of it."""
    data = _json_object(reply.body)
    if reply.status in {200, 201} and data is not None and shape(data):
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
