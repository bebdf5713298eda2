import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from botocore.awsrequest import AWSRequest

from org_gate.client.transport import MAX_ANSWER_BYTES, HttpTransport, Unreachable


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    seen: list[str]


class _Answers(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self.server.seen.append(self.path)
        if self.path == "/closed":
            return
        self.send_response(302 if self.path == "/elsewhere" else 418)
        self.send_header("Location", "/target")
        size = MAX_ANSWER_BYTES + 1 if self.path == "/large" else 5
        self.send_header("Content-Length", str(size))
        self.end_headers()
        self.wfile.write(b"x" * size)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = _Server(("127.0.0.1", 0), _Answers)
    server.seen = []
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def get(server: _Server, path: str) -> AWSRequest:
    return AWSRequest("GET", f"http://127.0.0.1:{server.server_port}{path}", stream_output=True)


def test_any_status_is_a_reply_and_redirects_are_not_followed(server: _Server) -> None:
    transport = HttpTransport(5)
    teapot = transport.send(get(server, "/"))
    assert (teapot.status, teapot.body, teapot.headers["location"]) == (418, b"xxxxx", "/target")
    assert transport.send(get(server, "/elsewhere")).status == 302
    assert server.seen == ["/", "/elsewhere"]


def test_an_answer_beyond_bounds_is_none(server: _Server) -> None:
    with pytest.raises(Unreachable, match="larger than 6 MB"):
        HttpTransport(5).send(get(server, "/large"))


def test_a_connection_that_is_closed_is_no_answer_and_is_not_tried_again(server: _Server) -> None:
    with pytest.raises(Unreachable, match="closed"):
        HttpTransport(5).send(get(server, "/closed"))
    assert server.seen == ["/closed"]


def test_silence_ends_with_the_timeout() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        url = f"http://127.0.0.1:{listening.getsockname()[1]}/"
        with pytest.raises(Unreachable, match="did not answer in time"):
            HttpTransport(0.05).send(AWSRequest("GET", url, stream_output=True))


def test_nobody_there_is_told_as_such() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    with pytest.raises(Unreachable, match="cannot be reached"):
        HttpTransport(1).send(AWSRequest("GET", f"http://127.0.0.1:{port}/", stream_output=True))
