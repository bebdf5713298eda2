"""HTTP on 127.0.0.1 for the simulator's front door: one port, a thread for each request.

Threads, because a Lambda that the simulator runs calls back while the request that invoked it is still open.
Knows nothing of AWS; the only ``Date`` a client sees is the application's.
"""

import os
import socket
from collections.abc import Callable
from threading import Thread
from typing import Any, Final, Self

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

_HOST: Final = "127.0.0.1"


class PortNotFreeError(OSError):
    """Somebody else has the port, or it is not for everybody to have."""


class _Handler(MotoRequestHandler):  # type: ignore[misc]  # moto is untyped
    """moto's handler (it keeps underscores in S3 metadata names), silent, and without the real time."""

    wbufsize = -1  # head and body in one piece

    def handle_expect_100(self) -> bool:
        """Says so at once: a client that asks (S3's do) waits a second for it. Werkzeug's own would come too late."""
        del self.headers["Expect"]
        self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.wfile.flush()
        return True

    def send_response(self, code: int, message: str | None = None) -> None:
        self.send_response_only(code, message)
        self.send_header("Server", "org-gate-simulator")

    def log(self, type: str, message: str, *args: Any) -> None:  # noqa: A002  the name is werkzeug's
        """Nothing: the front door reports what went wrong."""


class Server:
    """A running server while the ``with`` block lasts. Port 0 takes a free one.

    Raises PortNotFreeError where the port is taken.
    """

    def __init__(self, application: Callable[..., Any], port: int = 0) -> None:
        with _listening(port) as listening:
            self._server = make_server(
                _HOST,
                listening.getsockname()[1],
                application,
                threaded=True,
                request_handler=_Handler,
                fd=listening.fileno(),
            )
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def endpoint(self) -> str:
        """``http://127.0.0.1:PORT``."""
        return f"http://{_HOST}:{self._server.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _listening(port: int) -> socket.socket:
    try:
        return socket.create_server((_HOST, port))
    except OSError as error:
        message = f"Port {port} on {_HOST} cannot be had ({os.strerror(error.errno or 0)})"
        raise PortNotFreeError(message) from error
