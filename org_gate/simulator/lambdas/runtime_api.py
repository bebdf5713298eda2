"""The Lambda Runtime API (2018-06-01) for one function process.

The runtime in the process asks for the next invocation and posts its answer; the other side of this object puts an
invocation in and waits for what comes. Speaks HTTP on 127.0.0.1 only, knows nothing of processes or functions.
"""

import json
import re
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Empty, SimpleQueue
from sys import exc_info
from threading import Thread
from typing import Any, Final, cast

from org_gate.simulator.lambdas.environment import EXITED, RESPONSE_LIMIT, TOO_LARGE, error_payload, too_large_message

_PREFIX: Final = "/2018-06-01/runtime"
_ANSWER: Final = re.compile(rf"^{_PREFIX}/invocation/([^/]+)/(response|error)$")


@dataclass(frozen=True, slots=True)
class Invocation:
    """What the runtime gets. ``deadline`` is in milliseconds of the real clock."""

    request_id: str
    arn: str
    deadline: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What the runtime gave. ``error`` is the error type, ``final`` that the process is of no more use."""

    payload: Any
    error: str | None = None
    final: bool = False


READY: Final = "ready"
Signal = Answer | str


class RuntimeApi:
    """One server for one process; ``wait`` gives ``READY`` each time the runtime asks for work."""

    def __init__(self) -> None:
        self._invocations: SimpleQueue[Invocation | None] = SimpleQueue()
        self._signals: SimpleQueue[Signal] = SimpleQueue()
        self._server = _Server(self)
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 5}, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._server.server_port}"

    def send(self, invocation: Invocation) -> None:
        self._invocations.put(invocation)

    def wait(self, seconds: float) -> Signal:
        """The next thing the runtime does. Raises TimeoutError."""
        try:
            return self._signals.get(timeout=seconds)
        except Empty:
            raise TimeoutError from None

    def process_ended(self, code: int) -> None:
        """Said by whoever watches the process."""
        status = f"signal: {-code}" if code < 0 else f"exit status {code}"
        payload = error_payload(EXITED, f"Error: Runtime exited with error: {status}")
        self._signals.put(Answer(payload, EXITED, final=True))

    def close(self) -> None:
        self._invocations.put(None)
        self._server.stop()

    def next_invocation(self) -> Invocation | None:
        """For the handler: blocks until there is work; None when closed."""
        self._signals.put(READY)
        return self._invocations.get()

    def answer(self, answer: Answer) -> None:
        """For the handler."""
        self._signals.put(answer)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, api: RuntimeApi) -> None:
        self.api = api
        super().__init__(("127.0.0.1", 0), _Handler)

    def stop(self) -> None:
        # shutdown() alone waits for the poll interval: connections wake the loop up
        stopper = Thread(target=self.shutdown, daemon=True)
        stopper.start()
        while stopper.is_alive():
            socket.create_connection(("127.0.0.1", self.server_port)).close()
            stopper.join(timeout=0.01)
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        # the runtime's end of a connection goes away whenever its process is killed
        if not isinstance(exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # with it, each warm call waits 40 ms for a delayed ACK
    wbufsize = -1

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base class names it
        """Silent: stdout and stderr belong to the command that runs the simulator."""

    @property
    def api(self) -> RuntimeApi:
        return cast("_Server", self.server).api

    def do_GET(self) -> None:
        if self.path != f"{_PREFIX}/invocation/next":
            self._send(HTTPStatus.NOT_FOUND, b"{}")
            return
        invocation = self.api.next_invocation()
        if invocation is None:
            self.close_connection = True
            self._send(HTTPStatus.GONE, b"{}")
            return
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline),
            "Lambda-Runtime-Invoked-Function-Arn": invocation.arn,
        }
        self._send(HTTPStatus.OK, invocation.payload, headers)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        found = _ANSWER.match(self.path)
        if found is not None and found[2] == "response":
            self._response(body)
        elif found is not None or self.path == f"{_PREFIX}/init/error":
            self._error(body, final=found is None)
        else:
            self._send(HTTPStatus.NOT_FOUND, b"{}")

    def _response(self, body: bytes) -> None:
        if len(body) > RESPONSE_LIMIT:
            payload = error_payload(TOO_LARGE, too_large_message())
            self._send(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, json.dumps(payload).encode())
            self.api.answer(Answer(payload, TOO_LARGE, final=True))
            return
        self._send(HTTPStatus.ACCEPTED, b"{}")
        self.api.answer(Answer(_read(body)))

    def _error(self, body: bytes, *, final: bool) -> None:
        payload = json.loads(body)
        self._send(HTTPStatus.ACCEPTED, b"{}")
        self.api.answer(Answer(payload, payload.get("errorType") or "Error", final=final))

    def _send(self, status: HTTPStatus, body: bytes, headers: Mapping[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in {**(headers or {}), "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def _read(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:  # a handler may return bytes of its own
        return body.decode(errors="replace")
