"""Installing what Lambda brings, once, whoever asks at the same time."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from org_gate.simulator.lambdas.runtime_files import cache_folder, installed, requirements_file


def test_the_cache_follows_xdg_else_stands_beside_the_project(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "org-gate"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache_folder().parts[-2:] == (".cache", "org-gate")


def test_another_content_is_another_folder_and_a_failure_leaves_none(tmp_path: Path) -> None:
    requirements = tmp_path / "broken.txt"
    digest = hashlib.sha256(b"nothing").hexdigest()
    requirements.write_text(f"/nowhere/missing-1.0-py3-none-any.whl --hash=sha256:{digest}\n")
    with pytest.raises(RuntimeError, match="without them no function runs"):
        installed(requirements, tmp_path / "cache")
    assert [path.suffix for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_many_at_once_get_one_whole_folder(tmp_path: Path) -> None:
    requirements = tmp_path / "empty.txt"
    requirements.write_text("# nothing to install\n")
    with ThreadPoolExecutor(4) as threads:
        folders = set(threads.map(lambda _: installed(requirements, tmp_path / "cache"), range(4)))
    assert len(folders) == 1
    assert folders.pop().is_dir()


def test_the_shipped_file_is_found_and_another_named() -> None:
    assert "awslambdaric==" in requirements_file("runtime.txt").read_text()
    with pytest.raises(FileNotFoundError, match=r"no-such\.txt"):
        requirements_file("no-such.txt")
