"""C1 and C2 as far as the commands exist: the installed command, its own process, HTTP on loopback."""

import json
import os
import pty
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.unit.client.support import decision

ORG_GATE = str(Path(sys.executable).parent / "org-gate")
CHECK = ("check", "--target", "111122223333/us-east-1/RDS")


class _Api(ThreadingHTTPServer):
    daemon_threads = True
    answers: dict[str, tuple[int, str, object]]
    signed: list[str]


class _Answers(BaseHTTPRequestHandler):
    server: _Api

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.server.signed.append(self.headers["Authorization"])
        status, kind, answer = self.server.answers[self.path.split("/")[3]]
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def api() -> Iterator[_Api]:
    problem = {"status": 403, "detail": "Add this entry to delegates."}
    stale = decision()["knowledge"] | {"stale": True, "age_seconds": None, "as_of": None}
    server = _Api(("127.0.0.1", 0), _Answers)
    server.signed = []
    server.answers = {
        "allow": (200, "application/json", decision("allow")),
        "warn": (200, "application/json", decision("warn")),
        "block": (200, "application/json", decision("block")),
        "stale": (200, "application/json", decision("allow", knowledge=stale)),
        "refused": (403, "application/problem+json", problem),
        "down": (502, "text/html", "<html>"),
    }
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def environment(api: _Api, *answers: str) -> dict[str, str]:
    urls = [f"http://127.0.0.1:{api.server_port}/lambda-url/eu-west-1/{answer}/" for answer in answers]
    return {
        "PATH": os.defpath,
        "ORG_GATE_URL": ",".join(urls),
        "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "made-up",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def org_gate(arguments: tuple[str, ...], env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run([ORG_GATE, *arguments], env=env, capture_output=True, text=True, timeout=60, check=False)


@pytest.mark.contract("C1")
@pytest.mark.parametrize(
    ("answer", "code"), [("allow", 0), ("warn", 0), ("block", 1), ("stale", 1), ("refused", 2), ("down", 3)]
)
def test_c1_exit_codes_of_check(api: _Api, answer: str, code: int) -> None:
    done = org_gate((*CHECK, "--format", "json"), environment(api, answer))
    assert done.returncode == code, done.stderr
    assert set(json.loads(done.stdout)) >= {"verdict"}


@pytest.mark.contract("C1")
def test_c1_without_credentials_nothing_is_found_out(api: _Api, tmp_path: Path) -> None:
    env = environment(api, "allow") | {"HOME": str(tmp_path)}
    done = org_gate(CHECK, {name: value for name, value in env.items() if "KEY" not in name})
    assert done.returncode == 3
    assert "credentials" in done.stderr
    assert api.signed == []


@pytest.mark.contract("C1")
def test_c1_wrong_use_and_invalid_input_end_with_2(api: _Api, tmp_path: Path) -> None:
    policy = tmp_path / "policy.yaml"
    policy.write_text("version: 1\nmode: off\n")
    assert org_gate(("check", "--target", "nowhere"), environment(api, "allow")).returncode == 2
    assert org_gate(("policy", "validate", str(policy)), {}).returncode == 2
    policy.write_text("version: 1\n")
    assert org_gate(("policy", "validate", str(policy)), {}).returncode == 0


@pytest.mark.contract("C1")
def test_c1_colour_is_for_terminals_that_want_it(api: _Api) -> None:
    def on_terminal(env: dict[str, str]) -> bytes:
        ours, theirs = pty.openpty()
        with subprocess.Popen([ORG_GATE, *CHECK], env=env, stdout=theirs, stderr=subprocess.PIPE) as process:
            process.wait(60)
        os.close(theirs)
        with os.fdopen(ours, "rb", buffering=0) as terminal:
            return terminal.read(65536)

    env = environment(api, "block")
    assert b"\x1b[" in on_terminal(env)
    assert b"\x1b[" not in on_terminal(env | {"NO_COLOR": "1"})
    assert "\x1b[" not in org_gate(CHECK, env).stdout


@pytest.mark.contract("C2")
def test_c2_urls_are_tried_in_order_and_each_request_is_signed(api: _Api) -> None:
    done = org_gate((*CHECK, "--format", "json"), environment(api, "down", "warn", "block"))
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (0, "warn")
    assert len(api.signed) == 2
    assert all("/eu-west-1/lambda/aws4_request" in header for header in api.signed)
