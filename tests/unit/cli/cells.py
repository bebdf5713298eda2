"""Commands against the real decision API, in process: cells by URL, each over a table in memory."""

import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from org_gate.cli.main import run
from org_gate.cli.surroundings import Surroundings
from org_gate.client.api import DecisionApi
from org_gate.client.errors import NoCredentials
from org_gate.client.transport import Reply, Unreachable
from tests.unit.central.support import CENTRAL, Api, FakeStore
from tests.unit.client.support import FIRST, SECOND


@dataclass
class Cells:
    """Runs commands; a cell that is None does not answer."""

    capsys: pytest.CaptureFixture[str]
    stores: dict[str, FakeStore | None] = field(default_factory=lambda: {FIRST: FakeStore()})
    caller: str = CENTRAL
    has_credentials: bool = True

    def run(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        code: object
        try:
            code = run(arguments, Surroundings(connect=self._connect))
        except SystemExit as end:
            code = end.code
        printed = self.capsys.readouterr()
        assert isinstance(code, int)
        return code, printed.out, printed.err

    def policy(self, command: str, *arguments: str) -> tuple[int, str, str]:
        return self.run("policy", command, *arguments, "--url", ",".join(self.stores))

    def send(self, request: AWSRequest) -> Reply:
        parts = urlsplit(str(request.url))
        store = self.stores[f"{parts.scheme}://{parts.netloc}"]
        if store is None:
            raise Unreachable("it did not answer in time")
        data = request.data
        body = (data.decode() if isinstance(data, bytes) else str(data)) if data else None
        got = Api(store).request(str(request.method), parts.path, body, caller=self.caller, query=unquote(parts.query))
        return Reply(got.status, got.headers, json.dumps(got.body).encode())

    def _connect(self, urls: Sequence[str]) -> DecisionApi:
        if not self.has_credentials:
            raise NoCredentials("none were found")
        return DecisionApi(urls, Credentials("AKIDEXAMPLE", "secret"), transport=self)


class Typing(io.StringIO):
    """A terminal at which somebody types; ``meanwhile`` happens before each line."""

    def __init__(self, text: str, meanwhile: Callable[[], object] = int) -> None:
        super().__init__(text)
        self._meanwhile = meanwhile

    def isatty(self) -> bool:
        return True

    def readline(self, size: int | None = -1, /) -> str:  # type: ignore[override]  # its two bases disagree
        self._meanwhile()
        return super().readline(-1 if size is None else size)


__all__ = ["FIRST", "SECOND", "Cells", "Typing"]
