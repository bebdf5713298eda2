"""An HTTP server on loopback, for as long as a block runs, that answers what a test says.

One for whoever plays AWS, central or a proxy: what comes in is handed to a function, what it gives is sent. It dates
nothing and adds nothing but the length, where the answer does not name one.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import NamedTuple


class Heard(NamedTuple):
    """One request."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Reply(NamedTuple):
    """What comes back."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@contextmanager
def serving(answer: Callable[[Heard], Reply | None]) -> Iterator[str]:
    """Its address. Where there is no answer the connection is closed; several are answered at once."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            reply = answer(Heard(self.command, self.path, dict(self.headers.items()), body))
            if reply is None:
                self.close_connection = True
                return
            try:
                self._send(reply)
            except (BrokenPipeError, ConnectionResetError):  # whoever asked has hung up
                self.close_connection = True

        def do_GET(self) -> None:
            self.do_POST()

        def _send(self, reply: Reply) -> None:
            self.send_response_only(reply.status)
            for name, value in {"Content-Length": str(len(reply.body)), **reply.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002  the base class's own name
            """Says nothing: the test's output is the test's."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
