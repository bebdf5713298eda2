"""A server in front of the decision API's URLs that a test can turn hostile, and that counts as Lambda counts.

Gates are given its address in place of the Function URLs'. What it lets through keeps its signature. A request that
reaches Lambda counts with its status and latency; one that is lost or answered on the way does not.
"""

import http.client
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from tests.serving import Heard, Reply, serving

_HOPS: Final = ("connection", "content-length", "date", "server", "transfer-encoding")
USUAL_MILLISECONDS: Final = 10.0
SLOW_MILLISECONDS: Final = 7_000.0
"""What a slow answer is said to take; the caller is kept waiting until it hangs up, or this long."""


class Counted(NamedTuple):
    """One request as Lambda counts it. ``milliseconds`` is its latency."""

    region: str
    minute: int
    status: int
    milliseconds: float


@dataclass
class Front:
    """``behaves`` says by Region what becomes of a request: ``pass``, ``lost``, ``slow``, or a reply of its own."""

    upstream: str
    minute: Callable[[], int]
    address: str = ""
    behaves: dict[str, str | Reply] = field(default_factory=dict)
    counted: list[Counted] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    """The Regions of all requests, in order."""
    released: threading.Event = field(default_factory=threading.Event)

    def url(self, behind: str) -> str:
        """The address in front of a Function URL."""
        return f"{self.address}{urlsplit(behind).path}"

    def answer(self, heard: Heard) -> Reply | None:
        """None where the connection is to be closed without an answer."""
        region = heard.path.split("/")[2]
        self.asked.append(region)
        behaviour = self.behaves.get(region, "pass")
        if isinstance(behaviour, Reply):
            return behaviour
        if behaviour == "lost":
            return None
        reply = self._passed_on(heard)
        milliseconds = SLOW_MILLISECONDS if behaviour == "slow" else USUAL_MILLISECONDS
        self.counted.append(Counted(region, self.minute(), reply.status, milliseconds))
        if behaviour == "slow":
            self.released.wait(milliseconds / 1000)
        return reply

    def _passed_on(self, heard: Heard) -> Reply:
        connection = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=60)
        try:
            connection.putrequest(heard.method, heard.path, skip_host=True, skip_accept_encoding=True)
            for name, value in heard.headers.items():
                connection.putheader(name, value)
            connection.endheaders(heard.body or None)
            answer = connection.getresponse()
            kept = {name: value for name, value in answer.getheaders() if name.lower() not in _HOPS}
            return Reply(answer.status, kept, answer.read())
        finally:
            connection.close()


@contextmanager
def front(upstream: str, minute: Callable[[], int]) -> Iterator[Front]:
    """It serves while the block runs."""
    made = Front(upstream, minute)
    with serving(made.answer) as made.address:
        try:
            yield made
        finally:
            made.released.set()
