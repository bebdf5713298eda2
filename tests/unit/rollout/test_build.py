"""The zip of the central functions. Dependencies come from the checkout's cache; where it is empty, from pip."""

import os
import shutil
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from org_gate.inventory.errors import BuildError
from org_gate.rollout.build import Artifact, central_artifact
from org_gate.rollout.files import cache_folder, shipped
from org_gate.rollout.install import installed
from org_gate.rollout.lambda_platform import RELEASE, this_machine

LOCK = shipped("requirements/lambda.txt")


@pytest.fixture(scope="module")
def artifact() -> Artifact:
    return central_artifact(this_machine(), cache_folder())


def test_another_build_gives_the_same_bytes(artifact: Artifact, tmp_path: Path) -> None:
    """With the same dependencies at other times, with other modes, in another place, and with Python's leftovers."""
    libraries = installed(LOCK, cache_folder(), this_machine())
    copied = tmp_path / libraries.name
    shutil.copytree(libraries, copied, copy_function=shutil.copyfile)
    for path in copied.rglob("*.py"):
        path.chmod(0o755)
        os.utime(path, (0, 0))
    (copied / "pydantic" / "__pycache__").mkdir(exist_ok=True)
    (copied / "pydantic" / "__pycache__" / "main.cpython-311.pyc").write_bytes(b"\0")
    again = central_artifact(this_machine(), tmp_path)
    assert again.path != artifact.path
    assert again.path.read_bytes() == artifact.path.read_bytes()
    assert again.name == artifact.name == f"{artifact.sha256}.zip"


def test_it_holds_what_central_needs_and_nothing_else(artifact: Artifact) -> None:
    names = zipfile.ZipFile(artifact.path).namelist()
    assert names == sorted(names)
    assert {"org_gate/__init__.py", "org_gate/model/event.py", "pydantic/main.py"} <= set(names)
    assert {name.split("/")[1] for name in names if name.startswith("org_gate/")} == {
        *("__init__.py", "central", "decision", "health", "inventory", "model", "policy", "report", "store"),
    }
    brought_by_the_runtime_or_unneeded = {"boto3", "botocore", "yaml", "moto", "click", "bin"}
    assert not {name.split("/")[0] for name in names} & brought_by_the_runtime_or_unneeded
    assert not [name for name in names if name.endswith((".pyc", "/RECORD", "/direct_url.json"))]
    assert {(entry.date_time, entry.external_attr) for entry in zipfile.ZipFile(artifact.path).infolist()} == {
        ((1980, 1, 1, 0, 0, 0), 0o100644 << 16)
    }


def test_its_handlers_import_beside_a_lambda_runtime_alone(artifact: Artifact, tmp_path: Path) -> None:
    with zipfile.ZipFile(artifact.path) as archive:
        archive.extractall(tmp_path)
    runtime = installed(shipped("requirements/runtime.txt"), cache_folder(), this_machine())
    code = (
        f"import sys; sys.path[:0] = [{str(tmp_path)!r}, {str(runtime)!r}]\n"
        "from org_gate.central import api, collector, resumer\n"
        "heavy = {'yaml', 'jinja2', 'pygal'} & {*sys.modules}\n"  # what deployments wait for needs none of them
        "from org_gate.central import reporter\n"
        "print([each.handler.__module__ for each in (api, collector, resumer, reporter)], heavy == set())"
    )
    # Without site packages (-S), the caller's paths (-I) and its environment: as a Lambda process has it.
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=False, env={}, cwd=tmp_path
    )
    assert (done.stderr, done.stdout.split()[-1:]) == ("", ["True"])


def test_it_is_built_anew_only_where_an_input_changed(artifact: Artifact) -> None:
    written = artifact.path.stat().st_mtime_ns
    assert central_artifact(this_machine(), cache_folder()) == artifact
    assert artifact.path.stat().st_mtime_ns == written


def test_a_release_is_for_the_platform_of_the_template() -> None:
    """For another processor and Python than this machine's: nothing of it may be for this one."""
    with zipfile.ZipFile(central_artifact(RELEASE, cache_folder()).path) as archive:
        compiled = [name for name in archive.namelist() if name.endswith(".so")]
    parts = ("markupsafe/_speedups", "pydantic_core/_pydantic_core")
    assert compiled == [f"{part}.cpython-313-aarch64-linux-gnu.so" for part in parts]


def test_a_lock_that_cannot_be_installed_leaves_nothing_and_says_why(tmp_path: Path) -> None:
    lock = tmp_path / "broken.txt"
    lock.write_text(f"{tmp_path}/missing-1.0-py3-none-any.whl --hash=sha256:{'0' * 64}\n")
    cache = tmp_path / "cache"
    with pytest.raises(BuildError, match=r"(?s)could not install broken.txt .*Check the network.*missing-1.0"):
        installed(lock, cache, this_machine())
    assert list(cache.iterdir()) == []


def test_many_at_once_get_one_whole_folder(tmp_path: Path) -> None:
    lock = tmp_path / "empty.txt"
    lock.write_text("# nothing to install\n")
    with ThreadPoolExecutor(3) as threads:
        folders = set(threads.map(lambda _: installed(lock, tmp_path / "cache", this_machine()), range(3)))
    assert list((tmp_path / "cache").iterdir()) == list(folders)
