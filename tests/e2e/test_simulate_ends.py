"""How `org-gate simulate` begins and ends: nothing on stdout but its line, clear refusals, and no trace afterwards."""

import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.simulated import simulated, starting
from tests.e2e.support import ORDERS, issue, scenario, write

A_FEW_SECONDS = 15.0
IN_PROCESS = ["--runtime", "inprocess"]


@pytest.fixture(name="small")
def _small(tmp_path: Path) -> Path:
    return write(tmp_path, scenario(issue("1m"), {"at": "2m", "run": "orders"}))


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="children are counted in /proc")
@pytest.mark.parametrize(
    ("ending", "options", "functions"),
    [
        (signal.SIGTERM, [], ["org-gate-api", "org-gate-collector", "org-gate-resumer", "org-gate"]),
        (signal.SIGINT, IN_PROCESS, []),
    ],
)
def test_it_ends_without_a_trace(
    tmp_path: Path, small: Path, ending: signal.Signals, options: list[str], functions: list[str]
) -> None:
    """With the default runtime the functions are in processes of their own."""
    with simulated(small, tmp_path / "tmp", *options) as organization:
        state = organization.client("codepipeline", ORDERS, "us-east-1").get_pipeline_state(name="orders")
        assert state["stageStates"][1]["latestExecution"]["status"] == "Failed"
        children = organization.children()
        assert len(children) == len(functions)
        process = organization.process
        process.send_signal(ending)
        said, told = process.communicate(timeout=A_FEW_SECONDS)
        assert (process.returncode, said) == (0, "")
        assert "Traceback" not in told
    assert list((tmp_path / "tmp").iterdir()) == []
    assert [child for child in children if Path(f"/proc/{child}").exists()] == []


def test_it_can_be_stopped_before_it_is_ready(tmp_path: Path) -> None:
    """Ctrl-C, while it plays a month."""
    file = write(tmp_path, scenario(issue("1m"), {"at": "30d", "run": "orders"}))
    with starting(file, tmp_path / "tmp", *IN_PROCESS) as process:
        assert process.stderr is not None
        assert any("AWS Health shows" in line for line in process.stderr), "it plays the scenario now"
        process.send_signal(signal.SIGINT)
        said, told = process.communicate(timeout=A_FEW_SECONDS)
        assert (process.returncode, said) == (0, "")
        assert "Traceback" not in told
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.fixture(name="taken")
def _taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def refusal(file: Path, *options: str) -> tuple[int, str]:
    with starting(file, file.parent / "tmp", *options) as process:
        said, told = process.communicate()
        assert said == ""
        assert "Traceback" not in told
        return process.returncode, told


def test_a_port_that_is_taken_is_named(small: Path, taken: int) -> None:
    code, told = refusal(small, "--port", str(taken))
    assert code == 2
    assert f"Port {taken} on 127.0.0.1 cannot be had (Address already in use)" in told
    assert "--port" in told
    assert list((small.parent / "tmp").iterdir()) == []


@pytest.mark.contract("C1")
def test_a_bad_scenario_is_refused_with_its_place(tmp_path: Path) -> None:
    file = write(tmp_path, scenario({"at": "1m", "run": "nobody"}))
    code, told = refusal(file)
    assert code == 2
    assert f"{file}:" in told
    assert "nobody" in told


@pytest.mark.contract("C1")
def test_a_missing_scenario_is_named(tmp_path: Path) -> None:
    code, told = refusal(tmp_path / "none.yaml")
    assert code == 2
    assert f"{tmp_path / 'none.yaml'}: cannot be read (No such file or directory)" in told
