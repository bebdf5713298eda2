"""What only processes can promise: isolation, enforced timeouts, nothing left behind."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from org_gate.simulator.lambdas.processes import ProcessRunner
from tests.unit.simulator.lambdas.deployed import ACCOUNT, REGION, deploy, make_role

WHO = "import os\n\n\ndef handler(event, context):\n    return [os.getpid(), os.getpgid(0)]\n"


def test_a_zip_without_pydantic_fails_although_we_have_it(processes: ProcessRunner) -> None:
    import pydantic  # noqa: PLC0415  shows that this environment has it

    assert pydantic.VERSION
    deploy("lean", "import pydantic\n\n\ndef handler(event, context): ...\n", role=make_role())
    result = processes.invoke(ACCOUNT, REGION, "lean", {})
    assert result.error == "Runtime.ImportModuleError"
    assert "No module named 'pydantic'" in result.payload["errorMessage"]


def test_boto3_and_the_standard_library_are_there_and_nothing_of_ours(processes: ProcessRunner) -> None:
    code = "import sys\nimport boto3\n\n\ndef handler(event, context):\n    return sys.path\n"
    deploy("paths", code, role=make_role())
    paths = processes.invoke(ACCOUNT, REGION, "paths", {}).payload
    assert not any("site-packages" in path for path in paths)
    assert str(Path.cwd()) not in paths


def test_a_timeout_ends_the_process_and_the_next_call_has_a_new_one(processes: ProcessRunner) -> None:
    code = f"import time\n{WHO}".replace("return [", "time.sleep(60) if event else None\n    return [")
    deploy("slow", code, role=make_role(), timeout=1)
    before = processes.invoke(ACCOUNT, REGION, "slow", {}).payload
    result = processes.invoke(ACCOUNT, REGION, "slow", {"sleep": True})
    assert result.error == "Sandbox.Timedout"
    assert "Task timed out after 1.00 seconds" in result.payload["errorMessage"]
    assert processes.invoke(ACCOUNT, REGION, "slow", {}).payload != before
    assert not _is_running(before[0])


def test_a_crash_is_an_exit_error_with_its_log(processes: ProcessRunner) -> None:
    code = "import os\n\n\ndef handler(event, context):\n    print('last words')\n    os._exit(7)\n"
    deploy("crash", code, role=make_role())
    result = processes.invoke(ACCOUNT, REGION, "crash", {})
    assert (result.error, result.log) == ("Runtime.ExitError", "last words\n")
    assert "exit status 7" in result.payload["errorMessage"]


@pytest.mark.usefixtures("aws")
def test_few_processes_are_kept_and_none_survives_the_runner() -> None:
    runner = ProcessRunner("http://127.0.0.1:1", kept=2)
    role = make_role()
    for name in ("a", "b", "c"):
        deploy(name, WHO, role=role)
    pids = [runner.invoke(ACCOUNT, REGION, name, {}).payload[0] for name in ("a", "b", "c")]
    assert [_is_running(pid) for pid in pids] == [False, True, True]
    runner.close()
    assert not any(_is_running(pid) for pid in pids)


def test_a_process_is_its_own_group_and_its_code_read_only(processes: ProcessRunner) -> None:
    deploy("who", WHO, role=make_role())
    pid, group = processes.invoke(ACCOUNT, REGION, "who", {}).payload
    assert pid == group != os.getpgid(0)
    code = "import os\n\n\ndef handler(event, context):\n    return oct(os.stat(__file__).st_mode)\n"
    deploy("mode", code, role=make_role(name="second"))
    assert processes.invoke(ACCOUNT, REGION, "mode", {}).payload.endswith("555")


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
@pytest.mark.usefixtures("aws")
def test_a_process_dies_with_a_simulator_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "killed.py"
    script.write_text(
        "import os, signal\n"
        "from org_gate.simulator.lambdas.processes import ProcessRunner\n"
        "from tests.unit.simulator.lambdas.deployed import ACCOUNT, REGION, deploy, make_role\n"
        f"deploy('who', {WHO!r}, role=make_role())\n"
        "runner = ProcessRunner('http://127.0.0.1:1')\n"
        "print(runner.invoke(ACCOUNT, REGION, 'who', {}).payload[0], flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    root = Path(__file__).parents[4]
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(root), "TMPDIR": str(tmp_path)},
        capture_output=True,
        check=False,
    )
    pid = int(done.stdout)
    descriptor = os.pidfd_open(pid) if _is_running(pid) else None
    if descriptor is not None:  # it is being ended at this very moment
        import select  # noqa: PLC0415

        assert select.select([descriptor], [], [], 30)[0]
        os.close(descriptor)


def _is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False
