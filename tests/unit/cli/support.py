"""The command line, run in process with a wire, a clock and an end of its own."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from org_gate.cli.main import run
from org_gate.cli.surroundings import Surroundings
from org_gate.client.api import DecisionApi
from org_gate.client.errors import NoCredentials
from org_gate.client.transport import Reply, Unreachable
from tests.unit.client.support import FIRST, Wire, api_over

TARGET = "111122223333/us-east-1/RDS"


@dataclass
class Shell:
    """Runs commands; time passes only while they sleep."""

    capsys: pytest.CaptureFixture[str]
    answers: list[Reply | Unreachable]
    has_credentials: bool = True
    slept: list[float] = field(default_factory=list)
    wire: Wire = field(init=False)

    def __post_init__(self) -> None:
        self.wire = Wire(self.answers)

    def check(self, *arguments: str) -> tuple[int, str, str]:
        """Exit code, stdout, stderr."""
        return self.run("check", "--url", FIRST, *arguments)

    def run(self, *arguments: str) -> tuple[int, str, str]:
        code: object
        try:
            code = run(arguments, self._surroundings())
        except SystemExit as end:
            code = end.code
        printed = self.capsys.readouterr()
        assert isinstance(code, int)
        return code, printed.out, printed.err

    def asked(self) -> list[dict[str, Any]]:
        return [self.wire.body(index) for index in range(len(self.wire.sent))]

    def _surroundings(self) -> Surroundings:
        return Surroundings(connect=self._connect, sleep=self.slept.append, seconds=lambda: sum(self.slept))

    def _connect(self, urls: Sequence[str]) -> DecisionApi:
        if not self.has_credentials:
            raise NoCredentials("none were found")
        return api_over(self.wire, *urls)
