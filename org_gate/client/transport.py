"""How a signed request goes over the wire: botocore's HTTP session, with bounds.

Short timeouts, no retries, no redirects, and an answer of at most a Function URL's own limit. Whoever wants other
wires (a test, say) passes another ``Transport``.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from botocore.awsrequest import AWSPreparedRequest, AWSRequest
from botocore.exceptions import (
    BotoCoreError,
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ProxyConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import URLLib3Session
from botocore.utils import get_environ_proxies
from urllib3.exceptions import HTTPError
from urllib3.exceptions import ReadTimeoutError as Urllib3ReadTimeoutError
from urllib3.response import HTTPResponse

MAX_ANSWER_BYTES: Final = 6 * 1024 * 1024
CONNECT_SECONDS: Final = 5.0


class Unreachable(Exception):  # noqa: N818  named for what happened
    """Nothing usable came back; the text says why."""


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """Sends one signed request and returns its answer, whatever the status. Raises Unreachable."""

    def send(self, request: AWSRequest) -> Reply: ...


class HttpTransport:
    """``read_seconds`` bounds each wait for bytes, not their sum. Proxies and CA bundle come from the environment."""

    def __init__(self, read_seconds: float) -> None:
        self._read_seconds = read_seconds

    def send(self, request: AWSRequest) -> Reply:
        prepared = request.prepare()
        try:
            return self._exchange(prepared)
        except (BotoCoreError, HTTPError, OSError) as error:
            raise Unreachable(_why(error)) from error

    def _exchange(self, prepared: AWSPreparedRequest) -> Reply:
        timeout = (min(CONNECT_SECONDS, self._read_seconds), self._read_seconds)
        session = URLLib3Session(
            verify=os.environ.get("AWS_CA_BUNDLE") or True,  # type: ignore[arg-type]  # a path as well, says its code
            proxies=get_environ_proxies(prepared.url),
            timeout=timeout,  # type: ignore[arg-type]  # seconds to connect and to read, says its code
        )
        try:
            answer = session.send(prepared)
            headers = {name.lower(): value for name, value in answer.headers.items()}
            return Reply(answer.status_code, headers, _bounded(answer.raw))
        finally:
            session.close()


def _bounded(raw: HTTPResponse) -> bytes:
    """The body as it came over the wire. Raises Unreachable where it is larger than any answer of the API."""
    body = raw.read(MAX_ANSWER_BYTES + 1, decode_content=False)
    if len(body) > MAX_ANSWER_BYTES:
        message = f"its answer is larger than {MAX_ANSWER_BYTES // 1024 // 1024} MB"
        raise Unreachable(message)
    return body


def _why(error: Exception) -> str:
    """The cause in words, without the request that botocore's messages repeat."""
    for kind, words in _WORDS.items():
        if isinstance(error, kind):
            return words
    if isinstance(error, SSLError):
        return f"its certificate was not accepted: {error.kwargs['error']}"
    return f"{type(error).__name__}: {error}"


_WORDS: Final[Mapping[type[Exception], str]] = {
    ConnectTimeoutError: "it could not be reached in time",
    ReadTimeoutError: "it did not answer in time",
    Urllib3ReadTimeoutError: "it did not answer in time",
    EndpointConnectionError: "it cannot be reached (wrong address, or no network)",
    ProxyConnectionError: "the proxy cannot be reached",
    ConnectionClosedError: "the connection was closed before it answered",
}
