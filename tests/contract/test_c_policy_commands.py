"""C1 and C2 of `org-gate policy`: the installed command in its own process, the real API over HTTP on loopback."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.unit.central.support import CENTRAL, RULES, Api, FakeStore

ORG_GATE = str(Path(sys.executable).parent / "org-gate")
POLICY = "version: 1\nmode: shadow\nrules: [{name: all, verdict: block}]\n"
CASE = """\
cases:
  - name: an incident
    now: 2026-03-02T12:00:00Z
    request: {targets: ["111122223333/eu-west-1"]}
    events: [{region: eu-west-1, service: EC2, statusCode: open, eventScopeCode: PUBLIC}]
    expect: {verdict: VERDICT}
"""


class _Cells(ThreadingHTTPServer):
    daemon_threads = True
    stores: dict[str, FakeStore]


class _Answers(BaseHTTPRequestHandler):
    server: _Cells

    def do_GET(self) -> None:
        self._answer(None)

    def do_POST(self) -> None:
        self._answer(self.rfile.read(int(self.headers["Content-Length"])).decode())

    def _answer(self, body: str | None) -> None:
        """The path begins with ``/lambda-url/REGION/ID``."""
        name, _, path = self.path.removeprefix("/lambda-url/eu-west-1/").partition("/")
        reply = Api(self.server.stores[name]).request(self.command, f"/{path}", body, caller=CENTRAL)
        content = json.dumps(reply.body).encode()
        self.send_response(reply.status)
        for header, value in (reply.headers | {"content-length": str(len(content))}).items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def cells() -> Iterator[_Cells]:
    server = _Cells(("127.0.0.1", 0), _Answers)
    server.stores = {"one": FakeStore(published=[RULES]), "two": FakeStore(published=[RULES])}
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return str(path)


def org_gate(*arguments: str, cells: _Cells | None = None) -> subprocess.CompletedProcess[str]:
    """``org-gate policy ARGUMENTS`` for two cells, without a terminal."""
    env = {"PATH": os.defpath, "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "made-up"}
    env |= {name: value for name, value in os.environ.items() if name == "PYTHONPATH"}
    if cells is not None:
        base = f"http://127.0.0.1:{cells.server_port}/lambda-url/eu-west-1"
        env["ORG_GATE_URL"] = f"{base}/one/,{base}/two/"
    command = [ORG_GATE, "policy", *arguments]
    return subprocess.run(
        command, env=env, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.contract("C1")
def test_c1_a_case_that_fails_ends_with_1_and_what_is_invalid_with_2(file: str) -> None:
    cases = Path(file).with_name("policy.cases.yaml")
    for verdict, code in (("warn", 0), ("block", 1), ("maybe", 2)):
        cases.write_text(CASE.replace("VERDICT", verdict))
        assert org_gate("test", file).returncode == code
    assert org_gate("schema").returncode == 0


@pytest.mark.contract("C1")
@pytest.mark.parametrize("command", ["show", "diff", "test"])
def test_c1_with_json_stdout_is_json_and_nothing_else(cells: _Cells, file: str, command: str) -> None:
    arguments = () if command == "show" else (file,)
    for published, cases, codes in (([RULES], CASE.replace("VERDICT", "block"), {0, 1}), ([], "cases: []", {2})):
        cells.stores["one"].published = published
        Path(file).with_name("policy.cases.yaml").write_text(cases)
        done = org_gate(command, *arguments, "--format", "json", cells=cells)
        assert done.returncode in codes
        assert json.loads(done.stdout)


@pytest.mark.contract("C2")
def test_c2_what_reads_takes_the_first_and_what_changes_goes_to_every_url(cells: _Cells, file: str) -> None:
    refused = org_gate("publish", file, "--note", "why", cells=cells)
    assert (refused.returncode, "--yes" in refused.stderr) == (2, True)
    assert {len(store.published) for store in cells.stores.values()} == {1}
    done = org_gate("publish", file, "--note", "why", "--yes", cells=cells)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("version 2 holds from now on") == 2
    assert [store.published[-1]["mode"] for store in cells.stores.values()] == ["shadow", "shadow"]
    cells.stores["two"].asked.clear()
    shown = org_gate("show", cells=cells)
    assert (shown.returncode, "mode: shadow" in shown.stdout) == (0, True)
    assert cells.stores["two"].asked == []
