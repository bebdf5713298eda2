"""The real decision API over HTTP on loopback, a cell for each store; the installed command in its own process."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

from tests.unit.central.support import CENTRAL, Api, FakeStore

ORG_GATE = str(Path(sys.executable).parent / "org-gate")


class Served(ThreadingHTTPServer):
    """``stores`` by name; one that is None fails with 502, as a proxy's page. ``caller`` is who asks."""

    daemon_threads = True
    stores: dict[str, FakeStore | None]
    caller: str = CENTRAL

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/lambda-url/eu-west-1/{name}"

    def store(self, name: str) -> FakeStore:
        store = self.stores[name]
        assert store is not None
        return store

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """``org-gate ARGUMENTS`` for all cells, without a terminal."""
        return org_gate(*arguments, ORG_GATE_URL=",".join(f"{self.url(name)}/" for name in self.stores))


class _Answers(BaseHTTPRequestHandler):
    server: Served

    def do_GET(self) -> None:
        self._answer(None)

    def do_DELETE(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _answer(self, body: str | None) -> None:
        """The path begins with ``/lambda-url/REGION/NAME``."""
        name, _, rest = self.path.removeprefix("/lambda-url/eu-west-1/").partition("/")
        store = self.server.stores[name]
        if store is None:
            self._send(502, {"content-type": "text/html"}, b"<html>")
            return
        path, _, query = rest.partition("?")
        api = Api(store)
        reply = api.request(self.command, f"/{path}", body, caller=self.server.caller, query=unquote(query))
        self._send(reply.status, reply.headers, json.dumps(reply.body).encode())

    def _send(self, status: int, headers: dict[str, str], content: bytes) -> None:
        self.send_response(status)
        for header, value in (headers | {"content-length": str(len(content))}).items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@contextmanager
def served(stores: dict[str, FakeStore | None]) -> Iterator[Served]:
    server = Served(("127.0.0.1", 0), _Answers)
    server.stores = stores
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def org_gate(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The installed command without a terminal, with credentials that nobody checks."""
    env = {"PATH": os.defpath, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "made-up"}
    env |= {name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
    return subprocess.run(
        [ORG_GATE, *arguments],
        env=env | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
